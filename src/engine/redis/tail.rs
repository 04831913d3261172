//! Waiting for turns of other nodes. A wait that was in vain looks at the head: turns that are gone
//! are not told by silence.

use std::time::Duration;

use super::connect::Connection;
use super::keys::Keys;
use super::scripts::{self, Head, Raw};
use super::sequencer::Ended;
use crate::engine::turn::Place;

/// How long one call waits, in milliseconds; so often the head is looked at in quiet times.
pub(super) const BLOCK_MS: u64 = 500;
/// The rest between two calls: what comes meanwhile comes together, which costs Redis half of what
/// a call for each turn costs.
const REST: Duration = Duration::from_millis(5);

/// A connection that waits. It moves into the future that waits, so that no call is ever cut off
/// in the middle.
pub(super) struct Tail {
    connection: Connection,
    keys: Keys,
}

impl Tail {
    pub(super) fn new(connection: Connection, keys: Keys) -> Self {
        Self { connection, keys }
    }

    /// Turns after a place, as soon as there are any; none after a while.
    pub(super) async fn next(mut self, after: Place) -> (Self, Result<Vec<Raw>, Ended>) {
        tokio::time::sleep(REST).await;
        let found = self.look(after).await;
        (self, found)
    }

    async fn look(&mut self, after: Place) -> Result<Vec<Raw>, Ended> {
        let found = scripts::wait_after(&mut self.connection, &self.keys, after, BLOCK_MS).await?;
        if found.is_empty() {
            Head::behind(after, &mut self.connection, &self.keys)
                .await?
                .is_open()?;
        }
        Ok(found)
    }
}
