//! What can be seen of a shop from outside, of the real one and of the model, to be compared.

mod orders;

use lapak::domain::booking::{BookingEnd, BookingState};
use lapak::domain::drop::DropState;
use lapak::domain::event::Terms;
use lapak::domain::{
    BookingId, Buckets, Customer, CustomerId, DropId, GroupId, OrderId, Origin, Shop, SkuId,
};

use self::orders::{OrderSeen, PaymentSeen};
use super::Model;
use super::book::u32_of;

/// All that can be seen, each list by id.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    now: u64,
    skus: Vec<(SkuId, bool, Buckets)>,
    drops: Vec<DropSeen>,
    held: Vec<HeldSeen>,
    ended: Vec<(BookingId, CustomerId, BookingEnd, u64)>,
    customers: Vec<(CustomerId, u64, bool, bool, Option<GroupId>)>,
    lives: Vec<(String, bool)>,
    orders: Vec<OrderSeen>,
    sessions: Vec<(OrderId, CustomerId, Vec<BookingId>, u64, bool)>,
    payments: Vec<PaymentSeen>,
}

#[derive(Debug, PartialEq)]
struct DropSeen {
    id: DropId,
    state: DropState,
    price: u64,
    cap: Option<u64>,
    used: u64,
    reserved: u64,
    opens_at: u64,
    ends_at: Option<u64>,
    settles_at: Option<u64>,
    frozen_since: Option<u64>,
    pinned: bool,
    /// Customer, units, next booking, passed over.
    waiting: Vec<(CustomerId, u64, BookingId, bool)>,
}

#[derive(Debug, PartialEq)]
struct HeldSeen {
    id: BookingId,
    customer: CustomerId,
    drop: DropId,
    qty: u64,
    price: u64,
    booked_at: u64,
    deadline: u64,
    terms: Terms,
    origin: Origin,
    extended: bool,
}

impl Seen {
    /// What the real shop shows.
    pub(crate) fn of_shop(shop: &Shop) -> Self {
        let mut skus: Vec<_> = shop
            .skus
            .iter()
            .map(|(id, s)| (id.clone(), s.spec.active, s.buckets))
            .collect();
        skus.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut held, mut ended) = (Vec::new(), Vec::new());
        for (id, b) in shop.bookings.iter() {
            match b.state {
                BookingState::Ended(end, at) => ended.push((*id, b.customer.clone(), end, at.0)),
                BookingState::Held => held.push(HeldSeen {
                    id: *id,
                    customer: b.customer.clone(),
                    drop: b.drop,
                    qty: u64::from(b.qty),
                    price: b.price,
                    booked_at: b.booked_at.0,
                    deadline: b.deadline.0,
                    terms: b.terms,
                    origin: b.origin,
                    extended: b.extended,
                }),
            }
        }
        held.sort_by_key(|b| b.id);
        ended.sort_by_key(|b| b.0);
        let lives = shop
            .lives
            .iter()
            .map(|(id, l)| (id.to_string(), l.ended))
            .collect();
        let customers = shop.customers.iter().map(|(id, c)| seen_customer(id, c));
        let drops = shop
            .drops
            .iter()
            .map(|(id, d)| DropSeen::of_shop(*id, d))
            .collect();
        let customers = known(customers.collect());
        Self {
            now: shop.now.0,
            skus,
            drops,
            held,
            ended,
            customers,
            lives,
            orders: orders::of_shop(shop),
            sessions: orders::sessions_of_shop(shop),
            payments: orders::payments_of_shop(shop),
        }
    }

    /// What the model shows.
    pub(crate) fn of_model(m: &Model) -> Self {
        let mut skus: Vec<_> = m
            .skus
            .iter()
            .map(|s| (s.id.clone(), s.spec.active, m.buckets(&s.id)))
            .collect();
        skus.sort_by(|a, b| a.0.cmp(&b.0));
        let held = m.held.iter().map(|b| HeldSeen {
            id: b.id,
            customer: b.customer.clone(),
            drop: b.drop,
            qty: b.qty,
            price: b.price,
            booked_at: b.booked_at,
            deadline: b.deadline,
            terms: b.terms,
            origin: b.origin,
            extended: b.extended,
        });
        let mut held: Vec<_> = held.collect();
        held.sort_by_key(|b| b.id);
        let ended = m
            .ended
            .iter()
            .map(|b| (b.id, b.customer.clone(), b.end, b.at));
        let mut ended: Vec<_> = ended.collect();
        ended.sort_by_key(|b| b.0);
        let customers = m.customers.iter().map(|c| {
            (
                c.id.clone(),
                c.reputation,
                c.restricted,
                c.away,
                c.group.clone(),
            )
        });
        let mut lives: Vec<_> = m
            .lives
            .iter()
            .map(|l| (l.id.to_string(), l.ended))
            .collect();
        lives.sort();
        let mut drops: Vec<_> = m.drops.iter().map(|d| DropSeen::of_model(m, d)).collect();
        drops.sort_by_key(|d| d.id);
        let customers = known(customers.collect());
        Self {
            now: m.now,
            skus,
            drops,
            held,
            ended,
            customers,
            lives,
            orders: orders::of_model(m),
            sessions: orders::sessions_of_model(m),
            payments: orders::payments_of_model(m),
        }
    }

    /// The first difference, in words; none if they are equal.
    pub(crate) fn differs(&self, model: &Self) -> Option<String> {
        if self == model {
            return None;
        }
        Some(
            [
                first("time", &[self.now], &[model.now]),
                first("sku", &self.skus, &model.skus),
                first("drop", &self.drops, &model.drops),
                first("held", &self.held, &model.held),
                first("ended", &self.ended, &model.ended),
                first("customer", &self.customers, &model.customers),
                first("live", &self.lives, &model.lives),
                first("order", &self.orders, &model.orders),
                first("checkout", &self.sessions, &model.sessions),
                first("payment", &self.payments, &model.payments),
            ]
            .concat(),
        )
    }
}

/// The first place where two lists differ, in words.
fn first<T: std::fmt::Debug + PartialEq>(name: &str, is: &[T], ought: &[T]) -> String {
    let at = is
        .iter()
        .zip(ought)
        .position(|(a, b)| a != b)
        .unwrap_or(is.len().min(ought.len()));
    if at == is.len() && at == ought.len() {
        return String::new();
    }
    format!(
        "\n  {name}\n    shop:  {:?}\n    model: {:?}",
        is.get(at),
        ought.get(at)
    )
}

type CustomerSeen = (CustomerId, u64, bool, bool, Option<GroupId>);

fn seen_customer(id: &CustomerId, c: &Customer) -> CustomerSeen {
    (
        id.clone(),
        u64::from(c.reputation),
        c.restricted,
        c.absent,
        c.group.clone(),
    )
}

/// A customer of whom nothing is known is nobody.
fn known(mut customers: Vec<CustomerSeen>) -> Vec<CustomerSeen> {
    customers.retain(|(_, reputation, restricted, away, group)| {
        *reputation != 100 || *restricted || *away || group.is_some()
    });
    customers.sort();
    customers
}

impl DropSeen {
    fn of_shop(id: DropId, d: &lapak::domain::Drop) -> Self {
        let entry = |e: &lapak::domain::WaitEntry| {
            (
                e.customer.clone(),
                u64::from(e.qty),
                e.next_booking(),
                e.skipped,
            )
        };
        Self {
            id,
            state: d.state,
            price: d.price,
            cap: d.cap.map(u64::from),
            used: u64::from(d.used),
            reserved: u64::from(d.reserved),
            opens_at: d.opens_at.0,
            ends_at: d.ends_at.map(|at| at.0),
            settles_at: d.settles_at.map(|at| at.0),
            frozen_since: d.frozen_since.map(|at| at.0),
            pinned: d.pinned,
            waiting: d.waitlist.values().map(entry).collect(),
        }
    }

    fn of_model(m: &Model, d: &super::Drop) -> Self {
        let line = m.line(d.id);
        let entry = |w: &&super::Wait| (w.customer.clone(), w.qty, w.booking, w.skipped);
        Self {
            id: d.id,
            state: d.state,
            price: d.price,
            cap: d.cap,
            used: m.used(d.id),
            reserved: m.set_aside(d),
            opens_at: d.opens_at,
            ends_at: d.ends_at,
            settles_at: d.settles_at,
            frozen_since: d.frozen_since,
            pinned: d.pinned,
            waiting: line.iter().map(entry).collect(),
        }
    }
}

impl Model {
    fn buckets(&self, sku: &SkuId) -> Buckets {
        let s = self.sku(sku).expect("a known SKU");
        Buckets {
            available: u32_of(self.free(sku)),
            drop_reserved: u32_of(self.reserved(sku)),
            booked: u32_of(self.booked(sku)),
            allocated: u32_of(self.allocated(sku)),
            sold: u32_of(self.sold(sku)),
            shortage: u32_of(self.shortage(sku)),
            stock_in: s.came,
            stock_out: s.went,
        }
    }
}
