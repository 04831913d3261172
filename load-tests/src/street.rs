//! Several nodes on one machine: a state folder and a process each, one Redis and one PostgreSQL
//! for all.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::domain::Settings;
use lapak::engine::redis::config::Acknowledge;
use lapak::engine::store::Store;
use lapak::journal::{Partition, Position};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use crate::client::PATIENCE;
use crate::postgres::Postgres;
use crate::redis::{Kind, Redis, copy_folder};
use crate::scenario::Chance;
use crate::stage::{Bench, Ground, LIVE};
use crate::{Report, Server, Spent, http, usage};

/// How often a node is started until it has failed.
const STARTS: usize = 3;

/// The public doors of the nodes that run; clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Doors(Arc<Mutex<Vec<Option<SocketAddr>>>>);

impl Doors {
    /// Where a node is; none: it is not there.
    pub(crate) fn set(&self, node: usize, door: Option<SocketAddr>) {
        let mut doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if doors.len() <= node {
            doors.resize(node + 1, None);
        }
        if let Some(place) = doors.get_mut(node) {
            *place = door;
        }
    }

    /// One of them.
    pub(crate) fn any(&self, chance: &mut Chance) -> Option<SocketAddr> {
        let doors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open: Vec<_> = doors.iter().flatten().copied().collect();
        let at = chance.below(u64::try_from(open.len()).ok()?);
        open.get(usize::try_from(at).ok()?).copied()
    }
}

/// A node's folder and process.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its journal.
    pub(crate) state: PathBuf,
    config: PathBuf,
    /// None while it does not run.
    pub(crate) server: Option<Server>,
}

/// All nodes, and what they share.
#[derive(Debug)]
pub(crate) struct Street {
    /// Tokens, and a state folder with the shop from which nodes began.
    pub(crate) ground: Ground,
    /// The ledger of all.
    pub(crate) postgres: Postgres,
    /// The sequencer of all.
    pub(crate) redis: Redis,
    /// In order.
    pub(crate) nodes: Vec<Node>,
    /// Where customers come in.
    pub(crate) doors: Doors,
    lapak: PathBuf,
}

impl Street {
    /// A shop that one process founded, taken over by so many nodes.
    pub(crate) async fn open(
        lapak: &Path,
        kind: Kind,
        acknowledge: Acknowledge,
        count: usize,
        skus: &[(&str, Option<u32>)],
        settings: &[(&str, &str, u64)],
    ) -> Result<Self> {
        let ground = Ground::new(lapak, settings)?;
        let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
        bench.found(Settings::default(), skus).await?;
        bench.close().await?;
        let mut street = Self {
            ground,
            postgres: Postgres::start().await?,
            redis: Redis::start(kind, acknowledge),
            nodes: Vec::new(),
            doors: Doors::default(),
            lapak: lapak.to_owned(),
        };
        for _ in 0..count {
            let node = street.add()?;
            copy_folder(&street.ground.state(), &street.node(node)?.state)?;
        }
        street.start_all().await?;
        Ok(street)
    }

    /// Starts all nodes at once: they have to agree on where they begin.
    pub(crate) async fn start_all(&mut self) -> Result<()> {
        let starts = (0..self.nodes.len()).map(|node| self.launch(node));
        let started = futures_util::future::try_join_all(starts).await?;
        for (node, server) in started.into_iter().enumerate() {
            self.put(node, server)?;
        }
        Ok(())
    }

    /// Tells every node's settings where Redis is now.
    pub(crate) fn rewrite(&self) -> Result<()> {
        self.nodes
            .iter()
            .try_for_each(|node| self.write_settings(node))
    }

    fn write_settings(&self, node: &Node) -> Result<()> {
        let (founded, state) = (self.ground.state(), node.state.display().to_string());
        let text = std::fs::read_to_string(self.ground.config())?;
        let text = text.replace(&founded.display().to_string(), &state);
        let url = self.postgres.url();
        let ledger = format!("[ledger]\nkind = \"postgres\"\nurl = \"{url}\"\n");
        let text = format!("{text}{ledger}{}", self.redis.section()?);
        Ok(std::fs::write(&node.config, text)?)
    }

    /// A folder for one more node, with nothing in it but the key of tokens.
    pub(crate) fn add(&mut self) -> Result<usize> {
        let number = self.nodes.len();
        let founded = self.ground.state();
        let base = founded.with_file_name(format!("node-{number}"));
        let (state, config) = (base.join("state"), base.join("lapak.toml"));
        std::fs::create_dir_all(&state)?;
        std::fs::copy(founded.join("token.key"), state.join("token.key"))?;
        let node = Node {
            state,
            config,
            server: None,
        };
        self.write_settings(&node)?;
        self.nodes.push(node);
        Ok(number)
    }

    /// A node by its number.
    pub(crate) fn node(&self, node: usize) -> Result<&Node> {
        self.nodes.get(node).context("no such node")
    }

    async fn launch(&self, node: usize) -> Result<Server> {
        let started = Server::start(&self.lapak, &self.node(node)?.config).await;
        started.with_context(|| format!("node {node}"))
    }

    fn put(&mut self, node: usize, server: Server) -> Result<()> {
        self.doors.set(node, Some(server.address));
        self.nodes.get_mut(node).context("no such node")?.server = Some(server);
        Ok(())
    }

    /// Starts a node on what its folder has, and again if it ends, as whoever looks after it does;
    /// how often it had to be started.
    pub(crate) async fn start(&mut self, node: usize) -> Result<usize> {
        for time in 1..STARTS {
            if let Ok(server) = self.launch(node).await {
                self.put(node, server)?;
                return Ok(time);
            }
        }
        let server = self.launch(node).await?;
        self.put(node, server)?;
        Ok(STARTS)
    }

    fn take(&mut self, node: usize) -> Result<Server> {
        self.doors.set(node, None);
        let node = self.nodes.get_mut(node).context("no such node")?;
        node.server.take().context("it does not run")
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self, node: usize) -> Result<()> {
        self.take(node)?.kill().await
    }

    /// SIGTERM; how it ended, and after how long. Nobody is sent to it meanwhile.
    pub(crate) async fn stop(&mut self, node: usize) -> Result<(ExitStatus, Duration)> {
        self.take(node)?.stop().await
    }

    /// A node stands still for a while.
    pub(crate) async fn stall(&self, node: usize, time: Duration) -> Result<()> {
        let server = self.node(node)?.server.as_ref();
        let pid = server.context("it does not run")?.pid.to_string();
        for (signal, time) in [("-STOP", time), ("-CONT", Duration::ZERO)] {
            let sent = Command::new("kill").args([signal, &pid]).status().await?;
            ensure!(sent.success(), "kill {signal}: {sent}");
            sleep(time).await;
        }
        Ok(())
    }

    /// The public doors of the nodes that run, in order.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let servers = self.nodes.iter().filter_map(|node| node.server.as_ref());
        servers.map(|server| server.address).collect()
    }

    /// Resident bytes of all nodes that run.
    pub(crate) fn resident(&self) -> Result<u64> {
        let servers = self.nodes.iter().filter_map(|node| node.server.as_ref());
        servers.map(Server::resident).sum()
    }

    /// Processor time so far of all nodes that run, and of their Redis.
    pub(crate) fn spent(&self) -> Result<Spent> {
        let servers = self.nodes.iter().filter_map(|node| node.server.as_ref());
        Ok(Spent {
            servers: servers
                .map(|server| usage::tree_cpu(server.pid))
                .sum::<Result<_>>()?,
            redis: self.redis.cpu()?,
        })
    }

    /// Numbers of the nodes that should run.
    pub(crate) fn running(&self) -> Vec<usize> {
        let all = self.nodes.iter().enumerate();
        all.filter_map(|(at, node)| node.server.as_ref().map(|_| at))
            .collect()
    }

    /// A metric of a node, all labels together.
    pub(crate) async fn metric(&self, node: usize, name: &str) -> Result<f64> {
        let server = self.node(node)?.server.as_ref();
        let server = server.context("it does not run")?;
        let page = http::get(server.internal, "/metrics").await?;
        let lines = page.text.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        Ok(lines
            .filter_map(|line| line.rsplit(' ').next()?.trim().parse::<f64>().ok())
            .sum())
    }

    /// Waits until something is so of a metric of every node that runs; how long that took.
    pub(crate) async fn until_metric(
        &self,
        name: &str,
        so: impl Fn(usize, f64) -> bool,
    ) -> Result<Duration> {
        let began = Instant::now();
        for node in self.running() {
            while !so(node, self.metric(node, name).await?) {
                ensure!(
                    began.elapsed() < PATIENCE,
                    "node {node}: {name} stays as it is\n{}",
                    self.log(node)
                );
                sleep(Duration::from_millis(10)).await;
            }
        }
        Ok(began.elapsed())
    }

    /// Waits until every node follows all its partitions.
    pub(crate) async fn until_following(&self) -> Result<Duration> {
        self.until_metric("lapak_partitions_following", |_, n| n >= 16.0)
            .await
    }

    /// The end of a node's log.
    pub(crate) fn log(&self, node: usize) -> String {
        let server = self.nodes.get(node).and_then(|node| node.server.as_ref());
        server.map(Server::log).unwrap_or_default()
    }

    /// Nodes that ended without being told to.
    pub(crate) fn check_alive(&self, report: &mut Report) {
        for node in self.running() {
            let Some(server) = self.nodes.get(node).and_then(|node| node.server.as_ref()) else {
                continue;
            };
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid));
            let gone = stat.map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "));
            report.check(!gone, || {
                format!("node {node} ended by itself:\n{}", server.log())
            });
        }
    }

    /// Waits until all journals are the same, checksum for checksum; how many entries they have.
    pub(crate) async fn until_equal(&self, report: &mut Report) -> Result<usize> {
        let began = Instant::now();
        loop {
            let chains = self.chains()?;
            if let Some((first, others)) = chains.split_first()
                && others.iter().all(|other| other == first)
            {
                return Ok(first.iter().map(|(_, _, entries)| entries).sum());
            }
            if began.elapsed() > PATIENCE {
                report.lie(format!("journals stay different: {chains:?}"));
                return Ok(0);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Each node's last entries: position, checksum, how many.
    fn chains(&self) -> Result<Vec<Vec<(Position, u32, usize)>>> {
        let nodes = self.nodes.iter().map(|node| chain(&node.state));
        nodes.collect()
    }

    /// What every node shows of the live, as a newcomer gets it.
    pub(crate) async fn shown(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        for node in &self.nodes {
            let Some(server) = &node.server else { continue };
            let path = format!("/v1/lives/{LIVE}/snapshot");
            let page = http::get(server.address, &path).await?;
            let (_, body) = page.text.split_once("\r\n\r\n").context("no body")?;
            let mut shown: Value = serde_json::from_str(body.trim())
                .with_context(|| format!("a snapshot: {}", page.text))?;
            strip(&mut shown);
            all.push(shown);
        }
        Ok(all)
    }

    /// Waits until all nodes show the same.
    pub(crate) async fn until_shown_equal(&self, report: &mut Report) -> Result<()> {
        let began = Instant::now();
        loop {
            let shown = self.shown().await?;
            if shown.windows(2).all(|two| two.first() == two.last()) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                report.lie(format!("nodes show different things: {shown:?}"));
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops every node, and looks at what each leaves: equal journals, a clean audit.
    pub(crate) async fn close(&mut self, report: &mut Report) -> Result<()> {
        for node in self.running() {
            let server = self.take(node)?;
            let said = server.last_words();
            let (status, took) = server.stop().await?;
            report.check(status.success(), || {
                format!(
                    "node {node} stopped with {status} after {took:?}\n{}",
                    said.text()
                )
            });
        }
        self.until_equal(report).await?;
        for (number, node) in self.nodes.iter().enumerate() {
            if let Some(found) = self.ground.audit_of(&node.config).await? {
                report.lie(format!("node {number}: {found}"));
            }
        }
        Ok(())
    }
}

/// The chain of every partition of a journal.
fn chain(state: &Path) -> Result<Vec<(Position, u32, usize)>> {
    let reader = Store::reader(state)?;
    let ends = Partition::all().map(|partition| {
        let found = reader.sealed(partition, Position::START, 0, usize::MAX)?;
        let found = found.map_err(|elsewhere| anyhow::anyhow!("trimmed: {elsewhere}"))?;
        let last = found.last();
        Ok((
            last.map_or(Position::START, |one| one.entry.position),
            last.map_or(0, |one| one.crc),
            found.len(),
        ))
    });
    ends.collect()
}

/// Leaves out what is of one node or of one moment.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !matches!(
                    name.as_str(),
                    "server_now_ms" | "viewers" | "node" | "connections"
                )
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}
