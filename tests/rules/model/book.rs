//! Booking and leaving a waitlist: B1 and B9 of D.2.

use lapak::domain::drop::DropState;
use lapak::domain::event::Terms;
use lapak::domain::rejection::Limit;
use lapak::domain::settings::Band;
use lapak::domain::shop::Outcome;
use lapak::domain::{Answer, BookingId, Command, CustomerId, DropId, Millis, Origin, Rejection};

use super::count::MOST;
use super::{Booking, Drop, Model, Wait};

/// How a limit is told.
type Refusal = fn(Limit) -> Rejection;

pub(super) fn u32_of(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Model {
    /// B1. Refusals in the order of the wire contract, section 2.
    pub(super) fn book(&mut self, customer: &CustomerId, command: &Command) -> Outcome {
        let Command::Book {
            booking,
            live,
            drop,
            sku,
            qty,
            accept_partial,
            join_waitlist,
        } = command
        else {
            unreachable!("asked with a Book")
        };
        let qty = u64::from(*qty);
        if qty == 0 || qty > MOST {
            return Err(Rejection::Invalid("qty"));
        }
        if self.held.iter().any(|b| b.id == *booking) || self.ended.iter().any(|b| b.id == *booking)
        {
            return Err(Rejection::Invalid("booking"));
        }
        if !self.lives.iter().any(|l| l.id == *live) {
            return Err(Rejection::LiveNotFound);
        }
        let d = self
            .drop(*drop)
            .filter(|d| d.live == *live)
            .ok_or(Rejection::DropNotFound)?;
        if d.sku != *sku {
            return Err(Rejection::Invalid("sku"));
        }
        match d.state {
            DropState::Open => {}
            DropState::Paused => return Err(Rejection::DropPaused),
            _ => return Err(Rejection::DropNotOpen),
        }
        let (price, d) = (d.price, d.clone());
        let allowed = self.allowance(&d, customer, qty, *accept_partial)?;
        let cooldown = self
            .cooldowns
            .iter()
            .rev()
            .find(|c| c.0 == *drop && c.1 == *customer);
        if let Some((.., until)) = cooldown.filter(|c| c.2 > self.now) {
            return Err(Rejection::RebookCooldown {
                retry_ms: until - self.now,
            });
        }
        let stock = self.bookable(&d);
        let granted = if stock >= allowed {
            allowed
        } else if *accept_partial {
            stock
        } else {
            0
        };
        let rest = if stock >= allowed {
            0
        } else {
            allowed - granted
        };
        let waits = self.wait_of(*drop, customer).is_some();
        let fits = self.waiting(*drop) + rest <= MOST;
        let joins = rest > 0 && *join_waitlist && !waits && fits;
        if granted == 0 && !joins && !(waits && *join_waitlist) {
            let waiting = u32_of(self.waiting(*drop));
            return Err(Rejection::SoldOut {
                available: u32_of(stock),
                waiting,
            });
        }
        let deadline = self.now + self.hold_ms(&d, customer);
        if granted > 0 {
            self.hold(*booking, customer, *drop, granted, deadline, Origin::Tap);
        }
        if joins {
            // Reading: the id of the tap belongs to the booking, if there is one already.
            let first = BookingId(booking.0 + u128::from(granted > 0));
            self.join(*drop, customer, rest, first, *accept_partial);
        }
        if granted == 0 {
            let entry = self.wait_of(*drop, customer).expect("waits");
            let qty = u32_of(entry.qty);
            return Ok(Answer::Waiting {
                qty,
                ahead: u32_of(self.ahead(*drop, customer)),
            });
        }
        Ok(Answer::Held {
            booking: *booking,
            qty: u32_of(granted),
            waiting: if joins { u32_of(rest) } else { 0 },
            price,
            booked_at: Millis(self.now),
            deadline: Millis(deadline),
        })
    }

    /// What the rules about the customer leave of a wish (R-ORD-2, 3, 7, 8; R-BOOK-10..12).
    pub(super) fn allowance(
        &self,
        d: &Drop,
        customer: &CustomerId,
        qty: u64,
        partial: bool,
    ) -> Result<u64, Rejection> {
        if !self.on_sale(&d.sku) {
            return Err(Rejection::SkuInactive);
        }
        if self.customer(customer).is_some_and(|c| c.restricted) {
            return Err(Rejection::Restricted);
        }
        let (reputation, needed) = (self.reputation(customer), self.settings.min_reputation);
        if reputation < u64::from(needed) {
            let reputation = u8::try_from(reputation).expect("at most 100");
            return Err(Rejection::ReputationLow { reputation, needed });
        }
        let band = self.band(customer);
        let mine: Vec<&Booking> = self
            .held
            .iter()
            .filter(|b| b.customer == *customer)
            .collect();
        let of_sku = |b: &&&Booking| self.drop(b.drop).is_some_and(|other| other.sku == d.sku);
        let sum = |list: Vec<&&Booking>| list.iter().map(|b| b.qty).sum::<u64>();
        let none_if_0 = |limit: u32| (limit > 0).then_some(u64::from(limit));
        let item = none_if_0(self.settings.max_item_qty);
        let cart = none_if_0(self.settings.max_cart_units);
        let cart = least(&[cart, band.and_then(|b| b.max_units).map(u64::from)]);
        let own = (d.per_customer_limit > 0).then_some(d.per_customer_limit);
        let limits: [(Option<u64>, u64, Refusal); 3] = [
            (
                item,
                sum(mine.iter().filter(of_sku).collect()),
                Rejection::MaxItemQty,
            ),
            (cart, sum(mine.iter().collect()), Rejection::CartLimit),
            (
                own,
                self.taken(d.id, Some(customer)),
                Rejection::CustomerLimit,
            ),
        ];
        let mut allowed = qty;
        for (limit, current, refusal) in limits {
            let Some(limit) = limit else { continue };
            let more = limit.saturating_sub(current);
            if more < allowed && (!partial || more == 0) {
                return Err(refusal(Limit {
                    limit: u32_of(limit),
                    current: u32_of(current),
                    max_allowed: u32_of(more),
                }));
            }
            allowed = allowed.min(more);
        }
        let group = self.customer(customer).and_then(|c| c.group.clone());
        let group = group.and_then(|g| self.settings.group_max_bookings.get(&g).copied());
        let cap = least(&[
            none_if_0(self.settings.max_bookings),
            group.and_then(none_if_0),
            band.and_then(|b| b.max_bookings).map(u64::from),
        ]);
        let current = mine.len() as u64;
        match cap {
            Some(cap) if current >= cap => Err(Rejection::BookingCap(Limit {
                limit: u32_of(cap),
                current: u32_of(current),
                max_allowed: 0,
            })),
            _ => Ok(allowed),
        }
    }

    pub(super) fn reputation(&self, customer: &CustomerId) -> u64 {
        self.customer(customer).map_or(100, |c| c.reputation)
    }

    /// The lowest band that the reputation is below.
    pub(super) fn band(&self, customer: &CustomerId) -> Option<&Band> {
        let reputation = self.reputation(customer);
        self.settings
            .bands
            .iter()
            .find(|b| reputation < u64::from(b.below))
    }

    /// D.9. Reading: a band's time counts before the drop's, the drop's before the shop's.
    pub(super) fn hold_ms(&self, d: &Drop, customer: &CustomerId) -> u64 {
        let band = self.band(customer).and_then(|b| b.hold_ms);
        band.or(d.timeout_ms)
            .unwrap_or(self.settings.booking_timeout_ms)
    }

    pub(super) fn hold(
        &mut self,
        id: BookingId,
        customer: &CustomerId,
        drop: DropId,
        qty: u64,
        deadline: u64,
        origin: Origin,
    ) {
        let terms = Terms {
            cancel: self.settings.penalty_cancel,
            timeout: self.settings.penalty_timeout,
            unpaid: self.settings.penalty_unpaid,
            reward: self.settings.reward_paid,
        };
        let price = self.drop(drop).expect("a known drop").price;
        let (customer, booked_at) = (customer.clone(), self.now);
        let booking = Booking {
            id,
            customer,
            drop,
            qty,
            price,
            booked_at,
            deadline,
            terms,
            origin,
            extended: false,
        };
        self.held.push(booking);
    }

    /// Reading: the priority is the band's at joining; outside all bands it is 100.
    fn join(
        &mut self,
        drop: DropId,
        who: &CustomerId,
        qty: u64,
        booking: BookingId,
        partial: bool,
    ) {
        let priority = self.band(who).map_or(100, |b| b.priority);
        let (ticket, customer) = (self.tickets, who.clone());
        self.tickets += 1;
        let skipped = false;
        self.customer_mut(who);
        self.waits.push(Wait {
            drop,
            customer,
            priority,
            ticket,
            booking,
            qty,
            partial,
            skipped,
        });
    }

    /// B9. Reading: who does not wait is told that there is nothing to leave.
    pub(super) fn leave(&mut self, customer: &CustomerId, drop: DropId) -> Outcome {
        self.drop(drop).ok_or(Rejection::DropNotFound)?;
        self.wait_of(drop, customer)
            .ok_or(Rejection::NotHeld(None))?;
        self.end_waits(|w| w.drop == drop && w.customer == *customer);
        Ok(Answer::Left)
    }
}

fn least(limits: &[Option<u64>]) -> Option<u64> {
    limits.iter().copied().flatten().min()
}
