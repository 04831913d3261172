//! DECIDES. Commands enter at one door, [`Engine::submit`]; facts leave through the journal.
//!
//! There are three outcomes, never two: accepted, refused, or *unknown* when it could not be
//! learned whether a decision was kept. Unknown is different from surely not done.

pub mod audit;
pub mod codec;
mod desk;
#[cfg(test)]
pub(crate) mod program;
pub mod redis;
pub mod snapshot;
mod start;
pub mod store;
mod turn;
mod views;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::domain::many::Many;
use crate::domain::shop::Outcome;
use crate::domain::{
    CustomerId, DropId, Millis, Order, OrderId, OrderState, Request, Settings, Shop, ShopId, Sku,
    SkuId,
};
use crate::journal::{PARTITIONS, Partition, Position};
use desk::Message;
pub use start::{Error, Opened, open};
pub use views::{
    BookingRow, CustomerRow, CustomerView, HostView, OrderPage, Rows, SkuPage, SkuRow, WaiterRow,
    WaitingRow, Wanted,
};

/// What callers are asked to wait when a mailbox is full.
const RETRY_MS: u64 = 250;

/// What a request came to. It is durable when it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Where the journal stood with it.
    pub position: Position,
    /// When it was decided.
    pub at: Millis,
    /// Accepted or refused.
    pub outcome: Outcome,
    /// The request id had been answered before.
    pub replayed: bool,
    /// Refused by what this node knew, without asking others: not kept, so the same id may be
    /// answered otherwise when it is asked again.
    pub from_memory: bool,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Surely not done: the engine did not take the request.
    #[error("the engine takes no requests now")]
    Unavailable {
        /// When to try again.
        retry_ms: u64,
    },
    /// It is not known whether it was done: ask again with the same id.
    #[error("the outcome is not known")]
    Unknown,
}

/// An answer together with the position it was true at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<T> {
    /// Everything up to here is in it.
    pub position: Position,
    /// What was asked for.
    pub value: T,
}

/// How an engine stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pulse {
    /// When something becomes due next.
    pub next_due: Option<Millis>,
    /// How many orders stand where.
    pub orders: BTreeMap<OrderState, u64>,
    /// Orders that money is owed back for.
    pub owing: u64,
}

impl Pulse {
    /// Adds what another part of the engine says.
    fn add(&mut self, other: Self) {
        self.next_due = self.next_due.into_iter().chain(other.next_due).min();
        for (state, count) in other.orders {
            *self.orders.entry(state).or_default() += count;
        }
        self.owing += other.owing;
    }
}

/// The engine: the way to the desks; clones share it. Whether it decides alone or with other nodes
/// was said where it was started ([`Opened::start`], [`redis`]).
#[derive(Debug, Clone)]
pub struct Engine {
    desks: Arc<[mpsc::Sender<Message>]>,
    /// How many partitions follow their turns, where a sequencer gives them.
    following: Option<Arc<AtomicU16>>,
}

impl Engine {
    /// The same, of a node among others.
    fn among(self, following: Arc<AtomicU16>) -> Self {
        let following = Some(following);
        Self { following, ..self }
    }

    /// Decides a request for a shop. Dropping the future does not take the request back.
    pub async fn submit(&self, shop: &ShopId, request: Request) -> Result<Reply, Failure> {
        let (reply, answer) = oneshot::channel();
        let sent = Instant::now();
        let request = Box::new(request);
        self.send(
            shop,
            Message::Submit {
                shop: shop.clone(),
                request,
                caller: (reply, sent),
            },
        )?;
        // Once it was handed over, silence means that it is not known what became of it.
        answer.await.unwrap_or(Err(Failure::Unknown))
    }

    /// What a customer has in a shop.
    pub async fn customer(
        &self,
        shop: &ShopId,
        customer: &CustomerId,
    ) -> Result<Seen<CustomerView>, Failure> {
        let customer = customer.clone();
        self.ask(shop, move |shop| views::customer(shop, &customer))
            .await
    }

    /// What a host sees besides: the first SKUs, the newest bookings, who waits.
    pub async fn host(&self, shop: &ShopId) -> Result<Seen<HostView>, Failure> {
        self.ask(shop, views::host).await
    }

    /// Rows that changed, as they stand now.
    pub async fn rows(&self, shop: &ShopId, wanted: Wanted) -> Result<Seen<Rows>, Failure> {
        self.ask(shop, move |shop| views::rows(shop, &wanted)).await
    }

    /// SKUs whose id or title contains `query`, in order of id, after `cursor`.
    pub async fn skus(
        &self,
        shop: &ShopId,
        query: String,
        cursor: Option<SkuId>,
    ) -> Result<Seen<SkuPage>, Failure> {
        self.ask(shop, move |shop| views::skus(shop, &query, cursor.as_ref()))
            .await
    }

    /// Orders that stand somewhere, or are a customer's, newest first, before `cursor`.
    pub async fn orders(
        &self,
        shop: &ShopId,
        state: Option<OrderState>,
        customer: Option<CustomerId>,
        cursor: Option<OrderId>,
    ) -> Result<Seen<OrderPage>, Failure> {
        self.ask(shop, move |shop| {
            views::find_orders(shop, state, customer.as_ref(), cursor)
        })
        .await
    }

    /// The SKU and title of a drop.
    pub async fn drop_named(
        &self,
        shop: &ShopId,
        drop: DropId,
    ) -> Result<Option<(SkuId, Arc<str>)>, Failure> {
        let seen = self.ask(shop, move |shop| {
            let sku = &shop.drops.get(&drop)?.sku;
            let title = &shop.skus.get(sku)?.spec.title;
            Some((sku.clone(), Arc::clone(title)))
        });
        Ok(seen.await?.value)
    }

    /// An order as it stands.
    pub async fn order(&self, shop: &ShopId, id: OrderId) -> Result<Seen<Option<Order>>, Failure> {
        self.ask(shop, move |shop| shop.orders.get(&id).cloned())
            .await
    }

    /// All SKUs of the shop.
    pub async fn skus_known(&self, shop: &ShopId) -> Result<Seen<Many<SkuId, Sku>>, Failure> {
        self.ask(shop, |shop| shop.skus.clone()).await
    }

    /// The whole shop as it stands: for those who compare.
    pub async fn shop(&self, shop: &ShopId) -> Result<Seen<Shop>, Failure> {
        self.ask(shop, Shop::clone).await
    }

    /// The shop's settings.
    pub async fn settings(&self, shop: &ShopId) -> Result<Seen<Settings>, Failure> {
        self.ask(shop, |shop| (*shop.settings).clone()).await
    }

    /// Whether other nodes decide the same.
    pub fn is_among_nodes(&self) -> bool {
        self.following.is_some()
    }

    /// Whether it takes requests: always alone, and among nodes while every partition follows its
    /// turns.
    pub fn follows(&self) -> bool {
        let count = self.following.as_ref().map(|it| it.load(Ordering::Acquire));
        count.is_none_or(|count| count == PARTITIONS)
    }

    /// How it stands, over all shops; an error if any partition is silent.
    pub async fn pulse(&self) -> Result<Pulse, Failure> {
        let mut all = Pulse::default();
        for desk in self.desks.iter() {
            let (pong, answer) = oneshot::channel();
            let gone = Failure::Unavailable { retry_ms: RETRY_MS };
            desk.try_send(Message::Ping(pong)).map_err(|_| gone)?;
            all.add(answer.await.map_err(|_| gone)?);
        }
        Ok(all)
    }

    async fn ask<T: Send + 'static>(
        &self,
        shop: &ShopId,
        question: impl FnOnce(&Shop) -> T + Send + 'static,
    ) -> Result<Seen<T>, Failure> {
        let (reply, answer) = oneshot::channel();
        let question = Box::new(move |shop: Option<&Shop>, position| {
            let value = match shop {
                Some(shop) => question(shop),
                None => question(&Shop::default()),
            };
            Box::new(move || drop(reply.send(Seen { position, value }))) as Box<dyn FnOnce() + Send>
        });
        self.send(
            shop,
            Message::Ask {
                shop: shop.clone(),
                question,
            },
        )?;
        answer
            .await
            .map_err(|_| Failure::Unavailable { retry_ms: RETRY_MS })
    }

    fn send(&self, shop: &ShopId, message: Message) -> Result<(), Failure> {
        let desk = self.desks.get(usize::from(Partition::of(shop).0));
        desk.and_then(|desk| desk.try_send(message).ok())
            .ok_or(Failure::Unavailable { retry_ms: RETRY_MS })
    }
}
