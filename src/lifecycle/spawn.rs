//! Spawning: every task has a name, an owner, and somebody who hears it fail.
#![allow(clippy::disallowed_methods, reason = "the one place that spawns")]

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;
use tokio_util::task::TaskTracker;

use super::{Error, Lifecycle, lock};

impl Lifecycle {
    /// Spawns a part of the house: a listener, a reader of the journal, a job. It ends soon after
    /// [`stopping`](Self::stopping) is cancelled. Its error or panic stops the house.
    pub fn spawn<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        self.spawn_on(&self.inner.tasks, name, task);
    }

    /// Spawns a part others stand on, the engine or the ledger: as [`spawn`](Self::spawn), but it
    /// serves until [`closing`](Self::closing), when nobody can ask any more.
    pub fn spawn_core<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        self.spawn_on(&self.inner.core, name, task);
    }

    /// Spawns what serves one stranger. The drain waits for it; its panic is logged and hurts
    /// nobody else.
    pub fn spawn_connection(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let running = self.enter(name);
        self.inner.tasks.spawn(async move {
            let _running = running;
            if let Err(panic) = AssertUnwindSafe(task).catch_unwind().await {
                tracing::error!(
                    task = name,
                    reason = said(&*panic),
                    "a connection's task panicked"
                );
            }
        });
    }

    /// Runs blocking work of the core (SQLite) on the blocking pool; the close waits for it.
    pub fn spawn_blocking<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) {
        let guarded = self.guard_blocking(name, work);
        self.inner.core.spawn_blocking(guarded);
    }

    /// Runs long blocking work of the core on a thread of its own; the close waits for it.
    pub fn spawn_thread<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> std::io::Result<()> {
        let guarded = self.guard_blocking(name, work);
        let token = self.inner.core.token();
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(move || {
            let _token = token;
            guarded();
        })?;
        Ok(())
    }

    /// Runs long blocking work on a thread that no stop waits for: it may be left behind at any
    /// line, so what it does must be whole or not at all, and be done again another time.
    pub fn spawn_aside<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> std::io::Result<()> {
        let guarded = self.guard_blocking(name, work);
        let thread = std::thread::Builder::new().name(name.to_owned());
        thread.spawn(guarded)?;
        Ok(())
    }

    fn spawn_on<E: Display + Send + 'static>(
        &self,
        tracker: &TaskTracker,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let (house, running) = (self.clone(), self.enter(name));
        tracker.spawn(async move {
            let _running = running;
            house.heard(name, AssertUnwindSafe(task).catch_unwind().await);
        });
    }

    fn guard_blocking<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), E> + Send + 'static,
    ) -> impl FnOnce() + Send + 'static {
        let (house, running) = (self.clone(), self.enter(name));
        move || {
            let _running = running;
            house.heard(name, catch_unwind(AssertUnwindSafe(work)));
        }
    }

    /// Takes note of how a part of the house ended.
    fn heard<E: Display>(
        &self,
        name: &'static str,
        end: Result<Result<(), E>, Box<dyn Any + Send>>,
    ) {
        let failure = match end {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Error::Failed {
                name,
                reason: error.to_string(),
            },
            Err(panic) => Error::Panicked {
                name,
                reason: said(&*panic).to_owned(),
            },
        };
        tracing::error!(task = name, reason = %failure, "a part of the house failed");
        lock(&self.inner.failure).get_or_insert(failure);
        self.stop();
    }

    fn enter(&self, name: &'static str) -> Running {
        *lock(&self.inner.running).entry(name).or_default() += 1;
        Running {
            house: self.clone(),
            name,
        }
    }
}

/// Counts its task as running for as long as it lives.
struct Running {
    house: Lifecycle,
    name: &'static str,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = lock(&self.house.inner.running);
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}

/// The text of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
