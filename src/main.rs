//! Lapak.
fn main() {}
