//! Questions about a shop's state. Nothing here changes it.

use super::Shop;
use crate::domain::drop::{Drop, DropState, Mode, least};
use crate::domain::id::{CustomerId, DropId, OrderId, SkuId};
use crate::domain::settings::Band;
use crate::domain::sku::{Kind, Sku, SkuSpec, UNITS_MAX};
use crate::domain::time::Millis;

/// The parts one unit of a SKU takes: itself, or its components, with units of each.
pub fn parts<'a>(sku: &'a SkuId, spec: &'a SkuSpec) -> impl Iterator<Item = (&'a SkuId, u32)> {
    let own = (!spec.is_combination()).then_some((sku, 1));
    own.into_iter()
        .chain(spec.components.iter().map(|c| (&c.sku, c.units)))
}

impl Shop {
    /// The parts of a SKU, and how many of each it takes; a plain one is looked up once.
    fn parts_of<'a>(&'a self, sku: &'a SkuId) -> impl Iterator<Item = (&'a SkuId, &'a Sku, u32)> {
        let whole = self.skus.get(sku);
        let own = whole.filter(|whole| !whole.spec.is_combination());
        let components = whole.into_iter().flat_map(|whole| &whole.spec.components);
        own.map(|own| (sku, own, 1))
            .into_iter()
            .chain(components.filter_map(move |c| Some((&c.sku, self.skus.get(&c.sku)?, c.units))))
    }

    /// The counted parts of a SKU (untracked ones are ignored, R-SHARE-9), and how many of each it
    /// takes.
    pub(super) fn tracked_parts<'a>(
        &'a self,
        sku: &'a SkuId,
    ) -> impl Iterator<Item = (&'a SkuId, &'a Sku, u32)> {
        self.parts_of(sku)
            .filter(|(_, part, _)| part.spec.kind() == Kind::Tracked)
    }

    /// Whether units of this SKU are counted: for a combination, of any component.
    pub fn is_tracked(&self, sku: &SkuId) -> bool {
        self.tracked_parts(sku).next().is_some()
    }

    /// Units of a SKU that its (or its components') `available` allows; none = unlimited.
    pub fn available(&self, sku: &SkuId) -> Option<u32> {
        self.tracked_parts(sku)
            .map(|(_, part, ratio)| part.buckets.available / ratio)
            .min()
    }

    /// Units of a drop that may be booked now; none = unlimited.
    pub fn bookable(&self, drop: &Drop) -> Option<u32> {
        let stock = if drop.mode == Mode::Carved && self.is_tracked(&drop.sku) {
            Some(drop.reserved)
        } else {
            self.available(&drop.sku)
        };
        least(stock, drop.cap.map(|_| drop.cap_left()))
    }

    /// Units of a drop that may be booked now, also where stock is unlimited: no counter may
    /// exceed [`UNITS_MAX`].
    pub(super) fn takeable(&self, drop: &Drop) -> u32 {
        let stock = self.bookable(drop).unwrap_or(u32::MAX);
        let parts = self.parts_of(&drop.sku);
        let room = parts.map(|(_, part, ratio)| part.room() / ratio).min();
        stock
            .min(room.unwrap_or(0))
            .min(UNITS_MAX.saturating_sub(drop.used))
    }

    /// Units of a part that its counters can still take in.
    pub(super) fn room(&self, part: &SkuId) -> u32 {
        self.skus.get(part).map_or(UNITS_MAX, Sku::room)
    }

    /// Whether a SKU and all its components are on sale.
    pub fn is_active(&self, sku: &SkuId) -> bool {
        self.skus.get(sku).is_some_and(|s| {
            let mut components = s.spec.components.iter();
            s.spec.active
                && components.all(|c| self.skus.get(&c.sku).is_some_and(|p| p.spec.active))
        })
    }

    /// Whether any drop that is not settled draws on this SKU, alone or as a component.
    pub fn is_dropped(&self, sku: &SkuId) -> bool {
        self.drops.values().any(|d| {
            d.state != DropState::Settled
                && (d.sku == *sku || self.parts_of(&d.sku).any(|(part, ..)| part == sku))
        })
    }

    /// Units of a SKU held through its own drops, settled ones too. Of a combination that is
    /// all that tells of its bookings: its buckets are its components'.
    pub(super) fn held_units(&self, sku: &SkuId) -> u32 {
        let drops = self.drops.values().filter(|d| d.sku == *sku);
        drops
            .flat_map(|d| &d.held)
            .filter_map(|id| self.bookings.get(id))
            .map(|b| b.qty)
            .sum()
    }

    /// Bookings that are held.
    pub fn held(&self) -> usize {
        self.drops.values().map(|drop| drop.held.len()).sum()
    }

    /// Orders that are over, longest ago first.
    pub fn orders_over(&self) -> impl DoubleEndedIterator<Item = (Millis, OrderId)> {
        self.orders_by_age.iter().copied()
    }

    /// A customer's reputation; 100 for one who is not known yet (R-BOOK-4).
    pub fn reputation(&self, customer: &CustomerId) -> u8 {
        self.customers
            .get(customer)
            .map_or(crate::domain::customer::REPUTATION_FULL, |c| c.reputation)
    }

    pub(super) fn band_of(&self, customer: &CustomerId) -> Option<&Band> {
        // Few shops have any: then nobody has to be looked up.
        let some = !self.settings.bands.is_empty();
        let reputation = some.then(|| self.reputation(customer))?;
        self.settings.band(reputation)
    }

    /// Units in a customer's cart: those of bookings that are held (R-ORD-3).
    pub fn cart_units(&self, customer: &CustomerId) -> u32 {
        self.held_of(customer)
            .map(|b| b.qty)
            .fold(0, u32::saturating_add)
    }

    /// Units of one SKU in a customer's cart (R-ORD-2).
    pub fn cart_units_of(&self, customer: &CustomerId, sku: &SkuId) -> u32 {
        self.held_of(customer)
            .filter(|b| self.drops.get(&b.drop).is_some_and(|d| d.sku == *sku))
            .map(|b| b.qty)
            .fold(0, u32::saturating_add)
    }

    fn held_of(
        &self,
        customer: &CustomerId,
    ) -> impl Iterator<Item = &crate::domain::booking::Booking> {
        let held = self.customers.get(customer).map(|c| &c.held);
        held.into_iter()
            .flatten()
            .filter_map(|id| self.bookings.get(id))
    }

    /// Units wanted by those who are served before a customer in a drop's waitlist.
    pub fn ahead_of(&self, drop: &Drop, customer: &CustomerId) -> u32 {
        let Some(place) = drop.shares.get(customer).and_then(|s| s.place) else {
            return 0;
        };
        drop.waitlist
            .range(..place)
            .map(|(_, entry)| entry.qty)
            .sum()
    }

    /// Whether a drop takes bookings at `now`, whatever the sweeper has done.
    pub fn is_open(drop: &Drop, now: Millis) -> bool {
        let begun = match drop.state {
            DropState::Open => true,
            DropState::Scheduled => drop.opens_at <= now,
            DropState::Paused | DropState::Ended | DropState::Settled => false,
        };
        begun && drop.ends_at.is_none_or(|end| now < end)
    }

    /// Drops of a live that are not settled, oldest first.
    pub fn unsettled(&self) -> impl DoubleEndedIterator<Item = (DropId, &Drop)> {
        self.drops
            .iter()
            .filter(|(_, d)| d.state != DropState::Settled)
            .map(|(id, d)| (*id, d))
    }
}
