//! Every connection breaks at the same instant and comes back within a second or two, each at its
//! own planned time, going on from where it was; meanwhile the stock moves. Nobody may miss
//! anything, and everybody must end where the stock does.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{host, tokens};
use crate::fleet::{Fleet, Told, Trip, now_us, unpacked};
use crate::report::{count, micros, say};
use crate::run::Watch;
use crate::stage::{Bench, enough_server_files, names};
use crate::{Client, Report, Run, Spent};

/// From the order to the first who comes back.
const LEAD_US: u64 = 200_000;
/// Units of the SKU before the first change.
const FIRST: u64 = 1_000;

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Storms, one after the other.
    #[arg(long, default_value_t = 3)]
    pub storms: u64,
    /// Within how many milliseconds everybody comes back.
    #[arg(long, default_value_t = 2_000)]
    pub over_ms: u64,
    /// Changes while they are away and come back.
    #[arg(long, default_value_t = 20)]
    pub changes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            storms: 3,
            over_ms: 2_000,
            changes: 20,
        }
    }
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let viewers = run.viewers(10_000);
    enough_server_files(viewers)?;
    let fast = [
        "bookings_per_s",
        "bookings_burst",
        "messages_per_s",
        "messages_burst",
    ];
    let ground = run.ground(&fast.map(|limit| ("limits", limit, 10_000)))?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    let stock = u32::try_from(FIRST)?;
    bench
        .found(
            lapak::domain::Settings::default(),
            &[("STOCK", Some(stock))],
        )
        .await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut report = Report::new(format!(
        "reconnect storm{}: {viewers} viewers within {} ms, {} times",
        run.place(),
        options.over_ms,
        options.storms
    ));
    let mut host = host(&ground, server.address, "host").await?;
    host.done(json!({"type": "drop.open", "sku": "STOCK"}))
        .await?;
    let trip = Trip::to_lives(
        &[server.address],
        &tokens(&ground, &names("v", viewers))?,
        run.clients,
    );
    let mut fleet = Fleet::board(&trip).await?;
    let (watch, mut greeted, mut away) = (Watch::over(&server, "storm"), micros(), 0);
    let (mut spent, mut recovered) = (Spent::default(), 0);
    for storm in 0..options.storms {
        let cpu = ground.spent(&server)?;
        let from_us = now_us() + LEAD_US;
        let seed = run.seed + storm;
        fleet
            .tell(Told::Storm {
                from_us,
                over_us: options.over_ms * 1_000,
                seed,
            })
            .await?;
        change(&mut host, options).await?;
        fleet.connected().await?;
        spent += ground.spent(&server)?.since(cpu);
        // One more change that everybody is there for: then all must stand at the same count.
        add_one(&mut host).await?;
        let last = FIRST + (storm + 1) * (options.changes + 1);
        let tally = fleet.settled(last).await?;
        tally.confess(&mut report);
        report.check(tally.ended == Some((last, last)), || {
            format!(
                "storm {storm}: viewers stand at {:?} of {last}",
                tally.ended
            )
        });
        report.check(tally.closed == 0, || {
            format!("storm {storm}: {} were closed", tally.closed)
        });
        report.check(tally.anew == 0, || {
            format!("storm {storm}: {} could not go on", tally.anew)
        });
        greeted.add(unpacked(&tally.greeted))?;
        away += tally.turned_away;
        recovered += tally.recovered;
        say(format!(
            "storm {}: all are back, {} lies so far",
            storm + 1,
            report.lies_total
        ));
    }
    watch.end(&mut report).await?;
    let all = viewers * usize::try_from(options.storms)?;
    report.check(recovered == all as u64, || {
        format!("{recovered} of {all} went on where they were")
    });
    report.figure("connections that came back", count(all), "");
    report.figure(
        "turned away, and came again",
        count(usize::try_from(away)?),
        "",
    );
    spent.tell(&mut report, "server CPU per return, changes included", all);
    report.latency("planned return to welcome", &greeted);
    drop(fleet);
    drop(host);
    let (status, _) = server.stop().await?;
    report.check(status.success(), || {
        format!("the server stopped with {status}")
    });
    super::audit(&ground, &mut report).await?;
    Ok(report)
}

/// Changes spread over the storm.
async fn change(host: &mut Client, options: &Options) -> Result<()> {
    let apart = Duration::from_millis(options.over_ms) / u32::try_from(options.changes.max(1))?;
    for _ in 0..options.changes {
        add_one(host).await?;
        tokio::time::sleep(apart).await;
    }
    Ok(())
}

async fn add_one(host: &mut Client) -> Result<()> {
    host.done(json!({"type": "stock.add", "sku": "STOCK", "qty": 1, "reason": "more"}))
        .await?;
    Ok(())
}
