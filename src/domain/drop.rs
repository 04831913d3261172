//! A drop: one SKU that the host opens for booking in a live.

use std::collections::BTreeMap;

use super::id::{BookingId, CustomerId, LiveId, SkuId};
use super::many::Many;
use super::rising::Rising;
use super::time::Millis;
use super::waitlist::{Place, WaitEntry};

/// Where a drop takes its units from (D.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// From `available`, beside every other way to sell, up to the cap.
    Shared,
    /// From units set aside when it was made.
    Carved,
}

/// How far a drop has come. Whether a scheduled one has opened is judged by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropState {
    /// Made, not yet open.
    Scheduled,
    /// Bookings are taken.
    Open,
    /// The host has stopped bookings and promotions for now (E-9).
    Paused,
    /// No new bookings; what is released still goes to waiters (E-8).
    Ended,
    /// Nothing is set aside and nobody waits any more.
    Settled,
}

/// A drop of a live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drop {
    /// The live it belongs to.
    pub live: LiveId,
    /// What is booked: a plain or a combination SKU.
    pub sku: SkuId,
    /// Price of a unit in minor units.
    pub price: u64,
    /// Where units come from.
    pub mode: Mode,
    /// Most units that may be taken through it; none = as many as there are.
    pub cap: Option<u32>,
    /// Units booked, allocated or sold through it.
    pub used: u32,
    /// Units still set aside (carved drops of tracked SKUs).
    pub reserved: u32,
    /// How far it has come.
    pub state: DropState,
    /// When it opens.
    pub opens_at: Millis,
    /// When it ends by itself.
    pub ends_at: Option<Millis>,
    /// While ended: when waiting ends.
    pub settles_at: Option<Millis>,
    /// While paused with frozen countdowns: since when (E-9).
    pub frozen_since: Option<Millis>,
    /// Most units of one customer, booked, allocated and sold together; 0 = no limit (R-ORD-7).
    pub per_customer_limit: u32,
    /// How long its bookings are held, instead of the shop's time.
    pub booking_timeout_ms: Option<u64>,
    /// Shown first.
    pub pinned: bool,
    /// Bookings of this drop that are held.
    pub held: Rising<BookingId>,
    /// Who waits, first to be served first.
    pub waitlist: BTreeMap<Place, WaitEntry>,
    /// Units wanted by all who wait.
    pub waiting: u32,
    /// What each customer has of this drop.
    pub shares: Many<CustomerId, Share>,
}

/// What one customer has of one drop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Units booked, allocated and sold.
    pub units: u32,
    /// The free cancel has been used (R-BOOK-7).
    pub oops_used: bool,
    /// Not to book again before (E-30).
    pub cooldown_until: Millis,
    /// The place in the waitlist.
    pub place: Option<Place>,
}

impl Drop {
    /// Units the cap still allows.
    pub fn cap_left(&self) -> u32 {
        self.cap
            .map_or(u32::MAX, |cap| cap.saturating_sub(self.used))
    }

    /// Whether waiters may be promoted: open, or ended and waiting has not.
    pub fn promotes(&self, now: Millis) -> bool {
        match self.state {
            DropState::Open => true,
            DropState::Ended => self.settles_at.is_some_and(|at| now < at),
            DropState::Scheduled | DropState::Paused | DropState::Settled => false,
        }
    }

    /// Whether it has ended, so that its own end is not due any more.
    pub fn is_over(&self) -> bool {
        matches!(self.state, DropState::Ended | DropState::Settled)
    }

    /// Whether units released by its bookings come back to it.
    pub fn takes_back(&self) -> bool {
        self.state != DropState::Settled
    }
}

/// Units that may be booked when a drop's source has `stock` (none = unlimited) and its cap
/// allows `cap_left` (none = no cap).
pub fn least(stock: Option<u32>, cap_left: Option<u32>) -> Option<u32> {
    match (stock, cap_left) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
