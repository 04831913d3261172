//! A decision in the making: what it has emitted so far, already applied.

use std::ops::Deref;
use std::sync::Arc;

use super::Shop;
use super::booking::Wish;
use crate::domain::command::{Actor, Command};
use crate::domain::count::Count;
use crate::domain::event::Event;
use crate::domain::id::{DropId, OrderId, SkuId};
use crate::domain::rejection::Rejection;
use crate::domain::shop::Outcome;
use crate::domain::time::Millis;

/// The SKUs, drops and orders that a decision has changed, in the order of first touch.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Touched {
    skus: Vec<SkuId>,
    drops: Vec<DropId>,
    orders: Vec<OrderId>,
}

impl Touched {
    pub(super) fn sku(&mut self, sku: &SkuId) {
        if !self.skus.contains(sku) {
            self.skus.push(sku.clone());
        }
    }

    pub(super) fn order(&mut self, order: OrderId) {
        if !self.orders.contains(&order) {
            self.orders.push(order);
        }
    }

    pub(super) fn drop(&mut self, drop: DropId) {
        if !self.drops.contains(&drop) {
            self.drops.push(drop);
        }
    }
}

impl Shop {
    /// The counters of all that was touched since the last call.
    pub(super) fn counts(&mut self) -> Vec<Count> {
        let mut touched = std::mem::take(&mut self.touched);
        let Touched {
            skus,
            drops,
            orders,
        } = &mut touched;
        // An entry lives until its last reader has gone: no room for more than there is.
        let mut counts = Vec::with_capacity(skus.len() + drops.len() + orders.len());
        counts.extend(skus.drain(..).filter_map(|sku| self.count_of_sku(sku)));
        counts.extend(drops.drain(..).filter_map(|drop| self.count_of_drop(drop)));
        counts.extend(orders.drain(..).filter_map(|order| {
            let row = Arc::new(self.orders.get(&order)?.clone());
            Some(Count::Order { order, row })
        }));
        // The next decision finds its lists with room in them.
        self.touched = touched;
        counts
    }

    /// The counters of a SKU.
    pub fn count_of_sku(&self, sku: SkuId) -> Option<Count> {
        let buckets = self.skus.get(&sku)?.buckets;
        Some(Count::Sku { sku, buckets })
    }

    /// The counters of a drop.
    pub fn count_of_drop(&self, drop: DropId) -> Option<Count> {
        let d = self.drops.get(&drop)?;
        Some(Count::Drop {
            drop,
            cap: d.cap,
            used: d.used,
            reserved: d.reserved,
            waiting: d.waiting,
        })
    }
}

/// A decision in the making. Reads go to the shop; the only write is [`Draft::emit`].
pub(super) struct Draft<'a> {
    shop: &'a mut Shop,
    pub(super) now: Millis,
    pub(super) by: &'a Actor,
    events: Vec<Event>,
}

impl Deref for Draft<'_> {
    type Target = Shop;
    fn deref(&self) -> &Shop {
        self.shop
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(shop: &'a mut Shop, now: Millis, by: &'a Actor) -> Self {
        Self {
            shop,
            now,
            by,
            events: Vec::new(),
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.shop.apply(self.now, &event);
        if self.events.is_empty() {
            // Most decisions have one; a list of its own accord begins with room for four.
            self.events.reserve_exact(1);
        }
        self.events.push(event);
    }

    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }

    /// Checks the role (I-19), then hands the command to its rule.
    pub(super) fn run(&mut self, command: &Command) -> Outcome {
        if self.by.role < command.least_role() {
            return Err(Rejection::Forbidden);
        }
        match command {
            Command::Book { .. } => {
                let wish = Wish::of(command).ok_or(Rejection::Invalid("booking"))?;
                self.book(&wish)
            }
            Command::Cancel { booking, qty } => self.cancel(*booking, *qty),
            Command::Leave { drop } => self.leave(*drop),
            Command::CancelBooking { booking, reason } => self.cancel_by_seller(*booking, reason),
            Command::Expire { booking } => self.expire(*booking),
            Command::OpenDrop(spec) => self.open_drop(spec),
            Command::ChangeDrop {
                drop,
                units,
                price,
                per_customer_limit,
                ends_at,
            } => self.change_drop(*drop, *units, *price, *per_customer_limit, *ends_at),
            Command::PauseDrop { drop } => self.pause_drop(*drop),
            Command::ResumeDrop { drop } => self.resume_drop(*drop),
            Command::CloseDrop { drop, withdraw } => self.close_drop(*drop, *withdraw),
            Command::PinDrop { drop, pinned } => self.pin_drop(*drop, *pinned),
            Command::ExtendDrop { drop, by_ms } => self.extend_drop(*drop, *by_ms),
            Command::StartDrop { drop } => self.start_drop(*drop),
            Command::EndDrop { drop } => self.end_drop(*drop),
            Command::SettleDrop { drop } => self.settle_drop(*drop),
            Command::AddStock { sku, qty, reason } => self.add_stock(sku, *qty, reason),
            Command::SetStock {
                sku,
                on_hand,
                reason,
                force,
            } => self.set_stock(sku, *on_hand, reason, *force),
            Command::PutSku { sku, spec, on_hand } => self.put_sku(sku, spec, *on_hand),
            Command::ActivateSkus { skus, active } => self.activate_skus(skus, *active),
            Command::RestrictCustomer {
                customer,
                restricted,
            } => self.restrict(customer, *restricted),
            Command::GroupCustomer { customer, group } => self.group(customer, group.as_ref()),
            Command::AdjustReputation {
                customer,
                delta,
                reason,
            } => self.adjust_reputation(customer, *delta, reason),
            Command::ChangeSettings(settings) => self.change_settings(settings),
            Command::PutLive { live, spec } => self.put_live(live, spec),
            Command::EndLive { live } => self.end_live(live),
            Command::SeeCustomer { customer, absent } => self.see_customer(customer, *absent),
            Command::Forget { before } => self.forget(*before),
            Command::StartCheckout { .. }
            | Command::LeaveCheckout { .. }
            | Command::PlaceOrder { .. }
            | Command::TakeOrder(_)
            | Command::StartPayment { .. }
            | Command::NotePayment(_)
            | Command::ReceivePayment { .. }
            | Command::ConfirmOrder { .. }
            | Command::CancelOwnOrder { .. }
            | Command::CancelOrder { .. }
            | Command::ShipOrder { .. }
            | Command::FinishOrder { .. }
            | Command::RefuseOrder { .. }
            | Command::ReturnOrder { .. }
            | Command::RefundOrder { .. }
            | Command::ExpireOrder { .. } => self.run_order(command),
        }
    }
}
