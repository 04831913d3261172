//! Bookings, and their steps.

use super::Posting;
use crate::domain::event::Event;
use crate::domain::{BookingId, CustomerId};
use crate::ledger::cell::Text;
use crate::ledger::cursor::signed;
use crate::ledger::tables::{BookingRow, Step};
use crate::ledger::text;

impl Posting<'_> {
    /// A step with nothing in it yet.
    pub(super) fn step(&mut self, what: &'static str) -> Step {
        let (partition, epoch, seq) = self.place();
        Step {
            partition,
            epoch,
            seq,
            n: self.next(),
            shop: self.shop.clone(),
            at_ms: self.at_ms(),
            actor: self.actor(),
            what: self.text(what),
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
                self.gave(
                    *booking,
                    customer,
                    i64::from(*qty),
                    held,
                    end,
                    Some(reason.clone()),
                );
            }
            Event::Extended {
                booking, deadline, ..
            } => {
                let key = self.key(*booking);
                if let Some(row) = self.state.bookings.change(&key) {
                    row.deadline_ms = signed(deadline.0);
                }
                let step = Step {
                    booking: Some(key.1),
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
        let drop = self.key(*drop);
        let sku = self.state.drops.get(&drop).map(|row| row.sku.clone());
        let key = self.key(*booking);
        let qty = i64::from(*qty);
        let row = BookingRow {
            shop: self.shop.clone(),
            booking: key.1.clone(),
            customer: customer.shared(),
            drop_id: drop.1,
            sku: sku.unwrap_or_default(),
            qty,
            held: qty,
            price: signed(*price),
            origin: self.text(text::origin(*origin)),
            booked_ms: self.at_ms(),
            deadline_ms: signed(deadline.0),
            state: self.text("held"),
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
        self.state.bookings.put(key, row);
        self.out.steps.push(step);
    }

    fn gave(
        &mut self,
        booking: BookingId,
        customer: &CustomerId,
        qty: i64,
        held: i64,
        end: &'static str,
        reason: Option<Text>,
    ) {
        let (key, at, ended) = (self.key(booking), self.at_ms(), self.text(end));
        if let Some(row) = self.state.bookings.change(&key) {
            row.held = held;
            if held == 0 {
                row.state = ended;
                row.reason.clone_from(&reason);
                row.ended_ms = Some(at);
            }
        }
        let step = Step {
            customer: Some(customer.shared()),
            booking: Some(key.1),
            qty: Some(qty),
            held: Some(held),
            reason,
            ..self.step(end)
        };
        self.out.steps.push(step);
    }
}
