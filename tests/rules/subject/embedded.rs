//! The embedded engine with its journal in a folder of its own, on a clock that the table moves.

use std::convert::Infallible;

use lapak::clock::Clock;
use lapak::domain::shop::Outcome;
use lapak::domain::{Millis, Request, Shop, ShopId};
use lapak::engine::{self, Engine};
use lapak::journal::Partition;
use lapak::lifecycle::{Lifecycle, StopBounds};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// An engine that runs, and can be stopped and started on the same folder.
pub(crate) struct Embedded {
    runtime: Runtime,
    folder: TempDir,
    shop: ShopId,
    clock: Clock,
    now: Millis,
    engine: Engine,
    house: Lifecycle,
}

impl Embedded {
    pub(crate) fn start(shop: ShopId, now: Millis) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = TempDir::new().unwrap();
        let clock = Clock::manual(now.0);
        let (engine, house) = open(&runtime, &folder, &clock);
        Self {
            runtime,
            folder,
            shop,
            clock,
            now,
            engine,
            house,
        }
    }

    /// Moves the clock on; a table whose time goes back finds the engine's time standing.
    fn tell_time(&mut self, now: Millis) {
        self.clock.advance(now.since(self.now));
        self.now = self.now.max(now);
    }

    /// A question is answered behind the sweep of its turn, so that all that is due is done.
    pub(crate) fn advance(&mut self, now: Millis) {
        self.tell_time(now);
        self.runtime
            .block_on(self.engine.settings(&self.shop))
            .unwrap();
    }

    pub(crate) fn submit(&mut self, now: Millis, request: &Request) -> Outcome {
        self.tell_time(now);
        let submitted = self.engine.submit(&self.shop, request.clone());
        self.runtime.block_on(submitted).unwrap().outcome
    }

    /// The shop as a restart would find it: read back from the folder.
    pub(crate) fn shop(&self) -> Shop {
        let reader = engine::store::Store::reader(self.folder.path()).unwrap();
        let mut loaded = reader.load(Partition::of(&self.shop)).unwrap();
        loaded.shops.remove(&self.shop).unwrap_or_default()
    }

    pub(crate) fn restart(&mut self) {
        self.stop();
        (self.engine, self.house) = open(&self.runtime, &self.folder, &self.clock);
    }

    fn stop(&self) {
        self.house.stop();
        self.runtime
            .block_on(self.house.run(StopBounds::default()))
            .unwrap();
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stop();
    }
}

fn open(runtime: &Runtime, folder: &TempDir, clock: &Clock) -> (Engine, Lifecycle) {
    let house = Lifecycle::new();
    let (entries, mut committed) = mpsc::channel(64);
    let _inside = runtime.enter();
    let opened = engine::open(folder.path()).unwrap();
    let engine = opened.start(clock, &house, entries).unwrap();
    house.spawn_core("reader", async move {
        while committed.recv().await.is_some() {}
        Ok::<_, Infallible>(())
    });
    (engine, house)
}
