//! A turn: requests that were handed in together, with the place and the time that a sequencer has
//! given them. Whoever takes the same turns in the same order comes to the same state, entry for
//! entry; so every node that follows the sequencer has the same journal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::store::Link;
use crate::clock::Reading;
use crate::domain::{Request, ShopId};
use crate::engine::{Failure, Reply};
use crate::journal::{Position, Sealed};

/// Requests on their way to the sequencer; more are turned away as surely not done.
const ASKED_MAX: usize = 8_192;
/// Turns that may wait for the desk; whoever follows the sequencer waits when it is full.
const TURNS_MAX: usize = 64;
/// How many turns back a mark can still be compared.
const MARKS_MAX: usize = 1_024;

/// Who waits for an answer, and since when.
pub(in crate::engine) type Caller = (oneshot::Sender<Result<Reply, Failure>>, Instant);

/// Where a turn stands: numbers count from 1 within an epoch, and the nonce tells two turns apart
/// that two histories have put in the same place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The epoch of the sequencer.
    pub epoch: u64,
    /// The number within it; 0 is before the first.
    pub index: u64,
    /// Chosen at random by whoever handed it in.
    pub nonce: u64,
}

/// Where a node's journal stood behind a turn: the same on every node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::engine) struct Mark {
    /// The turn.
    pub place: Place,
    /// The last entry.
    pub position: Position,
    /// The chain's checksum there.
    pub crc: u32,
}

impl Mark {
    /// The journal's end there.
    pub(in crate::engine) fn link(&self) -> Link {
        Link {
            position: self.position,
            crc: self.crc,
        }
    }
}

/// A request before it has a place.
pub(in crate::engine) enum Asked {
    /// A request, and who waits for its answer on this node.
    Request {
        shop: ShopId,
        request: Box<Request>,
        caller: Option<Caller>,
    },
    /// Something has become due: a turn is wanted, though nobody asks.
    Nudge,
}

/// What a turn has in it.
pub(in crate::engine) enum What {
    /// Requests, and who waits for them on this node.
    Requests(Vec<(ShopId, Box<Request>, Option<Caller>)>),
    /// Entries of the epoch before, for nodes that had not got so far when it was cut.
    Entries(Entries),
}

/// Entries that some nodes have, and others may lack.
pub(in crate::engine) struct Entries {
    pub(in crate::engine) sealed: Vec<Sealed>,
    /// Where they lead.
    pub(in crate::engine) end: Link,
    /// No more of them follow: everybody stands here now.
    pub(in crate::engine) last: bool,
}

/// A turn, in its place.
pub(in crate::engine) struct Turn {
    pub(in crate::engine) place: Place,
    /// The time at which all of it is decided.
    pub(in crate::engine) at: Reading,
    /// Where whoever handed it in stood.
    pub(in crate::engine) mark: Option<Mark>,
    pub(in crate::engine) what: What,
}

/// The desk's end of the way to a sequencer and back.
pub(in crate::engine) struct Line {
    /// None once nothing more is asked.
    pub(in crate::engine) asked: Option<mpsc::Sender<Asked>>,
    pub(in crate::engine) turns: mpsc::Receiver<Turn>,
    pub(in crate::engine) marks: watch::Sender<Mark>,
    /// Whether turns come as they are handed in anywhere.
    pub(in crate::engine) follows: Arc<AtomicBool>,
    /// Own marks of the last turns, oldest first.
    past: VecDeque<Mark>,
}

/// The sequencer's end.
pub(in crate::engine) struct LineEnd {
    pub(in crate::engine) asked: mpsc::Receiver<Asked>,
    pub(in crate::engine) turns: mpsc::Sender<Turn>,
    pub(in crate::engine) marks: watch::Receiver<Mark>,
    pub(in crate::engine) follows: Arc<AtomicBool>,
}

/// A way between a desk that stands at `mark` and its sequencer.
pub(in crate::engine) fn line(mark: Mark) -> (Line, LineEnd) {
    let (asked, to_sequence) = mpsc::channel(ASKED_MAX);
    let (sequenced, turns) = mpsc::channel(TURNS_MAX);
    let (marks, seen) = watch::channel(mark);
    let follows = Arc::new(AtomicBool::new(false));
    let line = Line {
        asked: Some(asked),
        turns,
        marks,
        follows: Arc::clone(&follows),
        past: VecDeque::from([mark]),
    };
    let end = LineEnd {
        asked: to_sequence,
        turns: sequenced,
        marks: seen,
        follows,
    };
    (line, end)
}

impl Line {
    /// Whether another node stood at the same entry behind the same turn; one that is too long ago
    /// to be known is believed.
    pub(super) fn agrees(&self, other: &Mark) -> bool {
        let own = self.past.iter().find(|own| own.place == other.place);
        own.is_none_or(|own| own == other)
    }

    /// Notes where the desk stands behind a turn.
    pub(super) fn mark(&mut self, place: Place, link: Link) {
        let mark = Mark {
            place,
            position: link.position,
            crc: link.crc,
        };
        if self.past.len() == MARKS_MAX {
            self.past.pop_front();
        }
        self.past.push_back(mark);
        self.marks.send_replace(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(seq: u64, crc: u32) -> Link {
        let position = Position { epoch: 1, seq };
        Link { position, crc }
    }

    #[test]
    fn a_node_that_decides_otherwise_is_told() {
        let place = |index| Place {
            epoch: 1,
            index,
            nonce: 70 + index,
        };
        let (mut line, _end) = line(Mark::default());
        for index in 1..=3_000 {
            line.mark(place(index), link(index * 2, 5));
        }
        let mark = |index, link: Link| Mark {
            place: place(index),
            position: link.position,
            crc: link.crc,
        };
        assert!(line.agrees(&mark(2_999, link(5_998, 5))));
        assert!(!line.agrees(&mark(2_999, link(5_999, 5))), "an entry more");
        assert!(!line.agrees(&mark(2_999, link(5_998, 6))), "another entry");
        assert!(line.agrees(&mark(3, link(9, 9))), "too long ago to say");
        assert!(line.agrees(&mark(4_000, link(9, 9))), "not taken yet");
    }
}
