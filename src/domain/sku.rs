//! SKUs: their flags, their kind, and the buckets their units are in (A.1, D.4).

use std::sync::Arc;

use super::id::SkuId;

/// What the back office says of a SKU.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent flags, R-INV-1"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuSpec {
    /// Product and variation, as people read it.
    pub title: Arc<str>,
    /// An https picture link.
    pub image: Option<Arc<str>>,
    /// Price in the shop's minor units.
    pub price: u64,
    /// May be newly booked (R-INV-6).
    pub active: bool,
    /// A promise against future stock (D.4.4).
    pub preorder: bool,
    /// False for digital goods, which are never tracked (R-INV-2).
    pub physical: bool,
    /// Whether `available` is counted.
    pub track_stock: bool,
    /// For a combination SKU, what one unit takes; empty for a plain SKU (R-SHARE-9).
    pub components: Vec<Component>,
}

/// A part of a combination SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// The part.
    pub sku: SkuId,
    /// How many of it one combination takes, at least 1.
    pub units: u32,
}

/// The stock kinds of R-INV-3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Physical and counted: sold only what is there.
    Tracked,
    /// Physical, always for sale.
    Untracked,
    /// Not physical, always for sale.
    Digital,
}

/// Where a SKU's units are. `on hand` is the sum of the first four (decision 2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buckets {
    /// For sale to anybody. 0 and meaningless when the SKU is not tracked.
    pub available: u32,
    /// Set aside for carved drops.
    pub drop_reserved: u32,
    /// In bookings that are held.
    pub booked: u32,
    /// In open orders.
    pub allocated: u32,
    /// In finished orders, net of returns.
    pub sold: u32,
    /// Promised units that are not there (E-7, R-INV-10).
    pub shortage: u32,
    /// All units that ever came in.
    pub stock_in: u64,
    /// All units that ever went out other than by sale.
    pub stock_out: u64,
}

impl Buckets {
    /// Units promised or set aside: what a count may not go below without force.
    pub fn committed(&self) -> u32 {
        self.drop_reserved + self.booked + self.allocated
    }

    /// Units that are really there: available and committed, less the shortage.
    pub fn on_hand(&self) -> u32 {
        (self.available + self.committed()).saturating_sub(self.shortage)
    }
}

/// A SKU of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// What the back office said last.
    pub spec: Arc<SkuSpec>,
    /// Where its units are.
    pub buckets: Buckets,
}

impl Sku {
    /// How its own units are counted. A combination has none, but those of an order of before
    /// it was one may come back: nothing is counted then.
    pub fn own_kind(&self) -> Kind {
        match self.spec.kind() {
            Kind::Tracked if self.spec.is_combination() => Kind::Untracked,
            kind => kind,
        }
    }

    /// Units that its counters can still take in.
    pub(super) fn room(&self) -> u32 {
        let b = &self.buckets;
        let taken = u64::from(b.booked) + u64::from(b.allocated) + u64::from(b.sold);
        let left = u64::from(UNITS_MAX).saturating_sub(taken);
        u32::try_from(left).unwrap_or(UNITS_MAX)
    }
}

/// Most components of a combination SKU (R-SHARE-9).
pub const COMPONENTS_MAX: usize = 10;
/// Most units in any bucket or request: half of `u32`, so that sums of two never overflow.
pub const UNITS_MAX: u32 = 1_000_000_000;

impl SkuSpec {
    /// The stock kind that follows from the flags (R-INV-3). Of a combination SKU only the
    /// components have stock.
    pub fn kind(&self) -> Kind {
        match (self.physical, self.track_stock) {
            (false, _) => Kind::Digital,
            (true, true) => Kind::Tracked,
            (true, false) => Kind::Untracked,
        }
    }

    /// Whether one unit is made of other SKUs.
    pub fn is_combination(&self) -> bool {
        !self.components.is_empty()
    }
}
