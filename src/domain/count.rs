//! What a decision left behind, in absolute numbers: the mirror copies them, an audit compares
//! them with its own fold.

use std::sync::Arc;

use super::id::{DropId, OrderId, SkuId};
use super::order::Order;
use super::sku::Buckets;

/// The counters of one SKU or drop, or a whole order, after a decision that touched it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Count {
    /// A SKU's buckets.
    Sku {
        /// Which.
        sku: SkuId,
        /// Where its units are.
        buckets: Buckets,
    },
    /// A drop's counters.
    Drop {
        /// Which.
        drop: DropId,
        /// See [`super::Drop::cap`].
        cap: Option<u32>,
        /// See [`super::Drop::used`].
        used: u32,
        /// See [`super::Drop::reserved`].
        reserved: u32,
        /// Units wanted by all who wait.
        waiting: u32,
    },
    /// An order as it stands now.
    Order {
        /// Which.
        order: OrderId,
        /// All of it.
        row: Arc<Order>,
    },
}
