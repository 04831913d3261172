//! Every counter, summed up from the lists: D.4 and the invariants I-1, I-2 and I-4 of D.8 are
//! here definitions.

use lapak::domain::drop::{DropState, Mode};
use lapak::domain::{CustomerId, DropId, SkuId};

use super::{Drop, Line, Model};

/// Reading: no counter goes above this (the doc comment of `UNITS_MAX`); what would is sold out.
pub(super) const MOST: u64 = 1_000_000_000;

impl Model {
    /// What one unit of a SKU takes: itself, or the parts of a combination.
    pub(super) fn parts(&self, sku: &SkuId) -> Vec<(SkuId, u64)> {
        match self.sku(sku) {
            None => Vec::new(),
            Some(s) if s.spec.components.is_empty() => vec![(sku.clone(), 1)],
            Some(s) => s
                .spec
                .components
                .iter()
                .map(|c| (c.sku.clone(), u64::from(c.units)))
                .collect(),
        }
    }

    /// R-INV-3: physical and recorded; a combination has no stock of its own.
    pub(super) fn recorded(&self, sku: &SkuId) -> bool {
        self.sku(sku)
            .is_some_and(|s| s.spec.physical && s.spec.track_stock && s.spec.components.is_empty())
    }

    /// The parts that are counted; the others never limit anything (R-SHARE-9).
    pub(super) fn counted_parts(&self, sku: &SkuId) -> Vec<(SkuId, u64)> {
        self.parts(sku)
            .into_iter()
            .filter(|(part, _)| self.recorded(part))
            .collect()
    }

    /// Units taken through a drop.
    pub(super) fn used(&self, drop: DropId) -> u64 {
        self.taken(drop, None)
    }

    /// Units booked, allocated and sold through a drop, by one customer or by all (R-ORD-7).
    /// Reading: what came back is not for sale in the drop again, so it counts as sold.
    pub(super) fn taken(&self, drop: DropId, by: Option<&CustomerId>) -> u64 {
        let mut sum = 0;
        for b in self.held.iter().filter(|b| b.drop == drop) {
            if by.is_none_or(|who| b.customer == *who) {
                sum += b.qty;
            }
        }
        for o in &self.orders {
            let lines = o.lines.iter().filter(|l| l.drop == Some(drop) && !l.let_go);
            if by.is_none_or(|who| o.customer == *who) {
                sum += lines
                    .map(|l| l.allocated + l.sold + l.returned)
                    .sum::<u64>();
            }
        }
        sum
    }

    /// Units of a drop in bookings that are held.
    pub(super) fn held_of(&self, drop: DropId) -> u64 {
        let held = self.held.iter().filter(|b| b.drop == drop);
        held.map(|b| b.qty).sum()
    }

    fn ordered(&self, sku: &SkuId, units: impl Fn(&Line) -> u64) -> u64 {
        let mut sum = 0;
        for line in self.orders.iter().flat_map(|o| &o.lines) {
            for (_, ratio) in line.parts.iter().filter(|(part, _)| part == sku) {
                sum += units(line) * ratio;
            }
        }
        sum
    }

    /// `allocated` of a SKU.
    pub(super) fn allocated(&self, sku: &SkuId) -> u64 {
        self.ordered(sku, |l| l.allocated)
    }

    /// `sold` of a SKU, net of returns.
    pub(super) fn sold(&self, sku: &SkuId) -> u64 {
        self.ordered(sku, |l| l.sold)
    }

    /// Units that the counters of a part can still take in.
    pub(super) fn room(&self, sku: &SkuId) -> u64 {
        MOST.saturating_sub(self.booked(sku) + self.allocated(sku) + self.sold(sku))
    }

    pub(super) fn is_carved(&self, drop: &Drop) -> bool {
        drop.mode == Mode::Carved && !self.counted_parts(&drop.sku).is_empty()
    }

    /// Units still set aside for a drop.
    pub(super) fn set_aside(&self, drop: &Drop) -> u64 {
        if self.is_carved(drop) && drop.state != DropState::Settled {
            drop.cap.expect("a carved drop has a cap") - self.used(drop.id)
        } else {
            0
        }
    }

    /// `booked` of a SKU.
    pub(super) fn booked(&self, sku: &SkuId) -> u64 {
        let mut sum = 0;
        for b in &self.held {
            let of = &self.drop(b.drop).expect("a booking has a drop").sku;
            for (part, ratio) in self.parts(of) {
                if part == *sku {
                    sum += b.qty * ratio;
                }
            }
        }
        sum
    }

    /// `drop_reserved` of a SKU.
    pub(super) fn reserved(&self, sku: &SkuId) -> u64 {
        let mut sum = 0;
        for d in self.drops.iter().filter(|d| d.state != DropState::Settled) {
            for (part, ratio) in self.counted_parts(&d.sku) {
                if part == *sku {
                    sum += self.set_aside(d) * ratio;
                }
            }
        }
        sum
    }

    pub(super) fn committed(&self, sku: &SkuId) -> u64 {
        self.reserved(sku) + self.booked(sku) + self.allocated(sku)
    }

    /// What is there and not promised; below zero where more is promised than there is.
    fn left(&self, sku: &SkuId) -> i128 {
        let s = self.sku(sku).expect("a known SKU");
        if !self.recorded(sku) || !s.spec.components.is_empty() {
            return 0;
        }
        let promised = self.committed(sku) + self.sold(sku);
        i128::from(s.came) - i128::from(s.went) - i128::from(promised)
    }

    /// `available` of a plain SKU.
    pub(super) fn free(&self, sku: &SkuId) -> u64 {
        u64::try_from(self.left(sku)).unwrap_or(0)
    }

    /// `shortage` of a plain SKU (R-INV-10).
    pub(super) fn shortage(&self, sku: &SkuId) -> u64 {
        u64::try_from(-self.left(sku)).unwrap_or(0)
    }

    /// What is really there; below zero where more was sold than was known to be there.
    pub(super) fn on_hand(&self, sku: &SkuId) -> i128 {
        self.left(sku) + i128::from(self.committed(sku))
    }

    /// What a SKU or combination can be sold of; none = without end (R-SHARE-9).
    pub(super) fn sellable(&self, sku: &SkuId) -> Option<u64> {
        self.counted_parts(sku)
            .iter()
            .map(|(part, ratio)| self.free(part) / ratio)
            .min()
    }

    /// What can be booked of a drop now.
    pub(super) fn bookable(&self, drop: &Drop) -> u64 {
        let stock = if self.is_carved(drop) {
            self.set_aside(drop)
        } else {
            self.sellable(&drop.sku).unwrap_or(u64::MAX)
        };
        let cap = drop.cap.map_or(u64::MAX, |cap| cap - self.used(drop.id));
        let parts = self.parts(&drop.sku);
        let room = parts
            .iter()
            .map(|(part, ratio)| self.room(part) / ratio)
            .min();
        stock
            .min(cap)
            .min(room.unwrap_or(0))
            .min(MOST.saturating_sub(self.used(drop.id)))
    }

    /// Units wanted by all who wait for a drop.
    pub(super) fn waiting(&self, drop: DropId) -> u64 {
        self.waits
            .iter()
            .filter(|w| w.drop == drop)
            .map(|w| w.qty)
            .sum()
    }

    /// Whether a SKU and all its parts are on sale (R-INV-6).
    pub(super) fn on_sale(&self, sku: &SkuId) -> bool {
        let active = |id: &SkuId| self.sku(id).is_some_and(|s| s.spec.active);
        active(sku) && self.parts(sku).iter().all(|(part, _)| active(part))
    }
}
