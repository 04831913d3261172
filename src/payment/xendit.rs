//! Xendit: its webhooks of payments, QR codes and invoices.
//!
//! Nothing is signed: the header `x-callback-token` carries a secret that the gateway and we
//! know. It vouches for the sender, and the line's encryption for the body. Nothing says when it
//! was sent; a repetition is harmless as a payment's status never goes back (D.6). Messages that
//! have a `webhook-id` keep it when they are sent again.
//!
//! ```text
//! {"event":"payment.capture", "data":{"payment_id":"py-…","payment_request_id":"pr-…",…}}   v3
//! {"event":"payment.succeeded","data":{"id":"py-…","payment_request_id":"pr-…",…}}          v2
//! {"event":"qr.payment","data":{"id":"qrpy_…","qr_id":"qr_…",…}}                            2022
//! {"event":"qr.payment","id":"qrpy_…","qr_code":{"id":"qr_…","external_id":"…"},…}          2020
//! {"id":"…","external_id":"…","status":"PAID","paid_amount":50000,…}                        invoice
//! ```

use super::body::{Body, Fields};
use super::error::Error;
use super::notice::{Method, Notice, Said, Status, order_name, payment_id};
use super::stamp;
use crate::catalog::Currency;
use crate::secret::Secret;

/// What stands before the ids of its payments.
pub const NAME: &str = "xendit";

/// Believes the sender or not; `tokens` are verification tokens, any may be told.
pub(super) fn check(tokens: &[Secret], told: Option<&str>) -> Result<(), Error> {
    let told = told.unwrap_or_default().as_bytes();
    let same = |token: &Secret| token.is_said_by(told);
    if tokens
        .iter()
        .fold(false, |found, token| found | same(token))
    {
        Ok(())
    } else {
        Err(Error::BadSignature)
    }
}

/// Reads a message whose sender is believed.
pub(super) fn read(event_id: Option<&str>, body: &[u8]) -> Result<Said, Error> {
    let body = Body::read(body)?;
    let whole = body.fields();
    let notice = match whole.text_if("event")? {
        Some("qr.payment") => Some(qr(whole)?),
        Some(event) => match status_of_event(event) {
            Some(status) => Some(payment(whole, status)?),
            None => None,
        },
        None if whole.text_if("external_id")?.is_some() => invoice(whole)?,
        None => None,
    };
    Ok(notice.map_or(Said::Beside, |mut notice| {
        notice.event = event_id.map(Into::into);
        Said::Payment(Box::new(notice))
    }))
}

/// Events of payments; of tokens, payouts and the like there is nothing to know here. A refund
/// that failed leaves the payment what it was.
fn status_of_event(event: &str) -> Option<Status> {
    Some(match event {
        "payment.capture" | "payment.succeeded" => Status::Settled,
        "payment.authorization" | "payment.awaiting_capture" | "payment.pending" => Status::Pending,
        "payment.failure" | "payment.failed" => Status::Failed,
        "payment.expiry" | "payment_request.expiry" => Status::Expired,
        "refund.succeeded" => Status::Refunded,
        _ => return None,
    })
}

/// A payment, a payment request or a refund, of the second and third version.
fn payment(whole: Fields<'_>, status: Status) -> Result<Notice, Error> {
    let data = whole.part("data")?;
    // What the event says and what the object says have to be the same.
    let word = data.text_if("status")?;
    let wanted: &[&str] = match status {
        Status::Settled | Status::Refunded => &["SUCCEEDED"],
        Status::Failed => &["FAILED", "CANCELED", "CANCELLED"],
        Status::Expired => &["EXPIRED"],
        _ => &[
            "PENDING",
            "AUTHORIZED",
            "AWAITING_CAPTURE",
            "REQUIRES_ACTION",
        ],
    };
    if word.is_none_or(|word| !wanted.contains(&word)) {
        return Err(Error::Malformed("status"));
    }
    let attempt = data.text_if("payment_request_id")?;
    let of_refund = status == Status::Refunded;
    let own = match data.text_if("payment_id")? {
        Some(id) => Some(id),
        None if of_refund => attempt,
        None => data.text_if("id")?.or(attempt),
    };
    let currency = data.currency(None)?;
    // Of cards a part may be taken: then the parts taken count, not what was asked.
    let amount = match data.sum("captures", "capture_amount", currency)? {
        Some(amount) => amount,
        None => match data.amount_if("amount", currency)? {
            Some(amount) => amount,
            None => data.amount("request_amount", currency)?,
        },
    };
    let own = own.ok_or(Error::Malformed("payment_id"))?;
    Ok(Notice {
        payment: payment_id(NAME, own)?,
        attempt: attempt_of(attempt, own)?,
        order: order_name(data.text("reference_id")?)?,
        status,
        amount,
        currency,
        method: channel(data)?.and_then(method).unwrap_or(Method::Other),
        at: first_time(&[(data, "updated"), (data, "created"), (whole, "created")])?,
        expires_at: first_time(&[(data, "expires_at")])?,
        account: account(&[(data, "business_id"), (whole, "business_id")])?,
        event: None,
    })
}

/// A QR code that was paid: the payment in `data`, or, of the first version, all in one object.
fn qr(whole: Fields<'_>) -> Result<Notice, Error> {
    let data = whole.part_if("data")?;
    let code = whole.part_if("qr_code")?;
    let of = data.unwrap_or(whole);
    let (attempt, order) = match code {
        Some(code) if data.is_none() => (code.text("id")?, code.text("external_id")?),
        _ => (of.text("qr_id")?, of.text("reference_id")?),
    };
    if !["SUCCEEDED", "COMPLETED"].contains(&of.text("status")?) {
        return Err(Error::Malformed("status"));
    }
    let currency = of.currency(Some(Currency::IDR))?;
    let own = of.text("id")?;
    Ok(Notice {
        payment: payment_id(NAME, own)?,
        attempt: attempt_of(Some(attempt), own)?,
        order: order_name(order)?,
        status: Status::Settled,
        amount: of.amount("amount", currency)?,
        currency,
        method: Method::Qris,
        at: first_time(&[(of, "created")])?,
        expires_at: first_time(&[(of, "expires_at")])?,
        account: account(&[(of, "business_id"), (whole, "business_id")])?,
        event: None,
    })
}

/// An invoice that was paid or is over.
fn invoice(whole: Fields<'_>) -> Result<Option<Notice>, Error> {
    let (status, amount) = match whole.text("status")? {
        "PAID" | "SETTLED" => (Status::Settled, "paid_amount"),
        "PENDING" | "UNPAID" => (Status::Pending, "amount"),
        "EXPIRED" => (Status::Expired, "amount"),
        "FAILED" => (Status::Failed, "amount"),
        _ => return Ok(None),
    };
    let currency = whole.currency(Some(Currency::IDR))?;
    let invoice = whole.text("id")?;
    let own = whole.text_if("payment_id")?.unwrap_or(invoice);
    let channel = whole.text_if("payment_channel")?;
    let kind = whole.text_if("payment_method")?;
    Ok(Some(Notice {
        payment: payment_id(NAME, own)?,
        attempt: attempt_of(Some(invoice), own)?,
        order: order_name(whole.text("external_id")?)?,
        status,
        amount: whole.amount(amount, currency)?,
        currency,
        method: kind
            .and_then(method)
            .or_else(|| channel.and_then(method))
            .unwrap_or(Method::Other),
        at: first_time(&[(whole, "paid_at"), (whole, "updated"), (whole, "created")])?,
        expires_at: first_time(&[(whole, "expiry_date")])?,
        account: account(&[(whole, "user_id")])?,
        event: None,
    }))
}

fn attempt_of(attempt: Option<&str>, own: &str) -> Result<Option<String>, Error> {
    let attempt = attempt.filter(|attempt| *attempt != own);
    attempt.map(|attempt| payment_id(NAME, attempt)).transpose()
}

/// The channel: a member of the payment, or of what it was paid with.
fn channel(data: Fields<'_>) -> Result<Option<&str>, Error> {
    if let Some(code) = data.text_if("channel_code")? {
        return Ok(Some(code));
    }
    let with = data.part_if("payment_method")?;
    with.map_or(Ok(None), |with| with.text_if("type"))
}

fn method(code: &str) -> Option<Method> {
    let is = |word: &str| code == word || code.ends_with(&format!("_{word}"));
    Some(match code {
        "QR_CODE" => Method::Qris,
        "EWALLET" | "OVO" | "GOPAY" | "ASTRAPAY" | "JENIUSPAY" => Method::Ewallet,
        "CARD" | "CARDS" | "CREDIT_CARD" => Method::Card,
        "BANK_TRANSFER" => Method::VirtualAccount,
        _ if is("QRIS") => Method::Qris,
        _ if is("VIRTUAL_ACCOUNT") => Method::VirtualAccount,
        _ if ["DANA", "LINKAJA", "SHOPEEPAY"].into_iter().any(is) => Method::Ewallet,
        _ => return None,
    })
}

/// The first time that can be read. What cannot be read is not told: no money is turned away over
/// a date.
fn first_time(places: &[(Fields<'_>, &'static str)]) -> Result<Option<u64>, Error> {
    for (fields, name) in places {
        if let Some(time) = fields.text_if(name)?.and_then(stamp::rfc3339) {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

fn account(places: &[(Fields<'_>, &'static str)]) -> Result<Option<String>, Error> {
    for (fields, name) in places {
        if let Some(account) = fields.text_if(name)? {
            return Ok(Some(account.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
