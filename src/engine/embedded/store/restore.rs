//! Making a journal again from entries that were kept elsewhere, byte for byte.

use super::chain::Link;
use super::{Error, Row, Store, epoch};
use crate::journal::{PARTITIONS, Partition, Position};

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its partition.
    pub partition: Partition,
    /// Its place.
    pub position: Position,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// The chain's checksum up to and with it.
    pub crc: u32,
}

impl Store {
    /// The end of a partition's chain: the last entry and the checksum there.
    pub fn end(&self, partition: Partition) -> (Position, u32) {
        let end = self.link(partition);
        (end.position, end.crc)
    }

    pub(in crate::engine) fn link(&self, partition: Partition) -> Link {
        let end = self.ends.get(partition.index());
        end.copied().unwrap_or_default()
    }

    /// Appends entries that follow the journal's end, in one transaction. Every checksum has to
    /// be that of the chain, or nothing is written.
    pub fn restore(&mut self, kept: &[Kept]) -> Result<(), Error> {
        let mut ends: [Link; PARTITIONS as usize] = self.ends;
        for entry in kept {
            let Some(end) = ends.get_mut(entry.partition.index()) else {
                continue;
            };
            *end = end.then(entry.partition, entry.position, &entry.payload);
            if end.crc != entry.crc {
                let what = "what was kept of it is not what was written";
                return Err(Error::damaged(entry.partition, entry.position, what));
            }
        }
        let rows: Vec<Row<'_>> = kept
            .iter()
            .map(|entry| Row {
                partition: entry.partition,
                position: entry.position,
                payload: &entry.payload,
            })
            .collect();
        self.append(&rows)
    }

    /// Forgets all snapshots; they are made again.
    pub fn forget_snapshots(&mut self) -> Result<(), Error> {
        self.snapshots.clear()
    }

    /// From now on entries belong to this epoch, at least.
    pub fn open_epoch(&mut self, epoch: u64) -> Result<(), Error> {
        if epoch > self.epoch {
            epoch::write(&self.dir, epoch)?;
            self.epoch = epoch;
        }
        Ok(())
    }
}
