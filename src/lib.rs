//! Lapak.
