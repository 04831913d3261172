//! A second, deliberately naive model of the rules, written from the specification and not from
//! the code: plain lists, searched from one end to the other, every counter summed up anew from
//! the bookings whenever it is asked for. It is slow, and short enough to be read beside the
//! specification.
//!
//! Where the specification is silent, `Reading:` says what was chosen.

mod answer;
mod back;
mod book;
mod count;
mod deliver;
mod drops;
mod money;
mod orders;
mod people;
mod promote;
mod see;
mod stock;

use std::sync::Arc;

use lapak::domain::booking::BookingEnd;
use lapak::domain::drop::{DropState, Mode};
use lapak::domain::event::Terms;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    BookingId, CustomerId, DropId, GroupId, LiveId, LiveSpec, Method, OrderId, OrderOrigin,
    OrderState, Origin, PaymentId, PaymentStatus, Secured, Settings, SkuId, SkuSpec,
};

pub(crate) use answer::How;
pub(crate) use see::Seen;

/// All that the model knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    now: u64,
    settings: Settings,
    skus: Vec<Sku>,
    lives: Vec<Live>,
    drops: Vec<Drop>,
    held: Vec<Booking>,
    ended: Vec<Ended>,
    customers: Vec<Customer>,
    waits: Vec<Wait>,
    /// Who has used the free cancel of which drop.
    free_cancels: Vec<(DropId, CustomerId)>,
    /// Who may not book which drop before when; the last one counts.
    cooldowns: Vec<(DropId, CustomerId, u64)>,
    sessions: Vec<Session>,
    orders: Vec<Order>,
    payments: Vec<Payment>,
    answers: Vec<Kept>,
    tickets: u64,
}

#[derive(Debug, Clone)]
struct Sku {
    id: SkuId,
    spec: SkuSpec,
    /// All that ever came in and went out, other than by sale.
    came: u64,
    went: u64,
}

#[derive(Debug, Clone)]
struct Live {
    id: LiveId,
    spec: Arc<LiveSpec>,
    ended: bool,
}

#[derive(Debug, Clone)]
struct Drop {
    id: DropId,
    live: LiveId,
    sku: SkuId,
    price: u64,
    mode: Mode,
    cap: Option<u64>,
    state: DropState,
    opens_at: u64,
    ends_at: Option<u64>,
    settles_at: Option<u64>,
    frozen_since: Option<u64>,
    per_customer_limit: u64,
    timeout_ms: Option<u64>,
    pinned: bool,
}

#[derive(Debug, Clone)]
struct Booking {
    id: BookingId,
    customer: CustomerId,
    drop: DropId,
    qty: u64,
    price: u64,
    booked_at: u64,
    deadline: u64,
    terms: Terms,
    origin: Origin,
    /// A checkout has given it time.
    extended: bool,
}

/// A checkout; it goes when its order is placed.
#[derive(Debug, Clone)]
struct Session {
    id: OrderId,
    customer: CustomerId,
    bookings: Vec<BookingId>,
    ends_at: u64,
    left: bool,
}

#[derive(Debug, Clone)]
struct Order {
    id: OrderId,
    /// Long over: nobody can ask for it, but its units stay sold and counted.
    forgotten: bool,
    customer: CustomerId,
    origin: OrderOrigin,
    currency: String,
    vat_bp: u32,
    lines: Vec<Line>,
    placed_at: u64,
    expire_ms: u64,
    state: OrderState,
    since: u64,
    deadline: Option<u64>,
    checking: bool,
    secured: Option<Secured>,
    active: Option<PaymentId>,
    payments: Vec<PaymentId>,
    captured: u64,
    owed: u64,
    refunded: u64,
    rewarded: bool,
    /// Reputation it really gave and took, less what was undone.
    gained: u64,
    lost: u64,
}

#[derive(Debug, Clone)]
struct Line {
    sku: SkuId,
    /// What a unit takes, as it was when ordered.
    parts: Vec<(SkuId, u64)>,
    drop: Option<DropId>,
    /// Its units left the drop and were taken again from what was free.
    let_go: bool,
    /// Units less those cancelled.
    qty: u64,
    allocated: u64,
    sold: u64,
    returned: u64,
    price: u64,
    terms: Terms,
}

#[derive(Debug, Clone)]
struct Payment {
    id: PaymentId,
    /// None while nobody knows what it is for.
    order: Option<OrderId>,
    named: String,
    method: Method,
    status: PaymentStatus,
    amount: u64,
    currency: String,
    expires_at: Option<u64>,
    at: u64,
}

#[derive(Debug, Clone)]
struct Ended {
    id: BookingId,
    customer: CustomerId,
    end: BookingEnd,
    at: u64,
}

#[derive(Debug, Clone)]
struct Customer {
    id: CustomerId,
    reputation: u64,
    restricted: bool,
    away: bool,
    group: Option<GroupId>,
}

#[derive(Debug, Clone)]
struct Wait {
    drop: DropId,
    customer: CustomerId,
    /// Higher is served first.
    priority: u8,
    ticket: u64,
    /// The id of the next booking made from it.
    booking: BookingId,
    qty: u64,
    partial: bool,
    skipped: bool,
}

#[derive(Debug, Clone)]
struct Kept {
    caller: CustomerId,
    id: u128,
    body: u64,
    at: u64,
    outcome: Outcome,
}

impl Line {
    fn missing(&self) -> u64 {
        self.qty - self.allocated - self.sold - self.returned
    }
}

impl Model {
    fn sku(&self, id: &SkuId) -> Option<&Sku> {
        self.skus.iter().find(|s| s.id == *id)
    }

    fn drop(&self, id: DropId) -> Option<&Drop> {
        self.drops.iter().find(|d| d.id == id)
    }

    fn drop_mut(&mut self, id: DropId) -> &mut Drop {
        self.drops
            .iter_mut()
            .find(|d| d.id == id)
            .expect("a known drop")
    }

    fn booking(&self, id: BookingId) -> Option<&Booking> {
        self.held.iter().find(|b| b.id == id)
    }

    fn customer(&self, id: &CustomerId) -> Option<&Customer> {
        self.customers.iter().find(|c| c.id == *id)
    }

    fn customer_mut(&mut self, id: &CustomerId) -> &mut Customer {
        if let Some(i) = self.customers.iter().position(|c| c.id == *id) {
            return &mut self.customers[i];
        }
        self.customers.push(Customer {
            id: id.clone(),
            reputation: 100,
            restricted: false,
            away: false,
            group: None,
        });
        self.customers.last_mut().expect("just pushed")
    }

    fn wait_of(&self, drop: DropId, customer: &CustomerId) -> Option<&Wait> {
        self.waits
            .iter()
            .find(|w| w.drop == drop && w.customer == *customer)
    }

    fn waits_any(&self, customer: &CustomerId) -> bool {
        self.waits.iter().any(|w| w.customer == *customer)
    }
}
