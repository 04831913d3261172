//! When Redis has lost what nodes know: emptied, put back to an older file, or replaced by a replica
//! that lagged behind. Nothing is taken then. Every node says how far it has come, and the one that
//! has come furthest opens the next epoch with what the others may lack; so what any living node has
//! acknowledged is kept. What only nodes knew that are gone is brought by the ledger or lost.

use std::time::Duration;

use super::connect::{Connection, Purpose};
use super::keys::Keys;
use super::scripts::{self, Claim, Claimed, Head, Opening};
use super::sequencer::{Ended, Sequencer, nonce};
use super::{Error, body, chronicle};
use crate::engine::store::{self, Link, Reader, Store};
use crate::engine::turn::{Mark, Place};
use crate::journal::{Partition, Position, Sealed};
use crate::telemetry::{CutReason, metrics};

/// How long the chosen node may take to open.
const PATIENCE_MS: u64 = 5_000;
/// Entries that are brought to other nodes at most; one that lacks more joins by the ledger.
const BROUGHT_MAX: usize = 20_000;
/// Entries that are brought though nobody said that they lack them.
const SOME: u64 = 4_096;
/// Bytes of entries in one turn, about.
const BODY_BYTES: usize = 512 * 1024;
/// How long the journal may take to have what its desk has decided.
const KEPT_TRIES: u32 = 500;
const KEPT_PAUSE: Duration = Duration::from_millis(10);

impl Head {
    /// The head, if a place that a node has taken can be of its past.
    pub(super) async fn behind(
        at: Place,
        calls: &mut Connection,
        keys: &Keys,
    ) -> Result<Self, Ended> {
        let head = scripts::head(calls, keys).await?;
        let head = head.ok_or(Ended::Cut(CutReason::Emptied))?;
        match head.contradicts(at) {
            Some(reason) => Err(Ended::Cut(reason)),
            None => Ok(head),
        }
    }

    /// An error while its past is being settled.
    pub(super) fn is_open(&self) -> Result<(), Ended> {
        if self.closed {
            return Err(Ended::Cut(CutReason::Called));
        }
        Ok(())
    }

    /// Why a place that a node has taken cannot be of this past; none if it can.
    fn contradicts(&self, at: Place) -> Option<CutReason> {
        if self.last.epoch != at.epoch {
            return Some(if self.last.epoch < at.epoch {
                CutReason::RolledBack
            } else {
                CutReason::Called
            });
        }
        if self.last.index < at.index {
            Some(CutReason::RolledBack)
        } else if self.last.index == at.index && self.last.nonce != at.nonce {
            Some(CutReason::Diverged)
        } else {
            None
        }
    }
}

impl Sequencer {
    /// Comes to one past with all other nodes, and goes on in a later epoch.
    pub(super) async fn agree(&mut self) -> Result<(), Ended> {
        let mut calls = self
            .connector
            .connect(self.partition, Purpose::Call)
            .await?;
        let mark = self.caught_up_desk().await?;
        loop {
            let head = scripts::head(&mut calls, &self.keys).await?;
            if let Some(head) = head.filter(|head| head.last.epoch > self.at.epoch) {
                return self.move_to(&head, &mark);
            }
            let claim = Claim {
                epoch: self.at.epoch,
                node: &self.node.clone(),
                rank: self.rank(head.as_ref()),
                position: mark.position,
                window_ms: self.connector.config().agree_ms,
                patience_ms: PATIENCE_MS,
            };
            match scripts::claim(&mut calls, &self.keys, &claim).await? {
                Claimed::Opened => {}
                Claimed::Wait(ms) => {
                    if !self.refuse_for(Duration::from_millis(ms)).await {
                        return Err(Ended::Finished);
                    }
                }
                Claimed::Open(low) => self.open(&mut calls, head.as_ref(), &mark, low).await?,
            }
        }
    }

    /// Where the desk stands when it has taken every turn that it was given.
    pub(super) async fn caught_up_desk(&mut self) -> Result<Mark, Ended> {
        let given = self.given;
        let stands = self.end.marks.wait_for(|mark| mark.place == given).await;
        match stands {
            Ok(mark) => Ok(*mark),
            Err(_) => Err(Ended::Failed(Error::DeskGone(self.partition))),
        }
    }

    fn rank(&self, head: Option<&Head>) -> u8 {
        match head {
            // It was put back to before this node's epoch.
            Some(head) if head.last.epoch < self.at.epoch => 2,
            Some(head) if self.past.contradicts(head.last) => 0,
            Some(_) => 2,
            None => 1,
        }
    }

    /// Goes on in an epoch that was opened. Whether the own past fits is seen when its first turns
    /// are taken, or here, if they are in the ledger by now.
    fn move_to(&mut self, head: &Head, mark: &Mark) -> Result<(), Ended> {
        let from = head.from;
        if from.place.index > 0 && (mark.position, mark.crc) != (from.position, from.crc) {
            return Err(Ended::Failed(Error::Behind(self.partition)));
        }
        tracing::info!(partition = %self.partition, epoch = from.place.epoch, "the nodes agree; going on");
        self.at = from.place;
        self.past.begin(from.place);
        Ok(())
    }

    async fn open(
        &mut self,
        calls: &mut Connection,
        head: Option<&Head>,
        mark: &Mark,
        low: Position,
    ) -> Result<(), Ended> {
        let settled = self.settled.borrow().posted(self.partition);
        if settled.is_some_and(|posted| posted > mark.position) {
            return Err(Ended::Failed(Error::Behind(self.partition)));
        }
        let (from, sealed) = self.entries_after(low, mark).await?;
        let epochs = [
            self.at.epoch,
            mark.position.epoch,
            head.map_or(0, |head| head.last.epoch),
            settled.map_or(0, |posted| posted.epoch),
        ];
        let epoch = epochs.into_iter().max().unwrap_or(0) + 1;
        let (brought, first) = (sealed.len(), from.position);
        let opening = Opening {
            before: epoch - 1,
            epoch,
            node: &self.node,
            nonce: nonce(),
            time_ms: self.time_ms,
            from,
            bodies: bodies(&sealed, from, mark),
        };
        if scripts::open(calls, &self.keys, &opening).await? {
            metrics().nodes.epochs.increment();
            metrics().nodes.brought.add(brought as u64);
            self.note(
                chronicle::What::Opened,
                (first, mark.position),
                brought as u64,
            );
            tracing::info!(partition = %self.partition, epoch, position = %mark.position, brought,
                "this node has come furthest: opened an epoch with its past");
        }
        Ok(())
    }

    /// The own entries after a position, as soon as the journal has them all, with where that is in
    /// it.
    async fn entries_after(
        &mut self,
        low: Position,
        mark: &Mark,
    ) -> Result<(Link, Vec<Sealed>), Ended> {
        let failed = |error| Ended::Failed(Error::Engine(error));
        let reader = Store::reader(&self.dir).map_err(|error| failed(error.into()))?;
        for _ in 0..KEPT_TRIES {
            let end = reader
                .end(self.partition)
                .map_err(|error| failed(error.into()))?;
            if end >= mark.position {
                return brought(&reader, self.partition, low, mark)
                    .map_err(|error| failed(error.into()));
            }
            if !self.refuse_for(KEPT_PAUSE).await {
                return Err(Ended::Finished);
            }
        }
        Err(Ended::Failed(Error::DeskGone(self.partition)))
    }
}

/// Entries that lead up to a mark: from `low`, and some before it for nodes that are just starting
/// and have not said how far they are. Fewer, or none, if those are too many or were trimmed: who
/// lacks more joins by the ledger.
fn brought(
    reader: &Reader,
    partition: Partition,
    low: Position,
    mark: &Mark,
) -> Result<(Link, Vec<Sealed>), store::Error> {
    let some = before(reader, partition, mark.position, SOME)?;
    for begin in [low.min(some), some, low] {
        let link = match reader.link(partition, begin) {
            Err(store::Error::Trimmed { .. }) => continue,
            found => found?,
        };
        let found = reader.sealed(partition, link.position, link.crc, BROUGHT_MAX)?;
        let mut found = found.unwrap_or_default();
        found.retain(|one| one.entry.position <= mark.position);
        let end = found.last().map_or(link.position, |one| one.entry.position);
        if end == mark.position {
            return Ok((link, found));
        }
    }
    Ok((mark.link(), Vec::new()))
}

/// About so many entries before a position; less where the journal begins later.
fn before(
    reader: &Reader,
    partition: Partition,
    mut at: Position,
    mut count: u64,
) -> Result<Position, store::Error> {
    while at.seq < count {
        count -= at.seq;
        let first = Position { seq: 0, ..at };
        match reader.link(partition, first) {
            Ok(link) if link.position < first => at = link.position,
            Ok(_) | Err(store::Error::Trimmed { .. }) => return Ok(first),
            Err(error) => return Err(error),
        }
    }
    let seq = at.seq - count;
    Ok(Position { seq, ..at })
}

/// Turns of entries, each with its nonce: one at least, so that everybody compares where they stand.
fn bodies(sealed: &[Sealed], from: Link, mark: &Mark) -> Vec<(u64, Vec<u8>)> {
    let mut pieces: Vec<&[Sealed]> = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (at, one) in sealed.iter().enumerate() {
        bytes += one.payload.len();
        if bytes >= BODY_BYTES {
            pieces.extend(sealed.get(begin..=at));
            (begin, bytes) = (at + 1, 0);
        }
    }
    pieces.extend(sealed.get(begin..));
    let last = pieces.len().saturating_sub(1);
    let end_of = |piece: &[Sealed], before: Link| {
        piece.last().map_or(before, |one| Link {
            position: one.entry.position,
            crc: one.crc,
        })
    };
    let mut at = from;
    let turns = pieces.into_iter().enumerate().map(|(number, piece)| {
        at = end_of(piece, at);
        debug_assert!(
            number < last || at.position == mark.position,
            "entries lead to the mark"
        );
        (nonce(), body::entries(piece, at, number == last))
    });
    turns.collect()
}
