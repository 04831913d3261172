//! `kill -9` of nodes under load, and what else a night brings.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use lapak::engine::redis::config::Acknowledge;
use tokio::time::sleep;

use super::Options;
use super::storm::{SKUS, Storm};
use super::street::Street;
use crate::Report;
use crate::report::{as_micros, count, micros, say};
use crate::scenario::Chance;

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
        (options.forget, "SCRIPT FLUSH"),
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
    let disturbs = options.freeze || options.power || options.stall;
    let (mut ready, mut disturbed, mut starts) = (micros(), 0, 0);
    for time in 0..options.times {
        let earlier = street.redis.copy_files().ok();
        // Where in the load it falls is the point; nothing is synchronised by this.
        sleep(Duration::from_millis(options.every_ms)).await;
        street.check_alive(&mut report);
        if !report.is_clean() {
            break;
        }
        if (options.forget || disturbs && time % 5 == 4) && disturb(&mut street, options).await? {
            disturbed += 1;
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
    report.figure("times Redis was disturbed", count(disturbed), "");
    report.figure("starts until all were back", count(starts), "");
    report.latency("node restarted to ready", &ready);
    storm.end(&street, &mut report).await?;
    street.close(&mut report).await?;
    Ok(report)
}

/// Does to Redis what the options say.
async fn disturb(street: &mut Street, options: &Options) -> Result<bool> {
    if options.freeze {
        tokio::task::block_in_place(|| street.redis.freeze(Duration::from_secs(3)));
    }
    if options.forget {
        for _ in 0..40 {
            street.redis.say(&["SCRIPT", "FLUSH"]);
        }
    }
    if options.power {
        tokio::task::block_in_place(|| street.redis.restart())?;
    }
    if options.stall {
        street.stall(0, Duration::from_secs(8)).await?;
    }
    Ok(true)
}
