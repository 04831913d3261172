//! The words in which the books keep what the domain knows by variants. They stay: rows of long
//! ago are read with them.

use super::cell::Text;
use crate::domain::booking::{BookingEnd, Origin};
use crate::domain::command::Role;
use crate::domain::customer::ReputationCause;
use crate::domain::drop::Mode;
use crate::domain::event::Event;
use crate::domain::order::{OrderOrigin, Secured};
use crate::domain::sku::Component;
use crate::domain::{OrderId, SkuId};

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Moderator => "moderator",
        Role::Host => "host",
        Role::Admin => "admin",
        Role::System => "system",
    }
}

pub(super) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Shared => "shared",
        Mode::Carved => "carved",
    }
}

pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Tap => "tap",
        Origin::Waitlist => "waitlist",
        Origin::WaitlistAbsent => "waitlist_absent",
    }
}

pub(super) fn end(end: BookingEnd) -> &'static str {
    match end {
        BookingEnd::CancelledBySeller => "withdrawn",
        other => other.as_str(),
    }
}

pub(super) fn order_origin(origin: OrderOrigin) -> &'static str {
    match origin {
        OrderOrigin::Live => "live",
        OrderOrigin::Web => "web",
        OrderOrigin::Channel => "channel",
    }
}

pub(super) fn secured(secured: Secured) -> &'static str {
    match secured {
        Secured::Cod => "cod",
        Secured::Credit => "credit",
    }
}

/// The word for a cause, and the order that caused it.
pub(super) fn cause(cause: ReputationCause) -> (&'static str, Option<OrderId>) {
    match cause {
        ReputationCause::Cancel => ("cancel", None),
        ReputationCause::Timeout => ("timeout", None),
        ReputationCause::Adjust => ("adjust", None),
        ReputationCause::Unpaid(order) => ("unpaid", Some(order)),
        ReputationCause::OrderCancel(order) => ("order_cancel", Some(order)),
        ReputationCause::Paid(order) => ("paid", Some(order)),
        ReputationCause::Undone(order) => ("undone", Some(order)),
    }
}

/// Parts as one text: `sku*units`, one a line. Ids hold no line breaks.
pub(super) fn components(parts: &[Component]) -> String {
    let lines: Vec<String> = parts
        .iter()
        .map(|part| format!("{}*{}", part.sku, part.units))
        .collect();
    lines.join("\n")
}

/// The parts that one unit takes: of a plain SKU itself.
pub(super) fn parts(sku: &Text, components: &str) -> Vec<(Text, i64)> {
    if components.is_empty() {
        return vec![(Text::clone(sku), 1)];
    }
    let part = |line: &str| {
        let (sku, units) = line.rsplit_once('*')?;
        Some((SkuId::new(sku).ok()?.shared(), units.parse().ok()?))
    };
    components.lines().filter_map(part).collect()
}

/// The word for a fact, for the audit trail.
pub(super) fn fact(event: &Event) -> &'static str {
    match event {
        Event::Booked { .. } => "booked",
        Event::Released { .. } => "released",
        Event::Repaid { .. } => "repaid",
        Event::Reserved { .. } => "reserved",
        Event::Unreserved { .. } => "unreserved",
        Event::CapCut { .. } => "cap_cut",
        Event::Extended { .. } => "extended",
        Event::Joined { .. } => "joined",
        Event::Skipped { .. } => "skipped",
        Event::Unqueued { .. } => "unqueued",
        Event::ReputationChanged { .. } => "reputation_changed",
        Event::DropMade { .. } => "drop_made",
        Event::DropStarted { .. } => "drop_started",
        Event::DropChanged { .. } => "drop_changed",
        Event::DropPaused { .. } => "drop_paused",
        Event::DropResumed { .. } => "drop_resumed",
        Event::DropEnded { .. } => "drop_ended",
        Event::DropSettled { .. } => "drop_settled",
        Event::StockMoved { .. } => "stock_moved",
        Event::SkuPut { .. } => "sku_put",
        Event::Rebased { .. } => "rebased",
        Event::SkuActivated { .. } => "sku_activated",
        Event::CustomerRestricted { .. } => "customer_restricted",
        Event::CustomerGrouped { .. } => "customer_grouped",
        Event::CustomerSeen { .. } => "customer_seen",
        Event::SettingsChanged(_) => "settings_changed",
        Event::LivePut { .. } => "live_put",
        Event::LiveEnded { .. } => "live_ended",
        Event::Forgotten { .. } => "forgotten",
        Event::CheckoutStarted { .. } => "checkout_started",
        Event::CheckoutLeft { .. } => "checkout_left",
        Event::OrderPlaced(_) => "order_placed",
        Event::OrderMoved { .. } => "order_moved",
        Event::OrderChecking { .. } => "order_checking",
        Event::PaymentStarted { .. } => "payment_started",
        Event::PaymentNoted { .. } => "payment_noted",
        Event::Allocated { .. } => "allocated",
        Event::Unallocated { .. } => "unallocated",
        Event::Sold { .. } => "sold",
        Event::Returned { .. } => "returned",
        Event::RefundOwed { .. } => "refund_owed",
        Event::Refunded { .. } => "refunded",
    }
}
