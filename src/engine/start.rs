//! Opening the journal and starting to decide.
//!
//! ```text
//! submit ─▶ mailbox ─▶ desk (one a partition: decides) ─▶ writer (commits) ─┬▶ answers
//!                                                                           └▶ feed
//! ```
//!
//! An answer is durable before it is given. A restart reads the newest snapshot and replays the
//! tail of the journal behind it.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::Engine;
use super::desk::order::{Order, Shared};
use super::desk::{Beginning, Desk, MAILBOX_MAX};
use super::snapshot;
use super::store::{self, Loaded, Store};
use super::turn::{LineEnd, Mark, line};
use super::writer::{self, WORK_MAX};
use crate::clock::Clock;
use crate::domain::{Shop, ShopId};
use crate::journal::{Entry, PARTITIONS, Partition, Position};
use crate::lifecycle::Lifecycle;

/// Why the engine does not start, or stopped.
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
    from_memory: bool,
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
        from_memory: false,
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

    /// Whether what is known to be sold out or over may be refused without a trace: such a refusal
    /// says so ([`Reply::from_memory`](super::Reply::from_memory)) and is not kept for its id.
    #[must_use]
    pub fn refusing_from_memory(self, allowed: bool) -> Self {
        let from_memory = allowed;
        Self {
            from_memory,
            ..self
        }
    }

    /// Starts deciding alone. Committed entries go to `feed`, in order for each partition.
    pub fn start(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
    ) -> Result<Engine, Error> {
        self.start_in_order(clock, house, feed, |_, _| Ok(Order::Own))
    }

    /// Starts deciding what a sequencer orders; gives the sequencer's end for each partition.
    pub(in crate::engine) fn start_shared(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
    ) -> Result<(Engine, Vec<LineEnd>), Error> {
        let mut ends = Vec::new();
        let engine = self.start_in_order(clock, house, feed, |store, partition| {
            let link = store.link(partition);
            let mark = Mark {
                place: store.turn(partition)?,
                position: link.position,
                crc: link.crc,
            };
            let (way, far_end) = line(mark);
            ends.push(far_end);
            Ok(Order::Shared(Shared::new(way)))
        })?;
        Ok((engine, ends))
    }

    fn start_in_order(
        self,
        clock: &Clock,
        house: &Lifecycle,
        feed: mpsc::Sender<Vec<Entry>>,
        mut order: impl FnMut(&Store, Partition) -> Result<Order, Error>,
    ) -> Result<Engine, Error> {
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
                from_memory: self.from_memory,
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
        Ok(Engine {
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
