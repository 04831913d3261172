//! Thousands of bookings end at the same millisecond while others wait: all are released, the
//! waiters are promoted in their order, each in the decision that released the unit.

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use futures_util::{StreamExt, stream};
use hdrhistogram::Histogram;
use lapak::clock::Clock;
use lapak::domain::{
    BookingEnd, CustomerId, DropId, Event, LiveId, Millis, Origin, Settings, ShopId, SkuId,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ready::{booking, open_drop};
use super::{audience, audit};
use crate::client::{PATIENCE, number};
use crate::journal::Record;
use crate::report::{micros, say};
use crate::stage::{Bench, Ground, LIVE, SHOP, enough_files, names};
use crate::{Client, Heard, Report, Run};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Bookings that share a deadline.
    #[arg(long, default_value_t = 5_000)]
    pub bookings: usize,
    /// Customers who wait.
    #[arg(long, default_value_t = 2_000)]
    pub waiters: usize,
    /// Seconds from the bookings to their deadline: enough for everybody to connect.
    #[arg(long, default_value_t = 30)]
    pub lead_s: u64,
}

/// Runs it. With `--viewers` five of seven of them have a booking, and the others wait.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let all = run.viewers(options.bookings + options.waiters);
    let options = &match run.viewers {
        None => options.clone(),
        Some(_) => Options {
            bookings: all - all * 2 / 7,
            waiters: all * 2 / 7,
            ..options.clone()
        },
    };
    enough_files(options.bookings + options.waiters)?;
    let ground = run.ground(&[])?;
    let mut report = Report::new(format!(
        "expiry storm{}: {} bookings with one deadline, {} wait",
        run.place(),
        options.bookings,
        options.waiters
    ));
    let deadline = prepare(&ground, options).await?;
    let server = ground.serve().await?;
    let holders = audience(&ground, server.address, &names("h", options.bookings)).await?;
    let waiters = audience(&ground, server.address, &names("w", options.waiters)).await?;
    let left = deadline.saturating_sub(ground.now_ms());
    ensure!(
        left > 0,
        "connecting took longer than the lead: give more with --lead-s"
    );
    say(format!("{left} ms to the deadline"));
    let cpu = ground.spent(&server)?;
    let (released, promoted) = listen(holders, waiters, deadline).await?;
    let spent = ground.spent(&server)?.since(cpu);
    server.stop().await?;
    let record = audit(&ground, &mut report).await?;
    judge(&mut report, &record, options, deadline);
    let name = "server CPU per expiry, telling included";
    spent.tell(&mut report, name, options.bookings);
    report.latency("deadline to \"expired\" heard", &released);
    report.latency("deadline to \"promoted\" heard", &promoted);
    Ok(report)
}

/// All bookings are made while the clock stands still, so that they share a deadline.
async fn prepare(ground: &Ground, options: &Options) -> Result<u64> {
    let now = ground.now_ms();
    let lead_ms = options.lead_s * 1_000;
    let settings = Settings {
        booking_timeout_ms: lead_ms,
        ..Settings::default()
    };
    let bench = Bench::open(&ground.state(), &Clock::manual(now))?;
    let units = u32::try_from(options.bookings)?;
    bench.found(settings, &[("STORM", Some(units))]).await?;
    let drop = open_drop(&bench, "STORM", 1).await?;
    join(&bench, drop, &names("h", options.bookings)).await?;
    join(&bench, drop, &names("w", options.waiters)).await?;
    bench.close().await?;
    Ok(now + lead_ms)
}

async fn join(bench: &Bench, drop: DropId, names: &[String]) -> Result<()> {
    let (shop, sku, live) = (ShopId::new(SHOP)?, SkuId::new("STORM")?, LiveId::new(LIVE)?);
    let customers: Vec<CustomerId> = names
        .iter()
        .map(|name| CustomerId::new(name))
        .collect::<Result<_, _>>()?;
    let asked = stream::iter(&customers).map(|customer| {
        bench
            .engine
            .submit(&shop, booking(customer, drop, &sku, &live, true))
    });
    let mut asked = asked.buffered(1_024);
    while let Some(reply) = asked.next().await {
        ensure!(reply?.outcome.is_ok(), "a booking was refused");
    }
    Ok(())
}

/// Hears everybody's own news; how late each came.
async fn listen(
    holders: Vec<Client>,
    waiters: Vec<Client>,
    deadline: u64,
) -> Result<(Histogram<u64>, Histogram<u64>)> {
    let all = holders
        .into_iter()
        .map(|c| (c, "expired"))
        .chain(waiters.into_iter().map(|c| (c, "promoted")));
    let mut heard = JoinSet::new();
    for (client, event) in all {
        heard.spawn(timeout(PATIENCE * 3, hear(client, event, deadline)));
    }
    let (mut released, mut promoted) = (micros(), micros());
    while let Some(one) = heard.join_next().await {
        let (event, late_ms) = one?.context("somebody was never told")??;
        let told = if event == "expired" {
            &mut released
        } else {
            &mut promoted
        };
        told.saturating_record((late_ms * 1_000).max(1));
    }
    Ok((released, promoted))
}

async fn hear(
    mut client: Client,
    event: &'static str,
    deadline: u64,
) -> Result<(&'static str, u64)> {
    let clock = Clock::default();
    loop {
        match client.next().await? {
            Heard::Message(message)
                if message["type"] == "booking" && message["event"] == event =>
            {
                ensure!(client.faults.is_empty(), "{:?}", client.faults);
                ensure!(number(&message["qty"]) == 1, "{message}");
                return Ok((event, Millis(clock.now_ms()).since(Millis(deadline))));
            }
            Heard::Message(_) => {}
            Heard::Closed(code) => bail!("closed with {code:?}"),
        }
    }
}

fn judge(report: &mut Report, record: &Record, options: &Options, deadline: u64) {
    let (mut expired, mut late) = (0, micros());
    let (mut order, mut joined) = (Vec::new(), Vec::new());
    for (position, decision) in &record.decisions {
        let mut released_here = 0;
        for event in &decision.events {
            match event {
                Event::Released {
                    end: BookingEnd::Expired,
                    deadline: at,
                    ..
                } if at.0 == deadline => {
                    expired += 1;
                    released_here += 1;
                    late.saturating_record((decision.at.since(*at) * 1_000).max(1));
                }
                Event::Booked {
                    customer,
                    origin: Origin::Waitlist | Origin::WaitlistAbsent,
                    ..
                } => {
                    order.push(customer.clone());
                    released_here -= 1;
                    report.check(released_here >= 0, || {
                        format!("{position}: promoted by a decision that released nothing")
                    });
                }
                Event::Joined { customer, .. } => joined.push(customer.clone()),
                _ => {}
            }
        }
    }
    report.check(expired == options.bookings, || {
        format!("{expired} bookings expired")
    });
    let due = &joined[..joined.len().min(options.bookings)];
    report.check(order == due, || {
        format!("{} promoted, not in the order of joining", order.len())
    });
    report.latency("deadline to decision", &late);
}
