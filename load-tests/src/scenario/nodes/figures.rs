//! What a booking costs Redis, beside a script by hand on the same server in the same run; how much
//! of it stays there; and what nodes cost that only listen. Nodes are in this process, but for the
//! latency through the socket.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::clock::Clock;
use lapak::domain::Settings;
use lapak::engine::redis::config::Acknowledge;
use lapak::engine::redis::{Connector, RedisConfig};
use lapak::gateway::auth::Role;
use lapak::journal::{Partition, Position};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Options;
use super::bare::Bare;
use super::customer::Customer;
use super::inside::{Inside, Shelf};
use super::shared::{Kind, Redis};
use super::street::Street;
use crate::Report;
use crate::client::{PATIENCE, book};
use crate::report::{as_micros, count, micros, per, say};
use crate::scenario::host;
use crate::scenario::ready::open_drop;
use crate::stage::{Bench, Ground, names};
use crate::usage;

/// What all is measured by.
const ONE_BY_ONE: &str = "by hand,   1 together: Redis CPU";
/// Requests that are on their way at a time.
const TOGETHER: [usize; 5] = [1, 8, 32, 128, 512];
/// Nodes that listen.
const NODES: [usize; 3] = [1, 4, 16];
/// Refusals that are asked for at a time.
const TOGETHER_REFUSED: usize = 128;
/// How long nodes listen to nothing.
const QUIET: Duration = Duration::from_secs(5);
/// What Redis has spent so far.
struct Spent {
    cpu: Duration,
    /// Calls of scripts, and the time in them.
    scripts: (u64, u64),
}

impl Spent {
    fn of(server: &Redis) -> Result<Self> {
        let one = server.one()?;
        let seconds = |name: &str| -> Result<f64> { Ok(one.info(name).parse()?) };
        let cpu = seconds("used_cpu_user")? + seconds("used_cpu_sys")?;
        let said = one.info("cmdstat_evalsha");
        let of = |name: &str| {
            let mut parts = said.split(',').filter_map(|part| part.split_once('='));
            let found = parts.find(|(known, _)| *known == name);
            found.map_or(Ok(0), |(_, value)| value.parse::<u64>())
        };
        Ok(Self {
            cpu: Duration::from_secs_f64(cpu),
            scripts: (of("calls")?, of("usec")?),
        })
    }

    /// CPU time since then.
    fn since(&self, server: &Redis) -> Result<Duration> {
        Ok(Self::of(server)?.cpu.saturating_sub(self.cpu))
    }

    /// Tells what so many bookings have cost since then.
    fn tell(&self, server: &Redis, n: usize, name: &str, report: &mut Report) -> Result<()> {
        let now = Self::of(server)?;
        let cpu = now.cpu.saturating_sub(self.cpu);
        let calls = usize::try_from(now.scripts.0 - self.scripts.0)?.max(1);
        let inside = Duration::from_micros(now.scripts.1 - self.scripts.1);
        report.figure(format!("{name}: Redis CPU"), per(cpu, n), "µs");
        report.figure("  in the script, of a call", per(inside, calls), "µs");
        Ok(())
    }
}

/// Runs it.
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    let mut report = Report::new("nodes: what a booking costs Redis");
    let ground = Ground::new(lapak, &[])?;
    let bench = Bench::open(&ground.state(), &Clock::default())?;
    let skus = [("MANY", None), ("ONE", Some(1))];
    bench.found(Settings::default(), &skus).await?;
    let mut shelf = Shelf::new("MANY", open_drop(&bench, "MANY", 1).await?)?;
    let mut sold = Shelf::new("ONE", open_drop(&bench, "ONE", 2).await?)?;
    bench.close().await?;
    costs(&ground, &mut shelf, options, &mut report).await?;
    tails(&ground, &mut shelf, options, &mut report).await?;
    refusals(&ground, &mut sold, options, &mut report).await?;
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
    // What the server has in all changes by more than this: its buffers for connections come and go.
    let held = || -> Result<u64> {
        let said = server.say(&["MEMORY", "USAGE", &stream, "SAMPLES", "0"]);
        Ok(said.first().context("no server")?.parse()?)
    };
    shelf.book(&node, 200, 1).await?;
    let n = options.bookings;
    let (memory, xlen, mut last) = (held()?, length()?, Position::START);
    let mut walls = Vec::new();
    for together in TOGETHER {
        let (before, turns, began) = (Spent::of(&server)?, length()?, Instant::now());
        last = shelf.book(&node, n, together).await?;
        let wall = began.elapsed();
        before.tell(
            &server,
            n,
            &format!("nodes,   {together:>3} together"),
            report,
        )?;
        walls.push((together, wall));
        let turns = usize::try_from(length()? - turns)?.max(1);
        report.figure("  bookings of a turn", count(n) / count(turns), "");
        let each_second = (count(n) / wall.as_secs_f64()).round();
        report.figure("  bookings a second", each_second, "/s");
        say(format!("{together} together done"));
    }
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bytes = |more: u64| more as f64 / count(n * TOGETHER.len());
    let grown = held()?.saturating_sub(memory);
    report.figure("bytes in Redis of a booking, untrimmed", bytes(grown), "B");
    node.settled
        .send_modify(|settled| settled.note(Partition::of(&shelf.shop), last));
    let (began, full) = (Instant::now(), length()?);
    while length()? >= full && began.elapsed() < PATIENCE * 2 {
        sleep(Duration::from_millis(200)).await;
    }
    let kept = held()?.saturating_sub(memory);
    report.figure("  once it is in the ledger and trimmed", bytes(kept), "B");
    report.figure("  trimmed after", began.elapsed().as_secs_f64(), "s");
    let left = usize::try_from(length()?)?;
    report.figure(
        "  turns before, and left",
        count(usize::try_from(full - xlen)?),
        "",
    );
    report.figure("  turns left", count(left), "");
    node.close().await?;
    by_hand(&server, n, &walls, report).await
}

/// The script by hand, at the pace that the nodes had, and one by one as fast as it goes.
async fn by_hand(
    server: &Redis,
    n: usize,
    walls: &[(usize, Duration)],
    report: &mut Report,
) -> Result<()> {
    let mut bare = Bare::open(server.port()?).await?;
    bare.book(200, 1, Duration::ZERO).await?;
    for (together, wall) in walls {
        let every = *wall / u32::try_from((n / together).max(1))?;
        let before = Spent::of(server)?;
        bare.book(n, *together, every).await?;
        let name = format!("by hand, {together:>3} together");
        before.tell(server, n, &name, report)?;
        let nodes = report.value(&format!("nodes,   {together:>3} together: Redis CPU"));
        let (alike, one) = (
            report.value(&format!("{name}: Redis CPU")),
            report.value(ONE_BY_ONE),
        );
        if let (Some(nodes), Some(alike), Some(one)) = (nodes, alike, one) {
            report.figure("  nodes, times that", nodes / alike, "");
            report.figure("  nodes, times that one by one", nodes / one, "");
        }
    }
    let before = Spent::of(server)?;
    bare.book(n, 1, Duration::ZERO).await?;
    before.tell(server, n, "by hand, one by one without a rest", report)
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
        let before = Spent::of(&server)?;
        sleep(QUIET).await;
        let quiet = before.since(&server)?;
        report.figure(
            format!("{nodes:>2} nodes, nothing to do: Redis CPU of a core"),
            quiet.as_secs_f64() * 100.0 / QUIET.as_secs_f64(),
            "%",
        );
        let n = options.bookings / 4;
        for together in [1, 32] {
            let before = Spent::of(&server)?;
            shelf.book(first, n, together).await?;
            let each = per(before.since(&server)?, n);
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

/// What is asked for that is sold out: refused from memory, and as a turn of all nodes.
async fn refusals(
    ground: &Ground,
    sold: &mut Shelf,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    for (name, from_memory) in [("from memory", true), ("by all nodes", false)] {
        let server = Redis::start(options.redis, Acknowledge::Everysec);
        let config = RedisConfig {
            refuse_from_memory: from_memory,
            ..server.config()
        };
        let connector = Connector::new(&config)?;
        let node = Inside::start(&ground.state(), &connector, &Clock::default())?;
        node.until_following().await?;
        sold.book(&node, 1, 1).await?;
        // Refusals from memory are so cheap that few of them cannot be measured.
        let n = options.bookings * if from_memory { 10 } else { 1 };
        sold.refused(&node, n / 10, TOGETHER_REFUSED).await?;
        let own = || usage::cpu(std::process::id());
        let (before, node_before, began) = (Spent::of(&server)?, own()?, Instant::now());
        let told = sold.refused(&node, n, TOGETHER_REFUSED).await?;
        let wall = began.elapsed().as_secs_f64();
        let (redis, node_cpu) = (before.since(&server)?, own()?.saturating_sub(node_before));
        let a_second = (count(n) / wall).round();
        report.figure(
            format!("sold out, {name}: refusals a second"),
            a_second,
            "/s",
        );
        report.figure("  CPU of the node and of who asks", per(node_cpu, n), "µs");
        report.figure("  CPU of Redis", per(redis, n), "µs");
        let share = 100.0 * count(told) / count(n);
        report.figure("  that never left the node", share, "%");
        node.close().await?;
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
