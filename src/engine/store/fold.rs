//! Folding entries into shops. Nothing that stands in a journal may end the process: an entry
//! whose numbers cannot be applied is damage like any other.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::Error;
use crate::domain::{Decision, Shop, ShopId};
use crate::journal::{Partition, Position};

/// Shops of one partition, and how far they have come.
pub(in crate::engine) struct Fold {
    partition: Partition,
    shops: HashMap<ShopId, Shop>,
    replayed: u64,
}

impl Fold {
    pub(in crate::engine) fn new(partition: Partition, shops: HashMap<ShopId, Shop>) -> Self {
        Self {
            partition,
            shops,
            replayed: 0,
        }
    }

    /// Applies a decision to its shop. After an error the shops are of no use.
    pub(in crate::engine) fn replay(
        &mut self,
        position: Position,
        shop: ShopId,
        decision: &Decision,
    ) -> Result<(), Error> {
        let shop = self.shops.entry(shop).or_default();
        // The shop is thrown away with the error, so a state left half-way is never seen.
        let folded = catch_unwind(AssertUnwindSafe(|| shop.replay(decision)));
        let fault = match folded {
            Ok(Ok(())) => {
                self.replayed += 1;
                return Ok(());
            }
            Ok(Err(divergence)) => divergence.to_string(),
            Err(_) => "its numbers cannot be applied to the state before it".to_owned(),
        };
        Err(Error::damaged(self.partition, position, fault))
    }

    pub(in crate::engine) fn partition(&self) -> Partition {
        self.partition
    }

    pub(in crate::engine) fn shop(&self, shop: &ShopId) -> Option<&Shop> {
        self.shops.get(shop)
    }

    pub(in crate::engine) fn replayed(&self) -> u64 {
        self.replayed
    }

    pub(in crate::engine) fn into_shops(self) -> HashMap<ShopId, Shop> {
        self.shops
    }
}
