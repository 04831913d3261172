//! Points in time and durations, in milliseconds. Time is always an argument here.

/// Milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// This point moved later by a duration in milliseconds.
    #[must_use]
    pub fn plus(self, duration_ms: u64) -> Self {
        Self(self.0.saturating_add(duration_ms))
    }

    /// Milliseconds from `earlier` to here, 0 if `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// One second in milliseconds.
pub const SECOND_MS: u64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: u64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;
/// How long an answer is kept for its request id (D.11).
pub const ANSWER_KEPT_MS: u64 = 24 * HOUR_MS;
/// How far ahead of the shop's time a request id may claim to be (S-18).
pub const ANSWER_AHEAD_MS: u64 = 2 * MINUTE_MS;
/// How long an order is kept after it is over, and with it its payments: a repeated
/// notification finds them (D.11).
pub const ORDER_KEPT_MS: u64 = 30 * 24 * HOUR_MS;
