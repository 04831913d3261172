//! Money: D.5, D.6, R-ORD-6, R-ORD-9 and R-BOOK-9.

use std::sync::Arc;

use lapak::domain::answer::PaymentBegun;
use lapak::domain::order::PayBy;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    Answer, CustomerId, Method, Millis, OrderId, OrderOrigin, OrderState, PaymentId, PaymentNote,
    PaymentStatus, Rejection, Secured,
};

use super::orders::{MONEY_MOST, half_up};
use super::{Line, Model, Order, Payment};

impl Order {
    pub(super) fn goods(&self) -> u64 {
        let each = |l: &Line| (l.qty - l.returned) * l.price;
        self.lines.iter().map(each).sum()
    }

    /// R-ORD-1: on the sum, half up.
    pub(super) fn total(&self) -> u64 {
        let goods = u128::from(self.goods());
        u64::try_from(goods + half_up(goods, self.vat_bp)).expect("checked when placed")
    }

    /// Nothing will be delivered, so nothing is owed for it.
    pub(super) fn is_void(&self) -> bool {
        use OrderState::{Cancelled, Expired, RefundDue, Refunded};
        [Cancelled, Expired, RefundDue, Refunded].contains(&self.state)
    }

    fn price(&self) -> u64 {
        if self.is_void() { 0 } else { self.total() }
    }

    fn kept(&self) -> u64 {
        self.captured - self.refunded - self.owed
    }

    pub(super) fn outstanding(&self) -> u64 {
        self.price().saturating_sub(self.kept())
    }

    /// Reputation for its units at so much each; only of a live (R-BOOK-5).
    pub(super) fn points(&self, each: impl Fn(&Line) -> u8) -> u64 {
        if self.origin != OrderOrigin::Live {
            return 0;
        }
        let of = |l: &Line| (l.qty - l.returned) * u64::from(each(l));
        self.lines.iter().map(of).sum()
    }
}

fn rank(status: PaymentStatus) -> u8 {
    match status {
        PaymentStatus::Pending => 1,
        PaymentStatus::Failed | PaymentStatus::Expired => 2,
        PaymentStatus::Settled => 3,
        PaymentStatus::RefundPending => 4,
        PaymentStatus::Refunded => 5,
    }
}

impl Model {
    fn payment(&self, id: &PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|p| p.id == *id)
    }

    /// D.9: `attempt(QRIS) ? min(attempt.expires_at, placed_at + cap) : placed_at + auto_expire`.
    fn pay_deadline(&self, o: &Order, method: Method, expires_at: Option<u64>) -> u64 {
        match (method, expires_at) {
            (Method::Qris, Some(at)) => at.min(o.placed_at + self.settings.qris_max_hold_ms),
            _ => o.placed_at + o.expire_ms,
        }
    }

    pub(super) fn start_payment(
        &mut self,
        who: &CustomerId,
        id: OrderId,
        payment: &PaymentId,
        method: Method,
        expires_at: Option<Millis>,
        by: Option<&PayBy>,
    ) -> Outcome {
        // Reading: what is drawn as a code is not endless.
        if by.is_some_and(|by| by.text().len() > 1_024) {
            return Err(Rejection::Invalid("payment"));
        }
        let o = self.order(id)?.clone();
        if o.customer != *who {
            return Err(Rejection::NotYours);
        }
        let expires = expires_at.map(|at| at.0);
        let deadline = self.pay_deadline(&o, method, expires);
        let awaits = o.state == OrderState::AwaitingPayment && !o.checking;
        // Reading: at most twenty attempts, and none that would be over at once.
        if !awaits || deadline <= self.now || o.payments.len() >= 20 {
            return Err(Rejection::OrderNotPayable(o.state));
        }
        if self.payment(payment).is_some() {
            return Err(Rejection::Invalid("payment"));
        }
        if method == Method::Cash {
            self.cod_allowed(&o)?;
        }
        let amount = o.outstanding();
        self.begin(&o, payment, method, amount, expires);
        Ok(Answer::Paying(Arc::new(PaymentBegun {
            order: id,
            payment: payment.clone(),
            method,
            amount,
            currency: o.currency.as_str().into(),
            expires_at,
            by: by.cloned(),
            deadline: Millis(deadline),
        })))
    }

    fn cod_allowed(&self, o: &Order) -> Result<(), Rejection> {
        let needed = self.settings.cod_min_reputation;
        let reputation = self.reputation(&o.customer);
        if reputation < u64::from(needed) {
            let reputation = u8::try_from(reputation).expect("at most 100");
            return Err(Rejection::ReputationLow { reputation, needed });
        }
        Ok(())
    }

    fn begin(&mut self, o: &Order, id: &PaymentId, method: Method, amount: u64, ends: Option<u64>) {
        let deadline = self.pay_deadline(o, method, ends);
        self.payments.retain(|p| p.id != *id);
        self.payments.push(Payment {
            id: id.clone(),
            order: Some(o.id),
            named: o.id.to_string(),
            method,
            status: PaymentStatus::Pending,
            amount,
            currency: o.currency.clone(),
            expires_at: ends,
            at: self.now,
        });
        let o = self.order_mut(o.id);
        o.active = Some(id.clone());
        o.payments.push(id.clone());
        o.deadline = Some(deadline);
    }

    /// R-ORD-9.
    pub(super) fn confirm(&mut self, id: OrderId, secured: Secured) -> Outcome {
        let o = self.in_states(id, &[OrderState::AwaitingPayment])?;
        if secured == Secured::Cod {
            self.cod_allowed(&o)?;
        }
        self.order_mut(id).secured = Some(secured);
        self.move_to(id, OrderState::Confirmed, None);
        Ok(Answer::DoneOrder { order: id })
    }

    /// O2, O11 by the seller's own eyes. Reading: not for what is owed nothing, except late.
    pub(super) fn receive(
        &mut self,
        id: OrderId,
        payment: &PaymentId,
        amount: u64,
        method: Method,
    ) -> Outcome {
        let o = self.order(id)?.clone();
        if amount == 0 || amount > MONEY_MOST {
            return Err(Rejection::Invalid("amount"));
        }
        if self.payment(payment).is_some() {
            return Err(Rejection::Invalid("payment"));
        }
        if o.outstanding() == 0 && o.state != OrderState::Expired {
            return Err(Rejection::OrderNotPayable(o.state));
        }
        self.hear(&PaymentNote {
            payment: payment.clone(),
            named: id.to_string().into(),
            status: PaymentStatus::Settled,
            amount,
            currency: o.currency.as_str().into(),
            method,
            expires_at: None,
        });
        Ok(Answer::DoneOrder { order: id })
    }

    /// What a gateway says. It is never told that it is wrong, unless it makes no sense at all.
    pub(super) fn note(&mut self, note: &PaymentNote) -> Outcome {
        if note.amount > MONEY_MOST {
            return Err(Rejection::Invalid("amount"));
        }
        if note.named.len() > 128 || note.currency.len() != 3 {
            return Err(Rejection::Invalid("payment"));
        }
        let mut note = note.clone();
        // S-20: money of another currency is kept beside the payment, not over it.
        let other = self.payment(&note.payment);
        if other.is_some_and(|p| p.currency != *note.currency) {
            let apart = format!("{}:{}", note.payment, note.currency);
            note.payment = PaymentId::new(&apart).expect("short in these programs");
        }
        let seen = self.payment(&note.payment).map(|p| rank(p.status));
        if seen.is_none_or(|seen| seen < rank(note.status)) {
            self.hear(&note);
        }
        Ok(Answer::Done { drop: None })
    }

    /// The order that a payment belongs to: the one it was begun for, or the one it names.
    fn order_of(&self, note: &PaymentNote) -> Option<OrderId> {
        let begun = self.payment(&note.payment).and_then(|p| p.order);
        let id = begun.or_else(|| note.named.parse().ok())?;
        let o = self.order(id).ok()?;
        (*o.currency == *note.currency).then_some(id)
    }

    /// Money parked for an order that is there now.
    pub(super) fn find_parked(&mut self, id: OrderId) {
        let mut parked: Vec<Payment> = self.payments.clone();
        parked.retain(|p| p.order.is_none());
        parked.sort_by(|a, b| a.id.cmp(&b.id));
        for p in parked {
            let note = PaymentNote {
                payment: p.id,
                named: p.named.into(),
                status: p.status,
                amount: p.amount,
                currency: p.currency.into(),
                method: p.method,
                expires_at: p.expires_at.map(Millis),
            };
            if self.order_of(&note) == Some(id) {
                self.hear(&note);
            }
        }
    }

    fn hear(&mut self, note: &PaymentNote) {
        let Some(id) = self.order_of(note) else {
            self.write_down(note, None);
            return;
        };
        let o = self.order(id).expect("found").clone();
        let before = self.payment(&note.payment).filter(|p| p.order.is_some());
        let before = before.map(|p| (rank(p.status), p.method));
        let came = before.is_some_and(|(rank, _)| rank >= 3);
        let method = before.map_or(note.method, |(_, method)| method);
        let active = o.active.as_ref() == Some(&note.payment);
        let awaits = o.state == OrderState::AwaitingPayment;
        let ends = note.expires_at.map(|at| at.0);
        match note.status {
            PaymentStatus::Pending => {
                let deadline = self.pay_deadline(&o, method, ends);
                if awaits && !o.checking && deadline > self.now {
                    self.begin(&o, &note.payment, method, note.amount, ends);
                } else {
                    self.write_down(note, Some(id));
                }
            }
            PaymentStatus::Failed | PaymentStatus::Expired => {
                self.write_down(note, Some(id));
                if active && awaits && o.checking {
                    self.expire_unpaid(id);
                } else if active && awaits && note.status == PaymentStatus::Failed {
                    self.order_mut(id).deadline = Some(o.placed_at + o.expire_ms);
                }
            }
            PaymentStatus::Settled => self.settled(&o, note),
            PaymentStatus::RefundPending | PaymentStatus::Refunded => {
                if came {
                    self.write_down(note, Some(id));
                } else {
                    // Money that was parked is known to have come; else as much as went back.
                    let parked = self.payment(&note.payment).filter(|p| rank(p.status) >= 3);
                    let mut told = note.clone();
                    told.amount = parked.map_or(note.amount, |p| p.amount);
                    self.settled(&o, &told);
                }
                if note.status == PaymentStatus::Refunded {
                    self.went_back(id, note.amount);
                }
            }
        }
    }

    /// What is known of a payment now.
    fn write_down(&mut self, note: &PaymentNote, order: Option<OrderId>) {
        let ends = note.expires_at.map(|at| at.0);
        match self.payments.iter_mut().find(|p| p.id == note.payment) {
            Some(known) => {
                // What came counts, not what was asked for.
                if rank(known.status) < 3 && rank(note.status) >= 3 {
                    known.amount = note.amount;
                }
                known.status = note.status;
                known.order = order;
                known.expires_at = ends.or(known.expires_at);
            }
            None => self.payments.push(Payment {
                id: note.payment.clone(),
                order,
                named: note.named.to_string(),
                method: note.method,
                status: note.status,
                amount: note.amount,
                currency: note.currency.to_string(),
                expires_at: ends,
                at: self.now,
            }),
        }
        let Some(id) = order else { return };
        let o = self.order_mut(id);
        if !o.payments.contains(&note.payment) {
            o.payments.push(note.payment.clone());
        }
        if note.status != PaymentStatus::Pending && o.active.as_ref() == Some(&note.payment) {
            o.active = None;
        }
    }

    /// The heart of D.5.
    fn settled(&mut self, before: &Order, note: &PaymentNote) {
        let id = before.id;
        self.write_down(note, Some(id));
        let amount = note.amount;
        // Reading: of money that was parked, what is told with its order counts.
        let written = self.payments.iter_mut().find(|p| p.id == note.payment);
        if amount > 0 {
            written.expect("written down").amount = amount;
        }
        self.order_mut(id).captured += amount;
        let due = before.outstanding();
        let (total, kept) = (before.total(), before.kept() + amount);
        if before.state == OrderState::Expired {
            if kept < total {
                self.owe(id, kept);
                return;
            }
            self.owe(id, kept - total);
            self.give_back_penalty(id);
            let until = self.now + self.settings.late_wait_ms;
            self.move_to(id, OrderState::LateWait, Some(until));
        } else if before.is_void() || due == 0 {
            self.owe_all_but_price(id);
        } else if amount >= due {
            self.owe(id, amount - due);
            self.paid(id);
        }
    }

    pub(super) fn owe(&mut self, id: OrderId, amount: u64) {
        self.order_mut(id).owed += amount;
    }

    pub(super) fn owe_all_but_price(&mut self, id: OrderId) {
        let o = self.order_mut(id);
        o.owed += o.kept().saturating_sub(o.price());
    }

    /// O2 and O11: paid, rewarded once; what is digital is with the customer at once.
    pub(super) fn paid(&mut self, id: OrderId) {
        use OrderState::{AwaitingPayment, Confirmed, LateWait};
        let o = self.order(id).expect("known").clone();
        if [AwaitingPayment, Confirmed, LateWait].contains(&o.state) {
            self.move_to(id, OrderState::Paid, None);
        }
        let reward = o.points(|l| l.terms.reward);
        if !o.rewarded && reward > 0 {
            let applied = self.gain(&o.customer, reward);
            let o = self.order_mut(id);
            o.rewarded = true;
            o.gained += applied;
        }
        let paid = self.order(id).is_ok_and(|o| o.state == OrderState::Paid);
        if paid && self.settings.digital_finish_on_paid {
            self.hand_over(id, true);
        }
    }

    /// Returns what was really gained.
    pub(super) fn gain(&mut self, who: &CustomerId, nominal: u64) -> u64 {
        let applied = nominal.min(100 - self.reputation(who));
        self.customer_mut(who).reputation += applied;
        applied
    }

    fn give_back_penalty(&mut self, id: OrderId) {
        let o = self.order(id).expect("known").clone();
        let back = self.gain(&o.customer, o.lost);
        self.order_mut(id).lost -= back;
    }

    /// R-BOOK-9: by what was really gained.
    pub(super) fn take_reward(&mut self, id: OrderId, nominal: u64) {
        let o = self.order(id).expect("known").clone();
        let back = self.lose(&o.customer, nominal.min(o.gained));
        self.order_mut(id).gained -= back;
    }

    /// Money that a gateway gave back. Reading: what nobody asked for is owed first, and an
    /// order that is not shipped and has no money left is off.
    fn went_back(&mut self, id: OrderId, amount: u64) {
        let o = self.order_mut(id);
        let unasked = amount.saturating_sub(o.owed).min(o.kept());
        o.owed += unasked;
        let back = amount.min(o.owed);
        self.pay_back(id, back);
        let o = self.order(id).expect("known");
        let off = match o.state {
            OrderState::Paid => unasked > 0 && o.kept() == 0,
            // What is not paid for any more is not waited for.
            OrderState::LateWait => o.kept() < o.total(),
            _ => false,
        };
        if off {
            self.cancel_all(id);
        }
    }

    pub(super) fn pay_back(&mut self, id: OrderId, amount: u64) {
        let o = self.order_mut(id);
        o.owed -= amount;
        o.refunded += amount;
        if amount > 0 && o.owed == 0 && o.state == OrderState::RefundDue {
            self.move_to(id, OrderState::Refunded, None);
        }
    }

    pub(super) fn refund(&mut self, id: OrderId, amount: u64) -> Outcome {
        let owed = self.order(id)?.owed;
        if amount == 0 || amount > owed {
            return Err(Rejection::Invalid("amount"));
        }
        self.pay_back(id, amount);
        Ok(Answer::DoneOrder { order: id })
    }
}
