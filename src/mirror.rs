//! KNOWS. The hot counters in memory: what everybody may see of every live, absolute, with the
//! position at which it last changed. One writer (the feed), many readers.
//!
//! Because every row knows when it last changed, "everything after position N" is answered from
//! here on any node and after any restart: resuming needs no history (design: broadcast).

mod apply;
mod rows;

use std::sync::Arc;

use dashmap::DashMap;

use crate::domain::{CustomerId, DropId, LiveId, Shop, ShopId, SkuId};
use crate::journal::{Entry, Position};
pub use apply::{Change, DropNews};
use rows::ShopRows;
pub use rows::{DropRow, ItemRow, LiveRow};

/// What everybody may see, by shop.
#[derive(Debug, Default)]
pub struct Mirror {
    shops: DashMap<ShopId, ShopRows>,
    lives: DashMap<LiveId, ShopId>,
}

/// What a live looks like at a position.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveView {
    /// Whose it is.
    pub shop: ShopId,
    /// Everything up to here is in it.
    pub position: Position,
    /// The live itself.
    pub live: LiveRow,
    /// Its drops, oldest first; those that are over are left out.
    pub drops: Vec<DropRow>,
    /// The counters of those drops.
    pub items: Vec<ItemRow>,
}

impl Mirror {
    /// Takes over a shop's state as it stands at a position; every row counts as changed there.
    pub fn prime(&self, id: &ShopId, shop: &Shop, position: Position) {
        for live in shop.lives.keys() {
            self.lives.entry(live.clone()).or_insert_with(|| id.clone());
        }
        self.shops.insert(id.clone(), ShopRows::of(shop, position));
    }

    /// Takes in an entry of the journal and tells what it changed. Only the feed calls this.
    pub fn apply(&self, entry: &Entry) -> Change {
        // Most shops are known: no name has to be made for looking one up.
        let known = self.shops.get_mut(&entry.shop);
        let mut shop = known.unwrap_or_else(|| self.shops.entry(entry.shop.clone()).or_default());
        let change = shop.apply(entry.position, &entry.decision);
        for live in change
            .lives
            .iter()
            .filter(|live| !self.lives.contains_key(*live))
        {
            self.lives.insert(live.clone(), entry.shop.clone());
        }
        change
    }

    /// Whose live this is.
    pub fn shop_of(&self, live: &LiveId) -> Option<ShopId> {
        self.lives.get(live).map(|shop| shop.clone())
    }

    /// A live as it stands. None if there is none of this name.
    pub fn live(&self, live: &LiveId) -> Option<LiveView> {
        self.since(live, Position::default())
    }

    /// What changed in a live after a position: all of its drops and items that did.
    pub fn since(&self, live: &LiveId, after: Position) -> Option<LiveView> {
        let id = self.shop_of(live)?;
        let shop = self.shops.get(&id)?;
        Some(LiveView {
            position: shop.position,
            live: shop.live(live)?,
            drops: shop.drops(live, after),
            items: shop.items(live, after),
            shop: id,
        })
    }

    /// The position a shop's rows stand at.
    pub fn position(&self, shop: &ShopId) -> Position {
        self.shops
            .get(shop)
            .map_or_else(Position::default, |shop| shop.position)
    }

    /// Every live with its title, by shop.
    pub fn lives(&self) -> Vec<(LiveId, ShopId, LiveRow)> {
        let mut all: Vec<_> = self
            .lives
            .iter()
            .filter_map(|row| {
                let live = self.shops.get(row.value())?.live(row.key())?;
                Some((row.key().clone(), row.value().clone(), live))
            })
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// One live's row, of a shop.
    pub fn live_row(&self, shop: &ShopId, live: &LiveId) -> Option<LiveRow> {
        self.shops.get(shop)?.live(live)
    }

    /// The currency of a shop's lives; empty while it has none.
    pub fn currency(&self, shop: &ShopId) -> String {
        self.shops
            .get(shop)
            .map_or_else(String::new, |shop| shop.currency())
    }

    /// One drop's row.
    pub fn drop_row(&self, shop: &ShopId, drop: DropId) -> Option<DropRow> {
        self.shops.get(shop)?.drop_row(drop)
    }

    /// The SKU and title of a drop.
    pub fn drop_named(&self, shop: &ShopId, drop: DropId) -> Option<(SkuId, Arc<str>)> {
        let shop = self.shops.get(shop)?;
        let row = &shop.drops.get(&drop)?.row;
        Some((row.sku.clone(), Arc::clone(&row.spec.title)))
    }

    /// The currency of a live.
    pub fn currency_of(&self, shop: &ShopId, live: &LiveId) -> Option<Arc<str>> {
        let shop = self.shops.get(shop)?;
        Some(Arc::clone(&shop.lives.get(live)?.spec.currency))
    }

    /// The SKU of a drop.
    pub fn sku_of(&self, shop: &ShopId, drop: DropId) -> Option<SkuId> {
        let shop = self.shops.get(shop)?;
        shop.drops.get(&drop).map(|cell| cell.row.sku.clone())
    }

    /// Who waits for a drop, first served first, with units.
    pub fn waiters(&self, shop: &ShopId, drop: DropId) -> Vec<(CustomerId, u32)> {
        self.shops
            .get(shop)
            .map_or_else(Vec::new, |shop| shop.waiters(drop))
    }

    /// How many wait, over all drops of all shops.
    pub fn waiting_customers(&self) -> usize {
        self.shops.iter().map(|shop| shop.waiting_customers()).sum()
    }

    /// Whether a customer waits for anything.
    pub fn waits(&self, shop: &ShopId, customer: &CustomerId) -> bool {
        self.shops
            .get(shop)
            .is_some_and(|shop| shop.waits(customer))
    }

    /// A customer's reputation.
    pub fn reputation(&self, shop: &ShopId, customer: &CustomerId) -> u8 {
        let known = self
            .shops
            .get(shop)
            .and_then(|s| s.reputations.get(customer).copied());
        known.unwrap_or(crate::domain::customer::REPUTATION_FULL)
    }
}
