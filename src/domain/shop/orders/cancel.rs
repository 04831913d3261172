//! Orders that end before they are delivered (O3..O6, O10).

use std::sync::Arc;

use super::super::draft::Draft;
use super::super::skus::reason;
use super::{Outcome, done, points};
use crate::domain::customer::ReputationCause;
use crate::domain::event::Event;
use crate::domain::id::OrderId;
use crate::domain::order::{Order, OrderOrigin, OrderState, Secured};
use crate::domain::payment::Method;
use crate::domain::rejection::Rejection;
use crate::domain::time::Millis;

/// Why an order is off that nobody took at the door.
const REFUSED: &str = "refused at the door";

/// Whose doing a cancel is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Customer,
    Seller,
}

impl Draft<'_> {
    /// O3, and the end of a late wait. Where the gateway may still have news of a payment, it is
    /// asked first, once.
    pub(super) fn expire_order(&mut self, id: OrderId) -> Outcome {
        let order = self.order_in(id, &[OrderState::AwaitingPayment, OrderState::LateWait])?;
        if order.deadline.is_none_or(|at| self.now < at) {
            return Err(Rejection::Invalid("deadline"));
        }
        if order.state == OrderState::LateWait {
            self.give_up_late(id, &order);
            return done(id);
        }
        match self.to_ask(&order) {
            Some(until) => self.ask(id, &order, until),
            None => self.expire_now(id),
        }
        done(id)
    }

    /// Until when the gateway is asked about the order's payment.
    fn to_ask(&self, order: &Order) -> Option<Millis> {
        let active = order.active()?;
        let by_gateway = !matches!(
            active.method,
            Method::Transfer | Method::Cash | Method::Credit
        );
        let grace_ms = self.settings.payment_grace_ms;
        (by_gateway && !order.checking && grace_ms > 0).then(|| self.now.plus(grace_ms))
    }

    fn ask(&mut self, id: OrderId, order: &Order, until: Millis) {
        if let Some(payment) = order.active().map(|a| a.payment.clone()) {
            self.emit(Event::OrderChecking {
                order: id,
                customer: order.customer.clone(),
                payment,
                until,
            });
        }
    }

    /// Not paid in time: units go to who is next, and the customer pays with reputation.
    pub(super) fn expire_now(&mut self, id: OrderId) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        for (at, line) in order.lines.iter().enumerate() {
            self.let_go(id, &order, at, line.allocated, false);
        }
        self.move_order(id, &order, OrderState::Expired, None, "not paid in time");
        self.owe_excess(id, "too little");
        let lost = points(&order, |line| line.terms.unpaid);
        self.change_reputation(&order, ReputationCause::Unpaid(id), -lost);
    }

    /// O4, O5 by the customer.
    pub(super) fn cancel_own_order(&mut self, id: OrderId, lines: &[(u32, u32)]) -> Outcome {
        let order = self.own_order(id)?;
        if order.state != OrderState::AwaitingPayment {
            return Err(Rejection::OrderState(order.state));
        }
        if order.checking || order.deadline.is_some_and(|at| at <= self.now) {
            return Err(Rejection::DeadlinePassed);
        }
        self.cancel_lines(id, &order, lines, "customer", Fault::Customer)
    }

    /// O4, O5, O6 by the seller.
    pub(super) fn cancel_order(
        &mut self,
        id: OrderId,
        lines: &[(u32, u32)],
        why: &Arc<str>,
        at_customers_request: bool,
    ) -> Outcome {
        reason(why)?;
        let states = [
            OrderState::AwaitingPayment,
            OrderState::Confirmed,
            OrderState::Paid,
            OrderState::LateWait,
        ];
        let order = self.order_in(id, &states)?;
        let fault = if at_customers_request {
            Fault::Customer
        } else {
            Fault::Seller
        };
        if order.state == OrderState::LateWait {
            if !lines.is_empty() {
                return Err(Rejection::Invalid("lines"));
            }
            self.cancel_whole(id, &order, why);
            return done(id);
        }
        self.cancel_lines(id, &order, lines, why, fault)
    }

    fn cancel_lines(
        &mut self,
        id: OrderId,
        order: &Order,
        lines: &[(u32, u32)],
        why: &str,
        fault: Fault,
    ) -> Outcome {
        let taken = chosen(order, lines)?;
        let unpaid = order.state != OrderState::Paid;
        let mut lost = 0;
        for (at, qty) in taken {
            self.let_go(id, order, at, qty, true);
            let Some(line) = order.lines.get(at) else {
                continue;
            };
            lost += i64::from(qty) * i64::from(line.terms.cancel);
            if fault == Fault::Customer && !unpaid {
                self.undo_reward(id, line, qty);
            }
        }
        if self.orders.get(&id).is_some_and(|o| o.units() == 0) {
            self.move_order(id, order, OrderState::Cancelled, None, why);
        }
        if fault == Fault::Customer && unpaid && order.origin == OrderOrigin::Live {
            self.change_reputation(order, ReputationCause::OrderCancel(id), -lost);
        }
        self.owe_excess(id, why);
        // What was paid so far, even nothing, may be all that the rest costs.
        let rest = self.orders.get(&id).filter(|o| !o.state.is_void());
        if rest.is_some_and(|o| o.outstanding() == 0) {
            self.paid(id);
        }
        done(id)
    }

    /// Takes back all of an order that is not shipped, at nobody's cost.
    pub(super) fn cancel_whole(&mut self, id: OrderId, order: &Order, why: &str) {
        for (at, line) in order.lines.iter().enumerate() {
            self.let_go(id, order, at, line.allocated, true);
        }
        self.move_order(id, order, OrderState::Cancelled, None, why);
        self.owe_excess(id, why);
    }

    /// O10: it comes back from the door, unpaid.
    pub(super) fn refuse_order(&mut self, id: OrderId) -> Outcome {
        let order = self.order_in(id, &[OrderState::Shipped])?;
        if order.secured != Some(Secured::Cod) || order.outstanding() == 0 {
            return Err(Rejection::OrderState(order.state));
        }
        let lost = points(&order, |line| line.terms.unpaid);
        let sold = order.lines.iter().enumerate();
        for (at, line) in sold.filter(|(_, line)| line.sold > 0) {
            self.come_back(id, &order, at, line.sold, true, &REFUSED.into());
        }
        self.cancel_whole(id, &order, REFUSED);
        self.change_reputation(&order, ReputationCause::Unpaid(id), -lost);
        done(id)
    }
}

/// The lines to cancel and units of each: all there are, or those asked for.
fn chosen(order: &Order, lines: &[(u32, u32)]) -> Result<Vec<(usize, u32)>, Rejection> {
    if lines.is_empty() {
        let all = order.lines.iter().enumerate();
        return Ok(all
            .map(|(at, line)| (at, line.allocated))
            .filter(|(_, qty)| *qty > 0)
            .collect());
    }
    let mut chosen: Vec<(usize, u32)> = Vec::new();
    for (line, qty) in lines {
        let at = usize::try_from(*line).unwrap_or(usize::MAX);
        let known = order.lines.get(at).ok_or(Rejection::Invalid("line"))?;
        if chosen.iter().any(|(other, _)| *other == at) {
            return Err(Rejection::Invalid("line"));
        }
        if *qty == 0 || *qty > known.allocated {
            return Err(Rejection::Invalid("qty"));
        }
        chosen.push((at, *qty));
    }
    Ok(chosen)
}
