//! Midtrans: its HTTP notifications.
//!
//! `signature_key` in the body is the SHA-512, in hex, of `order_id`, `status_code`,
//! `gross_amount` and the server key, one after the other. So it vouches for those three and for
//! the sender, and for nothing else: neither `transaction_status` nor `transaction_id` is under
//! it. Two things follow. A status that says the money is there is believed only with the
//! `status_code` that goes with it, so a signed *pending* (201) cannot be turned into a
//! *settlement*. And nothing says when it was signed: old notifications are harmless only because
//! a payment's status never goes back (D.6).
//!
//! Times are those of western Indonesia. The gateway has no message ids.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Context, SHA512};

use super::body::{Body, Fields};
use super::error::Error;
use super::notice::{Method, Notice, Said, Status, order_name, payment_id};
use super::stamp;
use crate::catalog::Currency;
use crate::secret::Secret;

/// What stands before the ids of its payments.
pub const NAME: &str = "midtrans";
/// What `status_code` says of a transaction that went well.
const WENT_WELL: &str = "200";

/// Reads and believes a notification, or not; `keys` are server keys, any may have signed.
pub(super) fn read(keys: &[Secret], body: &[u8]) -> Result<Said, Error> {
    let body = Body::read(body)?;
    let fields = body.fields();
    check(keys, fields)?;
    let Some(status) = status(fields)? else {
        return Ok(Said::Beside);
    };
    let time = |name| Ok(fields.text_if(name)?.and_then(stamp::wib));
    let at = match time("settlement_time")? {
        Some(at) => Some(at),
        None => time("transaction_time")?,
    };
    let currency = fields.currency(Some(Currency::IDR))?;
    let gross = fields.amount("gross_amount", currency)?;
    Ok(Said::Payment(Box::new(Notice {
        payment: payment_id(NAME, fields.text("transaction_id")?)?,
        attempt: None,
        order: order_name(fields.text("order_id")?)?,
        status,
        amount: match status {
            Status::Refunded => went_back(fields, gross, currency)?,
            _ => gross,
        },
        currency,
        method: fields
            .text_if("payment_type")?
            .map_or(Method::Other, method),
        at,
        expires_at: time("expiry_time")?,
        account: fields.text_if("merchant_id")?.map(Into::into),
        event: None,
    })))
}

fn check(keys: &[Secret], fields: Fields<'_>) -> Result<(), Error> {
    let signed = ["order_id", "status_code", "gross_amount"].map(|name| fields.text(name));
    let told = fields.text_if("signature_key")?.unwrap_or_default();
    let told = from_hex(told).ok_or(Error::BadSignature)?;
    let [order, code, amount] = signed;
    let parts = [order?, code?, amount?];
    // The three stand side by side under the digest: without a length, one would run into the next.
    if parts[1].len() != WENT_WELL.len() {
        return Err(Error::Malformed("status_code"));
    }
    let same = |key: &Secret| {
        let mut context = Context::new(&SHA512);
        for part in &parts {
            context.update(part.as_bytes());
        }
        context.update(key.expose());
        verify_slices_are_equal(context.finish().as_ref(), &told).is_ok()
    };
    if keys.iter().fold(false, |found, key| found | same(key)) {
        Ok(())
    } else {
        Err(Error::BadSignature)
    }
}

/// The status; none for words that are not of a payment.
fn status(fields: Fields<'_>) -> Result<Option<Status>, Error> {
    let status = match fields.text("transaction_status")? {
        // Of cards only: the bank has paid, unless the gateway has doubts about the card.
        "capture" => match fields.text_if("fraud_status")? {
            None | Some("accept") => Status::Settled,
            Some("deny") => Status::Failed,
            Some(_) => Status::Pending,
        },
        "settlement" => Status::Settled,
        "pending" | "authorize" => Status::Pending,
        "deny" | "cancel" | "failure" => Status::Failed,
        "expire" => Status::Expired,
        // A chargeback is a refund that the bank decided on: the money has left either way.
        "refund" | "partial_refund" | "chargeback" | "partial_chargeback" => Status::Refunded,
        _ => return Ok(None),
    };
    let needs = matches!(status, Status::Settled | Status::Refunded);
    if needs && fields.text("status_code")? != WENT_WELL {
        return Err(Error::Malformed("status_code"));
    }
    Ok(Some(status))
}

/// What went back so far: the sum of the refunds that are listed, else what stands beside them,
/// else, of a whole refund, everything.
fn went_back(fields: Fields<'_>, gross: u64, currency: Currency) -> Result<u64, Error> {
    const NAME: &str = "refund_amount";
    let total = fields.sum("refunds", NAME, currency)?;
    let partial = fields.text("transaction_status")?.starts_with("partial");
    let total = match total {
        Some(total) => total,
        None => match fields.amount_if(NAME, currency)? {
            Some(amount) => amount,
            None if partial => return Err(Error::Malformed(NAME)),
            None => gross,
        },
    };
    if total <= gross {
        Ok(total)
    } else {
        Err(Error::Malformed(NAME))
    }
}

fn method(word: &str) -> Method {
    match word {
        "qris" => Method::Qris,
        "gopay" | "shopeepay" | "dana" | "ovo" => Method::Ewallet,
        "bank_transfer" | "echannel" | "permata" => Method::VirtualAccount,
        "credit_card" => Method::Card,
        _ => Method::Other,
    }
}

/// The 64 bytes of 128 hex digits, in any case.
fn from_hex(text: &str) -> Option<[u8; 64]> {
    let mut bytes = [0; 64];
    if text.len() != 128 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
