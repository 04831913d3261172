//! The feed: the one writer of the mirror. Takes every committed entry in, then lets the
//! broadcast tell what it means. It never waits for a viewer.

mod counting;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::inquire::Inquiries;
use crate::broadcast::Hub;
use crate::clock::Clock;
use crate::domain::Millis;
use crate::journal::Entry;
use crate::mirror::Mirror;
use crate::telemetry::metrics;

/// Batches of entries that may wait for the feed; the journal's writer waits when it is full.
pub const BATCHES_MAX: usize = 1_024;

/// Reads until the engine has closed.
pub async fn run(
    mut batches: mpsc::Receiver<Vec<Entry>>,
    mirror: Arc<Mirror>,
    hub: Arc<Hub>,
    inquiries: Inquiries,
    clock: Clock,
    news: Arc<Notify>,
) -> Result<(), Infallible> {
    while let Some(entries) = batches.recv().await {
        for entry in &entries {
            let change = mirror.apply(entry);
            hub.hear(entry, &change);
            inquiries.hear(entry);
            counting::count(entry);
        }
        news.notify_one();
        let journal = &metrics().journal;
        journal.feed_lag_entries.set_count(batches.len());
        let late = entries
            .last()
            .map_or(0, |e| Millis(clock.now_ms()).since(e.decision.at));
        let behind = if batches.is_empty() { 0 } else { late };
        journal.feed_lag.set_duration(Duration::from_millis(behind));
        // A long run of entries must not keep the runtime from connections.
        tokio::task::yield_now().await;
    }
    Ok(())
}
