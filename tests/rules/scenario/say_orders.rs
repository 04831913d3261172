//! Orders, checkouts and payments in a seller's words: facts, of which a table may name any.

use lapak::domain::answer::CheckoutBegun;
use lapak::domain::order::{Line, vat};
use lapak::domain::{Answer, Checkout, Millis, Order, Payment, Secured};

use super::words::say;

/// The facts of an answer about an order; times are told from `now`.
pub(super) fn accepted(answer: &Answer, now: Millis) -> Vec<String> {
    let due = |at: &Millis| format!("due {}", say(at.since(now)));
    match answer {
        Answer::Checkout(begun) => {
            let CheckoutBegun {
                ends_at,
                deadlines,
                goods,
                vat_bp,
                currency,
                ..
            } = &**begun;
            let vat = vat(*goods, *vat_bp);
            let mut facts = vec![
                format!("ends {}", say(ends_at.since(now))),
                format!("goods {goods}"),
                format!("vat {vat}"),
                format!("total {}", goods + vat),
                currency.to_string(),
            ];
            let each = deadlines.iter().enumerate();
            facts.extend(each.map(|(i, (_, at))| format!("booking {i} {}", due(at))));
            facts
        }
        Answer::Ordered {
            total,
            currency,
            deadline,
            ..
        } => vec![
            "ordered".into(),
            format!("total {total}"),
            currency.to_string(),
            due(deadline),
        ],
        Answer::Paying(begun) => vec![
            format!("paying {}", begun.amount),
            begun.expires_at.map_or("no expiry".into(), |at| {
                format!("expires {}", say(at.since(now)))
            }),
            due(&begun.deadline),
            begun.method.as_str().to_owned(),
        ],
        _ => vec!["done".into()],
    }
}

/// The facts of an order.
pub(super) fn order(o: &Order, now: Millis) -> Vec<String> {
    let mut facts = vec![
        o.state.as_str().replace('_', " "),
        o.customer.to_string(),
        format!("goods {}", o.goods()),
        format!("vat {}", o.vat()),
        format!("total {}", o.total()),
        format!("captured {}", o.captured),
        format!("refund due {}", o.refund_due),
        format!("refunded {}", o.refunded),
        format!("kept {}", o.kept()),
        format!("outstanding {}", o.outstanding()),
        o.deadline.map_or("no deadline".into(), |at| {
            format!("due {}", say(at.since(now)))
        }),
        if o.checking {
            "checking"
        } else {
            "not checking"
        }
        .into(),
        match o.secured {
            None => "not secured",
            Some(Secured::Cod) => "secured by cod",
            Some(Secured::Credit) => "secured by credit",
        }
        .into(),
        format!("{} payments", o.payments.len()),
        o.active().map_or("nothing active".into(), |a| {
            let id = a.payment.as_str();
            format!("active {}", id.trim_start_matches("sandbox/"))
        }),
        format!("reward {}", o.reward),
        format!("because {}", o.reason),
    ];
    facts.extend(o.lines.iter().enumerate().map(|(i, l)| line(i, l)));
    facts
}

fn line(at: usize, l: &Line) -> String {
    let mut text = format!("line {at} x{}", l.qty);
    for (word, units) in [
        ("allocated", l.allocated),
        ("sold", l.sold),
        ("returned", l.returned),
    ] {
        if units > 0 {
            text = format!("{text} {word} {units}");
        }
    }
    format!("{text} at {}", l.price)
}

/// The facts of a checkout.
pub(super) fn session(c: &Checkout, now: Millis) -> Vec<String> {
    if c.left {
        return vec!["left".into(), c.customer.to_string()];
    }
    vec![
        "open".into(),
        c.customer.to_string(),
        format!("ends {}", say(c.ends_at.since(now))),
        format!("{} bookings", c.bookings.len()),
    ]
}

/// The facts of a payment.
pub(super) fn payment(p: &Payment) -> Vec<String> {
    vec![
        p.status.as_str().replace('_', " "),
        format!("amount {}", p.amount),
        p.currency.to_string(),
        p.method.as_str().to_owned(),
        if p.order.is_some() {
            "matched"
        } else {
            "parked"
        }
        .into(),
    ]
}
