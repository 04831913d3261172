//! Token buckets, on governor and our clock.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

use crate::clock::Clock;

/// Our monotonic time for governor: a change of the wall clock gives or takes nothing.
#[derive(Debug, Clone)]
pub(super) struct Monotonic(Clock);

impl GovernorClock for Monotonic {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.monotonic().into()
    }
}

type Middleware = NoOpMiddleware<Nanos>;

/// An average and what may come at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate(Quota);

impl Rate {
    pub(super) fn new(count: NonZeroU32, per: Duration, burst: NonZeroU32) -> Self {
        let each = Quota::with_period(per / count.get()).unwrap_or(Quota::per_second(count));
        Self(each.allow_burst(burst))
    }
}

/// One bucket per key.
pub(super) struct Rates<K: Clone + Eq + Hash> {
    buckets: RateLimiter<K, DashMapStateStore<K>, Monotonic, Middleware>,
    clock: Clock,
}

impl<K: Clone + Eq + Hash> Rates<K> {
    pub(super) fn new(rate: Rate, clock: &Clock) -> Self {
        let buckets = RateLimiter::new(
            rate.0,
            DashMapStateStore::default(),
            Monotonic(clock.clone()),
        );
        Self {
            buckets,
            clock: clock.clone(),
        }
    }

    /// Takes one, or says in how many milliseconds there will be one.
    pub(super) fn check(&self, key: &K) -> Result<(), u64> {
        self.buckets
            .check_key(key)
            .map_err(|until| wait_ms(&until, &self.clock))
    }

    /// Without this the store keeps every key it ever saw.
    pub(super) fn forget_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.buckets.len()
    }
}

/// One bucket for one holder.
pub(super) struct Bucket {
    bucket: RateLimiter<NotKeyed, InMemoryState, Monotonic, Middleware>,
    clock: Clock,
}

impl Bucket {
    pub(super) fn new(rate: Rate, clock: Clock) -> Self {
        let bucket = RateLimiter::direct_with_clock(rate.0, Monotonic(clock.clone()));
        Self { bucket, clock }
    }

    pub(super) fn check(&self) -> Result<(), u64> {
        self.bucket
            .check()
            .map_err(|until| wait_ms(&until, &self.clock))
    }
}

/// Rounded up: who waits that long is served.
fn wait_ms(until: &NotUntil<Nanos>, clock: &Clock) -> u64 {
    let wait = until.wait_time_from(clock.monotonic().into());
    u64::try_from(wait.as_nanos().div_ceil(1_000_000))
        .unwrap_or(u64::MAX)
        .max(1)
}
