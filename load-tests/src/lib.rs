//! Load scenarios against a real server process. Each starts its own server on a free port of the
//! loopback with a state folder of its own, checks everything it is told against everything it
//! asked and against the journal, and reports figures; a lie makes it fail.
//!
//! ```text
//! ground   a shop in a folder, tokens, the server's settings     stage
//! server   the process: start, ready, kill, CPU, memory          server, usage
//! client   one WebSocket that checks every frame it gets         client
//! postgres a database of our own that can be killed               postgres
//! journal  what was really decided, and that it folds            journal
//! ```

pub mod client;
pub mod http;
pub mod journal;
pub mod postgres;
pub mod raw;
pub mod report;
pub mod scenario;
pub mod server;
pub mod stage;
pub mod usage;

pub use client::{Client, Heard};
pub use report::Report;
pub use server::Server;
pub use stage::Ground;
