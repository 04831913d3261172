//! Whether what a thing costs stays the same as there is more of everything: deliveries by
//! viewers, bookings by bookings that are held, restart, audit and posting by the journal's length.
//! A column is flat if no row is further than a quarter from the first.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use lapak::clock::Clock;
use lapak::domain::Settings;
use lapak::engine::store::Store;
use lapak::jobs::settle;
use lapak::ledger::{Config, Migrate, Poster};
use tokio::process::Command;

use super::delivery::Subject;
use super::ready::{book_many, open_drop, write_and_die};
use crate::report::{Table, count, per, say, shown};
use crate::stage::{Bench, enough_server_files};
use crate::{Ground, Report, Run, usage};

/// By how much the dearest row of a flat column may differ from the cheapest.
const FLAT: f64 = 1.25;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Viewers of each row.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 2_000, 5_000, 10_000, 19_000])]
    pub audiences: Vec<usize>,
    /// Bookings held before those that are measured.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000, 1_000_000])]
    pub held: Vec<usize>,
    /// Entries of each journal.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 300_000, 1_000_000])]
    pub journals: Vec<usize>,
    /// Deliveries a second.
    #[arg(long, default_value_t = 20_000)]
    pub rate: u64,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let mut report = Report::new("growth: what a thing costs as there is more of everything");
    let mut tables = vec![
        deliveries(run, options, &mut report).await?,
        bookings(run, options).await?,
    ];
    tables.extend(journals(run, options).await?);
    for table in &tables {
        judge(&mut report, table);
    }
    report.tables = tables;
    Ok(report)
}

/// The first column of values must be flat.
fn judge(report: &mut Report, table: &Table) {
    let first = table
        .rows
        .iter()
        .filter_map(|(_, values)| values.first().copied().flatten());
    let (least, most) = first.fold((f64::MAX, 0.0_f64), |(least, most), v| {
        (least.min(v), most.max(v))
    });
    if table.rows.len() < 2 || least <= 0.0 {
        return;
    }
    let (title, ratio) = (&table.title, most / least);
    report.figure(format!("{title}: dearest / cheapest"), ratio, "×");
    if ratio > FLAT {
        report.note(format!(
            "NOT FLAT: {title}, from {} to {}",
            shown(least),
            shown(most)
        ));
    }
}

fn table(title: &str, columns: &[&str]) -> Table {
    let columns = columns.iter().map(|name| (*name).to_owned()).collect();
    Table {
        title: title.to_owned(),
        columns,
        rows: Vec::new(),
    }
}

async fn deliveries(run: &Run, options: &Options, report: &mut Report) -> Result<Table> {
    let mut table = table(
        "delivery by viewers",
        &[
            "viewers",
            "CPU µs per delivery",
            "p99 ms",
            "idle B",
            "µs per connection",
        ],
    );
    for viewers in &options.audiences {
        enough_server_files(*viewers)?;
        let mut subject = Subject::lapak(run).await?;
        let (mut fleet, boarded) = subject.board(*viewers, run.clients).await?;
        let steady = subject
            .steady(&mut fleet, *viewers, options.rate, run.length(15), 0)
            .await?;
        steady.tally.confess(report);
        drop(fleet);
        subject.end(report).await?;
        let p99 = steady.late_ms.map(|ms| ms.1);
        let values = vec![
            Some(steady.each_us),
            p99,
            Some(boarded.idle_bytes.round()),
            Some(boarded.each_us),
        ];
        table.rows.push((shown(count(*viewers)), values));
    }
    Ok(table)
}

/// What a booking costs while so many others are held.
async fn bookings(run: &Run, options: &Options) -> Result<Table> {
    const MEASURED: usize = 50_000;
    let mut table = table(
        "booking by bookings held",
        &["held", "CPU µs per booking", "a second"],
    );
    let ground = run.ground(&[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    let drop = open_drop(&bench, "MANY", 1).await?;
    let mut held = 0;
    for wanted in &options.held {
        book_many(&bench, drop, "MANY", wanted.saturating_sub(held)).await?;
        held = held.max(*wanted);
        let (wall, cpu) = book_many(&bench, drop, "MANY", MEASURED).await?;
        let a_second = count(MEASURED) / wall.as_secs_f64();
        table.rows.push((
            shown(count(held)),
            vec![Some(per(cpu, MEASURED)), Some(a_second.round())],
        ));
        held += MEASURED;
    }
    bench.close().await?;
    Ok(table)
}

/// What a million entries cost a restart, an audit and the books, by how many there are.
async fn journals(run: &Run, options: &Options) -> Result<Vec<Table>> {
    let mut restart = table(
        "restart by entries",
        &["entries", "CPU ms per million", "ready s", "resident MiB"],
    );
    let mut audit = table(
        "audit by entries",
        &["entries", "CPU ms per million", "wall s"],
    );
    let mut posting = table(
        "posting by entries",
        &["entries", "CPU µs per entry", "a second"],
    );
    for entries in &options.journals {
        let ground = run.ground(&[])?;
        write_and_die(&ground, *entries).await?;
        let millions = count(*entries) / 1e6;
        let name = shown(count(*entries));
        posting
            .rows
            .push((name.clone(), post(&ground, *entries).await?));
        restart
            .rows
            .push((name.clone(), start(&ground, millions).await?));
        let (cpu, wall) = audited(&run.lapak(), &ground).await?;
        audit.rows.push((
            name,
            vec![
                Some(cpu.as_secs_f64() * 1e3 / millions),
                Some(wall.as_secs_f64()),
            ],
        ));
        say(format!(
            "{entries} entries: restart, audit and posting measured"
        ));
    }
    Ok(vec![restart, audit, posting])
}

async fn post(ground: &Ground, entries: usize) -> Result<Vec<Option<f64>>> {
    let state = ground.state();
    let reader = Store::reader(&state)?;
    let mut poster = Poster::open(&Config::default(), &state, Migrate::Yes).await?;
    let (began, cpu) = (Instant::now(), usage::cpu(std::process::id())?);
    settle::catch_up(&reader, &mut poster).await?;
    let (wall, spent) = (
        began.elapsed(),
        usage::cpu(std::process::id())?.saturating_sub(cpu),
    );
    Ok(vec![
        Some(per(spent, entries)),
        Some((count(entries) / wall.as_secs_f64()).round()),
    ])
}

/// The middle one of three restarts.
async fn start(ground: &Ground, millions: f64) -> Result<Vec<Option<f64>>> {
    let mut each = Vec::new();
    for _ in 0..3 {
        let server = ground.serve().await?;
        each.push((server.cpu()?, server.ready_after, server.resident()?));
        server.kill().await?;
    }
    each.sort_unstable();
    let (cpu, ready, bytes) = each[1];
    let mib = count(usize::try_from(bytes >> 20)?);
    Ok(vec![
        Some(cpu.as_secs_f64() * 1e3 / millions),
        Some(ready.as_secs_f64()),
        Some(mib),
    ])
}

/// Processor and wall time of `lapak audit`, which must find nothing.
async fn audited(lapak: &Path, ground: &Ground) -> Result<(Duration, Duration)> {
    let before = usage::children_cpu()?;
    let began = Instant::now();
    let mut command = Command::new(lapak);
    command
        .args(["audit", "--json", "--config"])
        .arg(ground.config());
    let status = command.stdout(Stdio::null()).status().await?;
    ensure!(status.success(), "lapak audit: {status}");
    Ok((
        usage::children_cpu()?.saturating_sub(before),
        began.elapsed(),
    ))
}
