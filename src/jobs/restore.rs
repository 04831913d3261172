//! Entries of the ledger as entries of a journal that lacks them, byte for byte.

use crate::engine::store::{self, Kept, Store};
use crate::journal::{Partition, Position};
use crate::ledger::{self, Ledger, Stored};

/// Entries of one step.
pub const STEP: u32 = 2_000;

/// Why a journal cannot be brought back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] store::Error),
    /// Journal and ledger hold two histories.
    #[error(
        "partition {0}: the journal has an entry at {1} that the ledger does not have there; \
         these are two histories. To go on with the ledger's, move journal.sqlite, snapshots.sqlite and \
         their -wal files away and run this again; to go on with the journal's, give it an empty ledger"
    )]
    Other(Partition, Position),
    /// The ledger says that it has more than it holds.
    #[error(
        "partition {partition}: the ledger was posted up to {posted} and holds entries up to {held}"
    )]
    Short {
        /// Which.
        partition: Partition,
        /// What its cursor says.
        posted: Position,
        /// What is there.
        held: Position,
    },
}

/// The journal's end has to be an entry of the ledger, or what would follow it is of another
/// history.
pub async fn belongs(ledger: &Ledger, store: &Store, partition: Partition) -> Result<(), Error> {
    let (end, crc) = store.end(partition);
    if end == Position::START || ledger.crc_at(partition, end).await? == Some(crc) {
        return Ok(());
    }
    Err(Error::Other(partition, end))
}

/// Appends what the ledger has after the journal's end, up to and with a position; gives how many
/// entries that was.
pub async fn up_to(
    ledger: &Ledger,
    store: &mut Store,
    partition: Partition,
    until: Position,
) -> Result<u64, Error> {
    belongs(ledger, store, partition).await?;
    let mut restored = 0;
    loop {
        let (end, _) = store.end(partition);
        if end >= until {
            return Ok(restored);
        }
        let mut kept = ledger.stored(partition, end, STEP).await?;
        kept.retain(|entry| entry.position <= until);
        if kept.is_empty() {
            return Err(Error::Short {
                partition,
                posted: until,
                held: end,
            });
        }
        let kept: Vec<Kept> = kept
            .into_iter()
            .map(|entry| own(partition, entry))
            .collect();
        store.restore(&kept)?;
        restored += kept.len() as u64;
    }
}

/// An entry of the ledger as the journal's own.
pub fn own(partition: Partition, entry: Stored) -> Kept {
    Kept {
        partition,
        position: entry.position,
        payload: entry.payload,
        crc: entry.crc,
    }
}
