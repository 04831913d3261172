//! What clients say. Unknown fields are ignored; an unknown `type` is answered, not punished.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::asked::Asked;
use super::strict;

/// The longest request id that is given back when it is no UUID.
const ID_SHOWN_MAX: usize = 64;
/// Every field that some request has, to find the one that is wrong.
const FIELDS: [&str; 38] = [
    "drop",
    "sku",
    "qty",
    "accept_partial",
    "join_waitlist",
    "booking",
    "price",
    "units",
    "mode",
    "opens_at_ms",
    "ends_at_ms",
    "per_customer_limit",
    "booking_timeout_min",
    "pinned",
    "withdraw",
    "minutes",
    "reason",
    "on_hand",
    "force",
    "customer",
    "restricted",
    "delta",
    "skus",
    "active",
    "settings",
    "bookings",
    "checkout",
    "order",
    "method",
    "currency",
    "origin",
    "lines",
    "secured",
    "amount",
    "reference",
    "at_customers_request",
    "line",
    "restock",
];

/// One object of a frame, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Framed {
    /// A message.
    Message(ClientMessage),
    /// A request that is wrong: the field, and the id to answer under if one was given.
    Wrong {
        /// The request's id as it was given.
        id: Option<String>,
        /// What is wrong.
        field: String,
    },
    /// A type that is not known here.
    UnknownType {
        /// The request's id as it was given.
        id: Option<String>,
    },
    /// Not JSON, or no object with a type: the connection is closed.
    Malformed,
}

/// A message of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientMessage {
    /// The first frame.
    Connect(Connect),
    /// A new token for the same person.
    Refresh {
        /// The token.
        token: String,
    },
    /// The client's own sign of life.
    Ping,
    /// The client has lost its place: it wants everything anew.
    Resync,
    /// A request, to be answered once.
    Ask(Ask),
}

/// The first frame of a connection.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Connect {
    /// None: a guest, who watches.
    pub token: Option<String>,
    /// What the client has seen.
    pub resume: Option<Resume>,
    /// `id`, `ms` or `en`.
    pub lang: Option<String>,
}

/// The last position a client has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Resume {
    /// Its epoch.
    pub epoch: u64,
    /// Its number.
    pub seq: u64,
}

/// A request: what is asked, under which id, and a hash of the body to notice another body
/// under the same id.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The request id.
    pub id: Uuid,
    /// The same as the client wrote it, to be answered under.
    pub shown: String,
    /// See [`crate::domain::RequestKey`].
    pub body: u64,
    /// What is asked.
    pub what: Asked,
}

/// Reads one object of a frame.
pub fn read(text: &str) -> Framed {
    let Some((value, fault)) = strict::parse(text) else {
        return Framed::Malformed;
    };
    let Some(kind) = value.get("type").and_then(Value::as_str) else {
        return Framed::Malformed;
    };
    if let Some(fault) = fault {
        return Framed::Wrong {
            id: shown_id(&value),
            field: fault.field().to_owned(),
        };
    }
    match kind {
        "connect" => greeting(value),
        "refresh" => match value.get("token").and_then(Value::as_str) {
            Some(token) => Framed::Message(ClientMessage::Refresh {
                token: token.to_owned(),
            }),
            None => Framed::Wrong {
                id: None,
                field: "token".into(),
            },
        },
        "ping" => Framed::Message(ClientMessage::Ping),
        "resync" => Framed::Message(ClientMessage::Resync),
        kind if Asked::TYPES.contains(&kind) => request(&value),
        _ => Framed::UnknownType {
            id: shown_id(&value),
        },
    }
}

fn greeting(value: Value) -> Framed {
    match serde_json::from_value(value) {
        Ok(connect) => Framed::Message(ClientMessage::Connect(connect)),
        Err(error) => Framed::Wrong {
            id: None,
            field: field_of(&error),
        },
    }
}

fn request(value: &Value) -> Framed {
    let shown = shown_id(value);
    let id = shown.as_deref().and_then(|id| Uuid::try_parse(id).ok());
    let (Some(id), Some(written)) = (id, shown.clone()) else {
        return Framed::Wrong {
            id: shown,
            field: "id".into(),
        };
    };
    match Asked::deserialize(value) {
        Ok(what) => {
            let ask = Ask {
                id,
                shown: written,
                body: what.body(),
                what,
            };
            Framed::Message(ClientMessage::Ask(ask))
        }
        Err(error) => Framed::Wrong {
            id: shown,
            field: wrong_field::<Asked>(&FIELDS, value, &error),
        },
    }
}

/// Reads a request's body as it comes over HTTP, under an id from a header.
pub fn read_request(id: Uuid, body: &Value) -> Result<Ask, String> {
    let what =
        Asked::deserialize(body).map_err(|error| wrong_field::<Asked>(&FIELDS, body, &error))?;
    Ok(Ask {
        id,
        shown: id.to_string(),
        body: what.body(),
        what,
    })
}

fn shown_id(value: &Value) -> Option<String> {
    value
        .get("id")
        .and_then(Value::as_str)
        .filter(|id| id.len() <= ID_SHOWN_MAX)
        .map(Into::into)
}

/// The field of `fields` that is wrong in what should be a `T`. Of a value of a wrong type serde
/// does not say which field it was: it is the one without which the complaint is another.
pub fn wrong_field<T: DeserializeOwned>(
    fields: &[&'static str],
    body: &Value,
    error: &serde_json::Error,
) -> String {
    let said = without_place(error);
    let names_it = ["missing field", "duplicate field", "unknown field"];
    if names_it.iter().any(|how| said.starts_with(how)) {
        return field_of(error);
    }
    // Only fields that mean something: a stranger may send ten thousand others.
    let known = |name: &&str| body.get(name).is_some();
    let names: Vec<&str> = fields.iter().copied().filter(known).collect();
    let mut rest: serde_json::Map<String, Value> = ["type"]
        .iter()
        .chain(&names)
        .filter_map(|name| Some(((*name).to_owned(), body.get(name)?.clone())))
        .collect();
    for name in names {
        rest.remove(name);
        match T::deserialize(&rest) {
            Err(other) if without_place(&other) == said => {}
            _ => return name.to_owned(),
        }
    }
    field_of(error)
}

fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line").next().unwrap_or_default().to_owned()
}

/// The field serde complains about, or what it says.
fn field_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let named = text
        .split('`')
        .nth(1)
        .filter(|name| !name.is_empty() && name.len() <= 64);
    match named {
        Some(name) if text.contains("field") => name.to_owned(),
        _ => text
            .split(" at line")
            .next()
            .unwrap_or_default()
            .chars()
            .take(120)
            .collect(),
    }
}
