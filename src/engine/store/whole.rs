//! A partition's history from its first entry: what was trimmed is given from elsewhere, and has to
//! lead to the checksum at which the journal begins; what follows is the journal's own.

use std::collections::HashMap;

use super::chain::{Floor, Link, floor};
use super::error::Error;
use super::reader::{Reader, decode};
use super::restore::Kept;
use crate::domain::{Decision, Shop, ShopId};
use crate::journal::{Partition, Position};

/// Where a walk goes on, and the shops as they were there.
type Skipped = (Position, HashMap<ShopId, Shop>);

/// A walk over a partition's history.
#[derive(Debug)]
pub(in crate::engine) struct Whole<'a> {
    reader: &'a Reader,
    partition: Partition,
    floor: Floor,
    link: Link,
}

impl<'a> Whole<'a> {
    /// Starts before the first entry.
    pub(in crate::engine) fn new(reader: &'a Reader, partition: Partition) -> Result<Self, Error> {
        Ok(Self {
            reader,
            partition,
            floor: floor(&reader.journal, partition)?,
            link: Link::default(),
        })
    }

    /// After which entry others are wanted from elsewhere; none if the journal has what follows.
    pub(in crate::engine) fn wants(&self) -> Option<Position> {
        (self.link.position < self.floor.link.position).then_some(self.link.position)
    }

    /// Where the journal begins, and how many entries were before.
    pub(in crate::engine) fn floor(&self) -> (Position, u64) {
        (self.floor.link.position, self.floor.entries)
    }

    /// Takes entries that were kept elsewhere. [`Error::Damaged`] if they are not those that were
    /// trimmed; what is behind them is left.
    pub(in crate::engine) fn feed(
        &mut self,
        kept: &[Kept],
        mut each: impl FnMut(Position, ShopId, Decision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for entry in kept {
            if self.wants().is_none() {
                break;
            }
            let (partition, position) = (self.partition, entry.position);
            let link = self.link.then(partition, position, &entry.payload);
            let reached = self.floor.link.position;
            let fits = position.follows(self.link.position)
                && link.crc == entry.crc
                && (position < reached || link == self.floor.link);
            if !fits {
                let what = "what was kept of it elsewhere is not what was trimmed";
                return Err(Error::damaged(partition, position, what));
            }
            let (shop, decision) = decode(partition, position, &entry.payload)?;
            each(position, shop, decision)?;
            self.link = link;
        }
        Ok(())
    }

    /// Goes on from the oldest good snapshot instead; gives its place and shops, if there
    /// is one.
    pub(in crate::engine) fn skip(&mut self) -> Result<Option<Skipped>, Error> {
        let Some((link, shops)) = self.reader.oldest(self.partition)? else {
            return Ok(None);
        };
        self.link = link;
        Ok(Some((link.position, shops)))
    }

    /// Hands on what the journal has. [`Error::Trimmed`] if something before it is still wanted.
    pub(in crate::engine) fn rest(
        self,
        each: impl FnMut(Position, ShopId, Decision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.wants().is_some() {
            return Err(Error::trimmed(self.partition, self.floor.link.position));
        }
        self.reader.replay_after(self.partition, self.link, each)
    }
}
