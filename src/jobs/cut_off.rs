//! A node that cannot follow its turns for a while (no Redis, or the nodes do not agree) tells its
//! viewers to look for another. They keep their connection until they have a better one, so nothing
//! is lost where no node is better off.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::broadcast::Hub;
use crate::engine::Engine;
use crate::protocol::ServerMessage;
use crate::telemetry::FrameType;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);
/// How long it may last before viewers are told: a failover, or a restart of Redis, is shorter.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often they are told.
const AGAIN: Duration = Duration::from_secs(30);

/// Runs until `stopping`.
pub async fn run(
    engine: Engine,
    hub: Arc<Hub>,
    spread_ms: u64,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    let mut tell_at = None;
    while stopping.run_until_cancelled(sleep(LOOK)).await.is_some() {
        let now = Instant::now();
        if engine.follows() {
            tell_at = None;
            continue;
        }
        let at = *tell_at.get_or_insert(now + PATIENCE);
        if now >= at {
            tracing::warn!(
                "this node does not follow the others; its viewers are told to look for another"
            );
            let hint = ServerMessage::Drain { spread_ms };
            hub.tell_all(FrameType::Drain, &hint.frame());
            tell_at = Some(now + AGAIN);
        }
    }
    Ok(())
}
