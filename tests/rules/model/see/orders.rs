//! What can be seen of orders, checkouts and payments.

use lapak::domain::{
    BookingId, CustomerId, Method, OrderId, OrderState, PaymentId, PaymentStatus, Secured, Shop,
};

use super::super::Model;

/// An order, and its money.
#[derive(Debug, PartialEq)]
pub(super) struct OrderSeen {
    id: OrderId,
    customer: CustomerId,
    currency: String,
    state: OrderState,
    since: u64,
    deadline: Option<u64>,
    checking: bool,
    secured: Option<Secured>,
    active: Option<PaymentId>,
    payments: Vec<PaymentId>,
    total: u64,
    /// Captured, owed back, given back.
    money: [u64; 3],
    rewarded: bool,
    /// Reputation given and taken.
    reputation: (u64, u64),
    /// Units, allocated, sold, returned; whether they belong to no drop any more; price.
    lines: Vec<([u64; 4], bool, u64)>,
}

/// A payment.
#[derive(Debug, PartialEq)]
pub(super) struct PaymentSeen {
    id: PaymentId,
    order: Option<OrderId>,
    method: Method,
    status: PaymentStatus,
    amount: u64,
    currency: String,
    expires_at: Option<u64>,
    at: u64,
}

/// Id, whose, of what, until when, left.
type SessionSeen = (OrderId, CustomerId, Vec<BookingId>, u64, bool);

/// What is active matters while an order waits for it.
fn awaits(state: OrderState) -> bool {
    state == OrderState::AwaitingPayment
}

pub(super) fn of_shop(shop: &Shop) -> Vec<OrderSeen> {
    let seen = shop.orders.iter().map(|(id, o)| OrderSeen {
        id: *id,
        customer: o.customer.clone(),
        currency: o.currency.to_string(),
        state: o.state,
        since: o.since.0,
        deadline: o.deadline.map(|at| at.0),
        checking: o.checking,
        secured: o.secured,
        active: o
            .active()
            .map(|a| a.payment.clone())
            .filter(|_| awaits(o.state)),
        payments: o.payments.clone(),
        total: o.total(),
        money: [o.captured, o.refund_due, o.refunded],
        rewarded: o.rewarded,
        reputation: (
            u64::try_from(o.reward).expect("not below 0"),
            u64::try_from(-o.penalty).expect("not above 0"),
        ),
        lines: o
            .lines
            .iter()
            .map(|l| {
                let units = [l.qty, l.allocated, l.sold, l.returned].map(u64::from);
                (units, l.revived, l.price)
            })
            .collect(),
    });
    seen.collect()
}

pub(super) fn of_model(m: &Model) -> Vec<OrderSeen> {
    let known = m.orders.iter().filter(|o| !o.forgotten);
    let seen = known.map(|o| OrderSeen {
        id: o.id,
        customer: o.customer.clone(),
        currency: o.currency.clone(),
        state: o.state,
        since: o.since,
        deadline: o.deadline,
        checking: o.checking,
        secured: o.secured,
        active: o.active.clone().filter(|_| awaits(o.state)),
        payments: o.payments.clone(),
        total: o.total(),
        money: [o.captured, o.owed, o.refunded],
        rewarded: o.rewarded,
        reputation: (o.gained, o.lost),
        lines: o
            .lines
            .iter()
            .map(|l| ([l.qty, l.allocated, l.sold, l.returned], l.let_go, l.price))
            .collect(),
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort_by_key(|o| o.id);
    seen
}

pub(super) fn sessions_of_shop(shop: &Shop) -> Vec<SessionSeen> {
    let seen = shop.checkouts.iter().map(|(id, c)| {
        let (who, bookings) = (c.customer.clone(), c.bookings.clone());
        (*id, who, bookings, c.ends_at.0, c.left)
    });
    seen.collect()
}

pub(super) fn sessions_of_model(m: &Model) -> Vec<SessionSeen> {
    let seen = m.sessions.iter().map(|s| {
        let (who, bookings) = (s.customer.clone(), s.bookings.clone());
        (s.id, who, bookings, s.ends_at, s.left)
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort();
    seen
}

pub(super) fn payments_of_shop(shop: &Shop) -> Vec<PaymentSeen> {
    let seen = shop.payments.iter().map(|(id, p)| PaymentSeen {
        id: id.clone(),
        order: p.order,
        method: p.method,
        status: p.status,
        amount: p.amount,
        currency: p.currency.to_string(),
        expires_at: p.expires_at.map(|at| at.0),
        at: p.at.0,
    });
    seen.collect()
}

pub(super) fn payments_of_model(m: &Model) -> Vec<PaymentSeen> {
    let seen = m.payments.iter().map(|p| PaymentSeen {
        id: p.id.clone(),
        order: p.order,
        method: p.method,
        status: p.status,
        amount: p.amount,
        currency: p.currency.clone(),
        expires_at: p.expires_at,
        at: p.at,
    });
    let mut seen: Vec<_> = seen.collect();
    seen.sort_by(|a, b| a.id.cmp(&b.id));
    seen
}
