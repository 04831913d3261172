//! Who may ask what (D.10), what was asked before (R-BOOK-13), and what time brings (D.9).

use lapak::domain::drop::DropState;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    Actor, Command, CustomerId, Millis, OrderState, Rejection, Request, RequestKey, Role,
};

use super::{Kept, Model, Order};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// How far ahead a client's clock may be (S-18).
const AHEAD_MS: u64 = 120_000;

/// Whether a request was decided, answered from memory, or refused for its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Decided,
    Replayed,
    BadId,
}

impl Model {
    /// Decides a request. What is due must have been decided before.
    pub(crate) fn decide(&mut self, now: u64, request: &Request) -> (How, Outcome) {
        let now = now.max(self.now);
        if let Some(known) = request
            .key
            .and_then(|key| self.known(now, &request.by, key))
        {
            // Reading: an answer from memory is no decision, so the shop's time stays.
            return known;
        }
        self.now = now;
        let outcome = self.run(&request.by, &request.command);
        if outcome.is_ok() {
            self.follow_up();
        }
        if let Some(key) = request.key {
            self.answers.push(Kept {
                caller: request.by.name.clone(),
                id: key.id,
                body: key.body,
                at: now,
                outcome: outcome.clone(),
            });
        }
        (How::Decided, outcome)
    }

    fn known(&self, now: u64, by: &Actor, key: RequestKey) -> Option<(How, Outcome)> {
        if let Some(kept) = self
            .answers
            .iter()
            .find(|k| k.caller == by.name && k.id == key.id)
        {
            return Some(if kept.body == key.body {
                (How::Replayed, kept.outcome.clone())
            } else {
                (How::BadId, Err(Rejection::IdempotencyConflict))
            });
        }
        let is_v7 = (key.id >> 76) & 0xf == 7;
        let minted = u64::try_from(key.id >> 80).expect("48 bits");
        // A client may be ahead, so an id may claim to be younger than its answer. Reading: an
        // unknown id is too old as soon as its answer could have been forgotten.
        let too_old = minted + DAY_MS - AHEAD_MS < now;
        let fits = !is_v7 || (!too_old && minted <= now + AHEAD_MS);
        (!fits).then_some((How::BadId, Err(Rejection::Invalid("id"))))
    }

    /// The next thing that time brings about, soonest first. Reading: at the same instant
    /// openings, then expiries, then ends, then the end of waiting, then checkouts, then orders,
    /// each by id.
    pub(crate) fn due(&self, now: u64) -> Option<Command> {
        let now = now.max(self.now);
        let mut due: Vec<(u64, u8, u128, Command)> = Vec::new();
        for d in &self.drops {
            let (drop, id) = (d.id, d.id.0);
            let running = !matches!(d.state, DropState::Ended | DropState::Settled);
            if d.state == DropState::Scheduled {
                due.push((d.opens_at, 0, id, Command::StartDrop { drop }));
            }
            if let (true, Some(at)) = (running, d.ends_at) {
                due.push((at, 2, id, Command::EndDrop { drop }));
            }
            if let (DropState::Ended, Some(at)) = (d.state, d.settles_at) {
                due.push((at, 3, id, Command::SettleDrop { drop }));
            }
        }
        for b in &self.held {
            if self.drop(b.drop).is_some_and(|d| d.frozen_since.is_none()) {
                due.push((b.deadline, 1, b.id.0, Command::Expire { booking: b.id }));
            }
        }
        for s in self.sessions.iter().filter(|s| !s.left) {
            let checkout = s.id;
            due.push((s.ends_at, 4, s.id.0, Command::LeaveCheckout { checkout }));
        }
        for o in self.orders.iter().filter(|o| !o.forgotten) {
            if let Some(at) = o.deadline {
                due.push((at, 5, o.id.0, Command::ExpireOrder { order: o.id }));
            }
        }
        due.retain(|(at, ..)| *at <= now);
        let first = due
            .into_iter()
            .min_by_key(|(at, kind, id, _)| (*at, *kind, *id));
        first
            .map(|(.., command)| command)
            .or_else(|| self.forgets(now))
    }

    /// D.11: what is older than a day may go. Reading: last of all that is due, and an hour's
    /// worth at a time.
    fn forgets(&self, now: u64) -> Option<Command> {
        let oldest = self
            .answers
            .iter()
            .map(|k| k.at)
            .chain(self.ended.iter().map(|b| b.at));
        let over = self.orders.iter().filter(|o| !o.forgotten && o.is_over());
        let oldest = oldest.chain(over.map(|o| o.since + 29 * DAY_MS)).min();
        let due = oldest.is_some_and(|at| at + DAY_MS + HOUR_MS <= now);
        due.then(|| Command::Forget {
            before: Millis(now - DAY_MS),
        })
    }

    fn run(&mut self, by: &Actor, command: &Command) -> Outcome {
        if rank(by.role) < rank(needed(command)) {
            return Err(Rejection::Forbidden);
        }
        let at = |t: &Millis| t.0;
        match command {
            Command::Book { .. } => self.book(&by.name, command),
            Command::Cancel { booking, qty } => self.cancel(&by.name, *booking, *qty),
            Command::Leave { drop } => self.leave(&by.name, *drop),
            Command::CancelBooking { booking, reason } => self.seller_cancel(*booking, reason),
            Command::Expire { booking } => self.expire(*booking),
            Command::OpenDrop(spec) => self.open_drop(spec),
            Command::ChangeDrop {
                drop,
                units,
                price,
                per_customer_limit,
                ends_at,
            } => self.change_drop(
                *drop,
                *units,
                *price,
                *per_customer_limit,
                ends_at.as_ref().map(at),
            ),
            Command::PauseDrop { drop } => self.pause(*drop),
            Command::ResumeDrop { drop } => self.resume(*drop),
            Command::CloseDrop { drop, withdraw } => self.close(*drop, *withdraw),
            Command::PinDrop { drop, pinned } => self.pin(*drop, *pinned),
            Command::ExtendDrop { drop, by_ms } => self.extend(*drop, *by_ms),
            Command::StartDrop { drop } => self.start_drop(*drop),
            Command::EndDrop { drop } => self.end_drop(*drop),
            Command::SettleDrop { drop } => self.settle_drop(*drop),
            Command::AddStock { sku, qty, reason } => self.add_stock(sku, *qty, reason),
            Command::SetStock {
                sku,
                on_hand,
                reason,
                force,
            } => self.set_stock(sku, *on_hand, reason, *force),
            Command::PutSku { sku, spec, on_hand } => self.put_sku(sku, spec, *on_hand),
            Command::ActivateSkus { skus, active } => self.activate(skus, *active),
            Command::RestrictCustomer {
                customer,
                restricted,
            } => Ok(self.restrict(customer, *restricted)),
            Command::GroupCustomer { customer, group } => Ok(self.group(customer, group.as_ref())),
            Command::AdjustReputation {
                customer,
                delta,
                reason,
            } => self.adjust(customer, *delta, reason),
            Command::ChangeSettings(settings) => self.change_settings(settings),
            Command::PutLive { live, spec } => self.put_live(live, spec),
            Command::EndLive { live } => self.end_live(live),
            Command::SeeCustomer { customer, absent } => Ok(self.see_customer(customer, *absent)),
            Command::Forget { before } => self.forget(before.0),
            _ => self.run_order(&by.name, command),
        }
    }

    fn run_order(&mut self, who: &CustomerId, command: &Command) -> Outcome {
        match command {
            Command::StartCheckout { checkout, bookings } => {
                self.start_checkout(who, *checkout, bookings)
            }
            Command::LeaveCheckout { checkout } => self.leave_checkout(*checkout),
            Command::PlaceOrder { checkout } => self.place(who, *checkout),
            Command::TakeOrder(spec) => self.take_order(spec),
            Command::StartPayment {
                order,
                payment,
                method,
                expires_at,
                by,
            } => self.start_payment(who, *order, payment, *method, *expires_at, by.as_ref()),
            Command::NotePayment(note) => self.note(note),
            Command::ReceivePayment {
                order,
                payment,
                amount,
                method,
                ..
            } => self.receive(*order, payment, *amount, *method),
            Command::ConfirmOrder { order, secured } => self.confirm(*order, *secured),
            Command::CancelOwnOrder { order, lines } => self.cancel_own(who, *order, lines),
            Command::CancelOrder {
                order,
                lines,
                reason,
                at_customers_request,
            } => self.cancel_order(*order, lines, reason, *at_customers_request),
            Command::ShipOrder { order } => self.ship(*order),
            Command::FinishOrder { order } => self.finish(*order),
            Command::RefuseOrder { order } => self.refuse(*order),
            Command::ReturnOrder {
                order,
                line,
                qty,
                restock,
                reason,
            } => self.give_in(*order, *line, *qty, *restock, reason),
            Command::RefundOrder { order, amount, .. } => self.refund(*order, *amount),
            Command::ExpireOrder { order } => self.expire_order(*order),
            _ => unreachable!("all other commands were asked before"),
        }
    }

    /// Answers, and bookings that ended, are kept for at least 24 h (D.11).
    fn forget(&mut self, before: u64) -> Outcome {
        if before.saturating_add(DAY_MS) > self.now {
            return Err(Rejection::Invalid("before"));
        }
        self.answers.retain(|k| k.at >= before);
        self.ended.retain(|b| b.at >= before);
        self.sessions.retain(|s| !s.left || s.ends_at >= before);
        // Orders that are over, and money that found no order, 29 days longer.
        let before = before.saturating_sub(29 * DAY_MS);
        let over = |o: &Order| !o.forgotten && o.is_over() && o.since < before;
        let mut gone = Vec::new();
        for o in self.orders.iter_mut().filter(|o| over(o)) {
            o.forgotten = true;
            gone.extend(o.payments.iter().cloned());
        }
        self.payments.retain(|p| !gone.contains(&p.id));
        self.payments
            .retain(|p| p.order.is_some() || p.at >= before);
        Ok(super::drops::done(None))
    }
}

impl Order {
    /// Nobody has to do anything for it any more.
    fn is_over(&self) -> bool {
        use OrderState::{AwaitingPayment, Confirmed, LateWait, Paid, RefundDue, Shipped};
        let open = [
            AwaitingPayment,
            Confirmed,
            Paid,
            Shipped,
            LateWait,
            RefundDue,
        ];
        !open.contains(&self.state) && self.owed == 0
    }
}

fn rank(role: Role) -> u8 {
    match role {
        Role::Viewer => 0,
        Role::Moderator => 1,
        Role::Host => 2,
        Role::Admin => 3,
        Role::System => 4,
    }
}

/// The role table of D.10.
fn needed(command: &Command) -> Role {
    match command {
        // "book, cancel own, join/leave waitlist, checkout, place, start payment"
        Command::Book { .. }
        | Command::Cancel { .. }
        | Command::Leave { .. }
        | Command::StartCheckout { .. }
        | Command::PlaceOrder { .. }
        | Command::StartPayment { .. }
        | Command::CancelOwnOrder { .. } => Role::Viewer,
        // "pin, pause, restrict customer, cancel a booking with reason"
        Command::PinDrop { .. }
        | Command::PauseDrop { .. }
        | Command::ResumeDrop { .. }
        | Command::RestrictCustomer { .. }
        | Command::CancelBooking { .. } => Role::Moderator,
        // "open/close drops, stock up/down, extend, raffle, withdraw"
        Command::OpenDrop(_)
        | Command::ChangeDrop { .. }
        | Command::CloseDrop { .. }
        | Command::ExtendDrop { .. }
        | Command::AddStock { .. }
        | Command::SetStock { force: false, .. }
        // Reading: fulfilment, and money seen or given back by hand, is the host's.
        | Command::ReceivePayment { .. }
        | Command::ConfirmOrder { .. }
        | Command::CancelOrder { .. }
        | Command::ShipOrder { .. }
        | Command::FinishOrder { .. }
        | Command::RefuseOrder { .. }
        | Command::ReturnOrder { .. }
        | Command::RefundOrder { .. }
        // Reading: taking a SKU off sale during a live is the host's.
        | Command::ActivateSkus { .. } => Role::Host,
        // "settings, reputation adjust, force corrections", and the catalog.
        Command::SetStock { force: true, .. }
        | Command::PutSku { .. }
        | Command::GroupCustomer { .. }
        | Command::AdjustReputation { .. }
        | Command::ChangeSettings(_)
        | Command::PutLive { .. }
        | Command::EndLive { .. }
        | Command::TakeOrder(_) => Role::Admin,
        Command::SeeCustomer { .. }
        | Command::Expire { .. }
        | Command::StartDrop { .. }
        | Command::EndDrop { .. }
        | Command::SettleDrop { .. }
        | Command::Forget { .. }
        | Command::LeaveCheckout { .. }
        | Command::NotePayment(_)
        | Command::ExpireOrder { .. } => Role::System,
    }
}
