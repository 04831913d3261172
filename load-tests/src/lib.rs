//! Load scenarios against a real server process. Each starts its own server on a free port of the
//! loopback with a state folder of its own, checks everything it is told against everything it
//! asked and against the journal, and reports figures; a lie makes it fail.
//!
//! ```text
//! run      options of all, report, watch over the server          run, report
//! ground   a shop in a folder, tokens, the server's settings     stage
//! server   the process: start, ready, kill, CPU, memory          server, usage, spent
//! client   one WebSocket that checks every frame it gets         client
//! fleet    many thousand viewers in a few processes               fleet
//! peer     the floor, and servers of others                       peer
//! counts   instructions of three things, by callgrind             instructions
//! postgres a database of our own that can be killed               postgres
//! redis    a Redis or Valkey of our own, or several               redis
//! street   several nodes: a folder and a process each             street
//! journal  what was really decided, and that it folds            journal
//! ```

pub mod client;
pub mod fleet;
pub mod http;
pub mod instructions;
pub mod journal;
pub mod peer;
pub mod postgres;
pub mod raw;
mod redis;
pub mod report;
pub mod run;
pub mod scenario;
pub mod server;
pub mod spent;
pub mod stage;
mod street;
pub mod usage;

pub use client::{Client, Heard};
pub use redis::Kind;
pub use report::Report;
pub use run::Run;
pub use server::Server;
pub use spent::Spent;
pub use stage::Ground;
