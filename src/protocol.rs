//! SPEAKS. The wire, version 1: what clients say and what they are told (docs/PROTOCOL.md). The
//! wire has types of its own; a type of the domain is never serialised.

pub mod answer;
pub mod asked;
pub mod close;
pub mod frame;
pub mod from_client;
pub mod live;
pub mod orders;
pub mod rows;
pub mod settings;
pub mod strict;
pub mod to_client;
pub mod words;

pub use answer::{About, Detail, Told};
pub use asked::Asked;
pub use close::Close;
pub use frame::Frame;
pub use from_client::{Ask, ClientMessage, Connect, Framed};
pub use to_client::ServerMessage;
pub use words::Lang;

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "lapak.v1.json";
