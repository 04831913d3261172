//! Lapak: a live-shopping booking server. See docs/ARCHITECTURE.md for the map.

pub mod domain;
