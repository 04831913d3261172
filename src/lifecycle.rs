//! Starting and stopping, and the only place that spawns.
//!
//! A stop has three steps, each with a token that tasks listen to:
//!
//! ```text
//! stopping   SIGTERM, SIGINT or a failed task: readiness off, nothing new is accepted,
//!            what is in flight finishes                       (tasks of `spawn`, `track`)
//! closing    those above are gone: engine and ledger sync what they hold and end
//!                                                             (tasks of `spawn_core`)
//! hard       the time is over, or a second signal: everything lets go at once
//! ```
//!
//! A task that panics, or ends with an error while the house runs, stops the house; the stop names
//! it. A connection's task may panic without that: others notice nothing.

mod signals;
mod spawn;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use signals::Signals;

/// How long the steps of a stop may take; together under ten seconds.
#[derive(Debug, Clone, Copy)]
pub struct StopBounds {
    /// From the stop until connections and jobs must be gone.
    pub drain: Duration,
    /// From then until engine and ledger must have closed; what the drain did not need comes on top.
    pub close: Duration,
    /// From the hard stop until tasks are left behind.
    pub hard: Duration,
}

impl Default for StopBounds {
    fn default() -> Self {
        Self {
            drain: Duration::from_secs(6),
            close: Duration::from_millis(2_500),
            hard: Duration::from_millis(500),
        }
    }
}

/// Why the house stopped other than by being asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A task ended with an error while the house was running.
    #[error("task {name} failed: {reason}")]
    Failed {
        /// The name it was spawned under.
        name: &'static str,
        /// Its error, as text.
        reason: String,
    },
    /// A task panicked.
    #[error("task {name} panicked: {reason}")]
    Panicked {
        /// The name it was spawned under.
        name: &'static str,
        /// What it panicked with, where that is text.
        reason: String,
    },
    /// Tasks did not end in time and were left behind.
    #[error("still running after the hard stop: {}", names.join(", "))]
    Overdue {
        /// Names of the tasks, sorted, each once.
        names: Vec<&'static str>,
    },
    /// The process cannot listen to signals.
    #[error("cannot listen to signals: {0}")]
    Signals(String),
}

/// The handle by which everything is spawned and stopped; clones share one life.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    stopping: CancellationToken,
    closing: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    core: TaskTracker,
    /// The first failure; later ones are only logged.
    failure: Mutex<Option<Error>>,
    /// How many tasks of each name are running, to name those that are overdue.
    running: Mutex<BTreeMap<&'static str, usize>>,
}

impl Lifecycle {
    /// A house in which nothing runs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when nothing new may begin.
    pub fn stopping(&self) -> &CancellationToken {
        &self.inner.stopping
    }

    /// Cancelled when no task can ask the engine for anything any more.
    pub fn closing(&self) -> &CancellationToken {
        &self.inner.closing
    }

    /// Cancelled when everything has to let go at once.
    pub fn hard(&self) -> &CancellationToken {
        &self.inner.hard
    }

    /// Asks the house to stop; the same as a SIGTERM.
    pub fn stop(&self) {
        self.inner.stopping.cancel();
    }

    /// Runs until SIGTERM, SIGINT, [`stop`](Self::stop) or a failed task, then drains, closes and
    /// returns within the sum of `bounds`. The error names the task that failed first.
    pub async fn run(&self, bounds: StopBounds) -> Result<(), Error> {
        let mut signals = Signals::listen()?;
        tokio::select! {
            () = self.inner.stopping.cancelled() => {}
            name = signals.next() => tracing::info!(signal = name, "stopping"),
        }
        tokio::select! {
            () = self.drain(bounds) => {}
            name = signals.next() => tracing::warn!(signal = name, "asked twice: stopping at once"),
        }
        self.let_go(bounds.hard).await
    }

    async fn drain(&self, bounds: StopBounds) {
        let until = Instant::now() + bounds.drain;
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        if timeout_at(until, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = ?self.running(), "drain took too long");
        }
        self.inner.closing.cancel();
        self.inner.core.close();
        // A disk may take a second for each of the last commits.
        let until = until.max(Instant::now()) + bounds.close;
        if timeout_at(until, self.inner.core.wait()).await.is_err() {
            tracing::warn!(tasks = ?self.running(), "closing took too long");
        }
    }

    async fn let_go(&self, bound: Duration) -> Result<(), Error> {
        for token in [&self.inner.stopping, &self.inner.closing, &self.inner.hard] {
            token.cancel();
        }
        self.inner.tasks.close();
        self.inner.core.close();
        let both = async { tokio::join!(self.inner.tasks.wait(), self.inner.core.wait()) };
        let ended = timeout(bound, both).await.is_ok();
        if let Some(failure) = lock(&self.inner.failure).take() {
            return Err(failure);
        }
        if ended {
            Ok(())
        } else {
            Err(Error::Overdue {
                names: self.running(),
            })
        }
    }

    fn running(&self) -> Vec<&'static str> {
        lock(&self.inner.running).keys().copied().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
