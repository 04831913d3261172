//! What the host does with drops: D.4, D.7 E-5, E-6, E-8, E-9, and B8 of D.2.

use lapak::domain::booking::BookingEnd;
use lapak::domain::command::DropSpec;
use lapak::domain::drop::{DropState, Mode};
use lapak::domain::shop::Outcome;
use lapak::domain::{Answer, BookingId, DropId, LiveId, Rejection};

use super::book::u32_of;
use super::count::MOST;
use super::{Drop, Model};

const SECOND_MS: u64 = 1_000;
const DAY_MS: u64 = 86_400 * SECOND_MS;
const PRICE_MOST: u64 = 1_000_000_000_000;

pub(super) fn done(drop: Option<DropId>) -> Answer {
    Answer::Done { drop }
}

fn invalid(ok: bool, field: &'static str) -> Result<(), Rejection> {
    if ok {
        Ok(())
    } else {
        Err(Rejection::Invalid(field))
    }
}

impl Model {
    pub(super) fn open_drop(&mut self, spec: &DropSpec) -> Outcome {
        let units = spec.units.map(u64::from);
        // Reading: a time to open that has passed means now.
        let opens_at = spec.opens_at.map_or(self.now, |at| at.0.max(self.now));
        let hold = |ms: u64| (SECOND_MS..=DAY_MS).contains(&ms);
        invalid(self.drop(spec.drop).is_none(), "drop")?;
        invalid(units.is_none_or(|n| (1..=MOST).contains(&n)), "units")?;
        invalid(spec.price.is_none_or(|p| p <= PRICE_MOST), "price")?;
        invalid(spec.ends_at.is_none_or(|at| at.0 > opens_at), "ends_at_ms")?;
        invalid(
            u64::from(spec.per_customer_limit) <= MOST,
            "per_customer_limit",
        )?;
        invalid(
            spec.booking_timeout_ms.is_none_or(hold),
            "booking_timeout_min",
        )?;
        let sku = self.sku(&spec.sku).ok_or(Rejection::Invalid("sku"))?;
        let price = spec.price.unwrap_or(sku.spec.price);
        if !self.lives.iter().any(|l| l.id == spec.live && !l.ended) {
            return Err(Rejection::LiveNotFound);
        }
        if !self.on_sale(&spec.sku) {
            return Err(Rejection::SkuInactive);
        }
        let mut cap = units;
        if spec.mode == Mode::Carved
            && let Some(free) = self.sellable(&spec.sku)
        {
            cap = Some(units.unwrap_or(free));
            if free == 0 || units.is_some_and(|n| n > free) {
                return Err(Rejection::SoldOut {
                    available: u32_of(free),
                    waiting: 0,
                });
            }
        }
        self.drops.push(Drop {
            id: spec.drop,
            live: spec.live.clone(),
            sku: spec.sku.clone(),
            price,
            mode: spec.mode,
            cap,
            state: if opens_at > self.now {
                DropState::Scheduled
            } else {
                DropState::Open
            },
            opens_at,
            ends_at: spec.ends_at.map(|at| at.0),
            settles_at: None,
            frozen_since: None,
            per_customer_limit: u64::from(spec.per_customer_limit),
            timeout_ms: spec.booking_timeout_ms,
            pinned: false,
        });
        if spec.pinned {
            self.pin_only(spec.drop);
        }
        Ok(done(Some(spec.drop)))
    }

    pub(super) fn change_drop(
        &mut self,
        id: DropId,
        units: Option<u32>,
        price: Option<u64>,
        limit: Option<u32>,
        ends_at: Option<u64>,
    ) -> Outcome {
        let units = units.map(u64::from);
        invalid(units.is_none_or(|n| (1..=MOST).contains(&n)), "units")?;
        invalid(price.is_none_or(|p| p <= PRICE_MOST), "price")?;
        invalid(
            limit.is_none_or(|n| u64::from(n) <= MOST),
            "per_customer_limit",
        )?;
        let begins = self.drop(id).map_or(0, |d| d.opens_at).max(self.now);
        invalid(ends_at.is_none_or(|at| at > begins), "ends_at_ms")?;
        let d = self.in_state(id, |d| {
            !matches!(d.state, DropState::Ended | DropState::Settled)
        })?;
        let used = self.used(id);
        if units.is_some_and(|n| n < used) {
            return Err(Rejection::BelowCommitted {
                committed: u32_of(used),
            });
        }
        if let (true, Some(n)) = (self.is_carved(&d), units) {
            let free = self.sellable(&d.sku).unwrap_or(u64::MAX);
            let more = (n - used).saturating_sub(self.set_aside(&d));
            if more > free {
                let waiting = u32_of(self.waiting(id));
                return Err(Rejection::SoldOut {
                    available: u32_of(free),
                    waiting,
                });
            }
        }
        let d = self.drop_mut(id);
        d.cap = units.or(d.cap);
        d.price = price.unwrap_or(d.price);
        d.per_customer_limit = limit.map_or(d.per_customer_limit, u64::from);
        d.ends_at = ends_at.or(d.ends_at);
        Ok(done(Some(id)))
    }

    fn in_state(&self, id: DropId, fits: impl Fn(&Drop) -> bool) -> Result<Drop, Rejection> {
        let d = self.drop(id).ok_or(Rejection::DropNotFound)?;
        if fits(d) {
            Ok(d.clone())
        } else {
            Err(Rejection::DropNotOpen)
        }
    }

    /// Reading: one drop of a live is shown first; any drop may be.
    pub(super) fn pin(&mut self, id: DropId, pinned: bool) -> Outcome {
        self.in_state(id, |_| true)?;
        if pinned {
            self.pin_only(id);
        } else {
            self.drop_mut(id).pinned = false;
        }
        Ok(done(Some(id)))
    }

    fn pin_only(&mut self, id: DropId) {
        let live = self.drop(id).expect("a known drop").live.clone();
        for d in self.drops.iter_mut().filter(|d| d.live == live) {
            d.pinned = d.id == id;
        }
    }

    pub(super) fn pause(&mut self, id: DropId) -> Outcome {
        self.in_state(id, |d| d.state == DropState::Open)?;
        let frozen_since = self.settings.pause_freezes_holds.then_some(self.now);
        let d = self.drop_mut(id);
        d.state = DropState::Paused;
        d.frozen_since = frozen_since;
        Ok(done(Some(id)))
    }

    pub(super) fn resume(&mut self, id: DropId) -> Outcome {
        self.in_state(id, |d| d.state == DropState::Paused)?;
        self.thaw(id);
        self.drop_mut(id).state = DropState::Open;
        Ok(done(Some(id)))
    }

    /// E-9: all deadlines shift by the pause.
    fn thaw(&mut self, id: DropId) {
        if let Some(since) = self.drop_mut(id).frozen_since.take() {
            let paused = self.now - since;
            self.shift(id, paused);
        }
    }

    fn shift(&mut self, id: DropId, by_ms: u64) {
        for b in self.held.iter_mut().filter(|b| b.drop == id) {
            b.deadline += by_ms;
        }
    }

    /// B8. Reading: also of a drop that has ended, as long as something is held of it; a running
    /// drop's own end moves too.
    pub(super) fn extend(&mut self, id: DropId, by_ms: u64) -> Outcome {
        invalid(by_ms > 0 && by_ms <= DAY_MS, "minutes")?;
        let live = |d: &Drop| d.state != DropState::Settled || self.held_of(d.id) > 0;
        let d = self.in_state(id, live)?;
        if !matches!(d.state, DropState::Ended | DropState::Settled) {
            let d = self.drop_mut(id);
            d.ends_at = d.ends_at.map(|at| at + by_ms);
        }
        self.shift(id, by_ms);
        Ok(done(Some(id)))
    }

    /// E-8, and E-5 with `withdraw`: all bookings are taken back, nobody pays, nobody is promoted.
    pub(super) fn close(&mut self, id: DropId, withdraw: bool) -> Outcome {
        let over = |d: &Drop| matches!(d.state, DropState::Ended | DropState::Settled);
        let d = self.in_state(id, |d| match (withdraw, d.state) {
            (false, _) => !over(d),
            (true, DropState::Settled) => self.held_of(d.id) > 0,
            (true, _) => true,
        })?;
        if !over(&d) {
            self.end(id);
        }
        if withdraw {
            let mut all: Vec<BookingId> = self
                .held
                .iter()
                .filter(|b| b.drop == id)
                .map(|b| b.id)
                .collect();
            all.sort();
            for booking in all {
                let qty = self.booking(booking).expect("held").qty;
                self.release(booking, qty, BookingEnd::CancelledBySeller);
            }
            self.settle(id);
        }
        Ok(done(Some(id)))
    }

    fn end(&mut self, id: DropId) {
        self.thaw(id);
        let settles_at = self.now + self.settings.waitlist_after_end_ms;
        let d = self.drop_mut(id);
        d.state = DropState::Ended;
        d.settles_at = Some(settles_at);
    }

    pub(super) fn start_drop(&mut self, id: DropId) -> Outcome {
        let d = self.in_state(id, |d| d.state == DropState::Scheduled)?;
        invalid(d.opens_at <= self.now, "opens_at_ms")?;
        self.drop_mut(id).state = DropState::Open;
        Ok(done(Some(id)))
    }

    pub(super) fn end_drop(&mut self, id: DropId) -> Outcome {
        let d = self.in_state(id, |d| {
            !matches!(d.state, DropState::Ended | DropState::Settled)
        })?;
        invalid(d.ends_at.is_some_and(|at| at <= self.now), "ends_at_ms")?;
        self.end(id);
        Ok(done(Some(id)))
    }

    pub(super) fn settle_drop(&mut self, id: DropId) -> Outcome {
        let d = self.in_state(id, |d| d.state == DropState::Ended)?;
        invalid(
            d.settles_at.is_some_and(|at| at <= self.now),
            "settles_at_ms",
        )?;
        Ok(done(Some(id)))
    }

    pub(super) fn end_live(&mut self, live: &LiveId) -> Outcome {
        let known = self.lives.iter_mut().find(|l| l.id == *live && !l.ended);
        known.ok_or(Rejection::LiveNotFound)?.ended = true;
        let running = |d: &&Drop| !matches!(d.state, DropState::Ended | DropState::Settled);
        let of_live: Vec<DropId> = self
            .drops
            .iter()
            .filter(|d| d.live == *live)
            .filter(running)
            .map(|d| d.id)
            .collect();
        for id in of_live {
            self.end(id);
        }
        Ok(done(None))
    }
}
