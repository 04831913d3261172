//! What must hold of events and of a state put back, besides what the model says.

use std::collections::{HashMap, HashSet};

use lapak::domain::{BookingId, CustomerId, Decision, Event, OrderId, ReputationCause, Shop};

/// A fold of the events of its own: I-6 and I-8 of D.8.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Units still in each booking that was ever made.
    left: HashMap<BookingId, u32>,
    reputation: HashMap<CustomerId, i32>,
    /// Orders that were rewarded.
    rewarded: HashSet<OrderId>,
}

impl Ledger {
    pub(super) fn fold(&mut self, decision: &Decision) -> Result<(), String> {
        if decision.outcome.is_err() && !decision.events.is_empty() {
            return Err("a refusal has events".into());
        }
        for event in &decision.events {
            match event {
                Event::Booked {
                    booking,
                    qty,
                    deadline,
                    ..
                } => {
                    if *deadline <= decision.at {
                        return Err(format!("I-7: {booking} is held until before it is made"));
                    }
                    if self.left.insert(*booking, *qty).is_some() {
                        return Err(format!("I-6: {booking} is made twice"));
                    }
                }
                Event::Released { booking, qty, .. } => {
                    let left = self.left.get_mut(booking).filter(|left| **left >= *qty);
                    *left.ok_or_else(|| format!("I-6: {booking} gives back what it has not"))? -=
                        qty;
                }
                Event::ReputationChanged {
                    customer,
                    cause,
                    nominal,
                    applied,
                    after,
                    ..
                } => {
                    let is = self.reputation.entry(customer.clone()).or_insert(100);
                    let ought = is.saturating_add(*nominal).clamp(0, 100);
                    if ought != i32::from(*after) || *applied != ought - *is {
                        return Err(format!("I-8: {customer} at {is}: {event:?}"));
                    }
                    *is = ought;
                    if let ReputationCause::Paid(order) = *cause
                        && !self.rewarded.insert(order)
                    {
                        return Err(format!("I-8: {order} is rewarded twice"));
                    }
                }
                Event::OrderPlaced(placed) => {
                    for line in &placed.lines {
                        let Some(booking) = line.booking else {
                            continue;
                        };
                        if self.left.insert(booking, 0) != Some(line.qty) {
                            return Err(format!("I-6: {booking} orders what it has not"));
                        }
                    }
                }
                // What was forgotten may be made again by an id of before; nothing is held of it.
                Event::Forgotten { .. } => self.left.retain(|_, left| *left > 0),
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn compare(&self, shop: &Shop) -> Result<(), String> {
        for (customer, reputation) in &self.reputation {
            if i32::from(shop.reputation(customer)) != *reputation {
                return Err(format!("I-8: the fold for {customer} is {reputation}"));
            }
        }
        Ok(())
    }
}

/// Takes a state apart as a snapshot does, and puts it together again.
pub(super) fn put_back(shop: &Shop) -> Shop {
    let mut back = Shop::default();
    back.now = shop.now;
    back.settings.clone_from(&shop.settings);
    back.skus.clone_from(&shop.skus);
    back.lives.clone_from(&shop.lives);
    back.customers.clone_from(&shop.customers);
    back.next_ticket = shop.next_ticket;
    for customer in back.customers.values_mut() {
        customer.held.clear();
        customer.waits.clear();
        customer.orders.clear();
        customer.checkout = None;
    }
    back.payments.clone_from(&shop.payments);
    for (id, checkout) in &shop.checkouts {
        back.put_back_checkout(*id, checkout.clone());
    }
    for (id, order) in &shop.orders {
        back.put_back_order(*id, order.clone());
    }
    for (id, drop) in &shop.drops {
        let mut drop = drop.clone();
        drop.held.clear();
        back.put_back_drop(*id, drop);
    }
    let bookings = shop.bookings_by_age().map(|(id, b)| (id, b.clone()));
    back.put_back_bookings(shop.bookings.len(), bookings);
    let answers = shop
        .answers_by_age()
        .map(|(caller, id, kept)| (caller.clone(), id, kept.clone()));
    back.put_back_answers(shop.answers.len(), answers);
    back
}
