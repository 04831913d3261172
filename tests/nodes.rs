//! Several nodes on one Redis, small enough for every run of the tests: real server processes, a real
//! Redis, PostgreSQL for the books. They assert what is true, never how fast.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::Report;
use load_tests::scenario::nodes::{self, Options};

/// A scenario's options, small.
fn small() -> Options {
    Options {
        viewers: 120,
        units: 20,
        rounds: 2,
        times: 3,
        every_ms: 300,
        customers: 10,
        between: 40,
        forget: true,
        notice_ms: 60_000,
        seed: 4,
        ..Options::default()
    }
}

async fn clean(options: Options) {
    let lapak = Path::new(env!("CARGO_BIN_EXE_lapak"));
    let report: Report = nodes::run(lapak, &options).await.unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_120_taps_at_three_nodes_exactly_20_hold() {
    clean(small()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_nodes_loses_nothing_and_every_journal_ends_equal() {
    let kill = true;
    clean(Options { kill, ..small() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_is_noticed_and_nodes_bring_what_they_have() {
    let flush = true;
    clean(Options { flush, ..small() }).await;
}
