//! How many partitions of this node take their turns as they are handed in anywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use crate::telemetry::metrics;

/// Counts a partition as following for as long as it lives.
pub(super) struct Following {
    count: Arc<AtomicU16>,
    this: Arc<AtomicBool>,
}

impl Following {
    pub(super) fn new(count: &Arc<AtomicU16>, this: &Arc<AtomicBool>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        this.store(true, Ordering::Release);
        metrics().nodes.following.increment();
        Self {
            count: Arc::clone(count),
            this: Arc::clone(this),
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::AcqRel);
        self.this.store(false, Ordering::Release);
        metrics().nodes.following.decrement();
    }
}
