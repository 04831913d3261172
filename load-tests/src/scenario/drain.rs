//! A rolling restart: SIGTERM while people book, then the server again on the same state. Everybody
//! is told to come back, goes on from where they were, and sends again what was not answered, with
//! its id. No booking may be lost or made twice, and nobody may see a gap.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use hdrhistogram::Histogram;
use lapak::clock::Clock;
use lapak::domain::Settings;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};
use uuid::Uuid;

use super::{Chance, audit, each, host, tokens};
use crate::client::{PATIENCE, book, may_be_asked_again};
use crate::report::{as_micros, count, micros, say};
use crate::stage::{Bench, enough_files, names};
use crate::{Client, Heard, Report, Run};

/// How long the server is there between two restarts.
const BETWEEN: Duration = Duration::from_secs(3);
/// How long who was turned away waits before the next attempt.
const AGAIN: Duration = Duration::from_millis(50);

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Restarts.
    #[arg(long, default_value_t = 5)]
    pub times: usize,
    /// Bookings a second, over all viewers.
    #[arg(long, default_value_t = 100)]
    pub rate: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            times: 5,
            rate: 100,
        }
    }
}

/// Where the server is; none while it is away, or at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    At(SocketAddr),
    Away,
    Over(SocketAddr),
}

/// What one viewer did and was told.
#[derive(Debug)]
struct Story {
    /// Each request, and whether it was held.
    answers: Vec<(Uuid, bool)>,
    faults: Vec<String>,
    took: Histogram<u64>,
    returns: usize,
    recovered: usize,
    hinted: usize,
    closes: Vec<Option<u16>>,
}

struct Viewer {
    client: Client,
    token: String,
    there: watch::Receiver<There>,
    story: Story,
    hinted: bool,
    chance: Chance,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let viewers = run.viewers(200);
    enough_files(viewers)?;
    let ground = run.ground(&[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    bench.close().await?;
    let mut server = ground.serve().await?;
    let mut host = host(&ground, server.address, "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "MANY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    std::mem::drop(host);
    let mut report = Report::new(format!(
        "drain{}: {} restarts, {viewers} viewers, {} bookings a second",
        run.place(),
        options.times,
        options.rate
    ));
    let (at, there) = watch::channel(There::At(server.address));
    let (to, began) = (server.address, Instant::now() + Duration::from_millis(500));
    let clients = each(tokens(&ground, &names("v", viewers))?, |token| async move {
        Ok((Client::connect(to, Some(&token), None).await?, token))
    });
    let mut stories = JoinSet::new();
    for (number, (client, token)) in clients.await?.into_iter().enumerate() {
        let (drop, there, chance) = (drop.clone(), there.clone(), run.chance(number as u64));
        let apart = Duration::from_secs(1) * u32::try_from(viewers)? / options.rate.max(1);
        let first = began + Duration::from_secs(1) * u32::try_from(number)? / options.rate.max(1);
        stories.spawn(live(client, token, there, drop, first, apart, chance));
    }
    let (mut gone, between) = (micros(), run.seconds.map_or(BETWEEN, Duration::from_secs));
    for time in 0..options.times {
        sleep(between).await;
        at.send_replace(There::Away);
        let away = Instant::now();
        let (status, took) = server.stop().await?;
        report.check(status.success(), || {
            format!("restart {time}: it exits with {status}")
        });
        report.check(took < Duration::from_secs(10), || {
            format!("restart {time}: it takes {took:?}")
        });
        server = ground.serve().await?;
        at.send_replace(There::At(server.address));
        gone.saturating_record(as_micros(away.elapsed()));
        say(format!(
            "restart {}: away for {:.2?}",
            time + 1,
            away.elapsed()
        ));
    }
    sleep(between).await;
    at.send_replace(There::Over(server.address));
    let mut all = Vec::new();
    while let Some(story) = stories.join_next().await {
        all.push(story??);
    }
    server.stop().await?;
    let record = audit(&ground, &mut report).await?;
    judge(
        &mut report,
        &all,
        &record,
        options.times,
        drop.parse::<Uuid>()?.as_u128(),
    );
    report.latency("SIGTERM to ready again", &gone);
    Ok(report)
}

fn judge(
    report: &mut Report,
    all: &[Story],
    record: &crate::journal::Record,
    times: usize,
    drop: u128,
) {
    let (mut took, mut held, mut requests) = (micros(), 0, 0);
    let outcomes = record.outcomes();
    for story in all {
        story
            .faults
            .iter()
            .for_each(|fault| report.lie(fault.clone()));
        let same = |what: usize, name: &str| {
            (what != times).then(|| format!("a viewer was {name} {what} times of {times}"))
        };
        let wrong = [
            same(story.returns, "back"),
            same(story.recovered, "going on"),
            same(story.hinted, "told to come back"),
        ];
        wrong.into_iter().flatten().for_each(|lie| report.lie(lie));
        let closed = story.closes.iter().all(|code| *code == Some(1012));
        report.check(closed, || format!("closed with {:?}", story.closes));
        for (id, accepted) in &story.answers {
            let decided = outcomes.get(&id.as_u128()).map(|outcome| outcome.is_ok());
            report.check(decided == Some(*accepted), || {
                format!("{id}: told {accepted}, journal {decided:?}")
            });
            held += u64::from(*accepted);
        }
        requests += story.answers.len();
        // A histogram of the same bounds always fits.
        let _ = took.add(&story.took);
    }
    let (booked, _) = record.units_of(drop);
    report.check(booked == held, || {
        format!("{held} units were told to be held, {booked} are booked")
    });
    report.figure("requests, each answered once", count(requests), "");
    report.figure(
        "returns that went on where they were",
        count(all.iter().map(|story| story.recovered).sum()),
        "",
    );
    report.latency("planned tap to answer, restarts included", &took);
}

async fn live(
    client: Client,
    token: String,
    there: watch::Receiver<There>,
    drop: String,
    mut due: Instant,
    apart: Duration,
    chance: Chance,
) -> Result<Story> {
    let story = Story {
        answers: Vec::new(),
        faults: Vec::new(),
        took: micros(),
        returns: 0,
        recovered: 0,
        hinted: 0,
        closes: Vec::new(),
    };
    let mut viewer = Viewer {
        client,
        token,
        there,
        story,
        hinted: false,
        chance,
    };
    while !matches!(*viewer.there.borrow(), There::Over(_)) {
        if viewer.wait_until(due).await? {
            viewer.tap(&drop, due).await?;
            due += apart;
        }
    }
    viewer.client.settle(|_| {}).await?;
    let Viewer {
        client, mut story, ..
    } = viewer;
    story.faults.extend(client.faults);
    Ok(story)
}

impl Viewer {
    /// Hears until then; false if it is over before.
    async fn wait_until(&mut self, due: Instant) -> Result<bool> {
        loop {
            let mut there = self.there.clone();
            let heard = tokio::select! {
                () = sleep_until(due.into()) => return Ok(true),
                _ = there.wait_for(|there| matches!(there, There::Over(_))) => return Ok(false),
                heard = self.client.next() => heard?,
            };
            self.take(heard).await?;
        }
    }

    /// Asks until it is answered, with one id over all connections.
    async fn tap(&mut self, drop: &str, due: Instant) -> Result<()> {
        let request = book(drop, "MANY");
        let mut sent = self.client.send(&request).await.is_ok();
        let until = Instant::now() + PATIENCE;
        let answer = loop {
            ensure!(Instant::now() < until, "no answer to {request}");
            let returns = self.story.returns;
            match self.client.next().await? {
                Heard::Message(message)
                    if message["id"] == request["id"] && !may_be_asked_again(&message) =>
                {
                    break message;
                }
                heard => self.take(heard).await?,
            }
            if self.story.returns > returns || !sent {
                sent = self.client.send(&request).await.is_ok();
            }
        };
        self.story.took.saturating_record(as_micros(due.elapsed()));
        let id = request["id"].as_str().context("no id")?.parse()?;
        self.story.answers.push((id, answer["type"] == "held"));
        if answer["type"] != "held" {
            self.story.faults.push(format!("no booking but {answer}"));
        }
        Ok(())
    }

    async fn take(&mut self, heard: Heard) -> Result<()> {
        match heard {
            Heard::Message(message) => {
                if message["type"] == "drain" && !self.hinted {
                    self.hinted = true;
                    self.story.hinted += 1;
                }
                Ok(())
            }
            Heard::Closed(code) => {
                self.story.closes.push(code);
                timeout(PATIENCE, self.come_back())
                    .await
                    .context("nobody lets us in again")?
            }
        }
    }

    /// Comes back as a page does: after a short while of its own, going on from its position.
    async fn come_back(&mut self) -> Result<()> {
        sleep(Duration::from_millis(self.chance.below(200))).await;
        loop {
            let there = *self.there.wait_for(|there| *there != There::Away).await?;
            let (There::At(to) | There::Over(to)) = there else {
                bail!("away")
            };
            let position = self.client.position;
            if let Ok(mut client) = Client::connect(to, Some(&self.token), Some(position)).await {
                client.faults.splice(0..0, self.client.faults.drain(..));
                self.story.returns += 1;
                self.story.recovered += usize::from(client.welcome["recovered"] == true);
                self.client = client;
                self.hinted = false;
                return Ok(());
            }
            sleep(AGAIN).await;
        }
    }
}
