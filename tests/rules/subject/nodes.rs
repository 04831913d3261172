//! Two nodes on a Redis of their own, on one clock that the table moves. Requests go to one and the
//! other in turn; what one has decided, the other must have come to as well.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lapak::clock::Clock;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, Decision, Millis, Request, Role, Shop, ShopId,
};
use lapak::engine::redis::{Connector, RedisConfig, Settled};
use lapak::engine::store::Store;
use lapak::engine::{self, Engine, Seen, redis};
use lapak::journal::{Partition, Position};
use lapak::lifecycle::{Lifecycle, StopBounds};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};

use crate::redis_fixture::{Options, Program, Server};

/// How long nodes may take to come to the same.
const PATIENCE: Duration = Duration::from_secs(20);

/// A place for journals that need not outlive the machine.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    }
}

struct Node {
    folder: TempDir,
    engine: Engine,
    house: Lifecycle,
}

/// One server of a kind for all who ask in this process; each has keys of their own.
fn shared(program: Program) -> (String, String) {
    static SERVERS: Mutex<Vec<(Program, Server)>> = Mutex::new(Vec::new());
    static USERS: AtomicU32 = AtomicU32::new(0);
    let mut servers = SERVERS.lock().unwrap_or_else(PoisonError::into_inner);
    if !servers.iter().any(|(known, _)| *known == program) {
        let options = Options {
            program,
            ..Options::default()
        };
        servers.push((program, Server::start(options)));
    }
    let server = servers.iter().find(|(known, _)| *known == program).unwrap();
    let user = USERS.fetch_add(1, Ordering::Relaxed);
    (server.1.url(), format!("lapak-{user}"))
}

/// Two nodes, and the Redis between them.
pub(crate) struct Nodes {
    runtime: Runtime,
    all: Vec<Node>,
    connector: Connector,
    clock: Clock,
    now: Millis,
    turn: usize,
    /// Where the journals of shops stand, as far as anybody was told.
    told: HashMap<ShopId, Position>,
}

impl Nodes {
    pub(crate) fn start(program: Program, now: Millis) -> Self {
        let (url, prefix) = shared(program);
        let runtime = Runtime::new().unwrap();
        let clock = Clock::manual(now.0);
        let config = RedisConfig {
            urls: vec![url],
            prefix,
            agree_ms: 50,
            // Compared with the domain, which keeps every refusal.
            refuse_from_memory: false,
            ..RedisConfig::default()
        };
        let connector = Connector::new(&config).unwrap();
        let all = (0..2).map(|_| {
            let folder = folder();
            let (engine, house) = open(&runtime, &folder, &clock, &connector);
            Node {
                folder,
                engine,
                house,
            }
        });
        let all = all.collect();
        Self {
            runtime,
            all,
            connector,
            clock,
            now,
            turn: 0,
            told: HashMap::new(),
        }
    }

    fn tell_time(&mut self, now: Millis) {
        self.clock.advance(now.since(self.now));
        self.now = self.now.max(now);
    }

    /// Lets all that is due in a shop happen: asks for something that leaves no trace, before which
    /// time passes.
    pub(crate) fn advance(&mut self, shop: &ShopId, now: Millis) {
        let nothing = Request {
            by: Actor {
                role: Role::System,
                name: CustomerId::new("system").unwrap(),
            },
            key: None,
            command: Command::Expire {
                booking: BookingId(0),
            },
        };
        let refused = self.submit(shop, now, &nothing);
        assert!(refused.is_err(), "there is no such booking");
    }

    pub(crate) fn submit(&mut self, shop: &ShopId, now: Millis, request: &Request) -> Outcome {
        self.tell_time(now);
        self.turn += 1;
        let at = self.turn % self.all.len();
        let engine = &self.all[at].engine;
        // Before the nodes agree for the first time nothing is taken.
        let reply = loop {
            match self.runtime.block_on(engine.submit(shop, request.clone())) {
                Ok(reply) => break reply,
                Err(lapak::engine::Failure::Unavailable { .. }) => self.rest(),
                Err(failure) => panic!("{failure}"),
            }
        };
        let told = self.told.entry(shop.clone()).or_default();
        *told = (*told).max(reply.position);
        reply.outcome
    }

    fn rest(&self) {
        self.runtime
            .block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
    }

    /// The shop as every node has it. A turn that leaves no entry may still move its time, so nodes
    /// are waited for until they are equal.
    pub(crate) fn shop(&self, shop: &ShopId) -> Shop {
        let machine = Clock::default();
        let begun = machine.monotonic();
        let told = self.told.get(shop).copied().unwrap_or_default();
        loop {
            let seen = self.all.iter().map(|node| {
                let asked = node.engine.shop(shop);
                self.runtime.block_on(asked).unwrap()
            });
            let mut all: Vec<Seen<Shop>> = seen.collect();
            let there = all.iter().all(|seen| seen.position >= told);
            if there && all.windows(2).all(|two| two[0].value == two[1].value) {
                return all.pop().unwrap().value;
            }
            assert!(
                machine.monotonic() < begun + PATIENCE,
                "nodes stay different: {all:#?}"
            );
            self.rest();
        }
    }

    /// The shop as the node has it that was asked last.
    pub(crate) fn asked(&self, shop: &ShopId) -> Shop {
        let node = &self.all[self.turn % self.all.len()];
        let seen = self.runtime.block_on(node.engine.shop(shop));
        seen.unwrap().value
    }

    /// What each node's journal has of a shop.
    pub(crate) fn decisions(&self, shop: &ShopId) -> Vec<Vec<Decision>> {
        let of = |node: &Node| {
            let reader = Store::reader(node.folder.path()).unwrap();
            let mut decisions = Vec::new();
            let each = |_, id, decision| {
                if id == *shop {
                    decisions.push(decision);
                }
                Ok(())
            };
            reader.replay(Partition::of(shop), each).unwrap();
            decisions
        };
        self.all.iter().map(of).collect()
    }

    /// Stops a node, and starts it again on its journal; the other goes on meanwhile.
    pub(crate) fn restart(&mut self) {
        let at = (self.turn + 1) % self.all.len();
        let node = &mut self.all[at];
        stop(&self.runtime, &node.house);
        (node.engine, node.house) = open(&self.runtime, &node.folder, &self.clock, &self.connector);
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in &self.all {
            stop(&self.runtime, &node.house);
        }
    }
}

fn stop(runtime: &Runtime, house: &Lifecycle) {
    house.stop();
    runtime.block_on(house.run(StopBounds::default())).unwrap();
}

fn open(
    runtime: &Runtime,
    folder: &TempDir,
    clock: &Clock,
    connector: &Connector,
) -> (Engine, Lifecycle) {
    let house = Lifecycle::new();
    let (entries, mut committed) = mpsc::channel(64);
    let _inside = runtime.enter();
    let opened = engine::open(folder.path()).unwrap();
    let settled = watch::channel(Settled::default()).1;
    let engine = redis::start(
        opened,
        folder.path(),
        connector,
        clock,
        &house,
        entries,
        &settled,
    );
    house.spawn_core("reader", async move {
        while committed.recv().await.is_some() {}
        Ok::<_, Infallible>(())
    });
    (engine.unwrap(), house)
}
