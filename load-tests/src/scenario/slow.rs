//! Some viewers never read. They are closed, the others get everything in time, and the server's
//! memory stays bounded.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use lapak::domain::Settings;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{audience, host, tokens};
use crate::client::{PATIENCE, number, upgrade};
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, LIVE, enough_files, names};
use crate::{Client, Heard, Report, Run, http};

/// Bytes that the system keeps for a viewer who does not read: little, so that it shows soon.
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// Bytes by which the server may grow.
const GROWTH_MAX: u64 = 64 << 20;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Percent of them that never read.
    #[arg(long, default_value_t = 5)]
    pub percent: usize,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let viewers = run.viewers(400);
    enough_files(viewers)?;
    let settings = [
        ("limits", "bookings_per_s", 10_000),
        ("limits", "messages_per_s", 10_000),
        ("gateway", "write_timeout_ms", 2_000),
    ];
    let ground = run.ground(&settings)?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench.found(Settings::default(), &[]).await?;
    // A long link makes frames of drops heavy.
    let link = format!("https://example.com/{}", "x".repeat(2_000));
    bench.put_sku("HEAVY", Some(10), Some(&link)).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let slow = (viewers * options.percent / 100).max(1);
    let mut report = Report::new(format!(
        "slow{}: {slow} of {viewers} viewers never read",
        run.place()
    ));
    let mut host = host(&ground, server.address, "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "HEAVY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    let fast = audience(&ground, server.address, &names("fast", viewers - slow)).await?;
    let mut deaf = Vec::new();
    for token in tokens(&ground, &names("deaf", slow))? {
        deaf.push(deaf_viewer(server.address, &token).await?);
    }
    let before = server.resident()?;
    let (news, told) = watch::channel((0_u64, Instant::now()));
    let mut listening = JoinSet::new();
    for client in fast {
        listening.spawn(listen(client, told.clone()));
    }
    let (began, mut most) = (Instant::now(), before);
    let mut pins = 0_u64;
    while slow_closes(server.internal).await? < slow {
        ensure!(
            began.elapsed() < PATIENCE * 2,
            "viewers who do not read are not closed"
        );
        for _ in 0..10 {
            pins += 1;
            news.send_replace((pins, Instant::now()));
            host.done(json!({"type": "drop.pin", "drop": drop, "pinned": pins % 2 == 1}))
                .await?;
        }
        most = most.max(server.resident()?);
    }
    say(format!("{slow} closed after {:?}", began.elapsed()));
    report.figure(
        "until all slow viewers were closed",
        began.elapsed().as_secs_f64(),
        "s",
    );
    std::mem::drop(news);
    host.done(json!({"type": "drop.close", "drop": drop}))
        .await?;
    let mut delays = micros();
    while let Some(one) = listening.join_next().await {
        let (heard, late) = one??;
        delays.add(&late)?;
        report.check(heard == pins, || {
            format!("a fast viewer heard {heard} of {pins} news")
        });
    }
    let grown = most.saturating_sub(before);
    report.figure("news", count(usize::try_from(pins)?), "");
    report.latency("news to a fast viewer", &delays);
    report.figure(
        "server memory grown by at most",
        count(usize::try_from(grown)?),
        "B",
    );
    report.check(grown < GROWTH_MAX, || {
        format!("the server grew by {grown} bytes")
    });
    std::mem::drop(deaf);
    server.stop().await?;
    Ok(report)
}

async fn deaf_viewer(to: SocketAddr, token: &str) -> Result<Client> {
    ensure!(to.ip().is_loopback(), "{to} is not on this machine");
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let stream = socket.connect(to).await?;
    Client::greet(upgrade(stream, to, LIVE).await?, Some(token), None).await
}

/// Hears news until the drop closes; how many there were, and how late each was.
async fn listen(
    mut client: Client,
    told: watch::Receiver<(u64, Instant)>,
) -> Result<(u64, Histogram<u64>)> {
    let (mut heard, mut late) = (0, micros());
    loop {
        match client.next().await? {
            Heard::Message(message) if message["type"] == "drop" => {
                if message["event"] == "closed" {
                    ensure!(client.faults.is_empty(), "{:?}", client.faults);
                    return Ok((heard, late));
                }
                // The opening may reach a viewer who came while it was told.
                if message["event"] == "opened" {
                    continue;
                }
                heard += 1;
                let (newest, at) = *told.borrow();
                // A later one may be under way already; then this one is late by at least as much.
                if newest == heard {
                    late.saturating_record(as_micros(at.elapsed()).max(1));
                }
                ensure!(number(&message["s"]) > 0, "no position: {message}");
            }
            Heard::Message(_) => {}
            Heard::Closed(code) => anyhow::bail!("a viewer who reads was closed ({code:?})"),
        }
    }
}

async fn slow_closes(internal: SocketAddr) -> Result<usize> {
    let page = http::get(internal, "/metrics").await?;
    let line = page
        .text
        .lines()
        .find(|line| line.starts_with("lapak_slow_closes_total "));
    let value = line.and_then(|line| line.split(' ').nth(1));
    Ok(value.map_or(Ok(0), str::parse)?)
}
