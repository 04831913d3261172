//! Several nodes on one Redis or Valkey: what stands between us and its servers.
//!
//! Redis puts requests in order and keeps them; it decides nothing. A partition's keys have one
//! hash tag, so they are on one primary of a cluster, and one script may touch them all.
//!
//! ```text
//! config ─▶ Connector ── connect(partition, purpose) ─▶ Connection ── call ─▶ answer or Trouble
//!              │ asks: the one server, Sentinel, or any node of the cluster
//!              └ checks: what must be so before this node may decide anything
//! ```

pub mod checks;
pub mod config;
pub mod connect;
pub mod keys;
mod primary;
pub mod trouble;

pub use config::RedisConfig;
pub use connect::{Address, Connection, Connector, Purpose};
pub use keys::Keys;
pub use trouble::{Pause, Trouble};
