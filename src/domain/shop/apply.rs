//! What each event does to the state. Never fails: an event was checked before it was emitted.
//! Bucket movements are those of D.4; units of untracked SKUs move only where they are counted.

mod orders;

use std::sync::Arc;

use super::{Due, Kept, Shop};
use crate::domain::booking::{Booking, BookingEnd, BookingState, Origin};
use crate::domain::drop::{Drop, DropState, Mode};
use crate::domain::event::Event;
use crate::domain::id::{BookingId, CustomerId, DropId, RequestId, SkuId};
use crate::domain::live::Live;
use crate::domain::sku::{Buckets, Kind, Sku, SkuSpec};
use crate::domain::time::Millis;
use crate::domain::waitlist::{Place, WaitEntry};

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
                self.customers
                    .entry(customer.clone())
                    .or_default()
                    .reputation = *after;
                self.apply_reputation_of_order(*cause, *applied);
            }
            Event::CustomerRestricted {
                customer,
                restricted,
            } => {
                self.customers
                    .entry(customer.clone())
                    .or_default()
                    .restricted = *restricted;
            }
            Event::CustomerGrouped { customer, group } => {
                self.customers
                    .entry(customer.clone())
                    .or_default()
                    .group
                    .clone_from(group);
            }
            Event::CustomerSeen { customer, absent } => {
                self.customers.entry(customer.clone()).or_default().absent = *absent;
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

    fn apply_booked(&mut self, now: Millis, event: &Event) {
        let Event::Booked {
            booking,
            customer,
            drop,
            qty,
            price,
            deadline,
            terms,
            origin,
        } = event
        else {
            return;
        };
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.used += qty;
        d.held.insert(*booking);
        d.shares.entry(customer.clone()).or_default().units += qty;
        let (sku, carved) = (d.sku.clone(), d.mode == Mode::Carved && d.reserved >= *qty);
        if carved {
            d.reserved -= qty;
        }
        self.touched.drop(*drop);
        self.each_part(&sku, |b, kind, ratio| {
            let units = qty * ratio;
            if kind == Kind::Tracked {
                *(if carved {
                    &mut b.drop_reserved
                } else {
                    &mut b.available
                }) -= units;
            }
            b.booked += units;
        });
        self.bookings.insert(
            *booking,
            Booking {
                customer: customer.clone(),
                drop: *drop,
                qty: *qty,
                price: *price,
                booked_at: now,
                deadline: *deadline,
                terms: *terms,
                origin: *origin,
                extended: false,
                state: BookingState::Held,
            },
        );
        self.due.insert((*deadline, Due::Expires(*booking)));
        self.customers
            .entry(customer.clone())
            .or_default()
            .held
            .insert(*booking);
        if *origin != Origin::Tap {
            self.serve(*drop, customer, *qty);
        }
    }

    /// Shrinks a waiter's wish by what was promoted.
    fn serve(&mut self, drop: DropId, customer: &CustomerId, qty: u32) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        let Some(place) = d.shares.get(customer).and_then(|s| s.place) else {
            return;
        };
        let Some(entry) = d.waitlist.get_mut(&place) else {
            return;
        };
        entry.promoted += 1;
        if entry.qty > qty {
            entry.qty -= qty;
            d.waiting -= qty;
        } else {
            self.unqueue(drop, place, customer);
        }
    }

    fn apply_released(&mut self, now: Millis, event: &Event) {
        let Event::Released {
            booking,
            customer,
            drop,
            qty,
            end,
            oops,
            cooldown_until,
            ..
        } = event
        else {
            return;
        };
        let Some(b) = self.bookings.get_mut(booking) else {
            return;
        };
        b.qty -= qty;
        if b.qty == 0 {
            self.end_booking(now, *booking, *end);
        }
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.used -= qty;
        let share = d.shares.entry(customer.clone()).or_default();
        share.units -= qty;
        share.oops_used |= oops;
        if let Some(until) = cooldown_until {
            share.cooldown_until = *until;
        }
        let sku = d.sku.clone();
        self.touched.drop(*drop);
        self.each_part(&sku, |b, kind, ratio| {
            b.booked -= qty * ratio;
            if kind == Kind::Tracked {
                b.available += qty * ratio;
            }
        });
    }

    /// A booking leaves `held`, once and for good.
    fn end_booking(&mut self, now: Millis, id: BookingId, end: BookingEnd) {
        let Some(b) = self.bookings.get_mut(&id) else {
            return;
        };
        b.qty = 0;
        b.state = BookingState::Ended(end, now);
        self.due.remove(&(b.deadline, Due::Expires(id)));
        self.ended_by_age.push_back((now, id));
        if let Some(d) = self.drops.get_mut(&b.drop) {
            d.held.remove(&id);
        }
        if let Some(c) = self.customers.get_mut(&b.customer) {
            c.held.remove(&id);
        }
    }

    fn apply_extended(&mut self, booking: BookingId, deadline: Millis) {
        let Some(b) = self.bookings.get_mut(&booking) else {
            return;
        };
        let was = std::mem::replace(&mut b.deadline, deadline);
        let frozen = self
            .drops
            .get(&b.drop)
            .is_some_and(|d| d.frozen_since.is_some());
        self.due.remove(&(was, Due::Expires(booking)));
        if !frozen {
            self.due.insert((deadline, Due::Expires(booking)));
        }
    }

    fn apply_reserved(&mut self, drop: DropId, qty: u32) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        d.reserved += qty;
        let sku = d.sku.clone();
        self.touched.drop(drop);
        self.each_part(&sku, |b, kind, ratio| {
            if kind == Kind::Tracked {
                b.available -= qty * ratio;
                b.drop_reserved += qty * ratio;
            }
        });
    }

    fn apply_unreserved(&mut self, drop: DropId, qty: u32) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        d.reserved -= qty;
        let sku = d.sku.clone();
        self.touched.drop(drop);
        self.each_part(&sku, |b, kind, ratio| {
            if kind == Kind::Tracked {
                b.drop_reserved -= qty * ratio;
                b.available += qty * ratio;
            }
        });
    }

    fn apply_joined(&mut self, now: Millis, event: &Event) {
        let Event::Joined {
            drop,
            place,
            booking,
            customer,
            qty,
            accept_partial,
        } = event
        else {
            return;
        };
        let Some(d) = self.drops.get_mut(drop) else {
            return;
        };
        d.waitlist.insert(
            *place,
            WaitEntry {
                booking: *booking,
                promoted: 0,
                customer: customer.clone(),
                qty: *qty,
                accept_partial: *accept_partial,
                since: now,
                skipped: false,
            },
        );
        d.waiting += qty;
        d.shares.entry(customer.clone()).or_default().place = Some(*place);
        self.next_ticket = place.ticket + 1;
        self.waited.insert(*drop);
        self.touched.drop(*drop);
        self.customers
            .entry(customer.clone())
            .or_default()
            .waits
            .insert(*drop);
    }

    fn unqueue(&mut self, drop: DropId, place: Place, customer: &CustomerId) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        if let Some(entry) = d.waitlist.remove(&place) {
            d.waiting -= entry.qty;
        }
        if let Some(share) = d.shares.get_mut(customer) {
            share.place = None;
        }
        if d.waitlist.is_empty() {
            self.waited.remove(&drop);
        }
        self.touched.drop(drop);
        if let Some(c) = self.customers.get_mut(customer) {
            c.waits.remove(&drop);
            c.absent &= !c.waits.is_empty();
        }
    }

    fn apply_drop_made(&mut self, now: Millis, event: &Event) {
        let Event::DropMade {
            drop,
            live,
            sku,
            price,
            mode,
            cap,
            opens_at,
            ends_at,
            per_customer_limit,
            booking_timeout_ms,
            pinned,
        } = event
        else {
            return;
        };
        let open = *opens_at <= now;
        if !open {
            self.due.insert((*opens_at, Due::Opens(*drop)));
        }
        self.reschedule(None, *ends_at, Due::Ends(*drop));
        self.touched.drop(*drop);
        self.drops.insert(
            *drop,
            Drop {
                live: live.clone(),
                sku: sku.clone(),
                price: *price,
                mode: *mode,
                cap: *cap,
                used: 0,
                reserved: 0,
                state: if open {
                    DropState::Open
                } else {
                    DropState::Scheduled
                },
                opens_at: *opens_at,
                ends_at: *ends_at,
                settles_at: None,
                frozen_since: None,
                per_customer_limit: *per_customer_limit,
                booking_timeout_ms: *booking_timeout_ms,
                pinned: *pinned,
                held: std::collections::BTreeSet::new(),
                waitlist: std::collections::BTreeMap::new(),
                waiting: 0,
                shares: crate::domain::map::Map::default(),
            },
        );
    }

    fn apply_paused(&mut self, now: Millis, drop: DropId, frozen: bool) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        d.state = DropState::Paused;
        self.touched.drop(drop);
        if frozen {
            d.frozen_since = Some(now);
            for id in &d.held {
                if let Some(b) = self.bookings.get(id) {
                    self.due.remove(&(b.deadline, Due::Expires(*id)));
                }
            }
        }
    }

    fn apply_resumed(&mut self, drop: DropId) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        d.state = DropState::Open;
        self.touched.drop(drop);
        if d.frozen_since.take().is_some() {
            for id in &d.held {
                if let Some(b) = self.bookings.get(id) {
                    self.due.insert((b.deadline, Due::Expires(*id)));
                }
            }
        }
    }

    fn apply_ended(&mut self, drop: DropId, settles_at: Millis) {
        let Some(d) = self.drops.get_mut(&drop) else {
            return;
        };
        d.state = DropState::Ended;
        d.settles_at = Some(settles_at);
        let (opens_at, ends_at) = (d.opens_at, d.ends_at);
        self.due.remove(&(opens_at, Due::Opens(drop)));
        self.reschedule(ends_at, None, Due::Ends(drop));
        self.reschedule(None, Some(settles_at), Due::Settles(drop));
        self.ending.insert(drop);
        self.touched.drop(drop);
    }

    fn apply_sku_put(&mut self, sku: &SkuId, spec: &Arc<SkuSpec>) {
        self.touched.sku(sku);
        self.skus
            .entry(sku.clone())
            .and_modify(|s| s.spec = Arc::clone(spec))
            .or_insert_with(|| Sku {
                spec: Arc::clone(spec),
                buckets: Buckets::default(),
            });
    }

    fn apply_forgotten(&mut self, before: Millis) {
        let old = self.answers.values().take_while(|kept| kept.at < before);
        let old = old.count();
        self.answers.drain(..old);
        while let Some((at, booking)) = self.ended_by_age.pop_front() {
            if at >= before {
                self.ended_by_age.push_front((at, booking));
                break;
            }
            self.bookings.swap_remove(&booking);
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
            change(&mut s.buckets, s.spec.kind());
            self.touched.sku(sku);
        }
    }

    /// Changes the buckets of a plain SKU, or of every component of a combination; the closure
    /// is told how many units one unit of the SKU takes.
    fn each_part(&mut self, sku: &SkuId, mut change: impl FnMut(&mut Buckets, Kind, u32)) {
        let Some(s) = self.skus.get(sku) else { return };
        if !s.spec.is_combination() {
            return self.change(sku, |b, kind| change(b, kind, 1));
        }
        let spec = Arc::clone(&s.spec);
        for part in &spec.components {
            self.change(&part.sku, |b, kind| change(b, kind, part.units));
        }
    }
}
