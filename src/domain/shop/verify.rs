//! The invariants of D.8 that one shop's state can show by itself. Used by `lapak audit`, by
//! the random programs after every step, and by load tests at rest.

mod orders;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::read::parts;
use super::{Due, Shop};
use crate::domain::booking::BookingState;
use crate::domain::customer::REPUTATION_FULL;
use crate::domain::drop::{Drop, DropState, Mode};
use crate::domain::id::{CustomerId, DropId, SkuId};
use crate::domain::sku::Kind;
use crate::domain::time::Millis;

/// An invariant that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its name in D.8.
    pub invariant: &'static str,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.found)
    }
}

/// What bookings and drops say the buckets must be.
#[derive(Default)]
struct Derived {
    booked: HashMap<SkuId, u64>,
    allocated: HashMap<SkuId, u64>,
    reserved: HashMap<SkuId, u64>,
    held_of_drop: HashMap<DropId, u64>,
    held_of_share: HashMap<(DropId, CustomerId), u64>,
}

impl Shop {
    /// All invariants that do not hold; empty in every state that decisions can reach.
    pub fn violations(&self) -> Vec<Violation> {
        let derived = self.derive();
        let mut found = Vec::new();
        self.check_skus(&derived, &mut found);
        self.check_drops(&derived, &mut found);
        self.check_people(&mut found);
        self.check_due(&mut found);
        self.check_orders(&mut found);
        found
    }

    fn derive(&self) -> Derived {
        let mut derived = Derived::default();
        for b in self
            .bookings
            .values()
            .filter(|b| b.state == BookingState::Held)
        {
            let Some(drop) = self.drops.get(&b.drop) else {
                continue;
            };
            *derived.held_of_drop.entry(b.drop).or_default() += u64::from(b.qty);
            let share = (b.drop, b.customer.clone());
            *derived.held_of_share.entry(share).or_default() += u64::from(b.qty);
            self.add_parts(&mut derived.booked, &drop.sku, b.qty);
        }
        for order in self.orders.values() {
            for line in &order.lines {
                for (part, ratio) in line.parts() {
                    let units = u64::from(line.allocated) * u64::from(ratio);
                    *derived.allocated.entry(part.clone()).or_default() += units;
                }
                if let Some(drop) = line.counts_in() {
                    let units = u64::from(line.allocated) + u64::from(line.sold);
                    *derived.held_of_drop.entry(drop).or_default() += units;
                    let share = (drop, order.customer.clone());
                    *derived.held_of_share.entry(share).or_default() += units;
                }
            }
        }
        for drop in self.drops.values() {
            self.add_parts(&mut derived.reserved, &drop.sku, drop.reserved);
        }
        derived
    }

    fn add_parts(&self, sums: &mut HashMap<SkuId, u64>, sku: &SkuId, qty: u32) {
        let Some(s) = self.skus.get(sku) else { return };
        for (part, ratio) in parts(sku, &s.spec) {
            *sums.entry(part.clone()).or_default() += u64::from(qty) * u64::from(ratio);
        }
    }

    fn check_skus(&self, derived: &Derived, found: &mut Vec<Violation>) {
        let mut fail = |invariant, sku: &SkuId, what: String| {
            found.push(Violation {
                invariant,
                found: format!("sku {sku}: {what}"),
            });
        };
        for (id, sku) in self.skus.iter() {
            let b = &sku.buckets;
            let tracked = sku.spec.kind() == Kind::Tracked && !sku.spec.is_combination();
            let sum = u64::from(b.available) + u64::from(b.committed()) + u64::from(b.sold);
            if tracked && sum + b.stock_out != b.stock_in + u64::from(b.shortage) {
                fail("I-1", id, format!("units in and out do not balance: {b:?}"));
            }
            if b.shortage > 0 && (b.available > 0 || b.drop_reserved > 0) {
                fail("I-2", id, format!("short and yet available: {b:?}"));
            }
            let booked = derived.booked.get(id).copied().unwrap_or(0);
            if u64::from(b.booked) != booked {
                fail(
                    "I-4",
                    id,
                    format!("booked {} but bookings hold {booked}", b.booked),
                );
            }
            let allocated = derived.allocated.get(id).copied().unwrap_or(0);
            if u64::from(b.allocated) != allocated {
                fail(
                    "I-4",
                    id,
                    format!("allocated {} but orders have {allocated}", b.allocated),
                );
            }
            let reserved = derived.reserved.get(id).copied().unwrap_or(0);
            if u64::from(b.drop_reserved) != reserved && (tracked || b.drop_reserved > 0) {
                fail(
                    "I-4",
                    id,
                    format!("set aside {} but drops have {reserved}", b.drop_reserved),
                );
            }
        }
    }

    fn check_drops(&self, derived: &Derived, found: &mut Vec<Violation>) {
        let mut fail = |invariant, drop: DropId, what: String| {
            found.push(Violation {
                invariant,
                found: format!("drop {drop}: {what}"),
            });
        };
        for (id, drop) in &self.drops {
            if drop.cap.is_some_and(|cap| drop.used > cap) {
                fail("I-3", *id, format!("{} taken of {:?}", drop.used, drop.cap));
            }
            let held = derived.held_of_drop.get(id).copied().unwrap_or(0);
            if u64::from(drop.used) < held {
                fail(
                    "I-4",
                    *id,
                    format!("{} taken but bookings hold {held}", drop.used),
                );
            }
            if drop.mode == Mode::Carved
                && self.is_tracked(&drop.sku)
                && drop.state != DropState::Settled
                && drop.cap != Some(drop.used + drop.reserved)
            {
                fail(
                    "I-4",
                    *id,
                    format!(
                        "carved {:?} is not {} taken and {} set aside",
                        drop.cap, drop.used, drop.reserved
                    ),
                );
            }
            let shares: u64 = drop.shares.values().map(|s| u64::from(s.units)).sum();
            if shares != u64::from(drop.used) {
                fail(
                    "I-9",
                    *id,
                    format!("customers have {shares} of {} taken", drop.used),
                );
            }
            for problem in self.waitlist_faults(*id, drop) {
                fail("I-10", *id, problem);
            }
        }
        for ((drop, customer), held) in &derived.held_of_share {
            let units = self.drops.get(drop).and_then(|d| d.shares.get(customer));
            if units.is_none_or(|s| u64::from(s.units) < *held) {
                fail(
                    "I-9",
                    *drop,
                    format!("{customer} holds {held} that are not counted"),
                );
            }
        }
    }

    fn waitlist_faults(&self, id: DropId, drop: &Drop) -> Vec<String> {
        let mut faults = Vec::new();
        let waiting: u64 = drop.waitlist.values().map(|e| u64::from(e.qty)).sum();
        if waiting != u64::from(drop.waiting) {
            faults.push(format!(
                "{waiting} units waited for, {} counted",
                drop.waiting
            ));
        }
        if self.waited.contains(&id) == drop.waitlist.is_empty() {
            faults.push("the index of waited drops is wrong".into());
        }
        if drop.state == DropState::Settled && !drop.waitlist.is_empty() {
            faults.push("settled, and somebody waits".into());
        }
        for (place, entry) in &drop.waitlist {
            if drop.shares.get(&entry.customer).and_then(|s| s.place) != Some(*place) {
                faults.push(format!(
                    "{} waits at a place it does not know",
                    entry.customer
                ));
            }
        }
        faults
    }

    fn check_people(&self, found: &mut Vec<Violation>) {
        let mut held: BTreeMap<&CustomerId, usize> = BTreeMap::new();
        for b in self
            .bookings
            .values()
            .filter(|b| b.state == BookingState::Held)
        {
            *held.entry(&b.customer).or_default() += 1;
        }
        for (id, customer) in self.customers.iter() {
            let holds = held.get(id).copied().unwrap_or(0);
            if customer.held.len() != holds {
                let what = format!("{id} has {holds} bookings, {} known", customer.held.len());
                found.push(Violation {
                    invariant: "I-4",
                    found: what,
                });
            }
            if customer.reputation > REPUTATION_FULL {
                let what = format!("{id} has reputation {}", customer.reputation);
                found.push(Violation {
                    invariant: "I-8",
                    found: what,
                });
            }
        }
    }

    fn check_due(&self, found: &mut Vec<Violation>) {
        let mut due_of: HashMap<DropId, Vec<(Millis, Due)>> = HashMap::new();
        for (at, due) in &self.due {
            if let Due::Opens(id) | Due::Ends(id) | Due::Settles(id) = due {
                due_of.entry(*id).or_default().push((*at, *due));
            }
        }
        for (id, b) in self.bookings.iter() {
            let frozen = self
                .drops
                .get(&b.drop)
                .is_some_and(|d| d.frozen_since.is_some());
            let wanted = b.state == BookingState::Held && !frozen;
            if self.due.contains(&(b.deadline, Due::Expires(*id))) != wanted {
                let what = format!("booking {id} is due wrongly");
                found.push(Violation {
                    invariant: "I-20",
                    found: what,
                });
            }
        }
        for (id, d) in &self.drops {
            let opens = (d.state == DropState::Scheduled).then_some(d.opens_at);
            let ends = d.ends_at.filter(|_| !d.is_over());
            let settles = d.settles_at.filter(|_| d.state == DropState::Ended);
            let mut wanted = [
                opens.map(|at| (at, Due::Opens(*id))),
                ends.map(|at| (at, Due::Ends(*id))),
                settles.map(|at| (at, Due::Settles(*id))),
            ];
            wanted.sort_unstable();
            let mut is = due_of.remove(id).unwrap_or_default();
            is.sort_unstable();
            if !wanted.into_iter().flatten().eq(is) {
                let what = format!("drop {id} is due wrongly");
                found.push(Violation {
                    invariant: "I-20",
                    found: what,
                });
            }
        }
    }
}
