//! An order: units allocated to a customer who pays, or has promised to (D.3), and the checkout
//! that leads to it (D.2 B4..B6).

use std::sync::Arc;

use super::event::Terms;
use super::id::{BookingId, CustomerId, DropId, OrderId, PaymentId, SkuId};
use super::payment::{Method, PaymentStatus};
use super::sku::Component;
use super::time::Millis;

/// The most that an order may come to, in minor units: a number that JSON readers keep exact.
pub const MONEY_MAX: u64 = 1_000_000_000_000_000;

/// Bookings that a customer is about to order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Whose.
    pub customer: CustomerId,
    /// What is to be ordered.
    pub bookings: Vec<BookingId>,
    /// When the customer leaves it; the bookings keep their own deadlines (R-ORD-4).
    pub ends_at: Millis,
    /// Left, by time or for another one, without an order.
    pub left: bool,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Whose.
    pub customer: CustomerId,
    /// Where it came from.
    pub origin: OrderOrigin,
    /// ISO currency.
    pub currency: Arc<str>,
    /// VAT in basis points, as it was when placed (R-ORD-1).
    pub vat_bp: u32,
    /// What was ordered; lines are named by their place here.
    pub lines: Vec<Line>,
    /// When it was placed.
    pub placed_at: Millis,
    /// How long it may stay unpaid, as it was when placed (R-ORD-5).
    pub expire_ms: u64,
    /// Where it stands.
    pub state: OrderState,
    /// Since when.
    pub since: Millis,
    /// While it awaits payment: the end of that. In a late wait: the end of that.
    pub deadline: Option<Millis>,
    /// Past the end of payment, while the gateway is asked for the last time (D.5).
    pub checking: bool,
    /// What stands for the money until it comes (R-ORD-9).
    pub secured: Option<Secured>,
    /// The newest payment.
    pub attempt: Option<Attempt>,
    /// Every payment known, oldest first.
    pub payments: Vec<PaymentId>,
    /// Money that has come.
    pub captured: u64,
    /// Money to be given back.
    pub refund_due: u64,
    /// Money that was given back.
    pub refunded: u64,
    /// Its units were rewarded; that happens once (R-BOOK-9).
    pub rewarded: bool,
    /// Reputation gained by it and not taken back, after the clamp.
    pub reward: i32,
    /// Reputation lost because it was not paid, after the clamp; 0 or less.
    pub penalty: i32,
    /// Why it stands where it stands, in the words of whoever moved it.
    pub reason: Arc<str>,
}

/// The newest payment of an order, as its customer is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The gateway's id.
    pub payment: PaymentId,
    /// How.
    pub method: Method,
    /// How far it has come.
    pub status: PaymentStatus,
    /// When the gateway lets it end.
    pub expires_at: Option<Millis>,
    /// What the customer pays by: a text to be drawn as a QR code, or a page of the gateway.
    pub by: Option<PayBy>,
}

/// What a customer pays by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayBy {
    /// The text of a QR code.
    Qr(Arc<str>),
    /// An https page.
    Url(Arc<str>),
}

impl PayBy {
    /// The text of the code, or the page's address.
    pub fn text(&self) -> &str {
        match self {
            Self::Qr(text) | Self::Url(text) => text,
        }
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The booking it came from.
    pub booking: Option<BookingId>,
    /// The drop it was booked in.
    pub drop: Option<DropId>,
    /// Its units were let go and taken again: they belong to no drop any more (O11).
    pub revived: bool,
    /// The SKU.
    pub sku: SkuId,
    /// What it was called when ordered.
    pub title: Arc<str>,
    /// What one unit takes, as it was when ordered; empty for a plain SKU.
    pub components: Arc<[Component]>,
    /// Units at first.
    pub ordered: u32,
    /// Units less those cancelled.
    pub qty: u32,
    /// Of these, units in the bucket `allocated`.
    pub allocated: u32,
    /// Of these, units in the bucket `sold`.
    pub sold: u32,
    /// Of these, units that came back.
    pub returned: u32,
    /// Price of a unit.
    pub price: u64,
    /// Reputation terms of its booking.
    pub terms: Terms,
}

/// A new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its id.
    pub order: OrderId,
    /// Whose.
    pub customer: CustomerId,
    /// Where it came from.
    pub origin: OrderOrigin,
    /// ISO currency.
    pub currency: Arc<str>,
    /// VAT in basis points.
    pub vat_bp: u32,
    /// What was ordered.
    pub lines: Vec<PlacedLine>,
    /// How long it may stay unpaid.
    pub expire_ms: u64,
    /// When it expires.
    pub deadline: Millis,
}

/// A line of a new order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedLine {
    /// The booking it came from.
    pub booking: Option<BookingId>,
    /// The drop.
    pub drop: Option<DropId>,
    /// The SKU.
    pub sku: SkuId,
    /// What it is called.
    pub title: Arc<str>,
    /// What one unit takes; empty for a plain SKU.
    pub components: Arc<[Component]>,
    /// Units.
    pub qty: u32,
    /// Price of a unit.
    pub price: u64,
    /// Reputation terms of its booking.
    pub terms: Terms,
}

/// Where an order came from (R-BOOK-5: only live orders move reputation).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOrigin {
    /// Bookings of a live.
    Live,
    /// The shop's own site.
    Web,
    /// A marketplace: it is taken even if the stock is not there (R-RECON-7, E-33).
    Channel,
}

/// What stands for money that has not come (R-ORD-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secured {
    /// Cash on delivery.
    Cod,
    /// Credit terms (tempo).
    Credit,
}

/// Where an order stands (D.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderState {
    /// Units are allocated, money has not come.
    AwaitingPayment,
    /// Secured without money.
    Confirmed,
    /// Paid, to be shipped.
    Paid,
    /// On its way.
    Shipped,
    /// With the customer; its units are sold.
    Finished,
    /// Cancelled by anybody.
    Cancelled,
    /// Not paid in time; its units were released.
    Expired,
    /// Paid too late: first in line for its units (D.5).
    LateWait,
    /// Paid, and there is nothing to deliver: the money goes back.
    RefundDue,
    /// The money went back.
    Refunded,
    /// All of it came back.
    Returned,
}

impl OrderState {
    /// Every state, in the order of an order's life.
    pub const ALL: [Self; 11] = [
        Self::AwaitingPayment,
        Self::Confirmed,
        Self::Paid,
        Self::Shipped,
        Self::Finished,
        Self::Cancelled,
        Self::Expired,
        Self::LateWait,
        Self::RefundDue,
        Self::Refunded,
        Self::Returned,
    ];

    /// The wire's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingPayment => "awaiting_payment",
            Self::Confirmed => "confirmed",
            Self::Paid => "paid",
            Self::Shipped => "shipped",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::LateWait => "late_wait",
            Self::RefundDue => "refund_due",
            Self::Refunded => "refunded",
            Self::Returned => "returned",
        }
    }

    /// Whether somebody still has to do something: such an order is never forgotten.
    pub fn is_open(self) -> bool {
        matches!(
            self,
            Self::AwaitingPayment
                | Self::Confirmed
                | Self::Paid
                | Self::Shipped
                | Self::LateWait
                | Self::RefundDue
        )
    }

    /// Whether nothing is to be delivered any more, so that nothing is owed for it.
    pub fn is_void(self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Expired | Self::RefundDue | Self::Refunded
        )
    }
}

impl Line {
    /// The parts one unit takes: the SKU itself, or its components, with units of each.
    pub fn parts(&self) -> impl Iterator<Item = (&SkuId, u32)> {
        let own = self.components.is_empty().then_some((&self.sku, 1));
        let parts = self.components.iter().map(|part| (&part.sku, part.units));
        own.into_iter().chain(parts)
    }

    /// The drop that its units count against.
    pub fn counts_in(&self) -> Option<DropId> {
        self.drop.filter(|_| !self.revived)
    }

    /// Units that a late payment still waits for.
    pub fn missing(&self) -> u32 {
        self.qty - self.allocated - self.sold - self.returned
    }

    /// Units that stand for money: neither cancelled nor returned.
    pub fn net(&self) -> u32 {
        self.qty.saturating_sub(self.returned)
    }
}

impl Order {
    /// The newest payment, if it can still be paid.
    pub fn active(&self) -> Option<&Attempt> {
        let pending = |a: &&Attempt| a.status == PaymentStatus::Pending;
        self.attempt.as_ref().filter(pending)
    }

    /// Price of all goods, less what was cancelled or returned.
    pub fn goods(&self) -> u64 {
        let sum: u128 = self
            .lines
            .iter()
            .map(|line| u128::from(line.net()) * u128::from(line.price))
            .sum();
        u64::try_from(sum).unwrap_or(u64::MAX)
    }

    /// VAT on the sum of the goods, rounded half up.
    pub fn vat(&self) -> u64 {
        vat(self.goods(), self.vat_bp)
    }

    /// Goods and VAT.
    pub fn total(&self) -> u64 {
        self.goods().saturating_add(self.vat())
    }

    /// Money the shop has and does not owe back.
    pub fn kept(&self) -> u64 {
        self.captured
            .saturating_sub(self.refunded)
            .saturating_sub(self.refund_due)
    }

    /// Money still to come.
    pub fn outstanding(&self) -> u64 {
        if self.state.is_void() {
            0
        } else {
            self.total().saturating_sub(self.kept())
        }
    }

    /// Whether nothing is done for it any more and it may be forgotten in time.
    pub fn is_over(&self) -> bool {
        !self.state.is_open() && self.refund_due == 0
    }

    /// Units in it, less those cancelled.
    pub fn units(&self) -> u32 {
        self.lines.iter().map(|line| line.qty).sum()
    }
}

/// VAT of an amount in basis points, rounded half up.
pub fn vat(goods: u64, bp: u32) -> u64 {
    let exact = u128::from(goods) * u128::from(bp);
    u64::try_from((exact + 5_000) / 10_000).unwrap_or(u64::MAX)
}
