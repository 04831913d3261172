//! What an audit has found, for programs and for people.

use std::fmt;

use serde::Serialize;

use crate::domain::sku::Kind;
use crate::domain::{BookingState, Shop, ShopId};
use crate::journal::{Partition, Position};

/// The most differences that are listed; all are counted.
const LISTED_MAX: usize = 1_000;

/// What an audit has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Of them refusals.
    pub refusals: u64,
    /// Shops.
    pub shops: u64,
    /// Bookings that are held.
    pub bookings_held: u64,
    /// Bookings that have ended and are still remembered.
    pub bookings_ended: u64,
    /// Units of all counted SKUs.
    pub units: Units,
    /// What is not in the journal any more, and how it is proved.
    pub trimmed: Vec<Before>,
    /// How many differences there are.
    pub differences_total: u64,
    /// The differences, at most a thousand.
    pub differences: Vec<Difference>,
}

/// Units of all counted SKUs, by bucket (D.4). What came in and did not go out must be
/// somewhere: I-1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Units {
    /// All that ever came in.
    pub stock_in: u64,
    /// All that ever went out other than by sale.
    pub stock_out: u64,
    /// For sale.
    pub available: u64,
    /// Set aside for drops.
    pub drop_reserved: u64,
    /// In bookings.
    pub booked: u64,
    /// In open orders.
    pub allocated: u64,
    /// In finished orders.
    pub sold: u64,
    /// Promised but not there.
    pub shortage: u64,
    /// In, less out, less what is in buckets: 0.
    pub difference: i128,
}

/// The beginning of a partition that is not in the journal any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Before {
    /// The partition.
    pub partition: u16,
    /// The last entry that was trimmed, as `epoch:seq`.
    pub until: String,
    /// How many were.
    pub entries: u64,
    /// The snapshot the proof begins with, as `epoch:seq`; what it was made of is taken on trust. None
    /// if all entries were read, those that were trimmed from the ledger.
    pub trusted: Option<String>,
}

/// Something that should be equal and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The partition.
    pub partition: u16,
    /// The entry where it shows, as `epoch:seq`; the last one for what shows at the end.
    pub position: String,
    /// The shop, if it is one shop's.
    pub shop: Option<String>,
    /// `journal`, `snapshot`, `restart`, or the invariant of D.8.
    pub check: String,
    /// What was found.
    pub found: String,
}

impl Report {
    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.differences_total == 0 && self.units.difference == 0
    }

    /// Adds a difference.
    pub fn find(
        &mut self,
        partition: Partition,
        position: Position,
        shop: Option<&ShopId>,
        check: &str,
        found: String,
    ) {
        let found = Difference {
            partition: partition.0,
            position: position.to_string(),
            shop: shop.map(ToString::to_string),
            check: check.to_owned(),
            found,
        };
        // Loading and folding come upon the same damage.
        if self.differences.contains(&found) {
            return;
        }
        self.differences_total += 1;
        if self.differences.len() < LISTED_MAX {
            self.differences.push(found);
        }
    }

    /// Notes what was trimmed of a partition.
    pub(super) fn trimmed(
        &mut self,
        partition: Partition,
        until: Position,
        entries: u64,
        trusted: Option<Position>,
    ) {
        self.trimmed.push(Before {
            partition: partition.0,
            until: until.to_string(),
            entries,
            trusted: trusted.map(|position| position.to_string()),
        });
    }

    pub(super) fn count(&mut self, shop: &Shop) {
        self.shops += 1;
        let held = shop
            .bookings
            .values()
            .filter(|b| b.state == BookingState::Held)
            .count();
        self.bookings_held += held as u64;
        self.bookings_ended += (shop.bookings.len() - held) as u64;
        let counted = shop
            .skus
            .values()
            .filter(|sku| sku.spec.kind() == Kind::Tracked);
        for sku in counted.filter(|sku| !sku.spec.is_combination()) {
            let (b, units) = (&sku.buckets, &mut self.units);
            units.stock_in += b.stock_in;
            units.stock_out += b.stock_out;
            units.available += u64::from(b.available);
            units.drop_reserved += u64::from(b.drop_reserved);
            units.booked += u64::from(b.booked);
            units.allocated += u64::from(b.allocated);
            units.sold += u64::from(b.sold);
            units.shortage += u64::from(b.shortage);
        }
        let u = &mut self.units;
        let inside = u.available + u.drop_reserved + u.booked + u.allocated + u.sold;
        u.difference = i128::from(u.stock_in) + i128::from(u.shortage)
            - i128::from(u.stock_out)
            - i128::from(inside);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = &self.units;
        let rows: [(&str, &dyn fmt::Display); 15] = [
            ("entries", &self.entries),
            ("  refusals", &self.refusals),
            ("shops", &self.shops),
            ("bookings held", &self.bookings_held),
            ("bookings ended", &self.bookings_ended),
            ("units in", &units.stock_in),
            ("units out", &units.stock_out),
            ("  available", &units.available),
            ("  set aside", &units.drop_reserved),
            ("  booked", &units.booked),
            ("  in orders", &units.allocated),
            ("  sold", &units.sold),
            ("  short", &units.shortage),
            ("unit difference", &units.difference),
            ("differences", &self.differences_total),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<16} {value:>14}")?;
        }
        for before in &self.trimmed {
            let Before {
                partition,
                until,
                entries,
                trusted,
            } = before;
            write!(
                f,
                "partition {partition}: {entries} entries up to {until} were trimmed; "
            )?;
            match trusted {
                None => writeln!(f, "they were read from the ledger, and lead here")?,
                Some(at) => writeln!(f, "the proof begins with the snapshot at {at}")?,
            }
        }
        for d in &self.differences {
            let shop = d.shop.as_deref().unwrap_or("-");
            let place = format!("partition {} at {}", d.partition, d.position);
            writeln!(f, "{place:<28} {:<9} {shop}: {}", d.check, d.found)?;
        }
        let left = self
            .differences_total
            .saturating_sub(self.differences.len() as u64);
        if left > 0 {
            writeln!(f, "and {left} more")?;
        }
        writeln!(
            f,
            "{}",
            if self.is_clean() {
                "clean"
            } else {
                "NOT CLEAN"
            }
        )
    }
}
