//! Who waits for a drop, and in which order (R-BOOK-14, D.2).

use super::id::{BookingId, CustomerId};
use super::time::Millis;

/// A place in a waitlist: higher priority first, then who came first. The ticket is unique in
/// the shop, so places of several drops of one SKU compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// 255 minus the band's priority at joining: smaller is served earlier.
    pub rank: u8,
    /// Counts every joining of the shop.
    pub ticket: u64,
}

/// A customer who waits for units of a drop. One per customer and drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitEntry {
    /// The id its first booking will have.
    pub booking: BookingId,
    /// Bookings already made from it.
    pub promoted: u32,
    /// Who waits.
    pub customer: CustomerId,
    /// Units still wanted.
    pub qty: u32,
    /// Takes fewer than wanted, and waits on for the rest.
    pub accept_partial: bool,
    /// Since when.
    pub since: Millis,
    /// Was passed over once for not being connected.
    pub skipped: bool,
}

impl WaitEntry {
    /// The id of the next booking made from this entry.
    pub fn next_booking(&self) -> BookingId {
        BookingId(self.booking.0.wrapping_add(u128::from(self.promoted)))
    }
}
