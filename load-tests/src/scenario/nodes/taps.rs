//! Everybody taps at once for a few units, at all nodes: exactly those are held.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lapak::engine::redis::config::Acknowledge;
use lapak::gateway::auth::Role;
use serde_json::{Value, json};
use tokio::sync::{Barrier, Semaphore, watch};
use tokio::task::JoinSet;

use super::Options;
use super::customer::{Customer, Seen};
use super::shared::Kind;
use super::street::Street;
use crate::Report;
use crate::client::{book, from_memory, number};
use crate::journal::Record;
use crate::report::{as_micros, count, micros, say};
use crate::scenario::{Chance, host};
use crate::stage::{enough_files, names};

/// A tap that was answered.
struct Tapped {
    viewer: Customer,
    request: Value,
    answer: Value,
    took: Duration,
}

/// Runs it.
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    enough_files(options.viewers * 2)?;
    let skus = names("FLASH", options.rounds);
    let stock: Vec<_> = skus
        .iter()
        .map(|sku| (&**sku, Some(options.units)))
        .collect();
    // Rounds follow each other faster than a person may tap.
    let rates = ["bookings_per_s", "bookings_burst"].map(|rate| ("limits", rate, 1_000_000));
    let acknowledge = Acknowledge::Everysec;
    let mut street = Street::open(
        lapak,
        options.redis,
        acknowledge,
        options.nodes,
        &stock,
        &rates,
    )
    .await?;
    let mut report = Report::new(format!(
        "nodes: {} nodes on {:?}, {} viewers, {} units, {} rounds",
        options.nodes, options.redis, options.viewers, options.units, options.rounds
    ));
    let mut viewers = Vec::new();
    for name in names("v", options.viewers) {
        let token = street.ground.token(Role::Viewer, &name)?;
        let seed = u64::try_from(viewers.len())? + 1;
        viewers.push(Customer::new(token, street.doors.clone(), seed));
    }
    let (mut told, before) = (micros(), street.spent()?);
    for (round, sku) in skus.iter().enumerate() {
        street.until_following().await?;
        let door = street.doors.any(&mut Chance::new(u64::try_from(round)?));
        let door = door.context("no node")?;
        let mut host = host(&street.ground, door, &format!("host-{round}")).await?;
        let opened = host.done(json!({"type": "drop.open", "sku": sku})).await?;
        let drop = opened["drop"].as_str().context("no drop")?.to_owned();
        let fails_over =
            round == options.rounds / 2 && matches!(options.redis, Kind::Sentinel | Kind::Cluster);
        let tapping = tap_all(viewers, &drop, sku);
        let tapped = if fails_over {
            let failing = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                tokio::task::block_in_place(|| street.redis.fail_over())
            };
            let (tapped, failed) = tokio::join!(tapping, failing);
            failed?;
            say("there was a failover");
            tapped?
        } else {
            tapping.await?
        };
        viewers = Vec::new();
        let mut held = 0;
        for one in tapped {
            told.saturating_record(as_micros(one.took));
            let kind = &one.answer["type"];
            if kind == "held" {
                held += number(&one.answer["qty"]);
            } else {
                let sold_out = one.answer["code"] == "sold_out";
                report.check(sold_out, || format!("round {round}: {}", one.answer));
            }
            report.check(one.request["id"] == one.answer["id"], || {
                "another's answer".into()
            });
            viewers.push(one.viewer);
        }
        report.check(held == u64::from(options.units), || {
            format!("round {round}: {held} units were held")
        });
        viewers = see_the_end(viewers, &drop, &mut report).await?;
        say(format!(
            "round {}: {} lies so far",
            round + 1,
            report.lies_total
        ));
    }
    let spent = street.spent()?.since(before);
    street.check_alive(&mut report);
    street.until_following().await?;
    let entries = street.until_equal(&mut report).await?;
    street.until_shown_equal(&mut report).await?;
    let record = Record::read(&street.node(0)?.state)?;
    for fault in &record.faults {
        report.lie(format!("journal: {fault}"));
    }
    let outcomes = record.outcomes();
    let (mut asked, mut again, mut behind) = (0, 0, 0);
    for viewer in viewers {
        (again, behind) = (again + viewer.again, behind + viewer.behind);
        let story = viewer.story();
        for fault in &story.faults {
            report.lie(fault.clone());
        }
        for one in story.asked {
            asked += 1;
            let id: Option<uuid::Uuid> = one.request["id"].as_str().and_then(|id| id.parse().ok());
            let decided = id.and_then(|id| outcomes.get(&id.as_u128()));
            let held = one.answer.as_ref().map(|answer| answer["type"] == "held");
            let kept = !one.answer.as_ref().is_some_and(from_memory);
            let told = if kept { held } else { None };
            report.check(decided.map(|outcome| outcome.is_ok()) == told, || {
                format!("told {:?}, journal {decided:?}", one.answer)
            });
        }
    }
    report.figure("requests", count(asked), "");
    spent.tell(
        &mut report,
        "server CPU per request, telling all included",
        asked,
    );
    report.figure("sent again before there was an answer", count(again), "");
    report.figure("welcomed by a node that was behind", count(behind), "");
    report.figure("entries in each journal", count(entries), "");
    report.latency("tap to answer", &told);
    street.close(&mut report).await?;
    Ok(report)
}

async fn tap_all(viewers: Vec<Customer>, drop: &str, sku: &str) -> Result<Vec<Tapped>> {
    let (all_here, few) = (
        Arc::new(Barrier::new(viewers.len())),
        Arc::new(Semaphore::new(256)),
    );
    let mut taps = JoinSet::new();
    for mut viewer in viewers {
        let (request, here, few) = (book(drop, sku), Arc::clone(&all_here), Arc::clone(&few));
        taps.spawn(async move {
            let place = few.acquire().await?;
            viewer.arrive().await?;
            std::mem::drop(place);
            here.wait().await;
            let planned = Instant::now();
            let answer = viewer.ask(request.clone()).await?;
            let took = planned.elapsed();
            anyhow::Ok(Tapped {
                viewer,
                request,
                answer,
                took,
            })
        });
    }
    let mut tapped = Vec::new();
    while let Some(done) = taps.join_next().await {
        tapped.push(done??);
    }
    Ok(tapped)
}

/// Every viewer is shown that nothing is left.
async fn see_the_end(
    viewers: Vec<Customer>,
    drop: &str,
    report: &mut Report,
) -> Result<Vec<Customer>> {
    let (_over, wanted) = watch::channel(Some(Seen::from([(drop.to_owned(), 0)])));
    let mut all = JoinSet::new();
    for mut viewer in viewers {
        let wanted = wanted.clone();
        all.spawn(async move {
            let seen = viewer.watch(wanted).await;
            (viewer, seen)
        });
    }
    let mut there = Vec::new();
    while let Some(done) = all.join_next().await {
        let (viewer, seen) = done?;
        report.check(seen.is_ok(), || format!("{seen:?}"));
        there.push(viewer);
    }
    Ok(there)
}
