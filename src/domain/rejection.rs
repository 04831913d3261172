//! Why a request was refused: a value with a stable code, in a fixed order of precedence
//! (protocol section 2). The order of the variants is the order in which checks are made.

use super::booking::BookingEnd;
use super::order::OrderState;

/// A refusal. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The role may not ask for this (D.10).
    Forbidden,
    /// A field is wrong.
    Invalid(&'static str),
    /// No such live in this shop.
    LiveNotFound,
    /// No such drop in this live.
    DropNotFound,
    /// Not open yet, or closed.
    DropNotOpen,
    /// Paused by the host.
    DropPaused,
    /// The SKU, or one of its components, is not for sale now (E-5).
    SkuInactive,
    /// The customer may not book (R-BOOK-12).
    Restricted,
    /// Reputation is below what the shop asks for (E-3).
    ReputationLow {
        /// What it is.
        reputation: u8,
        /// What it must be.
        needed: u8,
    },
    /// Too many of one SKU in one order (E-1).
    MaxItemQty(Limit),
    /// Too many units in the cart (E-2).
    CartLimit(Limit),
    /// Too many of this drop for one customer (R-ORD-7).
    CustomerLimit(Limit),
    /// Too many live bookings (R-BOOK-11).
    BookingCap(Limit),
    /// Cancelled this drop a moment ago (E-30).
    RebookCooldown {
        /// Milliseconds until it may be tried again.
        retry_ms: u64,
    },
    /// Not enough left.
    SoldOut {
        /// What could be had.
        available: u32,
        /// Units that others wait for.
        waiting: u32,
    },
    /// The booking is not held any more, or is not known (E-13). Also: not waiting.
    NotHeld(Option<BookingEnd>),
    /// The deadline has passed.
    DeadlinePassed,
    /// No such booking, checkout or order of this customer: whether it is another's is not said
    /// (S-10).
    NotYours,
    /// The checkout was left, by time or for another one.
    CheckoutEnded,
    /// The order cannot be paid now (D.5).
    OrderNotPayable(OrderState),
    /// The order does not stand where this could be done to it (D.3).
    OrderState(OrderState),
    /// A pre-order's goods are not there yet (D.4.4).
    NotArrived,
    /// The request id was used with another body (E-17).
    IdempotencyConflict,
    /// A count would go below what is promised (E-7).
    BelowCommitted {
        /// What is promised or set aside.
        committed: u32,
    },
    /// Digital goods have no stock (R-INV-2).
    DigitalCannotTrack,
    /// The SKU's stock is not counted (D.4).
    NotTracked,
    /// Units are promised, so the way of counting cannot change without a count (R-INV-11).
    InUse {
        /// What is promised or set aside.
        committed: u32,
    },
}

/// How a limit was exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The limit.
    pub limit: u32,
    /// What counts against it already.
    pub current: u32,
    /// What would still be allowed.
    pub max_allowed: u32,
}

impl Limit {
    /// A limit and what counts against it already.
    pub fn new(limit: u32, current: u32) -> Self {
        Self {
            limit,
            current,
            max_allowed: limit.saturating_sub(current),
        }
    }
}

impl Rejection {
    /// The stable code of the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Invalid(_) => "invalid",
            Self::LiveNotFound => "live_not_found",
            Self::DropNotFound => "drop_not_found",
            Self::DropNotOpen => "drop_not_open",
            Self::DropPaused => "drop_paused",
            Self::SkuInactive => "sku_inactive",
            Self::Restricted => "restricted",
            Self::ReputationLow { .. } => "reputation_low",
            Self::MaxItemQty(_) => "max_item_qty",
            Self::CartLimit(_) => "cart_limit",
            Self::CustomerLimit(_) => "customer_limit",
            Self::BookingCap(_) => "booking_cap",
            Self::RebookCooldown { .. } => "rebook_cooldown",
            Self::SoldOut { .. } => "sold_out",
            Self::NotHeld(_) => "not_held",
            Self::DeadlinePassed => "deadline_passed",
            Self::NotYours => "not_yours",
            Self::CheckoutEnded => "checkout_ended",
            Self::OrderNotPayable(_) => "order_not_payable",
            Self::OrderState(_) => "order_state",
            Self::NotArrived => "not_arrived",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::BelowCommitted { .. } => "below_committed",
            Self::DigitalCannotTrack => "digital_cannot_track",
            Self::NotTracked => "not_tracked",
            Self::InUse { .. } => "in_use",
        }
    }
}
