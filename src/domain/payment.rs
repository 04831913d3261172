//! What gateways say of money (D.5, D.6).

use std::sync::Arc;

use super::id::{OrderId, PaymentId};
use super::time::Millis;

/// One payment at a gateway: an attempt that was started here, or a transaction it told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The order it pays; none while no such order is known (D.5, parked).
    pub order: Option<OrderId>,
    /// The order as the gateway named it.
    pub named: Arc<str>,
    /// How.
    pub method: Method,
    /// How far it has come.
    pub status: PaymentStatus,
    /// Its amount in minor units.
    pub amount: u64,
    /// ISO currency.
    pub currency: Arc<str>,
    /// When the gateway lets it end.
    pub expires_at: Option<Millis>,
    /// When it was first heard of.
    pub at: Millis,
}

/// What a gateway says of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNote {
    /// Which.
    pub payment: PaymentId,
    /// The order as the gateway names it: ours if it is an order's id.
    pub named: Arc<str>,
    /// How far it has come.
    pub status: PaymentStatus,
    /// Its amount in minor units; of a refund, the money given back.
    pub amount: u64,
    /// ISO currency.
    pub currency: Arc<str>,
    /// How it is paid.
    pub method: Method,
    /// When the gateway lets it end.
    pub expires_at: Option<Millis>,
}

/// How far a payment has come. A lower or equal rank never overwrites (D.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Started, to be paid.
    Pending,
    /// Refused, or given up.
    Failed,
    /// Its own time has passed.
    Expired,
    /// The money has come.
    Settled,
    /// The money is going back.
    RefundPending,
    /// The money went back.
    Refunded,
}

impl PaymentStatus {
    /// Its place in D.6.
    pub fn rank(self) -> u8 {
        match self {
            Self::Pending => 1,
            Self::Failed | Self::Expired => 2,
            Self::Settled => 3,
            Self::RefundPending => 4,
            Self::Refunded => 5,
        }
    }

    /// The wire's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Settled => "settled",
            Self::RefundPending => "refund_pending",
            Self::Refunded => "refunded",
        }
    }
}

/// How something is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// QRIS: its own expiry governs the order (R-ORD-6).
    Qris,
    /// A bank transfer that the seller sees arrive.
    Transfer,
    /// A virtual account at a bank.
    VirtualAccount,
    /// An e-wallet.
    Ewallet,
    /// A card.
    Card,
    /// Cash on delivery, or over the counter.
    Cash,
    /// Credit terms.
    Credit,
    /// The gateway did not say.
    Other,
}

impl Method {
    /// The wire's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Qris => "qris",
            Self::Transfer => "transfer",
            Self::VirtualAccount => "va",
            Self::Ewallet => "ewallet",
            Self::Card => "card",
            Self::Cash => "cod",
            Self::Credit => "credit",
            Self::Other => "other",
        }
    }
}
