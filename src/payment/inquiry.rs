//! Asking a gateway how a payment stands: before an order expires (D.5, check before expire), and
//! when a notice is doubted (S-20).
//!
//! Today only the sandbox can be asked, from memory. The seam for the real ones is
//! [`Gateways::ask`](super::Gateways::ask): it knows the shop, the gateway by the payment's prefix
//! and the endpoint with its secret. What is missing is an HTTPS client and the two calls,
//! `GET /v2/{transaction_id}/status` of Midtrans (the same fields as a notification, signed the
//! same way, so `midtrans::read` reads the answer) and `GET /v3/payments/{payment_id}` of Xendit.

use super::notice::Notice;

/// What a gateway answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inquiry {
    /// How the payment stands: as good as a notification.
    Stands(Box<Notice>),
    /// The gateway knows of no such payment.
    Unknown,
    /// There is nobody who could be asked: it stays with what notifications say.
    CannotAsk,
}

impl From<Option<Notice>> for Inquiry {
    fn from(found: Option<Notice>) -> Self {
        found.map_or(Self::Unknown, |notice| Self::Stands(Box::new(notice)))
    }
}
