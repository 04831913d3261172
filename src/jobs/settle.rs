//! Settle: posts the journal to the books, on a thread and a connection of its own. Nobody waits
//! for it; while the books are away it waits for them, and then catches up from their cursor.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::Millis;
use crate::engine::redis::Settled;
use crate::engine::store::{self, Elsewhere, Reader, Store};
use crate::journal::{Partition, Position, Sealed};
use crate::ledger::{self, Ledger, Migrate, Poster};
use crate::lifecycle::Lifecycle;
use crate::telemetry::{LedgerView, metrics};

/// Entries of one partition in one posting, and of all.
const PARTITION_MAX: usize = 2_048;
const BATCH_MAX: usize = 4_096;
/// The pause after a posting that took all there was: what comes meanwhile goes together.
const PAUSE: Duration = Duration::from_millis(150);
/// How long to wait after a failure, at first and at most.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How long the last posting may take when the house closes.
const LAST_TURN: Duration = Duration::from_millis(1_500);
/// How often the journal is looked at without news.
const LOOK: Duration = Duration::from_secs(1);
/// How often views are counted, at most; and at most this part of the time goes into it.
const VIEWS_EVERY: Duration = Duration::from_mins(1);
const VIEWS_SHARE: u32 = 100;

/// Why settling does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The books.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] store::Error),
    /// No thread, no runtime.
    #[error("cannot start settling: {0}")]
    Thread(#[from] std::io::Error),
}

impl Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::Thread(_) => "settle_thread",
        }
    }

    /// Whether it may pass by itself.
    fn passes(&self) -> bool {
        match self {
            Self::Ledger(error) => error.passes(),
            Self::Journal(error) => matches!(error, store::Error::InUse(_)),
            Self::Thread(_) => false,
        }
    }
}

/// Starts settling. An error tells that the books and the journal do not belong together, or that
/// the books cannot be used. Books that do not answer are waited for later; but a journal that is
/// empty needs their word first that it is new and not lost.
pub fn start(
    config: &ledger::Config,
    dir: &Path,
    clock: &Clock,
    house: &Lifecycle,
    news: Arc<Notify>,
    nodes: Option<watch::Sender<Settled>>,
) -> Result<(), Error> {
    let (config, dir, clock) = (config.clone(), dir.to_owned(), clock.clone());
    let closing = house.closing().clone();
    let (told, first_word) = sync_channel(1);
    house.spawn_thread("settle", move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(run(&config, dir, clock, news, closing, nodes, &told))
    })?;
    // A thread that ended without a word has panicked, which the house hears.
    first_word.recv().unwrap_or(Ok(()))
}

async fn run(
    config: &ledger::Config,
    dir: PathBuf,
    clock: Clock,
    news: Arc<Notify>,
    closing: CancellationToken,
    nodes: Option<watch::Sender<Settled>>,
    told: &SyncSender<Result<(), Error>>,
) -> Result<(), Error> {
    metrics().ledger.up.set_flag(false);
    let opened = open(config, &dir, nodes.is_some()).await;
    let (reader, poster) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // Who waits for the first word has it from here.
            let _ = told.send(Err(error));
            return Ok(());
        }
    };
    let _ = told.send(Ok(()));
    let mut settle = Settle {
        config: config.clone(),
        dir,
        clock,
        reader,
        poster,
        nodes,
        retry: RETRY_FIRST,
        views_at: None,
        said: None,
    };
    loop {
        let nap = {
            let mut turn = pin!(settle.turn());
            tokio::select! {
                nap = &mut turn => nap,
                // What is under way may end; books that hang do not hold up the stop.
                () = closing.cancelled() => match tokio::time::timeout(LAST_TURN, turn).await {
                    Ok(nap) => nap,
                    Err(_) => return Ok(()),
                },
            }
        };
        let came = async {
            tokio::time::sleep(nap.min(PAUSE)).await;
            if nap > PAUSE && settle.poster.is_some() {
                news.notified().await;
            } else {
                tokio::time::sleep(nap.saturating_sub(PAUSE)).await;
            }
        };
        tokio::select! {
            () = closing.cancelled() => break,
            _ = tokio::time::timeout(nap, came) => {}
        }
    }
    // What the desks decided last is posted now if it is there yet, or after the next start.
    // A transaction that is cut off here did not happen.
    let _ = tokio::time::timeout(LAST_TURN, settle.turn()).await;
    Ok(())
}

async fn open(
    config: &ledger::Config,
    dir: &Path,
    among_nodes: bool,
) -> Result<(Reader, Option<Poster>), Error> {
    let reader = Store::reader(dir)?;
    let migrate = if config.migrate {
        Migrate::Yes
    } else {
        Migrate::No
    };
    let poster = match Poster::open(config, dir, migrate).await {
        Ok(poster) => poster,
        Err(error) if error.passes() => {
            if is_empty(&reader)? {
                return Err(error.into());
            }
            tracing::warn!(%error, "the ledger does not answer; it is posted to when it does");
            return Ok((reader, None));
        }
        Err(error) => return Err(error.into()),
    };
    match together(&reader, &poster, among_nodes) {
        Ok(()) => Ok((reader, Some(poster))),
        // The state is whole; the first turn says what is missing in the books.
        Err(Error::Ledger(ledger::Error::Behind { .. })) => Ok((reader, None)),
        Err(error) => Err(error),
    }
}

/// Whether the journal has, at each cursor, the entry that was posted there. Among several nodes it
/// may not have got so far: another has posted it.
fn together(reader: &Reader, poster: &Poster, among_nodes: bool) -> Result<(), Error> {
    for partition in Partition::all() {
        let at = poster.at(partition);
        if among_nodes && reader.end(partition)? < at.position {
            continue;
        }
        if let Err(journal) = reader.sealed(partition, at.position, at.crc, 0)? {
            return Err(apart(partition, at.position, journal));
        }
    }
    Ok(())
}

/// What is wrong where the journal does not have what was posted.
fn apart(partition: Partition, posted: Position, journal: Elsewhere) -> Error {
    let error = match journal {
        Elsewhere::Begins(begins) => ledger::Error::Behind {
            partition,
            posted,
            begins,
        },
        other => ledger::Error::Ahead {
            partition,
            posted,
            journal: other.to_string(),
        },
    };
    error.into()
}

/// Posts all that the journal has and the books lack; gives how many entries that was. A server
/// that posts meanwhile does no harm: what it has posted is passed over.
pub async fn catch_up(reader: &Reader, poster: &mut Poster) -> Result<u64, Error> {
    let mut count = 0;
    loop {
        let entries = read(reader, poster, false)?;
        if entries.is_empty() {
            return Ok(count);
        }
        match poster.post(&entries).await {
            Ok(done) => count += done.entries,
            Err(ledger::Error::Moved) => poster.reopen().await?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether what is decided now would follow what the books hold, where there are books. For those
/// who write the journal without settling.
pub async fn check(config: &ledger::Config, dir: &Path) -> Result<(), Error> {
    let reader = Store::reader(dir)?;
    match Poster::open(config, dir, Migrate::No).await {
        Ok(poster) => match together(&reader, &poster, false) {
            Err(Error::Ledger(ledger::Error::Behind { .. })) => Ok(()),
            found => found,
        },
        Err(ledger::Error::Missing(_)) => Ok(()),
        Err(error) if error.passes() && !is_empty(&reader)? => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_empty(reader: &Reader) -> Result<bool, Error> {
    for partition in Partition::all() {
        if reader.end(partition)? != Position::START {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is to be posted next.
fn read(reader: &Reader, poster: &Poster, among_nodes: bool) -> Result<Vec<Sealed>, Error> {
    let mut entries = Vec::new();
    for partition in Partition::all() {
        let most = PARTITION_MAX.min(BATCH_MAX - entries.len());
        if most == 0 {
            break;
        }
        let at = poster.at(partition);
        if among_nodes && reader.end(partition)? < at.position {
            continue;
        }
        match reader.sealed(partition, at.position, at.crc, most)? {
            Ok(found) => entries.extend(found),
            Err(journal) => return Err(apart(partition, at.position, journal)),
        }
    }
    Ok(entries)
}

/// Tells the nodes' sequencers how far the books are.
fn tell(nodes: &watch::Sender<Settled>, poster: &Poster) {
    nodes.send_modify(|settled| {
        for partition in Partition::all() {
            settled.note(partition, poster.at(partition).position);
        }
    });
}

struct Settle {
    config: ledger::Config,
    dir: PathBuf,
    clock: Clock,
    reader: Reader,
    /// None until the books have answered once.
    poster: Option<Poster>,
    /// Told how far the books are, where several nodes share them.
    nodes: Option<watch::Sender<Settled>>,
    retry: Duration,
    /// When views are counted next.
    views_at: Option<Instant>,
    /// The code of the failure that was logged last.
    said: Option<&'static str>,
}

impl Settle {
    /// Posts all there is; gives how long to wait. Nothing that is wrong here ends the house:
    /// bookings do not need it.
    async fn turn(&mut self) -> Duration {
        match self.settle().await {
            Ok(()) => {
                if self.said.take().is_some() {
                    tracing::info!("the ledger takes entries again");
                }
                metrics().ledger.up.set_flag(true);
                metrics().ledger.broken.set_flag(false);
                self.retry = RETRY_FIRST;
                self.count_views().await;
                LOOK
            }
            Err(error) => {
                let error = self.reopen(error).await;
                self.failed(&error);
                // What cannot be read now is said by the next turn.
                let _ = self.measure();
                let nap = self.retry;
                self.retry = (nap * 2).min(RETRY_MAX);
                nap
            }
        }
    }

    /// Opens the books anew after an error. Of one that may pass, what is found then is the cause.
    async fn reopen(&mut self, error: Error) -> Error {
        let Some(poster) = &mut self.poster else {
            return error;
        };
        match poster.reopen().await {
            Err(found) if error.passes() => found.into(),
            _ => error,
        }
    }

    fn failed(&mut self, error: &Error) {
        let (code, passes) = (error.code(), error.passes());
        let ledger = &metrics().ledger;
        ledger.failures.increment();
        ledger.up.set_flag(false);
        ledger.broken.set_flag(!passes);
        if self.said == Some(code) {
            tracing::debug!(%error, code, "cannot post to the ledger");
        } else if passes {
            tracing::warn!(%error, code, "cannot post to the ledger; bookings go on");
        } else {
            tracing::error!(%error, code, "posting to the ledger has stopped; bookings go on");
        }
        self.said = Some(code);
    }

    async fn settle(&mut self) -> Result<(), Error> {
        if self.poster.is_none() {
            let migrate = if self.config.migrate {
                Migrate::Yes
            } else {
                Migrate::No
            };
            let poster = Poster::open(&self.config, &self.dir, migrate).await?;
            together(&self.reader, &poster, self.nodes.is_some())?;
            self.poster = Some(poster);
        }
        loop {
            let began = Instant::now();
            self.measure()?;
            let Some(poster) = &mut self.poster else {
                return Ok(());
            };
            if let Some(nodes) = &self.nodes {
                let leads = poster.lead().await?;
                tell(nodes, poster);
                if !leads {
                    return Ok(());
                }
            }
            let entries = read(&self.reader, poster, self.nodes.is_some())?;
            if entries.is_empty() {
                return Ok(poster.check().await?);
            }
            let done = poster.post(&entries).await?;
            if let Some(nodes) = &self.nodes {
                tell(nodes, poster);
            }
            let ledger = &metrics().ledger;
            ledger.posted.add(done.entries);
            ledger.batch_duration.record_duration(began.elapsed());
            if entries.len() < BATCH_MAX / 4 {
                self.measure()?;
                return Ok(());
            }
        }
    }

    /// How far the books are behind.
    fn measure(&self) -> Result<(), Error> {
        let Some(poster) = &self.poster else {
            return Ok(());
        };
        let (mut behind, mut oldest) = (0, None::<Millis>);
        for partition in Partition::all() {
            let (at, end) = (poster.at(partition), self.reader.end(partition)?);
            if end <= at.position {
                continue;
            }
            // Across epochs it is at least what the newer one has.
            behind += if end.epoch == at.position.epoch {
                end.seq - at.position.seq
            } else {
                end.seq
            };
            let first = self.reader.read(partition, at.position, 1)?;
            let first = first.first().map(|entry| entry.decision.at);
            oldest = oldest.into_iter().chain(first).min();
        }
        let age = oldest.map_or(0, |at| Millis(self.clock.now_ms()).since(at));
        let ledger = &metrics().ledger;
        ledger
            .lag_entries
            .set_count(usize::try_from(behind).unwrap_or(usize::MAX));
        ledger.lag.set_duration(Duration::from_millis(age));
        Ok(())
    }

    async fn count_views(&mut self) {
        let now = Instant::now();
        if self.views_at.is_some_and(|at| now < at) {
            return;
        }
        let counted = async {
            let ledger = Ledger::lazy(&self.config, &self.dir)?;
            let views = ledger.views().await;
            ledger.close().await;
            views
        };
        match counted.await {
            Ok(views) => {
                for (view, rows) in views {
                    let rows_now = usize::try_from(rows).unwrap_or(usize::MAX);
                    let gauge = metrics().ledger.view_rows.of(LedgerView::from_text(view));
                    gauge.set_count(rows_now);
                    if rows > 0 {
                        tracing::error!(
                            view,
                            rows,
                            "a view of the ledger that must be empty is not"
                        );
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "cannot count the views of the ledger"),
        }
        let pause = VIEWS_EVERY.max(now.elapsed() * VIEWS_SHARE);
        self.views_at = Some(Instant::now() + pause);
    }
}
