//! The wire as a stranger meets it: the real server over real sockets, held to what
//! docs/PROTOCOL.md, docs/asyncapi.yaml and docs/openapi.json say of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::too_many_lines, reason = "a story is told in one piece")]

#[path = "wire/asking.rs"]
mod asking;
#[path = "wire/closing.rs"]
mod closing;
#[path = "wire/contract.rs"]
mod contract;
#[path = "wire/counters.rs"]
mod counters;
#[path = "wire/events.rs"]
mod events;
#[path = "wire/examples.rs"]
mod examples;
#[path = "wire/hooks.rs"]
mod hooks;
#[path = "wire/hosting.rs"]
mod hosting;
#[path = "wire/house.rs"]
mod house;
#[path = "wire/over_http.rs"]
mod over_http;
#[path = "wire/problems.rs"]
mod problems;
#[path = "wire/resuming.rs"]
mod resuming;
#[path = "wire/schema.rs"]
mod schema;
#[path = "wire/socket.rs"]
mod socket;
#[path = "wire/viewing.rs"]
mod viewing;
