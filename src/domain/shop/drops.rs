//! Opening, changing, pausing, extending and ending drops (D.2 B8, D.4, D.7 E-5..E-9).

use super::Outcome;
use super::draft::Draft;
use crate::domain::answer::Answer;
use crate::domain::command::DropSpec;
use crate::domain::drop::{Drop, DropState, Mode};
use crate::domain::event::Event;
use crate::domain::id::{DropId, SkuId};
use crate::domain::rejection::Rejection;
use crate::domain::sku::UNITS_MAX;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Millis, SECOND_MS};

/// The word a withdrawn booking carries.
const WITHDRAWN: &str = "withdrawn";

impl Draft<'_> {
    pub(super) fn open_drop(&mut self, spec: &DropSpec) -> Outcome {
        let opens_at = spec.opens_at.map_or(self.now, |at| at.max(self.now));
        self.check_spec(spec, opens_at)?;
        let sku = self.skus.get(&spec.sku).ok_or(Rejection::Invalid("sku"))?;
        let live = self.lives.get(&spec.live).filter(|live| !live.ended);
        live.ok_or(Rejection::LiveNotFound)?;
        if !self.is_active(&spec.sku) {
            return Err(Rejection::SkuInactive);
        }
        let price = spec.price.unwrap_or(sku.spec.price);
        let carve = spec.mode == Mode::Carved && self.is_tracked(&spec.sku);
        let free = self.available(&spec.sku).unwrap_or(0);
        let cap = if carve {
            Some(spec.units.unwrap_or(free))
        } else {
            spec.units
        };
        if carve && (free == 0 || cap > Some(free)) {
            return Err(Rejection::SoldOut {
                available: free,
                waiting: 0,
            });
        }
        self.emit(Event::DropMade {
            drop: spec.drop,
            live: spec.live.clone(),
            sku: spec.sku.clone(),
            price,
            mode: spec.mode,
            cap,
            opens_at,
            ends_at: spec.ends_at,
            per_customer_limit: spec.per_customer_limit,
            booking_timeout_ms: spec.booking_timeout_ms,
            pinned: spec.pinned,
        });
        if let Some(qty) = cap.filter(|_| carve) {
            self.emit(Event::Reserved {
                drop: spec.drop,
                qty,
            });
        }
        if spec.pinned {
            self.unpin_others(spec.drop);
        }
        Ok(Answer::Done {
            drop: Some(spec.drop),
        })
    }

    fn check_spec(&self, spec: &DropSpec, opens_at: Millis) -> Result<(), Rejection> {
        let hold = |ms: u64| (SECOND_MS..=1440 * MINUTE_MS).contains(&ms);
        let checks = [
            ("drop", !self.drops.contains_key(&spec.drop)),
            (
                "units",
                spec.units.is_none_or(|n| (1..=UNITS_MAX).contains(&n)),
            ),
            ("price", spec.price.is_none_or(priced)),
            ("ends_at_ms", spec.ends_at.is_none_or(|end| end > opens_at)),
            ("per_customer_limit", spec.per_customer_limit <= UNITS_MAX),
            (
                "booking_timeout_min",
                spec.booking_timeout_ms.is_none_or(hold),
            ),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            Some((field, _)) => Err(Rejection::Invalid(field)),
            None => Ok(()),
        }
    }

    pub(super) fn change_drop(
        &mut self,
        id: DropId,
        units: Option<u32>,
        price: Option<u64>,
        per_customer_limit: Option<u32>,
        ends_at: Option<Millis>,
    ) -> Outcome {
        if units.is_some_and(|n| n == 0 || n > UNITS_MAX) {
            return Err(Rejection::Invalid("units"));
        }
        if price.is_some_and(|p| !priced(p)) {
            return Err(Rejection::Invalid("price"));
        }
        if per_customer_limit.is_some_and(|n| n > UNITS_MAX) {
            return Err(Rejection::Invalid("per_customer_limit"));
        }
        let opens_at = self.drops.get(&id).map(|d| d.opens_at);
        if ends_at.is_some_and(|end| Some(end) <= opens_at.max(Some(self.now))) {
            return Err(Rejection::Invalid("ends_at_ms"));
        }
        let drop = self.drop_in(id, |state| {
            state != DropState::Settled && state != DropState::Ended
        })?;
        let (used, reserved) = (drop.used, drop.reserved);
        let (sku, was_cap) = (drop.sku.clone(), drop.cap);
        if units.is_some_and(|n| n < used) {
            return Err(Rejection::BelowCommitted { committed: used });
        }
        let carved = drop.mode == Mode::Carved && self.is_tracked(&sku);
        let goal = units.filter(|_| carved).map_or(reserved, |n| n - used);
        let free = self.available(&sku).unwrap_or(u32::MAX);
        if goal > reserved && goal - reserved > free {
            return Err(Rejection::SoldOut {
                available: free,
                waiting: drop.waiting,
            });
        }
        self.emit(Event::DropChanged {
            drop: id,
            cap: units.or(was_cap),
            price: price.unwrap_or(drop.price),
            per_customer_limit: per_customer_limit.unwrap_or(drop.per_customer_limit),
            ends_at: ends_at.or(drop.ends_at),
            pinned: drop.pinned,
        });
        if goal > reserved {
            self.emit(Event::Reserved {
                drop: id,
                qty: goal - reserved,
            });
        } else if goal < reserved {
            self.emit(Event::Unreserved {
                drop: id,
                qty: reserved - goal,
            });
        }
        Ok(Answer::Done { drop: Some(id) })
    }

    pub(super) fn pin_drop(&mut self, id: DropId, pinned: bool) -> Outcome {
        let drop = self.drop_in(id, |_| true)?;
        if drop.pinned != pinned {
            self.emit(repinned(id, &drop, pinned));
        }
        if pinned {
            self.unpin_others(id);
        }
        Ok(Answer::Done { drop: Some(id) })
    }

    /// One drop of a live is pinned at a time.
    fn unpin_others(&mut self, id: DropId) {
        let Some(live) = self.drops.get(&id).map(|d| d.live.clone()) else {
            return;
        };
        let others: Vec<_> = self
            .drops
            .iter()
            .filter(|(other, d)| **other != id && d.pinned && d.live == live)
            .map(|(other, d)| repinned(*other, d, false))
            .collect();
        for event in others {
            self.emit(event);
        }
    }

    pub(super) fn pause_drop(&mut self, id: DropId) -> Outcome {
        self.drop_in(id, |state| state == DropState::Open)?;
        let frozen = self.settings.pause_freezes_holds;
        self.emit(Event::DropPaused { drop: id, frozen });
        Ok(Answer::Done { drop: Some(id) })
    }

    pub(super) fn resume_drop(&mut self, id: DropId) -> Outcome {
        let drop = self.drop_in(id, |state| state == DropState::Paused)?;
        self.resume(id, &drop);
        Ok(Answer::Done { drop: Some(id) })
    }

    /// E-9: with frozen countdowns, all deadlines move by the length of the pause.
    fn resume(&mut self, id: DropId, drop: &Drop) {
        self.emit(Event::DropResumed { drop: id });
        if let Some(since) = drop.frozen_since {
            self.extend_held(drop, self.now.since(since));
        }
    }

    pub(super) fn extend_drop(&mut self, id: DropId, by_ms: u64) -> Outcome {
        if by_ms == 0 || by_ms > 24 * HOUR_MS {
            return Err(Rejection::Invalid("minutes"));
        }
        let drop = self.drop_in(id, |_| true)?;
        if drop.state == DropState::Settled && drop.held.is_empty() {
            return Err(Rejection::DropNotOpen);
        }
        if let Some(end) = drop.ends_at.filter(|_| !drop.is_over()) {
            let mut changed = drop.clone();
            changed.ends_at = Some(end.plus(by_ms));
            self.emit(repinned(id, &changed, drop.pinned));
        }
        self.extend_held(&drop, by_ms);
        Ok(Answer::Done { drop: Some(id) })
    }

    fn extend_held(&mut self, drop: &Drop, by_ms: u64) {
        for booking in &drop.held {
            let Some(b) = self.bookings.get(booking) else {
                continue;
            };
            let (customer, deadline) = (b.customer.clone(), b.deadline.plus(by_ms));
            self.emit(Event::Extended {
                booking: *booking,
                customer,
                deadline,
            });
        }
    }

    pub(super) fn close_drop(&mut self, id: DropId, withdraw: bool) -> Outcome {
        let drop = self.drop_in(id, |_| true)?;
        let settled = drop.state == DropState::Settled;
        if drop.is_over() && (!withdraw || settled && drop.held.is_empty()) {
            return Err(Rejection::DropNotOpen);
        }
        if !drop.is_over() {
            self.end(id, &drop);
        }
        if withdraw {
            self.withdraw(&drop);
        }
        if withdraw && !settled {
            self.settle(id);
        }
        Ok(Answer::Done { drop: Some(id) })
    }

    /// E-5: all bookings are taken back without penalty, and nobody is promoted.
    fn withdraw(&mut self, drop: &Drop) {
        for booking in &drop.held {
            if let Some(b) = self.bookings.get(booking).cloned() {
                self.release_by_seller(*booking, &b, &WITHDRAWN.into());
            }
        }
    }

    fn end(&mut self, id: DropId, drop: &Drop) {
        if drop.frozen_since.is_some() {
            self.resume(id, drop);
        }
        let settles_at = self.now.plus(self.settings.waitlist_after_end_ms);
        self.emit(Event::DropEnded {
            drop: id,
            settles_at,
        });
    }

    /// A scheduled drop's time has come.
    pub(super) fn start_drop(&mut self, id: DropId) -> Outcome {
        let drop = self.drop_in(id, |state| state == DropState::Scheduled)?;
        if self.now < drop.opens_at {
            return Err(Rejection::Invalid("opens_at_ms"));
        }
        self.emit(Event::DropStarted { drop: id });
        Ok(Answer::Done { drop: Some(id) })
    }

    /// A drop's end has come.
    pub(super) fn end_drop(&mut self, id: DropId) -> Outcome {
        let running = |state| !matches!(state, DropState::Ended | DropState::Settled);
        let drop = self.drop_in(id, running)?;
        if drop.ends_at.is_none_or(|end| self.now < end) {
            return Err(Rejection::Invalid("ends_at_ms"));
        }
        self.end(id, &drop);
        Ok(Answer::Done { drop: Some(id) })
    }

    /// Waiting for an ended drop is over. [`Draft::follow_up`] settles it.
    pub(super) fn settle_drop(&mut self, id: DropId) -> Outcome {
        let drop = self.drop_in(id, |state| state == DropState::Ended)?;
        if drop.settles_at.is_some_and(|at| self.now < at) {
            return Err(Rejection::Invalid("settles_at_ms"));
        }
        Ok(Answer::Done { drop: Some(id) })
    }

    pub(super) fn end_live(&mut self, live: &crate::domain::LiveId) -> Outcome {
        if self.lives.get(live).is_none_or(|l| l.ended) {
            return Err(Rejection::LiveNotFound);
        }
        self.emit(Event::LiveEnded { live: live.clone() });
        let running: Vec<_> = self
            .unsettled()
            .filter(|(_, d)| d.live == *live && d.state != DropState::Ended)
            .map(|(id, d)| (id, d.clone()))
            .collect();
        for (id, drop) in running {
            self.end(id, &drop);
        }
        Ok(Answer::Done { drop: None })
    }

    /// Takes units out of carved drops of a SKU, newest drop first, until `available` has
    /// `wanted` units or nothing is set aside any more (E-7).
    pub(super) fn uncarve(&mut self, sku: &SkuId, wanted: u32) {
        let carved: Vec<DropId> = self
            .unsettled()
            .filter(|(_, d)| d.reserved > 0)
            .map(|(id, _)| id)
            .rev()
            .collect();
        for id in carved {
            let Some(drop) = self.drops.get(&id) else {
                continue;
            };
            let part = self.tracked_parts(&drop.sku).find(|(id, ..)| *id == sku);
            let Some((_, _, ratio)) = part else { continue };
            let available = self.skus.get(sku).map_or(0, |s| s.buckets.available);
            let qty = wanted
                .saturating_sub(available)
                .div_ceil(ratio)
                .min(drop.reserved);
            if qty > 0 {
                self.emit(Event::Unreserved { drop: id, qty });
                self.emit(Event::CapCut { drop: id, qty });
            }
        }
    }

    fn drop_in(&self, id: DropId, fits: impl Fn(DropState) -> bool) -> Result<Drop, Rejection> {
        let drop = self.drops.get(&id).ok_or(Rejection::DropNotFound)?;
        if fits(drop.state) {
            Ok(drop.clone())
        } else {
            Err(Rejection::DropNotOpen)
        }
    }
}

fn repinned(id: DropId, drop: &Drop, pinned: bool) -> Event {
    Event::DropChanged {
        drop: id,
        cap: drop.cap,
        price: drop.price,
        per_customer_limit: drop.per_customer_limit,
        ends_at: drop.ends_at,
        pinned,
    }
}

/// A price that sums of a whole cart cannot overflow.
fn priced(price: u64) -> bool {
    price <= super::skus::PRICE_MAX
}
