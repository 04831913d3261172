//! Where units went (D.4).

use super::Posting;
use super::units::{Cause, Units};
use crate::domain::event::Event;
use crate::domain::sku::{Kind, SkuSpec};
use crate::domain::{DropId, OrderId, SkuId};
use crate::ledger::cell::Text;
use crate::ledger::cursor::signed;
use crate::ledger::tables::{DropRow, SkuRow};
use crate::ledger::text;

impl Posting<'_> {
    /// What an event does to stock.
    pub(super) fn stock(&mut self, event: &Event) {
        match event {
            Event::SkuPut { sku, spec } => self.put_sku(sku, spec),
            Event::SkuActivated { sku, active } => {
                let key = self.key(sku);
                if let Some(row) = self.state.skus.change(&key) {
                    row.active = i64::from(*active);
                }
            }
            Event::DropMade { .. }
            | Event::DropStarted { .. }
            | Event::DropChanged { .. }
            | Event::DropPaused { .. }
            | Event::DropResumed { .. }
            | Event::DropEnded { .. }
            | Event::DropSettled { .. }
            | Event::CapCut { .. } => self.drop_changed(event),
            Event::StockMoved {
                sku,
                came,
                went,
                short,
                reason,
            } => {
                let (came, went, short) = (i64::from(*came), i64::from(*went), i64::from(*short));
                let change = Units {
                    available: came - went,
                    shortage: short,
                    stock_in: came,
                    stock_out: went + short,
                    ..Units::default()
                };
                let word = if went + short > 0 {
                    "stock_out"
                } else {
                    "stock_in"
                };
                let cause = Cause {
                    reason: Some(reason.clone()),
                    ..Cause::new(word)
                };
                self.moved(&sku.shared(), change, &cause);
            }
            Event::Rebased { sku, on_hand } => self.rebased(sku, i64::from(*on_hand)),
            Event::Repaid { sku, qty } => {
                let qty = i64::from(*qty);
                let change = Units {
                    available: -qty,
                    shortage: -qty,
                    ..Units::default()
                };
                self.moved(&sku.shared(), change, &Cause::new("repaid"));
            }
            Event::Reserved { drop, qty } => self.reserved(*drop, i64::from(*qty), "reserved"),
            Event::Unreserved { drop, qty } => {
                self.reserved(*drop, -i64::from(*qty), "unreserved");
            }
            Event::Booked { .. } | Event::Released { .. } => self.booking_moved(event),
            Event::OrderPlaced(_)
            | Event::Allocated { .. }
            | Event::Unallocated { .. }
            | Event::Sold { .. }
            | Event::Returned { .. } => self.order_moved_stock(event),
            _ => {}
        }
    }

    fn put_sku(&mut self, sku: &SkuId, spec: &SkuSpec) {
        let row = SkuRow {
            shop: self.shop.clone(),
            sku: sku.shared(),
            title: spec.title.clone(),
            price: signed(spec.price),
            active: i64::from(spec.active),
            preorder: i64::from(spec.preorder),
            physical: i64::from(spec.physical),
            tracked: i64::from(spec.kind() == Kind::Tracked),
            components: text::components(&spec.components).into(),
        };
        let key = self.key(sku);
        self.state.skus.put(key, row);
    }

    fn drop_changed(&mut self, event: &Event) {
        let at = self.at_ms();
        let mut with =
            |drop: &DropId, state: Option<&'static str>, change: &dyn Fn(&mut DropRow)| {
                let (key, state) = (self.key(*drop), state.map(|word| self.text(word)));
                if let Some(row) = self.state.drops.change(&key) {
                    if let Some(state) = state {
                        row.state = state;
                    }
                    change(row);
                }
            };
        match event {
            Event::DropMade {
                drop,
                live,
                sku,
                price,
                mode,
                cap,
                opens_at,
                ..
            } => {
                let open = *opens_at <= self.decision.at;
                let key = self.key(*drop);
                let row = DropRow {
                    shop: self.shop.clone(),
                    drop_id: key.1.clone(),
                    live: live.shared(),
                    sku: sku.shared(),
                    mode: self.text(text::mode(*mode)),
                    price: signed(*price),
                    cap: cap.map(i64::from),
                    reserved: 0,
                    state: self.text(if open { "open" } else { "scheduled" }),
                    made_ms: at,
                    ended_ms: None,
                };
                self.state.drops.put(key, row);
            }
            Event::DropStarted { drop } | Event::DropResumed { drop } => {
                with(drop, Some("open"), &|_| {});
            }
            Event::DropPaused { drop, .. } => {
                with(drop, Some("paused"), &|_| {});
            }
            Event::DropEnded { drop, .. } => {
                with(drop, Some("ended"), &|row| row.ended_ms = Some(at));
            }
            Event::DropSettled { drop } => with(drop, Some("settled"), &|_| {}),
            Event::DropChanged {
                drop, cap, price, ..
            } => with(drop, None, &|row| {
                row.cap = cap.map(i64::from);
                row.price = signed(*price);
            }),
            Event::CapCut { drop, qty } => with(drop, None, &|row| {
                row.cap = row.cap.map(|cap| cap - i64::from(*qty));
            }),
            _ => {}
        }
    }

    /// What is there was counted anew, because the way of counting changed.
    fn rebased(&mut self, sku: &SkuId, on_hand: i64) {
        let key = self.key(sku);
        let counted = self.counted(&key);
        let was = self
            .state
            .balances
            .get(&key)
            .map(Units::of)
            .unwrap_or_default();
        let committed = was.drop_reserved + was.booked + was.allocated;
        let now = Units {
            available: if counted { on_hand - committed } else { 0 },
            shortage: 0,
            stock_in: on_hand + was.sold,
            stock_out: 0,
            ..was
        };
        self.moved(&key.1, now.minus(was), &Cause::new("recounted"));
    }

    fn reserved(&mut self, drop: DropId, qty: i64, word: &'static str) {
        let key = self.key(drop);
        let Some(row) = self.state.drops.change(&key) else {
            return;
        };
        row.reserved += qty;
        let sku = row.sku.clone();
        let cause = Cause {
            drop: Some(key.1),
            ..Cause::new(word)
        };
        self.each_part_of(&sku, qty, &cause, |units, counted| Units {
            available: if counted { -units } else { 0 },
            drop_reserved: if counted { units } else { 0 },
            ..Units::default()
        });
    }

    fn booking_moved(&mut self, event: &Event) {
        match event {
            Event::Booked {
                booking,
                customer,
                drop,
                qty,
                ..
            } => {
                let qty = i64::from(*qty);
                let key = self.key(*drop);
                let Some(row) = self.state.drops.change(&key) else {
                    return;
                };
                let carved = &*row.mode == "carved" && row.reserved >= qty;
                if carved {
                    row.reserved -= qty;
                }
                let sku = row.sku.clone();
                let cause = Cause {
                    customer: Some(customer.shared()),
                    booking: Some(self.text(*booking)),
                    drop: Some(key.1),
                    ..Cause::new("booked")
                };
                self.each_part_of(&sku, qty, &cause, |units, counted| Units {
                    available: if counted && !carved { -units } else { 0 },
                    drop_reserved: if counted && carved { -units } else { 0 },
                    booked: units,
                    ..Units::default()
                });
            }
            Event::Released {
                booking,
                customer,
                drop,
                qty,
                end,
                reason,
                ..
            } => {
                let key = self.key(*drop);
                let Some(sku) = self.state.drops.get(&key).map(|row| row.sku.clone()) else {
                    return;
                };
                let cause = Cause {
                    reason: Some(reason.clone()),
                    customer: Some(customer.shared()),
                    booking: Some(self.text(*booking)),
                    drop: Some(key.1),
                    ..Cause::new(text::end(*end))
                };
                self.each_part_of(&sku, i64::from(*qty), &cause, |units, counted| Units {
                    booked: -units,
                    available: if counted { units } else { 0 },
                    ..Units::default()
                });
            }
            _ => {}
        }
    }

    fn order_moved_stock(&mut self, event: &Event) {
        match event {
            Event::OrderPlaced(placed) => {
                for line in &placed.lines {
                    let cause = Cause {
                        customer: Some(placed.customer.shared()),
                        booking: line.booking.map(|id| self.text(id)),
                        order: Some(self.text(placed.order)),
                        drop: line.drop.map(|id| self.text(id)),
                        ..Cause::new("ordered")
                    };
                    let parts = text::components(&line.components);
                    let booked = line.booking.is_some();
                    for (sku, ratio) in text::parts(&line.sku.shared(), &parts) {
                        self.placed(&sku, i64::from(line.qty) * ratio, booked, &cause);
                    }
                }
            }
            Event::Allocated {
                order, line, qty, ..
            } => self.line_moved(*order, *line, *qty, "revived", None, |units, counted, _| {
                Units {
                    available: if counted { -units } else { 0 },
                    allocated: units,
                    ..Units::default()
                }
            }),
            Event::Unallocated {
                order,
                line,
                qty,
                cancelled,
                ..
            } => {
                let word = if *cancelled {
                    "order_cancelled"
                } else {
                    "order_released"
                };
                self.line_moved(*order, *line, *qty, word, None, |units, counted, _| Units {
                    allocated: -units,
                    available: if counted { units } else { 0 },
                    ..Units::default()
                });
            }
            Event::Sold {
                order, line, qty, ..
            } => self.line_moved(*order, *line, *qty, "sold", None, |units, _, _| Units {
                allocated: -units,
                sold: units,
                ..Units::default()
            }),
            Event::Returned {
                order,
                line,
                qty,
                restocked,
                reason,
                ..
            } => {
                let word = if *restocked {
                    "returned"
                } else {
                    "written_off"
                };
                let back = *restocked;
                self.line_moved(
                    *order,
                    *line,
                    *qty,
                    word,
                    Some(reason),
                    move |units, counted, sold| Units {
                        sold: if sold { -units } else { 0 },
                        allocated: if sold { 0 } else { -units },
                        available: if counted && back { units } else { 0 },
                        stock_out: if counted && !back { units } else { 0 },
                        ..Units::default()
                    },
                );
            }
            _ => {}
        }
    }

    fn placed(&mut self, sku: &Text, units: i64, booked: bool, cause: &Cause) {
        let key = self.key(sku);
        let there = self.state.balances.get(&key).map_or(0, |b| b.available);
        let there = if self.counted(&key) {
            there.min(units)
        } else {
            units
        };
        let change = if booked {
            Units {
                booked: -units,
                allocated: units,
                ..Units::default()
            }
        } else {
            Units {
                available: if self.counted(&key) { -there } else { 0 },
                shortage: units - there,
                allocated: units,
                ..Units::default()
            }
        };
        self.moved(sku, change, cause);
    }

    /// Units of an order's line moved; the closure is told whether the line's units were sold.
    fn line_moved(
        &mut self,
        order: OrderId,
        line: u32,
        qty: u32,
        word: &'static str,
        reason: Option<&Text>,
        change: impl Fn(i64, bool, bool) -> Units,
    ) {
        let key = self.key(order);
        let lines = self.state.lines.get(&key);
        let Some(row) = lines.and_then(|lines| lines.get(usize::try_from(line).ok()?)) else {
            return;
        };
        let qty = i64::from(qty);
        let (sold, sku, parts) = (row.sold >= qty, row.sku.clone(), row.components.clone());
        let cause = Cause {
            reason: reason.cloned(),
            customer: self.state.orders.get(&key).map(|o| o.customer.clone()),
            booking: row.booking.clone(),
            drop: row.drop_id.clone(),
            order: Some(key.1),
            ..Cause::new(word)
        };
        for (part, ratio) in text::parts(&sku, &parts) {
            let key = self.key(&part);
            let counted = self.counted(&key);
            self.moved(&part, change(qty * ratio, counted, sold), &cause);
        }
    }

    fn each_part_of(
        &mut self,
        sku: &Text,
        qty: i64,
        cause: &Cause,
        change: impl Fn(i64, bool) -> Units,
    ) {
        let key = self.key(sku);
        let Some(parts) = self
            .state
            .skus
            .get(&key)
            .map(|row| text::parts(sku, &row.components))
        else {
            return;
        };
        for (part, ratio) in parts {
            let key = self.key(&part);
            let counted = self.counted(&key);
            self.moved(&part, change(qty * ratio, counted), cause);
        }
    }
}
