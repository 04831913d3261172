//! Lapak: a live-shopping booking server. See docs/ARCHITECTURE.md for the map.

pub mod catalog;
pub mod clock;
pub mod domain;
pub mod gateway;
pub mod lifecycle;
pub mod telemetry;
pub mod mirror;
