//! What an entry of the journal changes in a shop's rows. Counters are copied from the entry,
//! not computed: it says what it left behind.

use std::sync::Arc;

use super::rows::{DropCell, DropRow, LiveRow, ShopRows, SkuCell};
use crate::domain::{
    Buckets, Count, CustomerId, Decision, DropId, DropState, Event, LiveId, Millis, Origin, SkuId,
};
use crate::journal::Position;

/// What an entry changed that others want to hear of.
#[derive(Debug, Default, PartialEq)]
pub struct Change {
    /// Lives whose rows changed in any way.
    pub lives: Vec<LiveId>,
    /// Drops whose row changed, and how.
    pub drops: Vec<(DropId, DropNews)>,
    /// Drops whose waitlist changed.
    pub queues: Vec<DropId>,
}

/// How a drop's row changed; the wire's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropNews {
    /// Bookings are taken.
    Opened,
    /// It will open.
    Scheduled,
    /// No bookings for now.
    Paused,
    /// Bookings are taken again.
    Resumed,
    /// Its terms changed.
    Changed,
    /// No more bookings.
    Closed,
}

impl ShopRows {
    pub(super) fn apply(&mut self, position: Position, decision: &Decision) -> Change {
        self.position = position;
        let mut change = Change::default();
        for event in &decision.events {
            self.take(position, decision.at, event, &mut change);
        }
        for count in &decision.counts {
            self.count(position, count, &mut change);
        }
        change
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn take(&mut self, position: Position, at: Millis, event: &Event, change: &mut Change) {
        match event {
            Event::SettingsChanged(settings) => {
                self.settings = Arc::clone(settings);
                for cell in self.drops.values_mut() {
                    cell.row.booking_timeout_ms =
                        cell.own_timeout_ms.unwrap_or(settings.booking_timeout_ms);
                }
            }
            Event::SkuPut { sku, spec } => {
                let cell = self.skus.get_or_insert_with(sku, || SkuCell {
                    spec: Arc::clone(spec),
                    buckets: Buckets::default(),
                });
                let was = std::mem::replace(&mut cell.spec, Arc::clone(spec));
                if was.components != spec.components {
                    self.draw_anew();
                }
                self.respec(position, sku, change);
            }
            Event::SkuActivated { sku, active } => {
                if let Some(cell) = self.skus.get_mut(sku) {
                    Arc::make_mut(&mut cell.spec).active = *active;
                }
            }
            Event::LivePut { live, spec } => {
                let ended = self.lives.get(live).is_some_and(|row| row.ended);
                self.lives.insert(
                    live.clone(),
                    LiveRow {
                        spec: Arc::clone(spec),
                        ended,
                    },
                );
                change.live(live);
            }
            Event::LiveEnded { live } => {
                if let Some(row) = self.lives.get_mut(live) {
                    row.ended = true;
                }
                change.live(live);
            }
            Event::DropMade { .. } => self.make_drop(position, at, event, change),
            Event::DropStarted { drop } => {
                self.state(position, *drop, DropState::Open, DropNews::Opened, change);
            }
            Event::DropPaused { drop, .. } => {
                self.state(position, *drop, DropState::Paused, DropNews::Paused, change);
            }
            Event::DropResumed { drop } => {
                self.state(position, *drop, DropState::Open, DropNews::Resumed, change);
            }
            Event::DropEnded { drop, .. } => {
                self.state(position, *drop, DropState::Ended, DropNews::Closed, change);
            }
            Event::DropSettled { drop } => {
                if let Some(cell) = self.drops.get_mut(drop) {
                    cell.row.state = DropState::Settled;
                }
                for drops in self.drawn.values_mut() {
                    drops.remove(drop);
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
                self.tell(position, *drop, DropNews::Changed, change, |row| {
                    row.cap = *cap;
                    row.price = *price;
                    row.per_customer_limit = *per_customer_limit;
                    row.ends_at = *ends_at;
                    row.pinned = *pinned;
                });
            }
            Event::CapCut { drop, qty } => {
                self.tell(position, *drop, DropNews::Changed, change, |row| {
                    row.cap = row.cap.map(|cap| cap.saturating_sub(*qty));
                });
            }
            Event::ReputationChanged {
                customer, after, ..
            } => {
                self.reputations.insert(customer.clone(), *after);
            }
            Event::Joined {
                drop,
                place,
                customer,
                qty,
                ..
            } => {
                self.queue(*drop, change, |cell| {
                    cell.waiters.insert(*place, (customer.clone(), *qty));
                });
            }
            Event::Unqueued { drop, place, .. } => self.queue(*drop, change, |cell| {
                cell.waiters.remove(place);
            }),
            Event::Booked {
                drop,
                customer,
                qty,
                origin,
                ..
            } if *origin != Origin::Tap => {
                self.queue(*drop, change, |cell| serve(cell, customer, *qty));
            }
            _ => {}
        }
    }

    fn make_drop(&mut self, position: Position, at: Millis, event: &Event, change: &mut Change) {
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
        let Some(spec) = self.skus.get(sku).map(|cell| Arc::clone(&cell.spec)) else {
            return;
        };
        let open = *opens_at <= at;
        let row = DropRow {
            drop: *drop,
            live: live.clone(),
            sku: sku.clone(),
            spec,
            price: *price,
            mode: *mode,
            cap: *cap,
            state: if open {
                DropState::Open
            } else {
                DropState::Scheduled
            },
            opens_at: *opens_at,
            ends_at: *ends_at,
            per_customer_limit: *per_customer_limit,
            booking_timeout_ms: booking_timeout_ms.unwrap_or(self.settings.booking_timeout_ms),
            pinned: *pinned,
        };
        self.drops.insert(
            *drop,
            DropCell {
                row,
                own_timeout_ms: *booking_timeout_ms,
                used: 0,
                reserved: 0,
                waiting: 0,
                waiters: std::collections::BTreeMap::new(),
                told_at: position,
                counted_at: position,
            },
        );
        self.draw(*drop);
        change.live(live);
        change.drops.push((
            *drop,
            if open {
                DropNews::Opened
            } else {
                DropNews::Scheduled
            },
        ));
    }

    fn state(
        &mut self,
        position: Position,
        drop: DropId,
        state: DropState,
        news: DropNews,
        change: &mut Change,
    ) {
        self.tell(position, drop, news, change, |row| row.state = state);
    }

    fn tell(
        &mut self,
        position: Position,
        drop: DropId,
        news: DropNews,
        change: &mut Change,
        set: impl FnOnce(&mut DropRow),
    ) {
        let Some(cell) = self.drops.get_mut(&drop) else {
            return;
        };
        set(&mut cell.row);
        cell.told_at = position;
        change.live(&cell.row.live);
        change.drops.push((drop, news));
    }

    fn queue(&mut self, drop: DropId, change: &mut Change, set: impl FnOnce(&mut DropCell)) {
        let Some(cell) = self.drops.get_mut(&drop) else {
            return;
        };
        set(cell);
        change.live(&cell.row.live);
        if !change.queues.contains(&drop) {
            change.queues.push(drop);
        }
    }

    /// A SKU's words changed: so do those of its drops.
    fn respec(&mut self, position: Position, sku: &SkuId, change: &mut Change) {
        let Some(spec) = self.skus.get(sku).map(|cell| Arc::clone(&cell.spec)) else {
            return;
        };
        for (id, cell) in self
            .drops
            .iter_mut()
            .filter(|(_, cell)| cell.row.sku == *sku)
        {
            cell.row.spec = Arc::clone(&spec);
            cell.told_at = position;
            change.live(&cell.row.live);
            change.drops.push((*id, DropNews::Changed));
        }
    }

    fn count(&mut self, position: Position, count: &Count, change: &mut Change) {
        match count {
            Count::Sku { sku, buckets } => {
                if let Some(cell) = self.skus.get_mut(sku) {
                    cell.buckets = *buckets;
                }
                for drop in self.drawn.get(sku).into_iter().flatten() {
                    if let Some(cell) = self.drops.get_mut(drop) {
                        cell.counted(position, change);
                    }
                }
            }
            Count::Drop {
                drop,
                cap,
                used,
                reserved,
                waiting,
            } => {
                if let Some(cell) = self.drops.get_mut(drop) {
                    cell.row.cap = *cap;
                    cell.used = *used;
                    cell.reserved = *reserved;
                    cell.waiting = *waiting;
                    cell.counted(position, change);
                }
            }
            // An order concerns its customer and the shop, not everybody.
            Count::Order { .. } => {}
        }
    }
}

impl DropCell {
    fn counted(&mut self, position: Position, change: &mut Change) {
        self.counted_at = position;
        change.live(&self.row.live);
    }
}

/// A waiter was promoted: the wish shrinks, or is fulfilled.
fn serve(cell: &mut DropCell, customer: &CustomerId, qty: u32) {
    let place = cell
        .waiters
        .iter()
        .find(|(_, (who, _))| who == customer)
        .map(|(place, _)| *place);
    let Some(place) = place else { return };
    match cell.waiters.get_mut(&place) {
        Some((_, wanted)) if *wanted > qty => *wanted -= qty,
        _ => {
            cell.waiters.remove(&place);
        }
    }
}

impl Change {
    fn live(&mut self, live: &LiveId) {
        if !self.lives.contains(live) {
            self.lives.push(live.clone());
        }
    }
}

impl DropNews {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Scheduled => "scheduled",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }
}
