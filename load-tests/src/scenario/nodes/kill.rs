//! `kill -9` of nodes under load, and what else a night brings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use lapak::engine::redis::config::Acknowledge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Options;
use super::storm::{SKUS, Storm};
use super::street::Street;
use crate::Report;
use crate::client::PATIENCE;
use crate::report::{as_micros, count, micros, say};
use crate::scenario::Chance;

/// Which kills are disturbed, where something is done to what nodes share.
const EVERY: usize = 5;
/// How long Redis keeps its scripts, where it forgets them.
const FORGETS_EVERY: Duration = Duration::from_millis(10);
/// How long Redis stands still.
const FROZEN: Duration = Duration::from_secs(3);
/// How long a node stands still.
const STALLED: Duration = Duration::from_secs(8);

/// What was done, and how often.
#[derive(Debug, Default)]
struct Done {
    frozen: usize,
    cut: usize,
    stalled: usize,
    lost: usize,
}

/// Runs it.
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    let acknowledge = if options.power {
        Acknowledge::Always
    } else {
        Acknowledge::Everysec
    };
    let mut what = vec![format!("kill -9 of a node, {} times", options.times)];
    for (on, name) in [
        (options.freeze, "Redis stands still for 3 s"),
        (options.forget, "SCRIPT FLUSH in a loop"),
        (options.power, "Redis killed and back"),
        (options.lose, "Redis emptied or put back meanwhile"),
        (options.stall, "a node stands still for 8 s"),
    ] {
        if on {
            what.push(name.to_owned());
        }
    }
    let mut report = Report::new(format!("nodes: {}", what.join(", ")));
    let mut street =
        Street::open(lapak, options.redis, acknowledge, options.nodes, &SKUS, &[]).await?;
    let storm = Storm::begin(&street, options.customers, "k").await?;
    let mut chance = Chance::new(options.seed);
    let forgetting = options.forget.then(|| Forgetting::begin(&street));
    let (mut ready, mut cuts, mut done, mut starts) = (micros(), micros(), Done::default(), 0);
    for time in 0..options.times {
        let earlier = street.redis.copy_files().ok();
        // Where in the load it falls is the point; nothing is synchronised by this.
        sleep(Duration::from_millis(options.every_ms)).await;
        street.check_alive(&mut report);
        if !report.is_clean() {
            break;
        }
        if time % EVERY == EVERY - 1 {
            disturb(&mut street, options, &mut done, &mut cuts).await?;
        }
        let running = street.running();
        let victim = usize::try_from(chance.below(u64::try_from(running.len())?))?;
        let Some(victim) = running.get(victim).copied() else {
            continue;
        };
        street.kill(victim).await?;
        if options.lose {
            // What it has told is with the others by then.
            sleep(Duration::from_millis(200)).await;
            done.lost += 1;
            if time.is_multiple_of(2) {
                street.redis.say(&["FLUSHALL"]);
            } else if let Some(files) = &earlier {
                tokio::task::block_in_place(|| street.redis.restart_with(files))?;
            }
        }
        match street.start(victim).await {
            Ok(times) => starts += times,
            Err(error) => {
                report.lie(format!("node {victim} does not come back: {error:#}"));
                break;
            }
        }
        if let Some(server) = &street.node(victim)?.server {
            ready.saturating_record(as_micros(server.ready_after));
        }
        say(format!(
            "{} kills, {} answers, {} lies",
            time + 1,
            storm.answered(),
            report.lies_total
        ));
    }
    report.figure("kills", count(options.times), "");
    for (name, times) in [
        ("  Redis stood still for 3 s", done.frozen),
        ("  power cuts of Redis", done.cut),
        ("  Redis was emptied or put back", done.lost),
        ("  a node stood still for 8 s", done.stalled),
    ] {
        if times > 0 {
            report.figure(name, count(times), "");
        }
    }
    if let Some(forgetting) = forgetting {
        let times = forgetting.end().await;
        report.figure("  Redis forgot its scripts", count(times), "");
        report.check(times > options.times, || {
            format!("Redis forgot its scripts {times} times only")
        });
    }
    report.figure("starts until all were back", count(starts), "");
    report.latency("node restarted to ready", &ready);
    report.latency("power cut to Redis being back", &cuts);
    storm.end(&street, &mut report).await?;
    street.close(&mut report).await?;
    Ok(report)
}

/// Does what the options say.
async fn disturb(
    street: &mut Street,
    options: &Options,
    done: &mut Done,
    cuts: &mut Histogram<u64>,
) -> Result<()> {
    if options.freeze {
        tokio::task::block_in_place(|| street.redis.freeze(FROZEN));
        done.frozen += 1;
    }
    if options.power {
        let began = Instant::now();
        tokio::task::block_in_place(|| street.redis.restart())?;
        cuts.saturating_record(as_micros(began.elapsed()));
        done.cut += 1;
    }
    if options.stall {
        street.stall(0, STALLED).await?;
        done.stalled += 1;
    }
    Ok(())
}

/// Makes Redis forget its scripts, again and again.
struct Forgetting {
    going: Arc<AtomicBool>,
    loops: JoinSet<usize>,
}

impl Forgetting {
    fn begin(street: &Street) -> Self {
        let going = Arc::new(AtomicBool::new(true));
        let mut loops = JoinSet::new();
        for port in street.redis.ports() {
            loops.spawn(forget(port, Arc::clone(&going)));
        }
        Self { going, loops }
    }

    /// How often all of them have.
    async fn end(mut self) -> usize {
        self.going.store(false, Ordering::Relaxed);
        let mut times = 0;
        while let Some(one) = self.loops.join_next().await {
            times += one.unwrap_or_default();
        }
        times
    }
}

/// One server; it may be away, or stand still, for a while.
async fn forget(port: u16, going: Arc<AtomicBool>) -> usize {
    let (mut times, mut line) = (0, None);
    while going.load(Ordering::Relaxed) {
        sleep(FORGETS_EVERY).await;
        if line.is_none() {
            line = TcpStream::connect(("127.0.0.1", port)).await.ok();
        }
        let Some(open) = &mut line else { continue };
        match timeout(PATIENCE, say_forget(open)).await {
            Ok(Ok(true)) => times += 1,
            Ok(Ok(false)) => {}
            Ok(Err(_)) | Err(_) => line = None,
        }
    }
    times
}

/// Whether it did; a server that is reading its files says that it cannot yet.
async fn say_forget(line: &mut TcpStream) -> std::io::Result<bool> {
    line.write_all(b"SCRIPT FLUSH\r\n").await?;
    let mut answer = [0; 256];
    match line.read(&mut answer).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        count => Ok(answer[..count].starts_with(b"+OK")),
    }
}
