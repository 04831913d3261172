//! Orders that end: in time, by anybody, at the door, with the customer, or coming back (O3..O12).

use lapak::domain::shop::Outcome;
use lapak::domain::{
    Answer, CustomerId, DropId, DropState, Method, OrderId, OrderOrigin, OrderState, PaymentStatus,
    Rejection, Secured, SkuId,
};

use super::{Line, Model, Order};

impl Model {
    pub(super) fn in_states(&self, id: OrderId, states: &[OrderState]) -> Result<Order, Rejection> {
        let o = self.order(id)?;
        if states.contains(&o.state) {
            Ok(o.clone())
        } else {
            Err(Rejection::OrderState(o.state))
        }
    }

    pub(super) fn move_to(&mut self, id: OrderId, to: OrderState, deadline: Option<u64>) {
        let now = self.now;
        let o = self.order_mut(id);
        (o.state, o.since, o.deadline, o.checking) = (to, now, deadline, false);
    }

    /// `allocated -k, rel(k)` of D.4. What repays a shortage leaves its drop.
    fn let_go(&mut self, id: OrderId, at: usize, qty: u64, cancelled: bool) {
        let line = self.order(id).expect("known").lines[at].clone();
        let whole = line
            .parts
            .iter()
            .filter(|(part, _)| self.recorded(part))
            .map(|(part, ratio)| (qty * ratio).saturating_sub(self.shortage(part)) / ratio)
            .min();
        let lost = qty - whole.unwrap_or(qty);
        let drop = line.drop.filter(|_| !line.let_go);
        let drop = drop.and_then(|drop| self.drop(drop)).cloned();
        if let Some(d) = drop.filter(|d| d.state != DropState::Settled) {
            self.drop_mut(d.id).cap = d.cap.map(|cap| cap - lost);
        }
        let line = &mut self.order_mut(id).lines[at];
        line.allocated -= qty;
        if cancelled {
            line.qty -= qty;
        }
    }

    fn let_all_go(&mut self, id: OrderId, cancelled: bool) {
        for at in 0..self.order(id).expect("known").lines.len() {
            let qty = self.order(id).expect("known").lines[at].allocated;
            self.let_go(id, at, qty, cancelled);
        }
    }

    /// O3, and the end of a late wait.
    pub(super) fn expire_order(&mut self, id: OrderId) -> Outcome {
        let o = self.in_states(id, &[OrderState::AwaitingPayment, OrderState::LateWait])?;
        if o.deadline.is_none_or(|at| self.now < at) {
            return Err(Rejection::Invalid("deadline"));
        }
        let grace = self.settings.payment_grace_ms;
        if o.state == OrderState::LateWait {
            self.let_all_go(id, false);
            self.move_to(id, OrderState::RefundDue, None);
            self.owe_all_but_price(id);
        } else if self.could_still_come(&o) && !o.checking && grace > 0 {
            let until = self.now + grace;
            let o = self.order_mut(id);
            (o.checking, o.deadline) = (true, Some(until));
        } else {
            self.expire_unpaid(id);
        }
        Ok(Answer::DoneOrder { order: id })
    }

    /// An attempt of state PENDING at a gateway.
    fn could_still_come(&self, o: &Order) -> bool {
        let active = self
            .payments
            .iter()
            .find(|p| o.active.as_ref() == Some(&p.id));
        active.is_some_and(|p| {
            let by_hand = [Method::Transfer, Method::Cash, Method::Credit].contains(&p.method);
            p.status == PaymentStatus::Pending && !by_hand
        })
    }

    pub(super) fn expire_unpaid(&mut self, id: OrderId) {
        self.let_all_go(id, false);
        self.move_to(id, OrderState::Expired, None);
        self.owe_all_but_price(id);
        self.punish_unpaid(
            id,
            self.order(id).expect("known").points(|l| l.terms.unpaid),
        );
    }

    fn punish_unpaid(&mut self, id: OrderId, nominal: u64) {
        let who = self.order(id).expect("known").customer.clone();
        let applied = self.lose(&who, nominal);
        self.order_mut(id).lost += applied;
    }

    /// O4, O5 by the customer; not once its time is over (I-7).
    pub(super) fn cancel_own(
        &mut self,
        who: &CustomerId,
        id: OrderId,
        lines: &[(u32, u32)],
    ) -> Outcome {
        let o = self.order(id)?.clone();
        if o.customer != *who {
            return Err(Rejection::NotYours);
        }
        if o.state != OrderState::AwaitingPayment {
            return Err(Rejection::OrderState(o.state));
        }
        if o.checking || o.deadline.is_some_and(|at| self.now >= at) {
            return Err(Rejection::DeadlinePassed);
        }
        self.cancel_some(&o, lines, true)
    }

    /// O4, O5, O6 by the seller.
    pub(super) fn cancel_order(
        &mut self,
        id: OrderId,
        lines: &[(u32, u32)],
        reason: &str,
        requested: bool,
    ) -> Outcome {
        use OrderState::{AwaitingPayment, Confirmed, LateWait, Paid};
        super::stock::check_reason(reason)?;
        let o = self.in_states(id, &[AwaitingPayment, Confirmed, Paid, LateWait])?;
        if o.state != LateWait {
            return self.cancel_some(&o, lines, requested);
        }
        // Reading: what waits is cancelled as a whole.
        if !lines.is_empty() {
            return Err(Rejection::Invalid("lines"));
        }
        self.cancel_all(id);
        Ok(Answer::DoneOrder { order: id })
    }

    fn cancel_some(&mut self, o: &Order, lines: &[(u32, u32)], customer: bool) -> Outcome {
        let mut units = vec![0; o.lines.len()];
        for (line, qty) in lines {
            let at = usize::try_from(*line).expect("small");
            let Some(known) = o.lines.get(at).filter(|_| units[at] == 0) else {
                return Err(Rejection::Invalid("line"));
            };
            units[at] = u64::from(*qty);
            if units[at] == 0 || units[at] > known.allocated {
                return Err(Rejection::Invalid("qty"));
            }
        }
        if lines.is_empty() {
            units = o.lines.iter().map(|l| l.allocated).collect();
        }
        let mut penalty = 0;
        let paid = o.state == OrderState::Paid;
        for (at, qty) in units.into_iter().enumerate() {
            self.let_go(o.id, at, qty, true);
            let terms = o.lines[at].terms;
            penalty += qty * u64::from(terms.cancel);
            if customer && paid {
                self.take_reward(o.id, qty * u64::from(terms.reward));
            }
        }
        let left = self.order(o.id).expect("known");
        if left.lines.iter().all(|l| l.qty == 0) {
            self.move_to(o.id, OrderState::Cancelled, None);
        }
        if customer && !paid && o.origin == OrderOrigin::Live {
            self.lose(&o.customer, penalty);
        }
        self.owe_all_but_price(o.id);
        let left = self.order(o.id).expect("known");
        if !left.is_void() && left.outstanding() == 0 {
            self.paid(o.id);
        }
        Ok(Answer::DoneOrder { order: o.id })
    }

    pub(super) fn cancel_all(&mut self, id: OrderId) {
        self.let_all_go(id, true);
        self.move_to(id, OrderState::Cancelled, None);
        self.owe_all_but_price(id);
    }

    /// O10.
    pub(super) fn refuse(&mut self, id: OrderId) -> Outcome {
        let o = self.in_states(id, &[OrderState::Shipped])?;
        if o.secured != Some(Secured::Cod) || o.outstanding() == 0 {
            return Err(Rejection::OrderState(o.state));
        }
        for line in &mut self.order_mut(id).lines {
            line.returned += line.sold;
            line.sold = 0;
        }
        self.cancel_all(id);
        self.punish_unpaid(id, o.points(|l| l.terms.unpaid));
        Ok(Answer::DoneOrder { order: id })
    }

    /// D.4.4, for a combination each part.
    fn is_ahead(&self, line: &Line) -> bool {
        let ahead = |sku: &SkuId| self.sku(sku).is_some_and(|s| s.spec.preorder);
        ahead(&line.sku) || line.parts.iter().any(|(part, _)| ahead(part))
    }

    fn arrived(&self, o: &Order) -> Result<(), Rejection> {
        let waits = |l: &Line| l.allocated > 0 && self.is_ahead(l);
        if o.lines.iter().any(waits) {
            return Err(Rejection::NotArrived);
        }
        Ok(())
    }

    /// O7.
    pub(super) fn ship(&mut self, id: OrderId) -> Outcome {
        let o = self.in_states(id, &[OrderState::Paid, OrderState::Confirmed])?;
        self.arrived(&o)?;
        self.move_to(id, OrderState::Shipped, None);
        if self.settings.sold_at_ship {
            self.sell(id, |_, _| true);
        }
        Ok(Answer::DoneOrder { order: id })
    }

    /// O8.
    pub(super) fn finish(&mut self, id: OrderId) -> Outcome {
        use OrderState::{Confirmed, Paid, Shipped};
        let o = self.in_states(id, &[Shipped, Paid, Confirmed])?;
        if o.state != Shipped {
            self.arrived(&o)?;
        }
        self.hand_over(id, false);
        Ok(Answer::DoneOrder { order: id })
    }

    fn sell(&mut self, id: OrderId, which: impl Fn(&Self, &Line) -> bool) {
        for at in 0..self.order(id).expect("known").lines.len() {
            let line = self.order(id).expect("known").lines[at].clone();
            if which(self, &line) {
                let line = &mut self.order_mut(id).lines[at];
                line.sold += line.allocated;
                line.allocated = 0;
            }
        }
    }

    fn is_digital(&self, line: &Line) -> bool {
        let digital = |sku: &SkuId| self.sku(sku).is_some_and(|s| !s.spec.physical);
        line.parts.iter().all(|(part, _)| digital(part))
    }

    pub(super) fn hand_over(&mut self, id: OrderId, only_digital: bool) {
        self.sell(id, |m, l| {
            !only_digital || (m.is_digital(l) && !m.is_ahead(l))
        });
        let o = self.order(id).expect("known");
        let nothing_left = o.lines.iter().all(|l| l.allocated == 0);
        if nothing_left && o.lines.iter().any(|l| l.qty > 0) {
            self.move_to(id, OrderState::Finished, None);
        }
    }

    /// O9.
    pub(super) fn give_in(
        &mut self,
        id: OrderId,
        line: u32,
        qty: u32,
        restock: bool,
        reason: &str,
    ) -> Outcome {
        super::stock::check_reason(reason)?;
        let o = self.in_states(id, &[OrderState::Finished, OrderState::Shipped])?;
        let (at, qty) = (usize::try_from(line).expect("small"), u64::from(qty));
        let known = o.lines.get(at).ok_or(Rejection::Invalid("line"))?.clone();
        if self.is_digital(&known) {
            return Err(Rejection::Invalid("line"));
        }
        if qty == 0 || (qty > known.sold && qty > known.allocated) {
            return Err(Rejection::Invalid("qty"));
        }
        let line = &mut self.order_mut(id).lines[at];
        if qty <= line.sold {
            line.sold -= qty;
        } else {
            line.allocated -= qty;
        }
        line.returned += qty;
        for (part, ratio) in known.parts.iter().filter(|_| !restock) {
            if self.recorded(part) {
                self.write_off(part, qty * ratio);
            }
        }
        if self.settings.return_reverses_reward {
            self.take_reward(id, qty * u64::from(known.terms.reward));
        }
        let o = self.order(id).expect("known");
        if o.lines.iter().all(|l| l.qty == l.returned) {
            self.move_to(id, OrderState::Returned, None);
        }
        self.owe_all_but_price(id);
        Ok(Answer::DoneOrder { order: id })
    }

    /// D.5: the head of the line. Reading: units out of one's own drop first, and what is not
    /// enough is kept.
    pub(super) fn serve_late(&mut self) {
        let mut late: Vec<(u64, OrderId)> = self
            .orders
            .iter()
            .filter(|o| o.state == OrderState::LateWait)
            .map(|o| (o.since, o.id))
            .collect();
        late.sort_unstable();
        for (_, id) in late {
            for at in 0..self.order(id).expect("known").lines.len() {
                self.gather(id, at);
            }
            let o = self.order(id).expect("known");
            if o.lines.iter().all(|l| l.missing() == 0) {
                self.paid(id);
            }
        }
    }

    fn gather(&mut self, id: OrderId, at: usize) {
        let line = self.order(id).expect("known").lines[at].clone();
        let missing = line.missing();
        let own = line.drop.and_then(|drop| self.drop(drop)).cloned();
        let own = own.filter(|d| d.state != DropState::Settled && missing > 0);
        if let Some(d) = &own {
            let aside = self.set_aside(d).min(missing);
            self.cut(d.id, aside);
        }
        let each = line.parts.iter().map(|(part, ratio)| {
            let room = self.room(part);
            let free = if self.recorded(part) {
                self.free(part)
            } else {
                u64::MAX
            };
            room.min(free) / ratio
        });
        let qty = each.fold(missing, u64::min);
        // I-3: what a shared drop has sold and what left it may not exceed its cap together.
        if let Some(d) = own.filter(|d| !self.is_carved(d)) {
            let left = d.cap.map_or(0, |cap| cap - self.used(d.id));
            self.cut(d.id, qty.min(left));
        }
        let line = &mut self.order_mut(id).lines[at];
        if qty > 0 {
            line.allocated += qty;
            line.let_go = true;
        }
    }

    fn cut(&mut self, drop: DropId, units: u64) {
        let d = self.drop_mut(drop);
        d.cap = d.cap.map(|cap| cap - units);
    }
}
