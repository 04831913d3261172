//! Who says in which order requests are decided, and when: the desk itself, or a sequencer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use super::Desk;
use crate::domain::{Request, ShopId};
use crate::engine::Failure;
use crate::engine::turn::{Asked, Caller, Entries, Line, Turn, What};
use crate::engine::{Error, RETRY_MS};
use crate::journal::{Entry, Sealed};
use crate::telemetry::{Rule, metrics};

/// How often a desk asks for a turn because something is due, at most. Other nodes see the same
/// thing become due; whoever is first does it for all.
const NUDGE_EVERY: Duration = Duration::from_millis(25);

/// Who says in which order requests are decided, and when.
pub(in crate::engine) enum Order {
    /// This desk: as they come, by its own clock.
    Own,
    /// The sequencer that all nodes share.
    Shared(Shared),
}

/// The way to the sequencer and back.
pub(in crate::engine) struct Shared {
    line: Line,
    /// No nudge before this.
    nudge_at: Instant,
}

impl Shared {
    pub(in crate::engine) fn new(line: Line) -> Self {
        let nudge_at = Instant::now();
        Self { line, nudge_at }
    }
}

impl Order {
    /// The next turn; none when there will be no more. Never, for a desk of its own.
    pub(super) async fn next(&mut self) -> Option<Turn> {
        match self {
            Self::Own => std::future::pending().await,
            Self::Shared(shared) => shared.line.turns.recv().await,
        }
    }

    /// Whether what this desk knows is what there is: always of its own, and among nodes while it
    /// follows their turns.
    pub(super) fn follows(&self) -> bool {
        match self {
            Self::Own => true,
            Self::Shared(shared) => shared.line.follows.load(Ordering::Acquire),
        }
    }

    /// How long nothing can be done about what is due in a while: a nudge that was given is not
    /// given again at once.
    pub(super) fn nap(&self, due: Duration) -> Duration {
        match self {
            Self::Own => due,
            Self::Shared(shared) => {
                let until = shared.nudge_at.saturating_duration_since(Instant::now());
                due.max(until)
            }
        }
    }

    /// Asks for nothing any more; true if no turns are to be waited for either.
    pub(super) fn leave(&mut self) -> bool {
        match self {
            Self::Own => true,
            Self::Shared(shared) => {
                shared.line.asked = None;
                false
            }
        }
    }
}

impl Desk {
    /// Hands a request to the sequencer.
    pub(super) fn ask(&mut self, shop: ShopId, request: Box<Request>, caller: Caller) {
        let Order::Shared(shared) = &self.order else {
            return;
        };
        let asked = Asked::Request {
            shop,
            request,
            caller: Some(caller),
        };
        let sent = match &shared.line.asked {
            Some(to) => to.try_send(asked).map_err(TrySendError::into_inner),
            None => Err(asked),
        };
        if let Err(Asked::Request {
            caller: Some((reply, _)),
            ..
        }) = sent
        {
            // Who does not wait any more needs no word.
            let _ = reply.send(Err(Failure::Unavailable { retry_ms: RETRY_MS }));
        }
    }

    /// Asks for a turn if something is due.
    pub(super) fn nudge(&mut self) {
        let now = self.clock.now_ms();
        let is_due = self.dues.next().is_some_and(|at| at.0 <= now);
        let Order::Shared(shared) = &mut self.order else {
            return;
        };
        let moment = Instant::now();
        if is_due && moment >= shared.nudge_at {
            shared.nudge_at = moment + NUDGE_EVERY;
            if let Some(to) = &shared.line.asked {
                // Full: then there is a turn on its way anyhow.
                let _ = to.try_send(Asked::Nudge);
            }
        }
    }

    /// Takes a turn, and those that already wait behind it, up to one commit's worth.
    pub(super) fn take_turns(&mut self, first: Turn) -> Result<(), Error> {
        let mut next = Some(first);
        while let Some(turn) = next {
            self.take_turn(turn)?;
            next = match &mut self.order {
                Order::Shared(shared) if self.pen.batch.entries.len() < super::TURN_MAX => {
                    shared.line.turns.try_recv().ok()
                }
                _ => None,
            };
        }
        Ok(())
    }

    fn take_turn(&mut self, turn: Turn) -> Result<(), Error> {
        let Order::Shared(shared) = &self.order else {
            return Ok(());
        };
        if let Some(mark) = turn.mark.filter(|mark| !shared.line.agrees(mark)) {
            metrics().bookings.violations.of(Rule::Mirror).increment();
            return Err(Error::Diverged {
                partition: self.pen.partition,
                turn: mark.place.index,
                theirs: mark.position,
            });
        }
        match turn.what {
            What::Requests(requests) => {
                self.pen.epoch = self.pen.epoch.max(turn.place.epoch);
                for (shop, request, caller) in requests {
                    self.answer(shop, &request, turn.at, caller);
                }
                self.sweep(turn.at);
            }
            What::Entries(entries) => self.take_entries(entries)?,
        }
        self.pen.batch.turn = Some(turn.place);
        if let Order::Shared(shared) = &mut self.order {
            shared.line.mark(turn.place, self.pen.link);
        }
        Ok(())
    }

    /// Takes entries that other nodes have and this one may lack.
    fn take_entries(&mut self, entries: Entries) -> Result<(), Error> {
        let Entries { sealed, end, last } = entries;
        for Sealed {
            entry,
            payload,
            crc,
        } in sealed
        {
            let known = entry.position <= self.pen.link.position;
            if known && (entry.position < self.pen.link.position || crc == self.pen.link.crc) {
                continue;
            }
            let link = self
                .pen
                .link
                .then(self.pen.partition, entry.position, &payload);
            if !entry.position.follows(self.pen.link.position) || link.crc != crc {
                return Err(Error::Foreign {
                    partition: self.pen.partition,
                    position: entry.position,
                });
            }
            self.replay(entry, &payload)?;
        }
        if last && self.pen.link != end {
            return Err(Error::Foreign {
                partition: self.pen.partition,
                position: end.position,
            });
        }
        Ok(())
    }

    fn replay(&mut self, entry: Entry, payload: &[u8]) -> Result<(), Error> {
        let shop = self.shops.entry(entry.shop.clone()).or_default();
        let due = shop.next_due_at();
        if shop.replay(&entry.decision).is_err() {
            return Err(Error::Foreign {
                partition: self.pen.partition,
                position: entry.position,
            });
        }
        self.dues.moved(&entry.shop, due, shop.next_due_at());
        self.pen
            .keep(entry, |_, out| out.extend_from_slice(payload));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::turn::{Mark, line};

    /// While Redis is away what is due stays due, and a desk has nothing to do about it.
    #[test]
    fn a_desk_that_has_nudged_sleeps_until_it_may_again() {
        let (line, _end) = line(Mark::default());
        let mut shared = Shared::new(line);
        let least = Duration::from_millis(1);
        shared.nudge_at = Instant::now() + Duration::from_hours(1);
        let order = Order::Shared(shared);
        assert!(order.nap(least) > Duration::from_mins(59));
        assert!(order.nap(Duration::from_hours(2)) == Duration::from_hours(2));
        assert_eq!(Order::Own.nap(least), least);
    }
}
