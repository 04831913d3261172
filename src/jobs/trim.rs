//! Trims the journal now and then, on a thread and a connection of its own: what is old, what the
//! ledger has whole, and what no snapshot needs ([`store::Trimmer`]). In small pieces with pauses,
//! so that a commit waits for none of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::Millis;
use crate::engine::store::{self, Store, Trimmer};
use crate::journal::Partition;
use crate::ledger::{self, Ledger};
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics;

/// Entries of one piece: about a millisecond of the journal's lock.
const PIECE: usize = 256;
/// The pause between pieces.
const PAUSE: Duration = Duration::from_millis(20);
/// How long after a start, and how often, it is looked what is old.
const FIRST: Duration = Duration::from_mins(1);
const EVERY: Duration = Duration::from_mins(30);

/// Why trimming does not start, or a turn of it failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] store::Error),
    /// No thread, no runtime.
    #[error("cannot start trimming: {0}")]
    Thread(#[from] std::io::Error),
}

/// Starts trimming entries that were decided longer than `keep` ago.
pub fn start(
    keep: Duration,
    config: &ledger::Config,
    dir: &Path,
    clock: &Clock,
    house: &Lifecycle,
) -> Result<(), Error> {
    let trim = Trim {
        keep,
        config: config.clone(),
        dir: dir.to_owned(),
        clock: clock.clone(),
        stopping: house.stopping().clone(),
    };
    house.spawn_thread("trim", move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(trim.run());
        Ok::<_, Error>(())
    })?;
    Ok(())
}

struct Trim {
    keep: Duration,
    config: ledger::Config,
    dir: PathBuf,
    clock: Clock,
    stopping: CancellationToken,
}

impl Trim {
    async fn run(self) {
        let mut nap = FIRST;
        while !self.rest(nap).await {
            nap = EVERY;
            // A clock that jumped makes nothing old; and nothing needs this to be done.
            let reading = self.clock.read();
            if reading.suspect {
                continue;
            }
            let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
            let before = Millis(reading.now_ms.saturating_sub(keep));
            match self.turn(before).await {
                Ok(0) => {}
                Ok(entries) => tracing::info!(entries, "old entries of the journal were trimmed"),
                Err(error) => {
                    tracing::warn!(%error, "cannot trim the journal; it grows until it can be");
                }
            }
        }
    }

    async fn turn(&self, before: Millis) -> Result<u64, Error> {
        let ledger = Ledger::lazy(&self.config, &self.dir)?;
        let trimmed = trim(&self.dir, &ledger, before, async || self.rest(PAUSE).await).await;
        ledger.close().await;
        trimmed
    }

    /// Waits; true if the house stops.
    async fn rest(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stopping.cancelled() => true,
            () = tokio::time::sleep(time) => false,
        }
    }
}

/// Removes what was decided before `before` and is needed by nobody; gives how many entries. Between
/// two pieces `pause` is asked whether to end. Only in the process that has the journal open.
pub async fn trim(
    dir: &Path,
    ledger: &Ledger,
    before: Millis,
    mut pause: impl AsyncFnMut() -> bool,
) -> Result<u64, Error> {
    let mut trimmer: Trimmer = Store::trimmer(dir)?;
    let cursors = ledger.cursors().await?;
    let mut all = 0;
    for (partition, at) in Partition::all().zip(cursors) {
        let Some(mut cut) = trimmer.begin(partition, (at.position, at.crc), before)? else {
            continue;
        };
        loop {
            let removed = trimmer.piece(&mut cut, PIECE)?;
            metrics().journal.trimmed.add(removed);
            all += removed;
            if removed == 0 {
                break;
            }
            if pause().await {
                return Ok(all);
            }
        }
    }
    Ok(all)
}
