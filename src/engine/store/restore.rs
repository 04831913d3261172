//! Making a journal again from entries that were kept elsewhere, byte for byte.

use rusqlite::{TransactionBehavior, params};

use super::chain::{Link, capped, floor};
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

    /// The chain's link at the last entry at or before a position.
    pub(in crate::engine) fn link_at(
        &self,
        partition: Partition,
        at: Position,
    ) -> Result<Link, Error> {
        super::link_at(&self.db, partition, at)
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

    /// Forgets the snapshots of a partition that were made of entries the journal does not have;
    /// gives the newest position among them.
    pub fn forget_strays(&mut self, partition: Partition) -> Result<Option<Position>, Error> {
        self.snapshots.forget_strays(partition)
    }

    /// Puts entries back that were trimmed: the last ones before where the journal begins, all in
    /// one transaction. `before` is the entry before them with its checksum. They have to lead to
    /// the checksum at which the journal begins, or nothing is written.
    pub fn refill(
        &mut self,
        partition: Partition,
        before: (Position, u32),
        kept: &[Kept],
    ) -> Result<(), Error> {
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let was = floor(&tx, partition)?;
        let (position, crc) = before;
        let mut link = Link { position, crc };
        for entry in kept {
            if !entry.position.follows(link.position) {
                let what = "what was kept has no entry between it and the next";
                return Err(Error::damaged(partition, link.position, what));
            }
            link = link.then(partition, entry.position, &entry.payload);
            let (epoch, seq) = (capped(entry.position.epoch), capped(entry.position.seq));
            tx.execute(
                "INSERT INTO entries (partition, epoch, seq, payload, crc)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![partition.0, epoch, seq, entry.payload, link.crc],
            )?;
        }
        if link != was.link {
            let what = "what was kept of it is not what was trimmed";
            return Err(Error::damaged(partition, was.link.position, what));
        }
        tx.execute("DELETE FROM floors WHERE partition = ?1", [partition.0])?;
        if position != Position::START {
            let left = was.entries.saturating_sub(kept.len() as u64);
            let (epoch, seq) = (capped(position.epoch), capped(position.seq));
            tx.execute(
                "INSERT INTO floors (partition, epoch, seq, crc, entries)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
                params![partition.0, epoch, seq, crc, capped(left)],
            )?;
        }
        Ok(tx.commit()?)
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
