//! Viewers who only watch: of servers that run already, named by their addresses, or of some of
//! our own. Frames must leave no gap and nobody may be closed. More than 28,000 connections come
//! from several processes and several addresses of the loopback.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::{ArgAction, Args};
use lapak::clock::Clock;
use lapak::domain::Settings;
use tokio::time::sleep;

use crate::fleet::{Fleet, Kind, Trip};
use crate::report::{count, per, say};
use crate::stage::{Bench, LIVE, enough_server_files};
use crate::{Report, Run, Server, usage};

/// How long is between two looks at what came.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// A server that runs; more than one: viewers take turns. None: servers of our own.
    #[arg(long)]
    pub target: Vec<SocketAddr>,
    /// Servers of our own.
    #[arg(long, default_value_t = 1)]
    pub servers: usize,
    /// The live that is watched.
    #[arg(long, default_value = LIVE)]
    pub live: String,
    /// Load a target that is not on this machine; must be given twice.
    #[arg(long, action = ArgAction::Count)]
    pub not_loopback: u8,
}

impl Default for Options {
    fn default() -> Self {
        let (target, live) = (Vec::new(), LIVE.to_owned());
        Self {
            target,
            servers: 1,
            live,
            not_loopback: 0,
        }
    }
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let (viewers, length) = (run.viewers(1_000), run.length(10));
    check_targets(&options.target, options.not_loopback)?;
    let own = own_servers(run, options, viewers).await?;
    let to = match &*options.target {
        [] => own.iter().map(|(_, server)| server.address).collect(),
        named => named.to_vec(),
    };
    let trip = Trip {
        hello: vec![r#"{"type":"connect"}"#.to_owned(); viewers],
        path: format!("/v1/lives/{}/ws", options.live),
        lines: viewers,
        kind: Kind::Lapak,
        crews: run.clients,
        to,
    };
    let mut report = Report::new(format!(
        "watch: {viewers} viewers of {} servers",
        trip.to.len()
    ));
    let spent = || {
        let each = own.iter().map(|(_, server)| usage::cpu(server.pid));
        each.sum::<Result<Duration>>()
    };
    let (cpu, began) = (spent()?, Instant::now());
    let mut fleet = Fleet::board(&trip).await?;
    let wall = began.elapsed();
    report.figure("connections", count(viewers), "");
    report.figure(
        "connections a second",
        (count(viewers) / wall.as_secs_f64()).round(),
        "/s",
    );
    if !own.is_empty() {
        let spent = spent()?.saturating_sub(cpu);
        report.figure("server CPU per connection", per(spent, viewers), "µs");
    }
    say(format!("{viewers} viewers connected in {wall:.1?}"));
    let until = Instant::now() + length;
    let mut all = fleet.count().await?;
    while Instant::now() < until {
        sleep(LOOK_EVERY.min(until.saturating_duration_since(Instant::now()))).await;
        all = all.with(fleet.count().await?);
        say(format!("{} frames, {} closed", all.frames, all.closed));
    }
    all.confess(&mut report);
    report.check(all.closed == 0, || {
        format!("{} viewers were closed", all.closed)
    });
    report.figure(
        "turned away, and came again",
        count(usize::try_from(all.turned_away)?),
        "",
    );
    report.figure("frames", count(usize::try_from(all.frames)?), "");
    drop(fleet);
    for (_, server) in own {
        let (status, _) = server.stop().await?;
        report.check(status.success(), || {
            format!("a server stopped with {status}")
        });
    }
    Ok(report)
}

/// Somebody else's machine is not loaded by a slip of the keyboard.
fn check_targets(targets: &[SocketAddr], told: u8) -> Result<()> {
    for target in targets {
        ensure!(
            target.ip().is_loopback() || told >= 2,
            "{target} is not on this machine; if it is yours, say --not-loopback twice"
        );
        ensure!(target.is_ipv4(), "{target}: only IPv4 addresses");
    }
    Ok(())
}

async fn own_servers(
    run: &Run,
    options: &Options,
    viewers: usize,
) -> Result<Vec<(crate::Ground, Server)>> {
    let mut own = Vec::new();
    if options.target.is_empty() {
        enough_server_files(viewers.div_ceil(options.servers.max(1)))?;
        for _ in 0..options.servers.max(1) {
            let ground = run.ground(&[])?;
            let bench = Bench::open(&ground.state(), &Clock::default())?;
            bench
                .found(Settings::default(), &[("A", Some(1_000))])
                .await?;
            bench.close().await?;
            let server = ground.serve().await?;
            own.push((ground, server));
        }
    }
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_refused_unless_told_twice() {
        let (here, there) = (
            "127.0.0.1:1".parse().unwrap(),
            "192.0.2.1:1".parse().unwrap(),
        );
        assert!(check_targets(&[here], 0).is_ok());
        assert!(check_targets(&[here, there], 0).is_err());
        assert!(check_targets(&[there], 1).is_err());
        assert!(check_targets(&[there], 2).is_ok());
    }
}
