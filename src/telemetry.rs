//! The one place where metrics are named, and where logs are set up.
//!
//! ```text
//! rooms ──▶ metrics().bookings.expired.increment()      handles: one atomic each, made once
//!                         │
//!                      Registry ──▶ render(now) ──▶ GET /metrics       cached for a second
//!                         ▲
//! server ──▶ keep_up(stop)┘  sorts recorded values in, also when nobody scrapes
//! ```
//!
//! [`catalogue`] is the table of all metrics: name, type, unit, help, labels, buckets. Names begin with
//! `lapak_`, except the `process_…` ones whose names Prometheus' convention gives. Labels are closed
//! lists ([`label`]), so the number of series is known when the program is built.

pub mod bookings;
pub mod broadcast;
pub mod catalogue;
pub mod commands;
pub mod connections;
mod instrument;
pub mod journal;
pub mod label;
pub mod ledger;
mod logging;
pub mod node;
pub mod nodes;
pub mod orders;
pub mod payments;
mod process;
mod registry;

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;

pub use bookings::{BookingResult, CancelledBy, Rule, Sign};
pub use broadcast::FrameType;
pub use catalogue::{Metric, Unit};
pub use commands::{CommandResult, CommandType, Decision, RateScope, ReplayMatch};
pub use connections::{CloseCode, DenialFate, RejectReason, ResumeResult, Role, Transport};
pub use instrument::{Counter, Family, Gauge, Held, Histogram, Kind};
pub use ledger::LedgerView;
pub use logging::{Config, LogFormat, install_logs};
pub use node::keep_up;
pub use nodes::{CutReason, RedisTrouble, ScriptName};
pub use orders::{PaymentLabel, StateLabel};
pub use payments::NoticeResult;
pub use registry::{CONTENT_TYPE, Metrics, Registry, catalogue, catalogue_text};

/// What can go wrong when logs are set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one that `tracing` understands.
    #[error("log_filter {filter:?} cannot be read: {reason}")]
    LogFilter {
        /// The filter as it was given.
        filter: String,
        /// What the parser said.
        reason: String,
    },
    /// Logs were set up before in this process.
    #[error("logs are already set up in this process")]
    LogsInstalled,
}

/// The registry of this process.
static REGISTRY: LazyLock<Registry> = LazyLock::new(Registry::new);

/// The handles of this process, made at the first call.
pub fn metrics() -> &'static Metrics {
    REGISTRY.metrics()
}

/// The page of `/metrics` for this process, of [`CONTENT_TYPE`]; at most a second old by `now`, which
/// is `Clock::monotonic`.
pub fn render(now: Duration) -> Bytes {
    REGISTRY.render(now)
}

/// The registry of this process.
pub fn registry() -> &'static Registry {
    &REGISTRY
}
