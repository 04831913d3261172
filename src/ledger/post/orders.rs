//! Orders, payments and money.

use super::Posting;
use crate::domain::event::Event;
use crate::domain::order::Placed;
use crate::domain::order::{Order, vat};
use crate::domain::payment::PaymentStatus;
use crate::domain::{CustomerId, OrderId};
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
        self.with_order(order, |row| {
            left.state.as_str().clone_into(&mut row.state);
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
        let row = OrderRow {
            shop: self.shop.clone(),
            order_id: placed.order.to_string(),
            customer: placed.customer.to_string(),
            origin: text::order_origin(placed.origin).to_owned(),
            currency: placed.currency.to_string(),
            vat_bp: i64::from(placed.vat_bp),
            placed_ms: self.at_ms(),
            state: "awaiting_payment".to_owned(),
            since_ms: self.at_ms(),
            deadline_ms: Some(signed(placed.deadline.0)),
            secured: None,
            reason: "placed".to_owned(),
            placed_total: total,
            captured: 0,
            refund_due: 0,
            refunded: 0,
        };
        let lines = placed.lines.iter().zip(0..).map(|(line, n)| LineRow {
            shop: self.shop.clone(),
            order_id: row.order_id.clone(),
            line: n,
            sku: line.sku.to_string(),
            components: text::components(&line.components),
            booking: line.booking.map(|id| id.to_string()),
            drop_id: line.drop.map(|id| id.to_string()),
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
        let key = self.key(placed.order);
        self.state.put_lines(key.clone(), lines);
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
                self.with_order(*order, |row| {
                    to.as_str().clone_into(&mut row.state);
                    row.since_ms = at;
                    row.deadline_ms = deadline.map(|at| signed(at.0));
                    row.secured = secured.map(|word| text::secured(word).to_owned());
                    row.reason = reason.to_string();
                });
                let step = Step {
                    customer: Some(customer.to_string()),
                    order_id: Some(order.to_string()),
                    state: Some(to.as_str().to_owned()),
                    reason: Some(reason.to_string()),
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
                    customer: Some(customer.to_string()),
                    order_id: Some(order.to_string()),
                    reason: Some(payment.to_string()),
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
        let key = self.key(order);
        let currency = self.state.orders.get(&key).map(|row| row.currency.clone());
        let row = PaymentRow {
            shop: self.shop.clone(),
            payment: payment.to_string(),
            order_id: Some(order.to_string()),
            named: order.to_string(),
            method: method.as_str().to_owned(),
            status: PaymentStatus::Pending.as_str().to_owned(),
            amount: signed(*amount),
            currency: currency.unwrap_or_default(),
            captured: 0,
            first_ms: self.at_ms(),
            last_ms: self.at_ms(),
            expires_ms: expires_at.map(|at| signed(at.0)),
        };
        let step = Step {
            customer: Some(customer.to_string()),
            order_id: Some(order.to_string()),
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
                payment: payment.to_string(),
                order_id: None,
                named: named.to_string(),
                method: method.as_str().to_owned(),
                status: status.as_str().to_owned(),
                amount,
                currency: currency.to_string(),
                captured: 0,
                first_ms: at,
                last_ms: at,
                expires_ms: None,
            };
            self.state.payments.put(key.clone(), row);
        }
        if let Some(row) = self.state.payments.change(&key) {
            status.as_str().clone_into(&mut row.status);
            row.order_id = order.map(|id| id.to_string());
            row.expires_ms = expires_at.map(|at| signed(at.0)).or(row.expires_ms);
            row.captured += captured;
            row.last_ms = at;
            if captured > 0 {
                row.amount = amount;
            }
        }
        let step = Step {
            customer: customer.as_ref().map(ToString::to_string),
            order_id: order.map(|id| id.to_string()),
            amount: Some(amount),
            state: Some(status.as_str().to_owned()),
            reason: Some(payment.to_string()),
            ..self.step("payment")
        };
        self.out.steps.push(step);
        let Some(order) = *order else { return };
        if captured > 0 {
            let id = payment.to_string();
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
        payment: Option<String>,
        kind: &str,
        amount: i64,
        note: Option<&str>,
    ) {
        let (partition, epoch, seq) = self.place();
        let row = Money {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            order_id: order.to_string(),
            customer: customer.map(ToString::to_string),
            payment,
            kind: kind.to_owned(),
            amount,
            note: note.map(str::to_owned),
        };
        self.out.money.push(row);
    }

    fn line(
        &mut self,
        order: OrderId,
        line: u32,
        qty: u32,
        what: &str,
        reason: Option<&str>,
        change: impl FnOnce(&mut LineRow, i64),
    ) {
        let (key, qty) = (self.key(order), i64::from(qty));
        let lines = self.state.change_lines(&key);
        if let Some(row) = lines.and_then(|lines| lines.get_mut(usize::try_from(line).ok()?)) {
            change(row, qty);
        }
        let customer = self.state.orders.get(&key).map(|row| row.customer.clone());
        let step = Step {
            customer,
            order_id: Some(order.to_string()),
            line: Some(i64::from(line)),
            qty: Some(qty),
            reason: reason.map(str::to_owned),
            ..self.step(what)
        };
        self.out.steps.push(step);
    }
}
