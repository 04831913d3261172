//! Which turn of the sequencer the journal has got to, kept in the transaction of its entries: so a
//! node that starts again takes each turn once.

use rusqlite::{Connection, OptionalExtension, params};

use super::Store;
use super::chain::signed;
use super::error::Error;
use crate::engine::turn::Place;
use crate::journal::Partition;

impl Store {
    /// The turn that the last entry of a partition leads up to; turns behind it that left no entry
    /// may have been taken too.
    pub fn turn(&self, partition: Partition) -> Result<Place, Error> {
        let mut query = self
            .db
            .prepare_cached("SELECT epoch, turn, nonce FROM turns WHERE partition = ?1")?;
        let found = query
            .query_row(params![partition.0], |row| {
                let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
                Ok(Place {
                    epoch: number(0)?,
                    index: number(1)?,
                    nonce: number(2)?,
                })
            })
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    /// Takes up turns elsewhere: behind this one, at the journal's end.
    pub fn follow_from(&mut self, partition: Partition, place: Place) -> Result<(), Error> {
        write(&self.db, partition, place)
    }
}

pub(super) fn write(db: &Connection, partition: Partition, place: Place) -> Result<(), Error> {
    let mut upsert = db.prepare_cached(
        "INSERT INTO turns (partition, epoch, turn, nonce) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (partition) DO UPDATE SET epoch = ?2, turn = ?3, nonce = ?4",
    )?;
    let out_of_range = || Error::Order {
        partition,
        position: crate::journal::Position::START,
        last: crate::journal::Position::START,
    };
    let (epoch, index) = signed(place.epoch)
        .zip(signed(place.index))
        .ok_or_else(out_of_range)?;
    upsert.execute(params![
        partition.0,
        epoch,
        index,
        place.nonce.cast_signed()
    ])?;
    Ok(())
}
