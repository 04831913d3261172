//! A node in this process, and what is booked at it.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use lapak::clock::Clock;
use lapak::domain::{CustomerId, DropId, LiveId, ShopId, SkuId};
use lapak::engine::redis::{self, Connector, Settled};
use lapak::engine::{self, Engine, Reply};
use lapak::journal::Position;
use lapak::lifecycle::{Lifecycle, StopBounds};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use super::shared::copy_folder;
use crate::client::PATIENCE;
use crate::scenario::ready::booking;
use crate::stage::{LIVE, SHOP};

/// Bookings of one customer.
const EACH: usize = 5;

/// A node in this process.
pub(super) struct Inside {
    pub(super) engine: Engine,
    house: Lifecycle,
    pub(super) settled: watch::Sender<Settled>,
    _state: TempDir,
}

impl Inside {
    pub(super) fn start(founded: &Path, connector: &Connector, clock: &Clock) -> Result<Self> {
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

    pub(super) async fn until_following(&self) -> Result<()> {
        let began = Instant::now();
        while !self.engine.follows() {
            ensure!(began.elapsed() < PATIENCE, "it does not follow");
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    pub(super) async fn close(self) -> Result<()> {
        drop(self.engine);
        self.house.stop();
        let closed = self.house.run(StopBounds::default()).await;
        closed.context("a node did not close")
    }
}

/// What is booked.
pub(super) struct Shelf {
    pub(super) shop: ShopId,
    live: LiveId,
    sku: SkuId,
    drop: DropId,
    customers: usize,
}

impl Shelf {
    pub(super) fn new(sku: &str, drop: DropId) -> Result<Self> {
        Ok(Self {
            shop: ShopId::new(SHOP)?,
            live: LiveId::new(LIVE)?,
            sku: SkuId::new(sku)?,
            drop,
            customers: 0,
        })
    }

    /// Books so many with so many on their way; where the journal is then.
    pub(super) async fn book(
        &mut self,
        node: &Inside,
        bookings: usize,
        together: usize,
    ) -> Result<Position> {
        let replies = self.ask(node, bookings, together).await?;
        let refused = replies.iter().find(|reply| reply.outcome.is_err());
        ensure!(refused.is_none(), "a booking was refused: {refused:?}");
        let last = replies.iter().map(|reply| reply.position).max();
        Ok(last.unwrap_or(Position::START))
    }

    /// Asks for what is sold out; how many answers were from memory.
    pub(super) async fn refused(
        &mut self,
        node: &Inside,
        requests: usize,
        together: usize,
    ) -> Result<usize> {
        let replies = self.ask(node, requests, together).await?;
        let held = replies.iter().find(|reply| reply.outcome.is_ok());
        ensure!(held.is_none(), "it was not sold out: {held:?}");
        Ok(replies.iter().filter(|reply| reply.from_memory).count())
    }

    async fn ask(&mut self, node: &Inside, count: usize, together: usize) -> Result<Vec<Reply>> {
        let first = self.customers;
        self.customers += count / EACH + 1;
        let mut requests = Vec::with_capacity(count);
        for n in 0..count {
            let who = CustomerId::new(&format!("many-{}", first + n / EACH))?;
            requests.push(booking(&who, self.drop, &self.sku, &self.live, false));
        }
        let asking = requests
            .into_iter()
            .map(|one| node.engine.submit(&self.shop, one));
        let answers = stream::iter(asking).buffer_unordered(together);
        Ok(answers.try_collect().await?)
    }
}
