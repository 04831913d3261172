//! A crowd that no single server could have: it comes to all nodes, watches the stock of one drop
//! move, then a second drop opens for everybody and all tap.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::engine::redis::config::Acknowledge;
use serde_json::json;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::Options;
use super::street::Street;
use crate::fleet::{Fleet, Tally, Told, Trip, now_us, unpacked};
use crate::journal::Record;
use crate::report::{count, say};
use crate::scenario::{host, tokens};
use crate::stage::{enough_server_files, names};
use crate::{Client, Report};

/// Units of what moves, before the first change.
const FIRST: u64 = 1_000;
/// Changes that everybody is told.
const CHANGES: u64 = 10;
/// Deliveries a second over all nodes while the stock moves.
const RATE: usize = 40_000;
/// Viewers of each node who come before memory is looked at: they pay for what is there once.
const WARM: usize = 100;
/// From an order to the crews to what it plans.
const LEAD: Duration = Duration::from_millis(500);
/// How long everybody is given to hear that the drop is open.
const SILENCE: Duration = Duration::from_secs(20);
/// Who runs the live works faster than a person may.
const FAST: [&str; 4] = [
    "bookings_per_s",
    "bookings_burst",
    "messages_per_s",
    "messages_burst",
];

/// Runs it.
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    let viewers = options.viewers;
    enough_server_files(viewers.div_ceil(options.nodes.max(1)))?;
    let stock = [
        ("STOCK", Some(u32::try_from(FIRST)?)),
        ("CROWD", Some(options.units)),
    ];
    let limits = FAST.map(|limit| ("limits", limit, 100_000));
    let street = Street::open(
        lapak,
        options.redis,
        Acknowledge::Everysec,
        options.nodes,
        &stock,
        &limits,
    );
    let mut street = street.await?;
    let mut report = Report::new(format!(
        "crowd: {viewers} viewers of {} nodes on {:?}, {} units",
        options.nodes, options.redis, options.units
    ));
    let open = json!({"type": "drop.open", "sku": "STOCK"});
    a_host(&street).await?.done(open).await?;
    let mut fleet = board(&street, options, &mut report).await?;
    watch(&street, options, &mut fleet, &mut report).await?;
    let (drop, tally) = tap(&street, options, &mut fleet, &mut report).await?;
    street.check_alive(&mut report);
    street.until_following().await?;
    let entries = street.until_equal(&mut report).await?;
    report.figure("entries in each journal", count(entries), "");
    let record = Record::read(&street.node(0)?.state)?;
    judge(&mut report, &record, &tally, drop, options)?;
    std::mem::drop(fleet);
    street.close(&mut report).await?;
    Ok(report)
}

/// A new host for each part: one who says nothing while a crowd comes would be taken for lost.
async fn a_host(street: &Street) -> Result<Client> {
    let door = *street.addresses().first().context("no node")?;
    host(&street.ground, door, "host").await
}

/// Everybody comes, in turns to every node.
async fn board(street: &Street, options: &Options, report: &mut Report) -> Result<Fleet> {
    let (to, viewers) = (street.addresses(), options.viewers);
    let trip = |name: &str, count: usize| -> Result<Trip> {
        let tokens = tokens(&street.ground, &names(name, count))?;
        Ok(Trip::to_lives(&to, &tokens, options.clients))
    };
    let warm = Fleet::board(&trip("warm", (WARM * to.len()).min(viewers))?).await?;
    let trip = trip("v", viewers)?;
    let (resident, before, began) = (street.resident()?, street.spent()?, Instant::now());
    let mut fleet = Fleet::board(&trip).await?;
    let (wall, spent) = (began.elapsed(), street.spent()?.since(before));
    let grown = street.resident()?.saturating_sub(resident);
    let tally = fleet.count().await?;
    std::mem::drop(warm);
    say(format!("{viewers} viewers connected in {wall:.1?}"));
    report.figure("connections", count(viewers), "");
    report.figure(
        "connections a second",
        (count(viewers) / wall.as_secs_f64()).round(),
        "/s",
    );
    report.figure(
        "turned away, and came again",
        count(usize::try_from(tally.turned_away)?),
        "",
    );
    spent.tell(report, "server CPU per connection", viewers);
    report.figure(
        "resident bytes per idle connection, all nodes",
        (count(usize::try_from(grown)?) / count(viewers)).round(),
        "B",
    );
    Ok(fleet)
}

/// Everybody is told the same few changes, each on all nodes.
async fn watch(
    street: &Street,
    options: &Options,
    fleet: &mut Fleet,
    report: &mut Report,
) -> Result<()> {
    let mut host = a_host(street).await?;
    let every = Duration::from_secs(1) * u32::try_from(options.viewers)? / u32::try_from(RATE)?;
    let (before, began) = (street.spent()?, Instant::now() + LEAD);
    let plan = Told::Plan {
        first: FIRST + 1,
        from_us: now_us() + u64::try_from(LEAD.as_micros())?,
        every_us: u64::try_from(every.as_micros())?.max(1),
    };
    fleet.tell(plan).await?;
    for n in 0..CHANGES {
        sleep_until((began + every * u32::try_from(n)?).into()).await;
        let more = json!({"type": "stock.add", "sku": "STOCK", "qty": 1, "reason": "more"});
        host.done(more).await?;
    }
    let last = FIRST + CHANGES;
    let tally = fleet.settled(last).await?;
    let spent = street.spent()?.since(before);
    sound(report, &tally, "while the stock moved");
    report.check(tally.ended == Some((last, last)), || {
        format!("viewers stand at {:?} of {last}", tally.ended)
    });
    let deliveries = usize::try_from(tally.deliveries)?;
    report.figure("deliveries", count(deliveries), "");
    spent.tell(report, "server CPU per delivery, all nodes", deliveries);
    report.latency("planned change to frame", &unpacked(&tally.late));
    Ok(())
}

/// A drop opens; everybody, or a share, taps at the same instant, and everybody sees it run out.
async fn tap(
    street: &Street,
    options: &Options,
    fleet: &mut Fleet,
    report: &mut Report,
) -> Result<(Uuid, Tally)> {
    fleet.count().await?;
    let open = json!({"type": "drop.open", "sku": "CROWD"});
    let opened = a_host(street).await?.done(open).await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    ensure!(
        fleet.each_heard(1, SILENCE).await?,
        "not everybody hears that the drop is open"
    );
    let every = options.taps.map_or(1, |taps| {
        options.viewers / taps.clamp(1, options.viewers.max(1))
    });
    let before = street.spent()?;
    let told = Told::Tap {
        drop: drop.clone(),
        sku: "CROWD".to_owned(),
        from_us: now_us() + u64::try_from(LEAD.as_micros())?,
        every,
    };
    fleet.tell(told).await?;
    let taps = options.viewers.div_ceil(every.max(1));
    let tally = fleet.sold_out(taps as u64).await?;
    let spent = street.spent()?.since(before);
    sound(report, &tally, "while all tapped");
    report.figure("taps", count(usize::try_from(tally.asked)?), "");
    report.figure(
        "  sent again, as they had not been done",
        count(usize::try_from(tally.again)?),
        "",
    );
    let all = tally.held.len() as u64 + tally.sold_out;
    report.check(all == tally.asked, || {
        format!("{all} of {} taps were answered", tally.asked)
    });
    report.check(tally.left == Some((0, 0)), || {
        format!("viewers are shown {:?} left", tally.left)
    });
    spent.tell(report, "server CPU per tap, telling all included", taps);
    report.latency("planned tap to answer", &unpacked(&tally.answered));
    Ok((drop.parse()?, tally))
}

fn sound(report: &mut Report, tally: &Tally, when: &str) {
    tally.confess(report);
    report.check(tally.closed == 0, || {
        format!("{when}: {} viewers were closed", tally.closed)
    });
}

/// Exactly the units there were are held, by exactly those who were told so.
fn judge(
    report: &mut Report,
    record: &Record,
    tally: &Tally,
    drop: Uuid,
    options: &Options,
) -> Result<()> {
    for fault in &record.faults {
        report.lie(format!("journal: {fault}"));
    }
    let units = u64::from(options.units).min(tally.asked);
    let told: HashSet<u128> = tally
        .held
        .iter()
        .map(|id| Ok(id.parse::<Uuid>()?.as_u128()))
        .collect::<Result<_>>()?;
    report.figure("  held", count(told.len()), "");
    report.check(told.len() as u64 == units, || {
        format!("{} units were told to be held", told.len())
    });
    let (booked, _) = record.units_of(drop.as_u128());
    report.check(booked == units, || {
        format!("the journal has {booked} units booked")
    });
    let outcomes = record.outcomes();
    for id in told {
        let good = outcomes.get(&id).is_some_and(|outcome| outcome.is_ok());
        report.check(good, || format!("{id:x} was told to be held, and is not"));
    }
    Ok(())
}
