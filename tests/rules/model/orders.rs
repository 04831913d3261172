//! Checkouts, orders and what becomes of them: D.2 B4 to B6, D.3, the lower half of D.4.

use std::sync::Arc;

use lapak::domain::answer::CheckoutBegun;
use lapak::domain::booking::BookingEnd;
use lapak::domain::command::OrderSpec;
use lapak::domain::event::Terms;
use lapak::domain::rejection::Limit;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    Answer, BookingId, CustomerId, Millis, OrderId, OrderOrigin, OrderState, Rejection, SkuId,
};

use super::book::u32_of;
use super::count::MOST;
use super::{Booking, Ended, Line, Model, Order, Session};

/// Reading: money that a JSON reader keeps exact.
pub(super) const MONEY_MOST: u64 = 1_000_000_000_000_000;

impl Model {
    pub(super) fn order(&self, id: OrderId) -> Result<&Order, Rejection> {
        let known = self.orders.iter().find(|o| o.id == id && !o.forgotten);
        known.ok_or(Rejection::NotYours)
    }

    pub(super) fn order_mut(&mut self, id: OrderId) -> &mut Order {
        let known = self.orders.iter_mut().find(|o| o.id == id && !o.forgotten);
        known.expect("a known order")
    }

    /// The caller's bookings of these ids: all held, none over (E-14).
    fn bookings_of(&self, who: &CustomerId, ids: &[BookingId]) -> Result<Vec<Booking>, Rejection> {
        let mut all = Vec::new();
        for id in ids {
            let ended = self
                .ended
                .iter()
                .find(|b| b.id == *id && b.customer == *who);
            if let Some(b) = ended {
                return Err(Rejection::NotHeld(Some(b.end)));
            }
            let b = self.booking(*id).filter(|b| b.customer == *who);
            let b = b.ok_or(Rejection::NotYours)?;
            let frozen = self.drop(b.drop).is_some_and(|d| d.frozen_since.is_some());
            if !frozen && self.now >= b.deadline {
                return Err(Rejection::DeadlinePassed);
            }
            all.push(b.clone());
        }
        Ok(all)
    }

    /// Reading: one order has one currency, that of the lives it was booked in.
    fn currency(&self, bookings: &[Booking]) -> Result<String, Rejection> {
        let mut all: Vec<String> = Vec::new();
        for b in bookings {
            let live = &self.drop(b.drop).expect("a booking has a drop").live;
            let live = self.lives.iter().find(|l| l.id == *live);
            all.push(live.expect("a drop has a live").spec.currency.to_string());
        }
        all.dedup();
        if all.len() == 1 {
            Ok(all.remove(0))
        } else {
            Err(Rejection::Invalid("bookings"))
        }
    }

    fn payable(&self, goods: u128, field: &'static str) -> Result<u64, Rejection> {
        let vat = half_up(goods, self.settings.vat_bp);
        if goods + vat > u128::from(MONEY_MOST) {
            return Err(Rejection::Invalid(field));
        }
        Ok(u64::try_from(goods).expect("checked"))
    }

    /// B4. Reading: a customer has one checkout at a time.
    pub(super) fn start_checkout(
        &mut self,
        who: &CustomerId,
        id: OrderId,
        ids: &[BookingId],
    ) -> Outcome {
        let twice = |b: &BookingId| ids.iter().filter(|other| *other == b).count() > 1;
        if ids.is_empty() || ids.len() > 100 || ids.iter().any(twice) {
            return Err(Rejection::Invalid("bookings"));
        }
        if self.order(id).is_ok() || self.sessions.iter().any(|s| s.id == id) {
            return Err(Rejection::Invalid("checkout"));
        }
        let bookings = self.bookings_of(who, ids)?;
        let currency = self.currency(&bookings)?;
        let goods = bookings
            .iter()
            .map(|b| u128::from(b.qty) * u128::from(b.price));
        let goods = self.payable(goods.sum(), "bookings")?;
        for session in self.sessions.iter_mut().filter(|s| s.customer == *who) {
            session.left = true;
        }
        let ends_at = self.now + self.settings.checkout_timeout_ms;
        let mut deadlines = Vec::new();
        for b in &bookings {
            // AMB-BOOK-d: once for each booking, and only if it makes it longer.
            let b = self.held.iter_mut().find(|h| h.id == b.id).expect("held");
            if self.settings.checkout_extends_hold && !b.extended && b.deadline < ends_at {
                b.deadline = ends_at;
                b.extended = true;
            }
            deadlines.push((b.id, Millis(b.deadline)));
        }
        self.sessions.push(Session {
            id,
            customer: who.clone(),
            bookings: ids.to_vec(),
            ends_at,
            left: false,
        });
        Ok(Answer::Checkout(Arc::new(CheckoutBegun {
            checkout: id,
            ends_at: Millis(ends_at),
            deadlines,
            goods,
            vat_bp: self.settings.vat_bp,
            currency: currency.into(),
        })))
    }

    /// B5.
    pub(super) fn leave_checkout(&mut self, id: OrderId) -> Outcome {
        let session = self.sessions.iter_mut().find(|s| s.id == id && !s.left);
        let session = session.ok_or(Rejection::CheckoutEnded)?;
        if self.now < session.ends_at {
            return Err(Rejection::Invalid("deadline"));
        }
        session.left = true;
        Ok(Answer::Done { drop: None })
    }

    /// B6, E-15.
    pub(super) fn place(&mut self, who: &CustomerId, id: OrderId) -> Outcome {
        if let Ok(o) = self.order(id)
            && o.customer == *who
        {
            return Ok(ordered(o));
        }
        let session = self.sessions.iter().find(|s| s.id == id);
        let session = session.filter(|s| s.customer == *who);
        let session = session.ok_or(Rejection::NotYours)?.clone();
        if session.left {
            return Err(Rejection::CheckoutEnded);
        }
        let bookings = self.bookings_of(who, &session.bookings)?;
        let mut lines = Vec::new();
        for b in &bookings {
            let d = self.drop(b.drop).expect("a booking has a drop");
            let mut line = self.new_line(&d.sku, b.qty, b.price);
            line.drop = Some(b.drop);
            line.terms = b.terms;
            lines.push(line);
        }
        self.within_limits(&lines)?;
        let currency = self.currency(&bookings)?;
        self.payable(sum(&lines), "lines")?;
        for b in bookings {
            self.held.retain(|h| h.id != b.id);
            let (id, customer, at) = (b.id, b.customer, self.now);
            self.ended.push(Ended {
                id,
                customer,
                end: BookingEnd::Ordered,
                at,
            });
        }
        self.sessions.retain(|s| s.id != id);
        Ok(self.new_order(id, who, OrderOrigin::Live, currency, lines))
    }

    fn new_line(&self, sku: &SkuId, qty: u64, price: u64) -> Line {
        Line {
            sku: sku.clone(),
            parts: self.parts(sku),
            drop: None,
            let_go: false,
            qty,
            allocated: qty,
            sold: 0,
            returned: 0,
            price,
            terms: Terms::default(),
        }
    }

    fn new_order(
        &mut self,
        id: OrderId,
        who: &CustomerId,
        origin: OrderOrigin,
        currency: String,
        lines: Vec<Line>,
    ) -> Answer {
        let expire_ms = self.settings.order_auto_expire_ms;
        let order = Order {
            id,
            forgotten: false,
            customer: who.clone(),
            origin,
            currency,
            vat_bp: self.settings.vat_bp,
            lines,
            placed_at: self.now,
            expire_ms,
            state: OrderState::AwaitingPayment,
            since: self.now,
            deadline: Some(self.now + expire_ms),
            checking: false,
            secured: None,
            active: None,
            payments: Vec::new(),
            captured: 0,
            owed: 0,
            refunded: 0,
            rewarded: false,
            gained: 0,
            lost: 0,
        };
        let answer = ordered(&order);
        let free = order.total() == 0;
        self.customer_mut(who);
        self.orders.push(order);
        self.find_parked(id);
        if free {
            self.paid(id);
        }
        answer
    }

    /// R-ORD-2, R-ORD-3, AMB-ORD-d.
    fn within_limits(&self, lines: &[Line]) -> Result<(), Rejection> {
        let of = |sku: &SkuId| -> u64 {
            let same = lines.iter().filter(|l| l.sku == *sku);
            same.map(|l| l.qty).sum()
        };
        let most = lines.iter().map(|l| of(&l.sku)).max().unwrap_or(0);
        let all: u64 = lines.iter().map(|l| l.qty).sum();
        let over = |limit: u32, n: u64| limit > 0 && n > u64::from(limit);
        let told = |limit: u32| Limit {
            limit,
            current: 0,
            max_allowed: limit,
        };
        let (item, cart) = (self.settings.max_item_qty, self.settings.max_cart_units);
        if over(item, most) {
            return Err(Rejection::MaxItemQty(told(item)));
        }
        if over(cart, all) {
            return Err(Rejection::CartLimit(told(cart)));
        }
        Ok(())
    }

    /// O1', R-RECON-7, E-33.
    pub(super) fn take_order(&mut self, spec: &OrderSpec) -> Outcome {
        let invalid = |field| Err(Rejection::Invalid(field));
        let (id, web) = (spec.order, spec.origin == OrderOrigin::Web);
        if spec.lines.is_empty() || spec.lines.len() > 100 {
            return invalid("lines");
        }
        if spec.origin == OrderOrigin::Live {
            return invalid("origin");
        }
        if spec.currency.len() != 3 || spec.currency.bytes().any(|b| !b.is_ascii_uppercase()) {
            return invalid("currency");
        }
        if self.order(id).is_ok() || self.sessions.iter().any(|s| s.id == id) {
            return invalid("order");
        }
        let mut lines = Vec::new();
        for (sku, qty, price) in &spec.lines {
            let Some(known) = self.sku(sku) else {
                return invalid("sku");
            };
            if *qty == 0 || u64::from(*qty) > MOST {
                return invalid("qty");
            }
            if price.is_some_and(|p| p > 1_000_000_000_000) {
                return invalid("price");
            }
            if web && !self.on_sale(sku) {
                return Err(Rejection::SkuInactive);
            }
            let price = price.unwrap_or(known.spec.price);
            lines.push(self.new_line(sku, u64::from(*qty), price));
        }
        let mut wanted: Vec<SkuId> = lines
            .iter()
            .flat_map(|l| l.parts.iter().map(|p| p.0.clone()))
            .collect();
        wanted.sort();
        wanted.dedup();
        let wants = |sku: &SkuId| -> u64 {
            let parts = lines
                .iter()
                .flat_map(|l| l.parts.iter().map(move |p| (p, l.qty)));
            parts
                .filter(|(p, _)| p.0 == *sku)
                .map(|(p, n)| p.1 * n)
                .sum()
        };
        if wanted.iter().any(|sku| wants(sku) > self.room(sku)) {
            return invalid("qty");
        }
        self.payable(sum(&lines), "lines")?;
        if web {
            self.within_limits(&lines)?;
            for sku in wanted.iter().filter(|sku| self.recorded(sku)) {
                if wants(sku) > self.free(sku) {
                    return Err(Rejection::SoldOut {
                        available: u32_of(self.free(sku)),
                        waiting: 0,
                    });
                }
            }
        }
        let (who, currency) = (&spec.customer, spec.currency.to_string());
        let answer = self.new_order(id, who, spec.origin, currency, lines);
        wanted.retain(|sku| self.recorded(sku));
        for sku in wanted {
            self.uncarve(&sku);
        }
        Ok(answer)
    }
}

pub(super) fn half_up(goods: u128, bp: u32) -> u128 {
    (goods * u128::from(bp) * 2 + 10_000) / 20_000
}

fn sum(lines: &[Line]) -> u128 {
    let each = |l: &Line| u128::from(l.qty) * u128::from(l.price);
    lines.iter().map(each).sum()
}

fn ordered(o: &Order) -> Answer {
    Answer::Ordered {
        order: o.id,
        total: o.total(),
        currency: o.currency.as_str().into(),
        deadline: Millis(o.placed_at + o.expire_ms),
    }
}
