//! From bookings to an order (B4..B6), and orders without bookings (O1').

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::booking::held;
use super::super::draft::Draft;
use super::super::skus::PRICE_MAX;
use super::Outcome;
use crate::domain::answer::{Answer, CheckoutBegun};
use crate::domain::booking::Booking;
use crate::domain::command::OrderSpec;
use crate::domain::event::{Event, Terms};
use crate::domain::id::{BookingId, CustomerId, OrderId, SkuId};
use crate::domain::order::{MONEY_MAX, OrderOrigin, Placed, PlacedLine, vat};
use crate::domain::rejection::{Limit, Rejection};
use crate::domain::sku::{Kind, UNITS_MAX};
use crate::domain::time::Millis;

/// Most bookings in a checkout, and most lines in an order.
const LINES_MAX: usize = 100;

impl Draft<'_> {
    /// B4. A checkout that is under way is left for the new one.
    pub(super) fn start_checkout(&mut self, id: OrderId, bookings: &[BookingId]) -> Outcome {
        let distinct: BTreeSet<_> = bookings.iter().collect();
        if bookings.is_empty() || bookings.len() > LINES_MAX || distinct.len() < bookings.len() {
            return Err(Rejection::Invalid("bookings"));
        }
        if self.orders.contains_key(&id) || self.checkouts.contains_key(&id) {
            return Err(Rejection::Invalid("checkout"));
        }
        let customer = self.by.name.clone();
        let chosen = self.to_order(&customer, bookings)?;
        let currency = self.currency_of(&chosen)?;
        let goods = goods(chosen.iter().map(|(_, b)| (b.qty, b.price)));
        let goods = self.payable(goods, "bookings")?;
        if let Some(other) = self.customers.get(&customer).and_then(|c| c.checkout) {
            self.leave_now(other, customer.clone());
        }
        let ends_at = self.now.plus(self.settings.checkout_timeout_ms);
        let extends = self.settings.checkout_extends_hold;
        let longer = |b: &Booking| extends && !b.extended && b.deadline < ends_at;
        let extended: Vec<_> = chosen
            .iter()
            .filter(|(_, b)| longer(b))
            .map(|(id, _)| *id)
            .collect();
        let deadlines = chosen
            .iter()
            .map(|(id, b)| (*id, if longer(b) { ends_at } else { b.deadline }))
            .collect();
        self.emit(Event::CheckoutStarted {
            checkout: id,
            customer: customer.clone(),
            bookings: bookings.to_vec(),
            ends_at,
            extended: extended.clone(),
        });
        for booking in extended {
            self.emit(Event::Extended {
                booking,
                customer: customer.clone(),
                deadline: ends_at,
            });
        }
        Ok(Answer::Checkout(Arc::new(CheckoutBegun {
            checkout: id,
            ends_at,
            deadlines,
            goods,
            vat_bp: self.settings.vat_bp,
            currency,
        })))
    }

    /// B5. The bookings keep their deadlines (R-ORD-4).
    pub(super) fn leave_checkout(&mut self, id: OrderId) -> Outcome {
        let checkout = self.checkouts.get(&id).filter(|c| !c.left);
        let checkout = checkout.ok_or(Rejection::CheckoutEnded)?;
        if self.now < checkout.ends_at {
            return Err(Rejection::Invalid("deadline"));
        }
        let customer = checkout.customer.clone();
        self.leave_now(id, customer);
        Ok(Answer::Done { drop: None })
    }

    fn leave_now(&mut self, checkout: OrderId, customer: CustomerId) {
        self.emit(Event::CheckoutLeft { checkout, customer });
    }

    /// B6: all of it in one decision, at the prices and terms of the bookings. The order has the
    /// checkout's id, so that placing it again gives the same order (E-15).
    pub(super) fn place_order(&mut self, id: OrderId) -> Outcome {
        let customer = self.by.name.clone();
        if let Some(placed) = self.orders.get(&id).filter(|o| o.customer == customer) {
            return Ok(Answer::Ordered {
                order: id,
                total: placed.total(),
                currency: placed.currency.clone(),
                deadline: placed.placed_at.plus(placed.expire_ms),
            });
        }
        let checkout = self.checkouts.get(&id).filter(|c| c.customer == customer);
        let checkout = checkout.ok_or(Rejection::NotYours)?;
        if checkout.left {
            return Err(Rejection::CheckoutEnded);
        }
        let chosen = self.to_order(&customer, &checkout.bookings.clone())?;
        let lines: Vec<_> = chosen
            .iter()
            .filter_map(|(id, b)| {
                let sku = self.drops.get(&b.drop)?.sku.clone();
                let spec = &self.skus.get(&sku)?.spec;
                let (title, components) = (spec.title.clone(), spec.components.clone().into());
                Some(PlacedLine {
                    booking: Some(*id),
                    drop: Some(b.drop),
                    sku,
                    title,
                    components,
                    qty: b.qty,
                    price: b.price,
                    terms: b.terms,
                })
            })
            .collect();
        self.within_limits(&lines)?;
        let currency = self.currency_of(&chosen)?;
        self.place(id, customer, OrderOrigin::Live, currency, lines)
    }

    /// O1'. A marketplace's order is taken even if the stock is not there: what is missing is
    /// taken out of carved drops, and the rest is a shortage (E-33).
    pub(super) fn take_order(&mut self, spec: &OrderSpec) -> Outcome {
        let fits = !spec.lines.is_empty() && spec.lines.len() <= LINES_MAX;
        let live = spec.origin == OrderOrigin::Live;
        let code = |c: &str| c.len() == 3 && c.bytes().all(|b| b.is_ascii_uppercase());
        let checks = [
            ("lines", fits),
            ("origin", !live),
            ("currency", code(&spec.currency)),
            ("order", !self.orders.contains_key(&spec.order)),
            ("order", !self.checkouts.contains_key(&spec.order)),
        ];
        if let Some((field, _)) = checks.into_iter().find(|(_, fits)| !fits) {
            return Err(Rejection::Invalid(field));
        }
        let lines = self.lines_of(spec)?;
        let needs = needs(&lines);
        for (part, units) in &needs {
            if *units > u64::from(self.room(part)) {
                return Err(Rejection::Invalid("qty"));
            }
        }
        self.payable(
            goods(lines.iter().map(|line| (line.qty, line.price))),
            "lines",
        )?;
        if spec.origin == OrderOrigin::Web {
            self.within_limits(&lines)?;
            self.in_stock(&needs)?;
        } else {
            let whole = |units: &u64| u32::try_from(*units).unwrap_or(UNITS_MAX);
            for (part, units) in &needs {
                if self.is_kind(part, Kind::Tracked) {
                    self.uncarve(part, whole(units));
                }
            }
        }
        let (customer, currency) = (spec.customer.clone(), spec.currency.clone());
        self.place(spec.order, customer, spec.origin, currency, lines)
    }

    fn lines_of(&self, spec: &OrderSpec) -> Result<Vec<PlacedLine>, Rejection> {
        let mut lines = Vec::with_capacity(spec.lines.len());
        for (sku, qty, price) in &spec.lines {
            let known = self.skus.get(sku).ok_or(Rejection::Invalid("sku"))?;
            if *qty == 0 || *qty > UNITS_MAX {
                return Err(Rejection::Invalid("qty"));
            }
            if price.is_some_and(|price| price > PRICE_MAX) {
                return Err(Rejection::Invalid("price"));
            }
            if spec.origin == OrderOrigin::Web && !self.is_active(sku) {
                return Err(Rejection::SkuInactive);
            }
            lines.push(PlacedLine {
                booking: None,
                drop: None,
                sku: sku.clone(),
                title: known.spec.title.clone(),
                components: known.spec.components.clone().into(),
                qty: *qty,
                price: price.unwrap_or(known.spec.price),
                terms: Terms::default(),
            });
        }
        Ok(lines)
    }

    fn place(
        &mut self,
        order: OrderId,
        customer: CustomerId,
        origin: OrderOrigin,
        currency: Arc<str>,
        lines: Vec<PlacedLine>,
    ) -> Outcome {
        let goods = goods(lines.iter().map(|line| (line.qty, line.price)));
        let goods = self.payable(goods, "lines")?;
        let vat_bp = self.settings.vat_bp;
        let expire_ms = self.settings.order_auto_expire_ms;
        let deadline = self.now.plus(expire_ms);
        self.emit(Event::OrderPlaced(Arc::new(Placed {
            order,
            customer,
            origin,
            currency: currency.clone(),
            vat_bp,
            lines,
            expire_ms,
            deadline,
        })));
        self.match_parked(order);
        if goods == 0 {
            self.paid(order);
        }
        Ok(Answer::Ordered {
            order,
            total: goods + vat(goods, vat_bp),
            currency,
            deadline,
        })
    }

    /// The customer's bookings of these ids, all of them held.
    fn to_order(
        &self,
        customer: &CustomerId,
        ids: &[BookingId],
    ) -> Result<Vec<(BookingId, Booking)>, Rejection> {
        let mut chosen = Vec::with_capacity(ids.len());
        for id in ids {
            let booking = self.bookings.get(id).filter(|b| b.customer == *customer);
            let booking = booking.ok_or(Rejection::NotYours)?;
            held(booking)?;
            let frozen = self.drops.get(&booking.drop);
            let frozen = frozen.is_some_and(|d| d.frozen_since.is_some());
            if !frozen && self.now >= booking.deadline {
                return Err(Rejection::DeadlinePassed);
            }
            chosen.push((*id, booking.clone()));
        }
        Ok(chosen)
    }

    /// The one currency of all lives that bookings were made in.
    fn currency_of(&self, bookings: &[(BookingId, Booking)]) -> Result<Arc<str>, Rejection> {
        let currency = |b: &Booking| {
            let drop = self.drops.get(&b.drop)?;
            Some(self.lives.get(&drop.live)?.spec.currency.clone())
        };
        let mut all = bookings.iter().map(|(_, b)| currency(b));
        let first = all.next().flatten().ok_or(Rejection::Invalid("bookings"))?;
        if all.all(|other| other.as_ref() == Some(&first)) {
            Ok(first)
        } else {
            Err(Rejection::Invalid("bookings"))
        }
    }

    /// R-ORD-2, R-ORD-3, on the sum of an order's lines (AMB-ORD-d).
    fn within_limits(&self, lines: &[PlacedLine]) -> Result<(), Rejection> {
        let mut of_sku: BTreeMap<&SkuId, u32> = BTreeMap::new();
        for line in lines {
            let units = of_sku.entry(&line.sku).or_default();
            *units = units.saturating_add(line.qty);
        }
        let most = of_sku.values().copied().max().unwrap_or(0);
        let limit = self.settings.max_item_qty;
        if limit > 0 && most > limit {
            return Err(Rejection::MaxItemQty(Limit::new(limit, 0)));
        }
        let all = of_sku.values().fold(0_u32, |sum, n| sum.saturating_add(*n));
        let limit = self.settings.max_cart_units;
        if limit > 0 && all > limit {
            return Err(Rejection::CartLimit(Limit::new(limit, 0)));
        }
        Ok(())
    }

    fn in_stock(&self, needs: &BTreeMap<SkuId, u64>) -> Result<(), Rejection> {
        for (part, units) in needs {
            let available = self.skus.get(part).map_or(0, |s| s.buckets.available);
            if self.is_kind(part, Kind::Tracked) && *units > u64::from(available) {
                return Err(Rejection::SoldOut {
                    available,
                    waiting: 0,
                });
            }
        }
        Ok(())
    }

    /// A sum that with its VAT does not exceed [`MONEY_MAX`].
    fn payable(&self, goods: u128, field: &'static str) -> Result<u64, Rejection> {
        let goods = u64::try_from(goods).map_err(|_| Rejection::Invalid(field))?;
        let total = goods.saturating_add(vat(goods, self.settings.vat_bp));
        if total <= MONEY_MAX {
            Ok(goods)
        } else {
            Err(Rejection::Invalid(field))
        }
    }

    /// When an order expires if nothing else governs it (R-ORD-5).
    pub(super) fn expires(&self, id: OrderId) -> Option<Millis> {
        let order = self.orders.get(&id)?;
        Some(order.placed_at.plus(order.expire_ms))
    }
}

fn goods(lines: impl Iterator<Item = (u32, u64)>) -> u128 {
    lines
        .map(|(qty, price)| u128::from(qty) * u128::from(price))
        .sum()
}

/// Units that lines take of each part.
fn needs(lines: &[PlacedLine]) -> BTreeMap<SkuId, u64> {
    let mut needs = BTreeMap::new();
    for line in lines {
        let mut need = |sku: &SkuId, ratio: u32| {
            *needs.entry(sku.clone()).or_default() += u64::from(line.qty) * u64::from(ratio);
        };
        if line.components.is_empty() {
            need(&line.sku, 1);
        }
        line.components
            .iter()
            .for_each(|part| need(&part.sku, part.units));
    }
    needs
}
