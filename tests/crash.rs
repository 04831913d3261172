//! Ends without a warning, orders to stop, and nuisances, small enough for every run of the tests, against
//! the real server process: what is acknowledged survives, nuisances hurt nobody else, who is told
//! nothing costs little. They assert what is true, never how fast.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::scenario::{crash, idle, nuisance};
use load_tests::{Report, Run};

fn small() -> Run {
    Run::of(Path::new(env!("CARGO_BIN_EXE_lapak")))
}

#[track_caller]
fn clean(report: &Report) {
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let options = crash::Options {
        times: 8,
        clients: 30,
    };
    clean(&crash::run(&small(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_tells_everybody_finishes_and_loses_nothing() {
    let options = crash::Options {
        times: 1,
        clients: 30,
    };
    clean(&crash::stop(&small(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_nuisance_gets_its_answer_and_the_others_notice_nothing() {
    clean(&nuisance::run(&small().with_viewers(20)).await.unwrap());
}

/// A task with the buffers of a library costs 134 KiB; ours must stay small. Among a thousand the memory
/// that greeting them took for a moment weighs more than what each keeps.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_stays_small() {
    let report = idle::run(&small().with_viewers(1_000)).await.unwrap();
    let bytes = report.figures.iter().find(|f| f.unit == "B").unwrap().value;
    // At 1,000 most of it is what the handshakes leave in the allocator, and that differs from run to
    // run; a read buffer of its own would be 128 KiB.
    assert!(bytes < 10.0 * 1024.0, "{report}");
}
