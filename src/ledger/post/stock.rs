//! Where units went (D.4), and whether that is what the decision says it left behind.

use super::Posting;
use super::state::Key;
use crate::domain::count::Count;
use crate::domain::event::Event;
use crate::domain::sku::{Kind, SkuSpec};
use crate::domain::{BookingId, CustomerId, DropId, OrderId, SkuId};
use crate::ledger::tables::{Balance, DropRow, Movement, SkuRow};
use crate::ledger::text;

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
    pub(super) reason: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) booking: Option<String>,
    pub(super) order: Option<String>,
    pub(super) drop: Option<String>,
}

impl Cause {
    fn new(word: &'static str) -> Self {
        Self {
            word,
            ..Self::default()
        }
    }

    fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    fn customer(mut self, customer: &CustomerId) -> Self {
        self.customer = Some(customer.as_str().to_owned());
        self
    }

    fn booking(mut self, booking: Option<BookingId>) -> Self {
        self.booking = booking.map(|id| id.to_string());
        self
    }

    fn order(mut self, order: OrderId) -> Self {
        self.order = Some(order.to_string());
        self
    }

    fn drop(mut self, drop: Option<DropId>) -> Self {
        self.drop = drop.map(|id| id.to_string());
        self
    }
}

impl Units {
    fn of(balance: &Balance) -> Self {
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

    fn plus(self, other: Self) -> Self {
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

    fn minus(self, other: Self) -> Self {
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
    fn outside(&self, counted: bool) -> i64 {
        if counted {
            self.stock_out - self.stock_in
        } else {
            -self.inside()
        }
    }
}

impl Posting<'_> {
    pub(super) fn key(&self, id: impl ToString) -> Key {
        (self.shop.clone(), id.to_string())
    }

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
                self.moved(sku.as_str(), change, &Cause::new(word).reason(reason));
            }
            Event::Rebased { sku, on_hand } => self.rebased(sku, i64::from(*on_hand)),
            Event::Repaid { sku, qty } => {
                let qty = i64::from(*qty);
                let change = Units {
                    available: -qty,
                    shortage: -qty,
                    ..Units::default()
                };
                self.moved(sku.as_str(), change, &Cause::new("repaid"));
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
            sku: sku.as_str().to_owned(),
            title: spec.title.to_string(),
            price: crate::ledger::cursor::signed(spec.price),
            active: i64::from(spec.active),
            preorder: i64::from(spec.preorder),
            physical: i64::from(spec.physical),
            tracked: i64::from(spec.kind() == Kind::Tracked),
            components: text::components(&spec.components),
        };
        let key = self.key(sku);
        self.state.skus.put(key, row);
    }

    fn drop_changed(&mut self, event: &Event) {
        let at = self.at_ms();
        let mut with = |drop: &DropId, change: &dyn Fn(&mut DropRow)| {
            let key = self.key(drop);
            if let Some(row) = self.state.drops.change(&key) {
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
                let row = DropRow {
                    shop: self.shop.clone(),
                    drop_id: drop.to_string(),
                    live: live.to_string(),
                    sku: sku.to_string(),
                    mode: text::mode(*mode).to_owned(),
                    price: crate::ledger::cursor::signed(*price),
                    cap: cap.map(i64::from),
                    reserved: 0,
                    state: if open { "open" } else { "scheduled" }.to_owned(),
                    made_ms: at,
                    ended_ms: None,
                };
                let key = self.key(drop);
                self.state.drops.put(key, row);
            }
            Event::DropStarted { drop } | Event::DropResumed { drop } => {
                with(drop, &|row| row.state = "open".to_owned());
            }
            Event::DropPaused { drop, .. } => with(drop, &|row| row.state = "paused".to_owned()),
            Event::DropEnded { drop, .. } => with(drop, &|row| {
                row.state = "ended".to_owned();
                row.ended_ms = Some(at);
            }),
            Event::DropSettled { drop } => with(drop, &|row| row.state = "settled".to_owned()),
            Event::DropChanged {
                drop, cap, price, ..
            } => with(drop, &|row| {
                row.cap = cap.map(i64::from);
                row.price = crate::ledger::cursor::signed(*price);
            }),
            Event::CapCut { drop, qty } => with(drop, &|row| {
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
        self.moved(sku.as_str(), now.minus(was), &Cause::new("recounted"));
    }

    fn reserved(&mut self, drop: DropId, qty: i64, word: &'static str) {
        let key = self.key(drop);
        let Some(row) = self.state.drops.change(&key) else {
            return;
        };
        row.reserved += qty;
        let sku = row.sku.clone();
        let cause = Cause::new(word).drop(Some(drop));
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
                let key = self.key(drop);
                let Some(row) = self.state.drops.change(&key) else {
                    return;
                };
                let carved = row.mode == "carved" && row.reserved >= qty;
                if carved {
                    row.reserved -= qty;
                }
                let sku = row.sku.clone();
                let cause = Cause::new("booked")
                    .customer(customer)
                    .booking(Some(*booking))
                    .drop(Some(*drop));
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
                let key = self.key(drop);
                let Some(sku) = self.state.drops.get(&key).map(|row| row.sku.clone()) else {
                    return;
                };
                let cause = Cause::new(text::end(*end))
                    .reason(reason)
                    .customer(customer)
                    .booking(Some(*booking))
                    .drop(Some(*drop));
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
                    let cause = Cause::new("ordered")
                        .customer(&placed.customer)
                        .booking(line.booking)
                        .order(placed.order)
                        .drop(line.drop);
                    let parts = text::components(&line.components);
                    let booked = line.booking.is_some();
                    for (sku, ratio) in text::parts(line.sku.as_str(), &parts) {
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

    fn placed(&mut self, sku: &str, units: i64, booked: bool, cause: &Cause) {
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
        reason: Option<&str>,
        change: impl Fn(i64, bool, bool) -> Units,
    ) {
        let key = self.key(order);
        let lines = self.state.lines.get(&key);
        let Some(row) = lines.and_then(|lines| lines.get(usize::try_from(line).ok()?)) else {
            return;
        };
        let qty = i64::from(qty);
        let (sold, sku, parts) = (row.sold >= qty, row.sku.clone(), row.components.clone());
        let mut cause = Cause::new(word).order(order);
        cause.booking.clone_from(&row.booking);
        cause.drop.clone_from(&row.drop_id);
        cause.reason = reason.map(str::to_owned);
        cause.customer = self.state.orders.get(&key).map(|o| o.customer.clone());
        for (part, ratio) in text::parts(&sku, &parts) {
            let counted = self.counted(&self.key(&part));
            self.moved(&part, change(qty * ratio, counted, sold), &cause);
        }
    }

    fn each_part_of(
        &mut self,
        sku: &str,
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
            let counted = self.counted(&self.key(&part));
            self.moved(&part, change(qty * ratio, counted), cause);
        }
    }

    fn counted(&self, key: &Key) -> bool {
        self.state.skus.get(key).is_some_and(|sku| sku.tracked == 1)
    }

    /// Posts a movement of one SKU and brings its balance up to date.
    fn moved(&mut self, sku: &str, change: Units, cause: &Cause) {
        if change == Units::default() {
            return;
        }
        let key = self.key(sku);
        let counted = self.counted(&key);
        let (partition, epoch, seq) = self.place();
        let empty = || Balance {
            shop: self.shop.clone(),
            sku: sku.to_owned(),
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
        if !self.state.before.contains_key(&key) {
            self.state.before.insert(key.clone(), was.clone());
        }
        let now = Units::of(&was).plus(change);
        let outside = now.outside(counted);
        let movement = Movement {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            sku: sku.to_owned(),
            at_ms: self.at_ms(),
            cause: cause.word.to_owned(),
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
                        stock_in: crate::ledger::cursor::signed(b.stock_in),
                        stock_out: crate::ledger::cursor::signed(b.stock_out),
                    };
                    let found = self
                        .state
                        .balances
                        .get(&key)
                        .map(Units::of)
                        .unwrap_or_default();
                    self.moved(sku.as_str(), now.minus(found), &Cause::new("unexplained"));
                    told.push(key);
                }
                Count::Drop { drop, reserved, .. } => {
                    let (key, reserved) = (self.key(drop), i64::from(*reserved));
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
