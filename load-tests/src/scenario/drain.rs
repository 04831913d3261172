//! A rolling restart: SIGTERM while people book, then the server again on the same state. Everybody
//! is told to come back, goes on from where they were, and sends again what was not answered, with
//! its id. No booking may be lost or made twice, and nobody may see a gap. With several nodes one
//! after the other goes, and its viewers go on at the others.

mod houses;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};
use uuid::Uuid;

use self::houses::Houses;
use super::{Chance, each, host, tokens};
use crate::client::{PATIENCE, book, may_be_asked_again};
use crate::report::{count, say, times};
use crate::stage::{enough_files, names};
use crate::street::Doors;
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
    /// Nodes on one Redis: one goes at a time, and the others go on.
    #[arg(long, default_value_t = 1)]
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            times: 5,
            rate: 100,
            nodes: 1,
        }
    }
}

/// What one viewer did and was told.
#[derive(Debug, Default)]
struct Story {
    /// Each request, and whether it was held.
    answers: Vec<(Uuid, bool)>,
    faults: Vec<String>,
    took: Vec<Duration>,
    returns: usize,
    recovered: usize,
    /// How often who welcomed was behind what had been seen elsewhere.
    behind: usize,
    hinted: usize,
    closes: Vec<Option<u16>>,
}

struct Viewer {
    client: Client,
    token: String,
    doors: Doors,
    over: watch::Receiver<bool>,
    story: Story,
    hinted: bool,
    chance: Chance,
}

/// Runs it.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let viewers = run.viewers(200);
    enough_files(viewers)?;
    let mut houses = Houses::open(run, options.nodes).await?;
    let first = houses.addresses();
    let mut host = host(houses.ground(), first[0], "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "MANY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    std::mem::drop(host);
    let mut report = Report::new(format!(
        "drain{}: {} restarts, {viewers} viewers, {} bookings a second{}",
        run.place(),
        options.times,
        options.rate,
        if options.nodes > 1 {
            format!(", one of {} nodes at a time", options.nodes)
        } else {
            String::new()
        }
    ));
    let (over, is_over) = watch::channel(false);
    let tokens = tokens(houses.ground(), &names("v", viewers))?;
    let trips = tokens.into_iter().zip(first.iter().copied().cycle());
    let clients = each(trips.collect(), |(token, to)| async move {
        Ok((Client::connect(to, Some(&token), None).await?, token))
    })
    .await?;
    let began = Instant::now() + Duration::from_millis(500);
    let mut stories = JoinSet::new();
    for (number, (client, token)) in clients.into_iter().enumerate() {
        let apart = Duration::from_secs(1) * u32::try_from(viewers)? / options.rate.max(1);
        let first = began + Duration::from_secs(1) * u32::try_from(number)? / options.rate.max(1);
        let viewer = Viewer {
            client,
            token,
            doors: houses.doors(),
            over: is_over.clone(),
            story: Story::default(),
            hinted: false,
            chance: run.chance(number as u64),
        };
        stories.spawn(live(viewer, drop.clone(), first, apart));
    }
    let (mut gone, between) = (Vec::new(), run.seconds.map_or(BETWEEN, Duration::from_secs));
    for time in 0..options.times {
        sleep(between).await;
        let away = Instant::now();
        let (status, took) = houses.restart(time).await?;
        report.check(status.success(), || {
            format!("restart {time}: it exits with {status}")
        });
        report.check(took < Duration::from_secs(10), || {
            format!("restart {time}: it takes {took:?}")
        });
        gone.push(away.elapsed());
        say(format!(
            "restart {}: away for {:.2?}",
            time + 1,
            away.elapsed()
        ));
    }
    sleep(between).await;
    over.send_replace(true);
    let mut all = Vec::new();
    while let Some(story) = stories.join_next().await {
        all.push(story??);
    }
    let record = houses.close(&mut report).await?;
    let drop = drop.parse::<Uuid>()?.as_u128();
    judge(&mut report, &all, &record, options, drop);
    report.latency("SIGTERM to ready again", &times(&gone));
    Ok(report)
}

fn judge(
    report: &mut Report,
    all: &[Story],
    record: &crate::journal::Record,
    options: &Options,
    drop: u128,
) {
    let (mut held, mut requests) = (0, 0);
    let outcomes = record.outcomes();
    for story in all {
        story
            .faults
            .iter()
            .for_each(|fault| report.lie(fault.clone()));
        // Of several nodes only the viewers of the one that goes are sent away.
        let times = if options.nodes > 1 {
            story.returns
        } else {
            options.times
        };
        let same = |what: usize, name: &str| {
            (what != times).then(|| format!("a viewer was {name} {what} times of {times}"))
        };
        let wrong = [
            same(story.returns, "back"),
            same(story.recovered, "going on"),
            same(story.hinted, "told to come back"),
            same(story.closes.len(), "closed"),
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
    }
    let returns: usize = all.iter().map(|story| story.returns).sum();
    report.check(returns >= options.times, || {
        format!("nobody was sent away by some restart: {returns} returns")
    });
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
    if options.nodes > 1 {
        let behind = all.iter().map(|story| story.behind).sum();
        report.figure("  welcomed by a node that was behind", count(behind), "");
    }
    let took = times(all.iter().flat_map(|story| &story.took));
    report.latency("planned tap to answer, restarts included", &took);
}

async fn live(
    mut viewer: Viewer,
    drop: String,
    mut due: Instant,
    apart: Duration,
) -> Result<Story> {
    while !*viewer.over.borrow() {
        if viewer.wait_until(due).await? {
            viewer.tap(&drop, due).await?;
            due += apart;
        }
    }
    viewer.client.settle(|_| {}).await?;
    viewer.leave();
    Ok(viewer.story)
}

impl Viewer {
    /// Hears until then; false if it is over before.
    async fn wait_until(&mut self, due: Instant) -> Result<bool> {
        loop {
            let mut over = self.over.clone();
            let heard = tokio::select! {
                () = sleep_until(due.into()) => return Ok(true),
                _ = over.wait_for(|over| *over) => return Ok(false),
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
        self.story.took.push(due.elapsed());
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
        self.leave();
        loop {
            let position = self.client.position;
            if let Some(to) = self.doors.any(&mut self.chance)
                && let Ok(client) = Client::connect(to, Some(&self.token), Some(position)).await
            {
                self.story.returns += 1;
                self.story.recovered += usize::from(client.welcome["recovered"] == true);
                self.client = client;
                self.hinted = false;
                return Ok(());
            }
            sleep(AGAIN).await;
        }
    }

    /// Takes along what was wrong with what came.
    fn leave(&mut self) {
        for fault in self.client.faults.drain(..) {
            if fault.starts_with("welcomed at") {
                self.story.behind += 1;
            }
            self.story.faults.push(fault);
        }
    }
}
