//! What time alone brings about. Whoever decides for a shop first decides all that is due: so a
//! deadline is judged by the clock, not by when a sweeper came by (decision 6).

use super::Shop;
use crate::domain::command::Command;
use crate::domain::id::{BookingId, DropId, OrderId};
use crate::domain::time::{ANSWER_KEPT_MS, HOUR_MS, Millis, ORDER_KEPT_MS};

/// Something that becomes due. At the same millisecond an opening comes before an expiry, and
/// an expiry before the end of a drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// A scheduled drop opens.
    Opens(DropId),
    /// A booking expires.
    Expires(BookingId),
    /// A drop ends.
    Ends(DropId),
    /// Waiting for an ended drop is over.
    Settles(DropId),
    /// A checkout is left.
    Leaves(OrderId),
    /// An unpaid order expires, or a late wait is over.
    Order(OrderId),
}

/// How long after it may be forgotten something is kept, so that forgetting comes in batches.
const FORGET_EVERY_MS: u64 = HOUR_MS;

impl Shop {
    /// The system's next command that is due at `now`, if any. Deciding it makes it not due.
    pub fn due(&self, now: Millis) -> Option<Command> {
        let now = now.max(self.now);
        match self.due.first() {
            Some((at, due)) if *at <= now => Some(match *due {
                Due::Opens(drop) => Command::StartDrop { drop },
                Due::Expires(booking) => Command::Expire { booking },
                Due::Ends(drop) => Command::EndDrop { drop },
                Due::Settles(drop) => Command::SettleDrop { drop },
                Due::Leaves(checkout) => Command::LeaveCheckout { checkout },
                Due::Order(order) => Command::ExpireOrder { order },
            }),
            _ => self
                .forgets_at()
                .filter(|at| *at <= now)
                .map(|_| Command::Forget {
                    before: Millis(now.0.saturating_sub(ANSWER_KEPT_MS)),
                }),
        }
    }

    /// When something becomes due next.
    pub fn next_due_at(&self) -> Option<Millis> {
        let first = self.due.first().map(|(at, _)| *at);
        sooner(first, self.forgets_at())
    }

    /// When answers and ended bookings are to be forgotten next (D.11).
    fn forgets_at(&self) -> Option<Millis> {
        let answer = self.answers.first().map(|(_, kept)| kept.at);
        let booking = self.ended_by_age.front().map(|(at, _)| *at);
        // Orders are kept longer, so they are due for it later.
        let order = self.orders_by_age.first().map(|(at, _)| *at);
        let order = order.map(|at| at.plus(ORDER_KEPT_MS - ANSWER_KEPT_MS));
        let oldest = sooner(sooner(answer, booking), order)?;
        Some(oldest.plus(ANSWER_KEPT_MS + FORGET_EVERY_MS))
    }

    /// How many bookings are past their deadline at `now` and still held.
    pub fn overdue(&self, now: Millis) -> usize {
        let past = self.due.iter().take_while(|(at, _)| *at <= now);
        past.filter(|(_, due)| matches!(due, Due::Expires(_)))
            .count()
    }
}

/// The earlier of two times that there may be.
fn sooner(one: Option<Millis>, other: Option<Millis>) -> Option<Millis> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
