//! Money: attempts, what gateways tell of them, and what stands for it (O2, D.5, D.6).

use std::sync::Arc;

use super::super::draft::Draft;
use super::{Outcome, done, note, points};
use crate::domain::answer::{Answer, PaymentBegun};
use crate::domain::customer::ReputationCause;
use crate::domain::event::Event;
use crate::domain::id::{OrderId, PaymentId};
use crate::domain::order::{MONEY_MAX, Order, OrderState, PayBy, Secured};
use crate::domain::payment::{Method, PaymentNote, PaymentStatus};
use crate::domain::rejection::Rejection;
use crate::domain::sku::Kind;
use crate::domain::time::Millis;

/// Most payments that a customer may start for one order.
const ATTEMPTS_MAX: usize = 20;
/// The longest text of a QR code or address of a gateway's page, in bytes.
const PAY_BY_MAX: usize = 1_024;
/// The longest name a gateway may give an order, in bytes.
const NAMED_MAX: usize = 128;

impl Draft<'_> {
    pub(super) fn start_payment(
        &mut self,
        id: OrderId,
        payment: &PaymentId,
        method: Method,
        expires_at: Option<Millis>,
        by: Option<&PayBy>,
    ) -> Outcome {
        if by.is_some_and(|by| by.text().len() > PAY_BY_MAX) {
            return Err(Rejection::Invalid("payment"));
        }
        let order = self.own_order(id)?;
        let deadline = self.governs(&order, method, expires_at);
        let payable = order.state == OrderState::AwaitingPayment && !order.checking;
        if !payable || deadline <= self.now || order.payments.len() >= ATTEMPTS_MAX {
            return Err(Rejection::OrderNotPayable(order.state));
        }
        if self.payments.contains_key(payment) {
            return Err(Rejection::Invalid("payment"));
        }
        if method == Method::Cash {
            self.cod_allowed(&order)?;
        }
        let amount = order.outstanding();
        self.begin(id, &order, payment, method, amount, expires_at, by);
        Ok(Answer::Paying(Arc::new(PaymentBegun {
            order: id,
            payment: payment.clone(),
            method,
            amount,
            currency: order.currency,
            expires_at,
            by: by.cloned(),
            deadline,
        })))
    }

    /// The time that ends an order while it is paid this way (R-ORD-6, AMB-ORD-a, AMB-ORD-b).
    fn governs(&self, order: &Order, method: Method, expires_at: Option<Millis>) -> Millis {
        match expires_at.filter(|_| method == Method::Qris) {
            Some(at) => at.min(order.placed_at.plus(self.settings.qris_max_hold_ms)),
            None => order.placed_at.plus(order.expire_ms),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of one event")]
    fn begin(
        &mut self,
        id: OrderId,
        order: &Order,
        payment: &PaymentId,
        method: Method,
        amount: u64,
        expires_at: Option<Millis>,
        by: Option<&PayBy>,
    ) {
        let deadline = self.governs(order, method, expires_at);
        self.emit(Event::PaymentStarted {
            order: id,
            customer: order.customer.clone(),
            payment: payment.clone(),
            method,
            amount,
            expires_at,
            by: by.cloned(),
            deadline,
        });
    }

    fn cod_allowed(&self, order: &Order) -> Result<(), Rejection> {
        let needed = self.settings.cod_min_reputation;
        let reputation = self.reputation(&order.customer);
        if reputation < needed {
            return Err(Rejection::ReputationLow { reputation, needed });
        }
        Ok(())
    }

    /// R-ORD-9: the order does not expire any more; the reward waits for the money.
    pub(super) fn confirm_order(&mut self, id: OrderId, secured: Secured) -> Outcome {
        let mut order = self.order_in(id, &[OrderState::AwaitingPayment])?;
        if secured == Secured::Cod {
            self.cod_allowed(&order)?;
        }
        order.secured = Some(secured);
        let word = match secured {
            Secured::Cod => "cod",
            Secured::Credit => "credit",
        };
        self.move_order(id, &order, OrderState::Confirmed, None, word);
        done(id)
    }

    /// The seller has seen the money: as good as a gateway's word.
    pub(super) fn receive_payment(
        &mut self,
        id: OrderId,
        payment: &PaymentId,
        amount: u64,
        method: Method,
        reference: &Arc<str>,
    ) -> Outcome {
        note(reference, "reference")?;
        let order = self.order(id)?;
        if amount == 0 || amount > MONEY_MAX {
            return Err(Rejection::Invalid("amount"));
        }
        if self.payments.contains_key(payment) {
            return Err(Rejection::Invalid("payment"));
        }
        // Of an expired order nothing is outstanding; its money is late (O11, O12).
        if order.outstanding() == 0 && order.state != OrderState::Expired {
            return Err(Rejection::OrderNotPayable(order.state));
        }
        let note = PaymentNote {
            payment: payment.clone(),
            named: id.to_string().into(),
            status: PaymentStatus::Settled,
            amount,
            currency: order.currency.clone(),
            method,
            expires_at: None,
        };
        self.hear(Some(id), &note);
        done(id)
    }

    /// D.5. A lower or equal rank changes nothing (D.6); what names no order of ours, or another
    /// currency, is kept and shown (S-20): beside a payment of that id, not over it.
    pub(super) fn note_payment(&mut self, note: &PaymentNote) -> Outcome {
        if note.amount > MONEY_MAX {
            return Err(Rejection::Invalid("amount"));
        }
        if note.named.len() > NAMED_MAX || note.currency.len() != 3 {
            return Err(Rejection::Invalid("payment"));
        }
        let mut note = note.clone();
        let known = self.payments.get(&note.payment);
        if known.is_some_and(|p| p.currency != note.currency) {
            let Ok(apart) = PaymentId::new(&format!("{}:{}", note.payment, note.currency)) else {
                return Ok(Answer::Done { drop: None });
            };
            note.payment = apart;
        }
        let known = self.payments.get(&note.payment);
        if known.is_some_and(|p| p.status.rank() >= note.status.rank()) {
            return Ok(Answer::Done { drop: None });
        }
        let ours = known.and_then(|p| p.order);
        if let Some(started) = known.filter(|p| p.order.is_some()) {
            note.method = started.method;
        }
        let order = ours.or_else(|| note.named.parse().ok());
        let order = order.filter(|id| {
            let order = self.orders.get(id);
            order.is_some_and(|o| o.currency == note.currency)
        });
        self.hear(order, &note);
        Ok(Answer::Done { drop: None })
    }

    /// Payments that were told of before their order was known.
    pub(super) fn match_parked(&mut self, id: OrderId) {
        let Some(currency) = self.orders.get(&id).map(|o| o.currency.clone()) else {
            return;
        };
        let names = |named: &str| named.parse() == Ok(id);
        let parked: Vec<PaymentNote> = self
            .payments
            .iter()
            .filter(|(_, p)| p.order.is_none() && names(&p.named) && p.currency == currency)
            .map(|(payment, p)| PaymentNote {
                payment: payment.clone(),
                named: p.named.clone(),
                status: p.status,
                amount: p.amount,
                currency: p.currency.clone(),
                method: p.method,
                expires_at: p.expires_at,
            })
            .collect();
        for note in parked {
            self.hear(Some(id), &note);
        }
    }

    fn hear(&mut self, order: Option<OrderId>, note: &PaymentNote) {
        let Some((id, order)) = order.and_then(|id| Some((id, self.orders.get(&id)?.clone())))
        else {
            return self.noted(None, note, 0, None);
        };
        // What was parked is heard of only now.
        let heard = self.payments.get(&note.payment);
        let heard = heard.filter(|p| p.order.is_some()).map(|p| p.status);
        match note.status {
            PaymentStatus::Pending => self.hear_pending(id, &order, note),
            PaymentStatus::Failed | PaymentStatus::Expired => self.hear_failed(id, &order, note),
            PaymentStatus::Settled => self.settle_payment(id, &order, note),
            PaymentStatus::RefundPending | PaymentStatus::Refunded => {
                // Told of before its settling was: the money came, too.
                let settled = PaymentStatus::Settled.rank();
                if heard.is_none_or(|status| status.rank() < settled) {
                    let parked = self.payments.get(&note.payment);
                    let parked = parked.filter(|p| p.status.rank() >= settled);
                    let mut came = note.clone();
                    came.amount = parked.map_or(note.amount, |p| p.amount);
                    self.settle_payment(id, &order, &came);
                } else {
                    self.noted(Some((id, &order)), note, 0, None);
                }
                if note.status == PaymentStatus::Refunded {
                    self.hear_refunded(id, note.amount);
                }
            }
        }
    }

    fn noted(
        &mut self,
        order: Option<(OrderId, &Order)>,
        note: &PaymentNote,
        captured: u64,
        deadline: Option<Millis>,
    ) {
        self.emit(Event::PaymentNoted {
            payment: note.payment.clone(),
            order: order.map(|(id, _)| id),
            customer: order.map(|(_, order)| order.customer.clone()),
            named: note.named.clone(),
            status: note.status,
            amount: note.amount,
            currency: note.currency.clone(),
            method: note.method,
            expires_at: note.expires_at,
            captured,
            deadline,
        });
    }

    /// An attempt that was made at the gateway's own page.
    fn hear_pending(&mut self, id: OrderId, order: &Order, note: &PaymentNote) {
        let payable = order.state == OrderState::AwaitingPayment && !order.checking;
        if payable && self.governs(order, note.method, note.expires_at) > self.now {
            let (method, expires_at) = (note.method, note.expires_at);
            let (payment, amount) = (&note.payment, note.amount);
            self.begin(id, order, payment, method, amount, expires_at, None);
        } else {
            self.noted(Some((id, order)), note, 0, None);
        }
    }

    /// A refused attempt governs the order no more. One that has ended by its own time still
    /// does: the order ends with it (E-23).
    fn hear_failed(&mut self, id: OrderId, order: &Order, note: &PaymentNote) {
        let active = order.active().is_some_and(|a| a.payment == note.payment);
        let waits = order.state == OrderState::AwaitingPayment;
        let frees = active && waits && !order.checking && note.status == PaymentStatus::Failed;
        let deadline = frees.then(|| self.expires(id)).flatten();
        self.noted(Some((id, order)), note, 0, deadline);
        if active && waits && order.checking {
            self.expire_now(id);
        }
    }

    fn settle_payment(&mut self, id: OrderId, order: &Order, note: &PaymentNote) {
        self.noted(Some((id, order)), note, note.amount, None);
        let Some(after) = self.orders.get(&id).cloned() else {
            return;
        };
        if order.state == OrderState::Expired {
            return self.settle_late(id, &after);
        }
        let pays = !order.state.is_void() && order.outstanding() > 0;
        if !pays {
            return self.owe_excess(
                id,
                if order.state.is_void() {
                    "late"
                } else {
                    "duplicate"
                },
            );
        }
        if after.outstanding() == 0 {
            self.owe_excess(id, "excess");
            self.paid(id);
        }
    }

    /// O2, O11: all the money is there. Rewarded once (R-BOOK-9).
    pub(super) fn paid(&mut self, id: OrderId) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        let waits = [
            OrderState::AwaitingPayment,
            OrderState::Confirmed,
            OrderState::LateWait,
        ];
        if waits.contains(&order.state) {
            let late = order.state == OrderState::LateWait;
            let word = if late { "paid late" } else { "paid" };
            self.move_order(id, &order, OrderState::Paid, None, word);
        }
        if !order.rewarded {
            let reward = points(&order, |line| line.terms.reward);
            self.change_reputation(&order, ReputationCause::Paid(id), reward);
        }
        let paid = self.orders.get(&id).map(|o| o.state) == Some(OrderState::Paid);
        if paid && self.settings.digital_finish_on_paid {
            self.hand_over(id, Some(Kind::Digital));
        }
    }

    /// Money went back at the gateway: what was owed is owed no more. If more went back than
    /// that, and nothing is left of an order that was not shipped, or it still waits for units and
    /// not all is left, the order is off.
    fn hear_refunded(&mut self, id: OrderId, amount: u64) {
        let Some(order) = self.orders.get(&id).cloned() else {
            return;
        };
        let unasked = amount.saturating_sub(order.refund_due).min(order.kept());
        self.owe(id, &order, unasked, "refunded at the gateway");
        let due = self.orders.get(&id).map_or(0, |o| o.refund_due);
        self.give_back(id, amount.min(due), "gateway");
        let off = self.orders.get(&id).filter(|o| match o.state {
            OrderState::Paid => unasked > 0 && o.kept() == 0,
            OrderState::LateWait => o.outstanding() > 0,
            _ => false,
        });
        if let Some(order) = off.cloned() {
            self.cancel_whole(id, &order, "refunded at the gateway");
        }
    }
}
