//! What a decided booking costs: by the engine alone, journal included, and through the socket.

use std::path::Path;
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
use crate::report::{as_micros, count, micros};
use crate::stage::{Bench, Ground, enough_files, names};
use crate::{Client, Report};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings of the engine alone.
    #[arg(long, default_value_t = 200_000)]
    pub bookings: usize,
    /// Connections that book as fast as they are answered.
    #[arg(long, default_value_t = 256)]
    pub connections: usize,
    /// Bookings of each connection.
    #[arg(long, default_value_t = 100)]
    pub each: usize,
    /// Bookings a second of the open loop, over all connections.
    #[arg(long, default_value_t = 500)]
    pub rate: u32,
}

/// Runs it.
pub async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    enough_files(options.connections)?;
    let mut report = Report::new("engine: decided bookings");
    alone(lapak, options, &mut report).await?;
    through_the_socket(lapak, options, &mut report).await?;
    Ok(report)
}

fn per(spent: Duration, of: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / count(of)
}

async fn alone(lapak: &Path, options: &Options, report: &mut Report) -> Result<()> {
    let ground = Ground::new(lapak, &[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    let drop = open_drop(&bench, "MANY", 1).await?;
    let (wall, cpu) = book_many(&bench, drop, "MANY", options.bookings).await?;
    let a_second = count(options.bookings) / wall.as_secs_f64();
    report.figure("engine alone: bookings", count(options.bookings), "");
    report.figure("engine alone: decided a second", a_second.round(), "/s");
    report.figure(
        "engine alone: CPU per booking",
        per(cpu, options.bookings),
        "µs",
    );
    bench.close().await
}

async fn through_the_socket(lapak: &Path, options: &Options, report: &mut Report) -> Result<()> {
    // What a server can do is measured, not how fast one person may tap.
    let rates = [
        "messages_per_s",
        "messages_burst",
        "bookings_per_s",
        "bookings_burst",
    ];
    let rates: Vec<_> = rates
        .iter()
        .map(|rate| ("limits", *rate, 1_000_000))
        .collect();
    let ground = Ground::new(lapak, &rates)?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut host = host(&ground, server.address, "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "MANY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    std::mem::drop(host);
    let clients = audience(&ground, server.address, &names("v", options.connections)).await?;
    let bookings = options.connections * options.each;

    let (cpu, began) = (server.cpu()?, Instant::now());
    let clients = closed_loop(clients, &drop, options.each).await?;
    let (spent, wall) = (server.cpu()?.saturating_sub(cpu), began.elapsed());
    let a_second = count(bookings) / wall.as_secs_f64();
    report.figure(
        "through the socket: connections",
        count(options.connections),
        "",
    );
    report.figure(
        "through the socket: decided a second",
        a_second.round(),
        "/s",
    );
    report.figure(
        "through the socket: server CPU per booking",
        per(spent, bookings),
        "µs",
    );

    let (cpu, seconds) = (server.cpu()?, 5);
    let total = usize::try_from(options.rate * seconds)?;
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

async fn closed_loop(clients: Vec<Client>, drop: &str, each: usize) -> Result<Vec<Client>> {
    let mut all = JoinSet::new();
    for mut client in clients {
        let drop = drop.to_owned();
        all.spawn(async move {
            for _ in 0..each {
                let answer = client.ask(&book(&drop, "MANY")).await?;
                ensure!(answer["type"] == "held", "{answer}");
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
