//! Removing old entries: what the ledger has whole, what neither of two good snapshots needs, and
//! what is older than asked for. On a connection of its own, in pieces, each of which is a
//! transaction that also moves the floor: a piece is removed wholly or not at all.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use super::chain::{Floor, Link, capped, floor, link_at, walk};
use super::error::Error;
use super::reader::{Reader, decode};
use super::schema::JOURNAL;
use super::snapshots::KEPT;
use crate::domain::Millis;
use crate::journal::{Partition, Position};

/// A handle that removes old entries. Only in the process that has the store open.
#[derive(Debug)]
pub struct Trimmer {
    db: Connection,
    reader: Reader,
}

/// What may be removed of a partition, and what was.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    partition: Partition,
    /// Where the journal begins now.
    from: Floor,
    /// The first entry that stays.
    until: Position,
    /// Entries decided then or later stay.
    before: Millis,
}

impl Trimmer {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let (db, reader) = (JOURNAL.open(dir)?, Reader::open(dir)?);
        // A piece that a power cut takes back is removed again; a sync would hold up commits.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        Ok(Self { db, reader })
    }

    /// Finds what may be removed: entries decided before `before`, strictly below the ledger's
    /// cursor (`posted`, with the chain's checksum there) and strictly below the older of two
    /// snapshots that were just read and found good. None if that is nothing.
    pub fn begin(
        &self,
        partition: Partition,
        posted: (Position, u32),
        before: Millis,
    ) -> Result<Option<Cut>, Error> {
        let from = floor(&self.db, partition)?;
        let cut = |until| Cut {
            partition,
            from,
            until,
            before,
        };
        if self.next(&cut(posted.0), 1)?.1 == 0 {
            return Ok(None);
        }
        // The ledger speaks of this history.
        let (position, crc) = posted;
        if link_at(&self.db, partition, position)? != (Link { position, crc }) {
            return Ok(None);
        }
        let (good, oldest) = self.reader.good(partition)?;
        let enough = i64::try_from(good).is_ok_and(|good| good >= KEPT);
        let cut = cut(position.min(oldest));
        Ok((enough && self.next(&cut, 1)?.1 > 0).then_some(cut))
    }

    /// Removes up to `max` entries; gives how many. 0: there is nothing left to remove.
    pub fn piece(&mut self, cut: &mut Cut, max: usize) -> Result<u64, Error> {
        let (link, removed) = self.next(cut, max)?;
        if removed == 0 {
            return Ok(0);
        }
        let to = Floor {
            link,
            entries: cut.from.entries + removed,
        };
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if floor(&tx, cut.partition)? != cut.from {
            return Ok(0);
        }
        let (epoch, seq) = (capped(link.position.epoch), capped(link.position.seq));
        tx.execute(
            "DELETE FROM entries WHERE partition = ?1 AND (epoch, seq) <= (?2, ?3)",
            params![cut.partition.0, epoch, seq],
        )?;
        tx.execute(
            "INSERT OR REPLACE INTO floors (partition, epoch, seq, crc, entries)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![cut.partition.0, epoch, seq, link.crc, capped(to.entries)],
        )?;
        tx.commit()?;
        cut.from = to;
        Ok(removed)
    }

    /// The last of up to `max` entries that may be removed next, and how many they are, each
    /// checked against the chain.
    fn next(&self, cut: &Cut, max: usize) -> Result<(Link, u64), Error> {
        let (mut walked, mut last) = (cut.from.link, cut.from.link);
        let (mut count, mut over) = (0, false);
        walk(
            &self.db,
            cut.partition,
            &mut walked,
            max,
            |position, payload| {
                over = over
                    || position >= cut.until
                    || decode(cut.partition, position, payload)?.1.at >= cut.before;
                if !over {
                    last = last.then(cut.partition, position, payload);
                    count += 1;
                }
                Ok(())
            },
        )?;
        Ok((last, count))
    }
}
