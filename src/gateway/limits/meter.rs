//! The messages of one connection: how many may pass, and when it is abuse.

use std::collections::VecDeque;
use std::time::Duration;

use super::config::Limits;
use super::rates::{Bucket, Rate};
use crate::clock::Clock;

/// Longest window of the settings, in seconds: each second takes eight bytes a connection.
const WINDOW_S_MAX: u32 = 60;

/// What to do with a message that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Look at it.
    Pass,
    /// Answer `rate_limited` and do nothing else.
    Limited {
        /// Milliseconds until a message passes again.
        retry_ms: u64,
    },
    /// Close with 4429.
    Abuse {
        /// Milliseconds to stay away.
        retry_ms: u64,
    },
}

/// Counts the messages of one connection. Ask once for every message, before it is parsed.
pub struct Meter {
    bucket: Bucket,
    clock: Clock,
    window_s: u32,
    /// Messages within the window that make it abuse.
    abuse: u64,
    abuse_retry_ms: u64,
    /// Second and messages in it, passed or not; the oldest first, none older than the window.
    seconds: VecDeque<(u32, u32)>,
}

impl Meter {
    pub(super) fn new(limits: &Limits, clock: Clock) -> Self {
        let rate = Rate::new(
            limits.messages_per_s,
            Duration::from_secs(1),
            limits.messages_burst,
        );
        let window_s = limits.abuse_window_s.get().min(WINDOW_S_MAX);
        let factor = u64::from(limits.abuse_factor.get()) * u64::from(limits.messages_per_s.get());
        Self {
            bucket: Bucket::new(rate, clock.clone()),
            clock,
            window_s,
            abuse: factor.saturating_mul(u64::from(window_s)),
            abuse_retry_ms: limits.abuse_retry_ms,
            seconds: VecDeque::new(),
        }
    }

    /// A message has arrived. Only one that is refused can be the one too many.
    pub fn message(&mut self) -> Verdict {
        let in_window = self.count();
        match self.bucket.check() {
            Ok(()) => Verdict::Pass,
            Err(_) if in_window >= self.abuse => Verdict::Abuse {
                retry_ms: self.abuse_retry_ms,
            },
            Err(retry_ms) => Verdict::Limited { retry_ms },
        }
    }

    /// Counts one message and returns how many the window has.
    fn count(&mut self) -> u64 {
        let second = u32::try_from(self.clock.monotonic().as_secs()).unwrap_or(u32::MAX);
        while self
            .seconds
            .front()
            .is_some_and(|(old, _)| second.saturating_sub(*old) >= self.window_s)
        {
            self.seconds.pop_front();
        }
        match self.seconds.back_mut() {
            Some((newest, count)) if *newest == second => *count = count.saturating_add(1),
            _ => self.seconds.push_back((second, 1)),
        }
        self.seconds
            .iter()
            .map(|(_, count)| u64::from(*count))
            .sum()
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter")
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}
