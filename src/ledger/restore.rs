//! Giving the journal's own bytes back.

use super::cell::Cell;
use super::cursor::signed;
use super::{Error, Ledger};
use crate::journal::{Partition, Position};

/// An entry as the journal wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place.
    pub position: Position,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// The chain's checksum up to and with it.
    pub crc: u32,
}

impl Ledger {
    /// Up to `max` entries of a partition after a position, oldest first.
    pub async fn stored(
        &self,
        partition: Partition,
        after: Position,
        max: u32,
    ) -> Result<Vec<Stored>, Error> {
        let sql = "SELECT epoch, seq, payload, crc FROM entry \
                   WHERE \"partition\" = $1 AND (epoch, seq) > ($2, $3) \
                   ORDER BY epoch, seq LIMIT $4";
        let args = vec![
            Cell::Int(i64::from(partition.0)),
            Cell::Int(signed(after.epoch)),
            Cell::Int(signed(after.seq)),
            Cell::Int(i64::from(max)),
        ];
        let rows = self.fetch(sql, args).await?;
        rows.into_iter().map(stored).collect()
    }

    /// The last `max` entries of a partition up to a position, oldest first.
    pub async fn last_stored(
        &self,
        partition: Partition,
        until: Position,
        max: u32,
    ) -> Result<Vec<Stored>, Error> {
        let sql = "SELECT epoch, seq, payload, crc FROM entry \
                   WHERE \"partition\" = $1 AND (epoch, seq) <= ($2, $3) \
                   ORDER BY epoch DESC, seq DESC LIMIT $4";
        let args = vec![
            Cell::Int(i64::from(partition.0)),
            Cell::Int(signed(until.epoch)),
            Cell::Int(signed(until.seq)),
            Cell::Int(i64::from(max)),
        ];
        let rows = self.fetch(sql, args).await?;
        rows.into_iter().rev().map(stored).collect()
    }

    /// The chain's checksum of the entry at a position; none if there is no such entry.
    pub async fn crc_at(&self, partition: Partition, at: Position) -> Result<Option<u32>, Error> {
        let sql = "SELECT crc FROM entry WHERE \"partition\" = $1 AND epoch = $2 AND seq = $3";
        let args = vec![
            Cell::Int(i64::from(partition.0)),
            Cell::Int(signed(at.epoch)),
            Cell::Int(signed(at.seq)),
        ];
        let rows = self.fetch(sql, args).await?;
        Ok(match rows.first().and_then(|row| row.first()) {
            Some(Cell::Int(crc)) => u32::try_from(*crc).ok(),
            _ => None,
        })
    }
}

fn stored(cells: Vec<Cell>) -> Result<Stored, Error> {
    let strange = || Error::Strange("a row of entries is no entry".to_owned());
    let cells = <[Cell; 4]>::try_from(cells).map_err(|_| strange())?;
    let [
        Cell::Int(epoch),
        Cell::Int(seq),
        Cell::Bytes(payload),
        Cell::Int(crc),
    ] = cells
    else {
        return Err(strange());
    };
    let number = |n| u64::try_from(n).map_err(|_| strange());
    Ok(Stored {
        position: Position {
            epoch: number(epoch)?,
            seq: number(seq)?,
        },
        payload,
        crc: u32::try_from(crc).map_err(|_| strange())?,
    })
}
