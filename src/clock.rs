//! The one reader of the system clock.
//!
//! Everything that needs the time holds a [`Clock`], a cheap handle. It tells Unix milliseconds
//! that never run backwards, and whether they can be believed: a wall clock that jumps against the
//! monotonic one makes the reading *suspect*, and whoever would act on the passing of a deadline
//! (expiry, webhooks) waits, while bookings go on.
//!
//! ```text
//! wall and monotonic agree       now = wall clock, or half pace while it is behind what was told
//! wall jumped by more than 2 s   suspect: now = the last good reading + monotonic time
//! no further jump for 60 s,      not suspect: the wall clock is believed again
//!   or an operator accepts it
//! ```

mod source;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use source::Source;
use watch::Watch;

/// What counts as a jump, and how long it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// Milliseconds by which wall and monotonic clock may part between two looks. Time daemons
    /// slew by at most half a millisecond a second, so 2 s is never ordinary.
    pub jump_ms: u64,
    /// Milliseconds without a further jump after which the wall clock is believed again.
    pub settle_ms: u64,
}

impl Default for ClockConfig {
    fn default() -> Self {
        Self {
            jump_ms: 2_000,
            settle_ms: 60_000,
        }
    }
}

/// One look at the clock: both answers belong to the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Unix milliseconds, never less than an earlier reading of the same clock.
    pub now_ms: u64,
    /// True while the clock may not be believed: decide no expiry, accept no webhook.
    pub suspect: bool,
}

/// A handle on the clock; clones read the same clock.
#[derive(Debug, Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Source,
    watch: Mutex<Watch>,
}

impl Clock {
    /// The clock of this machine.
    pub fn system(config: ClockConfig) -> Self {
        Self::over(Source::system(), config)
    }

    /// A clock for tests that stands at `start_ms` (Unix milliseconds) until it is moved.
    pub fn manual(start_ms: u64) -> Self {
        Self::over(Source::manual(start_ms), ClockConfig::default())
    }

    fn over(source: Source, config: ClockConfig) -> Self {
        let watch = Mutex::new(Watch::new(source.look(), config));
        Self {
            inner: Arc::new(Inner { source, watch }),
        }
    }

    /// Looks at the clock.
    pub fn read(&self) -> Reading {
        let mut watch = self.watch();
        watch.see(self.inner.source.look())
    }

    /// Unix milliseconds, never running backwards.
    pub fn now_ms(&self) -> u64 {
        self.read().now_ms
    }

    /// True while the wall clock may not be believed (see the table above).
    pub fn suspect(&self) -> bool {
        self.read().suspect
    }

    /// An operator vouches for the wall clock: it is believed from now on.
    pub fn accept(&self) {
        let mut watch = self.watch();
        watch.accept(self.inner.source.look());
    }

    /// Time since this clock was made. No change of the wall clock moves it: measure with this.
    pub fn monotonic(&self) -> Duration {
        self.inner.source.look().monotonic
    }

    /// Whether it is a clock for tests, which is moved by hand.
    pub fn is_manual(&self) -> bool {
        self.inner.source.is_manual()
    }

    /// Moves a manual clock on by `ms`, wall and monotonic alike; the system's clock ignores it.
    pub fn advance(&self, ms: u64) {
        self.inner.source.advance(ms);
    }

    /// Moves only the wall time of a manual clock, as a wrong time server would; the system's
    /// clock ignores it.
    pub fn jump(&self, ms: i64) {
        self.inner.source.jump(ms);
    }

    /// The lock spans the look, or two threads could hand their looks over in the wrong order.
    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.inner
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system(ClockConfig::default())
    }
}
