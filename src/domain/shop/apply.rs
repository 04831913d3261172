//! What each event does to the state. Never fails: an event was checked before it was emitted.
//! Bucket movements are those of D.4; units of untracked SKUs move only where they are counted.

mod bookings;
mod drops;
mod orders;

use std::sync::Arc;

use super::{Due, Kept, Shop};
use crate::domain::drop::{Drop, DropState};
use crate::domain::event::Event;
use crate::domain::id::{CustomerId, DropId, RequestId, SkuId};
use crate::domain::live::Live;
use crate::domain::sku::{Buckets, Kind, Sku, SkuSpec};
use crate::domain::time::Millis;

impl Shop {
    /// Makes an event true at `now`.
    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    pub(super) fn apply(&mut self, now: Millis, event: &Event) {
        match event {
            Event::Booked { .. } => self.apply_booked(now, event),
            Event::Released { .. } => self.apply_released(now, event),
            Event::Extended {
                booking, deadline, ..
            } => self.apply_extended(*booking, *deadline),
            Event::Repaid { sku, qty } => self.change(sku, |b, _| {
                b.available -= qty;
                b.shortage -= qty;
            }),
            Event::Reserved { drop, qty } => self.apply_reserved(*drop, *qty),
            Event::Unreserved { drop, qty } => self.apply_unreserved(*drop, *qty),
            Event::CapCut { drop, qty } => self.with_drop(*drop, |d| {
                d.cap = d.cap.map(|cap| cap - qty);
            }),
            Event::Joined { .. } => self.apply_joined(now, event),
            Event::Skipped { drop, place, .. } => self.with_drop(*drop, |d| {
                if let Some(entry) = d.waitlist.get_mut(place) {
                    entry.skipped = true;
                }
            }),
            Event::Unqueued {
                drop,
                place,
                customer,
                ..
            } => {
                self.unqueue(*drop, *place, customer);
            }
            Event::DropMade { .. } => self.apply_drop_made(now, event),
            Event::DropStarted { drop } => {
                let opens_at = self.drops.get(drop).map(|d| d.opens_at);
                self.with_drop(*drop, |d| d.state = DropState::Open);
                if let Some(at) = opens_at {
                    self.due.remove(&(at, Due::Opens(*drop)));
                }
            }
            Event::DropChanged {
                drop,
                cap,
                price,
                per_customer_limit,
                ends_at,
                pinned,
            } => {
                let running = self.drops.get(drop).filter(|d| !d.is_over());
                if let Some(was) = running.map(|d| d.ends_at) {
                    self.reschedule(was, *ends_at, Due::Ends(*drop));
                }
                self.with_drop(*drop, |d| {
                    d.cap = *cap;
                    d.price = *price;
                    d.per_customer_limit = *per_customer_limit;
                    d.ends_at = *ends_at;
                    d.pinned = *pinned;
                });
            }
            Event::DropPaused { drop, frozen } => self.apply_paused(now, *drop, *frozen),
            Event::DropResumed { drop } => self.apply_resumed(*drop),
            Event::DropEnded { drop, settles_at } => self.apply_ended(*drop, *settles_at),
            Event::DropSettled { drop } => {
                let settles_at = self.drops.get(drop).and_then(|d| d.settles_at);
                self.with_drop(*drop, |d| d.state = DropState::Settled);
                self.ending.remove(drop);
                self.reschedule(settles_at, None, Due::Settles(*drop));
            }
            Event::StockMoved {
                sku,
                came,
                went,
                short,
                ..
            } => self.change(sku, |b, _| {
                b.available = b.available + came - went;
                b.shortage += short;
                b.stock_in += u64::from(*came);
                b.stock_out += u64::from(*went) + u64::from(*short);
            }),
            Event::SkuPut { sku, spec } => self.apply_sku_put(sku, spec),
            Event::Rebased { sku, on_hand } => self.change(sku, |b, kind| {
                let tracked = kind == Kind::Tracked;
                b.available = if tracked { on_hand - b.committed() } else { 0 };
                b.shortage = 0;
                b.stock_in = u64::from(*on_hand) + u64::from(b.sold);
                b.stock_out = 0;
            }),
            Event::SkuActivated { sku, active } => {
                if let Some(s) = self.skus.get_mut(sku) {
                    Arc::make_mut(&mut s.spec).active = *active;
                    self.touched.sku(sku);
                }
            }
            Event::ReputationChanged {
                customer,
                after,
                cause,
                applied,
                ..
            } => {
                self.customers.get_or_default(customer).reputation = *after;
                self.apply_reputation_of_order(*cause, *applied);
            }
            Event::CustomerRestricted {
                customer,
                restricted,
            } => {
                self.customers.get_or_default(customer).restricted = *restricted;
            }
            Event::CustomerGrouped { customer, group } => {
                self.customers
                    .get_or_default(customer)
                    .group
                    .clone_from(group);
            }
            Event::CustomerSeen { customer, absent } => {
                self.customers.get_or_default(customer).absent = *absent;
            }
            Event::SettingsChanged(settings) => self.settings = Arc::clone(settings),
            Event::LivePut { live, spec } => {
                let ended = self.lives.get(live).is_some_and(|l| l.ended);
                self.lives.insert(
                    live.clone(),
                    Live {
                        spec: Arc::clone(spec),
                        ended,
                    },
                );
            }
            Event::LiveEnded { live } => {
                if let Some(l) = self.lives.get_mut(live) {
                    l.ended = true;
                }
            }
            Event::Forgotten { before } => self.apply_forgotten(*before),
            Event::CheckoutStarted { .. }
            | Event::CheckoutLeft { .. }
            | Event::OrderPlaced(_)
            | Event::OrderMoved { .. }
            | Event::OrderChecking { .. }
            | Event::PaymentStarted { .. }
            | Event::PaymentNoted { .. }
            | Event::Allocated { .. }
            | Event::Unallocated { .. }
            | Event::Sold { .. }
            | Event::Returned { .. }
            | Event::RefundOwed { .. }
            | Event::Refunded { .. } => self.apply_to_orders(now, event),
        }
    }

    fn apply_sku_put(&mut self, sku: &SkuId, spec: &Arc<SkuSpec>) {
        self.touched.sku(sku);
        let own = self.skus.get_or_insert_with(sku, || Sku {
            spec: Arc::clone(spec),
            buckets: Buckets::default(),
        });
        own.spec = Arc::clone(spec);
    }

    fn apply_forgotten(&mut self, before: Millis) {
        let old = self.answers.values().take_while(|kept| kept.at < before);
        self.answers.remove_first(old.count());
        while let Some((at, booking)) = self.ended_by_age.pop_front() {
            if at >= before {
                self.ended_by_age.push_front((at, booking));
                break;
            }
            self.bookings.remove(&booking);
        }
        self.forget_orders(before);
    }

    /// Keeps an answer for its request id.
    pub(super) fn remember(&mut self, caller: CustomerId, id: u128, kept: Kept) {
        self.answers.insert((caller, RequestId(id)), kept);
    }

    fn reschedule(&mut self, was: Option<Millis>, is: Option<Millis>, due: Due) {
        if let Some(at) = was {
            self.due.remove(&(at, due));
        }
        if let Some(at) = is {
            self.due.insert((at, due));
        }
    }

    fn with_drop(&mut self, drop: DropId, change: impl FnOnce(&mut Drop)) {
        if let Some(d) = self.drops.get_mut(&drop) {
            change(d);
            self.touched.drop(drop);
        }
    }

    fn change(&mut self, sku: &SkuId, change: impl FnOnce(&mut Buckets, Kind)) {
        if let Some(s) = self.skus.get_mut(sku) {
            let kind = s.own_kind();
            change(&mut s.buckets, kind);
            self.touched.sku(sku);
        }
    }

    /// Changes the buckets of a plain SKU, or of every component of a combination; the closure
    /// is told how many units one unit of the SKU takes.
    fn each_part(&mut self, sku: &SkuId, mut change: impl FnMut(&mut Buckets, Kind, u32)) {
        let Some(s) = self.skus.get_mut(sku) else {
            return;
        };
        if !s.spec.is_combination() {
            let kind = s.own_kind();
            change(&mut s.buckets, kind, 1);
            return self.touched.sku(sku);
        }
        let spec = Arc::clone(&s.spec);
        for part in &spec.components {
            self.change(&part.sku, |b, kind| change(b, kind, part.units));
        }
    }
}
