//! What must hold of orders, checkouts and payments.

use std::collections::{BTreeMap, BTreeSet};

use super::{Due, Shop, Violation};
use crate::domain::id::OrderId;
use crate::domain::order::{Order, OrderState};
use crate::domain::payment::PaymentStatus;
use crate::domain::sku::Kind;

impl Shop {
    pub(super) fn check_orders(&self, found: &mut Vec<Violation>) {
        for (id, order) in &self.orders {
            for (invariant, what) in units_faults(order)
                .into_iter()
                .chain(self.money_faults(*id, order))
                .chain(reputation_faults(order))
            {
                found.push(Violation {
                    invariant,
                    found: format!("order {id}, {}: {what}", order.state.as_str()),
                });
            }
            if order.state == OrderState::LateWait && self.could_be_served(order) {
                found.push(Violation {
                    invariant: "I-10",
                    found: format!("order {id} is paid and waits for units that are there"),
                });
            }
        }
        for what in self.order_index_faults() {
            found.push(Violation {
                invariant: "I-4",
                found: what,
            });
        }
        for what in self.order_due_faults() {
            found.push(Violation {
                invariant: "I-20",
                found: what,
            });
        }
    }

    /// I-15: what came in is what was told to have come in, and no more is owed back than that.
    fn money_faults(&self, id: OrderId, order: &Order) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        let settled = |p: &&crate::domain::Payment| {
            p.order == Some(id) && p.status.rank() >= PaymentStatus::Settled.rank()
        };
        let known = order.payments.iter().filter_map(|p| self.payments.get(p));
        let came: u64 = known.filter(settled).map(|p| p.amount).sum();
        if came != order.captured {
            faults.push(("I-15", format!("captured {}, told {came}", order.captured)));
        }
        let back = order.refunded + order.refund_due;
        if back > order.captured {
            faults.push(("I-15", format!("{back} back of {}", order.captured)));
        }
        let price = if order.state.is_void() {
            0
        } else {
            order.total()
        };
        if order.kept() > price {
            faults.push(("I-15", format!("keeps {} of {price}", order.kept())));
        }
        // A gateway may give back what nobody has asked for: the order stands, and keeps less.
        let needs_all = matches!(order.state, OrderState::Paid | OrderState::LateWait);
        if needs_all && order.kept() + order.refunded < price {
            faults.push(("I-15", format!("paid {} of {price}", order.kept())));
        }
        if order.state == OrderState::RefundDue && order.refund_due == 0 {
            faults.push(("I-15", "owes nothing".into()));
        }
        faults
    }

    fn could_be_served(&self, order: &Order) -> bool {
        order.lines.iter().any(|line| {
            let stock = line.parts().filter_map(|(part, ratio)| {
                let sku = self.skus.get(part)?;
                let counted = sku.spec.kind() == Kind::Tracked;
                counted.then(|| sku.buckets.available / ratio)
            });
            line.missing() > 0 && stock.min().is_some_and(|units| units > 0)
        })
    }

    fn order_index_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let orders = || self.orders.iter();
        let open: BTreeSet<_> = orders()
            .filter(|(_, o)| !o.is_over())
            .map(|(id, _)| *id)
            .collect();
        let over: BTreeSet<_> = orders()
            .filter(|(_, o)| o.is_over())
            .map(|(id, o)| (o.since, *id))
            .collect();
        let late: BTreeSet<_> = orders()
            .filter(|(_, o)| o.state == OrderState::LateWait)
            .map(|(id, o)| (o.since, *id))
            .collect();
        let mut by_state: BTreeMap<OrderState, u32> = BTreeMap::new();
        for (_, order) in orders() {
            *by_state.entry(order.state).or_default() += 1;
        }
        if open != self.open_orders || over != self.orders_by_age || late != self.late {
            faults.push("the indexes of open, late and past orders are wrong".into());
        }
        let owing = orders().filter(|(_, o)| o.refund_due > 0).count();
        if by_state != self.orders_by_state || owing != usize::try_from(self.owing).unwrap_or(0) {
            faults.push("the counts of orders by state are wrong".into());
        }
        for (id, order) in orders() {
            let customer = self.customers.get(&order.customer);
            if !customer.is_some_and(|c| c.orders.contains(id)) {
                faults.push(format!("order {id} is not known of its customer"));
            }
        }
        let known: usize = self.customers.values().map(|c| c.orders.len()).sum();
        if known != self.orders.len() {
            faults.push(format!(
                "customers know {known} orders of {}",
                self.orders.len()
            ));
        }
        for (id, checkout) in &self.checkouts {
            let customer = self.customers.get(&checkout.customer);
            let current = customer.and_then(|c| c.checkout) == Some(*id);
            if current == checkout.left {
                faults.push(format!("checkout {id} is known wrongly of its customer"));
            }
        }
        faults
    }

    fn order_due_faults(&self) -> Vec<String> {
        let is: BTreeSet<_> = self
            .due
            .iter()
            .filter(|(_, due)| matches!(due, Due::Order(_) | Due::Leaves(_)))
            .copied()
            .collect();
        let orders = self.orders.iter();
        let orders = orders.filter_map(|(id, o)| Some((o.deadline?, Due::Order(*id))));
        let open = self.checkouts.iter().filter(|(_, c)| !c.left);
        let leaves = open.map(|(id, c)| (c.ends_at, Due::Leaves(*id)));
        let wanted: BTreeSet<_> = orders.chain(leaves).collect();
        if is == wanted {
            Vec::new()
        } else {
            vec!["orders or checkouts are due wrongly".into()]
        }
    }
}

/// I-6: each unit of a line is in one place, and where the order's state says.
fn units_faults(order: &Order) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    for line in &order.lines {
        let placed = u64::from(line.allocated) + u64::from(line.sold) + u64::from(line.returned);
        if line.qty > line.ordered || placed > u64::from(line.qty) {
            faults.push(("I-6", format!("{placed} units of {} placed", line.qty)));
        }
        let whole = matches!(
            order.state,
            OrderState::AwaitingPayment
                | OrderState::Confirmed
                | OrderState::Paid
                | OrderState::Shipped
                | OrderState::Finished
                | OrderState::Returned
        );
        if whole && placed != u64::from(line.qty) {
            faults.push(("I-6", format!("{placed} units of {} are there", line.qty)));
        }
        let empty = order.state.is_void() || order.state == OrderState::Finished;
        if empty && line.allocated > 0 {
            faults.push((
                "I-6",
                format!("{} units are still allocated", line.allocated),
            ));
        }
    }
    faults
}

/// I-8: rewarded once, and never more taken back than was given.
fn reputation_faults(order: &Order) -> Vec<(&'static str, String)> {
    let fair = order.reward >= 0 && order.penalty <= 0 && (order.rewarded || order.reward == 0);
    let what = || format!("reward {}, penalty {}", order.reward, order.penalty);
    (!fair).then(|| ("I-8", what())).into_iter().collect()
}
