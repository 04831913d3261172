//! Several nodes on one Redis or Valkey: what stands between us and its servers.
//!
//! Redis puts requests in order and keeps them; it decides nothing. A partition's keys have one
//! hash tag, so they are on one primary of a cluster, and one script may touch them all.
//!
//! ```text
//! config ─▶ Connector ── connect(partition, purpose) ─▶ Connection ── call ─▶ answer or Trouble
//!              │ asks: the one server, Sentinel, or any node of the cluster
//!              └ checks: what must be so before this node may decide anything
//! ```

mod agree;
mod body;
pub mod checks;
pub mod chronicle;
pub mod config;
pub mod connect;
mod following;
pub mod join;
pub mod keys;
mod past;
mod primary;
mod scripts;
mod sequencer;
mod tail;
pub mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;

use tokio::sync::{mpsc, watch};

use super::codec::CodecError;
use super::{Engine, Opened};
use crate::clock::Clock;
use crate::journal::{Entry, PARTITIONS, Partition, Position};
use crate::lifecycle::Lifecycle;
pub use config::RedisConfig;
pub use connect::{Address, Connection, Connector, Purpose};
pub use keys::Keys;
use sequencer::Sequencer;
pub use trouble::{Pause, Trouble};

/// Why a node cannot go on with others.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] super::Error),
    /// Redis.
    #[error(transparent)]
    Redis(#[from] Trouble),
    /// Turns that this node has not taken are gone, or its past is not that of the others.
    #[error(
        "partition {0}: the other nodes have gone on without what this node lacks or has alone; \
         a restart joins them by the ledger"
    )]
    Behind(Partition),
    /// A turn that this version cannot read.
    #[error(
        "partition {partition}: turn {turn} cannot be read: {error}; another version wrote it?"
    )]
    Unreadable {
        /// Which.
        partition: Partition,
        /// Its number.
        turn: u64,
        /// Why.
        error: CodecError,
    },
    /// The desk has stopped.
    #[error("partition {0}: its desk has stopped")]
    DeskGone(Partition),
}

impl From<super::store::Error> for Error {
    fn from(error: super::store::Error) -> Self {
        Self::Engine(error.into())
    }
}

/// How far the ledger has the journal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    positions: [Option<Position>; PARTITIONS as usize],
    /// Every node has this ledger, so that turns need not be kept for the sake of who joins.
    shared: bool,
}

impl Settled {
    /// Nothing is known yet of a ledger that is every node's, or this node's own.
    pub fn of(shared: bool) -> Self {
        let positions = [None; PARTITIONS as usize];
        Self { positions, shared }
    }

    /// The ledger has a partition up to here.
    pub fn note(&mut self, partition: Partition, position: Position) {
        if let Some(place) = self.positions.get_mut(partition.index()) {
            *place = Some(position);
        }
    }

    fn posted(&self, partition: Partition) -> Option<Position> {
        self.positions.get(partition.index()).copied().flatten()
    }

    /// Up to where turns need not be kept.
    fn until(&self, partition: Partition) -> Option<Position> {
        self.posted(partition).filter(|_| self.shared)
    }
}

/// Starts deciding what all nodes on one Redis hand in. Entries go to `feed`.
pub fn start(
    opened: Opened,
    dir: &Path,
    connector: &Connector,
    clock: &Clock,
    house: &Lifecycle,
    feed: mpsc::Sender<Vec<Entry>>,
    settled: &watch::Receiver<Settled>,
) -> Result<Engine, Error> {
    let opened = opened.refusing_from_memory(connector.config().refuse_from_memory);
    let node: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
    let (engine, ends) = opened.start_shared(clock, house, feed)?;
    let following = Arc::new(AtomicU16::new(0));
    for (partition, end) in Partition::all().zip(ends) {
        let sequencer = Sequencer::new(
            partition,
            connector.clone(),
            clock.clone(),
            Arc::clone(&node),
            dir.to_owned(),
            settled.clone(),
            Arc::clone(&following),
            end,
        );
        house.spawn_core("sequencer", sequencer.run());
    }
    Ok(engine.among(following))
}
