//! How far each partition has been posted. Moved in the transaction that posts, and only from
//! where the poster thinks it is: two posters cannot post the same entry, and an answer to a
//! commit that was lost is found out by reading it again.

use super::cell::{Cell, Row};
use super::db::{Conflict, Db, Tx, columns};
use super::tables::Cursor;
use super::{Error, Ledger};
use crate::journal::{PARTITIONS, Partition, Position};

/// How far a partition has been posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct At {
    /// The last entry posted.
    pub position: Position,
    /// The chain's checksum there.
    pub crc: u32,
    /// When it was decided.
    pub at_ms: u64,
    /// Entries posted so far.
    pub entries: u64,
}

/// Every partition's cursor.
pub(super) type Cursors = [At; PARTITIONS as usize];

/// Numbers of the house are never near the ends of 64 bits; those that were are kept at the end.
pub(super) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn read(rows: Vec<Vec<Cell>>) -> Result<Cursors, Error> {
    let mut all = Cursors::default();
    for cells in rows {
        let row = Cursor::from_cells(cells)?;
        let index = usize::try_from(row.partition).unwrap_or(usize::MAX);
        let Some(at) = all.get_mut(index) else {
            return Err(Error::Strange(format!(
                "a cursor of partition {}",
                row.partition
            )));
        };
        *at = At {
            position: Position {
                epoch: unsigned(row.epoch),
                seq: unsigned(row.seq),
            },
            crc: u32::try_from(row.crc)
                .map_err(|_| Error::Strange("a cursor's checksum".into()))?,
            at_ms: unsigned(row.at_ms),
            entries: unsigned(row.entries),
        };
    }
    Ok(all)
}

fn statement() -> String {
    format!("SELECT {} FROM cursor", columns::<Cursor>(""))
}

/// Reads all cursors.
pub(super) async fn load(db: &mut Db) -> Result<Cursors, Error> {
    read(db.fetch(&statement(), Vec::new()).await?)
}

/// Moves a partition's cursor. [`Error::Moved`] if it is not where it was thought to be.
pub(super) async fn advance(
    tx: &mut Tx<'_>,
    partition: Partition,
    from: At,
    to: At,
) -> Result<(), Error> {
    let row = Cursor {
        partition: i64::from(partition.0),
        epoch: signed(to.position.epoch),
        seq: signed(to.position.seq),
        crc: i64::from(to.crc),
        at_ms: signed(to.at_ms),
        entries: signed(to.entries),
    };
    let moved = if from.position == Position::START {
        tx.insert(vec![row], Conflict::Ignore).await?
    } else {
        let args = vec![
            Cell::Int(row.epoch),
            Cell::Int(row.seq),
            Cell::Int(row.crc),
            Cell::Int(row.at_ms),
            Cell::Int(row.entries),
            Cell::Int(row.partition),
            Cell::Int(signed(from.position.epoch)),
            Cell::Int(signed(from.position.seq)),
            Cell::Int(i64::from(from.crc)),
        ];
        tx.execute(
            "UPDATE cursor SET epoch = $1, seq = $2, crc = $3, at_ms = $4, entries = $5 \
             WHERE \"partition\" = $6 AND epoch = $7 AND seq = $8 AND crc = $9",
            args,
        )
        .await?
    };
    if moved == 1 {
        Ok(())
    } else {
        Err(Error::Moved)
    }
}

impl Ledger {
    /// How far each partition has been posted, in order of partitions.
    pub async fn cursors(&self) -> Result<Vec<At>, Error> {
        Ok(read(self.fetch(&statement(), Vec::new()).await?)?.to_vec())
    }
}
