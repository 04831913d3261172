//! Rows of the wire, made from the mirror's and the engine's.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::orders;
use crate::domain::{DropState, LiveId, Mode, Origin, ShopId, Video};
use crate::engine::{
    BookingRow, CustomerRow, CustomerView, HostView, SkuRow, WaiterRow, WaitingRow,
};
use crate::mirror::{DropRow, ItemRow, LiveRow, LiveView};

/// A drop.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub struct DropMessage {
    pub drop: String,
    pub sku: String,
    pub title: String,
    pub image: Option<String>,
    pub price: u64,
    pub currency: String,
    pub state: &'static str,
    pub opens_at_ms: u64,
    pub ends_at_ms: Option<u64>,
    pub units: Option<u32>,
    pub mode: &'static str,
    pub per_customer_limit: u32,
    pub booking_timeout_ms: u64,
    pub pinned: bool,
    pub waitlist: bool,
}

impl DropMessage {
    /// Of a row, in the live's currency.
    pub fn of(row: &DropRow, currency: &str) -> Self {
        Self {
            drop: row.drop.to_string(),
            sku: row.sku.to_string(),
            title: row.spec.title.to_string(),
            image: row.spec.image.as_deref().map(Into::into),
            price: row.price,
            currency: currency.to_owned(),
            state: match row.state {
                DropState::Scheduled => "scheduled",
                DropState::Open => "open",
                DropState::Paused => "paused",
                DropState::Ended | DropState::Settled => "closed",
            },
            opens_at_ms: row.opens_at.0,
            ends_at_ms: row.ends_at.map(|at| at.0),
            units: row.cap,
            mode: match row.mode {
                Mode::Shared => "shared",
                Mode::Carved => "carved",
            },
            per_customer_limit: row.per_customer_limit,
            booking_timeout_ms: row.booking_timeout_ms,
            pinned: row.pinned,
            waitlist: true,
        }
    }
}

/// A drop's counters.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub struct ItemMessage {
    pub drop: String,
    pub sku: String,
    pub available: Option<u32>,
    pub booked: u32,
    pub sold_out: bool,
    pub waiting: u32,
}

impl ItemMessage {
    /// Of a row.
    pub fn of(row: &ItemRow) -> Self {
        Self {
            drop: row.drop.to_string(),
            sku: row.sku.to_string(),
            available: row.available,
            booked: row.booked,
            sold_out: row.available == Some(0),
            waiting: row.waiting,
        }
    }
}

/// A live, for its snapshot.
pub fn live(id: &LiveId, shop: &ShopId, row: &LiveRow) -> Value {
    let (kind, url) = match &row.spec.video {
        Video::None => ("none", None),
        Video::Demo => ("demo", None),
        Video::Hls(url) => ("hls", Some(url)),
        Video::Mp4(url) => ("mp4", Some(url)),
        Video::Embed(url) => ("embed", Some(url)),
    };
    let links: Vec<Value> = row
        .spec
        .links
        .iter()
        .map(|(label, url)| json!({"label": **label, "url": **url}))
        .collect();
    json!({
        "id": id.as_str(),
        "shop": shop.as_str(),
        "title": *row.spec.title,
        "state": if row.ended { "ended" } else { "live" },
        "lang": *row.spec.lang,
        "accent": row.spec.accent.as_deref(),
        "currency": *row.spec.currency,
        "video": {"kind": kind, "url": url.map(|u| &**u)},
        "links": links,
    })
}

/// What everybody sees of a live.
pub fn snapshot(id: &LiveId, view: &LiveView, viewers: usize) -> Value {
    let currency = &view.live.spec.currency;
    let drops: Vec<_> = view
        .drops
        .iter()
        .map(|row| DropMessage::of(row, currency))
        .collect();
    let items: Vec<_> = view.items.iter().map(ItemMessage::of).collect();
    json!({
        "live": live(id, &view.shop, &view.live),
        "drops": drops,
        "items": items,
        "viewers": viewers,
        "me": null,
    })
}

/// The wire's word for how a booking came about.
pub fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Tap => "tap",
        Origin::Waitlist | Origin::WaitlistAbsent => "waitlist",
    }
}

/// What a customer has. `title` finds a drop's SKU and title.
pub fn me(
    view: &CustomerView,
    role: &str,
    currency: &str,
    drop: impl Fn(crate::domain::DropId) -> Option<DropRow>,
) -> Value {
    let bookings: Vec<Value> = view
        .bookings
        .iter()
        .map(|b| {
            let row = drop(b.drop);
            json!({
                "booking": b.booking.to_string(),
                "drop": b.drop.to_string(),
                "sku": row.as_ref().map(|d| d.sku.as_str()),
                "title": row.as_ref().map(|d| &*d.spec.title),
                "qty": b.qty,
                "price": b.price,
                "currency": currency,
                "deadline_ms": b.deadline.0,
                "booked_at_ms": b.booked_at.0,
                "state": "held",
                "origin": origin(b.origin),
                "penalty": b.penalty,
            })
        })
        .collect();
    let waiting: Vec<Value> = view.waiting.iter().map(|w| waiting(w, &drop)).collect();
    json!({
        "customer": view.customer.customer.as_str(),
        "role": role,
        "reputation": view.customer.reputation,
        "restricted": view.customer.restricted,
        "bookings": bookings,
        "waiting": waiting,
        "orders": orders::rows(&view.orders),
    })
}

fn waiting(row: &WaitingRow, drop: impl Fn(crate::domain::DropId) -> Option<DropRow>) -> Value {
    json!({
        "drop": row.drop.to_string(),
        "sku": drop(row.drop).map(|d| d.sku.to_string()),
        "qty": row.qty,
        "ahead_units": row.ahead,
        "since_ms": row.since.0,
    })
}

/// A SKU for the host's catalog.
pub fn sku(row: &SkuRow, currency: &str) -> Value {
    let components: Vec<Value> = row
        .spec
        .components
        .iter()
        .map(|c| json!({"sku": c.sku.as_str(), "qty": c.units}))
        .collect();
    json!({
        "sku": row.sku.as_str(),
        "title": *row.spec.title,
        "image": row.spec.image.as_deref(),
        "price": row.spec.price,
        "currency": currency,
        "available": row.available,
        "always_ready": row.available.is_none(),
        "drop_reserved": row.buckets.drop_reserved,
        "booked": row.buckets.booked,
        "allocated": row.buckets.allocated,
        "sold": row.buckets.sold,
        "shortage": row.buckets.shortage,
        "on_hand": row.buckets.on_hand(),
        "active": row.spec.active,
        "preorder": row.spec.preorder,
        "physical": row.spec.physical,
        "track_stock": row.spec.track_stock,
        "display": {"show_available": row.available.is_some(), "show_allocated": true},
        "components": components,
    })
}

/// A booking for the host's list.
pub fn booking(row: &BookingRow, sku: &str, state: &str) -> Value {
    json!({
        "booking": row.booking.to_string(),
        "customer": row.customer.as_str(),
        "drop": row.drop.to_string(),
        "sku": sku,
        "qty": row.qty,
        "price": row.price,
        "state": state,
        "deadline_ms": row.deadline.0,
        "booked_at_ms": row.booked_at.0,
        "origin": origin(row.origin),
    })
}

/// A waiter for the host's list; 0 units: waits no more.
pub fn waiter(row: &WaiterRow, sku: &str) -> Value {
    json!({
        "drop": row.drop.to_string(),
        "sku": sku,
        "customer": row.customer.as_str(),
        "qty": row.qty,
        "since_ms": row.since.0,
    })
}

/// A customer for the host's list.
pub fn customer(row: &CustomerRow) -> Value {
    json!({
        "customer": row.customer.as_str(),
        "reputation": row.reputation,
        "restricted": row.restricted,
    })
}

/// What a host sees besides, to be merged into a snapshot.
pub fn host(
    view: &HostView,
    currency: &str,
    booked_total: u64,
    connections: usize,
    sku_of: impl Fn(crate::domain::DropId) -> String,
) -> Value {
    let catalog: Vec<_> = view.catalog.iter().map(|row| sku(row, currency)).collect();
    let bookings: Vec<_> = view
        .bookings
        .iter()
        .map(|row| booking(row, &sku_of(row.drop), "held"))
        .collect();
    let waiters: Vec<_> = view
        .waiters
        .iter()
        .map(|row| waiter(row, &sku_of(row.drop)))
        .collect();
    let customers: Vec<_> = view.customers.iter().map(customer).collect();
    json!({
        "catalog": catalog,
        "bookings": bookings,
        "waiters": waiters,
        "customers": customers,
        "orders": orders::rows(&view.orders),
        "orders_by_state": orders::by_state(&view.orders_by_state),
        "held_total": view.held,
        "booked_total": booked_total,
        "connections": connections,
    })
}
