//! Waiting for turns of other nodes. A wait that was in vain looks at the head: turns that are gone
//! are not told by silence.

use std::time::Duration;

use tokio::sync::watch;

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
    /// The last turn that was taken, in whatever way.
    at: watch::Receiver<Place>,
}

impl Tail {
    pub(super) fn new(connection: Connection, keys: Keys, at: watch::Receiver<Place>) -> Self {
        Self {
            connection,
            keys,
            at,
        }
    }

    /// Turns after the last one taken, as soon as there are any; none after a while. A node that hands
    /// in all the time gets those of the others with its answers, and would only read its own here.
    pub(super) async fn next(mut self) -> (Self, Result<Vec<Raw>, Ended>) {
        let mut after = *self.at.borrow_and_update();
        loop {
            tokio::time::sleep(REST).await;
            let now = *self.at.borrow_and_update();
            if now == after {
                break;
            }
            after = now;
        }
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
