//! Before a node follows: whether its journal is one that the turns in Redis go on from, and what it
//! lacks if not.

use super::connect::{Connection, Connector, Purpose};
use super::keys::Keys;
use super::scripts;
use super::{Error, body};
use crate::engine::store::{Link, Store};
use crate::engine::turn::{Mark, Place, What};
use crate::journal::{Partition, Position};

/// How a node's journal stands to what is in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is nothing in Redis: the nodes will agree on what they have.
    Nothing,
    /// Turns go on from here.
    Fits,
    /// Entries up to a place are missing, and the turns that would bring them are gone.
    Lacks(Wanted),
    /// The journal has entries that the others went on without.
    Astray(Wanted),
}

/// Where a journal has to stand for turns to go on from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The last entry.
    pub position: Position,
    /// The chain's checksum there.
    pub crc: u32,
    place: Place,
}

impl Wanted {
    /// Lets the journal, which stands there, go on with the turns.
    pub fn arrive(&self, store: &mut Store, partition: Partition) -> Result<(), Error> {
        Ok(store.follow_from(partition, self.place)?)
    }
}

/// Looks how a journal stands to a partition in Redis; where the next turn is a matter of looking,
/// it is noted.
pub async fn standing(
    connector: &Connector,
    store: &mut Store,
    partition: Partition,
) -> Result<Standing, Error> {
    let keys = Keys::of(&connector.config().prefix, partition);
    let mut calls = connector.connect(partition, Purpose::Call).await?;
    let Some(head) = scripts::head(&mut calls, &keys).await? else {
        return Ok(Standing::Nothing);
    };
    let (at, end, from) = (store.turn(partition)?, store.link(partition), head.from);
    // Of an earlier epoch than ours: Redis was put back, which the nodes settle among themselves.
    if head.last.epoch < at.epoch {
        return Ok(Standing::Fits);
    }
    if head.last.epoch == at.epoch && at.index >= from.place.index {
        return Ok(Standing::Fits);
    }
    let wanted = Wanted {
        position: from.position,
        crc: from.crc,
        place: from.place,
    };
    let begin = from.link();
    if end == begin
        || (from.place.index == 0 && brought(&mut calls, &keys, partition, &from, end).await?)
    {
        wanted.arrive(store, partition)?;
        return Ok(Standing::Fits);
    }
    let known = store.link_at(partition, from.position)?;
    Ok(if end.position > from.position || known == begin {
        Standing::Astray(wanted)
    } else {
        Standing::Lacks(wanted)
    })
}

/// Whether a journal's end is among the entries with which an epoch began.
async fn brought(
    calls: &mut Connection,
    keys: &Keys,
    partition: Partition,
    from: &Mark,
    end: Link,
) -> Result<bool, Error> {
    let mut at = from.place;
    loop {
        let turns = scripts::after(calls, keys, at).await?;
        if turns.is_empty() {
            return Ok(false);
        }
        for turn in turns {
            let index = turn.place.index;
            let read = body::read(partition, &turn.body);
            let read = read.map_err(|error| Error::Unreadable {
                partition,
                turn: index,
                error,
            })?;
            let What::Entries(entries) = read else {
                return Ok(false);
            };
            let mut ends = entries.sealed.iter();
            if entries.end == end
                || ends.any(|one| one.entry.position == end.position && one.crc == end.crc)
            {
                return Ok(true);
            }
            if entries.last {
                return Ok(false);
            }
            at = turn.place;
        }
    }
}
