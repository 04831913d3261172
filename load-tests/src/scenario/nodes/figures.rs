//! What a booking costs Redis, beside a script by hand on the same server in the same run; how much
//! of it stays there; and what nodes cost that only listen. Nodes are in this process, but for the
//! latency through the socket.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, stream};
use lapak::clock::Clock;
use lapak::domain::{CustomerId, DropId, LiveId, Settings, ShopId, SkuId};
use lapak::engine::redis::config::Acknowledge;
use lapak::engine::redis::{self, Connector, Settled};
use lapak::engine::{self, Engine};
use lapak::gateway::auth::Role;
use lapak::journal::{Partition, Position};
use lapak::lifecycle::{Lifecycle, StopBounds};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Options;
use super::bare::Bare;
use super::customer::Customer;
use super::shared::{Kind, Redis, copy_folder};
use super::street::Street;
use crate::Report;
use crate::client::{PATIENCE, book};
use crate::report::{as_micros, count, micros, say};
use crate::scenario::host;
use crate::scenario::ready::{booking, open_drop};
use crate::stage::{Bench, Ground, LIVE, SHOP, names};

/// Requests that are on their way at a time.
const TOGETHER: [usize; 5] = [1, 8, 32, 128, 512];
/// Nodes that listen.
const NODES: [usize; 3] = [1, 4, 16];
/// How long nodes listen to nothing.
const QUIET: Duration = Duration::from_secs(5);
/// Bookings of one customer.
const EACH: usize = 5;

/// A node in this process.
struct Inside {
    engine: Engine,
    house: Lifecycle,
    settled: watch::Sender<Settled>,
    _state: TempDir,
}

impl Inside {
    fn start(founded: &Path, connector: &Connector, clock: &Clock) -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let state = if memory.is_dir() {
            TempDir::new_in(memory)?
        } else {
            TempDir::new()?
        };
        copy_folder(founded, state.path())?;
        let (house, opened) = (Lifecycle::new(), engine::open(state.path())?);
        let (entries, mut committed) = mpsc::channel(1_024);
        let (settled, told) = watch::channel(Settled::of(true));
        let engine = redis::start(
            opened,
            state.path(),
            connector,
            clock,
            &house,
            entries,
            &told,
        )?;
        house.spawn_core("reader", async move {
            while committed.recv().await.is_some() {}
            Ok::<_, Infallible>(())
        });
        Ok(Self {
            engine,
            house,
            settled,
            _state: state,
        })
    }

    async fn until_following(&self) -> Result<()> {
        let began = Instant::now();
        while !self.engine.follows() {
            ensure!(began.elapsed() < PATIENCE, "it does not follow");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn close(self) -> Result<()> {
        drop(self.engine);
        self.house.stop();
        let closed = self.house.run(StopBounds::default()).await;
        closed.context("a node did not close")
    }
}

/// What is booked.
struct Shelf {
    shop: ShopId,
    live: LiveId,
    sku: SkuId,
    drop: DropId,
    customers: usize,
}

impl Shelf {
    /// Books so many with so many on their way; where the journal is then.
    async fn book(&mut self, node: &Inside, bookings: usize, together: usize) -> Result<Position> {
        let first = self.customers;
        self.customers += bookings / EACH + 1;
        let mut requests = Vec::with_capacity(bookings);
        for n in 0..bookings {
            let who = CustomerId::new(&format!("many-{}", first + n / EACH))?;
            requests.push(booking(&who, self.drop, &self.sku, &self.live, false));
        }
        let asking = requests
            .into_iter()
            .map(|one| node.engine.submit(&self.shop, one));
        let mut answers = stream::iter(asking).buffer_unordered(together);
        let mut last = Position::START;
        while let Some(reply) = answers.next().await {
            let reply = reply?;
            ensure!(
                reply.outcome.is_ok(),
                "a booking was refused: {:?}",
                reply.outcome
            );
            last = last.max(reply.position);
        }
        Ok(last)
    }
}

fn per(spent: Duration, of: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / count(of)
}

/// Runs it.
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    let mut report = Report::new("nodes: what a booking costs Redis");
    let ground = Ground::new(lapak, &[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    bench.found(Settings::default(), &[("MANY", None)]).await?;
    let drop = open_drop(&bench, "MANY", 1).await?;
    bench.close().await?;
    let mut shelf = Shelf {
        shop: ShopId::new(SHOP)?,
        live: LiveId::new(LIVE)?,
        sku: SkuId::new("MANY")?,
        drop,
        customers: 0,
    };
    costs(&ground, &mut shelf, options, &mut report).await?;
    tails(&ground, &mut shelf, options, &mut report).await?;
    latency(lapak, options, &mut report).await?;
    Ok(report)
}

async fn costs(
    ground: &Ground,
    shelf: &mut Shelf,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let server = Redis::start(options.redis, Acknowledge::Everysec);
    let connector = Connector::new(&server.config())?;
    let node = Inside::start(&ground.state(), &connector, &Clock::default())?;
    node.until_following().await?;
    let stream = lapak::engine::redis::Keys::of("lapak", Partition::of(&shelf.shop)).requests;
    let length = || -> Result<u64> {
        let said = server.say(&["XLEN", &stream]);
        Ok(said.first().context("no server")?.parse()?)
    };
    let mut bare = Bare::open(server.port()?).await?;
    bare.book(200, 1).await?;
    shelf.book(&node, 200, 1).await?;
    let n = options.bookings;
    let mut by_hand = Vec::new();
    for together in [1, 32] {
        let before = server.cpu()?;
        bare.book(n, together).await?;
        let each = per(server.cpu()?.saturating_sub(before), n);
        by_hand.push(each);
        report.figure(
            format!("by hand, {together:>3} together: Redis CPU"),
            each,
            "µs",
        );
    }
    let (memory, xlen, mut last) = (server.info("used_memory")?, length()?, Position::START);
    for together in TOGETHER {
        let (before, turns, began) = (server.cpu()?, length()?, Instant::now());
        last = shelf.book(&node, n, together).await?;
        let each = per(server.cpu()?.saturating_sub(before), n);
        let wall = began.elapsed().as_secs_f64();
        let turns = usize::try_from(length()? - turns)?.max(1);
        report.figure(
            format!("nodes,   {together:>3} together: Redis CPU"),
            each,
            "µs",
        );
        report.figure("  bookings of a turn", count(n) / count(turns), "");
        report.figure("  bookings a second", (count(n) / wall).round(), "/s");
        if let Some(by_hand) = by_hand.first() {
            report.figure("  times the script by hand, one by one", each / by_hand, "");
        }
        say(format!("{together} together done"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bytes = |more: u64| more as f64 / count(n * TOGETHER.len());
    let grown = server.info("used_memory")?.saturating_sub(memory);
    report.figure("bytes in Redis of a booking, untrimmed", bytes(grown), "B");
    node.settled
        .send_modify(|settled| settled.note(Partition::of(&shelf.shop), last));
    let (began, full) = (Instant::now(), length()?);
    while length()? >= full && began.elapsed() < PATIENCE * 2 {
        sleep(Duration::from_millis(200)).await;
    }
    let kept = server.info("used_memory")?.saturating_sub(memory);
    report.figure("  once it is in the ledger and trimmed", bytes(kept), "B");
    report.figure("  trimmed after", began.elapsed().as_secs_f64(), "s");
    let left = usize::try_from(length()?)?;
    report.figure(
        "  turns before, and left",
        count(usize::try_from(full - xlen)?),
        "",
    );
    report.figure("  turns left", count(left), "");
    node.close().await
}

async fn tails(
    ground: &Ground,
    shelf: &mut Shelf,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    for nodes in NODES {
        let server = Redis::start(Kind::Redis, Acknowledge::Everysec);
        let connector = Connector::new(&server.config())?;
        let clock = Clock::default();
        let all = (0..nodes).map(|_| Inside::start(&ground.state(), &connector, &clock));
        let all = all.collect::<Result<Vec<_>>>()?;
        for node in &all {
            node.until_following().await?;
        }
        let first = all.first().context("no node")?;
        shelf.book(first, 100, 1).await?;
        let before = server.cpu()?;
        sleep(QUIET).await;
        let quiet = server.cpu()?.saturating_sub(before);
        report.figure(
            format!("{nodes:>2} nodes, nothing to do: Redis CPU of a core"),
            quiet.as_secs_f64() * 100.0 / QUIET.as_secs_f64(),
            "%",
        );
        let n = options.bookings / 4;
        for together in [1, 32] {
            let before = server.cpu()?;
            shelf.book(first, n, together).await?;
            let each = per(server.cpu()?.saturating_sub(before), n);
            report.figure(
                format!("{nodes:>2} nodes, {together:>2} together: Redis CPU of a booking"),
                each,
                "µs",
            );
        }
        for node in all {
            node.close().await?;
        }
        say(format!("{nodes} nodes done"));
    }
    Ok(())
}

/// Bookings at two nodes through the socket, at a rate that leaves room.
async fn latency(lapak: &Path, options: &Options, report: &mut Report) -> Result<()> {
    let rates = [
        "messages_per_s",
        "messages_burst",
        "bookings_per_s",
        "bookings_burst",
    ];
    let rates: Vec<_> = rates
        .iter()
        .map(|rate| ("limits", *rate, 1_000_000))
        .collect();
    let skus = [("MANY", None)];
    let mut street = Street::open(
        lapak,
        options.redis,
        Acknowledge::Everysec,
        2,
        &skus,
        &rates,
    )
    .await?;
    let door = street
        .doors
        .any(&mut crate::scenario::Chance::new(1))
        .context("no node")?;
    let mut host = host(&street.ground, door, "host").await?;
    let opened = host
        .done(json!({"type": "drop.open", "sku": "MANY"}))
        .await?;
    let drop = opened["drop"].as_str().context("no drop")?.to_owned();
    let mut all = JoinSet::new();
    for (number, name) in names("l", 40).into_iter().enumerate() {
        let token = street.ground.token(Role::Viewer, &name)?;
        let seed = u64::try_from(number)? + 1;
        let mut customer = Customer::new(token, street.doors.clone(), seed);
        let drop = drop.clone();
        all.spawn(async move {
            customer.arrive().await?;
            sleep(Duration::from_millis(seed * 5)).await;
            let mut took = Vec::new();
            for _ in 0..40 {
                let began = Instant::now();
                let answer = customer.ask(book(&drop, "MANY")).await?;
                ensure!(answer["type"] == "held", "{answer}");
                took.push(began.elapsed());
                sleep(Duration::from_millis(200).saturating_sub(began.elapsed())).await;
            }
            Ok(took)
        });
    }
    let mut told = micros();
    while let Some(took) = all.join_next().await {
        for took in took?? {
            told.saturating_record(as_micros(took));
        }
    }
    report.latency("two nodes, 200 bookings/s: tap to answer", &told);
    street.close(report).await
}
