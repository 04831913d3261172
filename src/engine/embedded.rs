//! The embedded engine: one process, nothing else installed.
//!
//! ```text
//! submit ─▶ mailbox ─▶ desk (one a partition: decides) ─▶ writer (commits) ─┬▶ answers
//!                                                                           └▶ feed
//! ```
//!
//! An answer is durable before it is given. A restart reads the newest snapshot and replays the
//! tail of the journal behind it.

pub mod audit;
pub mod codec;
mod desk;
#[cfg(test)]
pub(crate) mod program;
pub mod snapshot;
pub mod store;
pub(in crate::engine) mod turn;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Failure, Pulse, Reply, Seen};
use crate::clock::Clock;
use crate::domain::{Request, Shop, ShopId};
use crate::journal::{Entry, PARTITIONS, Partition, Position};
use crate::lifecycle::Lifecycle;
use desk::order::{Order, Shared};
use desk::{Beginning, Desk, MAILBOX_MAX, Message};
use store::{Loaded, Store};
use turn::{LineEnd, Mark, line};
use writer::WORK_MAX;

/// What callers are asked to wait when a mailbox is full.
const RETRY_MS: u64 = 250;

/// Why the embedded engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A thread could not be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The journal's writer has gone.
    #[error("the writer of the journal has stopped")]
    Closed,
    /// Another node came to something else by the same turns: one of the two is wrong.
    #[error(
        "partition {partition}: behind turn {turn} another node stands at {theirs}, and this one \
         does not: they do not decide alike (two versions?)"
    )]
    Diverged {
        /// Which.
        partition: Partition,
        /// The turn.
        turn: u64,
        /// Where the other stands.
        theirs: Position,
    },
    /// An entry that other nodes agree on does not fit this journal.
    #[error(
        "partition {partition}: the entry at {position} of the other nodes does not follow this \
         node's journal; a restart joins them anew"
    )]
    Foreign {
        /// Which.
        partition: Partition,
        /// Its place.
        position: Position,
    },
}

/// The state read back, before anything is decided: readers of the journal take it from here.
pub struct Opened {
    dir: PathBuf,
    store: Store,
    loaded: Vec<(Partition, Loaded)>,
}

/// Opens the journal in a folder, which is made if need be, and reads all shops back.
pub fn open(dir: &Path) -> Result<Opened, Error> {
    let mut store = Store::open(dir)?;
    let mut loaded = Vec::new();
    for number in 0..PARTITIONS {
        let partition = Partition(number);
        loaded.push((partition, store.load(partition)?));
    }
    Ok(Opened {
        dir: dir.to_owned(),
        store,
        loaded,
    })
}

impl Opened {
    /// Every partition's last entry.
    pub fn ends(&self) -> impl Iterator<Item = (Partition, Position)> {
        self.loaded
            .iter()
            .map(|(partition, loaded)| (*partition, loaded.position))
    }

    /// Every shop with the position it stands at.
    pub fn shops(&self) -> impl Iterator<Item = (Partition, Position, &ShopId, &Shop)> {
        self.loaded.iter().flat_map(|(partition, loaded)| {
            loaded
                .shops
                .iter()
                .map(|(id, shop)| (*partition, self.begins(loaded.position), id, shop))
        })
    }

    /// Where deciding goes on behind an entry: in its epoch, or before the first of a later one.
    fn begins(&self, end: Position) -> Position {
        let epoch = self.store.epoch();
        if end.epoch >= epoch {
            end
        } else {
            Position { epoch, seq: 0 }
        }
    }

    /// Starts deciding alone. Committed entries go to `feed`, in order for each partition.
    pub fn start(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
    ) -> Result<Handle, Error> {
        self.start_in_order(clock, house, feed, |_, _| Ok(Order::Own))
    }

    /// Starts deciding what a sequencer orders; gives the sequencer's end for each partition.
    pub(in crate::engine) fn start_shared(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
        refuse_from_memory: bool,
    ) -> Result<(Handle, Vec<LineEnd>), Error> {
        let mut ends = Vec::new();
        let handle = self.start_in_order(clock, house, feed, |store, partition| {
            let link = store.link(partition);
            let mark = Mark {
                place: store.turn(partition)?,
                position: link.position,
                crc: link.crc,
            };
            let (way, far_end) = line(mark);
            ends.push(far_end);
            Ok(Order::Shared(Shared::new(way, refuse_from_memory)))
        })?;
        Ok((handle, ends))
    }

    fn start_in_order(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
        mut order: impl FnMut(&Store, Partition) -> Result<Order, Error>,
    ) -> Result<Handle, Error> {
        let (work, todo) = mpsc::channel(WORK_MAX);
        let (snapshots, wanted) = mpsc::channel(usize::from(PARTITIONS));
        let mut desks = Vec::new();
        let (dir, store) = (self.dir, self.store);
        for (partition, loaded) in self.loaded {
            let (door, mailbox) = mpsc::channel(MAILBOX_MAX);
            let order = order(&store, partition)?;
            let beginning = Beginning {
                partition,
                link: store.link(partition),
                // Turns bring their own, the same to every node.
                epoch: match order {
                    Order::Own => store.epoch(),
                    Order::Shared(_) => 0,
                },
                shops: loaded.shops,
                tail: usize::try_from(loaded.replayed).unwrap_or(usize::MAX),
            };
            let desk = Desk::new(
                beginning,
                order,
                clock.clone(),
                work.clone(),
                snapshots.clone(),
            );
            house.spawn_core("desk", desk.run(mailbox, house.closing().clone()));
            desks.push(door);
        }
        // A stop does not wait for it: a snapshot is kept whole or not at all, and can be made
        // again; making one of a million bookings takes longer than a stop may.
        house.spawn_aside("snapshots", move || make_snapshots(&dir, wanted))?;
        house.spawn_thread("journal", move || writer::run(store, todo, &feed))?;
        Ok(Handle {
            desks: desks.into(),
            following: None,
        })
    }
}

/// Makes snapshots beside the desks, which go on deciding: reads the journal back as a restart
/// would, so that every snapshot also proves that this works.
fn make_snapshots(dir: &Path, mut wanted: mpsc::Receiver<Partition>) -> Result<(), Error> {
    while let Some(partition) = wanted.blocking_recv() {
        snapshot::refresh(dir, partition)?;
    }
    Ok(())
}

/// The way to the desks; clones share them.
#[derive(Debug, Clone)]
pub struct Handle {
    desks: std::sync::Arc<[mpsc::Sender<Message>]>,
    /// How many partitions follow their turns, where a sequencer gives them.
    following: Option<std::sync::Arc<AtomicU16>>,
}

impl Handle {
    /// The same, of a node among others.
    pub(super) fn among(self, following: std::sync::Arc<AtomicU16>) -> Self {
        let following = Some(following);
        Self { following, ..self }
    }

    pub(super) fn is_among_nodes(&self) -> bool {
        self.following.is_some()
    }

    pub(super) fn follows(&self) -> bool {
        let count = self.following.as_ref().map(|it| it.load(Ordering::Acquire));
        count.is_none_or(|count| count == PARTITIONS)
    }

    pub(super) async fn submit(&self, shop: &ShopId, request: Request) -> Result<Reply, Failure> {
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

    pub(super) async fn ask<T: Send + 'static>(
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

    pub(super) async fn pulse(&self) -> Result<Pulse, Failure> {
        let mut all = Pulse::default();
        for desk in self.desks.iter() {
            let (pong, answer) = oneshot::channel();
            let gone = Failure::Unavailable { retry_ms: RETRY_MS };
            desk.try_send(Message::Ping(pong)).map_err(|_| gone)?;
            all.add(answer.await.map_err(|_| gone)?);
        }
        Ok(all)
    }

    fn send(&self, shop: &ShopId, message: Message) -> Result<(), Failure> {
        let desk = self.desks.get(usize::from(Partition::of(shop).0));
        desk.and_then(|desk| desk.try_send(message).ok())
            .ok_or(Failure::Unavailable { retry_ms: RETRY_MS })
    }
}
