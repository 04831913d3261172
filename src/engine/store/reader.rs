//! Reading the journal on a connection of its own: beside the process that writes it, or by
//! the writer itself.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use rusqlite::Connection;

use super::chain::{Link, floor, link_at, walk};
use super::error::Error;
use super::fold::Fold;
use super::schema::{JOURNAL, SNAPSHOTS};
use super::snapshots::{self, Head};
use crate::domain::{Decision, Shop, ShopId};
use crate::engine::codec;
use crate::journal::{Entry, Partition, Position, Sealed};

/// Entries of one read.
const BATCH: usize = 4_096;

/// Entries that are handed over at once to be folded.
const HANDED: usize = 256;
/// How many such lots may wait.
const HANDED_MAX: usize = 8;

/// A read-only view of the journal and its snapshots.
#[derive(Debug)]
pub struct Reader {
    pub(super) journal: Connection,
    snapshots: Connection,
}

/// A partition's state, as it was after its last entry.
#[derive(Debug)]
pub struct Loaded {
    /// The last entry; [`Position::START`] if there is none.
    pub position: Position,
    /// The shops.
    pub shops: HashMap<ShopId, Shop>,
    /// The snapshot it was made from; none = from the first entry.
    pub snapshot: Option<Position>,
    /// Entries replayed after the snapshot.
    pub replayed: u64,
    /// Snapshots that were damaged and passed over, newest first, in words.
    pub passed_over: Vec<String>,
}

/// A snapshot's place in the chain, and the shops in it.
pub(super) type Restored = (Link, HashMap<ShopId, Shop>);

/// What a walk over a partition's whole chain has found in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries.
    pub entries: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// The last of them.
    pub position: Position,
    /// The entry before the first of them, whose checksum was taken on trust: the last that was
    /// trimmed. [`Position::START`] if the whole chain was walked.
    pub trusted: Position,
}

/// Where a partition's journal begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Begins {
    /// The last entry that was trimmed; [`Position::START`] if none was.
    pub after: Position,
    /// The chain's checksum there.
    pub crc: u32,
    /// How many were trimmed.
    pub entries: u64,
}

/// What the journal has where another reader has got to, if not the entry that it has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// No entries at all.
    Empty,
    /// Its last entry is before.
    Ends(Position),
    /// Another entry.
    Another,
    /// That entry was trimmed, and more behind it.
    Begins(Position),
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Ends(at) => write!(f, "ends at {at}"),
            Self::Another => f.write_str("has another entry there"),
            Self::Begins(at) => write!(f, "was trimmed up to {at}"),
        }
    }
}

impl Reader {
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        Ok(Self {
            journal: JOURNAL.open_to_read(dir)?,
            snapshots: SNAPSHOTS.open_to_read(dir)?,
        })
    }

    /// Up to `max` entries after a position, oldest first, each checked.
    pub fn read(
        &self,
        partition: Partition,
        after: Position,
        max: usize,
    ) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let mut from = link_at(&self.journal, partition, after)?;
        walk(
            &self.journal,
            partition,
            &mut from,
            max,
            |position, payload| {
                let (shop, decision) = decode(partition, position, payload)?;
                entries.push(Entry {
                    partition,
                    position,
                    shop,
                    decision: Arc::new(decision),
                });
                Ok(())
            },
        )?;
        Ok(entries)
    }

    /// The chain's link at the last entry at or before a position.
    pub(in crate::engine) fn link(
        &self,
        partition: Partition,
        at: Position,
    ) -> Result<Link, Error> {
        link_at(&self.journal, partition, at)
    }

    /// Up to `max` entries after a position that another reader has reached, with their bytes. The
    /// inner error says what the journal has there instead: it was lost, cut or replaced.
    pub fn sealed(
        &self,
        partition: Partition,
        after: Position,
        crc: u32,
        max: usize,
    ) -> Result<Result<Vec<Sealed>, Elsewhere>, Error> {
        let mut from = match link_at(&self.journal, partition, after) {
            Err(Error::Trimmed { until, .. }) => return Ok(Err(Elsewhere::Begins(until))),
            found => found?,
        };
        if from.position != after {
            let end = self.end(partition)?;
            return Ok(Err(if end == Position::START {
                Elsewhere::Empty
            } else {
                Elsewhere::Ends(end)
            }));
        }
        if from.crc != crc {
            return Ok(Err(Elsewhere::Another));
        }
        let (mut link, mut entries) = (from, Vec::new());
        walk(
            &self.journal,
            partition,
            &mut from,
            max,
            |position, payload| {
                let (shop, decision) = decode(partition, position, payload)?;
                link = link.then(partition, position, payload);
                let entry = Entry {
                    partition,
                    position,
                    shop,
                    decision: Arc::new(decision),
                };
                entries.push(Sealed {
                    entry,
                    payload: payload.to_vec(),
                    crc: link.crc,
                });
                Ok(())
            },
        )?;
        Ok(Ok(entries))
    }

    /// The position of a partition's last entry.
    pub fn end(&self, partition: Partition) -> Result<Position, Error> {
        let last = Position {
            epoch: u64::MAX,
            seq: u64::MAX,
        };
        Ok(link_at(&self.journal, partition, last)?.position)
    }

    /// Where a partition's journal begins.
    pub fn begins(&self, partition: Partition) -> Result<Begins, Error> {
        let floor = floor(&self.journal, partition)?;
        Ok(Begins {
            after: floor.link.position,
            crc: floor.link.crc,
            entries: floor.entries,
        })
    }

    /// Walks all that there is of a partition's chain in small steps.
    pub fn verify(&self, partition: Partition) -> Result<Verified, Error> {
        let from = floor(&self.journal, partition)?.link;
        let mut verified = Verified {
            trusted: from.position,
            ..Verified::default()
        };
        self.each(partition, from, |position, payload| {
            verified.entries += 1;
            verified.bytes += payload.len() as u64;
            verified.position = position;
            Ok(())
        })?;
        Ok(verified)
    }

    /// Hands every entry of a partition from the first that there is to `each`, checked and
    /// decoded.
    pub fn replay(
        &self,
        partition: Partition,
        each: impl FnMut(Position, ShopId, Decision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let from = floor(&self.journal, partition)?.link;
        self.replay_after(partition, from, each)
    }

    /// The same from a place in the chain on.
    pub(super) fn replay_after(
        &self,
        partition: Partition,
        from: Link,
        mut each: impl FnMut(Position, ShopId, Decision) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.each(partition, from, |position, payload| {
            let (shop, decision) = decode(partition, position, payload)?;
            each(position, shop, decision)
        })?;
        Ok(())
    }

    /// The state of a partition from its newest good snapshot and every entry after it.
    pub fn load(&self, partition: Partition) -> Result<Loaded, Error> {
        self.load_linked(partition).map(|(loaded, _)| loaded)
    }

    /// The same, with the chain's end.
    pub(super) fn load_linked(&self, partition: Partition) -> Result<(Loaded, Link), Error> {
        let mut passed_over = Vec::new();
        let (from, shops) = match self.newest(partition, &mut passed_over)? {
            Some(found) => found,
            // Without a snapshot the first entry is needed.
            None => (
                link_at(&self.journal, partition, Position::START)?,
                HashMap::new(),
            ),
        };
        let (link, fold) = self.replay_tail(from, Fold::new(partition, shops))?;
        let loaded = Loaded {
            position: link.position,
            snapshot: (from != Link::default()).then_some(from.position),
            replayed: fold.replayed(),
            shops: fold.into_shops(),
            passed_over,
        };
        Ok((loaded, link))
    }

    /// Folds every entry after a place in the chain. They are read and checked here while another
    /// thread folds them; it is scoped, so it has ended when this returns.
    fn replay_tail(&self, from: Link, mut fold: Fold) -> Result<(Link, Fold), Error> {
        let partition = fold.partition();
        let lost = || Error::damaged(partition, from.position, "what follows cannot be folded");
        let (hand, handed) = mpsc::sync_channel::<Vec<(Position, ShopId, Decision)>>(HANDED_MAX);
        let (read, folded) = thread::scope(|scope| {
            let folding = scope.spawn(move || {
                for (position, shop, decision) in handed.into_iter().flatten() {
                    fold.replay(position, shop, &decision)?;
                }
                Ok(fold)
            });
            let mut some = Vec::with_capacity(HANDED);
            let read = self.each(partition, from, |position, payload| {
                let (shop, decision) = decode(partition, position, payload)?;
                some.push((position, shop, decision));
                if some.len() == HANDED {
                    let full = std::mem::replace(&mut some, Vec::with_capacity(HANDED));
                    // It goes early only over an entry that does not fit, and then says so.
                    hand.send(full).map_err(|_| lost())?;
                }
                Ok(())
            });
            let _ = hand.send(some);
            drop(hand);
            (read, folding.join())
        });
        // What does not fold stands before what cannot be read.
        let fold = folded.unwrap_or_else(|_| Err(lost()))?;
        Ok((read?, fold))
    }

    /// A partition's snapshots, newest first.
    fn heads(&self, partition: Partition) -> Result<Vec<Result<Head, String>>, Error> {
        match snapshots::heads(&self.snapshots, partition) {
            Err(Error::Corrupt(what)) => Ok(vec![Err(what)]),
            heads => heads,
        }
    }

    /// The oldest snapshot that is good.
    pub(super) fn oldest(&self, partition: Partition) -> Result<Option<Restored>, Error> {
        for head in self.heads(partition)?.into_iter().rev() {
            if let Ok(found) = self.restore(partition, head)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// How many good snapshots there are, and the oldest of them.
    pub(super) fn good(&self, partition: Partition) -> Result<(usize, Position), Error> {
        let (mut count, mut oldest) = (0, Position::START);
        for head in self.heads(partition)? {
            if let Ok((link, _)) = self.restore(partition, head)? {
                (count, oldest) = (count + 1, link.position);
            }
        }
        Ok((count, oldest))
    }

    fn newest(
        &self,
        partition: Partition,
        passed_over: &mut Vec<String>,
    ) -> Result<Option<Restored>, Error> {
        for head in self.heads(partition)? {
            match self.restore(partition, head)? {
                Ok(found) => return Ok(Some(found)),
                Err(what) => {
                    tracing::warn!(%partition, what, "a snapshot is damaged and passed over");
                    passed_over.push(what);
                }
            }
        }
        Ok(None)
    }

    /// A snapshot, or how it is damaged. One that is good but not of this journal's history
    /// means that entries were lost: that is no reason to pass it over.
    fn restore(
        &self,
        partition: Partition,
        head: Result<Head, String>,
    ) -> Result<Result<Restored, String>, Error> {
        let head = match head {
            Ok(head) => head,
            Err(what) => return Ok(Err(what)),
        };
        let named = |what: String| format!("snapshot at {}: {what}", head.position);
        let bytes = match snapshots::bytes(&self.snapshots, partition, &head)? {
            Ok(bytes) => bytes,
            Err(what) => return Ok(Err(named(what))),
        };
        let link = Link {
            position: head.position,
            crc: head.chain,
        };
        let found = link_at(&self.journal, partition, head.position)?;
        if found != link {
            let what = format!(
                "the snapshot at {} is of another history: the journal was cut or replaced; \
                 `lapak rebuild` brings it back from the ledger",
                head.position
            );
            return Err(Error::damaged(partition, found.position, what));
        }
        Ok(match codec::decode_snapshot(&bytes) {
            Ok(shops) => Ok((link, shops)),
            Err(error) => Err(named(error.to_string())),
        })
    }

    fn each(
        &self,
        partition: Partition,
        mut from: Link,
        mut each: impl FnMut(Position, &[u8]) -> Result<(), Error>,
    ) -> Result<Link, Error> {
        while walk(&self.journal, partition, &mut from, BATCH, &mut each)? == BATCH {}
        Ok(from)
    }
}

pub(super) fn decode(
    partition: Partition,
    position: Position,
    payload: &[u8],
) -> Result<(ShopId, Decision), Error> {
    let (shop, decision) = codec::decode_entry(payload)
        .map_err(|error| Error::damaged(partition, position, error.to_string()))?;
    if Partition::of(&shop) == partition {
        Ok((shop, decision))
    } else {
        let what = format!("shop {shop} belongs to partition {}", Partition::of(&shop));
        Err(Error::damaged(partition, position, what))
    }
}
