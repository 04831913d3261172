//! What the life of a drop does to the state.

use super::super::{Due, Shop};
use crate::domain::drop::{Drop, DropState};
use crate::domain::event::Event;
use crate::domain::id::DropId;
use crate::domain::sku::Kind;
use crate::domain::time::Millis;

impl Shop {
    pub(super) fn apply_reserved(&mut self, drop: DropId, qty: u32) {
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

    pub(super) fn apply_unreserved(&mut self, drop: DropId, qty: u32) {
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

    pub(super) fn apply_drop_made(&mut self, now: Millis, event: &Event) {
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
                held: crate::domain::rising::Rising::default(),
                waitlist: std::collections::BTreeMap::new(),
                waiting: 0,
                shares: crate::domain::many::Many::default(),
            },
        );
    }

    pub(super) fn apply_paused(&mut self, now: Millis, drop: DropId, frozen: bool) {
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

    pub(super) fn apply_resumed(&mut self, drop: DropId) {
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

    pub(super) fn apply_ended(&mut self, drop: DropId, settles_at: Millis) {
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
}
