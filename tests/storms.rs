//! The storms, small enough for every run of the tests, against real server processes: what holds where
//! one process decides alone holds where it is a node on a Redis, and when one of several nodes goes
//! away. They assert what is true, never how fast.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use load_tests::peer::Which;
use load_tests::scenario::{
    drain, expiry_storm, fanout, flash_drop, long_live, nodes, reconnect_storm, slow,
};
use load_tests::{Kind, Report, Run};

fn alone() -> Run {
    Run::of(Path::new(env!("CARGO_BIN_EXE_lapak")))
}

fn on_redis() -> Run {
    alone().on(Kind::Redis)
}

#[track_caller]
fn clean(report: &Report) {
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}

/// Where every storm has to hold.
fn both_places() -> [Run; 2] {
    [alone(), on_redis()]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_300_taps_exactly_50_hold() {
    flash(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_300_taps_that_are_cut_and_repeated_exactly_50_hold() {
    flash(true).await;
}

async fn flash(cut: bool) {
    let options = flash_drop::Options {
        units: 50,
        rounds: 2,
        cut,
    };
    for run in both_places() {
        let run = run.with_viewers(300);
        clean(&flash_drop::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_that_end_together_go_to_waiters_in_order() {
    let options = expiry_storm::Options {
        bookings: 200,
        waiters: 80,
        lead_s: 20,
    };
    for run in both_places() {
        clean(&expiry_storm::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_who_never_read_are_closed_and_the_others_get_everything() {
    let options = slow::Options { percent: 5 };
    for run in both_places() {
        let run = run.with_viewers(40);
        clean(&slow::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steady_show_tells_what_was_decided_and_leaves_nothing_over() {
    let options = long_live::Options {
        rate: 10,
        ..long_live::Options::default()
    };
    for run in both_places() {
        let run = run.with_viewers(40).with_seconds(9);
        clean(&long_live::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_whose_line_breaks_goes_on_without_a_gap() {
    let options = reconnect_storm::Options {
        storms: 2,
        over_ms: 500,
        changes: 5,
    };
    for run in both_places() {
        let run = run.with_viewers(200);
        clean(&reconnect_storm::run(&run, &options).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_loses_no_booking_and_shows_no_gap() {
    for run in both_places() {
        drained(run, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_of_a_node_that_drains_go_on_at_the_other_without_a_gap() {
    drained(on_redis(), 2).await;
}

async fn drained(run: Run, nodes: usize) {
    let options = drain::Options {
        times: 2,
        rate: 20,
        nodes,
    };
    let run = run.with_viewers(40).with_seconds(1);
    clean(&drain::run(&run, &options).await.unwrap());
}

/// Every viewer ends with the last change, and gets every message of a burst, in order.
#[tokio::test(flavor = "multi_thread")]
async fn changes_reach_every_viewer() {
    for run in both_places() {
        clean(&fanout::run(&told(run), &changes()).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_reach_every_viewer_of_our_peers() {
    for which in [Which::Floor, Which::Naive] {
        let report = fanout::peer(&told(alone()), &changes(), which).await;
        clean(&report.unwrap());
    }
}

fn told(run: Run) -> Run {
    run.with_viewers(100).with_seconds(2)
}

fn changes() -> fanout::Options {
    fanout::Options {
        rate: 500,
        burst: 16,
        ..fanout::Options::default()
    }
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
