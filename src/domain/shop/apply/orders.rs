//! What the events of checkouts, orders and payments do to the state.

use super::super::{Due, Shop};
use crate::domain::booking::BookingEnd;
use crate::domain::customer::ReputationCause;
use crate::domain::event::Event;
use crate::domain::id::{OrderId, PaymentId};
use crate::domain::order::{Attempt, Checkout, Line, Order, OrderState};
use crate::domain::order::{Placed, PlacedLine};
use crate::domain::payment::{Payment, PaymentStatus};
use crate::domain::sku::{Buckets, Kind};
use crate::domain::time::{ANSWER_KEPT_MS, Millis, ORDER_KEPT_MS};

impl Shop {
    /// Makes an event of an order true at `now`.
    pub(super) fn apply_to_orders(&mut self, now: Millis, event: &Event) {
        match event {
            Event::CheckoutStarted {
                checkout,
                customer,
                bookings,
                ends_at,
                extended,
            } => {
                for id in extended {
                    if let Some(b) = self.bookings.get_mut(id) {
                        b.extended = true;
                    }
                }
                let started = Checkout {
                    customer: customer.clone(),
                    bookings: bookings.clone(),
                    ends_at: *ends_at,
                    left: false,
                };
                self.put_back_checkout(*checkout, started);
            }
            Event::CheckoutLeft { checkout, .. } => self.leave_checkout_of(*checkout),
            Event::OrderPlaced(placed) => self.apply_placed(now, placed),
            Event::OrderMoved {
                order,
                to,
                deadline,
                secured,
                reason,
                ..
            } => self.with_order(*order, |o| {
                o.state = *to;
                o.since = now;
                o.deadline = *deadline;
                o.checking = false;
                o.secured = *secured;
                o.reason.clone_from(reason);
            }),
            Event::OrderChecking { order, until, .. } => self.with_order(*order, |o| {
                o.checking = true;
                o.deadline = Some(*until);
            }),
            Event::PaymentStarted { .. } => self.apply_started(now, event),
            Event::PaymentNoted { .. } => self.apply_noted(now, event),
            Event::Allocated {
                order, line, qty, ..
            } => self.with_line(*order, *line, *qty, |l, n| {
                l.allocated += n;
                l.revived = true;
                |b, kind, units| {
                    if kind == Kind::Tracked {
                        b.available -= units;
                    }
                    b.allocated += units;
                }
            }),
            Event::Unallocated {
                order,
                line,
                qty,
                cancelled,
                ..
            } => self.apply_unallocated(*order, *line, *qty, *cancelled),
            Event::Sold {
                order, line, qty, ..
            } => self.with_line(*order, *line, *qty, |l, n| {
                l.allocated -= n;
                l.sold += n;
                |b, _, units| {
                    b.allocated -= units;
                    b.sold += units;
                }
            }),
            Event::Returned {
                order,
                line,
                qty,
                restocked,
                ..
            } => self.apply_returned(*order, *line, *qty, *restocked),
            Event::RefundOwed { order, amount, .. } => {
                self.with_order(*order, |o| o.refund_due += amount);
            }
            Event::Refunded { order, amount, .. } => self.with_order(*order, |o| {
                o.refund_due -= amount;
                o.refunded += amount;
            }),
            _ => {}
        }
    }

    fn apply_placed(&mut self, now: Millis, placed: &Placed) {
        for line in &placed.lines {
            self.place_line(now, line);
        }
        self.leave_checkout_of(placed.order);
        self.checkouts.remove(&placed.order);
        let lines = placed.lines.iter().map(|line| Line {
            booking: line.booking,
            drop: line.drop,
            revived: false,
            sku: line.sku.clone(),
            title: line.title.clone(),
            components: line.components.clone(),
            ordered: line.qty,
            qty: line.qty,
            allocated: line.qty,
            sold: 0,
            returned: 0,
            price: line.price,
            terms: line.terms,
        });
        let order = Order {
            customer: placed.customer.clone(),
            origin: placed.origin,
            currency: placed.currency.clone(),
            vat_bp: placed.vat_bp,
            lines: lines.collect(),
            placed_at: now,
            expire_ms: placed.expire_ms,
            state: OrderState::AwaitingPayment,
            since: now,
            deadline: Some(placed.deadline),
            checking: false,
            secured: None,
            attempt: None,
            payments: Vec::new(),
            captured: 0,
            refund_due: 0,
            refunded: 0,
            rewarded: false,
            reward: 0,
            penalty: 0,
            reason: "placed".into(),
        };
        self.put_back_order(placed.order, order);
        self.touched.order(placed.order);
    }

    fn place_line(&mut self, now: Millis, line: &PlacedLine) {
        if let Some(booking) = line.booking {
            self.end_booking(now, booking, BookingEnd::Ordered);
        }
        let booked = line.booking.is_some();
        self.each_of(line, line.qty, |b, kind, units| {
            if booked {
                b.booked -= units;
            } else if kind == Kind::Tracked {
                let there = b.available.min(units);
                b.available -= there;
                b.shortage += units - there;
            }
            b.allocated += units;
        });
        if let Some(drop) = line.drop {
            self.touched.drop(drop);
        }
    }

    fn apply_started(&mut self, now: Millis, event: &Event) {
        let Event::PaymentStarted {
            order,
            payment,
            method,
            amount,
            expires_at,
            by,
            deadline,
            ..
        } = event
        else {
            return;
        };
        let Some(currency) = self.orders.get(order).map(|o| o.currency.clone()) else {
            return;
        };
        self.payments.insert(
            payment.clone(),
            Payment {
                order: Some(*order),
                named: order.to_string().into(),
                method: *method,
                status: PaymentStatus::Pending,
                amount: *amount,
                currency,
                expires_at: *expires_at,
                at: now,
            },
        );
        self.with_order(*order, |o| {
            o.attempt = Some(Attempt {
                payment: payment.clone(),
                method: *method,
                status: PaymentStatus::Pending,
                expires_at: *expires_at,
                by: by.clone(),
            });
            o.payments.push(payment.clone());
            o.deadline = Some(*deadline);
        });
    }

    fn apply_noted(&mut self, now: Millis, event: &Event) {
        let Event::PaymentNoted {
            payment,
            order,
            named,
            status,
            amount,
            currency,
            method,
            expires_at,
            captured,
            deadline,
            ..
        } = event
        else {
            return;
        };
        let known = self.payments.entry(payment.clone());
        let noted = known.or_insert_with(|| Payment {
            order: None,
            named: named.clone(),
            method: *method,
            status: *status,
            amount: *amount,
            currency: currency.clone(),
            expires_at: *expires_at,
            at: now,
        });
        // What came counts, not what was asked for; of what goes back only how far it is.
        let settled = PaymentStatus::Settled.rank();
        if *captured > 0 || noted.status.rank() < settled && status.rank() >= settled {
            noted.amount = *amount;
        }
        noted.status = *status;
        noted.order = *order;
        noted.expires_at = expires_at.or(noted.expires_at);
        let Some(order) = *order else { return };
        self.with_order(order, |o| {
            if !o.payments.contains(payment) {
                o.payments.push(payment.clone());
            }
            o.captured += captured;
            let newest = o.attempt.as_ref().map(|a| &a.payment);
            let still_pays = o.active().is_some() && o.outstanding() > 0;
            let begun = *status == PaymentStatus::Pending;
            if newest == Some(payment) {
                if let Some(attempt) = &mut o.attempt {
                    attempt.status = *status;
                }
            } else if !still_pays && (*captured > 0 || newest.is_none() && !begun) {
                // What pays is shown, whatever was tried besides; but what can still be paid
                // governs the order until then.
                o.attempt = Some(Attempt {
                    payment: payment.clone(),
                    method: *method,
                    status: *status,
                    expires_at: *expires_at,
                    by: None,
                });
            }
            if deadline.is_some() {
                o.deadline = *deadline;
            }
        });
    }

    fn apply_unallocated(&mut self, order: OrderId, line: u32, qty: u32, cancelled: bool) {
        let Some((customer, drop)) = self.orders.get(&order).and_then(|o| {
            let line = o.lines.get(usize::try_from(line).ok()?)?;
            Some((o.customer.clone(), line.counts_in()))
        }) else {
            return;
        };
        if let Some(d) = drop.and_then(|drop| self.drops.get_mut(&drop)) {
            d.used -= qty;
            d.shares.get_or_default(&customer).units -= qty;
        }
        if let Some(drop) = drop {
            self.touched.drop(drop);
        }
        self.with_line(order, line, qty, |l, n| {
            l.allocated -= n;
            if cancelled {
                l.qty -= n;
            }
            |b, kind, units| {
                b.allocated -= units;
                if kind == Kind::Tracked {
                    b.available += units;
                }
            }
        });
    }

    fn apply_returned(&mut self, order: OrderId, line: u32, qty: u32, restocked: bool) {
        self.with_line(order, line, qty, |l, n| {
            let sold = l.sold >= n;
            *(if sold { &mut l.sold } else { &mut l.allocated }) -= n;
            l.returned += n;
            move |b: &mut Buckets, kind, units| {
                *(if sold { &mut b.sold } else { &mut b.allocated }) -= units;
                if kind == Kind::Tracked && restocked {
                    b.available += units;
                } else if kind == Kind::Tracked {
                    b.stock_out += u64::from(units);
                }
            }
        });
    }

    pub(super) fn apply_reputation_of_order(&mut self, cause: ReputationCause, applied: i32) {
        match cause {
            ReputationCause::Unpaid(id) => self.with_order(id, |o| o.penalty += applied),
            ReputationCause::Paid(id) => self.with_order(id, |o| {
                o.rewarded = true;
                o.reward += applied;
            }),
            // What is undone has the other sign of what was done: a penalty is given back, a
            // reward is taken away.
            ReputationCause::Undone(id) => self.with_order(id, |o| {
                if applied > 0 {
                    o.penalty += applied;
                } else {
                    o.reward += applied;
                }
            }),
            ReputationCause::Cancel
            | ReputationCause::Timeout
            | ReputationCause::Adjust
            | ReputationCause::OrderCancel(_) => {}
        }
    }

    /// Puts a checkout into its place, also after a restart.
    pub fn put_back_checkout(&mut self, id: OrderId, checkout: Checkout) {
        if !checkout.left {
            self.due.insert((checkout.ends_at, Due::Leaves(id)));
            let customer = self.customers.get_or_default(&checkout.customer);
            customer.checkout = Some(id);
        }
        self.checkouts.insert(id, checkout);
    }

    fn leave_checkout_of(&mut self, id: OrderId) {
        if let Some(checkout) = self.checkouts.get_mut(&id) {
            checkout.left = true;
            self.due.remove(&(checkout.ends_at, Due::Leaves(id)));
            if let Some(c) = self.customers.get_mut(&checkout.customer) {
                c.checkout = None;
            }
        }
    }

    /// Puts an order into its place and all indexes, also after a restart.
    pub fn put_back_order(&mut self, id: OrderId, order: Order) {
        self.index_order(id, &order);
        self.customers
            .get_or_default(&order.customer)
            .orders
            .insert(id);
        self.orders.insert(id, order);
    }

    fn index_order(&mut self, id: OrderId, order: &Order) {
        if let Some(at) = order.deadline {
            self.due.insert((at, Due::Order(id)));
        }
        if order.state == OrderState::LateWait {
            self.late.insert((order.since, id));
        }
        if order.is_over() {
            self.orders_by_age.insert((order.since, id));
        } else {
            self.open_orders.insert(id);
        }
        *self.orders_by_state.entry(order.state).or_default() += 1;
        self.owing += u32::from(order.refund_due > 0);
    }

    fn unindex_order(&mut self, id: OrderId, order: &Order) {
        if let Some(at) = order.deadline {
            self.due.remove(&(at, Due::Order(id)));
        }
        self.late.remove(&(order.since, id));
        self.orders_by_age.remove(&(order.since, id));
        self.open_orders.remove(&id);
        self.owing -= u32::from(order.refund_due > 0);
        if let Some(count) = self.orders_by_state.get_mut(&order.state) {
            *count -= 1;
            if *count == 0 {
                self.orders_by_state.remove(&order.state);
            }
        }
    }

    fn with_order(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        let Some(mut order) = self.orders.remove(&id) else {
            return;
        };
        self.unindex_order(id, &order);
        change(&mut order);
        self.touched.order(id);
        self.index_order(id, &order);
        self.orders.insert(id, order);
    }

    /// Changes a line, then what its units are made of.
    fn with_line<F: FnMut(&mut Buckets, Kind, u32)>(
        &mut self,
        order: OrderId,
        line: u32,
        qty: u32,
        change: impl FnOnce(&mut Line, u32) -> F,
    ) {
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        let Some(line) = self
            .orders
            .get_mut(&order)
            .and_then(|o| o.lines.get_mut(at))
        else {
            return;
        };
        let mut to_part = change(line, qty);
        self.touched.order(order);
        let parts: Vec<_> = line
            .parts()
            .map(|(sku, ratio)| (sku.clone(), ratio))
            .collect();
        for (sku, ratio) in parts {
            self.change(&sku, |b, kind| to_part(b, kind, qty * ratio));
        }
    }

    fn each_of(
        &mut self,
        line: &PlacedLine,
        qty: u32,
        mut change: impl FnMut(&mut Buckets, Kind, u32),
    ) {
        if line.components.is_empty() {
            self.change(&line.sku, |b, kind| change(b, kind, qty));
        }
        for part in &*line.components {
            self.change(&part.sku, |b, kind| change(b, kind, qty * part.units));
        }
    }

    /// Left checkouts go with the answers; orders that are over, and their payments, after
    /// [`ORDER_KEPT_MS`].
    pub(super) fn forget_orders(&mut self, before: Millis) {
        self.checkouts.retain(|_, c| !c.left || c.ends_at >= before);
        let before = Millis(before.0.saturating_sub(ORDER_KEPT_MS - ANSWER_KEPT_MS));
        while let Some((at, id)) = self.orders_by_age.first().copied() {
            if at >= before {
                break;
            }
            let Some(order) = self.orders.remove(&id) else {
                break;
            };
            self.unindex_order(id, &order);
            if let Some(c) = self.customers.get_mut(&order.customer) {
                c.orders.remove(&id);
            }
            for payment in &order.payments {
                self.payments.remove(payment);
            }
        }
        self.payments
            .retain(|_: &PaymentId, p| p.order.is_some() || p.at >= before);
    }
}
