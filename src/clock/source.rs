//! Where the time comes from: this machine, or a test's hand.
#![allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the system clock"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What both clocks show at one instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Unix milliseconds as the machine believes them.
    pub(super) wall_ms: u64,
    /// Time since the source was made.
    pub(super) monotonic: Duration,
}

impl Look {
    pub(super) fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.monotonic.as_millis()).unwrap_or(u64::MAX)
    }
}

#[derive(Debug)]
pub(super) enum Source {
    System {
        origin: Instant,
    },
    Manual {
        wall_ms: AtomicU64,
        monotonic_ms: AtomicU64,
    },
}

impl Source {
    pub(super) fn is_manual(&self) -> bool {
        matches!(self, Self::Manual { .. })
    }

    pub(super) fn system() -> Self {
        Self::System {
            origin: Instant::now(),
        }
    }

    pub(super) fn manual(start_ms: u64) -> Self {
        Self::Manual {
            wall_ms: AtomicU64::new(start_ms),
            monotonic_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn look(&self) -> Look {
        match self {
            Self::System { origin } => Look {
                wall_ms: SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |since| {
                        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
                    }),
                monotonic: origin.elapsed(),
            },
            Self::Manual {
                wall_ms,
                monotonic_ms,
            } => Look {
                wall_ms: wall_ms.load(Ordering::SeqCst),
                monotonic: Duration::from_millis(monotonic_ms.load(Ordering::SeqCst)),
            },
        }
    }

    pub(super) fn advance(&self, ms: u64) {
        if let Self::Manual {
            wall_ms,
            monotonic_ms,
        } = self
        {
            wall_ms.fetch_add(ms, Ordering::SeqCst);
            monotonic_ms.fetch_add(ms, Ordering::SeqCst);
        }
    }

    pub(super) fn jump(&self, ms: i64) {
        if let Self::Manual { wall_ms, .. } = self {
            let before = wall_ms.load(Ordering::SeqCst);
            wall_ms.store(before.saturating_add_signed(ms), Ordering::SeqCst);
        }
    }
}
