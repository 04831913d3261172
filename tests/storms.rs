//! The load scenarios with servers that are nodes, small enough for every run of the tests: what holds
//! where one process decides alone holds on a Redis too, and when one of two nodes goes away. They
//! assert what is true, never how fast.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::scenario::{
    drain, expiry_storm, fanout, flash_drop, long_live, nodes, reconnect_storm, slow,
};
use load_tests::{Kind, Report, Run};

fn small() -> Run {
    Run::of(Path::new(env!("CARGO_BIN_EXE_lapak"))).on(Kind::Redis)
}

#[track_caller]
fn clean(report: &Report) {
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_taps_at_a_node_exactly_50_hold() {
    for cut in [false, true] {
        let options = flash_drop::Options {
            units: 50,
            rounds: 2,
            cut,
        };
        let run = small().with_viewers(200);
        clean(&flash_drop::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steady_show_on_redis_tells_what_was_decided() {
    let options = long_live::Options {
        rate: 10,
        ..long_live::Options::default()
    };
    let run = small().with_viewers(40).with_seconds(6);
    clean(&long_live::run(&run, &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_whose_line_to_a_node_breaks_goes_on_without_a_gap() {
    let options = reconnect_storm::Options {
        storms: 1,
        over_ms: 500,
        changes: 5,
    };
    let run = small().with_viewers(200);
    clean(&reconnect_storm::run(&run, &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_of_a_node_that_end_together_go_to_waiters_in_order() {
    let options = expiry_storm::Options {
        bookings: 100,
        waiters: 40,
        lead_s: 12,
    };
    clean(&expiry_storm::run(&small(), &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_of_a_node_who_never_read_are_closed_and_the_others_get_everything() {
    let options = slow::Options { percent: 5 };
    let run = small().with_viewers(40);
    clean(&slow::run(&run, &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_reach_every_viewer_of_a_node() {
    let options = fanout::Options {
        rate: 500,
        burst: 16,
        ..fanout::Options::default()
    };
    let run = small().with_viewers(100).with_seconds(2);
    clean(&fanout::run(&run, &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_restarts_loses_no_booking_and_shows_no_gap() {
    drained(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_of_a_node_that_drains_go_on_at_the_other_without_a_gap() {
    drained(2).await;
}

async fn drained(nodes: usize) {
    let options = drain::Options {
        times: 2,
        rate: 20,
        nodes,
    };
    let run = small().with_viewers(40).with_seconds(1);
    clean(&drain::run(&run, &options).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_on_three_nodes_sees_one_drop_run_out() {
    let options = nodes::Options {
        crowd: true,
        viewers: 300,
        clients: Some(0),
        ..nodes::Options::default()
    };
    let lapak = Path::new(env!("CARGO_BIN_EXE_lapak"));
    clean(&nodes::run(lapak, &options).await.unwrap());
}
