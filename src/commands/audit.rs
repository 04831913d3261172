//! `lapak audit`: the journal folded again, compared with the engine's state, the invariants and
//! the books.

use clap::Args;
use serde::Serialize;

use super::rebuild::failure;
use super::{Failure, StatePlace, say};
use crate::config::Config;
use crate::engine;
use crate::engine::audit::{Astray, Audit, Folding, Report};
use crate::engine::redis::chronicle::{Note, notes};
use crate::engine::store::{self, Kept, Reader, Store};
use crate::jobs::restore::own;
use crate::journal::{Partition, Position};
use crate::ledger::audit::Wrong;
use crate::ledger::{self, At, Ledger};

/// How often a partition is compared again while a server posts to it.
const TRIES: usize = 20;
/// Entries of one step.
const STEP: u32 = 2_000;

/// The most notes that people are shown; programs get all.
const NOTES_MAX: usize = 48;

/// Options of `lapak audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditOptions {
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: StatePlace,
}

/// The journal's report, and what was looked at of the books.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    journal: &'a Report,
    /// None if there are no books yet.
    ledger: Option<Books>,
    /// What befell the journal among other nodes, oldest first.
    nodes: &'a [Note],
    /// Journals that were set aside, and what of them does not hold.
    astray: &'a [Astray],
}

/// What was looked at of the books.
#[derive(Debug, Default, Serialize)]
struct Books {
    /// Entries posted.
    entries: u64,
    /// Entries of the journal that are not posted yet.
    behind: u64,
    /// Rows of the views that must be empty.
    views: Vec<(&'static str, u64)>,
}

/// True if nothing differs.
pub async fn audit(options: &AuditOptions) -> Result<bool, Failure> {
    let config = options.place.load()?;
    super::check(&config)?;
    let ledger = match Ledger::existing(&config.ledger, &config.state).await {
        Ok(ledger) => Some(ledger),
        Err(ledger::Error::Missing(_)) => None,
        Err(error) => return Err(failure(error)),
    };
    let mut report = journal(&config, ledger.as_ref()).await?;
    let books = match &ledger {
        Some(ledger) => Some(books(&config, ledger, &mut report).await.map_err(failure)?),
        None => None,
    };
    if let Some(ledger) = ledger {
        ledger.close().await;
    }
    let io = |error: store::Error| Failure::Io(error.to_string());
    let astray = engine::audit::astray(&config.state).map_err(io)?;
    let notes = notes(&config.state).map_err(Failure::io)?;
    if options.json {
        let whole = Whole {
            journal: &report,
            ledger: books,
            nodes: &notes,
            astray: &astray,
        };
        say(&serde_json::to_string_pretty(&whole).map_err(Failure::io)?)?;
        return Ok(report.is_clean());
    }
    if let Some(books) = &books {
        say(&format!("{:<16} {:>14}", "in the ledger", books.entries))?;
        say(&format!("{:<16} {:>14}", "  not yet", books.behind))?;
    } else {
        say("there is no ledger yet")?;
    }
    // An epoch that took nobody anything is for programs only.
    let some: Vec<_> = notes.iter().filter(|note| note.entries > 0).collect();
    for note in some.iter().skip(some.len().saturating_sub(NOTES_MAX)) {
        say(&note.to_string())?;
    }
    for one in &astray {
        say(one.to_string().trim_end())?;
    }
    say(&report.to_string())?;
    Ok(report.is_clean())
}

/// Audits the journal; what was trimmed of it is read from the ledger, if there is one.
async fn journal(config: &Config, ledger: Option<&Ledger>) -> Result<Report, Failure> {
    let io = |error: store::Error| Failure::Io(error.to_string());
    let reader = Store::reader(&config.state).map_err(io)?;
    let mut report = Report::default();
    for partition in Partition::all() {
        let mut audit = Audit::new(&reader, partition, &mut report).map_err(io)?;
        while let (Some(after), Some(ledger)) = (audit.wants(), ledger) {
            let kept = kept(ledger, partition, after).await.map_err(failure)?;
            if kept.is_empty() || !audit.feed(&kept).map_err(io)? {
                break;
            }
        }
        audit.finish().map_err(io)?;
    }
    Ok(report)
}

/// Some entries of the ledger after a position.
async fn kept(
    ledger: &Ledger,
    partition: Partition,
    after: Position,
) -> Result<Vec<Kept>, ledger::Error> {
    let stored = ledger.stored(partition, after, STEP).await?;
    Ok(stored
        .into_iter()
        .map(|entry| own(partition, entry))
        .collect())
}

async fn books(
    config: &Config,
    ledger: &Ledger,
    report: &mut Report,
) -> Result<Books, ledger::Error> {
    let reader = Store::reader(&config.state).map_err(|error| unread(&error))?;
    let mut books = Books::default();
    for partition in Partition::all() {
        let at = compare(ledger, &reader, partition, report).await?;
        books.entries += at.entries;
        let end = reader.end(partition).map_err(|error| unread(&error))?;
        if end.epoch == at.position.epoch {
            books.behind += end.seq.saturating_sub(at.position.seq);
        } else {
            books.behind += end.seq;
        }
    }
    let everywhere = |check: &str, found: String, report: &mut Report| {
        report.find(Partition(0), Position::START, None, check, found);
    };
    books.views = ledger.views().await?;
    for (view, rows) in books.views.iter().filter(|(_, rows)| *rows > 0) {
        let found = format!("{view} has {rows} rows and must have none");
        everywhere("ledger view", found, report);
    }
    for (shop, n, found) in ledger.verify_trail().await? {
        let found = format!("audit trail of {shop}, row {n}: {found}");
        everywhere("audit trail", found, report);
    }
    Ok(books)
}

/// Compares one partition with a fold that ends where the books do. A server may post meanwhile:
/// then it is compared again.
async fn compare(
    ledger: &Ledger,
    reader: &Reader,
    partition: Partition,
    report: &mut Report,
) -> Result<At, ledger::Error> {
    let mut at = cursor(ledger, partition).await?;
    for _ in 0..TRIES {
        let mut wrong = Vec::new();
        let sealed = reader.sealed(partition, at.position, at.crc, 0);
        if let Err(journal) = sealed.map_err(|error| unread(&error))? {
            let found = format!("posted up to {}, and the journal {journal}", at.position);
            wrong.push(Wrong {
                shop: None,
                check: "ledger",
                found,
            });
        } else {
            let mut folding = Folding::new(reader, partition).map_err(|error| unread(&error))?;
            while let Some(after) = folding.wants() {
                let kept = kept(ledger, partition, after).await?;
                if kept.is_empty() {
                    break;
                }
                folding.feed(&kept).map_err(|error| unread(&error))?;
            }
            let shops = folding.until(at.position).map_err(|error| unread(&error))?;
            wrong = ledger.compare(&shops).await?;
            same_entries(ledger, reader, partition, at.position, &mut wrong).await?;
        }
        let now = cursor(ledger, partition).await?;
        if wrong.is_empty() || now == at {
            for Wrong { shop, check, found } in wrong {
                let shop = shop.and_then(|shop| crate::domain::ShopId::new(&shop).ok());
                report.find(partition, at.position, shop.as_ref(), check, found);
            }
            return Ok(at);
        }
        at = now;
    }
    let found = "the ledger moved on all the time; audit it when it is quieter".to_owned();
    report.find(partition, at.position, None, "ledger", found);
    Ok(at)
}

/// The books hold the journal's own bytes; what was trimmed of it was proved by its chain.
async fn same_entries(
    ledger: &Ledger,
    reader: &Reader,
    partition: Partition,
    until: Position,
    wrong: &mut Vec<Wrong>,
) -> Result<(), ledger::Error> {
    let begins = reader.begins(partition).map_err(|error| unread(&error))?;
    let (mut after, mut crc) = (begins.after, begins.crc);
    while after < until {
        let kept = ledger.stored(partition, after, STEP).await?;
        let step = usize::try_from(STEP).unwrap_or(usize::MAX);
        let journal = reader
            .sealed(partition, after, crc, step)
            .map_err(|error| unread(&error))?;
        let journal = journal.unwrap_or_default();
        let differs = kept.iter().zip(&journal).find(|(kept, sealed)| {
            kept.position != sealed.entry.position
                || kept.payload != sealed.payload
                || kept.crc != sealed.crc
        });
        let missing = kept.is_empty() || journal.is_empty();
        if differs.is_some() || missing {
            let place = differs.map_or(after, |(_, sealed)| sealed.entry.position);
            wrong.push(Wrong {
                shop: None,
                check: "ledger entries",
                found: format!("the entry at {place} is not that of the journal, or missing"),
            });
            return Ok(());
        }
        let both = kept.len().min(journal.len());
        if let Some(last) = journal.get(both - 1) {
            (after, crc) = (last.entry.position, last.crc);
        }
    }
    Ok(())
}

async fn cursor(ledger: &Ledger, partition: Partition) -> Result<At, ledger::Error> {
    let all = ledger.cursors().await?;
    Ok(all.get(partition.index()).copied().unwrap_or_default())
}

/// The journal could not be read; that was said by its own audit, unless it happened just now.
fn unread(error: &crate::engine::store::Error) -> ledger::Error {
    ledger::Error::Strange(format!("the journal cannot be compared with it: {error}"))
}
