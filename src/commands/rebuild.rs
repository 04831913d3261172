//! `lapak rebuild`: brings back whichever of journal and books was lost, from the other.

use clap::Args;
use serde::Serialize;

use super::{Failure, StatePlace, say};
use crate::config::Config;
use crate::engine::store::{self, Kept, Store};
use crate::jobs::restore::{self, STEP, own};
use crate::jobs::settle;
use crate::journal::{Partition, Position};
use crate::ledger::{self, Ledger, Migrate, Poster};

/// Options of `lapak rebuild`.
#[derive(Debug, Clone, Args)]
pub struct RebuildOptions {
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: StatePlace,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Entries written back into the journal from the ledger.
    pub restored: u64,
    /// Entries of them that had been trimmed and are needed to start from.
    pub refilled: u64,
    /// The epoch that what is decided from now on belongs to, if entries were written back.
    pub epoch: Option<u64>,
    /// Shops in the engine's state afterwards.
    pub shops: u64,
    /// Bookings that are held in it.
    pub bookings_held: u64,
    /// Entries posted to the ledger from the journal.
    pub posted: u64,
}

/// Makes the journal again where it is behind the ledger, then posts what the ledger lacks.
pub async fn rebuild(options: &RebuildOptions) -> Result<(), Failure> {
    let config = options.place.load()?;
    super::check(&config)?;
    let done = run(&config).await?;
    if options.json {
        return say(&serde_json::to_string(&done).map_err(Failure::io)?);
    }
    if let Some(epoch) = done.epoch {
        say(&format!(
            "Journal: {} entries written back from the ledger; what comes now is of epoch {epoch}.",
            done.restored
        ))?;
    } else if done.refilled > 0 {
        say(&format!(
            "Journal: {} entries that had been trimmed are back from the ledger.",
            done.refilled
        ))?;
    } else {
        say("Journal: whole, nothing written back.")?;
    }
    say(&format!(
        "State: {} shops, {} bookings held.",
        done.shops, done.bookings_held
    ))?;
    say(&format!("Ledger: {} entries posted.", done.posted))
}

async fn run(config: &Config) -> Result<Rebuilt, Failure> {
    let mut done = Rebuilt::default();
    let migrate = if config.ledger.migrate {
        Migrate::Yes
    } else {
        Migrate::No
    };
    std::fs::create_dir_all(&config.state).map_err(Failure::io)?;
    let mut poster = Poster::open(&config.ledger, &config.state, migrate)
        .await
        .map_err(failure)?;
    match Store::open(&config.state) {
        Ok(store) => bring_back(config, &poster, store, &mut done).await?,
        // Beside a server the journal is what the server says it is.
        Err(store::Error::InUse(_)) => {}
        Err(error) => return Err(Failure::Io(error.to_string())),
    }
    let reader = Store::reader(&config.state).map_err(|error| Failure::Io(error.to_string()))?;
    done.posted = settle::catch_up(&reader, &mut poster)
        .await
        .map_err(|error| Failure::Data(error.to_string()))?;
    for partition in Partition::all() {
        let loaded = reader
            .load(partition)
            .map_err(|error| Failure::Data(error.to_string()))?;
        done.shops += loaded.shops.len() as u64;
        done.bookings_held += loaded.shops.values().map(|s| s.held() as u64).sum::<u64>();
    }
    Ok(done)
}

async fn bring_back(
    config: &Config,
    poster: &Poster,
    mut store: Store,
    done: &mut Rebuilt,
) -> Result<(), Failure> {
    let ledger = Ledger::lazy(&config.ledger, &config.state).map_err(failure)?;
    let (mut newest, mut lost) = (0, false);
    for partition in Partition::all() {
        let at = poster.at(partition).position;
        let (end, _) = store.end(partition);
        newest = newest.max(at.epoch).max(end.epoch);
        if end < at {
            restore::belongs(&ledger, &store, partition)
                .await
                .map_err(unrestored)?;
        }
    }
    for partition in Partition::all() {
        let stray = store.forget_strays(partition).map_err(io)?;
        if let Some(stray) = stray {
            (newest, lost) = (newest.max(stray.epoch), true);
        }
        let at = poster.at(partition).position;
        if store.end(partition).0 < at {
            done.restored += restore::up_to(&ledger, &mut store, partition, at)
                .await
                .map_err(unrestored)?;
            lost = true;
        }
        done.refilled += refill(&ledger, &mut store, partition).await?;
    }
    if lost {
        store.open_epoch(newest + 1).map_err(io)?;
        done.epoch = Some(newest + 1);
    }
    ledger.close().await;
    Ok(())
}

/// Puts trimmed entries of a partition back if there is no snapshot to start from.
async fn refill(ledger: &Ledger, store: &mut Store, partition: Partition) -> Result<u64, Failure> {
    let mut refilled = 0;
    loop {
        let begins = store.begins(partition).map_err(io)?;
        // What is wrong otherwise is for whoever loads it.
        let wanted = begins.entries > 0
            && matches!(store.load(partition), Err(store::Error::Trimmed { .. }));
        if !wanted {
            return Ok(refilled);
        }
        let mut kept = ledger
            .last_stored(partition, begins.after, STEP)
            .await
            .map_err(failure)?;
        // The oldest of a full step only says what is before the others.
        let mut before = (Position::START, 0);
        if kept.len() as u64 == u64::from(STEP) {
            let first = kept.remove(0);
            before = (first.position, first.crc);
        }
        let kept: Vec<Kept> = kept
            .into_iter()
            .map(|entry| own(partition, entry))
            .collect();
        store.refill(partition, before, &kept).map_err(damaged)?;
        refilled += kept.len() as u64;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn io(error: store::Error) -> Failure {
    Failure::Io(error.to_string())
}

fn unrestored(error: restore::Error) -> Failure {
    match error {
        restore::Error::Ledger(error) => failure(error),
        restore::Error::Journal(error) => damaged(error),
        other => Failure::Data(other.to_string()),
    }
}

fn damaged(error: store::Error) -> Failure {
    match error {
        store::Error::Damaged { .. } | store::Error::Order { .. } => {
            Failure::Data(format!("in the ledger: {error}"))
        }
        other => Failure::Io(other.to_string()),
    }
}

/// A failure of the books, by what the caller can do about it.
pub(super) fn failure(error: ledger::Error) -> Failure {
    match error {
        ledger::Error::Setting { .. } => Failure::Config(error.to_string()),
        ledger::Error::Down(_) | ledger::Error::Refused(_) | ledger::Error::Moved => {
            Failure::Io(error.to_string())
        }
        other => Failure::Data(other.to_string()),
    }
}

/// `lapak migrate`: makes the ledger's tables, or brings them up to date, and leaves.
pub async fn migrate(place: &StatePlace) -> Result<(), Failure> {
    let config = place.load()?;
    super::check(&config)?;
    std::fs::create_dir_all(&config.state).map_err(Failure::io)?;
    let poster = Poster::open(&config.ledger, &config.state, Migrate::Yes)
        .await
        .map_err(failure)?;
    say(&format!("The ledger in {} is up to date.", poster.place()))
}
