//! What a gateway says of a payment, whichever gateway it is.

use super::error::Error;
use crate::catalog::Currency;
use crate::domain::id::IdError;
use crate::domain::payment::PaymentNote;
pub use crate::domain::payment::{Method, PaymentStatus as Status};
use crate::domain::time::Millis;
use crate::domain::{Actor, Command, CustomerId, OrderId, PaymentId, Request, Role};

/// Longest id of a payment, with the gateway's name in front, in bytes.
pub const PAYMENT_MAX: usize = 64;
/// Longest name of an order, in bytes.
pub const ORDER_MAX: usize = 64;

/// Every status a gateway can tell of.
pub(super) const STATUSES: [Status; 6] = [
    Status::Pending,
    Status::Failed,
    Status::Expired,
    Status::Settled,
    Status::RefundPending,
    Status::Refunded,
];

/// Every method that our own form knows.
const METHODS: [Method; 6] = [
    Method::Qris,
    Method::Transfer,
    Method::VirtualAccount,
    Method::Ewallet,
    Method::Card,
    Method::Other,
];

/// The status of a word.
pub(super) fn status_of(word: &str) -> Option<Status> {
    let mut all = STATUSES.into_iter();
    all.find(|status| status.as_str() == word)
}

/// The method of a word.
pub(super) fn method_of(word: &str) -> Option<Method> {
    let mut all = METHODS.into_iter();
    all.find(|method| method.as_str() == word)
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
    /// How it is paid; [`Method::Other`] if the gateway does not say so in words known here.
    pub method: Method,
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

    /// The same as the engine takes it in.
    pub fn note(&self) -> Result<PaymentNote, IdError> {
        let named = self.order_id().map(|id| OrderId(id).to_string());
        Ok(PaymentNote {
            payment: PaymentId::new(&self.payment)?,
            named: named.as_deref().unwrap_or(&self.order).into(),
            status: self.status,
            amount: self.amount,
            currency: self.currency.code().into(),
            method: self.method,
            expires_at: self.expires_at.map(Millis),
        })
    }

    /// What the engine is asked because of it, in the name of the gateway: that is what stands before
    /// the payment's id.
    pub fn request(&self) -> Result<Request, IdError> {
        let gateway = self.payment.split('/').next().unwrap_or_default();
        Ok(Request {
            by: Actor {
                role: Role::System,
                name: CustomerId::new(gateway)?,
            },
            key: None,
            command: Command::NotePayment(Box::new(self.note()?)),
        })
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
