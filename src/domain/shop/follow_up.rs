//! What every accepted decision does before it ends: units that are free go to who has paid for
//! them too late, then to who waits for them, and drops that have ended and have nothing left to do are settled (D.2 B10, D.4, I-10).

use std::collections::BTreeSet;

use super::draft::Draft;
use crate::domain::booking::Origin;
use crate::domain::drop::Drop;
use crate::domain::event::Event;
use crate::domain::id::{BookingId, DropId};
use crate::domain::waitlist::{Place, WaitEntry};

/// The next step of a waitlist.
enum Step {
    /// Hold units for this waiter.
    Promote { units: u32 },
    /// Pass over a waiter who is away, this once.
    Skip,
}

impl Draft<'_> {
    pub(super) fn follow_up(&mut self) {
        let mut passed = BTreeSet::new();
        loop {
            self.serve_late_payers();
            while self.serve_next(&mut passed) {}
            if !self.settle_next() {
                break;
            }
        }
    }

    /// Serves the first waiter, over all drops, that can be served; false if there is none.
    /// Who is passed over comes last this once, but before the public (I-10).
    fn serve_next(&mut self, passed: &mut BTreeSet<Place>) -> bool {
        let first = self
            .waited
            .iter()
            .filter_map(|id| {
                let drop = self.drops.get(id)?;
                let (place, step) = self.next_step(drop, passed)?;
                Some((place, *id, step))
            })
            .min_by_key(|(place, ..)| (passed.contains(place), *place));
        let Some((place, id, step)) = first else {
            return false;
        };
        match step {
            Step::Promote { units } => self.promote(id, place, units),
            Step::Skip => {
                let entry = self.drops.get(&id).and_then(|d| d.waitlist.get(&place));
                if let Some(customer) = entry.map(|e| e.customer.clone()) {
                    passed.insert(place);
                    self.emit(Event::Skipped {
                        drop: id,
                        place,
                        customer,
                    });
                }
            }
        }
        true
    }

    /// The first waiter of a drop that its stock and the rules allow to serve. Others keep
    /// their places (E-28).
    fn next_step(&self, drop: &Drop, passed: &BTreeSet<Place>) -> Option<(Place, Step)> {
        let stock = self.takeable(drop);
        if stock == 0 || !drop.promotes(self.now) {
            return None;
        }
        let first = drop
            .waitlist
            .iter()
            .filter(|(place, _)| !passed.contains(place));
        let last = drop
            .waitlist
            .iter()
            .filter(|(place, _)| passed.contains(place));
        first.chain(last).find_map(|(place, entry)| {
            let units = self.servable(drop, entry, stock)?;
            let away = self
                .customers
                .get(&entry.customer)
                .is_some_and(|c| c.absent);
            let step = if away && !entry.skipped {
                Step::Skip
            } else {
                Step::Promote { units }
            };
            Some((*place, step))
        })
    }

    fn servable(&self, drop: &Drop, entry: &WaitEntry, stock: u32) -> Option<u32> {
        if !entry.accept_partial && stock < entry.qty {
            return None;
        }
        let allowed = self
            .allowance(drop, &entry.customer, entry.qty, entry.accept_partial)
            .ok()?;
        Some(allowed.min(stock))
    }

    fn promote(&mut self, id: DropId, place: Place, units: u32) {
        let Some(drop) = self.drops.get(&id) else {
            return;
        };
        let Some(entry) = drop.waitlist.get(&place) else {
            return;
        };
        let away = self
            .customers
            .get(&entry.customer)
            .is_some_and(|c| c.absent);
        let (offer_ms, origin) = if away {
            (self.settings.offer_absent_ms, Origin::WaitlistAbsent)
        } else {
            (self.settings.offer_ms, Origin::Waitlist)
        };
        let hold_ms = self.hold_ms(drop, &entry.customer).min(offer_ms);
        let mut booking = entry.next_booking();
        while self.bookings.contains_key(&booking) {
            booking = BookingId(booking.0.wrapping_add(1));
        }
        let event = Event::Booked {
            booking,
            customer: entry.customer.clone(),
            drop: id,
            qty: units,
            price: drop.price,
            deadline: self.now.plus(hold_ms),
            terms: self.terms(),
            origin,
        };
        self.emit(event);
    }

    fn settle_next(&mut self) -> bool {
        let idle = |drop: &Drop| {
            drop.waitlist.is_empty()
                || drop.held.is_empty()
                || drop.settles_at.is_none_or(|at| at <= self.now)
        };
        let next = self
            .ending
            .iter()
            .copied()
            .find(|id| self.drops.get(id).is_some_and(idle));
        next.inspect(|id| self.settle(*id)).is_some()
    }

    /// Ends waiting for a drop and gives back what was set aside for it.
    pub(super) fn settle(&mut self, id: DropId) {
        let Some(drop) = self.drops.get(&id) else {
            return;
        };
        let reserved = drop.reserved;
        let waiters: Vec<_> = drop
            .waitlist
            .iter()
            .map(|(place, entry)| (*place, entry.customer.clone()))
            .collect();
        for (place, customer) in waiters {
            self.emit(Event::Unqueued {
                drop: id,
                place,
                customer,
                left: false,
            });
        }
        if reserved > 0 {
            self.emit(Event::Unreserved {
                drop: id,
                qty: reserved,
            });
        }
        self.emit(Event::DropSettled { drop: id });
    }
}
