//! The journal on disk: `journal.sqlite` with every entry, `snapshots.sqlite` with states to
//! start from, and `lock`, which one process holds. The only place of the engine that names SQL.
//!
//! Synchronous: callers give it a thread of its own.

mod chain;
mod epoch;
mod error;
mod fold;
mod reader;
mod restore;
mod schema;
mod snapshots;
#[cfg(test)]
mod tests;
mod trim;
mod turns;
mod whole;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

pub use error::Error;
pub(super) use fold::Fold;
pub use reader::{Begins, Elsewhere, Loaded, Reader, Verified};
pub use restore::Kept;
pub use snapshots::Snapshots;
pub use trim::{Cut, Trimmer};
pub(super) use whole::Whole;

use super::turn::Place;
use crate::journal::{Entry, PARTITIONS, Partition, Position};
pub(in crate::engine) use chain::Link;
use chain::{capped, link_at, signed};

/// Entries that one statement puts in, as many as there are: running a statement costs more than
/// putting in one of its rows.
const TOGETHER: [usize; 3] = [32, 8, 1];
/// Columns of an entry.
const COLUMNS: usize = 5;

/// An entry to be appended.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its partition.
    pub partition: Partition,
    /// Its place: the next of the partition's epoch, or one of a later epoch.
    pub position: Position,
    /// What [`super::codec::encode_entry`] made of it.
    pub payload: &'a [u8],
}

/// The one writer of a state directory.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    db: Connection,
    reader: Reader,
    snapshots: Snapshots,
    /// The last entry of each partition.
    ends: [Link; PARTITIONS as usize],
    /// See [`Store::epoch`].
    epoch: u64,
    /// Held until the store is dropped.
    _lock: File,
}

impl Store {
    /// Opens the state in `dir`, making what is not there. [`Error::InUse`] if another store,
    /// of this or another process, has it open.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, &error))?;
        let lock = lock(dir)?;
        let db = schema::JOURNAL.open(dir)?;
        let snapshots = Snapshots::open(dir)?;
        let reader = Reader::open(dir)?;
        let mut ends = [Link::default(); PARTITIONS as usize];
        let last = Position {
            epoch: u64::MAX,
            seq: u64::MAX,
        };
        for (end, partition) in ends.iter_mut().zip(Partition::all()) {
            *end = link_at(&db, partition, last)?;
        }
        let epoch = epoch::read(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            db,
            reader,
            snapshots,
            ends,
            epoch,
            _lock: lock,
        })
    }

    /// A read-only view for another thread or process, beside the store.
    pub fn reader(dir: &Path) -> Result<Reader, Error> {
        Reader::open(dir)
    }

    /// A handle to save snapshots from another thread of the process that has the store open.
    pub fn snapshots(dir: &Path) -> Result<Snapshots, Error> {
        Snapshots::open(dir)
    }

    /// A handle to remove old entries from another thread of the process that has the store open.
    pub fn trimmer(dir: &Path) -> Result<Trimmer, Error> {
        Trimmer::open(dir)
    }

    /// The position of a partition's last entry.
    pub fn position(&self, partition: Partition) -> Position {
        self.ends
            .get(partition.index())
            .map_or(Position::START, |end| end.position)
    }

    /// The epoch that what is decided from now on belongs to, at least.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Appends entries in one transaction: all are on disk when it returns, or none is visible.
    pub fn append(&mut self, rows: &[Row<'_>]) -> Result<(), Error> {
        self.append_turns(rows, std::iter::empty())
    }

    /// The same, and in the same transaction which turn of the sequencer they lead up to.
    pub(super) fn append_turns(
        &mut self,
        rows: &[Row<'_>],
        turns: impl Iterator<Item = (Partition, Place)>,
    ) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut ends = self.ends;
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut left = rows;
        for together in TOGETHER {
            if left.len() < together {
                continue;
            }
            let mut insert = tx.prepare_cached(&insert_of(together))?;
            while let Some((rows, rest)) = left.split_at_checked(together) {
                left = rest;
                for (row, first) in rows.iter().zip((1..).step_by(COLUMNS)) {
                    let end = next_end(&mut ends, row)?;
                    let Position { epoch, seq } = end.position;
                    insert.raw_bind_parameter(first, row.partition.0)?;
                    insert.raw_bind_parameter(first + 1, capped(epoch))?;
                    insert.raw_bind_parameter(first + 2, capped(seq))?;
                    insert.raw_bind_parameter(first + 3, row.payload)?;
                    insert.raw_bind_parameter(first + 4, end.crc)?;
                }
                insert.raw_execute()?;
            }
        }
        for (partition, place) in turns {
            turns::write(&tx, partition, place)?;
        }
        tx.commit()?;
        self.ends = ends;
        Ok(())
    }

    /// The state of a partition: its newest good snapshot and every entry after it, verified
    /// and replayed. A snapshot that is damaged is passed over, with a warning; damage in the
    /// journal is [`Error::Damaged`].
    pub fn load(&mut self, partition: Partition) -> Result<Loaded, Error> {
        let (loaded, link) = self.reader.load_linked(partition)?;
        if let Some(end) = self.ends.get_mut(partition.index()) {
            *end = link;
        }
        Ok(loaded)
    }

    /// Keeps a snapshot ([`super::codec::encode_snapshot`]) of the state after the entry at
    /// `position`. The newest two of a partition are kept.
    pub fn save_snapshot(
        &mut self,
        partition: Partition,
        position: Position,
        bytes: &[u8],
    ) -> Result<(), Error> {
        self.snapshots.save(partition, position, bytes)
    }

    /// Up to `max` entries after a position, oldest first, each checked against the chain.
    pub fn read(
        &self,
        partition: Partition,
        after: Position,
        max: usize,
    ) -> Result<Vec<Entry>, Error> {
        self.reader.read(partition, after, max)
    }

    /// Where a partition's journal begins.
    pub fn begins(&self, partition: Partition) -> Result<Begins, Error> {
        self.reader.begins(partition)
    }

    /// Walks all that there is of a partition's chain.
    pub fn verify(&self, partition: Partition) -> Result<Verified, Error> {
        self.reader.verify(partition)
    }

    /// Bytes on disk of all files.
    pub fn size_bytes(&self) -> u64 {
        let files = [schema::JOURNAL.file, schema::SNAPSHOTS.file];
        let names = files
            .iter()
            .flat_map(|file| ["", "-wal"].map(|end| format!("{file}{end}")));
        names
            .filter_map(|name| self.dir.join(name).metadata().ok())
            .map(|file| file.len())
            .sum()
    }
}

/// A statement that puts in so many entries.
fn insert_of(rows: usize) -> String {
    let row = format!("({})", ["?"; COLUMNS].join(", "));
    let rows = vec![row; rows].join(", ");
    format!("INSERT INTO entries (partition, epoch, seq, payload, crc) VALUES {rows}")
}

/// Where a row's partition ends with it, if it comes next there.
fn next_end(ends: &mut [Link], row: &Row<'_>) -> Result<Link, Error> {
    let Row {
        partition,
        position,
        payload,
    } = *row;
    let end = ends.get_mut(partition.index());
    let last = end.as_deref().copied().unwrap_or_default();
    let stored = signed(position.epoch).is_some() && signed(position.seq).is_some();
    match end {
        Some(end) if stored && position.follows(last.position) => {
            *end = last.then(partition, position, payload);
            Ok(*end)
        }
        _ => Err(Error::Order {
            partition,
            position,
            last: last.position,
        }),
    }
}

/// Takes the directory for this process. The lock goes with the process, however it ends.
fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.map_err(|error| Error::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(dir.display().to_string())),
        Err(TryLockError::Error(error)) => Err(Error::io(&path, &error)),
    }
}
