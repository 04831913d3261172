//! A gateway without money, for demos and tests: it makes payments with a QR code, and whoever
//! presses a button pays, pays wrongly, or does not pay.
//!
//! What it says, it says as a real gateway does: in signed notifications, through the same door.
//! It keeps a bounded number of payments in memory; a restart forgets them, and then it answers
//! that it knows no such payment.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::notice::{Method, Notice, Status};
use super::standard_webhooks::Keys;
use super::{qr, qris};
use crate::catalog::Currency;
use crate::secret::Secret;

/// What stands before the ids of its payments.
pub const NAME: &str = "sandbox";
/// Who is paid.
const MERCHANT: &str = "LAPAK SANDBOX";
/// Its account.
const ACCOUNT: &str = "LAPAK0000000001";
/// Most payments that are remembered; the oldest are forgotten first.
pub const PAYMENTS_MAX: usize = 10_000;

/// What can be done with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The whole amount, in time.
    Pay,
    /// The whole amount, in time or not: gateways do let some through.
    PayLate,
    /// The whole amount in two transactions: somebody scanned the code twice.
    PayTwice,
    /// Half the amount.
    PayLess,
    /// The amount and a tenth.
    PayMore,
    /// The bank says no.
    Fail,
    /// The gateway gives it up.
    Expire,
    /// Nobody ever pays; nothing is told.
    Never,
    /// What was told last is told again, word for word.
    Repeat,
    /// What was paid goes back.
    Refund,
}

/// Why a button does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not known, or was forgotten.
    #[error("no such payment")]
    Unknown,
    /// It was paid, failed, or its time is over; or there is nothing to repeat or give back.
    #[error("the payment stands so that this cannot be done")]
    State,
}

/// What a payment is to be for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The order's name, as notices will tell it.
    pub order: String,
    /// Minor units.
    pub amount: u64,
    /// Of the amount.
    pub currency: Currency,
    /// Until when it can be paid, in Unix milliseconds.
    pub expires_at: u64,
}

/// A payment that waits for somebody to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// Its id, `sandbox/…`.
    pub payment: String,
    /// How it is paid.
    pub method: Method,
    /// Until when, in Unix milliseconds.
    pub expires_at: u64,
    /// The payload of its QR code.
    pub qr: String,
    /// The same, drawn (see [`qr::rows`]).
    pub qr_rows: Vec<String>,
}

/// A notification on its way to our own door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Signed {
    /// A header by its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        match name {
            "webhook-id" => Some(&self.id),
            "webhook-timestamp" => Some(&self.timestamp),
            "webhook-signature" => Some(&self.signature),
            _ => None,
        }
    }
}

struct Payment {
    id: String,
    wanted: Wanted,
    status: Status,
    /// Settled or given back, in minor units.
    amount: u64,
    at: u64,
    /// Messages told so far: each has a name of its own.
    told: u32,
    last: Vec<Message>,
}

/// A message before it is signed: its name and body stay when it is sent again.
#[derive(Clone)]
struct Message {
    id: String,
    body: Vec<u8>,
}

/// The gateway.
pub struct Sandbox {
    keys: Keys,
    /// Oldest first.
    payments: Mutex<VecDeque<Payment>>,
}

impl Sandbox {
    /// A gateway that signs with the first of these secrets.
    pub fn new(keys: Keys) -> Self {
        Self {
            keys,
            payments: Mutex::default(),
        }
    }

    /// What its notifications are checked with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Makes a payment, named by 96 of the random bits. None if the time is over already, or the
    /// currency is one that the code cannot say.
    pub fn start(&self, wanted: &Wanted, random: u128, now_ms: u64) -> Option<Started> {
        if wanted.expires_at <= now_ms {
            return None;
        }
        let payment = Payment {
            id: format!("{:024x}", random >> 32),
            wanted: wanted.clone(),
            status: Status::Pending,
            amount: wanted.amount,
            at: now_ms,
            told: 0,
            last: Vec::new(),
        };
        let started = payment.shown()?;
        let mut payments = self.payments();
        if payments.len() >= PAYMENTS_MAX {
            payments.pop_front();
        }
        payments.push_back(payment);
        Some(started)
    }

    /// A payment as it was started, for a page that comes back; none if it is not known.
    pub fn shown(&self, payment: &str) -> Option<Started> {
        let mut payments = self.payments();
        find(&mut payments, payment)?.shown()
    }

    /// How a payment stands; none if it is not known.
    pub fn status(&self, payment: &str) -> Option<Notice> {
        let mut payments = self.payments();
        find(&mut payments, payment).map(|payment| payment.notice())
    }

    /// Presses a button: what is then to be told at our own door, signed for now.
    pub fn press(
        &self,
        payment: &str,
        action: Action,
        now_ms: u64,
    ) -> Result<Vec<Signed>, Refused> {
        let mut payments = self.payments();
        let payment = find(&mut payments, payment).ok_or(Refused::Unknown)?;
        let messages = payment.act(action, now_ms)?;
        Ok(messages
            .into_iter()
            .map(|message| self.sign(message, now_ms))
            .collect())
    }

    fn sign(&self, message: Message, now_ms: u64) -> Signed {
        let timestamp = (now_ms / 1_000).to_string();
        Signed {
            signature: self.keys.sign(&message.id, &timestamp, &message.body),
            id: message.id,
            timestamp,
            body: message.body,
        }
    }

    fn payments(&self) -> MutexGuard<'_, VecDeque<Payment>> {
        self.payments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Payment {
    fn shown(&self) -> Option<Started> {
        let said = qris::payload(&qris::Bill {
            merchant: MERCHANT,
            amount: self.wanted.amount,
            decimals: self.wanted.currency.exponent(),
            currency: number_of(self.wanted.currency)?,
            reference: &self.id,
        });
        Some(Started {
            payment: format!("{NAME}/{}", self.id),
            method: Method::Qris,
            expires_at: self.wanted.expires_at,
            qr_rows: qr::rows(&said)?,
            qr: said,
        })
    }

    fn act(&mut self, action: Action, now_ms: u64) -> Result<Vec<Message>, Refused> {
        let whole = self.wanted.amount;
        let in_time = now_ms < self.wanted.expires_at;
        let open = self.status == Status::Pending;
        let late = matches!(self.status, Status::Pending | Status::Expired);
        let may = match action {
            Action::PayLate => late,
            Action::Expire | Action::Fail => open,
            Action::Never => true,
            Action::Repeat => !self.last.is_empty(),
            Action::Refund => self.status == Status::Settled,
            _ => open && in_time,
        };
        if !may {
            return Err(Refused::State);
        }
        let (status, amount) = match action {
            Action::Never => return Ok(Vec::new()),
            Action::Repeat => return Ok(self.last.clone()),
            Action::Fail => (Status::Failed, whole),
            Action::Expire => (Status::Expired, whole),
            Action::Refund => (Status::Refunded, self.amount),
            Action::PayLess => (Status::Settled, whole / 2),
            Action::PayMore => (Status::Settled, whole.saturating_add(whole.div_ceil(10))),
            Action::Pay | Action::PayLate | Action::PayTwice => (Status::Settled, whole),
        };
        (self.status, self.amount, self.at) = (status, amount, now_ms);
        let again = (action == Action::PayTwice).then(|| format!("{}-2", self.id));
        let ids = std::iter::once(self.id.clone()).chain(again);
        self.last = ids
            .collect::<Vec<_>>()
            .iter()
            .map(|id| self.message(id))
            .collect();
        Ok(self.last.clone())
    }

    fn message(&mut self, transaction: &str) -> Message {
        self.told += 1;
        let status = self.status.as_str();
        let body = json!({
            "type": format!("payment.{status}"),
            "data": {
                "payment": transaction,
                "order": self.wanted.order,
                "status": status,
                "amount": self.amount,
                "currency": self.wanted.currency.code(),
                "method": Method::Qris.as_str(),
                "at_ms": self.at,
                "expires_at_ms": self.wanted.expires_at,
                "account": ACCOUNT,
            },
        });
        Message {
            id: format!("msg_{}_{}", self.id, self.told),
            body: body.to_string().into_bytes(),
        }
    }

    fn notice(&self) -> Notice {
        Notice {
            payment: format!("{NAME}/{}", self.id),
            attempt: None,
            order: self.wanted.order.clone(),
            status: self.status,
            amount: self.amount,
            currency: self.wanted.currency,
            method: Method::Qris,
            at: Some(self.at),
            expires_at: Some(self.wanted.expires_at),
            account: Some(ACCOUNT.to_owned()),
            event: None,
        }
    }
}

/// A second transaction of a payment is the payment, to this gateway.
fn find<'a>(payments: &'a mut VecDeque<Payment>, payment: &str) -> Option<&'a mut Payment> {
    let id = payment.strip_prefix(NAME)?.strip_prefix('/')?;
    payments.iter_mut().rev().find(|payment| payment.id == id)
}

/// The number of ISO 4217.
fn number_of(currency: Currency) -> Option<&'static str> {
    Some(match currency.code() {
        "IDR" => "360",
        "MYR" => "458",
        "USD" => "840",
        "SGD" => "702",
        "THB" => "764",
        "PHP" => "608",
        "VND" => "704",
        _ => return None,
    })
}

/// A new secret, for a sandbox that was given none. None if the system has no randomness.
pub(super) fn secret() -> Option<Keys> {
    use base64::Engine as _;
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    let text = format!(
        "whsec_{}",
        base64::engine::general_purpose::STANDARD.encode(bytes)
    );
    Keys::new(&[Secret::new(text.into_bytes())]).ok()
}

#[cfg(test)]
mod tests;
