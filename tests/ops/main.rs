//! What runs beside the server: dashboards, alerts, containers, held against the catalogue of metrics
//! and against a real Prometheus.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets what it did not expect should stop right there"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "these tests own their tasks and threads and wait by the real clock for other programs"
)]

mod alerts;
mod containers;
mod dashboard;
mod prometheus;
mod selector;
mod server;
mod target;
mod tools;
