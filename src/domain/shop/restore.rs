//! Taking a shop's state apart for a snapshot, and putting it together again: settings, SKUs,
//! lives and customers are plain fields; drops, bookings and answers go through here, in the
//! order given, because indexes are made from them.

use super::{Due, Kept, Shop};
use crate::domain::booking::{Booking, BookingState};
use crate::domain::drop::{Drop, DropState};
use crate::domain::id::{BookingId, CustomerId, DropId};
use crate::domain::time::Millis;

impl Shop {
    /// All answers, oldest first.
    pub fn answers_by_age(&self) -> impl Iterator<Item = (&CustomerId, u128, &Kept)> {
        self.answers_by_age.iter().filter_map(|(_, caller, id)| {
            // The key is made only to look it up; a caller's text is shared, not copied.
            Some((caller, *id, self.answers.get(&(caller.clone(), *id))?))
        })
    }

    /// All bookings: ended ones, longest ago first, then held ones, by deadline; frozen ones last.
    pub fn bookings_by_age(&self) -> impl Iterator<Item = (BookingId, &Booking)> {
        let ended = self.ended_by_age.iter().map(|(_, id)| *id);
        let due = self.due.iter().filter_map(|(_, due)| match due {
            Due::Expires(id) => Some(*id),
            Due::Opens(_) | Due::Ends(_) | Due::Settles(_) => None,
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
                .entry(entry.customer.clone())
                .or_default()
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
        self.bookings.reserve(room);
        let mut due = Vec::with_capacity(room);
        let mut held = Vec::with_capacity(room);
        for (id, booking) in bookings {
            match booking.state {
                BookingState::Ended(_, at) => self.ended_by_age.push_back((at, id)),
                BookingState::Held => {
                    due.push((booking.deadline, id));
                    held.push((booking.drop, id));
                    if let Some(customer) = self.customers.get_mut(&booking.customer) {
                        customer.held.insert(id);
                    }
                }
            }
            self.bookings.insert(id, booking);
        }
        self.put_back_held(held);
        self.put_back_due(due);
    }

    /// Tells drops which bookings they hold.
    fn put_back_held(&mut self, mut held: Vec<(DropId, BookingId)>) {
        held.sort_unstable();
        for of_drop in held.chunk_by(|(one, _), (other, _)| one == other) {
            let drop = of_drop.first().and_then(|(id, _)| self.drops.get_mut(id));
            if let Some(drop) = drop {
                drop.held
                    .append(&mut of_drop.iter().map(|(_, id)| *id).collect());
            }
        }
    }

    /// Makes held bookings due, unless their drop is frozen.
    fn put_back_due(&mut self, mut due: Vec<(Millis, BookingId)>) {
        let frozen: Vec<_> = self
            .drops
            .values()
            .filter(|d| d.frozen_since.is_some())
            .collect();
        if !frozen.is_empty() {
            due.retain(|(_, id)| frozen.iter().all(|d| !d.held.contains(id)));
        }
        let mut due = due
            .into_iter()
            .map(|(at, id)| (at, Due::Expires(id)))
            .collect();
        self.due.append(&mut due);
    }

    /// Puts answers back, oldest first.
    pub fn put_back_answers(
        &mut self,
        room: usize,
        answers: impl Iterator<Item = (CustomerId, u128, Kept)>,
    ) {
        self.answers.reserve(room);
        self.answers_by_age.reserve(room);
        for (caller, id, kept) in answers {
            self.remember(caller, id, kept);
        }
    }
}
