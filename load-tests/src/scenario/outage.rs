//! The ledger goes away under a steady load of bookings, again and again: a SQLite that somebody
//! holds locked, or a PostgreSQL that is killed. Nobody who books may notice, and afterwards every
//! entry is in the books, once.

mod books;
mod taps;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lapak::domain::Settings;
use lapak::engine::store::{Reader, Store};
use lapak::journal::Partition;
use lapak::ledger::Ledger;
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::books::{Books, Place};
use self::taps::{Tap, Taps};
use super::{audit, host};
use crate::client::PATIENCE;
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, Ground};
use crate::{Report, Run, Server};

/// Bookings that must be answered while the ledger is away, however slow the machine is.
const ANSWERED: u64 = 20;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often the ledger goes away; every second time right after it has committed.
    #[arg(long, default_value_t = 10)]
    pub times: u32,
    /// How long it is there between, in seconds.
    #[arg(long, default_value_t = 3)]
    pub between: u64,
    /// A PostgreSQL of the scenario's own that is killed, instead of a SQLite that is locked.
    #[arg(long)]
    pub postgres: bool,
}

/// When the ledger was away, and when it had caught up.
#[derive(Debug, Clone, Copy)]
struct Gap {
    from: Instant,
    back: Instant,
    caught_up: Instant,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let (viewers, away) = (u32::try_from(run.viewers(100))?, run.length(20));
    let ground = run.ground(&[])?;
    let mut books = Books::open(&ground.state(), options.postgres).await?;
    ground.add_settings(&books.toml())?;
    let (server, drop) = open(&ground).await?;
    let mut report = Report::new(title(options, away));
    let taps = Taps::begin(&ground, server.address, viewers, &drop, "MANY").await?;
    let reader = Store::reader(&ground.state())?;
    let mut gaps = Vec::new();
    for time in 0..options.times {
        taps.go_on(Duration::from_secs(options.between), 0).await?;
        let gap = go_away(
            &mut books,
            &taps,
            &reader,
            options,
            (time, away),
            &mut report,
        )
        .await?;
        say(format!(
            "outage {}: away for {:.1?}, caught up {:.2?} later",
            time + 1,
            gap.back - gap.from,
            gap.caught_up - gap.back
        ));
        gaps.push(gap);
    }
    let taps = taps.end(&mut report).await?;
    compare(&ground, &books, &reader, &mut report).await?;
    server.stop().await?;
    let record = audit(&ground, &mut report).await?;
    let booked = record.units_of(drop.parse::<Uuid>()?.as_u128()).0;
    report.check(booked == taps.len() as u64, || {
        format!("{} bookings answered, {booked} in the journal", taps.len())
    });
    figures(&mut report, &taps, &gaps);
    books.end().await?;
    Ok(report)
}

fn title(options: &Options, away: Duration) -> String {
    let times = options.times;
    let what = if options.postgres {
        "PostgreSQL killed"
    } else {
        "SQLite locked"
    };
    format!("outage: {what} {times} times, for {away:?}")
}

/// A shop with plenty, and its server.
async fn open(ground: &Ground) -> Result<(Server, String)> {
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut host = host(ground, server.address, "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "MANY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    Ok((server, drop))
}

/// One outage, from the ledger's going to all of what was missed being posted.
async fn go_away(
    books: &mut Books,
    taps: &Taps,
    reader: &Reader,
    options: &Options,
    (time, away): (u32, Duration),
    report: &mut Report,
) -> Result<Gap> {
    let mut asking = books.ask().await?;
    if time % 2 == 1 {
        asking.commit().await?;
    }
    let from = Instant::now();
    books.take_away().await?;
    let before = asking.posted().await.ok();
    taps.go_on(away, ANSWERED).await?;
    // A file that is locked can still be read: it must have stood still.
    let after = asking.posted().await.ok();
    report.check(before == after, || {
        format!("posted while away: {before:?}, then {after:?}")
    });
    report.check(options.postgres == after.is_none(), || {
        "the ledger was not away".into()
    });
    let missed = i64::try_from(journal(reader)?.len())?;
    books.bring_back().await?;
    let back = Instant::now();
    let mut asking = books.ask().await?;
    while asking.posted().await? < missed {
        if back.elapsed() > PATIENCE {
            report.lie(format!("not caught up {PATIENCE:?} after outage {time}"));
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    let caught_up = Instant::now();
    Ok(Gap {
        from,
        back,
        caught_up,
    })
}

/// Where every entry of the journal is, in order.
fn journal(reader: &Reader) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    for partition in Partition::all() {
        reader.replay(partition, |position, _, _| {
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let (epoch, seq) = (number(position.epoch), number(position.seq));
            places.push((i64::from(partition.0), epoch, seq));
            Ok(())
        })?;
    }
    places.sort_unstable();
    Ok(places)
}

/// The books come to hold exactly what the journal does, and nothing that must not be.
async fn compare(
    ground: &Ground,
    books: &Books,
    reader: &Reader,
    report: &mut Report,
) -> Result<()> {
    let decided = journal(reader)?;
    let (began, mut asking) = (Instant::now(), books.ask().await?);
    let mut posted = asking.places().await?;
    while posted.len() < decided.len() && began.elapsed() < PATIENCE {
        sleep(Duration::from_millis(20)).await;
        posted = asking.places().await?;
    }
    report.check(posted == decided, || {
        let (posted, decided) = (posted.len(), decided.len());
        format!("{posted} entries in the books are not the {decided} of the journal")
    });
    report.figure("entries in the journal", count(decided.len()), "");
    report.figure("entries in the books", count(posted.len()), "");
    let ledger = Ledger::lazy(&books.config(), &ground.state())?;
    for (view, rows) in ledger.views().await? {
        report.check(rows == 0, || format!("{view} has {rows} rows"));
    }
    ledger.close().await;
    Ok(())
}

fn figures(report: &mut Report, taps: &[Tap], gaps: &[Gap]) {
    let (mut there, mut away, mut after) = (micros(), micros(), micros());
    for tap in taps {
        let gap = gaps
            .iter()
            .find(|gap| (gap.from..gap.caught_up).contains(&tap.due));
        let into = match gap {
            None => &mut there,
            Some(gap) if tap.due < gap.back => &mut away,
            Some(_) => &mut after,
        };
        into.saturating_record(as_micros(tap.took));
    }
    report.figure("bookings answered", count(taps.len()), "");
    for (name, taps) in [
        ("the ledger there", there),
        ("the ledger away", away),
        ("while it catches up", after),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        report.figure(format!("bookings, {name}"), taps.len() as f64, "");
        report.latency(&format!("tap to answer, {name}"), &taps);
    }
    let mut back = micros();
    for gap in gaps {
        back.saturating_record(as_micros(gap.caught_up - gap.back));
    }
    report.latency("back to caught up", &back);
}
