//! Orders, payments and money.

use super::Posting;
use crate::domain::event::Event;
use crate::domain::order::Placed;
use crate::domain::order::{Order, vat};
use crate::domain::payment::PaymentStatus;
use crate::domain::{CustomerId, OrderId};
use crate::ledger::cell::Text;
use crate::ledger::cursor::signed;
use crate::ledger::tables::{LineRow, Money, OrderRow, PaymentRow, Step};
use crate::ledger::text;

impl Posting<'_> {
    /// What an event does to orders, payments and money.
    pub(super) fn order(&mut self, event: &Event) {
        match event {
            Event::OrderPlaced(placed) => self.order_placed(placed),
            Event::OrderMoved { .. } | Event::OrderChecking { .. } => self.order_stands(event),
            Event::PaymentStarted { .. } => self.payment_started(event),
            Event::PaymentNoted { .. } => self.payment_noted(event),
            Event::Allocated {
                order, line, qty, ..
            } => self.line(*order, *line, *qty, "revived", None, |row, n| {
                row.allocated += n;
            }),
            Event::Unallocated {
                order,
                line,
                qty,
                cancelled,
                ..
            } => {
                let (word, cut) = if *cancelled {
                    ("line_cancelled", 1)
                } else {
                    ("line_released", 0)
                };
                self.line(*order, *line, *qty, word, None, |row, n| {
                    row.allocated -= n;
                    row.qty -= cut * n;
                });
            }
            Event::Sold {
                order, line, qty, ..
            } => self.line(*order, *line, *qty, "sold", None, |row, n| {
                row.allocated -= n;
                row.sold += n;
            }),
            Event::Returned {
                order,
                line,
                qty,
                restocked,
                reason,
                ..
            } => {
                let word = if *restocked {
                    "returned"
                } else {
                    "written_off"
                };
                self.line(*order, *line, *qty, word, Some(reason), |row, n| {
                    if row.sold >= n {
                        row.sold -= n;
                    } else {
                        row.allocated -= n;
                    }
                    row.returned += n;
                });
            }
            Event::RefundOwed {
                order,
                customer,
                amount,
                reason,
            } => {
                let amount = signed(*amount);
                self.money(*order, Some(customer), None, "owed", amount, Some(reason));
                self.with_order(*order, |row| row.refund_due += amount);
            }
            Event::Refunded {
                order,
                customer,
                amount,
                reference,
            } => {
                let amount = signed(*amount);
                self.money(
                    *order,
                    Some(customer),
                    None,
                    "refunded",
                    amount,
                    Some(reference),
                );
                self.with_order(*order, |row| {
                    row.refund_due -= amount;
                    row.refunded += amount;
                });
            }
            _ => {}
        }
    }

    /// An order as the decision left it. Its money is compared with what was posted of it by a
    /// view, so this hides nothing.
    pub(super) fn order_left(&mut self, order: OrderId, left: &Order) {
        let state = self.text(left.state.as_str());
        self.with_order(order, |row| {
            row.state = state;
            row.since_ms = signed(left.since.0);
            row.deadline_ms = left.deadline.map(|at| signed(at.0));
            row.captured = signed(left.captured);
            row.refund_due = signed(left.refund_due);
            row.refunded = signed(left.refunded);
        });
    }

    fn with_order(&mut self, order: OrderId, change: impl FnOnce(&mut OrderRow)) {
        let key = self.key(order);
        if let Some(row) = self.state.orders.change(&key) {
            change(row);
        }
    }

    fn order_placed(&mut self, placed: &Placed) {
        let goods: u64 = placed
            .lines
            .iter()
            .map(|line| line.price.saturating_mul(u64::from(line.qty)))
            .fold(0, u64::saturating_add);
        let total = signed(goods.saturating_add(vat(goods, placed.vat_bp)));
        let key = self.key(placed.order);
        let row = OrderRow {
            shop: self.shop.clone(),
            order_id: key.1.clone(),
            customer: placed.customer.shared(),
            origin: self.text(text::order_origin(placed.origin)),
            currency: placed.currency.clone(),
            vat_bp: i64::from(placed.vat_bp),
            placed_ms: self.at_ms(),
            state: self.text("awaiting_payment"),
            since_ms: self.at_ms(),
            deadline_ms: Some(signed(placed.deadline.0)),
            secured: None,
            reason: self.text("placed"),
            placed_total: total,
            captured: 0,
            refund_due: 0,
            refunded: 0,
        };
        let lines = placed.lines.iter().zip(0..).map(|(line, n)| LineRow {
            shop: self.shop.clone(),
            order_id: row.order_id.clone(),
            line: n,
            sku: line.sku.shared(),
            components: text::components(&line.components).into(),
            booking: line.booking.map(|id| self.text(id)),
            drop_id: line.drop.map(|id| self.text(id)),
            price: signed(line.price),
            ordered: i64::from(line.qty),
            qty: i64::from(line.qty),
            allocated: i64::from(line.qty),
            sold: 0,
            returned: 0,
        });
        let lines = lines.collect();
        let step = Step {
            customer: Some(row.customer.clone()),
            order_id: Some(row.order_id.clone()),
            amount: Some(total),
            state: Some(row.state.clone()),
            ..self.step("placed")
        };
        self.state.lines.put(key.clone(), lines);
        self.state.orders.put(key, row);
        self.out.steps.push(step);
    }

    fn order_stands(&mut self, event: &Event) {
        let at = self.at_ms();
        match event {
            Event::OrderMoved {
                order,
                customer,
                to,
                deadline,
                secured,
                reason,
            } => {
                let state = self.text(to.as_str());
                let secured = secured.map(|word| self.text(text::secured(word)));
                self.with_order(*order, |row| {
                    row.state = state.clone();
                    row.since_ms = at;
                    row.deadline_ms = deadline.map(|at| signed(at.0));
                    row.secured = secured;
                    row.reason = reason.clone();
                });
                let step = Step {
                    customer: Some(customer.shared()),
                    order_id: Some(self.text(*order)),
                    state: Some(state),
                    reason: Some(reason.clone()),
                    ..self.step("moved")
                };
                self.out.steps.push(step);
            }
            Event::OrderChecking {
                order,
                customer,
                payment,
                until,
            } => {
                self.with_order(*order, |row| row.deadline_ms = Some(signed(until.0)));
                let step = Step {
                    customer: Some(customer.shared()),
                    order_id: Some(self.text(*order)),
                    reason: Some(payment.shared()),
                    ..self.step("checking")
                };
                self.out.steps.push(step);
            }
            _ => {}
        }
    }

    fn payment_started(&mut self, event: &Event) {
        let Event::PaymentStarted {
            order,
            customer,
            payment,
            method,
            amount,
            expires_at,
            deadline,
            ..
        } = event
        else {
            return;
        };
        let key = self.key(*order);
        let currency = self.state.orders.get(&key).map(|row| row.currency.clone());
        let row = PaymentRow {
            shop: self.shop.clone(),
            payment: payment.shared(),
            order_id: Some(key.1.clone()),
            named: key.1,
            method: self.text(method.as_str()),
            status: self.text(PaymentStatus::Pending.as_str()),
            amount: signed(*amount),
            currency: currency.unwrap_or_default(),
            captured: 0,
            first_ms: self.at_ms(),
            last_ms: self.at_ms(),
            expires_ms: expires_at.map(|at| signed(at.0)),
        };
        let step = Step {
            customer: Some(customer.shared()),
            order_id: row.order_id.clone(),
            amount: Some(row.amount),
            state: Some(row.status.clone()),
            reason: Some(row.payment.clone()),
            ..self.step("payment_started")
        };
        self.with_order(*order, |row| row.deadline_ms = Some(signed(deadline.0)));
        let key = self.key(payment);
        self.state.payments.put(key, row);
        self.out.steps.push(step);
    }

    fn payment_noted(&mut self, event: &Event) {
        let Event::PaymentNoted {
            payment,
            order,
            customer,
            named,
            status,
            amount,
            currency,
            method,
            expires_at,
            captured,
            deadline,
        } = event
        else {
            return;
        };
        let (key, at) = (self.key(payment), self.at_ms());
        let (amount, captured) = (signed(*amount), signed(*captured));
        if self.state.payments.get(&key).is_none() {
            let row = PaymentRow {
                shop: self.shop.clone(),
                payment: payment.shared(),
                order_id: None,
                named: named.clone(),
                method: self.text(method.as_str()),
                status: self.text(status.as_str()),
                amount,
                currency: currency.clone(),
                captured: 0,
                first_ms: at,
                last_ms: at,
                expires_ms: None,
            };
            self.state.payments.put(key.clone(), row);
        }
        let status = self.text(status.as_str());
        let order_id = order.map(|id| self.text(id));
        if let Some(row) = self.state.payments.change(&key) {
            row.status = status.clone();
            row.order_id.clone_from(&order_id);
            row.expires_ms = expires_at.map(|at| signed(at.0)).or(row.expires_ms);
            row.captured += captured;
            row.last_ms = at;
            if captured > 0 {
                row.amount = amount;
            }
        }
        let step = Step {
            customer: customer.as_ref().map(CustomerId::shared),
            order_id,
            amount: Some(amount),
            state: Some(status),
            reason: Some(payment.shared()),
            ..self.step("payment")
        };
        self.out.steps.push(step);
        let Some(order) = *order else { return };
        if captured > 0 {
            let id = payment.shared();
            self.money(
                order,
                customer.as_ref(),
                Some(id),
                "captured",
                captured,
                None,
            );
        }
        self.with_order(order, |row| {
            row.captured += captured;
            row.deadline_ms = deadline.map(|at| signed(at.0)).or(row.deadline_ms);
        });
    }

    fn money(
        &mut self,
        order: OrderId,
        customer: Option<&CustomerId>,
        payment: Option<Text>,
        kind: &'static str,
        amount: i64,
        note: Option<&Text>,
    ) {
        let (partition, epoch, seq) = self.place();
        let row = Money {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            order_id: self.text(order),
            customer: customer.map(CustomerId::shared),
            payment,
            kind: self.text(kind),
            amount,
            note: note.cloned(),
        };
        self.out.money.push(row);
    }

    fn line(
        &mut self,
        order: OrderId,
        line: u32,
        qty: u32,
        what: &'static str,
        reason: Option<&Text>,
        change: impl FnOnce(&mut LineRow, i64),
    ) {
        let (key, qty) = (self.key(order), i64::from(qty));
        let lines = self.state.lines.change(&key);
        if let Some(row) = lines.and_then(|lines| lines.get_mut(usize::try_from(line).ok()?)) {
            change(row, qty);
        }
        let customer = self.state.orders.get(&key).map(|row| row.customer.clone());
        let step = Step {
            customer,
            order_id: Some(key.1),
            line: Some(i64::from(line)),
            qty: Some(qty),
            reason: reason.cloned(),
            ..self.step(what)
        };
        self.out.steps.push(step);
    }
}
