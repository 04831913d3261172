//! What a decided booking costs: by the engine alone, journal included, and through the socket.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use lapak::clock::Clock;
use lapak::domain::Settings;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::ready::{book_many, open_drop};
use super::{audience, audit, host};
use crate::client::book;
use crate::report::{as_micros, count, micros, per};
use crate::server::{BOOKS, PARTS};
use crate::stage::{Bench, enough_files, names};
use crate::{Client, Report, Run, usage};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings of the engine alone.
    #[arg(long, default_value_t = 200_000)]
    pub bookings: usize,
    /// Requests of each kind and connection, as fast as they are answered.
    #[arg(long, default_value_t = 100)]
    pub each: usize,
    /// Bookings a second of the open loop, over all connections.
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let mut report = Report::new("engine: decided bookings");
    alone(run, options, &mut report).await?;
    through_the_socket(run, options, &mut report).await?;
    Ok(report)
}

async fn alone(run: &Run, options: &Options, report: &mut Report) -> Result<()> {
    let ground = run.ground(&[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    let drop = open_drop(&bench, "MANY", 1).await?;
    let asking = || usage::threads_cpu(std::process::id(), &["load-tests"]);
    let before = asking()?;
    let (wall, cpu) = book_many(&bench, drop, "MANY", options.bookings).await?;
    let asked = asking()?.saturating_sub(before);
    let a_second = count(options.bookings) / wall.as_secs_f64();
    report.figure("engine alone: bookings", count(options.bookings), "");
    report.figure("engine alone: decided a second", a_second.round(), "/s");
    report.figure(
        "engine alone: CPU per booking",
        per(cpu, options.bookings),
        "µs",
    );
    let each = per(asked, options.bookings);
    report.figure("engine alone: of it whoever asks, per booking", each, "µs");
    bench.close().await
}

/// What a client asks again and again, and what it must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: the least a message costs.
    Ping,
    /// A booking of no drop that could be: refused at the door.
    Refused,
    /// A booking of what is sold out.
    SoldOut,
    /// A booking.
    Booking,
}

async fn through_the_socket(run: &Run, options: &Options, report: &mut Report) -> Result<()> {
    // What a server can do is measured, not how fast one person may tap.
    let rates = [
        "messages_per_s",
        "messages_burst",
        "bookings_per_s",
        "bookings_burst",
    ];
    let ground = run.ground(&rates.map(|rate| ("limits", rate, 1_000_000)))?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    let skus = [("MANY", None), ("NONE", Some(1))];
    bench.found(Settings::default(), &skus).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut host = host(&ground, server.address, "host").await?;
    let mut drops = Vec::new();
    for (sku, _) in skus {
        let opened = host.done(json!({"type": "drop.open", "sku": sku})).await?;
        drops.push(opened["drop"].as_str().context("no drop")?.to_owned());
    }
    let (drop, none) = (drops[0].clone(), drops[1].clone());
    let held = host.ask(&book(&none, "NONE")).await?;
    ensure!(held["type"] == "held", "{held}");
    std::mem::drop(host);
    let viewers = run.viewers(256);
    enough_files(viewers)?;
    let mut clients = audience(&ground, server.address, &names("v", viewers)).await?;
    report.figure("through the socket: connections", count(viewers), "");
    let asked = viewers * options.each;
    let mut costs = Vec::new();
    for (kind, name) in [
        (Kind::Ping, "ping"),
        (Kind::Refused, "request refused at the door"),
        (Kind::SoldOut, "sold-out refusal"),
        (Kind::Booking, "booking"),
    ] {
        let (cpu, began) = (server.cpu()?, Instant::now());
        let parts = server.parts_cpu()?;
        let on = if kind == Kind::SoldOut { &none } else { &drop };
        clients = closed_loop(clients, kind, on, options.each).await?;
        let (spent, wall) = (server.cpu()?.saturating_sub(cpu), began.elapsed());
        let a_second = (count(asked) / wall.as_secs_f64()).round();
        report.figure(
            format!("through the socket: {name}s a second"),
            a_second,
            "/s",
        );
        let each = per(spent, asked);
        report.figure(
            format!("through the socket: server CPU per {name}"),
            each,
            "µs",
        );
        let mut posted = 0.0;
        for (((part, _), before), now) in PARTS.iter().zip(parts).zip(server.parts_cpu()?) {
            let spent = per(now.saturating_sub(before), asked);
            if spent >= 0.05 {
                let what = format!("through the socket: of it {part}, per {name}");
                report.figure(what, spent, "µs");
            }
            if *part == BOOKS {
                posted = spent;
            }
        }
        costs.push((each, posted));
    }
    let ((refused, _), (booking, posted)) = (costs[1], costs[3]);
    let ratio = booking / refused;
    report.figure("booking / request refused at the door", ratio, "×");
    let ratio = (booking - posted) / refused;
    report.figure("the same without the books", ratio, "×");

    let (cpu, length) = (server.cpu()?, run.length(5));
    let total = usize::try_from(u64::from(options.rate) * length.as_secs())?;
    let told = open_loop(clients, &drop, options.rate, total).await?;
    let spent = server.cpu()?.saturating_sub(cpu);
    report.figure(
        "open loop: bookings a second",
        f64::from(options.rate),
        "/s",
    );
    report.figure("open loop: server CPU per booking", per(spent, total), "µs");
    report.latency("open loop: planned tap to answer", &told);
    server.stop().await?;
    audit(&ground, report).await?;
    Ok(())
}

async fn closed_loop(
    clients: Vec<Client>,
    kind: Kind,
    drop: &str,
    each: usize,
) -> Result<Vec<Client>> {
    let mut all = JoinSet::new();
    for mut client in clients {
        let drop = drop.to_owned();
        all.spawn(async move {
            for _ in 0..each {
                ask(&mut client, kind, &drop).await?;
            }
            ensure!(client.faults.is_empty(), "{:?}", client.faults);
            anyhow::Ok(client)
        });
    }
    let mut clients = Vec::new();
    while let Some(client) = all.join_next().await {
        clients.push(client??);
    }
    Ok(clients)
}

async fn ask(client: &mut Client, kind: Kind, drop: &str) -> Result<()> {
    let (request, expected) = match kind {
        Kind::Ping => return client.settle(|_| {}).await,
        Kind::Refused => (book("no drop", "MANY"), "refused"),
        Kind::SoldOut => (book(drop, "NONE"), "refused"),
        Kind::Booking => (book(drop, "MANY"), "held"),
    };
    let answer = client.ask(&request).await?;
    ensure!(answer["type"] == expected, "{answer}");
    let sold_out = kind != Kind::SoldOut || answer["code"] == "sold_out";
    ensure!(sold_out, "{answer}");
    Ok(())
}

/// Taps at planned times, whatever the server does; latency counts from the plan.
async fn open_loop(
    clients: Vec<Client>,
    drop: &str,
    rate: u32,
    total: usize,
) -> Result<hdrhistogram::Histogram<u64>> {
    let (began, width) = (Instant::now() + Duration::from_millis(100), clients.len());
    let mut all = JoinSet::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        let drop = drop.to_owned();
        all.spawn(async move {
            let mut told = micros();
            for tap in (number..total).step_by(width) {
                let planned = began + Duration::from_secs(1) * u32::try_from(tap)? / rate;
                sleep_until(planned.into()).await;
                let answer = client.ask(&book(&drop, "MANY")).await?;
                ensure!(answer["type"] == "held", "{answer}");
                told.saturating_record(as_micros(planned.elapsed()));
            }
            anyhow::Ok(told)
        });
    }
    let mut told = micros();
    while let Some(one) = all.join_next().await {
        told.add(&one??)?;
    }
    Ok(told)
}
