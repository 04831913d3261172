//! Payments that come too late: the order is first in line for its units, and gets its money
//! back if they do not come (O11, O12, D.5, E-20, E-21).

use super::super::draft::Draft;
use crate::domain::customer::ReputationCause;
use crate::domain::drop::{Drop, Mode};
use crate::domain::event::Event;
use crate::domain::id::{DropId, OrderId};
use crate::domain::order::{Line, Order, OrderState};

impl Draft<'_> {
    /// The money of an expired order has come. The penalty of the expiry is undone; units are
    /// looked for before the decision ends.
    pub(super) fn settle_late(&mut self, id: OrderId, order: &Order) {
        if order.kept() < order.total() {
            return self.owe(id, order, order.kept(), "late and too little");
        }
        self.owe(id, order, order.kept() - order.total(), "excess");
        let undone = -i64::from(order.penalty);
        self.change_reputation(order, ReputationCause::Undone(id), undone);
        let until = self.now.plus(self.settings.late_wait_ms);
        self.move_order(id, order, OrderState::LateWait, Some(until), "paid late");
    }

    /// Units that are free go to who has paid for them, first come first; what is not enough
    /// is kept for them until the rest comes.
    pub(in crate::domain::shop) fn serve_late_payers(&mut self) {
        let waiting: Vec<OrderId> = self.late.iter().map(|(_, id)| *id).collect();
        for id in waiting {
            let Some(order) = self.orders.get(&id).cloned() else {
                continue;
            };
            for (at, line) in order.lines.iter().enumerate() {
                self.gather(id, &order, at, line);
            }
            let missing = |o: &Order| o.lines.iter().any(|line| line.missing() > 0);
            if self.orders.get(&id).is_some_and(|o| !missing(o)) {
                self.paid(id);
            }
        }
    }

    fn gather(&mut self, id: OrderId, order: &Order, at: usize, line: &Line) {
        let missing = line.missing();
        if missing == 0 {
            return;
        }
        let drop = line.drop.filter(|drop| {
            let drop = self.drops.get(drop);
            drop.is_some_and(Drop::takes_back)
        });
        if let Some(drop) = drop {
            self.take_out(drop, missing);
        }
        let parts = self.counted_parts(line);
        let available = parts
            .iter()
            .filter_map(|(part, ratio)| Some(self.skus.get(part)?.buckets.available / ratio))
            .min();
        let room = line.parts().map(|(part, ratio)| self.room(part) / ratio);
        let qty = available
            .into_iter()
            .chain(room.min())
            .fold(missing, u32::min);
        if qty == 0 {
            return;
        }
        if let Some(drop) = drop {
            self.leave_cap(drop, qty);
        }
        self.emit(Event::Allocated {
            order: id,
            customer: order.customer.clone(),
            line: super::number(at),
            qty,
        });
    }

    /// Units set aside for the line's own drop leave it for good.
    fn take_out(&mut self, id: DropId, wanted: u32) {
        let reserved = self.drops.get(&id).map_or(0, |d| d.reserved);
        let qty = wanted.min(reserved);
        if qty > 0 {
            self.emit(Event::Unreserved { drop: id, qty });
            self.emit(Event::CapCut { drop: id, qty });
        }
    }

    /// Units taken from what a shared drop might have sold make its cap smaller.
    fn leave_cap(&mut self, id: DropId, qty: u32) {
        let Some(drop) = self.drops.get(&id) else {
            return;
        };
        if drop.mode == Mode::Carved && self.is_tracked(&drop.sku) || drop.cap.is_none() {
            return;
        }
        let qty = qty.min(drop.cap_left());
        if qty > 0 {
            self.emit(Event::CapCut { drop: id, qty });
        }
    }

    /// The wait is over: what was gathered goes to who is next, and the money goes back.
    pub(super) fn give_up_late(&mut self, id: OrderId, order: &Order) {
        for (at, line) in order.lines.iter().enumerate() {
            self.let_go(id, order, at, line.allocated, false);
        }
        self.move_order(id, order, OrderState::RefundDue, None, "no units came");
        self.owe_excess(id, "no units came");
    }
}
