//! Orders: what their commands come to, and the steps that several of them share (D.3).

mod cancel;
mod checkout;
mod fulfil;
mod late;
mod pay;

use std::sync::Arc;

use super::Outcome;
use super::draft::Draft;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::customer::{ReputationCause, clamp};
use crate::domain::event::Event;
use crate::domain::id::{OrderId, SkuId};
use crate::domain::order::{Line, Order, OrderOrigin, OrderState};
use crate::domain::rejection::Rejection;
use crate::domain::sku::Kind;
use crate::domain::time::Millis;

impl Draft<'_> {
    /// Hands a command about checkouts, orders and payments to its rule.
    pub(super) fn run_order(&mut self, command: &Command) -> Outcome {
        match command {
            Command::StartCheckout { checkout, bookings } => {
                self.start_checkout(*checkout, bookings)
            }
            Command::LeaveCheckout { checkout } => self.leave_checkout(*checkout),
            Command::PlaceOrder { checkout } => self.place_order(*checkout),
            Command::TakeOrder(spec) => self.take_order(spec),
            Command::StartPayment {
                order,
                payment,
                method,
                expires_at,
                by,
            } => self.start_payment(*order, payment, *method, *expires_at, by.as_ref()),
            Command::NotePayment(note) => self.note_payment(note),
            Command::ReceivePayment {
                order,
                payment,
                amount,
                method,
                reference,
            } => self.receive_payment(*order, payment, *amount, *method, reference),
            Command::ConfirmOrder { order, secured } => self.confirm_order(*order, *secured),
            Command::CancelOwnOrder { order, lines } => self.cancel_own_order(*order, lines),
            Command::CancelOrder {
                order,
                lines,
                reason,
                at_customers_request,
            } => self.cancel_order(*order, lines, reason, *at_customers_request),
            Command::ShipOrder { order } => self.ship_order(*order),
            Command::FinishOrder { order } => self.finish_order(*order),
            Command::RefuseOrder { order } => self.refuse_order(*order),
            Command::ReturnOrder {
                order,
                line,
                qty,
                restock,
                reason,
            } => self.return_order(*order, *line, *qty, *restock, reason),
            Command::RefundOrder {
                order,
                amount,
                reference,
            } => self.refund_order(*order, *amount, reference),
            Command::ExpireOrder { order } => self.expire_order(*order),
            // Rules of their own; each is named, so that a new command has to be put somewhere.
            Command::Book { .. }
            | Command::Cancel { .. }
            | Command::Leave { .. }
            | Command::CancelBooking { .. }
            | Command::OpenDrop(_)
            | Command::ChangeDrop { .. }
            | Command::PauseDrop { .. }
            | Command::ResumeDrop { .. }
            | Command::CloseDrop { .. }
            | Command::PinDrop { .. }
            | Command::ExtendDrop { .. }
            | Command::AddStock { .. }
            | Command::SetStock { .. }
            | Command::PutSku { .. }
            | Command::ActivateSkus { .. }
            | Command::RestrictCustomer { .. }
            | Command::GroupCustomer { .. }
            | Command::AdjustReputation { .. }
            | Command::ChangeSettings(_)
            | Command::PutLive { .. }
            | Command::EndLive { .. }
            | Command::SeeCustomer { .. }
            | Command::Expire { .. }
            | Command::StartDrop { .. }
            | Command::EndDrop { .. }
            | Command::SettleDrop { .. }
            | Command::Forget { .. } => Err(Rejection::Invalid("field")),
        }
    }

    /// An order of the shop, where it stands now.
    fn order(&self, id: OrderId) -> Result<Order, Rejection> {
        self.orders.get(&id).cloned().ok_or(Rejection::NotYours)
    }

    /// An order of the caller.
    fn own_order(&self, id: OrderId) -> Result<Order, Rejection> {
        let order = self.order(id)?;
        if order.customer == self.by.name {
            Ok(order)
        } else {
            Err(Rejection::NotYours)
        }
    }

    /// An order that stands in one of some states.
    fn order_in(&self, id: OrderId, states: &[OrderState]) -> Result<Order, Rejection> {
        let order = self.order(id)?;
        if states.contains(&order.state) {
            Ok(order)
        } else {
            Err(Rejection::OrderState(order.state))
        }
    }

    fn move_order(
        &mut self,
        id: OrderId,
        order: &Order,
        to: OrderState,
        deadline: Option<Millis>,
        reason: &str,
    ) {
        self.emit(Event::OrderMoved {
            order: id,
            customer: order.customer.clone(),
            to,
            deadline,
            secured: order.secured,
            reason: reason.into(),
        });
    }

    /// Lets units of a line go, to whoever is next (D.4).
    fn let_go(&mut self, id: OrderId, order: &Order, at: usize, qty: u32, cancelled: bool) {
        let Some(line) = order.lines.get(at).filter(|_| qty > 0) else {
            return;
        };
        self.emit(Event::Unallocated {
            order: id,
            customer: order.customer.clone(),
            line: number(at),
            qty,
            cancelled,
        });
        let parts = self.counted_parts(line);
        self.take_back(line.counts_in(), &parts, qty);
    }

    /// The parts of a line whose units are counted now.
    fn counted_parts(&self, line: &Line) -> Vec<(SkuId, u32)> {
        line.parts()
            .filter(|(part, _)| self.is_kind(part, Kind::Tracked))
            .map(|(part, ratio)| (part.clone(), ratio))
            .collect()
    }

    fn is_kind(&self, sku: &SkuId, kind: Kind) -> bool {
        self.skus.get(sku).is_some_and(|s| s.own_kind() == kind)
    }

    /// Moves the reputation of an order's customer by a nominal amount, clamped (R-BOOK-8).
    fn change_reputation(&mut self, order: &Order, cause: ReputationCause, nominal: i64) {
        let nominal =
            i32::try_from(nominal).unwrap_or(if nominal < 0 { i32::MIN } else { i32::MAX });
        if nominal == 0 {
            return;
        }
        let (after, applied) = clamp(self.reputation(&order.customer), nominal);
        self.emit(Event::ReputationChanged {
            customer: order.customer.clone(),
            cause,
            booking: None,
            nominal,
            applied,
            after,
            reason: None,
        });
    }

    /// Takes back the reward of some units, as far as it was really given (R-BOOK-9).
    fn undo_reward(&mut self, id: OrderId, line: &Line, qty: u32) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        let nominal = (i64::from(qty) * i64::from(line.terms.reward)).min(i64::from(order.reward));
        self.change_reputation(&order, ReputationCause::Undone(id), -nominal);
    }

    /// What is kept of an order's money beyond its price is owed back.
    fn owe_excess(&mut self, id: OrderId, reason: &str) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        let price = if order.state.is_void() {
            0
        } else {
            order.total()
        };
        self.owe(id, &order, order.kept().saturating_sub(price), reason);
    }

    fn owe(&mut self, id: OrderId, order: &Order, amount: u64, reason: &str) {
        if amount > 0 {
            self.emit(Event::RefundOwed {
                order: id,
                customer: order.customer.clone(),
                amount,
                reason: reason.into(),
            });
        }
    }
}

/// Reputation that the units of a live order come to, at a number of points a unit: those that
/// were neither cancelled nor returned.
fn points(order: &Order, each: impl Fn(&Line) -> u8) -> i64 {
    if order.origin != OrderOrigin::Live {
        return 0;
    }
    let lines = order.lines.iter();
    lines
        .map(|line| i64::from(line.net()) * i64::from(each(line)))
        .sum()
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[expect(clippy::unnecessary_wraps, reason = "every rule has an outcome")]
fn done(order: OrderId) -> Outcome {
    Ok(Answer::DoneOrder { order })
}

/// A note that a person gave: not endless.
fn note(text: &Arc<str>, field: &'static str) -> Result<(), Rejection> {
    if text.len() > super::skus::TEXT_MAX {
        Err(Rejection::Invalid(field))
    } else {
        Ok(())
    }
}
