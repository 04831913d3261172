//! What a desk writes with: where its journal stands, and what is to be committed next.

use std::sync::Arc;

use crate::domain::{Decision, ShopId};
use crate::engine::codec;
use crate::engine::store::Link;
use crate::engine::writer::Batch;
use crate::journal::{Entry, Partition, Position};

pub(super) struct Pen {
    pub(super) partition: Partition,
    /// The last entry, which may still be on its way to the disk.
    pub(super) link: Link,
    /// The epoch that what is decided belongs to.
    pub(super) epoch: u64,
    /// Entries behind the newest snapshot.
    pub(super) tail: usize,
    pub(super) batch: Batch,
}

impl Pen {
    /// Where deciding goes on: behind the last entry, or before the first of a later epoch.
    pub(super) fn position(&self) -> Position {
        if self.link.position.epoch >= self.epoch {
            self.link.position
        } else {
            Position {
                epoch: self.epoch,
                seq: 0,
            }
        }
    }

    /// Gives a decision its position and adds it to what the journal will keep. The system's
    /// refused commands leave no trace.
    pub(super) fn record(&mut self, shop: ShopId, decision: Decision) {
        if decision.outcome.is_err() && decision.key.is_none() {
            return;
        }
        let entry = Entry {
            partition: self.partition,
            position: self.position().next(),
            shop,
            decision: Arc::new(decision),
        };
        self.keep(entry, |entry, payload| {
            codec::encode_entry(&entry.shop, &entry.decision, payload);
        });
    }

    /// Adds an entry to what the journal will keep.
    pub(super) fn keep(&mut self, entry: Entry, encode: impl FnOnce(&Entry, &mut Vec<u8>)) {
        let (partition, position) = (entry.partition, entry.position);
        let payload = self.batch.push(entry, encode);
        self.link = self.link.then(partition, position, payload);
        self.tail += 1;
    }
}
