//! The views that must be empty.

use super::cell::Cell;
use super::{Error, Ledger};

/// Name, and what a row in it means.
pub const VIEWS: [(&str, &str); 9] = [
    (
        "v_conservation",
        "units left a bucket and came into none (I-1, I-5)",
    ),
    (
        "v_unexplained",
        "a decision left other buckets than its facts say",
    ),
    (
        "v_balance",
        "a bucket is not the sum of its movements (I-5)",
    ),
    (
        "v_booking_ended_twice",
        "a booking gave away more than it had (I-6)",
    ),
    (
        "v_payment_unmatched",
        "money came a day ago and belongs to no order (D.5)",
    ),
    ("v_gap", "entries are missing"),
    (
        "v_money",
        "an order's money is not what was posted of it (I-15)",
    ),
    (
        "v_reputation",
        "a reputation is not the fold of its changes (I-8)",
    ),
    ("v_reward_twice", "an order was rewarded twice (R-BOOK-9)"),
];

impl Ledger {
    /// How many rows each view has, all shops together.
    pub async fn views(&self) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut counts = Vec::new();
        for (name, _) in VIEWS {
            counts.push((name, self.count_of(name, None).await?));
        }
        Ok(counts)
    }

    /// The same for one shop; a gap is everybody's.
    pub async fn views_of(&self, shop: &str) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut counts = Vec::new();
        for (name, _) in VIEWS {
            let of = (name != "v_gap").then_some(shop);
            counts.push((name, self.count_of(name, of).await?));
        }
        Ok(counts)
    }

    async fn count_of(&self, view: &'static str, shop: Option<&str>) -> Result<u64, Error> {
        let (end, args) = match shop {
            Some(shop) => (" WHERE shop = $1", vec![Cell::Text(shop.into())]),
            None => ("", Vec::new()),
        };
        let rows = self
            .fetch(&format!("SELECT COUNT(*) FROM {view}{end}"), args)
            .await?;
        match rows.first().and_then(|row| row.first()) {
            Some(Cell::Int(n)) => Ok(u64::try_from(*n).unwrap_or(0)),
            other => Err(Error::Strange(format!("{view} gives {other:?}"))),
        }
    }
}
