//! Processor time of what serves: our server, or several, and the Redis that they stand on.

use std::ops::AddAssign;
use std::time::Duration;

use crate::Report;
use crate::report::per;

/// So far, or between two moments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Of the servers.
    pub servers: Duration,
    /// Of their Redis, if they stand on one and it is known.
    pub redis: Option<Duration>,
}

impl Spent {
    /// What was spent from an earlier moment to this one.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let redis = self.redis.zip(before.redis);
        Self {
            servers: self.servers.saturating_sub(before.servers),
            redis: redis.map(|(now, before)| now.saturating_sub(before)),
        }
    }

    /// Both together.
    pub fn all(&self) -> Duration {
        self.servers + self.redis.unwrap_or_default()
    }

    /// Tells what each of so many things cost: all together, and what of it was Redis.
    pub fn tell(&self, report: &mut Report, name: &str, things: usize) {
        report.figure(name, per(self.all(), things), "µs");
        if let Some(redis) = self.redis {
            report.figure(format!("{name}: Redis of it"), per(redis, things), "µs");
        }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, more: Self) {
        self.servers += more.servers;
        let both = self.redis.unwrap_or_default() + more.redis.unwrap_or_default();
        self.redis = self.redis.or(more.redis).map(|_| both);
    }
}
