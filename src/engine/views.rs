//! What can be asked of an engine: rows made from a shop's state, in no wire's format.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::booking::BookingState;
use crate::domain::time::HOUR_MS;
use crate::domain::{
    BookingId, Buckets, CustomerId, DropId, Millis, Order, OrderId, OrderState, Origin, Shop,
    SkuId, SkuSpec,
};

/// Most bookings, waiters and SKUs in one answer.
const BOOKINGS_MAX: usize = 500;
const WAITERS_MAX: usize = 500;
const SKUS_MAX: usize = 200;
const ORDERS_MAX: usize = 200;
/// Most orders that a customer is shown,
const OWN_ORDERS_MAX: usize = 50;
/// and how long those that are over stay.
const OWN_KEPT_MS: u64 = 24 * HOUR_MS;

/// A booking that is held.
#[derive(Debug, Clone, PartialEq)]
pub struct BookingRow {
    /// Its id.
    pub booking: BookingId,
    /// Whose.
    pub customer: CustomerId,
    /// Of what.
    pub drop: DropId,
    /// Units held.
    pub qty: u32,
    /// Price of a unit.
    pub price: u64,
    /// When it ends.
    pub deadline: Millis,
    /// When it was made.
    pub booked_at: Millis,
    /// How it came about.
    pub origin: Origin,
    /// Reputation lost per unit cancelled.
    pub penalty: u8,
}

/// What a customer waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingRow {
    /// The drop.
    pub drop: DropId,
    /// Units wanted.
    pub qty: u32,
    /// Units wanted by those served earlier.
    pub ahead: u32,
    /// Since when.
    pub since: Millis,
}

/// Who waits.
#[derive(Debug, Clone, PartialEq)]
pub struct WaiterRow {
    /// The drop.
    pub drop: DropId,
    /// Who.
    pub customer: CustomerId,
    /// Units wanted.
    pub qty: u32,
    /// Since when.
    pub since: Millis,
}

/// A customer as the host sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerRow {
    /// Who.
    pub customer: CustomerId,
    /// 0 to 100.
    pub reputation: u8,
    /// May not book.
    pub restricted: bool,
}

/// What a customer has.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomerView {
    /// Reputation and whether booking is allowed.
    pub customer: CustomerRow,
    /// Bookings that are held, soonest deadline first.
    pub bookings: Vec<BookingRow>,
    /// What is waited for.
    pub waiting: Vec<WaitingRow>,
    /// Orders, newest first: those that are not over, and those of the last day.
    pub orders: Vec<(OrderId, Order)>,
}

/// A SKU and its units.
#[derive(Debug, Clone, PartialEq)]
pub struct SkuRow {
    /// Which.
    pub sku: SkuId,
    /// What the back office says.
    pub spec: Arc<SkuSpec>,
    /// Units for sale; none = unlimited.
    pub available: Option<u32>,
    /// Where its units are.
    pub buckets: Buckets,
}

/// Some SKUs, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct SkuPage {
    /// In order of id.
    pub skus: Vec<SkuRow>,
    /// The last one, if there are more.
    pub next: Option<SkuId>,
}

/// What a host sees besides.
#[derive(Debug, Clone, PartialEq)]
pub struct HostView {
    /// The first SKUs.
    pub catalog: Vec<SkuRow>,
    /// Bookings that are held, newest first.
    pub bookings: Vec<BookingRow>,
    /// Who waits, first served first, drop by drop.
    pub waiters: Vec<WaiterRow>,
    /// Those named above.
    pub customers: Vec<CustomerRow>,
    /// Bookings held in all.
    pub held: usize,
    /// Orders, newest first: those that are not over, and those of the last hour.
    pub orders: Vec<(OrderId, Order)>,
    /// How many orders stand where.
    pub orders_by_state: BTreeMap<OrderState, u32>,
}

fn booking_row(shop: &Shop, id: BookingId) -> Option<BookingRow> {
    let b = shop.bookings.get(&id)?;
    Some(BookingRow {
        booking: id,
        customer: b.customer.clone(),
        drop: b.drop,
        qty: b.qty,
        price: b.price,
        deadline: b.deadline,
        booked_at: b.booked_at,
        origin: b.origin,
        penalty: b.terms.cancel,
    })
}

pub(super) fn customer(shop: &Shop, id: &CustomerId) -> CustomerView {
    let known = shop.customers.get(id);
    let held = known.into_iter().flat_map(|c| &c.held);
    let mut bookings: Vec<_> = held.filter_map(|b| booking_row(shop, *b)).collect();
    bookings.sort_by_key(|b| (b.deadline, b.booking));
    let waits = known.into_iter().flat_map(|c| &c.waits);
    let waiting = waits.filter_map(|drop| {
        let d = shop.drops.get(drop)?;
        let entry = d.waitlist.get(&d.shares.get(id)?.place?)?;
        let ahead = shop.ahead_of(d, id);
        Some(WaitingRow {
            drop: *drop,
            qty: entry.qty,
            ahead,
            since: entry.since,
        })
    });
    CustomerView {
        customer: customer_row(shop, id),
        bookings,
        waiting: waiting.collect(),
        orders: orders_of(shop, id),
    }
}

fn orders_of(shop: &Shop, id: &CustomerId) -> Vec<(OrderId, Order)> {
    let known = shop.customers.get(id).into_iter().flat_map(|c| &c.orders);
    let mut orders: Vec<_> = known
        .filter_map(|id| Some((*id, shop.orders.get(id)?)))
        .filter(|(_, order)| !order.is_over() || shop.now.since(order.since) < OWN_KEPT_MS)
        .collect();
    orders.sort_by_key(|(id, order)| std::cmp::Reverse((order.placed_at, *id)));
    orders.truncate(OWN_ORDERS_MAX);
    orders.into_iter().map(|(id, o)| (id, o.clone())).collect()
}

/// Orders that are looked for, newest first, and where to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<(OrderId, Order)>,
    /// The last one, if there are more.
    pub next: Option<OrderId>,
}

pub(super) fn find_orders(
    shop: &Shop,
    state: Option<OrderState>,
    customer: Option<&CustomerId>,
    cursor: Option<OrderId>,
) -> OrderPage {
    use std::ops::Bound::{Excluded, Unbounded};
    let before = (Unbounded, cursor.map_or(Unbounded, Excluded));
    let fits = |order: &Order| {
        state.is_none_or(|state| order.state == state)
            && customer.is_none_or(|customer| order.customer == *customer)
    };
    let found = shop.orders.range(before).rev();
    let mut orders: Vec<_> = found
        .filter(|(_, order)| fits(order))
        .take(ORDERS_MAX + 1)
        .map(|(id, order)| (*id, order.clone()))
        .collect();
    let more = orders.len() > ORDERS_MAX;
    orders.truncate(ORDERS_MAX);
    let next = orders.last().filter(|_| more).map(|(id, _)| *id);
    OrderPage { orders, next }
}

fn orders(shop: &Shop) -> Vec<(OrderId, Order)> {
    let over = shop.orders_over().rev();
    let over = over.take_while(|(at, _)| shop.now.since(*at) < HOUR_MS);
    let newest = shop.open_orders.iter().rev().copied();
    newest
        .chain(over.map(|(_, id)| id))
        .take(ORDERS_MAX)
        .filter_map(|id| Some((id, shop.orders.get(&id)?.clone())))
        .collect()
}

fn customer_row(shop: &Shop, id: &CustomerId) -> CustomerRow {
    CustomerRow {
        customer: id.clone(),
        reputation: shop.reputation(id),
        restricted: shop.customers.get(id).is_some_and(|c| c.restricted),
    }
}

fn sku_row(shop: &Shop, id: &SkuId) -> Option<SkuRow> {
    let sku = shop.skus.get(id)?;
    Some(SkuRow {
        sku: id.clone(),
        spec: Arc::clone(&sku.spec),
        available: shop.available(id),
        buckets: sku.buckets,
    })
}

pub(super) fn host(shop: &Shop) -> HostView {
    let drops = || shop.drops.values().rev();
    let held = drops().map(|d| d.held.len()).sum();
    let newest = drops().flat_map(|d| d.held.iter().rev());
    let bookings: Vec<_> = newest
        .take(BOOKINGS_MAX)
        .filter_map(|id| booking_row(shop, *id))
        .collect();
    let waiting = shop
        .drops
        .iter()
        .flat_map(|(id, d)| d.waitlist.values().map(|e| (*id, e)));
    let waiters: Vec<_> = waiting
        .take(WAITERS_MAX)
        .map(|(drop, e)| WaiterRow {
            drop,
            customer: e.customer.clone(),
            qty: e.qty,
            since: e.since,
        })
        .collect();
    let mut named: Vec<_> = bookings
        .iter()
        .map(|b| &b.customer)
        .chain(waiters.iter().map(|w| &w.customer))
        .chain(
            shop.customers
                .iter()
                .filter(|(_, c)| c.restricted)
                .map(|(id, _)| id),
        )
        .collect();
    named.sort();
    named.dedup();
    let customers = named.into_iter().map(|id| customer_row(shop, id)).collect();
    let catalog = skus(shop, "", None).skus;
    HostView {
        catalog,
        bookings,
        waiters,
        customers,
        held,
        orders: orders(shop),
        orders_by_state: shop.orders_by_state.clone(),
    }
}

pub(super) fn skus(shop: &Shop, query: &str, cursor: Option<&SkuId>) -> SkuPage {
    let query = query.trim().to_lowercase();
    let found = |id: &SkuId| {
        query.is_empty()
            || id.as_str().to_lowercase().contains(&query)
            || shop
                .skus
                .get(id)
                .is_some_and(|s| s.spec.title.to_lowercase().contains(&query))
    };
    let after = |id: &SkuId| cursor.is_none_or(|cursor| id > cursor);
    let mut ids: Vec<_> = shop
        .skus
        .keys()
        .filter(|id| after(id) && found(id))
        .collect();
    ids.sort();
    let more = ids.len() > SKUS_MAX;
    ids.truncate(SKUS_MAX);
    let next = ids.last().filter(|_| more).map(|id| (*id).clone());
    SkuPage {
        skus: ids.into_iter().filter_map(|id| sku_row(shop, id)).collect(),
        next,
    }
}

/// Rows that a host wants to see again, by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// Bookings, held or not.
    pub bookings: BTreeSet<BookingId>,
    /// Customers in a drop's waitlist, there or not.
    pub waiters: BTreeSet<(DropId, CustomerId)>,
    /// SKUs.
    pub skus: BTreeSet<SkuId>,
    /// Customers.
    pub customers: BTreeSet<CustomerId>,
    /// Orders.
    pub orders: BTreeSet<OrderId>,
}

impl Wanted {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The rows that were wanted, as they stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Bookings with how they ended, if they did.
    pub bookings: Vec<(BookingRow, Option<crate::domain::BookingEnd>)>,
    /// Waiters; 0 units for who does not wait any more.
    pub waiters: Vec<WaiterRow>,
    /// SKUs.
    pub skus: Vec<SkuRow>,
    /// Customers.
    pub customers: Vec<CustomerRow>,
    /// Orders.
    pub orders: Vec<(OrderId, Order)>,
    /// How many orders stand where.
    pub orders_by_state: BTreeMap<OrderState, u32>,
}

pub(super) fn rows(shop: &Shop, wanted: &Wanted) -> Rows {
    let bookings = wanted.bookings.iter().filter_map(|id| {
        let row = booking_row(shop, *id)?;
        let end = match shop.bookings.get(id)?.state {
            BookingState::Held => None,
            BookingState::Ended(end, _) => Some(end),
        };
        Some((row, end))
    });
    let waiters = wanted.waiters.iter().map(|(drop, customer)| {
        let d = shop.drops.get(drop);
        let entry = d.and_then(|d| d.waitlist.get(&d.shares.get(customer)?.place?));
        WaiterRow {
            drop: *drop,
            customer: customer.clone(),
            qty: entry.map_or(0, |e| e.qty),
            since: entry.map_or(shop.now, |e| e.since),
        }
    });
    Rows {
        bookings: bookings.collect(),
        waiters: waiters.collect(),
        skus: wanted
            .skus
            .iter()
            .filter_map(|id| sku_row(shop, id))
            .collect(),
        customers: wanted
            .customers
            .iter()
            .map(|id| customer_row(shop, id))
            .collect(),
        orders: wanted
            .orders
            .iter()
            .filter_map(|id| Some((*id, shop.orders.get(id)?.clone())))
            .collect(),
        orders_by_state: shop.orders_by_state.clone(),
    }
}
