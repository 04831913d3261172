//! `kill -9` at a random instant under load, again and again on the same state; and SIGTERM.
//! Everything acknowledged is there afterwards, with the same answer.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use lapak::domain::Settings;
use serde_json::json;
use tokio::time::sleep;

use super::load::{Shelf, Story, ask_again, begin};
use super::{audit, host};
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, Ground};
use crate::{Report, Run, Server};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// How often the server is killed.
    #[arg(long, default_value_t = 100)]
    pub times: usize,
    /// Customers of each load; each makes five requests.
    #[arg(long, default_value_t = 60)]
    pub clients: usize,
}

/// A shop with two drops, and its server.
async fn open(ground: &Ground) -> Result<(Server, Shelf)> {
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    let skus = [("PLENTY", Some(900_000)), ("FEW", Some(10))];
    bench.found(Settings::default(), &skus).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut host = host(ground, server.address, "host").await?;
    let mut drops = Vec::new();
    for (sku, _) in skus {
        let opened = host.done(json!({"type": "drop.open", "sku": sku})).await?;
        let drop = opened["drop"].as_str().context("no drop")?;
        drops.push((drop.to_owned(), sku.to_owned()));
    }
    let few = drops.pop().context("no drop")?;
    let plenty = drops.pop().context("no drop")?;
    Ok((server, Shelf { plenty, few }))
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let ground = run.ground(&[])?;
    let (mut server, shelf) = open(&ground).await?;
    let mut report = Report::new(format!("crash: {} times kill -9", options.times));
    let (mut ready, mut chance) = (micros(), run.chance(0));
    let mut acknowledged = 0;
    for time in 0..options.times {
        let name = format!("c{time}");
        let load = begin(&ground, server.address, &name, options.clients, &shelf).await?;
        // Where in the load it falls is the point; nothing is synchronised by this.
        sleep(Duration::from_millis(5 + chance.below(200))).await;
        server.kill().await?;
        let stories = load.end().await?;
        audit(&ground, &mut report).await?;
        server = ground.serve().await?;
        ready.saturating_record(as_micros(server.ready_after));
        acknowledged += ask_again(server.address, stories, &mut report).await?;
        if (time + 1) % 10 == 0 {
            say(format!(
                "{} kills, {acknowledged} answers, {} lies",
                time + 1,
                report.lies_total
            ));
        }
    }
    server.stop().await?;
    let record = audit(&ground, &mut report).await?;
    report.figure("kills", count(options.times), "");
    report.figure("acknowledged answers asked again", count(acknowledged), "");
    report.figure(
        "decisions in the journal",
        count(record.decisions.len()),
        "",
    );
    report.latency("restart to ready", &ready);
    report.check(acknowledged > 0, || {
        "nothing was acknowledged before the kills".into()
    });
    Ok(report)
}

/// SIGTERM under load: a hint, close 1012, exit 0 within ten seconds, nothing lost.
pub async fn stop(run: &Run, options: &Options) -> Result<Report> {
    let ground = run.ground(&[])?;
    let (server, shelf) = open(&ground).await?;
    let mut report = Report::new("stop: SIGTERM under load");
    let load = begin(&ground, server.address, "s", options.clients, &shelf).await?;
    sleep(Duration::from_millis(run.chance(0).below(150))).await;
    let (status, took) = server.stop().await?;
    let stories = load.end().await?;
    report.check(status.success(), || format!("it exits with {status}"));
    report.check(took < Duration::from_secs(10), || {
        format!("it takes {took:?}")
    });
    for Story {
        drained, closed, ..
    } in &stories
    {
        report.check(*drained, || "a viewer was not told to come back".into());
        report.check(*closed == Some(Some(1012)), || {
            format!("closed with {closed:?}")
        });
    }
    audit(&ground, &mut report).await?;
    let server = ground.serve().await?;
    let acknowledged = ask_again(server.address, stories, &mut report).await?;
    server.stop().await?;
    audit(&ground, &mut report).await?;
    report.figure("SIGTERM to exit", took.as_secs_f64() * 1_000.0, "ms");
    report.figure("acknowledged answers asked again", count(acknowledged), "");
    Ok(report)
}
