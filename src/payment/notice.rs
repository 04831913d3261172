//! What a gateway says of a payment, whichever gateway it is.

use super::error::Error;
use crate::catalog::Currency;

/// Longest id of a payment, with the gateway's name in front, in bytes.
pub const PAYMENT_MAX: usize = 64;
/// Longest name of an order, in bytes.
pub const ORDER_MAX: usize = 64;

/// Where a payment stands at its gateway, in the order of D.6: what is later in rank is never
/// overwritten by what is earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Made, not paid.
    Pending,
    /// It will not be paid: refused or cancelled.
    Failed,
    /// Its time is over.
    Expired,
    /// The money is there.
    Settled,
    /// The money is going back.
    RefundPending,
    /// The money went back, all of it or a part.
    Refunded,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Failed,
        Self::Expired,
        Self::Settled,
        Self::RefundPending,
        Self::Refunded,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Settled => "settled",
            Self::RefundPending => "refund_pending",
            Self::Refunded => "refunded",
        }
    }

    /// The status of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

/// How it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// A QR code of the national standard.
    Qris,
    /// A bank transfer that somebody has to recognise.
    Transfer,
    /// A virtual account: a bank account for this payment alone.
    Va,
    /// A wallet on the phone.
    Ewallet,
    /// A credit or debit card.
    Card,
}

impl Method {
    /// Every method that gateways have.
    pub const ALL: [Self; 5] = [
        Self::Qris,
        Self::Transfer,
        Self::Va,
        Self::Ewallet,
        Self::Card,
    ];

    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Qris => "qris",
            Self::Transfer => "transfer",
            Self::Va => "va",
            Self::Ewallet => "ewallet",
            Self::Card => "card",
        }
    }

    /// The method of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }
}

/// One notification, read and believed. What it says of amount, currency, order and account is
/// the gateway's word: the engine compares it with the order (S-20).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The transaction: the gateway's name, a slash, the gateway's id; at most [`PAYMENT_MAX`].
    pub payment: String,
    /// What the payment was started as, where the gateway has another name for that: a payment
    /// request, a QR code, an invoice. Built like `payment`.
    pub attempt: Option<String>,
    /// The order as the gateway was given it; at most [`ORDER_MAX`] bytes.
    pub order: String,
    /// Where the payment stands.
    pub status: Status,
    /// Minor units. Of [`Status::Refunded`] and [`Status::RefundPending`]: what went back so far,
    /// in all. Of every other status: what is or was to be paid.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// How it is paid, if the gateway says so in words known here.
    pub method: Option<Method>,
    /// When it happened, in Unix milliseconds.
    pub at: Option<u64>,
    /// Until when it can be paid, in Unix milliseconds.
    pub expires_at: Option<u64>,
    /// The merchant's account at the gateway.
    pub account: Option<String>,
    /// The name of this message, if it has one: the same when it is sent again.
    pub event: Option<String>,
}

impl Notice {
    /// The order's own id, if the name begins with one: gateways that want a new name for each
    /// attempt are given the id, then `-`, `.`, `_` or `~`, and a count.
    pub fn order_id(&self) -> Option<u128> {
        let (id, rest) = self.order.split_at_checked(36)?;
        let ours = rest.is_empty() || rest.starts_with(['-', '.', '_', '~']);
        ours.then(|| uuid::Uuid::try_parse(id).ok())?
            .map(|id| id.as_u128())
    }
}

/// What a believed message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A payment.
    Payment(Box<Notice>),
    /// Something that is nothing to us; answered as received, so that it is not sent again.
    Beside,
}

/// The id of a payment: a gateway's name before the gateway's own id.
pub(super) fn payment_id(gateway: &str, id: &str) -> Result<String, Error> {
    let fits = !id.is_empty()
        && gateway.len() + 1 + id.len() <= PAYMENT_MAX
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(format!("{gateway}/{id}"))
    } else {
        Err(Error::Malformed("payment"))
    }
}

/// The name of an order.
pub(super) fn order_name(name: &str) -> Result<String, Error> {
    if !name.is_empty() && name.len() <= ORDER_MAX {
        Ok(name.to_owned())
    } else {
        Err(Error::Malformed("order"))
    }
}
