//! Booking, cancelling, expiring (B1, B2, B3, B7).

use std::sync::Arc;

use super::draft::Draft;
use super::{Asked, Outcome, Shop};
use crate::domain::answer::Answer;
use crate::domain::booking::{Booking, BookingEnd, BookingState, Origin};
use crate::domain::command::{Command, Request};
use crate::domain::customer::{Customer, REPUTATION_FULL, ReputationCause, clamp};
use crate::domain::drop::{Drop, DropState};
use crate::domain::event::{Event, Terms};
use crate::domain::id::{BookingId, CustomerId, DropId, LiveId, SkuId};
use crate::domain::rejection::{Limit, Rejection};
use crate::domain::settings::PRIORITY_DEFAULT;
use crate::domain::sku::UNITS_MAX;
use crate::domain::time::Millis;
use crate::domain::waitlist::Place;

/// The words a release carries where no seller said one.
const BY_CUSTOMER: &str = "customer";
const BY_DEADLINE: &str = "deadline";

/// What a customer asks for; see [`Command::Book`].
pub(super) struct Wish<'a> {
    pub(super) booking: BookingId,
    pub(super) live: &'a LiveId,
    pub(super) drop: DropId,
    pub(super) sku: &'a SkuId,
    pub(super) qty: u32,
    pub(super) accept_partial: bool,
    pub(super) join_waitlist: bool,
}

/// What a wish to book comes to: some units held, the rest waited for.
struct Fit {
    /// Units held at once.
    granted: u32,
    /// Units waited for.
    rest: u32,
    /// The customer joins the waitlist with them.
    joins: bool,
    price: u64,
}

impl<'a> Wish<'a> {
    /// The wish of a command to book; none of any other.
    pub(super) fn of(command: &'a Command) -> Option<Self> {
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
            return None;
        };
        Some(Self {
            booking: *booking,
            live,
            drop: *drop,
            sku,
            qty: *qty,
            accept_partial: *accept_partial,
            join_waitlist: *join_waitlist,
        })
    }
}

impl Shop {
    /// How a wish to book would surely be refused at `now` because there is nothing left: the drop
    /// is over or sold out. None for everything else, for what was answered before, and while
    /// something is due that could give units back.
    pub fn refusal(&self, now: Millis, request: &Request) -> Option<Rejection> {
        let now = now.max(self.now);
        let wish = Wish::of(&request.command)?;
        let drop = self.drops.get(&wish.drop)?;
        // The quickest look first: everybody who taps while there is something comes by here.
        if Self::is_open(drop, now) && self.takeable(drop) >= wish.qty {
            return None;
        }
        if request.key.is_none() || self.known(now, request).is_some() || self.due(now).is_some() {
            return None;
        }
        self.fit(now, &request.by.name, &wish)
            .err()
            .filter(|why| matches!(why, Rejection::SoldOut { .. } | Rejection::DropNotOpen))
    }

    /// Looks up what deciding a wish to book will look up, and does nothing with it. Done for many
    /// wishes before they are decided, their waits for memory are one: see
    /// [`Many::put_many`](crate::domain::many::Many::put_many). What it gives says nothing.
    pub fn look_up(&self, request: &Request) -> bool {
        let Some(wish) = Wish::of(&request.command) else {
            return false;
        };
        let name = &request.by.name;
        let drop = self.drops.get(&wish.drop);
        let answered = request
            .key
            .is_some_and(|key| self.answers.contains_key(&Asked::of(request, key)));
        answered
            | self.bookings.contains_key(&wish.booking)
            | self.customers.contains_key(name)
            | drop.is_some_and(|drop| drop.shares.contains_key(name))
    }

    /// The checks stand in the order of [`Rejection`].
    fn fit(&self, now: Millis, customer: &CustomerId, wish: &Wish) -> Result<Fit, Rejection> {
        if wish.qty == 0 || wish.qty > UNITS_MAX {
            return Err(Rejection::Invalid("qty"));
        }
        if self.bookings.contains_key(&wish.booking) {
            return Err(Rejection::Invalid("booking"));
        }
        let drop = self.drop_to_book(now, wish)?;
        let allowed = self.allowance(drop, customer, wish.qty, wish.accept_partial)?;
        let share = drop.shares.get(customer);
        let cooling = share.map(|s| s.cooldown_until).filter(|until| *until > now);
        if let Some(until) = cooling {
            return Err(Rejection::RebookCooldown {
                retry_ms: until.since(now),
            });
        }
        let stock = self.takeable(drop);
        let (price, waits) = (drop.price, share.is_some_and(|s| s.place.is_some()));
        let granted = match stock {
            _ if stock >= allowed => allowed,
            _ if wish.accept_partial => stock,
            _ => 0,
        };
        let rest = allowed - granted;
        let joins = rest > 0 && wish.join_waitlist && !waits && rest <= UNITS_MAX - drop.waiting;
        if granted > 0 || (wish.join_waitlist && (joins || waits)) {
            Ok(Fit {
                granted,
                rest,
                joins,
                price,
            })
        } else {
            Err(Rejection::SoldOut {
                available: stock,
                waiting: drop.waiting,
            })
        }
    }

    fn drop_to_book(&self, now: Millis, wish: &Wish) -> Result<&Drop, Rejection> {
        if !self.lives.contains_key(wish.live) {
            return Err(Rejection::LiveNotFound);
        }
        let drop = self.drops.get(&wish.drop).filter(|d| d.live == *wish.live);
        let drop = drop.ok_or(Rejection::DropNotFound)?;
        if drop.sku != *wish.sku {
            return Err(Rejection::Invalid("sku"));
        }
        if drop.state == DropState::Paused {
            return Err(Rejection::DropPaused);
        }
        if !Self::is_open(drop, now) {
            return Err(Rejection::DropNotOpen);
        }
        Ok(drop)
    }

    /// How many of `qty` units the rules about the customer allow, stock aside: all of them, or
    /// with `partial` fewer, or the first rule that refuses.
    pub(super) fn allowance(
        &self,
        drop: &Drop,
        customer: &CustomerId,
        qty: u32,
        partial: bool,
    ) -> Result<u32, Rejection> {
        if !self.is_active(&drop.sku) {
            return Err(Rejection::SkuInactive);
        }
        let known = self.customers.get(customer);
        if known.is_some_and(|c| c.restricted) {
            return Err(Rejection::Restricted);
        }
        let reputation = known.map_or(REPUTATION_FULL, |c| c.reputation);
        let needed = self.settings.min_reputation;
        if reputation < needed {
            return Err(Rejection::ReputationLow { reputation, needed });
        }
        let mut allowed = qty;
        let mut within = |limit: u32, current: u32, refusal: fn(Limit) -> Rejection| {
            let limit = Limit::new(limit, current);
            if allowed > limit.max_allowed && (!partial || limit.max_allowed == 0) {
                return Err(refusal(limit));
            }
            allowed = allowed.min(limit.max_allowed);
            Ok(())
        };
        if self.settings.max_item_qty > 0 {
            let current = self.cart_units_of(customer, &drop.sku);
            within(self.settings.max_item_qty, current, Rejection::MaxItemQty)?;
        }
        if let Some(limit) = self.cart_limit(reputation) {
            within(limit, self.cart_units(customer), Rejection::CartLimit)?;
        }
        if drop.per_customer_limit > 0 {
            let current = drop.shares.get(customer).map_or(0, |s| s.units);
            within(drop.per_customer_limit, current, Rejection::CustomerLimit)?;
        }
        let held = known.map_or(0, |c| u32::try_from(c.held.len()).unwrap_or(u32::MAX));
        match self.booking_cap(known, reputation) {
            Some(cap) if held >= cap => Err(Rejection::BookingCap(Limit::new(cap, held))),
            _ => Ok(allowed),
        }
    }

    fn cart_limit(&self, reputation: u8) -> Option<u32> {
        let shop = Some(self.settings.max_cart_units).filter(|limit| *limit > 0);
        let band = self.settings.band(reputation);
        let band = band.and_then(|band| band.max_units);
        shop.into_iter().chain(band).min()
    }

    /// The least of the caps of shop, group and band (R-BOOK-11).
    fn booking_cap(&self, known: Option<&Customer>, reputation: u8) -> Option<u32> {
        let settings = &self.settings;
        let group = known.and_then(|c| c.group.as_ref());
        let group = group.and_then(|g| settings.group_max_bookings.get(g).copied());
        let band = settings.band(reputation);
        let band = band.and_then(|band| band.max_bookings);
        [Some(settings.max_bookings), group]
            .into_iter()
            .flatten()
            .filter(|cap| *cap > 0)
            .chain(band)
            .min()
    }
}

impl Draft<'_> {
    /// B1.
    pub(super) fn book(&mut self, wish: &Wish) -> Outcome {
        let customer = &self.by.name;
        let fit = self.fit(self.now, customer, wish)?;
        let waiting = if fit.joins { fit.rest } else { 0 };
        if fit.granted == 0 {
            if fit.joins {
                self.join(wish, customer, fit.rest, wish.booking);
            }
            return Ok(self.waiting(wish.drop, customer));
        }
        let held = self.hold(wish, customer, fit.granted, waiting, fit.price);
        if fit.joins {
            // The booking has taken this id; what is promoted later counts on from it.
            let next = BookingId(wish.booking.0.wrapping_add(1));
            self.join(wish, customer, fit.rest, next);
        }
        Ok(held)
    }

    /// How long a booking of this customer is held (D.9): the band's time, the drop's, the shop's.
    pub(super) fn hold_ms(&self, drop: &Drop, customer: &CustomerId) -> u64 {
        self.band_of(customer)
            .and_then(|band| band.hold_ms)
            .or(drop.booking_timeout_ms)
            .unwrap_or(self.settings.booking_timeout_ms)
    }

    pub(super) fn terms(&self) -> Terms {
        Terms {
            cancel: self.settings.penalty_cancel,
            timeout: self.settings.penalty_timeout,
            unpaid: self.settings.penalty_unpaid,
            reward: self.settings.reward_paid,
        }
    }

    fn hold(
        &mut self,
        wish: &Wish,
        customer: &CustomerId,
        qty: u32,
        waiting: u32,
        price: u64,
    ) -> Answer {
        let hold_ms = self
            .drops
            .get(&wish.drop)
            .map_or(0, |d| self.hold_ms(d, customer));
        let deadline = self.now.plus(hold_ms);
        self.emit(Event::Booked {
            booking: wish.booking,
            customer: customer.clone(),
            drop: wish.drop,
            qty,
            price,
            deadline,
            terms: self.terms(),
            origin: Origin::Tap,
        });
        Answer::Held {
            booking: wish.booking,
            qty,
            waiting,
            price,
            booked_at: self.now,
            deadline,
        }
    }

    fn join(&mut self, wish: &Wish, customer: &CustomerId, qty: u32, booking: BookingId) {
        let priority = self
            .band_of(customer)
            .map_or(PRIORITY_DEFAULT, |band| band.priority);
        let place = Place {
            rank: u8::MAX - priority,
            ticket: self.next_ticket,
        };
        self.emit(Event::Joined {
            drop: wish.drop,
            place,
            booking,
            customer: customer.clone(),
            qty,
            accept_partial: wish.accept_partial,
        });
    }

    fn waiting(&self, drop: DropId, customer: &CustomerId) -> Answer {
        let Some(d) = self.drops.get(&drop) else {
            return Answer::Waiting { qty: 0, ahead: 0 };
        };
        let entry = d
            .shares
            .get(customer)
            .and_then(|s| s.place)
            .and_then(|p| d.waitlist.get(&p));
        Answer::Waiting {
            qty: entry.map_or(0, |e| e.qty),
            ahead: self.ahead_of(d, customer),
        }
    }

    /// B9, leaving. Who does not wait is told so.
    pub(super) fn leave(&mut self, drop: DropId) -> Outcome {
        let customer = self.by.name.clone();
        let d = self.drops.get(&drop).ok_or(Rejection::DropNotFound)?;
        let place = d.shares.get(&customer).and_then(|s| s.place);
        let place = place.ok_or(Rejection::NotHeld(None))?;
        self.emit(Event::Unqueued {
            drop,
            place,
            customer,
            left: true,
        });
        Ok(Answer::Left)
    }

    /// B2.
    pub(super) fn cancel(&mut self, id: BookingId, qty: Option<u32>) -> Outcome {
        if qty == Some(0) {
            return Err(Rejection::Invalid("qty"));
        }
        let booking = self
            .bookings
            .get(&id)
            .filter(|b| b.customer == self.by.name);
        let booking = booking.ok_or(Rejection::NotYours)?.clone();
        held(&booking)?;
        let drop = self.drops.get(&booking.drop).ok_or(Rejection::NotYours)?;
        if drop.frozen_since.is_none() && self.now >= booking.deadline {
            return Err(Rejection::DeadlinePassed);
        }
        let qty = qty.unwrap_or(booking.qty);
        if qty > booking.qty {
            return Err(Rejection::Invalid("qty"));
        }
        let used = drop
            .shares
            .get(&booking.customer)
            .is_some_and(|s| s.oops_used);
        let oops = !used && self.now < booking.booked_at.plus(self.settings.oops_grace_ms);
        let cooldown_ms = if oops {
            0
        } else {
            self.settings.rebook_cooldown_ms
        };
        let cooldown_until = (cooldown_ms > 0).then(|| self.now.plus(cooldown_ms));
        let penalty = if oops { 0 } else { booking.terms.cancel };
        self.release(
            id,
            &booking,
            qty,
            BookingEnd::Cancelled,
            BY_CUSTOMER.into(),
            oops,
            cooldown_until,
        );
        let applied = self.penalise(id, &booking, qty, penalty, ReputationCause::Cancel);
        Ok(Answer::Cancelled {
            booking: id,
            qty,
            penalty: applied,
            reputation: self.reputation(&booking.customer),
        })
    }

    /// B7: costs the customer nothing.
    pub(super) fn cancel_by_seller(&mut self, id: BookingId, reason: &Arc<str>) -> Outcome {
        super::skus::reason(reason)?;
        let booking = self.bookings.get(&id).ok_or(Rejection::NotYours)?.clone();
        held(&booking)?;
        self.release_by_seller(id, &booking, reason);
        Ok(Answer::Cancelled {
            booking: id,
            qty: booking.qty,
            penalty: 0,
            reputation: self.reputation(&booking.customer),
        })
    }

    pub(super) fn release_by_seller(&mut self, id: BookingId, b: &Booking, reason: &Arc<str>) {
        let end = BookingEnd::CancelledBySeller;
        self.release(id, b, b.qty, end, Arc::clone(reason), false, None);
    }

    /// B3. Decided by the time of the decision, whoever asks (decision 6).
    pub(super) fn expire(&mut self, id: BookingId) -> Outcome {
        let booking = self
            .bookings
            .get(&id)
            .ok_or(Rejection::NotHeld(None))?
            .clone();
        held(&booking)?;
        let frozen = self
            .drops
            .get(&booking.drop)
            .is_some_and(|d| d.frozen_since.is_some());
        if frozen || self.now < booking.deadline {
            return Err(Rejection::Invalid("deadline"));
        }
        self.release(
            id,
            &booking,
            booking.qty,
            BookingEnd::Expired,
            BY_DEADLINE.into(),
            false,
            None,
        );
        let excused = booking.origin == Origin::WaitlistAbsent;
        let penalty = if excused { 0 } else { booking.terms.timeout };
        self.penalise(id, &booking, booking.qty, penalty, ReputationCause::Timeout);
        Ok(Answer::Done {
            drop: Some(booking.drop),
        })
    }

    /// R-BOOK-8: per unit, clamped. Returns what was really lost.
    fn penalise(
        &mut self,
        id: BookingId,
        booking: &Booking,
        qty: u32,
        per_unit: u8,
        cause: ReputationCause,
    ) -> u8 {
        let nominal = i32::try_from(u64::from(qty) * u64::from(per_unit)).unwrap_or(i32::MAX);
        if nominal == 0 {
            return 0;
        }
        let (after, applied) = clamp(self.reputation(&booking.customer), -nominal);
        self.emit(Event::ReputationChanged {
            customer: booking.customer.clone(),
            cause,
            booking: Some(id),
            nominal: -nominal,
            applied,
            after,
            reason: None,
        });
        u8::try_from(-applied).unwrap_or(0)
    }
}

pub(super) fn held(booking: &Booking) -> Result<(), Rejection> {
    match booking.state {
        BookingState::Held => Ok(()),
        BookingState::Ended(end, _) => Err(Rejection::NotHeld(Some(end))),
    }
}
