//! Joining the other nodes: brings a node's journal to where the turns in Redis go on, with entries
//! of the ledger that all share. A journal with entries that the others went on without is set
//! aside, not deleted, and said.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::audit::ASTRAY;
use crate::engine::redis::checks::{self, Severity};
use crate::engine::redis::chronicle::{Note, What};
use crate::engine::redis::join::{Standing, Wanted, standing};
use crate::engine::redis::{self, Connector, Pause, RedisConfig};
use crate::engine::store::{self, Store};
use crate::journal::{Partition, Position};
use crate::ledger::{self, Kind, Ledger};
use crate::telemetry::metrics;

use super::restore;

/// How long is waited for the ledger to have what this node lacks.
const LEDGER_TRIES: u32 = 300;
const LEDGER_PAUSE: Duration = Duration::from_millis(200);
/// Files of a journal.
const FILES: [&str; 6] = [
    "journal.sqlite",
    "journal.sqlite-wal",
    "journal.sqlite-shm",
    "snapshots.sqlite",
    "snapshots.sqlite-wal",
    "snapshots.sqlite-shm",
];

/// Why a node cannot join.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Redis, or what stands in it.
    #[error(transparent)]
    Redis(#[from] redis::Error),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] store::Error),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The ledger has not what it should have.
    #[error(transparent)]
    Restore(#[from] restore::Error),
    /// Redis is not set up as it must be.
    #[error("Redis is not set up as it must be: {0}")]
    Settings(String),
    /// The ledger does not have what this node lacks.
    #[error(
        "partition {partition}: this node lacks entries up to {wanted}, and the ledger has them up \
         to {found}; nodes need a ledger that all of them share ([ledger] kind = \"postgres\")"
    )]
    Lacking {
        /// Which.
        partition: Partition,
        /// Up to where.
        wanted: Position,
        /// What the ledger has.
        found: Position,
    },
    /// The journal has entries that the others went on without, and only a shared ledger could give
    /// it theirs.
    #[error(
        "partition {partition}: this node's journal ends at {ours} with entries that the other nodes \
         went on without at {theirs}; nodes need a ledger that all of them share \
         ([ledger] kind = \"postgres\") to give it the others'"
    )]
    Astray {
        /// Which.
        partition: Partition,
        /// Where this journal ends.
        ours: Position,
        /// Where the others went on.
        theirs: Position,
    },
    /// A file.
    #[error("cannot set {path} aside: {source}")]
    Aside {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A thread or runtime.
    #[error("cannot join: {0}")]
    Thread(#[from] std::io::Error),
}

impl From<redis::Trouble> for Error {
    fn from(trouble: redis::Trouble) -> Self {
        Self::Redis(trouble.into())
    }
}

/// Brings the journal in `dir` to where it can follow the others. Redis is waited for; its settings
/// are looked at first.
pub fn join(
    config: &RedisConfig,
    ledger: &ledger::Config,
    dir: &Path,
    clock: &Clock,
) -> Result<Connector, Error> {
    std::thread::scope(|scope| {
        let joining = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(run(config, ledger, dir, clock))
        });
        let gone = || std::io::Error::other("the thread that joins has panicked");
        joining.join().unwrap_or_else(|_| Err(gone().into()))
    })
}

async fn run(
    config: &RedisConfig,
    ledger: &ledger::Config,
    dir: &Path,
    clock: &Clock,
) -> Result<Connector, Error> {
    let connector = Connector::new(config)?;
    look(&connector, clock).await?;
    let books = match Ledger::existing(ledger, dir).await {
        Ok(books) => Some(books),
        Err(ledger::Error::Missing(_)) => None,
        // Not needed where the turns go on from the own journal.
        Err(error) if error.passes() => {
            tracing::warn!(%error, "the ledger does not answer; joining without it");
            None
        }
        Err(error) => return Err(error.into()),
    };
    // A journal that was set aside is brought back from its first partition on.
    let at_ms = clock.now_ms();
    let (mut partitions, mut pause) = (Partition::all(), Pause::default());
    let mut next = partitions.next();
    while let Some(partition) = next {
        let noted = |what, between, entries| {
            Note::new(at_ms, partition, what, between, entries).keep(dir);
        };
        match bring(&connector, ledger, books.as_ref(), dir, partition, noted).await {
            Ok(stays) => {
                if !stays {
                    partitions = Partition::all();
                }
                next = partitions.next();
                pause.reset();
            }
            Err(Error::Redis(redis::Error::Redis(trouble))) if trouble.passes() => {
                tracing::warn!(%partition, %trouble, "Redis gives no answer; waiting for it");
                tokio::time::sleep(pause.next()).await;
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(books) = books {
        books.close().await;
    }
    Ok(connector)
}

/// Looks at the servers' settings, as soon as they answer.
async fn look(connector: &Connector, clock: &Clock) -> Result<(), Error> {
    let mut pause = Pause::default();
    let findings = loop {
        match checks::check(connector, clock).await {
            Ok(findings) => break findings,
            Err(trouble) if trouble.needs_somebody() => return Err(trouble.into()),
            Err(trouble) => {
                tracing::warn!(%trouble, "Redis is not there yet; waiting for it");
                tokio::time::sleep(pause.next()).await;
            }
        }
    };
    for finding in findings {
        match finding.severity {
            Severity::Note => tracing::info!(code = finding.code, "{finding}"),
            Severity::Warn => tracing::warn!(code = finding.code, "{finding}"),
            Severity::Refuse => return Err(Error::Settings(finding.to_string())),
        }
    }
    Ok(())
}

/// Brings a partition to where turns go on; false if the whole journal was set aside.
async fn bring(
    connector: &Connector,
    config: &ledger::Config,
    books: Option<&Ledger>,
    dir: &Path,
    partition: Partition,
    noted: impl Fn(What, (Position, Position), u64),
) -> Result<bool, Error> {
    let mut store = Store::open(dir)?;
    match standing(connector, &mut store, partition).await? {
        Standing::Fits => {}
        Standing::Nothing => {
            // What the ledger knows and this node does not is brought back before the nodes agree.
            let (known, end) = (ledger_end(books, partition).await?, store.end(partition).0);
            if let Some(books) = books
                && known > end
            {
                let restored = restore::up_to(books, &mut store, partition, known).await?;
                noted(What::Restored, (end, known), restored);
                tracing::warn!(%partition, restored, "entries were brought back from the ledger");
            }
        }
        Standing::Lacks(wanted) => {
            let end = store.end(partition).0;
            let restored = lacking(books, &mut store, partition, &wanted).await?;
            noted(What::Restored, (end, wanted.position), restored);
        }
        Standing::Astray(wanted) => {
            let lost = store.end(partition).0;
            drop(store);
            if config.kind == Kind::Sqlite {
                return Err(Error::Astray {
                    partition,
                    ours: lost,
                    theirs: wanted.position,
                });
            }
            // Across epochs how many is not known; at least one.
            let count = lost.seq.saturating_sub(wanted.position.seq).max(1);
            metrics().nodes.revoked.add(count);
            let place = set_aside(dir, lost)?;
            noted(What::SetAside, (wanted.position, lost), count);
            tracing::error!(%partition, ours = %lost, theirs = %wanted.position, place = %place.display(),
                "this node's journal has entries that the other nodes went on without; they do not hold. It was set aside");
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the ledger's entries up to where the turns go on; gives how many that was.
async fn lacking(
    books: Option<&Ledger>,
    store: &mut Store,
    partition: Partition,
    wanted: &Wanted,
) -> Result<u64, Error> {
    for _ in 0..LEDGER_TRIES {
        if ledger_end(books, partition).await? >= wanted.position {
            break;
        }
        tokio::time::sleep(LEDGER_PAUSE).await;
    }
    let found = ledger_end(books, partition).await?;
    let Some(books) = books.filter(|_| found >= wanted.position) else {
        return Err(Error::Lacking {
            partition,
            wanted: wanted.position,
            found,
        });
    };
    let restored = restore::up_to(books, store, partition, wanted.position).await?;
    if store.end(partition) != (wanted.position, wanted.crc) {
        return Err(restore::Error::Other(partition, wanted.position).into());
    }
    tracing::info!(%partition, restored, "entries were taken from the ledger; the turns in Redis go on from there");
    wanted.arrive(store, partition)?;
    Ok(restored)
}

/// The ledger's last entry; the beginning where there is no ledger yet.
async fn ledger_end(books: Option<&Ledger>, partition: Partition) -> Result<Position, Error> {
    let Some(books) = books else {
        return Ok(Position::START);
    };
    match books.cursors().await {
        Ok(cursors) => Ok(cursors
            .get(partition.index())
            .map_or(Position::START, |at| at.position)),
        Err(ledger::Error::Missing(_)) => Ok(Position::START),
        Err(error) => Err(error.into()),
    }
}

/// Moves a journal's files into a folder beside it.
fn set_aside(dir: &Path, end: Position) -> Result<PathBuf, Error> {
    let place = dir.join(format!("{ASTRAY}{}-{}", end.epoch, end.seq));
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Aside { path, source }
    };
    std::fs::create_dir_all(&place).map_err(fail(&place))?;
    for file in FILES {
        let from = dir.join(file);
        if from.exists() {
            std::fs::rename(&from, place.join(file)).map_err(fail(&from))?;
        }
    }
    Ok(place)
}
