//! How a stop goes, step by step. No test waits for a time: each waits for what must happen.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Error, Lifecycle, StopBounds};

/// Bounds no healthy run comes near.
const WIDE: StopBounds = StopBounds {
    drain: Duration::from_mins(1),
    close: Duration::from_mins(1),
    hard: Duration::from_mins(1),
};
const NONE: StopBounds = StopBounds {
    drain: Duration::ZERO,
    close: Duration::ZERO,
    hard: Duration::ZERO,
};

#[tokio::test]
async fn what_is_in_flight_finishes_before_the_core_closes() {
    let house = Lifecycle::new();
    let (told, mut heard) = mpsc::channel(4);
    let (stopping, closing) = (house.stopping().clone(), house.closing().clone());
    let core_told = told.clone();
    house.spawn_core("engine", async move {
        closing.cancelled().await;
        let _ = core_told.send("engine").await;
        Ok::<_, Infallible>(())
    });
    house.spawn_connection("socket", async move {
        stopping.cancelled().await;
        tokio::task::yield_now().await;
        let _ = told.send("socket").await;
    });
    house.stop();
    assert_eq!(house.run(WIDE).await, Ok(()));
    assert_eq!(
        (heard.recv().await, heard.recv().await),
        (Some("socket"), Some("engine"))
    );
    assert_eq!(heard.recv().await, None);
}

#[tokio::test]
async fn an_error_stops_the_house_and_is_reported_by_name() {
    let house = Lifecycle::new();
    house.spawn("feed", async { Err("the journal ends in the middle") });
    let reason = "the journal ends in the middle".to_owned();
    assert_eq!(
        house.run(WIDE).await,
        Err(Error::Failed {
            name: "feed",
            reason
        })
    );
    assert!(house.hard().is_cancelled());
}

#[tokio::test]
async fn a_panic_stops_the_house_and_is_reported_by_name() {
    let house = Lifecycle::new();
    house.spawn_core("engine", async {
        let units: Vec<u32> = Vec::new();
        assert!(!units.is_empty(), "impossible {}", units.len());
        Ok::<_, Infallible>(())
    });
    let reason = "impossible 0".to_owned();
    assert_eq!(
        house.run(WIDE).await,
        Err(Error::Panicked {
            name: "engine",
            reason
        })
    );
}

#[tokio::test]
async fn blocking_work_and_threads_are_heard_too() {
    let house = Lifecycle::new();
    let closing = house.closing().clone();
    house.spawn_blocking("store", || Ok::<_, Infallible>(()));
    house.spawn_thread("writer", || Err("disk full")).unwrap();
    let reason = "disk full".to_owned();
    assert_eq!(
        house.run(WIDE).await,
        Err(Error::Failed {
            name: "writer",
            reason
        })
    );
    assert!(closing.is_cancelled());
}

#[tokio::test]
async fn a_connection_may_panic_without_stopping_the_house() {
    let house = Lifecycle::new();
    let (done, ended) = oneshot::channel::<()>();
    house.spawn_connection("socket", async move {
        let _done = done;
        panic!("a bug in one socket");
    });
    assert!(ended.await.is_err(), "the sender is dropped by the panic");
    assert!(!house.stopping().is_cancelled());
    house.stop();
    assert_eq!(house.run(WIDE).await, Ok(()));
}

#[tokio::test]
async fn a_task_that_only_obeys_the_hard_stop_is_ended_by_it() {
    let house = Lifecycle::new();
    let hard = house.hard().clone();
    house.spawn("stubborn", async move {
        hard.cancelled().await;
        Ok::<_, Infallible>(())
    });
    house.stop();
    let bounds = StopBounds {
        hard: Duration::from_mins(1),
        ..NONE
    };
    assert_eq!(house.run(bounds).await, Ok(()));
}

/// A slow disk takes seconds for the last commits of a stop that had nobody to wait for.
#[tokio::test]
async fn what_the_drain_did_not_need_is_for_the_close() {
    let house = Lifecycle::new();
    let (closing, hard) = (house.closing().clone(), house.hard().clone());
    let (told, ended) = oneshot::channel();
    house.spawn_core("journal", async move {
        closing.cancelled().await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let _ = told.send(hard.is_cancelled());
        Ok::<_, Infallible>(())
    });
    house.stop();
    let bounds = StopBounds {
        drain: Duration::from_mins(1),
        ..NONE
    };
    assert_eq!(house.run(bounds).await, Ok(()));
    assert_eq!(ended.await, Ok(false), "it had the time");
}

#[tokio::test]
async fn a_task_that_never_ends_is_left_behind_and_named() {
    let house = Lifecycle::new();
    house.spawn("deaf", std::future::pending::<Result<(), Infallible>>());
    house.spawn("deaf", std::future::pending::<Result<(), Infallible>>());
    house.stop();
    assert_eq!(
        house.run(NONE).await,
        Err(Error::Overdue {
            names: vec!["deaf"]
        })
    );
}

#[tokio::test]
async fn the_drain_waits_for_a_connection() {
    let house = Lifecycle::new();
    let (release, released) = oneshot::channel::<()>();
    house.spawn_connection("socket", async move {
        let _ = released.await;
    });
    house.stop();
    let run = house.run(WIDE);
    tokio::pin!(run);
    assert!(futures_util::poll!(run.as_mut()).is_pending());
    release.send(()).unwrap();
    assert_eq!(run.await, Ok(()));
}
