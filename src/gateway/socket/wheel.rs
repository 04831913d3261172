//! When to look at a connection again: one coarse wheel for all timers of a loop.
//!
//! Time is counted in turns of [`TURN`] since the loop began. A connection has one entry, for the
//! first of all it waits for; what is beyond the wheel's rim is looked at on the way and put back.

use std::time::Duration;

/// One turn of the wheel.
pub(super) const TURN: Duration = Duration::from_millis(50);
/// Turns of a whole round, just over 51 s.
const SLOTS: u32 = 1_024;

/// A time: turns since the loop began.
pub(super) type Turn = u32;

/// Later than everything.
pub(super) const NEVER: Turn = Turn::MAX;

/// In how many turns a time has surely passed: one more than it takes, as the present one may be
/// nearly over.
pub(super) fn turns(time: Duration) -> Turn {
    let turns = time.as_millis().div_ceil(TURN.as_millis()) + 1;
    Turn::try_from(turns).unwrap_or(NEVER / 2)
}

pub(super) struct Wheel {
    slots: Vec<Vec<u64>>,
    /// The newest turn that has been dealt with.
    done: Turn,
    /// Nothing is due before this one.
    soonest: Turn,
}

impl Default for Wheel {
    fn default() -> Self {
        Self {
            slots: vec![Vec::new(); SLOTS as usize],
            done: 0,
            soonest: NEVER,
        }
    }
}

impl Wheel {
    /// Has a name looked at, at the returned turn: the wanted one if it is within the rim.
    pub(super) fn set(&mut self, name: u64, wanted: Turn) -> Turn {
        let at = wanted.clamp(self.done + 1, self.done + SLOTS - 1);
        if let Some(slot) = self.slots.get_mut((at % SLOTS) as usize) {
            slot.push(name);
        }
        self.soonest = self.soonest.min(at);
        at
    }

    /// Takes all that is due by now.
    pub(super) fn take(&mut self, now: Turn, due: &mut Vec<u64>) {
        // After a long sleep one round is enough: nothing stands further ahead.
        self.done = self.done.max(now.saturating_sub(SLOTS));
        while self.done < now {
            self.done += 1;
            if let Some(slot) = self.slots.get_mut((self.done % SLOTS) as usize) {
                due.append(slot);
            }
        }
        if self.soonest <= now {
            let ahead = now + 1..=now + SLOTS;
            let first = ahead.into_iter().find(|at| !self.is_empty(*at));
            self.soonest = first.unwrap_or(NEVER);
        }
    }

    /// When to look next, if ever.
    pub(super) fn next(&self) -> Option<Turn> {
        (self.soonest != NEVER).then_some(self.soonest)
    }

    fn is_empty(&self, at: Turn) -> bool {
        self.slots
            .get((at % SLOTS) as usize)
            .is_none_or(Vec::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_taken_at_its_turn_and_what_is_far_at_the_rim() {
        let mut wheel = Wheel::default();
        let mut due = Vec::new();
        assert_eq!(wheel.next(), None);
        for (name, wanted, at) in [(1, 3, 3), (2, 3, 3), (3, 700, 700), (4, NEVER, 1_023)] {
            assert_eq!(wheel.set(name, wanted), at);
        }
        assert_eq!(wheel.next(), Some(3));
        wheel.take(2, &mut due);
        assert!(due.is_empty());
        wheel.take(3, &mut due);
        assert_eq!((due.as_slice(), wheel.next()), (&[1, 2][..], Some(700)));
        assert_eq!(wheel.set(5, 1), 4, "what is past is next");
        due.clear();
        wheel.take(5_000, &mut due);
        due.sort_unstable();
        assert_eq!((due.as_slice(), wheel.next()), (&[3, 4, 5][..], None));
        assert_eq!(wheel.set(6, 5_001), 5_001);
    }

    #[test]
    fn a_time_is_never_cut_short() {
        for (ms, expected) in [(0, 1), (1, 2), (50, 2), (51, 3), (20_000, 401)] {
            assert_eq!(turns(Duration::from_millis(ms)), expected);
        }
    }
}
