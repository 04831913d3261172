//! Lapak: a live-shopping booking server. See docs/ARCHITECTURE.md for the map.

pub mod broadcast;
pub mod catalog;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod gateway;
pub mod jobs;
pub mod journal;
pub mod ledger;
pub mod lifecycle;
pub mod mirror;
pub mod payment;
pub mod protocol;
pub mod secret;
pub mod server;
pub mod telemetry;
