//! Metrics of the node itself: how the runtime fares and whether it is leaving.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::catalogue::group;
use super::instrument::{Counter, Gauge, Histogram};

group! {
    /// Metrics of the async runtime.
    pub struct Runtime {
        /// How late the runtime woke a timer: high when a task keeps a thread to itself.
        poll_lag: Histogram = "lapak_runtime_poll_lag_seconds", Seconds, LATENCY;
        /// Tasks that are alive.
        tasks: Gauge = "lapak_runtime_tasks", Things;
    }
}

group! {
    /// Metrics of stopping.
    pub struct Drain {
        /// 1 while the node is leaving: not ready, connections sent away.
        draining: Gauge = "lapak_draining", Flag;
        /// Connections that are still to be closed by the drain.
        remaining: Gauge = "lapak_drain_remaining_connections", Things;
        /// Batches of connections that were told to go.
        batches: Counter = "lapak_drain_batches_total", Things;
    }
}

/// How often the runtime's punctuality is looked at.
const LAG_EVERY: Duration = Duration::from_millis(250);

/// After how many looks recorded values are sorted in: every 5 s.
const UPKEEP_LOOKS: u32 = 20;

/// Keeps the metrics of this process in order until it is told to stop: measures how late the runtime
/// wakes, counts tasks, and sorts recorded values into buckets so that memory does not grow while
/// nobody scrapes. The server runs it once.
pub async fn keep_up(stop: CancellationToken) {
    let registry = super::registry();
    let runtime = &registry.metrics().runtime;
    let mut looks = 0;
    loop {
        let due = Instant::now() + LAG_EVERY;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(due) => {}
        }
        runtime.poll_lag.record_duration(due.elapsed());
        runtime.tasks.set_count(
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks(),
        );
        looks += 1;
        if looks == UPKEEP_LOOKS {
            looks = 0;
            registry.upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn keeping_up_ends_when_it_is_told_to() {
        let stop = CancellationToken::new();
        let keeping = keep_up(stop.clone());
        tokio::pin!(keeping);
        tokio::select! {
            biased;
            () = &mut keeping => panic!("it ended by itself"),
            () = tokio::task::yield_now() => stop.cancel(),
        }
        keeping.await;
    }
}
