//! Taking a shop's state apart for a snapshot, and putting it together again: settings, SKUs,
//! lives and customers are plain fields; drops, bookings and answers go through here, in the
//! order given, because indexes are made from them.

use super::{Due, Kept, Shop};
use crate::domain::booking::{Booking, BookingState};
use crate::domain::drop::{Drop, DropState};
use crate::domain::id::{BookingId, CustomerId, DropId};

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

    /// Puts a booking back, after its drop and its customer.
    pub fn put_back_booking(&mut self, id: BookingId, booking: Booking) {
        match booking.state {
            BookingState::Ended(_, at) => self.ended_by_age.push_back((at, id)),
            BookingState::Held => {
                let drop = self.drops.get_mut(&booking.drop);
                let frozen = drop.is_some_and(|d| {
                    d.held.insert(id);
                    d.frozen_since.is_some()
                });
                if !frozen {
                    self.due.insert((booking.deadline, Due::Expires(id)));
                }
                if let Some(customer) = self.customers.get_mut(&booking.customer) {
                    customer.held.insert(id);
                }
            }
        }
        self.bookings.insert(id, booking);
    }

    /// Puts an answer back.
    pub fn put_back_answer(&mut self, caller: CustomerId, id: u128, kept: Kept) {
        self.remember(caller, id, kept);
    }
}
