//! What the caller is told when a request was accepted.

use std::sync::Arc;

use super::id::{BookingId, DropId, OrderId, PaymentId, SkuId};
use super::order::PayBy;
use super::payment::Method;
use super::time::Millis;

/// The answer to an accepted request. The same request id gets the same answer for 24 h (D.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Units are held.
    Held {
        /// The new booking.
        booking: BookingId,
        /// Units held, fewer than asked for if partial was accepted.
        qty: u32,
        /// Units that wait besides.
        waiting: u32,
        /// Price of a unit.
        price: u64,
        /// When it was made.
        booked_at: Millis,
        /// When it ends if nothing is ordered.
        deadline: Millis,
    },
    /// The customer waits.
    Waiting {
        /// Units waited for.
        qty: u32,
        /// Units wanted by those who are served earlier.
        ahead: u32,
    },
    /// Units were given back.
    Cancelled {
        /// The booking.
        booking: BookingId,
        /// Units given back.
        qty: u32,
        /// Reputation lost (after the clamp).
        penalty: u8,
        /// Reputation now.
        reputation: u8,
    },
    /// The customer waits no more.
    Left,
    /// Done; the drop that was made or meant, if any.
    Done {
        /// The drop.
        drop: Option<DropId>,
    },
    /// A list was worked through, each item for itself (R-INV-6): those that could not be.
    DoneExcept {
        /// SKUs that do not exist.
        unknown: Vec<SkuId>,
    },
    /// A checkout has begun.
    Checkout(Arc<CheckoutBegun>),
    /// An order was placed.
    Ordered {
        /// The order.
        order: OrderId,
        /// Goods and VAT.
        total: u64,
        /// ISO currency.
        currency: Arc<str>,
        /// When it expires if it is not paid.
        deadline: Millis,
    },
    /// A payment was started.
    Paying(Arc<PaymentBegun>),
    /// Done with an order.
    DoneOrder {
        /// The order.
        order: OrderId,
    },
}

/// A checkout that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutBegun {
    /// The checkout.
    pub checkout: OrderId,
    /// When it is left.
    pub ends_at: Millis,
    /// The bookings in it and their deadlines.
    pub deadlines: Vec<(BookingId, Millis)>,
    /// Price of all goods.
    pub goods: u64,
    /// VAT on them, in basis points.
    pub vat_bp: u32,
    /// ISO currency.
    pub currency: Arc<str>,
}

/// A payment that was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentBegun {
    /// The order.
    pub order: OrderId,
    /// The gateway's id.
    pub payment: PaymentId,
    /// How.
    pub method: Method,
    /// Minor units.
    pub amount: u64,
    /// ISO currency.
    pub currency: Arc<str>,
    /// When the gateway lets it end.
    pub expires_at: Option<Millis>,
    /// What the customer pays by.
    pub by: Option<PayBy>,
    /// When the order expires.
    pub deadline: Millis,
}
