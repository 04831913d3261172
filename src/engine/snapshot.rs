//! Making a snapshot without asking the engine: what is stored is read back, folded and kept.
//!
//! The engine's task never stops for it. It costs the memory of the partition's state a second
//! time, and the time of a restart, on whichever thread calls it.

use std::path::Path;

use super::codec::encode_snapshot;
use super::store::{Error, Loaded, Store};
use crate::journal::{Partition, Position};

/// Reads a partition's newest snapshot and tail, and keeps a snapshot of where that leads; none
/// if there is nothing to gain. Only in the process that has the store open.
pub fn refresh(dir: &Path, partition: Partition) -> Result<Option<Position>, Error> {
    let Loaded {
        position,
        shops,
        replayed,
        ..
    } = Store::reader(dir)?.load(partition)?;
    if replayed == 0 {
        return Ok(None);
    }
    let bytes = encode_snapshot(&shops);
    drop(shops);
    Store::snapshots(dir)?.save(partition, position, &bytes)?;
    Ok(Some(position))
}
