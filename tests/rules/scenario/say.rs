//! Answers and state in a seller's words: a list of facts, of which a table may name any.

use lapak::domain::booking::BookingState;
use lapak::domain::drop::DropState;
use lapak::domain::rejection::Limit;
use lapak::domain::shop::Outcome;
use lapak::domain::{
    Answer, Booking, BookingEnd, Drop, DropId, Millis, Origin, Rejection, Shop, SkuId,
};

use super::words::say;

/// The facts of an answer; times are told from `now`.
pub(super) fn outcome(outcome: &Outcome, now: Millis) -> Vec<String> {
    match outcome {
        Ok(answer) => accepted(answer, now),
        Err(reason) => {
            let mut facts = vec![format!("refused {}", reason.code())];
            facts.extend(details(reason));
            facts
        }
    }
}

fn accepted(answer: &Answer, now: Millis) -> Vec<String> {
    match answer {
        Answer::Held {
            qty,
            waiting,
            price,
            deadline,
            ..
        } => vec![
            format!("held {qty}"),
            format!("waiting {waiting}"),
            format!("price {price}"),
            format!("due {}", say(deadline.since(now))),
        ],
        Answer::Waiting { qty, ahead } => vec![format!("waiting {qty}"), format!("{ahead} ahead")],
        Answer::Cancelled {
            qty,
            penalty,
            reputation,
            ..
        } => vec![
            format!("cancelled {qty}"),
            format!("penalty {penalty}"),
            format!("reputation {reputation}"),
        ],
        Answer::Left => vec!["left".into()],
        Answer::Done { .. } => vec!["done".into()],
        Answer::DoneExcept { unknown } => {
            let names: Vec<&str> = unknown.iter().map(SkuId::as_str).collect();
            vec![format!("done except {}", names.join(" "))]
        }
        _ => super::say_orders::accepted(answer, now),
    }
}

fn details(reason: &Rejection) -> Vec<String> {
    let of = |l: &Limit| {
        vec![
            format!("limit {}", l.limit),
            format!("has {}", l.current),
            format!("{} more", l.max_allowed),
        ]
    };
    match reason {
        Rejection::Invalid(field) => vec![(*field).to_owned()],
        Rejection::ReputationLow { reputation, needed } => {
            vec![format!("{reputation} of {needed}")]
        }
        Rejection::MaxItemQty(l)
        | Rejection::CartLimit(l)
        | Rejection::CustomerLimit(l)
        | Rejection::BookingCap(l) => of(l),
        Rejection::RebookCooldown { retry_ms } => vec![format!("in {}", say(*retry_ms))],
        Rejection::SoldOut { available, waiting } => {
            vec![format!("{available} left"), format!("{waiting} waiting")]
        }
        Rejection::NotHeld(end) => vec![end.map_or("unknown", end_word).to_owned()],
        Rejection::OrderNotPayable(state) | Rejection::OrderState(state) => {
            vec![state.as_str().replace('_', " ")]
        }
        Rejection::BelowCommitted { committed } | Rejection::InUse { committed } => {
            vec![format!("{committed} promised")]
        }
        _ => Vec::new(),
    }
}

fn end_word(end: BookingEnd) -> &'static str {
    match end {
        BookingEnd::Ordered => "ordered",
        BookingEnd::Cancelled => "cancelled",
        BookingEnd::CancelledBySeller => "cancelled by the seller",
        BookingEnd::Expired => "expired",
    }
}

/// The facts of a SKU or a combination.
pub(super) fn stock(shop: &Shop, id: &SkuId) -> Result<Vec<String>, String> {
    let sku = shop
        .skus
        .get(id)
        .ok_or_else(|| format!("there is no SKU {id}"))?;
    let b = &sku.buckets;
    let available = shop
        .available(id)
        .map_or("unlimited".to_owned(), |n| n.to_string());
    Ok(vec![
        format!("available {available}"),
        format!("reserved {}", b.drop_reserved),
        format!("booked {}", b.booked),
        format!("allocated {}", b.allocated),
        format!("sold {}", b.sold),
        format!("shortage {}", b.shortage),
        format!("on hand {}", b.on_hand()),
        if sku.spec.active {
            "active"
        } else {
            "not active"
        }
        .into(),
        if sku.spec.preorder {
            "pre-order"
        } else {
            "ready"
        }
        .into(),
    ])
}

/// The facts of a drop.
pub(super) fn drop_facts(shop: &Shop, d: &Drop, now: Millis) -> Vec<String> {
    let state = match d.state {
        DropState::Scheduled => "scheduled",
        DropState::Open => "open",
        DropState::Paused => "paused",
        DropState::Ended => "ended",
        DropState::Settled => "settled",
    };
    let left = shop
        .bookable(d)
        .map_or("unlimited".to_owned(), |n| n.to_string());
    vec![
        state.into(),
        format!(
            "cap {}",
            d.cap.map_or("none".to_owned(), |cap| cap.to_string())
        ),
        format!("used {}", d.used),
        format!("reserved {}", d.reserved),
        format!("{left} left"),
        format!("{} waiting", d.waiting),
        format!("price {}", d.price),
        format!("limit {}", d.per_customer_limit),
        d.ends_at.map_or("no end".to_owned(), |at| {
            format!("ends {}", say(at.since(now)))
        }),
        if d.pinned { "pinned" } else { "not pinned" }.into(),
    ]
}

/// Who waits for a drop, in order: the whole list is compared.
pub(super) fn waiting(shop: &Shop, drop: DropId) -> Vec<String> {
    let entries = shop
        .drops
        .get(&drop)
        .into_iter()
        .flat_map(|d| d.waitlist.values());
    let list: Vec<String> = entries
        .map(|e| format!("{} x{}", e.customer, e.qty))
        .collect();
    if list.is_empty() {
        vec!["nobody".into()]
    } else {
        list
    }
}

/// The facts of a booking.
pub(super) fn booking(b: &Booking, now: Millis) -> Vec<String> {
    let BookingState::Held = b.state else {
        let BookingState::Ended(end, _) = b.state else {
            return Vec::new();
        };
        return vec![end_word(end).into(), b.customer.to_string()];
    };
    vec![
        format!("held {}", b.qty),
        b.customer.to_string(),
        format!("due {}", say(b.deadline.since(now))),
        format!("price {}", b.price),
        match b.origin {
            Origin::Tap => "tapped",
            Origin::Waitlist => "promoted",
            Origin::WaitlistAbsent => "promoted while away",
        }
        .into(),
    ]
}
