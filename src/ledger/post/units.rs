//! Units by bucket, and why they moved.

use crate::ledger::cell::Text;
use crate::ledger::tables::Balance;

/// Units by bucket: a change, or what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Units {
    pub(super) available: i64,
    pub(super) drop_reserved: i64,
    pub(super) booked: i64,
    pub(super) allocated: i64,
    pub(super) sold: i64,
    pub(super) shortage: i64,
    pub(super) stock_in: i64,
    pub(super) stock_out: i64,
}

/// Why units moved, and whose they are.
#[derive(Debug, Clone, Default)]
pub(super) struct Cause {
    pub(super) word: &'static str,
    pub(super) reason: Option<Text>,
    pub(super) customer: Option<Text>,
    pub(super) booking: Option<Text>,
    pub(super) order: Option<Text>,
    pub(super) drop: Option<Text>,
}

impl Cause {
    pub(super) fn new(word: &'static str) -> Self {
        Self {
            word,
            ..Self::default()
        }
    }
}

impl Units {
    pub(super) fn of(balance: &Balance) -> Self {
        Self {
            available: balance.available,
            drop_reserved: balance.drop_reserved,
            booked: balance.booked,
            allocated: balance.allocated,
            sold: balance.sold,
            shortage: balance.shortage,
            stock_in: balance.stock_in,
            stock_out: balance.stock_out,
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            available: self.available + other.available,
            drop_reserved: self.drop_reserved + other.drop_reserved,
            booked: self.booked + other.booked,
            allocated: self.allocated + other.allocated,
            sold: self.sold + other.sold,
            shortage: self.shortage + other.shortage,
            stock_in: self.stock_in + other.stock_in,
            stock_out: self.stock_out + other.stock_out,
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            available: self.available - other.available,
            drop_reserved: self.drop_reserved - other.drop_reserved,
            booked: self.booked - other.booked,
            allocated: self.allocated - other.allocated,
            sold: self.sold - other.sold,
            shortage: self.shortage - other.shortage,
            stock_in: self.stock_in - other.stock_in,
            stock_out: self.stock_out - other.stock_out,
        }
    }

    /// Units inside the house.
    fn inside(&self) -> i64 {
        self.available + self.drop_reserved + self.booked + self.allocated + self.sold
            - self.shortage
    }

    /// The world's bucket. Of a counted SKU what came in and went out; of others whatever is
    /// promised, as their source has no end.
    pub(super) fn outside(&self, counted: bool) -> i64 {
        if counted {
            self.stock_out - self.stock_in
        } else {
            -self.inside()
        }
    }
}
