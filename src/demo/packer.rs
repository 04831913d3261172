//! The demo's packer: ships what simulated viewers have paid, and a little later it has arrived.
//! Orders of people stay as they are: they are for whoever plays the host.

use std::convert::Infallible;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use super::viewers;
use crate::clock::Clock;
use crate::domain::{Actor, Command, Order, OrderState, Request, ShopId};
use crate::engine::Engine;

/// How often the packer looks.
const EVERY: Duration = Duration::from_secs(5);
/// How long an order stays as it is, so that there is something to see.
const REST_MS: u64 = 30_000;

/// Packs until `stopping`.
pub(super) async fn run(
    engine: Engine,
    shop: ShopId,
    host: Actor,
    clock: Clock,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    while stopping
        .run_until_cancelled(tokio::time::sleep(EVERY))
        .await
        .is_some()
    {
        let Ok(seen) = engine.host(&shop).await else {
            continue;
        };
        let now_ms = clock.now_ms();
        for (order, row) in &seen.value.orders {
            let rested = now_ms.saturating_sub(row.since.0) >= REST_MS;
            let command = match row.state {
                OrderState::Paid => Command::ShipOrder { order: *order },
                OrderState::Shipped => Command::FinishOrder { order: *order },
                _ => continue,
            };
            if rested && simulated(row) {
                let request = Request {
                    by: host.clone(),
                    key: None,
                    command,
                };
                // Whoever plays the host may have been faster.
                _ = engine.submit(&shop, request).await;
            }
        }
    }
    Ok(())
}

fn simulated(order: &Order) -> bool {
    viewers::is_one(order.customer.as_str())
}

impl Stage {
    /// Who packs, and where.
    pub(super) fn packer(&self) -> (ShopId, Actor) {
        (self.shop.clone(), self.host.clone())
    }
}
