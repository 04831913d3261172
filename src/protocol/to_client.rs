//! What clients are told. A frame for many is encoded once, by who makes it.

use serde::Serialize;
use serde_json::{Value, json};

use super::frame::Frame;
use super::rows::{DropMessage, ItemMessage};
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

/// A position, as `welcome` has it.
pub fn position(at: Position) -> Value {
    json!({"epoch": at.epoch, "seq": at.seq})
}
