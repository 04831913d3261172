//! The pages of Lapak, embedded.
