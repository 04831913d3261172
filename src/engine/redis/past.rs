//! What a node remembers of the turns it has taken: enough to tell whether what stands in Redis is
//! its own past, and up to which turn everything is in the ledger.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::engine::turn::{Mark, Place};
use crate::journal::Position;

/// Turns that are remembered: at a thousand a second, what a primary that fails can have lost.
const TURNS_MAX: usize = 16_384;
/// Marks that are remembered for trimming.
const MARKS_MAX: usize = 4_096;

/// The turns of the epoch that were taken last, and where the journal stood behind some of them.
#[derive(Debug, Default)]
pub(super) struct Past {
    turns: VecDeque<Place>,
    /// Each with when it was noted.
    marks: VecDeque<(Instant, Mark)>,
    /// The first turn that was taken behind which every node stands alike.
    alike: Option<Place>,
}

impl Past {
    /// Begins anew behind a turn.
    pub(super) fn begin(&mut self, at: Place) {
        self.turns.clear();
        self.marks.clear();
        self.alike = None;
        self.turns.push_back(at);
    }

    /// A turn was taken; `alike` if every node stands at the same entry behind it. Behind those
    /// with which an epoch begins they do not: some have all of the entries, and others none.
    pub(super) fn push(&mut self, place: Place, alike: bool) {
        if alike {
            self.alike.get_or_insert(place);
        }
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
        }
        self.turns.push_back(place);
    }

    /// A mark, if every node has the same there.
    pub(super) fn alike(&self, mark: Mark) -> Option<Mark> {
        let first = self.alike?;
        let known = mark.place.epoch == first.epoch && mark.place.index >= first.index;
        known.then_some(mark)
    }

    /// Where the journal stands behind a turn.
    pub(super) fn mark(&mut self, mark: Mark) {
        if self
            .marks
            .back()
            .is_some_and(|(_, last)| last.place == mark.place)
        {
            return;
        }
        if self.marks.len() == MARKS_MAX {
            // Every other one is enough of what is long ago.
            let mut keep = false;
            self.marks.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.marks.push_back((Instant::now(), mark));
    }

    /// Whether a turn cannot be one of those taken. What is before all that is remembered can: a
    /// node that was started a minute ago has taken it in its journal.
    pub(super) fn contradicts(&self, place: Place) -> bool {
        let first = self.turns.front().map_or(0, |first| first.index);
        place.index >= first && !self.turns.iter().rev().any(|known| *known == place)
    }

    /// The last mark of the epoch that was noted before `noted`, and whose entries all stand at or
    /// before a position; earlier ones are forgotten.
    pub(super) fn settled(&mut self, epoch: u64, until: Position, noted: Instant) -> Option<Mark> {
        let done = |(at, mark): &(Instant, Mark)| *at <= noted && mark.position <= until;
        let count = self.marks.partition_point(done);
        let last = self.marks.drain(..count).next_back();
        last.map(|(_, mark)| mark)
            .filter(|mark| mark.place.epoch == epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(index: u64, seq: u64) -> Mark {
        let place = Place {
            epoch: 3,
            index,
            nonce: index * 7,
        };
        let position = Position { epoch: 3, seq };
        Mark {
            place,
            position,
            crc: 0,
        }
    }

    #[test]
    fn only_what_is_in_the_ledger_is_given_up() {
        let mut past = Past::default();
        (1..10).for_each(|n| past.mark(mark(n, n * 10)));
        let (at, now) = (|seq| Position { epoch: 3, seq }, Instant::now);
        assert_eq!(past.settled(3, at(9), now()), None);
        assert_eq!(past.settled(3, at(35), now()), Some(mark(3, 30)));
        assert_eq!(past.settled(3, at(35), now()), None);
        assert_eq!(past.settled(3, at(40), now()), Some(mark(4, 40)));
        assert_eq!(past.settled(4, at(90), now()), None, "of another epoch");
    }

    #[test]
    fn what_is_new_is_kept_for_nodes_that_are_slow() {
        let (mut past, now) = (Past::default(), Instant::now());
        let later = |s| now + std::time::Duration::from_secs(s);
        past.marks.push_back((now, mark(1, 10)));
        past.marks.push_back((later(7), mark(2, 20)));
        let at = Position { epoch: 3, seq: 90 };
        assert_eq!(past.settled(3, at, later(5)), Some(mark(1, 10)));
        assert_eq!(past.settled(3, at, later(5)), None);
        assert_eq!(past.settled(3, at, later(7)), Some(mark(2, 20)));
    }

    #[test]
    fn a_turn_of_another_history_is_not_ones_own() {
        let mut past = Past::default();
        past.begin(mark(4, 0).place);
        past.push(mark(5, 0).place, true);
        let own = [mark(4, 0).place, mark(5, 0).place];
        assert!(own.into_iter().all(|place| !past.contradicts(place)));
        let other = Place {
            nonce: 1,
            ..mark(5, 0).place
        };
        assert!(past.contradicts(other) && past.contradicts(mark(6, 0).place));
    }

    #[test]
    fn what_is_before_all_that_is_remembered_is_no_other_history() {
        let mut past = Past::default();
        past.begin(mark(400, 0).place);
        past.push(mark(401, 0).place, true);
        assert!(!past.contradicts(mark(399, 0).place));
    }

    /// A node that has all entries with which an epoch begins stands at their end behind each of
    /// their turns, and before the first; one that lacks them does not. Neither decides otherwise.
    #[test]
    fn what_nodes_have_differently_at_the_beginning_is_not_compared() {
        let mut past = Past::default();
        past.begin(mark(0, 0).place);
        assert_eq!(past.alike(mark(0, 90)), None, "where it began");
        past.push(mark(1, 0).place, false);
        past.push(mark(2, 0).place, true);
        past.push(mark(3, 0).place, true);
        assert_eq!(past.alike(mark(1, 90)), None, "more entries follow");
        assert_eq!(past.alike(mark(2, 90)), Some(mark(2, 90)));
        assert_eq!(past.alike(mark(3, 91)), Some(mark(3, 91)));
        past.begin(mark(0, 0).place);
        assert_eq!(past.alike(mark(3, 91)), None, "of the epoch before");
    }

    #[test]
    fn it_stays_small() {
        let mut past = Past::default();
        for n in 1..100_000 {
            past.push(mark(n, n).place, true);
            past.mark(mark(n, n));
        }
        assert_eq!(past.turns.len(), TURNS_MAX);
        assert!(past.marks.len() <= MARKS_MAX && !past.contradicts(mark(99_999, 0).place));
    }
}
