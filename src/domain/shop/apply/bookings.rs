//! What bookings and waitlists do to the state.

use super::super::{Due, Shop};
use crate::domain::booking::{Booking, BookingEnd, BookingState, Origin};
use crate::domain::drop::Mode;
use crate::domain::event::Event;
use crate::domain::id::{BookingId, CustomerId, DropId};
use crate::domain::sku::Kind;
use crate::domain::time::Millis;
use crate::domain::waitlist::{Place, WaitEntry};

impl Shop {
    pub(super) fn apply_booked(&mut self, now: Millis, event: &Event) {
        let Event::Booked {
            booking,
            customer,
            drop,
            qty,
            price,
            deadline,
            terms,
            origin,
        } = event
        else {
            return;
        };
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.used += qty;
        d.held.insert(*booking);
        d.shares.get_or_default(customer).units += qty;
        let (sku, carved) = (d.sku.clone(), d.mode == Mode::Carved && d.reserved >= *qty);
        if carved {
            d.reserved -= qty;
        }
        self.touched.drop(*drop);
        self.each_part(&sku, |b, kind, ratio| {
            let units = qty * ratio;
            if kind == Kind::Tracked {
                *(if carved {
                    &mut b.drop_reserved
                } else {
                    &mut b.available
                }) -= units;
            }
            b.booked += units;
        });
        self.bookings.insert(
            *booking,
            Booking {
                customer: customer.clone(),
                drop: *drop,
                qty: *qty,
                price: *price,
                booked_at: now,
                deadline: *deadline,
                terms: *terms,
                origin: *origin,
                extended: false,
                state: BookingState::Held,
            },
        );
        self.due.insert((*deadline, Due::Expires(*booking)));
        self.customers
            .get_or_default(customer)
            .held
            .insert(*booking);
        if *origin != Origin::Tap {
            self.serve(*drop, customer, *qty);
        }
    }

    /// Shrinks a waiter's wish by what was promoted.
    pub(super) fn serve(&mut self, drop: DropId, customer: &CustomerId, qty: u32) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        let Some(place) = d.shares.get(customer).and_then(|s| s.place) else {
            return;
        };
        let Some(entry) = d.waitlist.get_mut(&place) else {
            return;
        };
        entry.promoted += 1;
        if entry.qty > qty {
            entry.qty -= qty;
            d.waiting -= qty;
        } else {
            self.unqueue(drop, place, customer);
        }
    }

    pub(super) fn apply_released(&mut self, now: Millis, event: &Event) {
        let Event::Released {
            booking,
            customer,
            drop,
            qty,
            end,
            oops,
            cooldown_until,
            ..
        } = event
        else {
            return;
        };
        let Some(b) = self.bookings.get_mut(booking) else {
            return;
        };
        b.qty -= qty;
        if b.qty == 0 {
            self.end_booking(now, *booking, *end);
        }
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.used -= qty;
        let share = d.shares.get_or_default(customer);
        share.units -= qty;
        share.oops_used |= oops;
        if let Some(until) = cooldown_until {
            share.cooldown_until = *until;
        }
        let sku = d.sku.clone();
        self.touched.drop(*drop);
        self.each_part(&sku, |b, kind, ratio| {
            b.booked -= qty * ratio;
            if kind == Kind::Tracked {
                b.available += qty * ratio;
            }
        });
    }

    /// A booking leaves `held`, once and for good.
    pub(super) fn end_booking(&mut self, now: Millis, id: BookingId, end: BookingEnd) {
        let Some(b) = self.bookings.get_mut(&id) else {
            return;
        };
        b.qty = 0;
        b.state = BookingState::Ended(end, now);
        self.due.remove(&(b.deadline, Due::Expires(id)));
        self.ended_by_age.push_back((now, id));
        if let Some(d) = self.drops.get_mut(&b.drop) {
            d.held.remove(&id);
        }
        if let Some(c) = self.customers.get_mut(&b.customer) {
            c.held.remove(&id);
        }
    }

    pub(super) fn apply_extended(&mut self, booking: BookingId, deadline: Millis) {
        let Some(b) = self.bookings.get_mut(&booking) else {
            return;
        };
        let was = std::mem::replace(&mut b.deadline, deadline);
        let frozen = self
            .drops
            .get(&b.drop)
            .is_some_and(|d| d.frozen_since.is_some());
        self.due.remove(&(was, Due::Expires(booking)));
        if !frozen {
            self.due.insert((deadline, Due::Expires(booking)));
        }
    }

    pub(super) fn apply_joined(&mut self, now: Millis, event: &Event) {
        let Event::Joined {
            drop,
            place,
            booking,
            customer,
            qty,
            accept_partial,
        } = event
        else {
            return;
        };
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.waitlist.insert(
            *place,
            WaitEntry {
                booking: *booking,
                promoted: 0,
                customer: customer.clone(),
                qty: *qty,
                accept_partial: *accept_partial,
                since: now,
                skipped: false,
            },
        );
        d.waiting += qty;
        d.shares.get_or_default(customer).place = Some(*place);
        self.next_ticket = place.ticket + 1;
        self.waited.insert(*drop);
        self.touched.drop(*drop);
        self.customers.get_or_default(customer).waits.insert(*drop);
    }

    pub(super) fn unqueue(&mut self, drop: DropId, place: Place, customer: &CustomerId) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        if let Some(entry) = d.waitlist.remove(&place) {
            d.waiting -= entry.qty;
        }
        if let Some(share) = d.shares.get_mut(customer) {
            share.place = None;
        }
        if d.waitlist.is_empty() {
            self.waited.remove(&drop);
        }
        self.touched.drop(drop);
        if let Some(c) = self.customers.get_mut(customer) {
            c.waits.remove(&drop);
            c.absent &= !c.waits.is_empty();
        }
    }
}
