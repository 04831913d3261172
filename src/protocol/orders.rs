//! Checkouts, orders and payments as clients are told of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::About;
use crate::domain::answer::{CheckoutBegun, PaymentBegun};
use crate::domain::order::{Attempt, Line, vat};
use crate::domain::{Answer, Order, OrderId, OrderOrigin, OrderState, PayBy, Secured};

/// The answer to a request about orders that was accepted.
pub(super) fn accepted(answer: &Answer, about: &About) -> Value {
    match answer {
        Answer::Checkout(begun) => checkout(begun, about),
        Answer::Ordered {
            order,
            total,
            currency,
            deadline,
        } => json!({
            "type": "ordered",
            "order": order.to_string(),
            // Of the answer alone, so that it is the same when it is given again.
            "state": if *total == 0 { "paid" } else { "awaiting_payment" },
            "total": total,
            "currency": &**currency,
            "pay_deadline_ms": deadline.0,
        }),
        Answer::Paying(begun) => paying(begun),
        Answer::DoneOrder { order } => json!({"type": "done", "order": order.to_string()}),
        _ => json!({"type": "done"}),
    }
}

fn checkout(begun: &CheckoutBegun, about: &About) -> Value {
    let deadlines = begun.deadlines.iter();
    let deadlines: BTreeMap<_, _> = deadlines
        .map(|(booking, at)| (booking.to_string(), at.0))
        .collect();
    let vat = vat(begun.goods, begun.vat_bp);
    json!({
        "type": "checkout",
        "checkout": begun.checkout.to_string(),
        "ends_at_ms": begun.ends_at.0,
        "deadlines": deadlines,
        "goods": begun.goods,
        "vat": vat,
        "vat_bp": begun.vat_bp,
        "total": begun.goods + vat,
        "currency": *begun.currency,
        "methods": about.methods,
    })
}

fn paying(begun: &PaymentBegun) -> Value {
    let answer = json!({
        "type": "payment",
        "order": begun.order.to_string(),
        "payment": begun.payment.as_str(),
        "method": begun.method.as_str(),
        "amount": begun.amount,
        "currency": *begun.currency,
        "expires_at_ms": begun.expires_at.map(|at| at.0),
        "pay_deadline_ms": begun.deadline.0,
        "sandbox": begun.payment.as_str().starts_with("sandbox/"),
    });
    with_pay_by(answer, begun.by.as_ref())
}

/// What a customer pays by: the text of a QR code, or a page.
fn with_pay_by(mut message: Value, by: Option<&PayBy>) -> Value {
    let (qr, url) = match by {
        Some(PayBy::Qr(text)) => (Some(&**text), None),
        Some(PayBy::Url(url)) => (None, Some(&**url)),
        None => (None, None),
    };
    message["qr"] = json!(qr);
    message["qr_rows"] = json!(qr.and_then(crate::payment::qr::rows));
    message["url"] = json!(url);
    message
}

/// An order, for its customer and for hosts.
pub fn row(id: OrderId, order: &Order) -> Value {
    let lines: Vec<Value> = (0..).zip(&order.lines).map(|(n, l)| line(n, l)).collect();
    let origin = match order.origin {
        OrderOrigin::Live => "live",
        OrderOrigin::Web => "web",
        OrderOrigin::Channel => "channel",
    };
    let secured = order.secured.map(|secured| match secured {
        Secured::Cod => "cod",
        Secured::Credit => "credit",
    });
    json!({
        "order": id.to_string(),
        "customer": order.customer.as_str(),
        "state": order.state.as_str(),
        "origin": origin,
        "placed_at_ms": order.placed_at.0,
        "since_ms": order.since.0,
        "deadline_ms": order.deadline.map(|at| at.0),
        "checking": order.checking,
        "currency": *order.currency,
        "goods": order.goods(),
        "vat": order.vat(),
        "vat_bp": order.vat_bp,
        "total": order.total(),
        "captured": order.captured,
        "outstanding": order.outstanding(),
        "refund_due": order.refund_due,
        "refunded": order.refunded,
        "secured": secured,
        "method": order.attempt.as_ref().map(|a| a.method.as_str()),
        "payment": order.attempt.as_ref().map(attempt),
        "penalty": order.lines.iter().map(|line| line.terms.cancel).max(),
        "lines": lines,
        "reason": *order.reason,
    })
}

fn attempt(attempt: &Attempt) -> Value {
    let row = json!({
        "payment": attempt.payment.as_str(),
        "method": attempt.method.as_str(),
        "status": attempt.status.as_str(),
        "expires_at_ms": attempt.expires_at.map(|at| at.0),
        "sandbox": attempt.payment.as_str().starts_with("sandbox/"),
    });
    with_pay_by(row, attempt.by.as_ref())
}

fn line(number: u32, line: &Line) -> Value {
    json!({
        "line": number,
        "sku": line.sku.as_str(),
        "title": *line.title,
        "qty": line.qty,
        "ordered": line.ordered,
        "returned": line.returned,
        "price": line.price,
        "booking": line.booking.map(|booking| booking.to_string()),
        "drop": line.drop.map(|drop| drop.to_string()),
    })
}

/// Orders with their rows.
pub fn rows(orders: &[(OrderId, Order)]) -> Vec<Value> {
    orders.iter().map(|(id, order)| row(*id, order)).collect()
}

/// How many orders stand where; states without any are left out.
pub fn by_state(counts: &BTreeMap<OrderState, u32>) -> Value {
    let counts = counts.iter();
    counts
        .map(|(state, count)| (state.as_str().to_owned(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
