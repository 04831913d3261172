//! How many sockets somebody has open, by permits that give themselves back.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Open sockets per key, and how many there may be.
pub(super) struct Counts<K> {
    inner: Arc<Inner<K>>,
}

struct Inner<K> {
    max: NonZeroU32,
    /// Only keys with at least one socket: it cannot outgrow the sockets of this node.
    open: Mutex<HashMap<K, u32>>,
}

impl<K: Clone + Eq + Hash + Send + Sync + 'static> Counts<K> {
    pub(super) fn new(max: NonZeroU32) -> Self {
        Self {
            inner: Arc::new(Inner {
                max,
                open: Mutex::default(),
            }),
        }
    }

    /// A permit for one more, or `None` when the key has all it may have.
    pub(super) fn admit(&self, key: K) -> Option<Permit> {
        let mut open = self.inner.open();
        let count = open.get(&key).copied().unwrap_or(0);
        if count >= self.inner.max.get() {
            return None;
        }
        open.insert(key.clone(), count + 1);
        drop(open);
        let inner = Arc::clone(&self.inner);
        Some(Permit {
            give_back: Some(Box::new(move || inner.give_back(&key))),
        })
    }

    pub(super) fn of(&self, key: &K) -> u32 {
        self.inner.open().get(key).copied().unwrap_or(0)
    }
}

impl<K: Eq + Hash> Inner<K> {
    fn open(&self) -> MutexGuard<'_, HashMap<K, u32>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, key: &K) {
        let mut open = self.open();
        if let Some(count) = open.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                open.remove(key);
            }
        }
    }
}

/// Room for one socket; dropping it gives the room back.
#[must_use = "dropping a permit gives its room back"]
pub struct Permit {
    give_back: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Permit {
    /// For somebody who is not counted.
    pub(super) fn free() -> Self {
        Self { give_back: None }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(give_back) = self.give_back.take() {
            give_back();
        }
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit")
            .field("counted", &self.give_back.is_some())
            .finish()
    }
}
