//! Balances: what movements come to, held against what the decision says it left behind.

use super::Posting;
use super::state::Key;
use super::units::{Cause, Units};
use crate::domain::count::Count;
use crate::ledger::cell::Text;
use crate::ledger::cursor::signed;
use crate::ledger::tables::{Balance, Movement};

impl Posting<'_> {
    pub(super) fn counted(&self, key: &Key) -> bool {
        self.state.skus.get(key).is_some_and(|sku| sku.tracked == 1)
    }

    /// Posts a movement of one SKU and brings its balance up to date.
    pub(super) fn moved(&mut self, sku: &Text, change: Units, cause: &Cause) {
        if change == Units::default() {
            return;
        }
        let key = self.key(sku);
        let counted = self.counted(&key);
        let (partition, epoch, seq) = self.place();
        let empty = || Balance {
            shop: self.shop.clone(),
            sku: sku.clone(),
            available: 0,
            drop_reserved: 0,
            booked: 0,
            allocated: 0,
            sold: 0,
            shortage: 0,
            outside: 0,
            stock_in: 0,
            stock_out: 0,
            partition,
            epoch,
            seq,
        };
        let was = self.state.balances.get(&key).cloned().unwrap_or_else(empty);
        if self.state.before.iter().all(|(known, _)| *known != key) {
            self.state.before.push((key.clone(), was.clone()));
        }
        let now = Units::of(&was).plus(change);
        let outside = now.outside(counted);
        let movement = Movement {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            sku: sku.clone(),
            at_ms: self.at_ms(),
            cause: self.text(cause.word),
            reason: cause.reason.clone(),
            actor: self.actor(),
            customer: cause.customer.clone(),
            booking: cause.booking.clone(),
            order_id: cause.order.clone(),
            drop_id: cause.drop.clone(),
            available: change.available,
            drop_reserved: change.drop_reserved,
            booked: change.booked,
            allocated: change.allocated,
            sold: change.sold,
            shortage: change.shortage,
            outside: outside - was.outside,
            after_available: now.available,
            after_drop_reserved: now.drop_reserved,
            after_booked: now.booked,
            after_allocated: now.allocated,
            after_sold: now.sold,
            after_shortage: now.shortage,
            after_outside: outside,
        };
        self.out.movements.push(movement);
        let balance = Balance {
            available: now.available,
            drop_reserved: now.drop_reserved,
            booked: now.booked,
            allocated: now.allocated,
            sold: now.sold,
            shortage: now.shortage,
            outside,
            stock_in: now.stock_in,
            stock_out: now.stock_out,
            partition,
            epoch,
            seq,
            ..was
        };
        self.state.balances.put(key, balance);
    }

    /// Compares what the facts came to with what the decision says it left behind. What differs
    /// is posted as `unexplained`; a SKU that moved and is not spoken of moves back.
    pub(super) fn settle_counts(&mut self) {
        let mut told = Vec::new();
        for count in &self.decision.counts {
            match count {
                Count::Sku { sku, buckets: b } => {
                    let key = self.key(sku);
                    let now = Units {
                        available: i64::from(b.available),
                        drop_reserved: i64::from(b.drop_reserved),
                        booked: i64::from(b.booked),
                        allocated: i64::from(b.allocated),
                        sold: i64::from(b.sold),
                        shortage: i64::from(b.shortage),
                        stock_in: signed(b.stock_in),
                        stock_out: signed(b.stock_out),
                    };
                    let found = self
                        .state
                        .balances
                        .get(&key)
                        .map(Units::of)
                        .unwrap_or_default();
                    self.moved(&key.1, now.minus(found), &Cause::new("unexplained"));
                    told.push(key);
                }
                Count::Order { order, row } => self.order_left(*order, row),
                Count::Drop { drop, reserved, .. } => {
                    let (key, reserved) = (self.key(*drop), i64::from(*reserved));
                    if self
                        .state
                        .drops
                        .get(&key)
                        .is_some_and(|row| row.reserved != reserved)
                        && let Some(row) = self.state.drops.change(&key)
                    {
                        row.reserved = reserved;
                    }
                }
            }
        }
        let before: Vec<(Key, Balance)> = self
            .state
            .before
            .iter()
            .filter(|(key, _)| !told.contains(key))
            .map(|(key, was)| (key.clone(), was.clone()))
            .collect();
        for (key, was) in before {
            let found = self
                .state
                .balances
                .get(&key)
                .map(Units::of)
                .unwrap_or_default();
            let back = Units::of(&was).minus(found);
            self.moved(&key.1, back, &Cause::new("unexplained"));
        }
    }

    /// The buckets that the entry changed, as they were, for the audit trail; forgets them.
    pub(super) fn buckets_before(&mut self) -> Option<String> {
        let mut told: Vec<String> = Vec::new();
        for ((_, sku), b) in &self.state.before {
            told.push(format!(
                "{sku}: available {} set_aside {} booked {} allocated {} sold {} shortage {}",
                b.available, b.drop_reserved, b.booked, b.allocated, b.sold, b.shortage
            ));
        }
        told.sort();
        (!told.is_empty()).then(|| told.join("; "))
    }
}
