//! How long a restart takes with a long journal: so many bookings are written by a process that
//! is killed, then the server starts on what is left, and is killed and started again.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures_util::{StreamExt, stream};
use lapak::clock::Clock;
use lapak::domain::command::DropSpec;
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, DropId, LiveId, Mode, Request, RequestKey, Role,
    Settings, ShopId, SkuId,
};
use lapak::engine;
use lapak::journal::Partition;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command as Process;
use uuid::Uuid;

use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, Ground, LIVE, SHOP};
use crate::{Report, Run, usage};

/// Requests that are with the engine at a time.
const FLYING: usize = 4_096;
/// Bookings of one customer.
const EACH: usize = 4;
/// The tail behind the newest snapshot, in hundredths of all: the engine makes a snapshot when it
/// is a tenth of what is held.
const TAIL_PERCENT: usize = 10;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings in the journal.
    #[arg(long, default_value_t = 1_000_000)]
    pub bookings: usize,
    /// How often the server is started and killed.
    #[arg(long, default_value_t = 5)]
    pub restarts: usize,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let ground = run.ground(&[])?;
    let mut report = Report::new(format!(
        "ready: {} bookings in the journal",
        options.bookings
    ));
    write_and_die(&ground, options.bookings).await?;
    let (mut ready, mut cpu) = (micros(), Duration::ZERO);
    for _ in 0..options.restarts {
        let server = ground.serve().await?;
        cpu += server.cpu()?;
        ready.saturating_record(as_micros(server.ready_after));
        say(format!(
            "ready after {:?}, {} MiB",
            server.ready_after,
            server.resident()? >> 20
        ));
        server.kill().await?;
    }
    let restarts = u32::try_from(options.restarts.max(1))?;
    report.latency("start to ready", &ready);
    report.figure(
        "CPU until ready",
        (cpu / restarts).as_secs_f64() * 1_000.0,
        "ms",
    );
    Ok(report)
}

/// Another process of ours writes the bookings, and is killed when it says that it has.
pub(super) async fn write_and_die(ground: &Ground, bookings: usize) -> Result<()> {
    let mut child = Process::new(std::env::current_exe()?)
        .args([
            "write-bookings",
            "--count",
            &bookings.to_string(),
            "--state",
        ])
        .arg(ground.state())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let done = lines.next_line().await?;
    ensure!(
        done.as_deref() == Some("done"),
        "the bookings were not written: {done:?}"
    );
    child.kill().await?;
    Ok(())
}

/// Writes bookings through the engine, says `done`, and waits to be killed.
pub async fn write_bookings(state: &Path, bookings: usize) -> Result<()> {
    let bench = Bench::open(state, &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    let drop = open_drop(&bench, "MANY", 1).await?;
    let tail = bookings * TAIL_PERCENT / 100;
    book_many(&bench, drop, "MANY", bookings - tail).await?;
    bench.close().await?;
    // Written faster than snapshots are made, which no evening is.
    let partition = Partition::of(&ShopId::new(SHOP)?);
    engine::snapshot::refresh(state, partition)?;
    let bench = Bench::open(state, &Clock::default())?;
    book_many(&bench, drop, "MANY", tail).await?;
    println!("done");
    std::future::pending().await
}

/// Opens a drop of all units there are.
pub async fn open_drop(bench: &Bench, sku: &str, number: u128) -> Result<DropId> {
    let drop = DropId(Uuid::now_v7().as_u128() ^ number);
    let spec = DropSpec {
        drop,
        live: LiveId::new(LIVE)?,
        sku: SkuId::new(sku)?,
        price: None,
        units: None,
        mode: Mode::Shared,
        opens_at: None,
        ends_at: None,
        per_customer_limit: 0,
        booking_timeout_ms: None,
        pinned: false,
    };
    bench.admin(Command::OpenDrop(Box::new(spec))).await?;
    Ok(drop)
}

/// A request to book one unit.
pub fn booking(
    customer: &CustomerId,
    drop: DropId,
    sku: &SkuId,
    live: &LiveId,
    wait: bool,
) -> Request {
    let id = Uuid::now_v7().as_u128();
    Request {
        by: Actor {
            role: Role::Viewer,
            name: customer.clone(),
        },
        key: Some(RequestKey { id, body: 1 }),
        command: Command::Book {
            booking: BookingId(id),
            live: live.clone(),
            drop,
            sku: sku.clone(),
            qty: 1,
            accept_partial: false,
            join_waitlist: wait,
        },
    }
}

/// Books so many units, some thousand at a time; wall and CPU time of this process.
pub async fn book_many(
    bench: &Bench,
    drop: DropId,
    sku: &str,
    bookings: usize,
) -> Result<(Duration, Duration)> {
    let (shop, sku, live) = (ShopId::new(SHOP)?, SkuId::new(sku)?, LiveId::new(LIVE)?);
    let customers: Vec<CustomerId> = (0..=bookings / EACH)
        .map(|n| CustomerId::new(&format!("many-{n}")))
        .collect::<Result<_, _>>()?;
    let (began, pid) = (Instant::now(), std::process::id());
    let cpu = usage::cpu(pid)?;
    let mut done = stream::iter(0..bookings)
        .map(|n| {
            let request = booking(&customers[n / EACH], drop, &sku, &live, false);
            bench.engine.submit(&shop, request)
        })
        .buffer_unordered(FLYING);
    let mut held = 0;
    while let Some(reply) = done.next().await {
        ensure!(reply?.outcome.is_ok(), "a booking was refused");
        held += 1;
        if held % 100_000 == 0 {
            say(format!("{held} bookings"));
        }
    }
    ensure!(count(held) > 0.0 || bookings == 0, "nothing was booked");
    Ok((began.elapsed(), usage::cpu(pid)?.saturating_sub(cpu)))
}
