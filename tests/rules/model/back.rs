//! Giving back, running out, taking back: B2, B3, B7 of D.2, and where released units go.

use lapak::domain::booking::BookingEnd;
use lapak::domain::drop::DropState;
use lapak::domain::shop::Outcome;
use lapak::domain::{Answer, BookingId, CustomerId, Origin, Rejection, SkuId};

use super::book::u32_of;
use super::{Ended, Model};

impl Model {
    /// B2.
    pub(super) fn cancel(&mut self, who: &CustomerId, id: BookingId, qty: Option<u32>) -> Outcome {
        if qty == Some(0) {
            return Err(Rejection::Invalid("qty"));
        }
        let ended = self.ended.iter().find(|b| b.id == id && b.customer == *who);
        if let Some(b) = ended {
            return Err(Rejection::NotHeld(Some(b.end)));
        }
        let b = self
            .booking(id)
            .filter(|b| b.customer == *who)
            .ok_or(Rejection::NotYours)?
            .clone();
        let frozen = self.drop(b.drop).is_some_and(|d| d.frozen_since.is_some());
        if !frozen && self.now >= b.deadline {
            return Err(Rejection::DeadlinePassed);
        }
        let qty = qty.map_or(b.qty, u64::from);
        if qty > b.qty {
            return Err(Rejection::Invalid("qty"));
        }
        // R-BOOK-7. Reading: a grace of 0 is no grace; the tenth second is too late, as at a
        // deadline (E-14); the free cancel has no cool-down either.
        let used = self
            .free_cancels
            .iter()
            .any(|f| f.0 == b.drop && f.1 == *who);
        let free = !used && self.now < b.booked_at + self.settings.oops_grace_ms;
        self.release(id, qty, BookingEnd::Cancelled);
        let mut lost = 0;
        if free {
            self.free_cancels.push((b.drop, who.clone()));
        } else {
            lost = self.lose(who, qty * u64::from(b.terms.cancel));
            if self.settings.rebook_cooldown_ms > 0 {
                let until = self.now + self.settings.rebook_cooldown_ms;
                self.cooldowns.push((b.drop, who.clone(), until));
            }
        }
        Ok(cancelled(id, qty, lost, self.reputation(who)))
    }

    /// B7: costs the customer nothing.
    pub(super) fn seller_cancel(&mut self, id: BookingId, reason: &str) -> Outcome {
        super::stock::check_reason(reason)?;
        if let Some(b) = self.ended.iter().find(|b| b.id == id) {
            return Err(Rejection::NotHeld(Some(b.end)));
        }
        let b = self.booking(id).ok_or(Rejection::NotYours)?.clone();
        self.release(id, b.qty, BookingEnd::CancelledBySeller);
        Ok(cancelled(id, b.qty, 0, self.reputation(&b.customer)))
    }

    /// B3.
    pub(super) fn expire(&mut self, id: BookingId) -> Outcome {
        if let Some(b) = self.ended.iter().find(|b| b.id == id) {
            return Err(Rejection::NotHeld(Some(b.end)));
        }
        let b = self.booking(id).ok_or(Rejection::NotHeld(None))?.clone();
        let frozen = self.drop(b.drop).is_some_and(|d| d.frozen_since.is_some());
        if frozen || self.now < b.deadline {
            return Err(Rejection::Invalid("deadline"));
        }
        self.release(id, b.qty, BookingEnd::Expired);
        if b.origin != Origin::WaitlistAbsent {
            self.lose(&b.customer, b.qty * u64::from(b.terms.timeout));
        }
        Ok(Answer::Done { drop: Some(b.drop) })
    }

    /// R-BOOK-4, R-BOOK-8: returns what was really lost.
    pub(super) fn lose(&mut self, customer: &CustomerId, nominal: u64) -> u64 {
        let applied = nominal.min(self.reputation(customer));
        self.customer_mut(customer).reputation -= applied;
        applied
    }

    /// `rel` of D.4, first part: units leave a booking. Where they go follows from the lists;
    /// only a unit that repays a shortage is lost for its drop, whose cap shrinks.
    pub(super) fn release(&mut self, id: BookingId, qty: u64, end: BookingEnd) {
        let b = self.booking(id).expect("held").clone();
        let d = self.drop(b.drop).expect("a known drop").clone();
        let short: Vec<(SkuId, u64, u64)> = self
            .counted_parts(&d.sku)
            .into_iter()
            .map(|(part, ratio)| (part.clone(), ratio, self.shortage(&part)))
            .collect();
        let whole = short
            .iter()
            .map(|(_, ratio, short)| (qty * ratio).saturating_sub(*short) / ratio)
            .min()
            .unwrap_or(qty);
        if let (Some(cap), true) = (d.cap, d.state != DropState::Settled) {
            self.drop_mut(d.id).cap = Some(cap - (qty - whole));
        }
        let i = self.held.iter().position(|b| b.id == id).expect("held");
        self.held[i].qty -= qty;
        if self.held[i].qty == 0 {
            let b = self.held.remove(i);
            self.ended.push(Ended {
                id,
                customer: b.customer,
                end,
                at: self.now,
            });
        }
    }
}

fn cancelled(booking: BookingId, qty: u64, lost: u64, reputation: u64) -> Answer {
    let small = |n: u64| u8::try_from(n).expect("at most 100");
    Answer::Cancelled {
        booking,
        qty: u32_of(qty),
        penalty: small(lost),
        reputation: small(reputation),
    }
}
