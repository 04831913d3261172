//! Looks around once a second and sets the gauges that nobody sets on the way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::broadcast::Hub;
use crate::clock::Clock;
use crate::domain::Millis;
use crate::engine::Engine;
use crate::mirror::Mirror;
use crate::telemetry::metrics;

/// Runs until `stopping`.
pub async fn run(
    engine: Engine,
    mirror: Arc<Mirror>,
    hub: Arc<Hub>,
    clock: Clock,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics().broadcast.viewers.set_count(hub.viewers());
        metrics()
            .bookings
            .waiters
            .set_count(mirror.waiting_customers());
        let now = Millis(clock.now_ms());
        if let Ok(due) = engine.next_due().await {
            let late = due.map_or(0, |at| now.since(at));
            metrics()
                .bookings
                .expiry_lag
                .set_duration(Duration::from_millis(late));
        }
    }
    Ok(())
}
