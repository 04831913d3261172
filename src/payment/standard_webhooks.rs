//! The Standard Webhooks scheme, and our own notifications under it.
//!
//! Three headers: `webhook-id` names the message, `webhook-timestamp` is Unix seconds of this
//! attempt, `webhook-signature` is a list, parted by spaces, of `v1,` and the base64 of
//! HMAC-SHA256 over `id.timestamp.body`. Any secret of ours may have made any of them. The body is
//! that of the wire, byte for byte: read and written anew it is another body.
//!
//! A gateway that has no notifications of its own here sends
//!
//! ```json
//! {"type":"payment.settled","data":{"payment":"tx-81","order":"0198…","status":"settled",
//!  "amount":219780,"currency":"IDR","method":"qris","at_ms":1730000000000,
//!  "expires_at_ms":1730000900000,"account":"M-1"}}
//! ```
//!
//! `type` is `payment.` and the status; any other type is received and let be. Amounts are minor
//! units, whole. `method`, `at_ms`, `expires_at_ms` and `account` may be absent. The signature
//! covers all of it.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::body::Body;
use super::error::Error;
use super::notice::{Method, Notice, Said, method_of, order_name, payment_id, status_of};
use crate::secret::Secret;

/// How far the time of a message may be from now, in milliseconds, on each side.
pub const TOLERANCE_MS: u64 = 300_000;
/// What a secret's text begins with.
const PREFIX: &[u8] = b"whsec_";
/// Fewest and most bytes of a secret, decoded. The scheme says 64 at most; more does no harm.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=256;
/// Longest name of a message.
const ID_MAX: usize = 128;
/// Most signatures that are looked at: each may be compared with each secret.
const SIGNATURES_MAX: usize = 16;

/// Why a text is no secret of this scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is whsec_ and the base64 of at least 24 bytes")]
pub struct NoSecret;

/// The three headers, as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `webhook-id`.
    pub id: Option<&'a str>,
    /// `webhook-timestamp`.
    pub timestamp: Option<&'a str>,
    /// `webhook-signature`.
    pub signature: Option<&'a str>,
}

/// The secrets of an endpoint: the first signs, any may have signed.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

impl Keys {
    /// Takes texts like `whsec_…`, at least one.
    pub fn new(secrets: &[Secret]) -> Result<Self, NoSecret> {
        let keys: Result<Vec<Key>, NoSecret> = secrets.iter().map(key).collect();
        keys.and_then(|keys| {
            if keys.is_empty() {
                Err(NoSecret)
            } else {
                Ok(Self(keys))
            }
        })
    }

    /// A signature of a message, as it stands in `webhook-signature`.
    pub fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let made = self.0.first().map(|key| tag(key, id, timestamp, body));
        made.map_or_else(String::new, |tag| {
            format!("v1,{}", STANDARD.encode(tag.as_ref()))
        })
    }

    /// Believes a message or not. Whether it is signed comes before whether it is fresh, so that
    /// nothing of the clock is told to strangers.
    pub fn check(&self, headers: &Headers<'_>, body: &[u8], now_ms: u64) -> Result<(), Error> {
        let (Some(id), Some(timestamp), Some(signatures)) =
            (headers.id, headers.timestamp, headers.signature)
        else {
            return Err(Error::BadSignature);
        };
        let at_ms = seconds(timestamp).ok_or(Error::BadSignature)? * 1_000;
        if !is_id(id) || !self.signed(signatures, id, timestamp, body) {
            return Err(Error::BadSignature);
        }
        if at_ms.abs_diff(now_ms) > TOLERANCE_MS {
            return Err(Error::Stale);
        }
        Ok(())
    }

    fn signed(&self, signatures: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
        let tags: Vec<Tag> = self
            .0
            .iter()
            .map(|key| tag(key, id, timestamp, body))
            .collect();
        let told = signatures.split(' ').take(SIGNATURES_MAX);
        let told = told.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        told.fold(false, |found, one| {
            let same = |tag: &Tag| verify_slices_are_equal(tag.as_ref(), &one).is_ok();
            tags.iter().fold(found, |found, tag| found | same(tag))
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} secrets]", self.0.len())
    }
}

fn key(secret: &Secret) -> Result<Key, NoSecret> {
    let text = secret.expose().strip_prefix(PREFIX).ok_or(NoSecret)?;
    let bytes = STANDARD
        .decode(text)
        .map(Secret::new)
        .map_err(|_| NoSecret)?;
    if SECRET_BYTES.contains(&bytes.expose().len()) {
        Ok(Key::new(HMAC_SHA256, bytes.expose()))
    } else {
        Err(NoSecret)
    }
}

fn tag(key: &Key, id: &str, timestamp: &str, body: &[u8]) -> Tag {
    let mut context = Context::with_key(key);
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    context.sign()
}

/// With a dot in the name, one message could be read as another.
fn is_id(id: &str) -> bool {
    (1..=ID_MAX).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'.')
}

fn seconds(text: &str) -> Option<u64> {
    let fits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

/// Reads a message of our own form, already believed; `gateway` goes before the payment's id.
pub(super) fn read(gateway: &str, id: Option<&str>, body: &[u8]) -> Result<Said, Error> {
    let body = Body::read(body)?;
    let Some(word) = body.fields().text("type")?.strip_prefix("payment.") else {
        return Ok(Said::Beside);
    };
    let Some(status) = status_of(word) else {
        return Ok(Said::Beside);
    };
    let data = body.fields().part("data")?;
    if data.text("status")? != word {
        return Err(Error::Malformed("status"));
    }
    let method = data.text_if("method")?;
    let method = method.map(|word| method_of(word).ok_or(Error::Malformed("method")));
    Ok(Said::Payment(Box::new(Notice {
        payment: payment_id(gateway, data.text("payment")?)?,
        attempt: None,
        order: order_name(data.text("order")?)?,
        status,
        amount: data.count_if("amount")?.ok_or(Error::Malformed("amount"))?,
        currency: data.currency(None)?,
        method: method.transpose()?.unwrap_or(Method::Other),
        at: data.count_if("at_ms")?,
        expires_at: data.count_if("expires_at_ms")?,
        account: data.text_if("account")?.map(Into::into),
        event: id.map(Into::into),
    })))
}

#[cfg(test)]
mod tests;
