//! One change, ten thousand viewers: what a delivered frame costs the server, and how long it
//! takes to arrive.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use hdrhistogram::Histogram;
use lapak::domain::Settings;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{each, host, tokens};
use crate::client::open;
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, Ground, LIVE, enough_files, names};
use crate::{Client, Report, Server};

/// Units of the SKU before the first change: later counts tell which change is shown.
const FIRST: u32 = 1_000;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Connections that watch.
    #[arg(long, default_value_t = 10_000)]
    pub viewers: usize,
    /// Changes, one after the other.
    #[arg(long, default_value_t = 40)]
    pub changes: u32,
    /// Milliseconds between changes.
    #[arg(long, default_value_t = 500)]
    pub every_ms: u64,
}

/// Runs it.
pub async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    enough_files(options.viewers)?;
    // The host of this scenario works faster than a person may.
    let fast = [
        ("limits", "bookings_per_s", 100),
        ("limits", "messages_per_s", 100),
    ];
    let ground = Ground::new(lapak, &fast)?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench
        .found(Settings::default(), &[("STOCK", Some(FIRST))])
        .await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut report = Report::new(format!("fan-out: {} viewers", options.viewers));
    let mut host = host(&ground, server.address, "host").await?;
    host.done(json!({"type": "drop.open", "sku": "STOCK"}))
        .await?;
    let sockets = watchers(&ground, &server, options.viewers, &mut report).await?;
    let plan = Arc::new(Mutex::new(Vec::new()));
    let last = FIRST + options.changes;
    let mut watching = JoinSet::new();
    for socket in sockets {
        watching.spawn(watch(socket, last, Arc::clone(&plan)));
    }
    let (cpu, own) = (server.cpu()?, crate::usage::cpu(std::process::id())?);
    change(&mut host, options, &plan).await?;
    let (mut told, mut frames) = (micros(), 0);
    while let Some(one) = watching.join_next().await {
        let (delays, heard) = one??;
        told.add(&delays)?;
        frames += heard;
    }
    let spent = server.cpu()?.saturating_sub(cpu);
    let own = crate::usage::cpu(std::process::id())?.saturating_sub(own);
    report.figure("frames delivered", count(frames), "");
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / count(frames.max(1));
    report.figure("server CPU per delivered frame", each(spent), "µs");
    report.figure("client CPU per delivered frame", each(own), "µs");
    report.latency("planned change to frame", &told);
    server.stop().await?;
    Ok(report)
}

/// Connects everybody, and measures what each costs while nothing happens.
async fn watchers(
    ground: &Ground,
    server: &Server,
    viewers: usize,
    report: &mut Report,
) -> Result<Vec<WebSocketStream<TcpStream>>> {
    let first = tokens(ground, &names("first", 100))?;
    let join = |token: String| async move { watcher(server, &token).await };
    let warm = each(first, join).await?;
    let before = server.resident()?;
    let sockets = each(tokens(ground, &names("v", viewers))?, join).await?;
    let grown = server.resident()?.saturating_sub(before);
    drop(warm);
    say(format!("{viewers} viewers connected"));
    let bytes = count(usize::try_from(grown)?) / count(viewers);
    report.figure("resident bytes per idle connection", bytes.round(), "B");
    Ok(sockets)
}

/// A connection that reads frames as bytes: the server is measured, not a JSON reader.
async fn watcher(server: &Server, token: &str) -> Result<WebSocketStream<TcpStream>> {
    let mut socket = open(server.address, LIVE).await?;
    let hello = json!({"type": "connect", "token": token});
    socket.send(Message::text(hello.to_string())).await?;
    let welcome = socket.next().await.context("closed")??;
    ensure!(welcome.to_text()?.contains("\"welcome\""), "{welcome}");
    Ok(socket)
}

/// Adds a unit at each planned time; frames that show it are late by what has passed since then.
async fn change(host: &mut Client, options: &Options, plan: &Mutex<Vec<Instant>>) -> Result<()> {
    let began = Instant::now() + Duration::from_millis(200);
    for number in 0..options.changes {
        let planned = began + Duration::from_millis(options.every_ms) * number;
        sleep_until(planned.into()).await;
        plan.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(planned);
        host.done(json!({"type": "stock.add", "sku": "STOCK", "qty": 1, "reason": "more"}))
            .await?;
        if number % 10 == 9 {
            say(format!("{} changes", number + 1));
        }
    }
    Ok(())
}

async fn watch(
    mut socket: WebSocketStream<TcpStream>,
    last: u32,
    plan: Arc<Mutex<Vec<Instant>>>,
) -> Result<(Histogram<u64>, usize)> {
    let (mut told, mut frames, mut seen) = (micros(), 0, FIRST);
    while seen < last {
        let message = socket.next().await.context("closed")??;
        let Message::Text(text) = message else {
            continue;
        };
        frames += 1;
        let Some(available) = available(&text) else {
            continue;
        };
        ensure!(
            available >= seen,
            "the stock went back from {seen} to {available}"
        );
        if available > seen {
            seen = available;
            let index = usize::try_from(available - FIRST - 1)?;
            let planned = plan
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(index)
                .copied();
            let planned = planned.context("a change is shown that was never made")?;
            told.saturating_record(as_micros(planned.elapsed()).max(1));
        }
    }
    Ok((told, frames))
}

fn available(text: &str) -> Option<u32> {
    let line = text.lines().rev().find(|line| line.contains("\"stock\""))?;
    let (_, after) = line.split_once("\"available\":")?;
    let end = after.find(|c: char| !c.is_ascii_digit())?;
    after[..end].parse().ok()
}
