//! What an entry of the journal means to the customer of an order: one message for each order
//! it has changed, with the order as it stands after it.

use serde_json::json;

use crate::broadcast::Hub;
use crate::domain::{Count, Event, Order, OrderId};
use crate::journal::Entry;
use crate::protocol::orders;
use crate::protocol::to_client::encode;

impl Hub {
    /// Tells customers what became of their orders and checkouts.
    pub(super) fn tell_orders(&self, entry: &Entry) {
        let decision = &entry.decision;
        for count in &decision.counts {
            if let Count::Order { order, row } = count {
                self.tell_order(entry, *order, row);
            }
        }
        for event in &decision.events {
            match event {
                Event::CheckoutLeft { checkout, customer } => {
                    let left = json!({"type": "checkout.left", "checkout": checkout.to_string()});
                    self.tell(&entry.shop, customer, &encode(&left));
                }
                Event::OrderPlaced(placed) => {
                    for booking in placed.lines.iter().filter_map(|line| line.booking) {
                        let ordered = json!({
                            "type": "booking",
                            "event": "ordered",
                            "booking": booking.to_string(),
                            "order": placed.order.to_string(),
                            "epoch": entry.position.epoch,
                            "s": entry.position.seq,
                        });
                        self.tell(&entry.shop, &placed.customer, &encode(&ordered));
                    }
                }
                _ => {}
            }
        }
    }

    fn tell_order(&self, entry: &Entry, id: OrderId, order: &Order) {
        if self.seats_of(&entry.shop, &order.customer) == 0 {
            return;
        }
        let message = json!({
            "type": "order",
            "event": news(&entry.decision.events, id),
            "order": orders::row(id, order),
            "reason": *order.reason,
            "epoch": entry.position.epoch,
            "s": entry.position.seq,
        });
        self.tell(&entry.shop, &order.customer, &encode(&message));
    }
}

/// The word for what happened to an order: where it stands now, if it was moved, else the last
/// thing that has a word.
fn news(events: &[Event], id: OrderId) -> &'static str {
    let mut word = "changed";
    let mut moved = false;
    for event in events {
        match event {
            Event::OrderPlaced(placed) if placed.order == id => word = "placed",
            Event::OrderMoved { order, to, .. } if *order == id => {
                word = to.as_str();
                moved = true;
            }
            Event::OrderChecking { order, .. } if *order == id => word = "checking",
            Event::PaymentStarted { order, .. }
            | Event::PaymentNoted {
                order: Some(order), ..
            } if *order == id && !moved => word = "payment",
            _ => {}
        }
    }
    word
}
