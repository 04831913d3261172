//! The demo's host: keeps some drops open, each for a while, and brings in new stock when a
//! shelf is empty.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::stage::Stage;
use crate::clock::Clock;
use crate::domain::command::DropSpec;
use crate::domain::{Command, DropId, DropState, Millis, Mode, Request};
use crate::engine::Engine;
use crate::mirror::Mirror;

/// Drops that are open at a time.
const OPEN: usize = 4;
/// How often the host looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a drop stays open at least, in milliseconds; each a little longer than the last.
const OPEN_MS: u64 = 180_000;

/// Hosts until `stopping`.
pub(super) async fn run(
    engine: Engine,
    mirror: Arc<Mirror>,
    stage: Stage,
    clock: Clock,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    let mut turn = 0;
    loop {
        let open = open_drops(&mirror, &stage);
        for extra in open..OPEN {
            open_next(&engine, &stage, &clock, &mut turn, extra).await;
        }
        if stopping
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_none()
        {
            return Ok(());
        }
    }
}

fn open_drops(mirror: &Mirror, stage: &Stage) -> usize {
    let Some(view) = mirror.live(&stage.live) else {
        return 0;
    };
    let running = |state| {
        matches!(
            state,
            DropState::Open | DropState::Paused | DropState::Scheduled
        )
    };
    view.drops.iter().filter(|drop| running(drop.state)).count()
}

async fn open_next(engine: &Engine, stage: &Stage, clock: &Clock, turn: &mut usize, extra: usize) {
    let Some(sku) = stage.skus.get(*turn * 7 % stage.skus.len().max(1)) else {
        return;
    };
    *turn += 1;
    let now = Millis(clock.now_ms());
    let lasts = OPEN_MS + 45_000 * u64::try_from(extra).unwrap_or(0);
    let spec = DropSpec {
        drop: DropId(Uuid::now_v7().as_u128()),
        live: stage.live.clone(),
        sku: sku.clone(),
        price: None,
        units: Some(24),
        mode: Mode::Shared,
        opens_at: None,
        ends_at: Some(now.plus(lasts)),
        per_customer_limit: 3,
        booking_timeout_ms: None,
        pinned: extra == 0,
    };
    let add = Command::AddStock {
        sku: sku.clone(),
        qty: 24,
        reason: "restock between drops".into(),
    };
    for command in [add, Command::OpenDrop(Box::new(spec))] {
        let request = Request {
            by: stage.host.clone(),
            key: None,
            command,
        };
        // A refusal is the shop's word (not tracked, not active): the next turn tries another.
        match engine.submit(&stage.shop, request).await {
            Ok(_) => {}
            Err(failure) => tracing::debug!(%failure, "the demo's host was not heard"),
        }
    }
}
