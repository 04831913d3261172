//! Taking a shop's state apart for a snapshot, and putting it together again: settings, SKUs,
//! lives and customers are plain fields; drops, bookings and answers go through here, in the
//! order given, because indexes are made from them.

use std::collections::BTreeMap;

use super::{Due, Kept, Shop};
use crate::domain::booking::{Booking, BookingState};
use crate::domain::drop::{Drop, DropState};
use crate::domain::id::{BookingId, CustomerId, DropId, RequestId};
use crate::domain::time::Millis;

/// Room for what was counted and for what the journal adds behind a snapshot, a tenth as a rule:
/// else growing copies everything once more.
fn with_tail(count: usize) -> usize {
    count.saturating_add(count / 4)
}

impl Shop {
    /// All answers, oldest first.
    pub fn answers_by_age(&self) -> impl Iterator<Item = (&CustomerId, u128, &Kept)> {
        let answers = self.answers.iter();
        answers.map(|((caller, id), kept)| (caller, id.0, kept))
    }

    /// All bookings: ended ones, longest ago first, then held ones, by deadline; frozen ones last.
    pub fn bookings_by_age(&self) -> impl Iterator<Item = (BookingId, &Booking)> {
        let ended = self.ended_by_age.iter().map(|(_, id)| *id);
        let due = self.due.iter().filter_map(|(_, due)| match due {
            Due::Expires(id) => Some(*id),
            Due::Opens(_) | Due::Ends(_) | Due::Settles(_) | Due::Leaves(_) | Due::Order(_) => None,
        });
        let frozen = self.drops.values().filter(|d| d.frozen_since.is_some());
        let frozen = frozen.flat_map(|d| d.held.iter().copied());
        ended
            .chain(due)
            .chain(frozen)
            .filter_map(|id| Some((id, self.bookings.get(&id)?)))
    }

    /// Puts a drop back. Its `held` must be empty: bookings follow.
    pub fn put_back_drop(&mut self, id: DropId, drop: Drop) {
        match drop.state {
            DropState::Scheduled => {
                self.due.insert((drop.opens_at, Due::Opens(id)));
            }
            DropState::Ended => {
                self.ending.insert(id);
                self.due
                    .extend(drop.settles_at.map(|at| (at, Due::Settles(id))));
            }
            DropState::Open | DropState::Paused | DropState::Settled => {}
        }
        if !drop.is_over() {
            self.due.extend(drop.ends_at.map(|at| (at, Due::Ends(id))));
        }
        if !drop.waitlist.is_empty() {
            self.waited.insert(id);
        }
        for entry in drop.waitlist.values() {
            self.customers
                .get_or_default(&entry.customer)
                .waits
                .insert(id);
        }
        self.drops.insert(id, drop);
    }

    /// Puts bookings back, after their drops and customers, in the order of
    /// [`Shop::bookings_by_age`]. Indexes over many are made at once: putting a million bookings
    /// into them one by one takes several times as long.
    pub fn put_back_bookings(
        &mut self,
        room: usize,
        bookings: impl Iterator<Item = (BookingId, Booking)>,
    ) {
        self.bookings.reserve(with_tail(room));
        let mut due = Vec::with_capacity(room);
        let mut of_drops: BTreeMap<DropId, usize> = BTreeMap::new();
        self.bookings
            .put_many(bookings, |&id, booking| match booking.state {
                BookingState::Ended(_, at) => self.ended_by_age.push_back((at, id)),
                BookingState::Held => {
                    due.push((booking.deadline, Due::Expires(id)));
                    *of_drops.entry(booking.drop).or_default() += 1;
                    if let Some(customer) = self.customers.get_mut(&booking.customer) {
                        customer.held.insert(id);
                    }
                }
            });
        self.put_back_due(due);
        self.put_back_held(of_drops);
    }

    /// Tells drops which bookings they hold; how many each does is known.
    fn put_back_held(&mut self, of_drops: BTreeMap<DropId, usize>) {
        let room = |(drop, count)| (drop, Vec::with_capacity(count));
        let mut of_drops: BTreeMap<DropId, Vec<_>> = of_drops.into_iter().map(room).collect();
        for (id, booking) in self.bookings.iter() {
            if booking.state == BookingState::Held
                && let Some(held) = of_drops.get_mut(&booking.drop)
            {
                held.push(*id);
            }
        }
        for (drop, held) in of_drops {
            if let Some(drop) = self.drops.get_mut(&drop) {
                drop.held = held.into_iter().collect();
            }
        }
    }

    /// Makes held bookings due, unless their drop is frozen.
    fn put_back_due(&mut self, mut due: Vec<(Millis, Due)>) {
        let stands_still = |id: &BookingId| {
            let drop = self.bookings.get(id).and_then(|b| self.drops.get(&b.drop));
            drop.is_some_and(|d| d.frozen_since.is_some())
        };
        if self.drops.values().any(|d| d.frozen_since.is_some()) {
            due.retain(|(_, due)| !matches!(due, Due::Expires(id) if stands_still(id)));
        }
        due.extend(&self.due);
        self.due = due.into_iter().collect();
    }

    /// Puts answers back, oldest first.
    pub fn put_back_answers(
        &mut self,
        room: usize,
        answers: impl Iterator<Item = (CustomerId, u128, Kept)>,
    ) {
        self.answers.reserve(with_tail(room));
        let answers = answers.map(|(caller, id, kept)| ((caller, RequestId(id)), kept));
        self.answers.put_many(answers, |_, _| {});
    }

    /// The same with answers that were put back into an empty shop elsewhere.
    pub fn put_back_answers_of(&mut self, other: Shop) {
        self.answers = other.answers;
    }
}
