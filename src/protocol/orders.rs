//! Checkouts, orders and payments as clients are told of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::domain::Answer;
use crate::domain::order::vat;

/// The answer to a request about orders that was accepted.
pub(super) fn accepted(answer: &Answer) -> Value {
    match answer {
        Answer::Checkout {
            checkout,
            ends_at,
            deadlines,
            goods,
            vat_bp,
            currency,
        } => {
            let deadlines: BTreeMap<_, _> = deadlines
                .iter()
                .map(|(booking, at)| (booking.to_string(), at.0))
                .collect();
            let vat = vat(*goods, *vat_bp);
            json!({
                "type": "checkout",
                "checkout": checkout.to_string(),
                "ends_at_ms": ends_at.0,
                "deadlines": deadlines,
                "goods": goods,
                "vat": vat,
                "vat_bp": vat_bp,
                "total": goods + vat,
                "currency": &**currency,
            })
        }
        Answer::Ordered {
            order,
            total,
            currency,
            deadline,
        } => json!({
            "type": "ordered",
            "order": order.to_string(),
            "state": "awaiting_payment",
            "total": total,
            "currency": &**currency,
            "pay_deadline_ms": deadline.0,
        }),
        Answer::Paying {
            order,
            payment,
            method,
            amount,
            currency,
            expires_at,
            deadline,
        } => json!({
            "type": "payment",
            "order": order.to_string(),
            "payment": payment.as_str(),
            "method": method.as_str(),
            "amount": amount,
            "currency": &**currency,
            "expires_at_ms": expires_at.map(|at| at.0),
            "pay_deadline_ms": deadline.0,
        }),
        Answer::DoneOrder { order } => json!({"type": "done", "order": order.to_string()}),
        _ => json!({"type": "done"}),
    }
}
