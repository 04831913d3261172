//! Everybody taps at once for a few units. Exactly those are held, every request is answered
//! once, everybody ends with nothing available; also when every connection is cut in the middle
//! and all requests are sent again with their ids.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use hdrhistogram::Histogram;
use lapak::domain::Settings;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{audience, audit, host, tokens};
use crate::client::{PATIENCE, book, from_memory, may_be_asked_again, number};
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, enough_files, names};
use crate::{Client, Heard, Report, Run, Server};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Units of each drop.
    #[arg(long, default_value_t = 50)]
    pub units: u32,
    /// Drops, one after the other.
    #[arg(long, default_value_t = 10)]
    pub rounds: usize,
    /// Cut every connection after it has sent its request, and ask again with the same id.
    #[arg(long)]
    pub cut: bool,
}

/// What one viewer saw of a round.
struct Tapped {
    number: usize,
    client: Client,
    id: Uuid,
    /// The answer before the cut, if one was read.
    early: Option<Value>,
    answer: Value,
    took: Duration,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let viewers = run.viewers(2_000);
    enough_files(viewers)?;
    // Rounds follow each other as fast as they end, so everybody taps more often than people may.
    let rates = ["bookings_per_s", "bookings_burst"];
    let ground = run.ground(&rates.map(|rate| ("limits", rate, 1_000)))?;
    let skus: Vec<String> = names("FLASH", options.rounds);
    let stock: Vec<_> = skus
        .iter()
        .enumerate()
        .map(|(round, sku)| (&**sku, Some(stock(options, round))))
        .collect();
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench.found(Settings::default(), &stock).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mode = if options.cut { ", cut" } else { "" };
    let mut report = Report::new(format!(
        "flash drop{}: {} viewers, {} units, {} rounds{mode}",
        run.place(),
        viewers,
        options.units,
        options.rounds
    ));
    let names = names("v", viewers);
    let tokens = tokens(&ground, &names)?;
    let mut clients = audience(&ground, server.address, &names).await?;
    let mut told = micros();
    let before = ground.spent(&server)?;
    let mut drops = Vec::new();
    for (round, sku) in skus.iter().enumerate() {
        let mut host = host(&ground, server.address, &format!("host-{round}")).await?;
        let units = if round % 2 == 0 {
            json!("all")
        } else {
            json!(options.units)
        };
        let opened = host
            .done(json!({"type": "drop.open", "sku": sku, "units": units}))
            .await?;
        let drop = opened["drop"].as_str().context("no drop")?.to_owned();
        let tapped = tap_all(&server, clients, &tokens, &drop, sku, options.cut).await?;
        clients = judge(
            &mut report,
            options,
            round,
            tapped,
            &mut told,
            &mut drops,
            &drop,
        )?;
        say(format!(
            "round {}: {} lies so far",
            round + 1,
            report.lies_total
        ));
    }
    let spent = ground.spent(&server)?.since(before);
    let asked = viewers * options.rounds * if options.cut { 2 } else { 1 };
    report.figure("requests", count(asked), "");
    let name = "server CPU per request, telling all included";
    spent.tell(&mut report, name, asked);
    report.latency("tap to answer", &told);
    drop(clients);
    let (status, _) = server.stop().await?;
    report.check(status.success(), || {
        format!("the server stopped with {status}")
    });
    let record = audit(&ground, &mut report).await?;
    for (drop, answers) in drops {
        let (booked, _) = record.units_of(drop.as_u128());
        report.check(booked == u64::from(options.units), || {
            format!("the journal has {booked} units booked of {drop}")
        });
        let outcomes = record.outcomes();
        for (id, told) in answers {
            let decided = outcomes.get(&id.as_u128()).map(|outcome| outcome.is_ok());
            report.check(decided == told, || {
                format!("{id}: told {told:?}, journal {decided:?}")
            });
        }
    }
    Ok(report)
}

/// In every second round the drop's own cap is the limit, in the others the shelf is.
fn stock(options: &Options, round: usize) -> u32 {
    if round.is_multiple_of(2) {
        options.units
    } else {
        options.units * 10
    }
}

async fn tap_all(
    server: &Server,
    clients: Vec<Client>,
    tokens: &[String],
    drop: &str,
    sku: &str,
    cut: bool,
) -> Result<Vec<Tapped>> {
    let (go, started) = watch::channel(None);
    let mut taps = JoinSet::new();
    for (number, (client, token)) in clients.into_iter().zip(tokens).enumerate() {
        let (request, token, started) = (book(drop, sku), token.clone(), started.clone());
        let again = cut.then_some((server.address, token));
        taps.spawn(timeout(
            PATIENCE * 2,
            tap(number, client, request, started, again),
        ));
    }
    go.send_replace(Some(Instant::now()));
    let mut tapped = Vec::new();
    while let Some(done) = taps.join_next().await {
        tapped.push(done?.context("a viewer waited too long")??);
    }
    // Each keeps its own token.
    tapped.sort_by_key(|one| one.number);
    Ok(tapped)
}

async fn tap(
    number: usize,
    mut client: Client,
    request: Value,
    mut started: watch::Receiver<Option<Instant>>,
    again: Option<(SocketAddr, String)>,
) -> Result<Tapped> {
    let planned = started
        .wait_for(Option::is_some)
        .await?
        .context("not started")?;
    let drop = request["drop"].clone();
    let (mut early, mut sold_out) = (None, false);
    let mut aside = |message: &Value| sold_out |= shows_sold_out(message, &drop);
    if let Some((address, token)) = again {
        client.send(&request).await?;
        early = read_a_little(&mut client, &request, number, &mut aside).await?;
        let (position, faults) = (client.position, std::mem::take(&mut client.faults));
        client.cut();
        client = Client::come_back(address, Some(&token), Some(position)).await?;
        client.faults.splice(0..0, faults);
        // Who comes back into a later epoch is shown everything anew.
        aside(&client.welcome);
    }
    let answer = client.ask_until_known(&request, &mut aside).await?;
    let took = planned.elapsed();
    client.settle(&mut aside).await?;
    while !sold_out {
        match client.next().await? {
            Heard::Message(message) => sold_out = shows_sold_out(&message, &drop),
            Heard::Closed(code) => bail!("closed ({code:?}) before the end was shown"),
        }
    }
    let id = request["id"].as_str().context("no id")?.parse()?;
    Ok(Tapped {
        number,
        client,
        id,
        early,
        answer,
        took,
    })
}

/// Some lines break at once, some a little later, some when the answer may be on its way.
async fn read_a_little(
    client: &mut Client,
    request: &Value,
    number: usize,
    mut aside: impl FnMut(&Value),
) -> Result<Option<Value>> {
    let most = Duration::from_millis(u64::try_from(number % 4)? * 10);
    let reading = async {
        loop {
            match client.next().await? {
                Heard::Message(message) if message["id"] == request["id"] => {
                    return anyhow::Ok(Some(message));
                }
                Heard::Message(message) => aside(&message),
                Heard::Closed(_) => return Ok(None),
            }
        }
    };
    tokio::select! {
        heard = reading => heard,
        () = sleep(most) => Ok(None),
    }
}

fn shows_sold_out(message: &Value, drop: &Value) -> bool {
    let items = match message["type"].as_str() {
        Some("stock") => message["items"].as_array(),
        Some("welcome" | "resync") => message["snapshot"]["items"].as_array(),
        _ => None,
    };
    items
        .into_iter()
        .flatten()
        .any(|item| item["drop"] == *drop && item["available"] == 0 && item["sold_out"] == true)
}

/// By drop: the ids, and whether each was held; none if it was refused from memory.
type Answers = Vec<(Uuid, Vec<(Uuid, Option<bool>)>)>;

fn judge(
    report: &mut Report,
    options: &Options,
    round: usize,
    tapped: Vec<Tapped>,
    told: &mut Histogram<u64>,
    drops: &mut Answers,
    drop: &str,
) -> Result<Vec<Client>> {
    let (mut clients, mut answers, mut held) = (Vec::new(), Vec::new(), 0);
    for mut one in tapped {
        told.saturating_record(as_micros(one.took));
        let kind = one.answer["type"].clone();
        if kind == "held" {
            held += number(&one.answer["qty"]);
        } else {
            let sold_out = one.answer["code"] == "sold_out";
            report.check(sold_out, || format!("round {round}: {}", one.answer));
        }
        if let Some(early) = one.early {
            // What a node refuses by what it knows is not kept.
            let same = if may_be_asked_again(&early) {
                true
            } else if from_memory(&early) {
                early["code"] == one.answer["code"]
            } else {
                essence(&early) == essence(&one.answer) && one.answer["replayed"] == true
            };
            report.check(same, || format!("first {early}, then {}", one.answer));
        }
        for fault in one.client.faults.drain(..) {
            report.lie(format!("round {round}: {fault}"));
        }
        let kept = !from_memory(&one.answer);
        answers.push((one.id, kept.then(|| kind == "held")));
        clients.push(one.client);
    }
    let units = u64::from(options.units);
    report.check(held == units, || {
        format!("round {round}: {held} units were held")
    });
    drops.push((drop.parse()?, answers));
    Ok(clients)
}

/// An answer without what may differ when it is given again.
pub fn essence(answer: &Value) -> Value {
    let mut answer = answer.clone();
    if let Some(fields) = answer.as_object_mut() {
        for field in ["replayed", "epoch", "s", "server_now_ms"] {
            fields.remove(field);
        }
    }
    answer
}
