//! The load scenarios, small enough for every run of the tests, against the real server process:
//! what is acknowledged survives, nobody is sold what is not there, nuisances hurt nobody else.
//! They assert what is true, never how fast.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::Report;
use load_tests::scenario::{crash, expiry_storm, flash_drop, idle, nuisance, slow};

fn lapak() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lapak"))
}

#[track_caller]
fn clean(report: &Report) {
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

async fn flash(cut: bool) {
    let options = flash_drop::Options {
        viewers: 300,
        units: 50,
        rounds: 2,
        cut,
    };
    clean(&flash_drop::run(lapak(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_300_taps_exactly_50_hold() {
    flash(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_300_taps_that_are_cut_and_repeated_exactly_50_hold() {
    flash(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let options = crash::Options {
        times: 8,
        clients: 30,
        seed: 8,
    };
    clean(&crash::run(lapak(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_tells_everybody_finishes_and_loses_nothing() {
    let options = crash::Options {
        times: 1,
        clients: 30,
        seed: 3,
    };
    clean(&crash::stop(lapak(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_that_end_together_go_to_waiters_in_order() {
    let options = expiry_storm::Options {
        bookings: 200,
        waiters: 80,
        lead_s: 20,
    };
    clean(&expiry_storm::run(lapak(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_nuisance_gets_its_answer_and_the_others_notice_nothing() {
    let options = nuisance::Options { viewers: 20 };
    clean(&nuisance::run(lapak(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_who_never_read_are_closed_and_cost_the_others_nothing() {
    let options = slow::Options {
        viewers: 40,
        percent: 5,
    };
    clean(&slow::run(lapak(), &options).await.unwrap());
}

/// A task with the buffers of a library costs 134 KiB; ours must stay small. Among a thousand the memory
/// that greeting them took for a moment weighs more than what each keeps.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_stays_small() {
    let options = idle::Options { viewers: 1_000 };
    let report = idle::run(lapak(), &options).await.unwrap();
    let bytes = report.figures.iter().find(|f| f.unit == "B").unwrap().value;
    assert!(bytes < 6.0 * 1024.0, "{report}");
}
