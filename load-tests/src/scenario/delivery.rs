//! One publisher, many viewers, whoever delivers: our server or a peer, by the same viewers, the
//! same plan and the same accounts, so that their figures can be divided by each other.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::clock::Clock;
use lapak::domain::Settings;
use lapak::gateway::auth::Role;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::{host, tokens};
use crate::client::new_id;
use crate::fleet::{Fleet, Tally, Told, Trip, now_us, unpacked};
use crate::peer::{Peer, Publish, Which};
use crate::report::{count, per, say};
use crate::stage::{Bench, LIVE, names};
use crate::{Client, Ground, Heard, Report, Run, Server, Spent};

/// Units of the SKU before the first change: later counts tell which change is shown.
const FIRST: u64 = 1_000;
/// Viewers who come before the memory of the others is looked at: they pay for what is there once.
const WARM: usize = 100;
/// Most messages of a burst of ours: half of what may wait in a viewer's lossless lane.
pub const BURST_MAX: usize = 64;
/// Nothing has come for so long: counters may be shown for many changes at once.
const SETTLED: Duration = Duration::from_millis(500);
/// Nothing has come for so long: nothing will.
const SILENCE: Duration = Duration::from_secs(10);
/// Until everybody who has come has been told how many watch, which happens once a second: it belongs
/// to their coming, and not to what they are told then.
const COUNTED: Duration = Duration::from_secs(2);
/// From the order to begin to the first change.
const LEAD_US: u64 = 300_000;

/// Who delivers.
pub enum Subject {
    /// Our server.
    Lapak(Box<Stall>),
    /// Somebody else.
    Peer(Box<Peer>),
}

/// Our server with a drop, and who changes it.
pub struct Stall {
    ground: Ground,
    server: Server,
    host: Client,
    /// Drops that are only there to be pinned, one after the other.
    pinned: Vec<String>,
    pins: usize,
}

/// What deliveries cost and how late they were.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Who delivered.
    pub name: String,
    /// Messages to viewers.
    pub deliveries: u64,
    /// Server processor time of each, in microseconds; that of its Redis included.
    pub each_us: f64,
    /// That of its Redis, if it stands on one.
    pub redis_us: Option<f64>,
    /// Messages a second.
    pub a_second: f64,
    /// Bytes of each, frame headers included.
    pub bytes: f64,
    /// Milliseconds from the plan to the viewer; none where they came in bursts.
    pub late_ms: Option<(f64, f64)>,
    /// What the viewers heard.
    pub tally: Tally,
}

/// What it took to connect everybody.
#[derive(Debug, Clone, Copy)]
pub struct Boarded {
    /// Connections a second.
    pub a_second: f64,
    /// Server processor time of each, in microseconds.
    pub each_us: f64,
    /// Resident bytes of each while nothing happens.
    pub idle_bytes: f64,
}

impl Subject {
    /// Our server with one drop.
    pub async fn lapak(run: &Run) -> Result<Self> {
        // The host works faster than a person may.
        let fast = [
            "bookings_per_s",
            "bookings_burst",
            "messages_per_s",
            "messages_burst",
        ];
        let ground = run.ground(&fast.map(|limit| ("limits", limit, 100_000)))?;
        let bench = Bench::open(&ground.state(), &Clock::default())?;
        let stock = u32::try_from(FIRST)?;
        let pinned = names("PIN", BURST_MAX);
        let pinned = pinned.iter().map(|sku| (&**sku, Some(1)));
        let skus: Vec<_> = [("STOCK", Some(stock))].into_iter().chain(pinned).collect();
        bench.found(Settings::default(), &skus).await?;
        bench.close().await?;
        let server = ground.serve().await?;
        let mut host = host(&ground, server.address, "host").await?;
        host.done(json!({"type": "drop.open", "sku": "STOCK"}))
            .await?;
        Ok(Self::Lapak(Box::new(Stall {
            ground,
            server,
            host,
            pinned: Vec::new(),
            pins: 0,
        })))
    }

    /// A peer.
    pub async fn peer(which: Which, run: &Run) -> Result<Self> {
        Ok(Self::Peer(Box::new(
            Peer::start(which, run.clients == Some(0)).await?,
        )))
    }

    /// How it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Lapak(_) => "lapak",
            Self::Peer(peer) => peer.which.name(),
        }
    }

    /// Where our own stands.
    pub fn place(&self, run: &Run) -> String {
        match self {
            Self::Lapak(_) => run.place(),
            Self::Peer(_) => String::new(),
        }
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        match self {
            Self::Lapak(stall) => stall.server.pid,
            Self::Peer(peer) => peer.pid,
        }
    }

    fn spent(&self) -> Result<Spent> {
        match self {
            Self::Lapak(stall) => stall.ground.spent(&stall.server),
            Self::Peer(peer) => Ok(Spent {
                servers: crate::usage::tree_cpu(peer.pid)?,
                redis: None,
            }),
        }
    }

    fn resident(&self) -> Result<u64> {
        crate::usage::tree_resident(self.pid())
    }

    fn trip(&self, name: &str, viewers: usize, crews: Option<usize>) -> Result<Trip> {
        Ok(match self {
            Self::Lapak(stall) => {
                let tokens = tokens(&stall.ground, &names(name, viewers))?;
                Trip::to_lives(&[stall.server.address], &tokens, crews)
            }
            Self::Peer(peer) => peer.trip(viewers, crews),
        })
    }

    /// Connects so many viewers, and measures what that takes.
    pub async fn board(&self, viewers: usize, crews: Option<usize>) -> Result<(Fleet, Boarded)> {
        let warm = Fleet::board(&self.trip("warm", WARM.min(viewers), crews)?).await?;
        let trip = self.trip("v", viewers, crews)?;
        let (resident, before, began) = (self.resident()?, self.spent()?, Instant::now());
        let fleet = Fleet::board(&trip).await?;
        let wall = began.elapsed();
        drop(warm);
        if matches!(self, Self::Lapak(_)) {
            tokio::time::sleep(COUNTED).await;
        }
        let spent = self.spent()?.since(before).all();
        let grown = self.resident()?.saturating_sub(resident);
        say(format!(
            "{}: {viewers} viewers connected in {wall:.1?}",
            self.name()
        ));
        let boarded = Boarded {
            a_second: count(viewers) / wall.as_secs_f64(),
            each_us: per(spent, viewers),
            idle_bytes: count(usize::try_from(grown)?) / count(viewers),
        };
        Ok((fleet, boarded))
    }

    /// Changes at a fixed rate, whatever the server does: so many deliveries a second over all
    /// viewers.
    pub async fn steady(
        &mut self,
        fleet: &mut Fleet,
        viewers: usize,
        rate: u64,
        length: Duration,
        bytes: usize,
    ) -> Result<Delivered> {
        let every_us = (1_000_000 * viewers as u64 / rate.max(1)).max(1);
        let changes = (u64::try_from(length.as_micros())? / every_us).max(1);
        let first = match self {
            Self::Lapak(_) => FIRST + 1,
            Self::Peer(_) => 1,
        };
        let (from_us, began) = (
            now_us() + LEAD_US,
            Instant::now() + Duration::from_micros(LEAD_US),
        );
        fleet
            .tell(Told::Plan {
                first,
                from_us,
                every_us,
            })
            .await?;
        let before = self.spent()?;
        for n in 0..changes {
            let planned = began + Duration::from_micros(every_us * n);
            self.publish(
                planned,
                Publish {
                    n: n + 1,
                    at_us: from_us + every_us * n,
                    times: 1,
                    bytes,
                },
            )
            .await?;
        }
        let wall = began.elapsed();
        let all = changes * viewers as u64;
        fleet.heard(all, SETTLED).await?;
        let last = first + changes - 1;
        let tally = fleet.settled(last).await?;
        let spent = self.spent()?.since(before);
        ensure!(
            tally.ended == Some((last, last)),
            "viewers ended with {:?} of {last} changes",
            tally.ended
        );
        ensure!(tally.closed == 0, "{} viewers were closed", tally.closed);
        let late = unpacked(&tally.late);
        let ms = |quantile| {
            count(usize::try_from(late.value_at_quantile(quantile)).unwrap_or_default()) / 1_000.0
        };
        let late_ms = Some((ms(0.5), ms(0.99)));
        Ok(self.delivered(tally, spent, wall, late_ms))
    }

    /// Changes in bursts, each as soon as everybody has all of the one before: so many messages
    /// wait for every viewer at once, and a server that can joins them.
    pub async fn saturated(
        &mut self,
        fleet: &mut Fleet,
        burst: u64,
        length: Duration,
        bytes: usize,
    ) -> Result<Delivered> {
        if let Self::Lapak(stall) = self {
            stall.open_for_pins(burst).await?;
            fleet.each_heard(burst + 1, SILENCE).await?;
        }
        let shown = fleet.count().await?.ended.map_or(0, |ended| ended.1);
        let (before, began, mut bursts) = (self.spent()?, Instant::now(), 0);
        while began.elapsed() < length {
            let n = shown + bursts * burst + 1;
            self.burst(Publish {
                n,
                at_us: now_us(),
                times: burst,
                bytes,
            })
            .await?;
            bursts += 1;
            ensure!(
                fleet.each_heard(bursts * burst, SILENCE).await?,
                "not everybody hears all of a burst"
            );
        }
        let (wall, spent) = (began.elapsed(), self.spent()?.since(before));
        let tally = fleet.count().await?;
        let each = bursts * burst;
        // Ours shows a drop anew to whoever has skipped counters meanwhile.
        let exact = matches!(self, Self::Peer(_));
        let all = tally
            .each
            .is_some_and(|(fewest, most)| fewest >= each && (most == each || !exact));
        ensure!(all, "viewers got {:?} of {each} messages", tally.each);
        ensure!(tally.closed == 0, "{} viewers were closed", tally.closed);
        Ok(self.delivered(tally, spent, wall, None))
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn delivered(
        &self,
        tally: Tally,
        spent: Spent,
        wall: Duration,
        late_ms: Option<(f64, f64)>,
    ) -> Delivered {
        let deliveries = tally.deliveries.max(1);
        Delivered {
            name: self.name().to_owned(),
            deliveries: tally.deliveries,
            each_us: spent.all().as_secs_f64() * 1e6 / deliveries as f64,
            redis_us: spent
                .redis
                .map(|redis| redis.as_secs_f64() * 1e6 / deliveries as f64),
            a_second: tally.deliveries as f64 / wall.as_secs_f64(),
            bytes: tally.bytes as f64 / deliveries as f64,
            late_ms,
            tally,
        }
    }

    async fn publish(&mut self, planned: Instant, publish: Publish) -> Result<()> {
        match self {
            Self::Lapak(stall) => stall.add_one(planned).await,
            Self::Peer(peer) => {
                sleep_until(planned.into()).await;
                peer.publish(publish).await
            }
        }
    }

    async fn burst(&mut self, publish: Publish) -> Result<()> {
        match self {
            Self::Lapak(stall) => stall.pin(publish.times / 2).await,
            Self::Peer(peer) => peer.publish(publish).await,
        }
    }

    /// It ends; our server must end well.
    pub async fn end(self, report: &mut Report) -> Result<()> {
        if let Self::Lapak(stall) = self {
            let Stall {
                server,
                host,
                ground,
                ..
            } = *stall;
            drop(host);
            let (status, _) = server.stop().await?;
            report.check(status.success(), || {
                format!("the server stopped with {status}")
            });
            super::audit(&ground, report).await?;
        }
        Ok(())
    }
}

impl Stall {
    /// Adds a unit at its time, hearing meanwhile what a host is told.
    async fn add_one(&mut self, planned: Instant) -> Result<()> {
        loop {
            tokio::select! {
                () = sleep_until(planned.into()) => break,
                heard = self.host.next() => still_there(&heard?)?,
            }
        }
        let add = json!({"type": "stock.add", "id": new_id(), "sku": "STOCK", "qty": 1, "reason": "more"});
        self.host.send(&add).await
    }

    /// Opens drops that are there to be pinned, twice as many as are pinned at a time, and pins one.
    async fn open_for_pins(&mut self, burst: u64) -> Result<()> {
        for sku in names("PIN", usize::try_from(burst)?) {
            let opened = self
                .host
                .done(json!({"type": "drop.open", "sku": sku}))
                .await?;
            self.pinned
                .push(opened["drop"].as_str().context("no drop")?.to_owned());
        }
        let last = self.pinned.last().context("no drop to pin")?.clone();
        self.host
            .done(json!({"type": "drop.pin", "drop": last, "pinned": true}))
            .await?;
        Ok(())
    }

    /// Pins so many drops, all at once, none of which is pinned: each tells everybody that it is,
    /// and that the one before is not any more.
    async fn pin(&mut self, times: u64) -> Result<()> {
        let token = self.ground.token(Role::Admin, "pins")?;
        let mut asked = JoinSet::new();
        for _ in 0..times {
            let drop = &self.pinned[self.pins % self.pinned.len()];
            let pin = json!({"type": "drop.pin", "drop": drop, "pinned": true});
            asked.spawn(command(self.server.address, token.clone(), pin));
            self.pins += 1;
        }
        while let Some(done) = asked.join_next().await {
            done??;
        }
        Ok(())
    }
}

/// A host's command over HTTP, which must be done.
async fn command(
    to: std::net::SocketAddr,
    token: String,
    command: serde_json::Value,
) -> Result<()> {
    let (id, body) = (new_id(), command.to_string());
    let request = format!(
        "POST /v1/lives/{LIVE}/commands HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {token}\r\n\
         idempotency-key: {id}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = crate::http::raw(to, request.as_bytes()).await?;
    ensure!(answer.status == 200, "{command} came to {}", answer.text);
    Ok(())
}

fn still_there(heard: &Heard) -> Result<()> {
    let refused = matches!(heard, Heard::Message(message) if message["type"] == "refused");
    ensure!(
        !refused && !matches!(heard, Heard::Closed(_)),
        "in {LIVE} the host was told {heard:?}"
    );
    Ok(())
}
