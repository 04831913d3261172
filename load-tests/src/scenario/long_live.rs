//! A steady show: drops open and close, people book at planned times, some check out and pay (at
//! the gateway without money), some cancel, some let their booking run out. Whatever anybody was
//! told must be what was decided, and in the end nothing may be left over.

mod story;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use lapak::clock::Clock;
use lapak::domain::order::OrderState;
use lapak::domain::{BookingEnd, BookingState, Event, Settings};
use lapak::ledger::{Config, Ledger};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use self::story::{On, Show, Told};
use super::{audience, audit, host, tokens};
use crate::client::PATIENCE;
use crate::report::{count, times};
use crate::run::Watch;
use crate::stage::{Bench, SHOP, enough_files, names};
use crate::{Client, Ground, Report, Run, Server, Spent, journal};

/// How long a booking is held: so short that many run out while the show goes on.
const HELD_MS: u64 = 3_000;
/// How long a drop is open.
const DROP_OPEN: Duration = Duration::from_secs(4);

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings a second, over all viewers.
    #[arg(long, default_value_t = 50)]
    pub rate: u32,
    /// Of a hundred bookings so many are checked out; four in five of those are paid.
    #[arg(long, default_value_t = 50)]
    pub checkouts: u64,
    /// Of a hundred bookings so many are cancelled; the others run out.
    #[arg(long, default_value_t = 20)]
    pub cancels: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: 50,
            checkouts: 50,
            cancels: 20,
        }
    }
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let (viewers, length) = (run.viewers(500), run.length(60));
    enough_files(viewers)?;
    let ground = run.ground(&[])?;
    let shown = usize::try_from(length.as_secs() / DROP_OPEN.as_secs())? + 1;
    let skus = names("SHOW", shown);
    let units = (u64::from(options.rate) * DROP_OPEN.as_secs() * 2 / 3).max(4);
    let server = open(&ground, &skus, u32::try_from(units)?).await?;
    let mut report = Report::new(format!(
        "long live{}: {viewers} viewers, {} bookings a second for {length:?}",
        run.place(),
        options.rate
    ));
    let people = names("v", viewers);
    let clients = audience(&ground, server.address, &people).await?;
    let tokens = tokens(&ground, &people)?;
    let mut host = host(&ground, server.address, "host").await?;
    let (on, seen) = watch::channel(On::default());
    let began = Instant::now() + Duration::from_millis(200);
    let show = Arc::new(Show {
        address: server.address,
        began,
        length,
        rate: options.rate,
        width: u32::try_from(viewers)?,
        checkouts: options.checkouts,
        cancels: options.cancels,
        on: seen,
    });
    let mut stories = JoinSet::new();
    for (number, (client, token)) in clients.into_iter().zip(tokens).enumerate() {
        let number = u32::try_from(number)?;
        let chance = run.chance(u64::from(number));
        stories.spawn(story::tell(
            Arc::clone(&show),
            client,
            token,
            number,
            chance,
        ));
    }
    let (cpu, looking) = (ground.spent(&server)?, Watch::over(&server, "long live"));
    host_the_show(&mut host, &skus, &on, began).await?;
    sleep_until((began + length).into()).await;
    // What runs out at the very end is told before anybody goes.
    on.send_modify(|on| on.over = Some(Instant::now() + Duration::from_millis(HELD_MS + 1_000)));
    let mut told = Told::default();
    while let Some(one) = stories.join_next().await {
        told.take(one??);
    }
    let spent = ground.spent(&server)?.since(cpu);
    looking.end(&mut report).await?;
    ensure!(host.faults.is_empty(), "the host: {:?}", host.faults);
    drop(host);
    let (status, _) = server.stop().await?;
    report.check(status.success(), || {
        format!("the server stopped with {status}")
    });
    let record = audit(&ground, &mut report).await?;
    judge(&mut report, &told, &record, units);
    books(&ground, &mut report).await?;
    figures(&mut report, &told, spent);
    Ok(report)
}

async fn open(ground: &Ground, skus: &[String], units: u32) -> Result<Server> {
    ground.add_settings(&format!(
        "[[payments.endpoints]]\nname = \"sandbox-uji\"\nshop = \"{SHOP}\"\nkind = \"sandbox\"\n"
    ))?;
    let settings = Settings {
        booking_timeout_ms: HELD_MS,
        penalty_cancel: 0,
        penalty_timeout: 0,
        rebook_cooldown_ms: 0,
        ..Settings::default()
    };
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    let stock: Vec<_> = skus.iter().map(|sku| (&**sku, Some(units))).collect();
    bench.found(settings, &stock).await?;
    bench.close().await?;
    ground.serve().await
}

/// One drop after the other, each closed when the next one is open.
async fn host_the_show(
    host: &mut Client,
    skus: &[String],
    on: &watch::Sender<On>,
    began: Instant,
) -> Result<()> {
    let mut before: Option<String> = None;
    for (number, sku) in skus.iter().enumerate() {
        let at = began + DROP_OPEN * u32::try_from(number)?;
        while Instant::now() < at {
            let next = tokio::time::timeout_at(at.into(), host.next()).await;
            if let Ok(heard) = next {
                ensure!(
                    !matches!(heard?, crate::Heard::Closed(_)),
                    "the host was closed"
                );
            }
        }
        let opened = host.done(json!({"type": "drop.open", "sku": sku})).await?;
        let drop = opened["drop"].as_str().context("no drop")?.to_owned();
        on.send_modify(|on| on.drop = Some((drop.clone(), sku.clone())));
        if let Some(before) = before.replace(drop) {
            host.done(json!({"type": "drop.close", "drop": before}))
                .await?;
        }
    }
    Ok(())
}

/// Everything that was told must be what was decided.
fn judge(report: &mut Report, told: &Told, record: &journal::Record, units: u64) {
    told.faults
        .iter()
        .for_each(|fault| report.lie(fault.clone()));
    let outcomes = record.outcomes();
    for (id, accepted) in &told.answers {
        let decided = outcomes.get(id).map(|outcome| outcome.is_ok());
        report.check(decided == Some(*accepted), || {
            format!("{id:x}: told {accepted}, journal {decided:?}")
        });
    }
    let events = || {
        record
            .decisions
            .iter()
            .flat_map(|(_, decision)| &decision.events)
    };
    let expired = events().filter(|event| {
        matches!(
            event,
            Event::Released {
                end: BookingEnd::Expired,
                ..
            }
        )
    });
    let expired = expired.count();
    report.check(expired == told.expired, || {
        format!(
            "{} bookings were told to have run out, {expired} did",
            told.expired
        )
    });
    let stands = |state| {
        record
            .shop
            .orders_by_state
            .get(&state)
            .map_or(0, |n| *n as usize)
    };
    let (paid, waiting) = (
        stands(OrderState::Paid),
        stands(OrderState::AwaitingPayment),
    );
    report.check(paid == told.paid, || {
        format!("{} were told to be paid, {paid} are", told.paid)
    });
    report.check(waiting == told.unpaid, || {
        format!("{} orders were left unpaid, {waiting} are", told.unpaid)
    });
    let held = record
        .shop
        .bookings
        .values()
        .filter(|booking| booking.state == BookingState::Held)
        .count();
    report.check(held == 0, || format!("{held} bookings never ended"));
    for drop in record.shop.drops.keys() {
        let (booked, released) = record.units_of(drop.0);
        report.check(booked - released.min(booked) <= units, || {
            format!("{booked} of {units} units booked of {drop}, {released} given back")
        });
    }
}

/// The books must have caught up, and no view may show what must not be.
async fn books(ground: &Ground, report: &mut Report) -> Result<()> {
    let ledger = Ledger::lazy(&Config::default(), &ground.state())?;
    let views = tokio::time::timeout(PATIENCE, ledger.views()).await??;
    for (view, rows) in views {
        report.check(rows == 0, || format!("{view} has {rows} rows"));
    }
    ledger.close().await;
    Ok(())
}

fn figures(report: &mut Report, told: &Told, spent: Spent) {
    let requests = told.answers.len();
    for (name, n) in [
        ("requests", requests),
        ("bookings held", told.held),
        ("refused: sold out, closed", told.refused),
        ("cancelled", told.cancelled),
        ("ran out", told.expired),
        ("orders paid", told.paid),
        ("orders left unpaid", told.unpaid),
    ] {
        report.figure(name, count(n), "");
    }
    spent.tell(
        report,
        "server CPU per request, telling and books included",
        requests,
    );
    report.latency("planned tap to answer", &times(&told.taps));
    report.latency("checkout to \"paid\" heard", &times(&told.paying));
}
