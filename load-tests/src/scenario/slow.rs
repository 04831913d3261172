//! Some viewers never read. They are closed, the others get everything as late as without them, and
//! the server's memory stays bounded. The same viewers hear the same news before and after the deaf
//! ones come; the next news waits until everybody who reads has the ones before.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use lapak::domain::Settings;
use serde_json::json;
use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::{audience, host, tokens};
use crate::client::{PATIENCE, number, upgrade};
use crate::report::{count, say, times};
use crate::stage::{Bench, LIVE, enough_files, names};
use crate::{Client, Heard, Report, Run, http};

/// Bytes that the system keeps for a viewer who does not read: little, so that it shows soon.
const RECEIVE_BUFFER: u32 = 4 * 1024;
/// Bytes by which the server may grow.
const GROWTH_MAX: u64 = 64 << 20;
/// News that are told one right after the other.
const BURST: usize = 10;
/// News before there is anybody who does not read.
const ALONE: usize = 250;

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
    let desk = Arc::new(Desk::default());
    let mut listening = JoinSet::new();
    for client in fast {
        listening.spawn(listen(client, Arc::clone(&desk)));
    }
    let mut publish = Publish {
        host: &mut host,
        desk: &desk,
        drop: &drop,
        readers: viewers - slow,
    };
    for _ in 0..ALONE / BURST {
        publish.burst().await?;
        // As it is asked below.
        slow_closes(server.internal).await?;
    }
    desk.deaf.store(true, Ordering::Relaxed);
    let mut deaf = Vec::new();
    for token in tokens(&ground, &names("deaf", slow))? {
        deaf.push(deaf_viewer(server.address, &token).await?);
    }
    let before = server.resident()?;
    let (began, mut most) = (Instant::now(), before);
    while slow_closes(server.internal).await? < slow {
        ensure!(
            began.elapsed() < PATIENCE * 4,
            "viewers who do not read are not closed"
        );
        publish.burst().await?;
        most = most.max(server.resident()?);
    }
    let pins = desk.told();
    say(format!("{slow} closed after {:?}", began.elapsed()));
    report.figure(
        "until all slow viewers were closed",
        began.elapsed().as_secs_f64(),
        "s",
    );
    host.done(json!({"type": "drop.close", "drop": drop}))
        .await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    while let Some(one) = listening.join_next().await {
        let mut late = one??;
        alone.append(&mut late.alone);
        beside.append(&mut late.beside);
        report.check(late.heard == pins, || {
            format!("a fast viewer heard {} of {pins} news", late.heard)
        });
    }
    let grown = most.saturating_sub(before);
    let (alone, beside) = (times(&alone), times(&beside));
    report.figure("news", count(pins), "");
    report.latency("news to a fast viewer, all read", &alone);
    report.latency("news to a fast viewer, some do not read", &beside);
    report.figure("p50 beside them / alone", ratio(&beside, &alone, 0.5), "×");
    report.figure("p99 beside them / alone", ratio(&beside, &alone, 0.99), "×");
    report.figure(
        "server memory grown by at most",
        count(usize::try_from(grown)?),
        "B",
    );
    report.check(grown < GROWTH_MAX, || {
        format!("the server grew by {grown} bytes")
    });
    std::mem::drop(deaf);
    let (status, _) = server.stop().await?;
    report.check(status.success(), || {
        format!("the server stopped with {status}")
    });
    super::audit(&ground, &mut report).await?;
    Ok(report)
}

async fn deaf_viewer(to: SocketAddr, token: &str) -> Result<Client> {
    ensure!(to.ip().is_loopback(), "{to} is not on this machine");
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
    let stream = socket.connect(to).await?;
    Client::greet(upgrade(stream, to, LIVE).await?, Some(token), None).await
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn ratio(now: &Histogram<u64>, then: &Histogram<u64>, quantile: f64) -> f64 {
    now.value_at_quantile(quantile) as f64 / then.value_at_quantile(quantile).max(1) as f64
}

/// Who tells the news, and when each was told.
struct Publish<'a> {
    host: &'a mut Client,
    desk: &'a Desk,
    drop: &'a str,
    readers: usize,
}

#[derive(Default)]
struct Desk {
    /// When each of the news was told.
    told: Mutex<Vec<Instant>>,
    /// How many were heard, over all who read.
    heard: AtomicUsize,
    /// Whether there are some who do not read.
    deaf: AtomicBool,
}

impl Desk {
    /// One more, now; how many there are then.
    fn tell(&self) -> usize {
        let mut told = self.lock();
        told.push(Instant::now());
        told.len()
    }

    fn told(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publish<'_> {
    /// Some news, one right after the other, until everybody who reads has them.
    async fn burst(&mut self) -> Result<()> {
        for _ in 0..BURST {
            let pinned = self.desk.tell() % 2 == 1;
            let pin = json!({"type": "drop.pin", "drop": self.drop, "pinned": pinned});
            self.host.done(pin).await?;
        }
        let (all, began) = (self.desk.told() * self.readers, Instant::now());
        while self.desk.heard.load(Ordering::Relaxed) < all {
            ensure!(
                began.elapsed() < PATIENCE,
                "somebody who reads hears nothing"
            );
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}

/// What one viewer heard, and how late.
#[derive(Default)]
struct Late {
    heard: usize,
    alone: Vec<Duration>,
    beside: Vec<Duration>,
}

/// Hears news until the drop closes.
async fn listen(mut client: Client, desk: Arc<Desk>) -> Result<Late> {
    let mut late = Late::default();
    loop {
        match client.next().await? {
            Heard::Message(message) if message["type"] == "drop" => {
                if message["event"] == "closed" {
                    ensure!(client.faults.is_empty(), "{:?}", client.faults);
                    return Ok(late);
                }
                // The opening may reach a viewer who came while it was told.
                if message["event"] == "opened" {
                    continue;
                }
                let told = desk.lock().get(late.heard).copied();
                let took = told.context("news that nobody told")?.elapsed();
                let phase = if desk.deaf.load(Ordering::Relaxed) {
                    &mut late.beside
                } else {
                    &mut late.alone
                };
                // The first find every client still busy with what came while all of them connected.
                if late.heard >= BURST {
                    phase.push(took);
                }
                late.heard += 1;
                desk.heard.fetch_add(1, Ordering::Relaxed);
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
