//! Programs that once failed, and what each of them found.

/// Seed, and what it found.
pub(super) const FOUND: &[(u64, &str)] = &[];
