//! How fast the journal is posted to the books: a burst of bookings is written while nobody posts,
//! then all of it is posted at once, to SQLite and, if a server is named, to PostgreSQL.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use lapak::engine::store::Store;
use lapak::jobs::settle;
use lapak::ledger::{Config, Kind, Ledger, Migrate, Poster, Url};

use super::ready::write_and_die;
use crate::report::say;
use crate::stage::Ground;
use crate::{Report, Run, usage};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings of the burst.
    #[arg(long, default_value_t = 100_000)]
    pub bookings: usize,
    /// An empty PostgreSQL database on this machine, as `postgres://…`.
    #[arg(long)]
    pub postgres: Option<String>,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let ground = run.ground(&[])?;
    let mut report = Report::new(format!("posting: a burst of {} bookings", options.bookings));
    write_and_die(&ground, options.bookings).await?;
    post(&mut report, &ground, "sqlite", &Config::default()).await?;
    if let Some(url) = &options.postgres {
        let config = Config {
            kind: Kind::Postgres,
            url: Url::new(url),
            ..Config::default()
        };
        post(&mut report, &ground, "postgres", &config).await?;
    }
    Ok(report)
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
async fn post(report: &mut Report, ground: &Ground, name: &str, config: &Config) -> Result<()> {
    let state = ground.state();
    let reader = Store::reader(&state)?;
    let mut poster = Poster::open(config, &state, Migrate::Yes).await?;
    let (began, cpu) = (Instant::now(), usage::cpu(std::process::id())?);
    let count = settle::catch_up(&reader, &mut poster).await?;
    let (wall, cpu) = (
        began.elapsed(),
        usage::cpu(std::process::id())?.saturating_sub(cpu),
    );
    say(format!("{name}: {count} entries in {wall:?}"));
    let entries = count as f64;
    report.figure(format!("{name}: entries posted"), entries, "");
    report.figure(
        format!("{name}: lag after the burst"),
        wall.as_secs_f64(),
        "s",
    );
    let rate = entries / wall.as_secs_f64();
    report.figure(format!("{name}: posted a second"), rate, "1/s");
    let micros = cpu.as_secs_f64() * 1e6 / entries;
    report.figure(
        format!("{name}: processor time of an entry, here"),
        micros,
        "µs",
    );
    let ledger = Ledger::lazy(config, &state)?;
    let began = Instant::now();
    for (view, rows) in ledger.views().await? {
        report.check(rows == 0, || format!("{name}: {view} has {rows} rows"));
    }
    report.figure(
        format!("{name}: counting the views"),
        began.elapsed().as_secs_f64(),
        "s",
    );
    ledger.close().await;
    Ok(())
}
