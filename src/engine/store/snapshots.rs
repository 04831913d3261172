//! Snapshots on disk: the newest two of each partition, in parts, with a checksum over all, and
//! the chain's checksum at their position, which ties them to one history.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::chain::{capped, link_at, place, unsigned};
use super::error::Error;
use super::schema::{JOURNAL, SNAPSHOTS};
use crate::journal::{Partition, Position};

/// Bytes of one part: what is copied at once.
const PART_BYTES: usize = 4 << 20;
/// How many snapshots of a partition are kept.
pub(super) const KEPT: i64 = 2;

/// A handle that saves snapshots, also from another thread than the one that appends.
#[derive(Debug)]
pub struct Snapshots {
    db: Connection,
    journal: Connection,
}

/// A stored snapshot without its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) position: Position,
    /// The chain's checksum at the position.
    pub(super) chain: u32,
    size: i64,
    crc: u32,
}

impl Snapshots {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let (db, journal) = (SNAPSHOTS.open(dir)?, JOURNAL.open_to_read(dir)?);
        db.pragma_update(None, "journal_size_limit", 0)?;
        Ok(Self { db, journal })
    }

    /// Removes those of a partition that are not of the journal's history, or of what it has lost;
    /// gives the newest position among them. A row that cannot be read is left: loading passes it
    /// over.
    pub(super) fn forget_strays(
        &mut self,
        partition: Partition,
    ) -> Result<Option<Position>, Error> {
        let mut newest = None;
        for head in heads(&self.db, partition)? {
            let Ok(head) = head else { continue };
            let fits = match link_at(&self.journal, partition, head.position) {
                Err(Error::Trimmed { .. }) => false,
                found => {
                    let found = found?;
                    (found.position, found.crc) == (head.position, head.chain)
                }
            };
            if fits {
                continue;
            }
            newest = newest.max(Some(head.position));
            let key = (
                partition.0,
                capped(head.position.epoch),
                capped(head.position.seq),
            );
            let tx = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            for table in ["snapshots", "parts"] {
                let sql =
                    format!("DELETE FROM {table} WHERE (partition, epoch, seq) = (?1, ?2, ?3)");
                tx.execute(&sql, key)?;
            }
            tx.commit()?;
        }
        Ok(newest)
    }

    /// Keeps the state of a partition after the entry at `position`, which must be in the
    /// journal. The newest two are kept.
    pub fn save(
        &mut self,
        partition: Partition,
        position: Position,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let link = link_at(&self.journal, partition, position)?;
        if link.position != position || position == Position::START {
            return Err(Error::Order {
                partition,
                position,
                last: link.position,
            });
        }
        let key = (partition.0, capped(position.epoch), capped(position.seq));
        let tx = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for table in ["snapshots", "parts"] {
            let sql = format!("DELETE FROM {table} WHERE (partition, epoch, seq) = (?1, ?2, ?3)");
            tx.execute(&sql, key)?;
        }
        tx.execute(
            "INSERT INTO snapshots (partition, epoch, seq, chain, size, crc)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key.0,
                key.1,
                key.2,
                link.crc,
                i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                checksum(partition, position, link.crc, bytes)
            ],
        )?;
        for (part, chunk) in bytes.chunks(PART_BYTES).enumerate() {
            let part = i64::try_from(part).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT INTO parts (partition, epoch, seq, part, bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![key.0, key.1, key.2, part, chunk],
            )?;
        }
        tx.execute(
            "DELETE FROM snapshots WHERE partition = ?1 AND (epoch, seq) NOT IN (
                 SELECT epoch, seq FROM snapshots WHERE partition = ?1
                 ORDER BY epoch DESC, seq DESC LIMIT ?2)",
            params![partition.0, KEPT],
        )?;
        tx.execute(
            "DELETE FROM parts WHERE partition = ?1 AND (epoch, seq) NOT IN (
                 SELECT epoch, seq FROM snapshots WHERE partition = ?1)",
            [partition.0],
        )?;
        Ok(tx.commit()?)
    }
}

fn checksum(partition: Partition, position: Position, chain: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&partition.0.to_le_bytes());
    hasher.update(&position.epoch.to_le_bytes());
    hasher.update(&position.seq.to_le_bytes());
    hasher.update(&chain.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// A partition's snapshots, newest first. Rows that make no sense are left out and named.
pub(super) fn heads(
    db: &Connection,
    partition: Partition,
) -> Result<Vec<Result<Head, String>>, Error> {
    let mut query = db.prepare_cached(
        "SELECT epoch, seq, chain, crc, size FROM snapshots WHERE partition = ?1
         ORDER BY epoch DESC, seq DESC",
    )?;
    let heads = query.query_map([partition.0], |row| {
        let crcs = unsigned(row, 2)?.zip(unsigned(row, 3)?);
        Ok(match place(row)?.zip(crcs).zip(row.get(4).ok()) {
            Some(((position, (chain, crc)), size)) => Ok(Head {
                position,
                chain,
                size,
                crc,
            }),
            None => Err("its row makes no sense".to_owned()),
        })
    })?;
    Ok(heads.collect::<Result<_, _>>()?)
}

/// A snapshot's bytes; a text says how they are damaged.
pub(super) fn bytes(
    db: &Connection,
    partition: Partition,
    head: &Head,
) -> Result<Result<Vec<u8>, String>, Error> {
    let mut query = db.prepare_cached(
        "SELECT bytes FROM parts WHERE (partition, epoch, seq, part) = (?1, ?2, ?3, ?4)",
    )?;
    let (epoch, seq) = (capped(head.position.epoch), capped(head.position.seq));
    let size = usize::try_from(head.size).unwrap_or(0);
    let mut all: Vec<u8> = Vec::new();
    for part in 0_i64.. {
        if all.len() >= size {
            break;
        }
        let read = query.query_row(params![partition.0, epoch, seq, part], |row| {
            if part == 0 {
                all.reserve_exact(size.min(1 << 32));
            }
            all.extend_from_slice(row.get_ref(0)?.as_blob()?);
            Ok(())
        });
        match read.optional().map_err(Error::from) {
            Ok(Some(())) => {}
            Ok(None) => return Ok(Err(format!("part {part} is missing"))),
            Err(Error::Corrupt(what)) => return Ok(Err(what)),
            Err(other) => return Err(other),
        }
    }
    let good = checksum(partition, head.position, head.chain, &all) == head.crc;
    Ok(if good {
        Ok(all)
    } else {
        Err("its checksum does not fit".to_owned())
    })
}
