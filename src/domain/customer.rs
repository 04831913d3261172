//! A customer of a shop, and the reputation that stays between 0 and 100 (R-BOOK-4).

use std::collections::BTreeSet;

use super::few::Few;
use super::id::{BookingId, DropId, GroupId, OrderId};

/// Where reputation starts, and the most it can be.
pub const REPUTATION_FULL: u8 = 100;

/// What the shop knows of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// 0 to 100.
    pub reputation: u8,
    /// May not book (R-BOOK-12).
    pub restricted: bool,
    /// Has waited without a connection; kept only while waiting.
    pub absent: bool,
    /// The group whose cap applies.
    pub group: Option<GroupId>,
    /// Bookings that are held.
    pub held: Few<BookingId>,
    /// Drops waited for.
    pub waits: BTreeSet<DropId>,
    /// The checkout under way; one at a time.
    pub checkout: Option<OrderId>,
    /// Orders that are known.
    pub orders: BTreeSet<OrderId>,
}

impl Default for Customer {
    fn default() -> Self {
        Self {
            reputation: REPUTATION_FULL,
            restricted: false,
            absent: false,
            group: None,
            held: Few::default(),
            waits: BTreeSet::new(),
            checkout: None,
            orders: BTreeSet::new(),
        }
    }
}

/// Why reputation changed (R-BOOK-7, R-BOOK-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReputationCause {
    /// The customer cancelled.
    Cancel,
    /// A booking timed out.
    Timeout,
    /// An admin set it right.
    Adjust,
    /// An order expired unpaid, or was refused at the door.
    Unpaid(OrderId),
    /// The customer cancelled an order.
    OrderCancel(OrderId),
    /// An order was paid.
    Paid(OrderId),
    /// What an order gave or took was undone (R-BOOK-9, O11).
    Undone(OrderId),
}

/// What a nominal change does to a reputation: the new value and the change really made
/// (R-BOOK-4, R-BOOK-8).
pub fn clamp(reputation: u8, nominal: i32) -> (u8, i32) {
    let after = i32::from(reputation).saturating_add(nominal);
    let after = after.clamp(0, i32::from(REPUTATION_FULL));
    (
        u8::try_from(after).unwrap_or(0),
        after - i32::from(reputation),
    )
}
