//! What clients are told. A frame for many is encoded once, by who makes it.

use serde::Serialize;
use serde_json::{Value, json};

use super::frame::Frame;
use super::orders;
use super::rows::{DropMessage, ItemMessage};
use super::words::{self, Lang};
use crate::domain::rejection::Limit;
use crate::domain::{Answer, BookingEnd, Rejection};
use crate::engine::{Failure, Reply};
use crate::journal::Position;

/// A message for one or many connections.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub enum ServerMessage<'a> {
    Stock {
        epoch: u64,
        p: u64,
        s: u64,
        items: &'a [ItemMessage],
    },
    Drop {
        event: &'a str,
        drop: &'a DropMessage,
        epoch: u64,
        s: u64,
    },
    Viewers {
        count: usize,
        approximate: bool,
    },
    Ticker {
        bookings: &'a [Value],
    },
    Drain {
        spread_ms: u64,
    },
    Waiting {
        drop: &'a str,
        sku: &'a str,
        qty: u32,
        ahead_units: u32,
    },
    Reputation {
        reputation: u8,
    },
    Error {
        code: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
    },
}

impl ServerMessage<'_> {
    /// Encodes it.
    pub fn frame(&self) -> Frame {
        encode(self)
    }
}

/// Encodes a message.
pub fn encode(message: &impl Serialize) -> Frame {
    Frame::of(message)
}

/// What an answer says besides what was decided: names of the drop that was meant.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The drop.
    pub drop: Option<String>,
    /// The SKU.
    pub sku: Option<String>,
    /// The SKU's title.
    pub title: Option<String>,
    /// The live's currency.
    pub currency: Option<String>,
    /// The ways to pay that are offered here.
    pub methods: Vec<&'static str>,
}

/// The one answer to a request.
pub fn answer(id: &str, reply: &Reply, about: &About, lang: Lang) -> Value {
    let mut message = match &reply.outcome {
        Ok(answer) => accepted(answer, about),
        Err(rejection) => refused(rejection, lang),
    };
    if let Some(object) = message.as_object_mut() {
        object.insert("id".into(), json!(id));
        object.insert("replayed".into(), json!(reply.replayed));
        if reply.from_memory {
            object.insert("from_memory".into(), json!(true));
        }
        object.insert("epoch".into(), json!(reply.position.epoch));
        object.insert("s".into(), json!(reply.position.seq));
        object.insert("server_now_ms".into(), json!(reply.at.0));
    }
    message
}

fn accepted(answer: &Answer, about: &About) -> Value {
    match answer {
        Answer::Held {
            booking,
            qty,
            waiting,
            price,
            booked_at,
            deadline,
        } => json!({
            "type": "held",
            "booking": booking.to_string(),
            "drop": about.drop,
            "sku": about.sku,
            "title": about.title,
            "qty": qty,
            "qty_waiting": waiting,
            "price": price,
            "currency": about.currency,
            "booked_at_ms": booked_at.0,
            "deadline_ms": deadline.0,
        }),
        Answer::Waiting { qty, ahead } => json!({
            "type": "waiting",
            "drop": about.drop,
            "sku": about.sku,
            "qty": qty,
            "ahead_units": ahead,
        }),
        Answer::Cancelled {
            booking,
            qty,
            penalty,
            reputation,
        } => json!({
            "type": "cancelled",
            "booking": booking.to_string(),
            "qty": qty,
            "penalty": penalty,
            "reputation": reputation,
        }),
        Answer::Left => json!({"type": "left", "drop": about.drop, "sku": about.sku}),
        Answer::Done { drop } => match drop {
            Some(drop) => json!({"type": "done", "drop": drop.to_string()}),
            None => json!({"type": "done"}),
        },
        Answer::DoneExcept { unknown } => {
            let unknown: Vec<_> = unknown.iter().map(ToString::to_string).collect();
            json!({"type": "done", "unknown": unknown})
        }
        Answer::Checkout(_)
        | Answer::Ordered { .. }
        | Answer::Paying(_)
        | Answer::DoneOrder { .. } => orders::accepted(answer, about),
    }
}

/// A refusal: its code, a sentence, and the numbers behind it.
pub fn refused(rejection: &Rejection, lang: Lang) -> Value {
    let mut message = detail(rejection);
    if let Some(object) = message.as_object_mut() {
        object.insert("type".into(), json!("refused"));
        object.insert("code".into(), json!(rejection.code()));
        object.insert(
            "message".into(),
            json!(words::refusal(rejection.code(), lang)),
        );
    }
    message
}

fn detail(rejection: &Rejection) -> Value {
    let limit = |l: &Limit| json!({"limit": l.limit, "in_cart": l.current, "current": l.current, "max_allowed": l.max_allowed});
    match rejection {
        Rejection::Invalid(field) => json!({"field": field}),
        Rejection::ReputationLow { reputation, needed } => {
            json!({"reputation": reputation, "needed": needed})
        }
        Rejection::MaxItemQty(l)
        | Rejection::CartLimit(l)
        | Rejection::CustomerLimit(l)
        | Rejection::BookingCap(l) => limit(l),
        Rejection::RebookCooldown { retry_ms } => json!({"retry_ms": retry_ms}),
        Rejection::SoldOut { available, waiting } => {
            json!({"available": available, "waiting": waiting})
        }
        Rejection::NotHeld(end) => {
            json!({"final_state": end.map_or("unknown", BookingEnd::as_str)})
        }
        Rejection::OrderNotPayable(state) | Rejection::OrderState(state) => {
            json!({"state": state.as_str()})
        }
        Rejection::BelowCommitted { committed } | Rejection::InUse { committed } => {
            json!({"committed": committed})
        }
        _ => json!({}),
    }
}

/// A request that was not even asked of the engine.
pub fn turned_away(id: Option<&str>, code: &str, extra: Value, lang: Lang) -> Value {
    let mut message = extra;
    if let Some(object) = message.as_object_mut() {
        object.insert("type".into(), json!("refused"));
        object.insert("code".into(), json!(code));
        object.insert("message".into(), json!(words::refusal(code, lang)));
        if let Some(id) = id {
            object.insert("id".into(), json!(id));
        }
    }
    message
}

/// There is no reply: surely not done, or not known.
pub fn failed(id: &str, failure: Failure, lang: Lang) -> Value {
    match failure {
        Failure::Unknown => json!({"type": "unknown", "id": id, "retry_ms": 500}),
        Failure::Unavailable { retry_ms } => {
            turned_away(Some(id), "stale_epoch", json!({"retry_ms": retry_ms}), lang)
        }
    }
}

/// A position, as `welcome` has it.
pub fn position(at: Position) -> Value {
    json!({"epoch": at.epoch, "seq": at.seq})
}
