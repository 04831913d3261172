//! Orders that are delivered, come back, or are paid back (O7..O9).

use std::sync::Arc;

use super::super::draft::Draft;
use super::super::skus::reason;
use super::{Outcome, done, note, number};
use crate::domain::event::Event;
use crate::domain::id::{OrderId, SkuId};
use crate::domain::order::{Line, Order, OrderState};
use crate::domain::rejection::Rejection;
use crate::domain::sku::Kind;

impl Draft<'_> {
    /// O7. A pre-order's goods must be there: its SKU is none any more (D.4.4).
    pub(super) fn ship_order(&mut self, id: OrderId) -> Outcome {
        let order = self.order_in(id, &[OrderState::Paid, OrderState::Confirmed])?;
        self.arrived(&order)?;
        self.move_order(id, &order, OrderState::Shipped, None, "shipped");
        if self.settings.sold_at_ship {
            self.sell(id, &order, None);
        }
        done(id)
    }

    /// O8: delivered, or picked up.
    pub(super) fn finish_order(&mut self, id: OrderId) -> Outcome {
        let states = [OrderState::Shipped, OrderState::Paid, OrderState::Confirmed];
        let order = self.order_in(id, &states)?;
        if order.state != OrderState::Shipped {
            self.arrived(&order)?;
        }
        self.hand_over(id, None);
        done(id)
    }

    fn arrived(&self, order: &Order) -> Result<(), Rejection> {
        let mut open = order.lines.iter().filter(|line| line.allocated > 0);
        if open.any(|line| self.is_ahead(line)) {
            Err(Rejection::NotArrived)
        } else {
            Ok(())
        }
    }

    /// Whether the goods of a line, or of any part of it, are not there yet.
    fn is_ahead(&self, line: &Line) -> bool {
        let ahead = |sku: &SkuId| self.skus.get(sku).is_some_and(|s| s.spec.preorder);
        ahead(&line.sku) || line.parts().any(|(part, _)| ahead(part))
    }

    /// Units of an order become sold, of one kind only if it is named; with the last of them
    /// the order is finished.
    pub(super) fn hand_over(&mut self, id: OrderId, kind: Option<Kind>) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        self.sell(id, &order, kind);
        let left = self.orders.get(&id).map(|o| {
            let lines = o.lines.iter();
            lines.map(|line| line.allocated).max().unwrap_or(0)
        });
        let moved = order.state != OrderState::Finished;
        if left == Some(0) && moved && order.units() > 0 {
            self.move_order(id, &order, OrderState::Finished, None, "finished");
        }
    }

    fn sell(&mut self, id: OrderId, order: &Order, kind: Option<Kind>) {
        for (at, line) in order.lines.iter().enumerate() {
            // By itself nothing is handed over that is not there yet.
            let fits = kind.is_none_or(|kind| {
                !self.is_ahead(line) && line.parts().all(|(part, _)| self.is_kind(part, kind))
            });
            if line.allocated > 0 && fits {
                self.emit(Event::Sold {
                    order: id,
                    customer: order.customer.clone(),
                    line: number(at),
                    qty: line.allocated,
                });
            }
        }
    }

    /// O9. What is for sale again repays a shortage, then goes to who waits. Digital goods do
    /// not come back (D.4).
    pub(super) fn return_order(
        &mut self,
        id: OrderId,
        line: u32,
        qty: u32,
        restock: bool,
        why: &Arc<str>,
    ) -> Outcome {
        reason(why)?;
        let order = self.order_in(id, &[OrderState::Finished, OrderState::Shipped])?;
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        let known = order.lines.get(at).ok_or(Rejection::Invalid("line"))?;
        let digital = known
            .parts()
            .all(|(part, _)| self.is_kind(part, Kind::Digital));
        if digital {
            return Err(Rejection::Invalid("line"));
        }
        if qty == 0 || qty > known.sold.max(known.allocated) {
            return Err(Rejection::Invalid("qty"));
        }
        self.come_back(id, &order, at, qty, restock, why);
        if self.settings.return_reverses_reward {
            self.undo_reward(id, known, qty);
        }
        let Some(after) = self.orders.get(&id).cloned() else {
            return done(id);
        };
        if after.lines.iter().all(|line| line.net() == 0) {
            self.move_order(id, &after, OrderState::Returned, None, why);
        }
        self.owe_excess(id, why);
        done(id)
    }

    /// Units are here again: for sale, or written off.
    pub(super) fn come_back(
        &mut self,
        id: OrderId,
        order: &Order,
        at: usize,
        qty: u32,
        restock: bool,
        why: &Arc<str>,
    ) {
        let Some(line) = order.lines.get(at) else {
            return;
        };
        self.emit(Event::Returned {
            order: id,
            customer: order.customer.clone(),
            line: number(at),
            qty,
            restocked: restock,
            reason: Arc::clone(why),
        });
        if restock {
            let parts = self.counted_parts(line);
            self.take_back(None, &parts, qty);
        }
    }

    /// Money went back by the seller's hand.
    pub(super) fn refund_order(
        &mut self,
        id: OrderId,
        amount: u64,
        reference: &Arc<str>,
    ) -> Outcome {
        note(reference, "reference")?;
        let order = self.order(id)?;
        if amount == 0 || amount > order.refund_due {
            return Err(Rejection::Invalid("amount"));
        }
        self.give_back(id, amount, reference);
        done(id)
    }

    pub(super) fn give_back(&mut self, id: OrderId, amount: u64, reference: &str) {
        let Some(order) = self.orders.get(&id).cloned().filter(|_| amount > 0) else {
            return;
        };
        self.emit(Event::Refunded {
            order: id,
            customer: order.customer.clone(),
            amount,
            reference: reference.into(),
        });
        let settled = self.orders.get(&id).is_some_and(|o| o.refund_due == 0);
        if settled && order.state == OrderState::RefundDue {
            self.move_order(id, &order, OrderState::Refunded, None, "refunded");
        }
    }
}
