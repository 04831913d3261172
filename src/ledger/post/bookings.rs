//! Bookings, and their steps.

use super::Posting;
use crate::domain::event::Event;
use crate::domain::{BookingId, CustomerId};
use crate::ledger::cursor::signed;
use crate::ledger::tables::{BookingRow, Step};
use crate::ledger::text;

impl Posting<'_> {
    /// A step with nothing in it yet.
    pub(super) fn step(&mut self, what: &str) -> Step {
        let (partition, epoch, seq) = self.place();
        Step {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            actor: self.actor(),
            what: what.to_owned(),
            customer: None,
            booking: None,
            order_id: None,
            line: None,
            qty: None,
            held: None,
            amount: None,
            state: None,
            reason: None,
        }
    }

    /// What an event does to bookings.
    pub(super) fn booking(&mut self, event: &Event) {
        match event {
            Event::Booked { .. } => self.booked(event),
            Event::Released {
                booking,
                customer,
                qty,
                left,
                end,
                reason,
                ..
            } => {
                let (end, held) = (text::end(*end), i64::from(*left));
                self.gave(*booking, customer, i64::from(*qty), held, end, Some(reason));
            }
            Event::Extended {
                booking, deadline, ..
            } => {
                let key = self.key(booking);
                if let Some(row) = self.state.bookings.change(&key) {
                    row.deadline_ms = signed(deadline.0);
                }
                let step = Step {
                    booking: Some(booking.to_string()),
                    ..self.step("extended")
                };
                self.out.steps.push(step);
            }
            Event::OrderPlaced(placed) => {
                for line in &placed.lines {
                    if let Some(booking) = line.booking {
                        let qty = i64::from(line.qty);
                        self.gave(booking, &placed.customer, qty, 0, "ordered", None);
                    }
                }
            }
            _ => {}
        }
    }

    fn booked(&mut self, event: &Event) {
        let Event::Booked {
            booking,
            customer,
            drop,
            qty,
            price,
            deadline,
            origin,
            ..
        } = event
        else {
            return;
        };
        let key = self.key(drop);
        let sku = self.state.drops.get(&key).map(|row| row.sku.clone());
        let qty = i64::from(*qty);
        let row = BookingRow {
            shop: self.shop.clone(),
            booking: booking.to_string(),
            customer: customer.to_string(),
            drop_id: drop.to_string(),
            sku: sku.unwrap_or_default(),
            qty,
            held: qty,
            price: signed(*price),
            origin: text::origin(*origin).to_owned(),
            booked_ms: self.at_ms(),
            deadline_ms: signed(deadline.0),
            state: "held".to_owned(),
            reason: None,
            ended_ms: None,
        };
        let step = Step {
            customer: Some(row.customer.clone()),
            booking: Some(row.booking.clone()),
            qty: Some(qty),
            held: Some(qty),
            ..self.step("booked")
        };
        let key = self.key(booking);
        self.state.bookings.put(key, row);
        self.out.steps.push(step);
    }

    fn gave(
        &mut self,
        booking: BookingId,
        customer: &CustomerId,
        qty: i64,
        held: i64,
        end: &str,
        reason: Option<&str>,
    ) {
        let (key, at) = (self.key(booking), self.at_ms());
        if let Some(row) = self.state.bookings.change(&key) {
            row.held = held;
            if held == 0 {
                end.clone_into(&mut row.state);
                row.reason = reason.map(str::to_owned);
                row.ended_ms = Some(at);
            }
        }
        let step = Step {
            customer: Some(customer.to_string()),
            booking: Some(booking.to_string()),
            qty: Some(qty),
            held: Some(held),
            reason: reason.map(str::to_owned),
            ..self.step(end)
        };
        self.out.steps.push(step);
    }
}
