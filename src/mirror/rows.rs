//! The rows of one shop.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Millis;
use crate::domain::customer::REPUTATION_FULL;
use crate::domain::drop::least;
use crate::domain::many::Many;
use crate::domain::shop::parts;
use crate::domain::{
    Buckets, CustomerId, Drop, DropId, DropState, Kind, LiveId, LiveSpec, Mode, Place, Settings,
    Shop, SkuId, SkuSpec,
};
use crate::journal::Position;

/// A live.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRow {
    /// What the shop said last.
    pub spec: Arc<LiveSpec>,
    /// It is over.
    pub ended: bool,
}

/// A drop, as everybody may see it.
#[derive(Debug, Clone, PartialEq)]
pub struct DropRow {
    /// Its id.
    pub drop: DropId,
    /// The live.
    pub live: LiveId,
    /// Its SKU.
    pub sku: SkuId,
    /// The SKU's title and picture.
    pub spec: Arc<SkuSpec>,
    /// Price of a unit.
    pub price: u64,
    /// Where units come from.
    pub mode: Mode,
    /// Most units that may be taken.
    pub cap: Option<u32>,
    /// How far it has come.
    pub state: DropState,
    /// When it opens.
    pub opens_at: Millis,
    /// When it ends by itself.
    pub ends_at: Option<Millis>,
    /// 0 = no limit.
    pub per_customer_limit: u32,
    /// How long its bookings are held.
    pub booking_timeout_ms: u64,
    /// Shown first.
    pub pinned: bool,
}

/// The counters of a drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The drop.
    pub drop: DropId,
    /// Its SKU.
    pub sku: SkuId,
    /// Units that may be booked; none = unlimited.
    pub available: Option<u32>,
    /// Units taken through it.
    pub booked: u32,
    /// Units wanted by those who wait.
    pub waiting: u32,
}

/// One shop's rows, all at one position.
#[derive(Debug, Default)]
pub(super) struct ShopRows {
    pub(super) position: Position,
    pub(super) settings: Arc<Settings>,
    pub(super) skus: Many<SkuId, SkuCell>,
    pub(super) lives: BTreeMap<LiveId, LiveRow>,
    pub(super) drops: BTreeMap<DropId, DropCell>,
    /// The drops that are not settled and draw on a SKU: it is theirs, or a part of theirs.
    pub(super) drawn: Many<SkuId, BTreeSet<DropId>>,
    /// Reputations that have ever changed.
    pub(super) reputations: Many<CustomerId, u8>,
}

#[derive(Debug)]
pub(super) struct SkuCell {
    pub(super) spec: Arc<SkuSpec>,
    pub(super) buckets: Buckets,
}

#[derive(Debug)]
pub(super) struct DropCell {
    pub(super) row: DropRow,
    pub(super) own_timeout_ms: Option<u64>,
    pub(super) used: u32,
    pub(super) reserved: u32,
    pub(super) waiting: u32,
    /// First served first: who, and how many units.
    pub(super) waiters: BTreeMap<Place, (CustomerId, u32)>,
    /// When the row last changed.
    pub(super) told_at: Position,
    /// When the counters last changed.
    pub(super) counted_at: Position,
}

impl ShopRows {
    pub(super) fn of(shop: &Shop, position: Position) -> Self {
        let mut rows = Self {
            position,
            settings: Arc::clone(&shop.settings),
            ..Self::default()
        };
        for (id, sku) in shop.skus.iter() {
            let cell = SkuCell {
                spec: Arc::clone(&sku.spec),
                buckets: sku.buckets,
            };
            rows.skus.insert(id.clone(), cell);
        }
        for (id, customer) in shop
            .customers
            .iter()
            .filter(|(_, c)| c.reputation != REPUTATION_FULL)
        {
            rows.reputations.insert(id.clone(), customer.reputation);
        }
        for (id, live) in &shop.lives {
            let row = LiveRow {
                spec: Arc::clone(&live.spec),
                ended: live.ended,
            };
            rows.lives.insert(id.clone(), row);
        }
        for (id, drop) in &shop.drops {
            rows.put_drop(*id, drop, position);
        }
        rows.draw_anew();
        rows
    }

    /// Notes on which SKUs a drop draws.
    pub(super) fn draw(&mut self, drop: DropId) {
        let Some(row) = self.drops.get(&drop).map(|cell| &cell.row) else {
            return;
        };
        let spec = self.skus.get(&row.sku).map(|cell| &cell.spec);
        let settled = row.state == DropState::Settled;
        for spec in spec.into_iter().filter(|_| !settled) {
            for (part, _) in parts(&row.sku, spec) {
                self.drawn.get_or_default(part).insert(drop);
            }
        }
    }

    /// The same for all drops: what SKUs are made of has changed.
    pub(super) fn draw_anew(&mut self) {
        self.drawn.clear();
        let drops: Vec<DropId> = self.drops.keys().copied().collect();
        for drop in drops {
            self.draw(drop);
        }
    }

    fn put_drop(&mut self, id: DropId, drop: &Drop, at: Position) {
        let Some(sku) = self.skus.get(&drop.sku) else {
            return;
        };
        let row = DropRow {
            drop: id,
            live: drop.live.clone(),
            sku: drop.sku.clone(),
            spec: Arc::clone(&sku.spec),
            price: drop.price,
            mode: drop.mode,
            cap: drop.cap,
            state: drop.state,
            opens_at: drop.opens_at,
            ends_at: drop.ends_at,
            per_customer_limit: drop.per_customer_limit,
            booking_timeout_ms: drop
                .booking_timeout_ms
                .unwrap_or(self.settings.booking_timeout_ms),
            pinned: drop.pinned,
        };
        let waiters = drop
            .waitlist
            .iter()
            .map(|(p, e)| (*p, (e.customer.clone(), e.qty)))
            .collect();
        let cell = DropCell {
            row,
            own_timeout_ms: drop.booking_timeout_ms,
            used: drop.used,
            reserved: drop.reserved,
            waiting: drop.waiting,
            waiters,
            told_at: at,
            counted_at: at,
        };
        self.drops.insert(id, cell);
    }

    pub(super) fn live(&self, live: &LiveId) -> Option<LiveRow> {
        self.lives.get(live).cloned()
    }

    pub(super) fn currency(&self) -> String {
        self.lives
            .values()
            .next_back()
            .map_or_else(String::new, |l| l.spec.currency.to_string())
    }

    pub(super) fn drop_row(&self, drop: DropId) -> Option<DropRow> {
        self.drops.get(&drop).map(|cell| cell.row.clone())
    }

    /// Drops that changed after a position. One that is over is only told to who knew it.
    pub(super) fn drops(&self, live: &LiveId, after: Position) -> Vec<DropRow> {
        let whole = after == Position::default();
        self.cells(live)
            .filter(|d| d.told_at > after && !(whole && d.row.state == DropState::Settled))
            .map(|d| d.row.clone())
            .collect()
    }

    pub(super) fn items(&self, live: &LiveId, after: Position) -> Vec<ItemRow> {
        let whole = after == Position::default();
        self.cells(live)
            .filter(|d| d.counted_at > after && !(whole && d.row.state == DropState::Settled))
            .map(|d| self.item(d))
            .collect()
    }

    fn cells<'a>(&'a self, live: &'a LiveId) -> impl Iterator<Item = &'a DropCell> {
        self.drops.values().filter(move |d| d.row.live == *live)
    }

    fn item(&self, cell: &DropCell) -> ItemRow {
        let sku = &cell.row.sku;
        let stock = self
            .tracked_parts(sku)
            .map(|(part, ratio)| part.buckets.available / ratio);
        let stock = stock.min();
        let carved = cell.row.mode == Mode::Carved && stock.is_some();
        let left = cell.row.cap.map(|cap| cap.saturating_sub(cell.used));
        ItemRow {
            drop: cell.row.drop,
            sku: sku.clone(),
            available: least(if carved { Some(cell.reserved) } else { stock }, left),
            booked: cell.used,
            waiting: cell.waiting,
        }
    }

    fn tracked_parts<'a>(&'a self, sku: &'a SkuId) -> impl Iterator<Item = (&'a SkuCell, u32)> {
        let spec = self.skus.get(sku).map(|cell| &cell.spec);
        let all = spec.into_iter().flat_map(move |spec| parts(sku, spec));
        all.filter_map(|(part, ratio)| Some((self.skus.get(part)?, ratio)))
            .filter(|(cell, _)| cell.spec.kind() == Kind::Tracked)
    }

    pub(super) fn waiters(&self, drop: DropId) -> Vec<(CustomerId, u32)> {
        let cell = self.drops.get(&drop);
        cell.map_or_else(Vec::new, |cell| cell.waiters.values().cloned().collect())
    }

    pub(super) fn waiting_customers(&self) -> usize {
        self.drops.values().map(|cell| cell.waiters.len()).sum()
    }

    pub(super) fn waits(&self, customer: &CustomerId) -> bool {
        self.drops
            .values()
            .any(|cell| cell.waiters.values().any(|(who, _)| who == customer))
    }
}
