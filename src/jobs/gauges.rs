//! Looks around once a second and sets the gauges that nobody sets on the way.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::broadcast::Hub;
use crate::clock::Clock;
use crate::domain::{Millis, OrderState};
use crate::engine::Engine;
use crate::mirror::Mirror;
use crate::telemetry::{StateLabel, metrics};

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
        if let Ok(pulse) = engine.pulse().await {
            let late = pulse.next_due.map_or(0, |at| now.since(at));
            for state in OrderState::ALL {
                let count = pulse.orders.get(&state).copied().unwrap_or(0);
                let gauge = metrics()
                    .orders
                    .by_state
                    .of(StateLabel::from_text(state.as_str()));
                gauge.set_count(usize::try_from(count).unwrap_or(usize::MAX));
            }
            let owing = usize::try_from(pulse.owing).unwrap_or(usize::MAX);
            metrics().orders.owing.set_count(owing);
            metrics()
                .bookings
                .expiry_lag
                .set_duration(Duration::from_millis(late));
        }
    }
    Ok(())
}
