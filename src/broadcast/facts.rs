//! What an entry of the journal means to people: to the customer whose booking it is, to all
//! who watch, to the host.

mod orders;

use serde_json::{Value, json};

use super::audience::Heard;
use super::hub::Hub;
use crate::domain::{BookingEnd, BookingId, Count, CustomerId, DropId, Event, Origin, ShopId};
use crate::journal::Entry;
use crate::mirror::{Change, DropRow};
use crate::protocol::to_client::encode;
use crate::protocol::{ServerMessage, rows};
use crate::telemetry::FrameType;

impl Hub {
    /// Tells what an entry changed. The mirror has taken it in before.
    pub fn hear(&self, entry: &Entry, change: &Change) {
        for event in &entry.decision.events {
            self.tell_customer(entry, event);
        }
        self.tell_orders(entry);
        for live in &change.lives {
            let Some(audience) = self.known(live) else {
                continue;
            };
            for (drop, news) in &change.drops {
                self.tell_drop(&audience, entry, *drop, news.as_str());
            }
            audience.hear(entry.decision.at, |heard| {
                change.queues.iter().for_each(|drop| heard.queue(*drop));
                for event in &entry.decision.events {
                    self.note(&entry.shop, event, heard);
                }
                Self::note_counts(entry, heard);
            });
        }
        if change.lives.is_empty() {
            self.hear_quietly(entry);
        }
    }

    /// An entry that moved nothing still moves the position of its shop's lives, and may be
    /// something that hosts want to see.
    fn hear_quietly(&self, entry: &Entry) {
        // Refusals are most of what is decided when everybody taps at once.
        if entry.decision.events.is_empty() {
            return;
        }
        let lives = self.mirror().lives();
        for (live, ..) in lives.iter().filter(|(_, shop, _)| *shop == entry.shop) {
            let Some(audience) = self.known(live) else {
                continue;
            };
            audience.hear(entry.decision.at, |heard| {
                for event in &entry.decision.events {
                    self.note(&entry.shop, event, heard);
                }
                Self::note_counts(entry, heard);
            });
        }
    }

    fn tell_drop(&self, audience: &super::Audience, entry: &Entry, drop: DropId, news: &str) {
        let row = self
            .mirror()
            .drop_row(&entry.shop, drop)
            .filter(|row| row.live == audience.live);
        let live = self.mirror().live_row(&entry.shop, &audience.live);
        let (Some(row), Some(live)) = (row, live) else {
            return;
        };
        let drop = rows::DropMessage::of(&row, &live.spec.currency);
        let at = entry.position;
        let message = ServerMessage::Drop {
            event: news,
            drop: &drop,
            epoch: at.epoch,
            s: at.seq,
        };
        audience.tell_all(FrameType::Drop, message.frame());
    }

    fn tell_customer(&self, entry: &Entry, event: &Event) {
        let fact = |booking: &BookingId, what: &str, extra: Value| {
            let mut message = json!({
                "type": "booking",
                "event": what,
                "booking": booking.to_string(),
                "epoch": entry.position.epoch,
                "s": entry.position.seq,
            });
            if let (Some(to), Value::Object(from)) = (message.as_object_mut(), extra) {
                to.extend(from);
            }
            encode(&message)
        };
        let shop = &entry.shop;
        match event {
            Event::Booked {
                booking,
                customer,
                drop,
                qty,
                price,
                deadline,
                terms,
                origin,
                ..
            } => {
                let tapped = *origin == Origin::Tap;
                // Whoever tapped has the answer; their other windows have not.
                if self.seats_of(shop, customer) <= usize::from(tapped) {
                    return;
                }
                let mut extra = self.named(shop, *drop);
                extra["qty"] = json!(qty);
                extra["price"] = json!(price);
                extra["deadline_ms"] = json!(deadline.0);
                extra["booked_at_ms"] = json!(entry.decision.at.0);
                extra["origin"] = json!(rows::origin(*origin));
                extra["penalty"] = json!(terms.cancel);
                let what = if tapped { "held" } else { "promoted" };
                self.tell(shop, customer, &fact(booking, what, extra));
            }
            Event::Released {
                booking,
                customer,
                drop,
                qty,
                left,
                end,
                reason,
                ..
            } => {
                if self.seats_of(shop, customer) == 0 {
                    return;
                }
                let mut extra = self.named(shop, *drop);
                extra["qty"] = json!(qty);
                extra["left"] = json!(left);
                extra["reason"] = json!(match end {
                    BookingEnd::Cancelled => "customer",
                    BookingEnd::CancelledBySeller => reason,
                    BookingEnd::Expired => "deadline",
                    BookingEnd::Ordered => "ordered",
                });
                extra["penalty"] = json!(penalty_of(entry, *booking));
                extra["reputation"] = json!(self.mirror().reputation(shop, customer));
                self.tell(shop, customer, &fact(booking, end.as_str(), extra));
            }
            Event::Extended {
                booking,
                customer,
                deadline,
            } => {
                let extra = json!({"deadline_ms": deadline.0});
                self.tell(shop, customer, &fact(booking, "extended", extra));
            }
            Event::ReputationChanged {
                customer,
                booking: None,
                after,
                ..
            } => {
                let frame = ServerMessage::Reputation { reputation: *after }.frame();
                self.tell(shop, customer, &frame);
            }
            Event::Unqueued {
                drop,
                customer,
                left,
                ..
            } => {
                let mut message = self.named(shop, *drop);
                message["type"] = json!("waiting");
                message["qty"] = json!(0);
                message["ahead_units"] = json!(0);
                message["reason"] = json!(if *left { "left" } else { "closed" });
                self.tell(shop, customer, &encode(&message));
            }
            _ => {}
        }
    }

    fn named(&self, shop: &ShopId, drop: DropId) -> Value {
        let row: Option<DropRow> = self.mirror().drop_row(shop, drop);
        let live = row
            .as_ref()
            .and_then(|row| self.mirror().live_row(shop, &row.live));
        json!({
            "drop": drop.to_string(),
            "sku": row.as_ref().map(|d| d.sku.as_str()),
            "title": row.as_ref().map(|d| &*d.spec.title),
            "currency": live.map(|live| live.spec.currency.to_string()),
        })
    }

    /// Notes what hosts will want to see again.
    fn note(&self, shop: &ShopId, event: &Event, heard: &mut Heard<'_>) {
        let person = |heard: &mut Heard<'_>, customer: &CustomerId| {
            heard.want(|w| _ = w.customers.insert(customer.clone()));
        };
        match event {
            Event::Booked {
                booking,
                customer,
                drop: id,
                qty,
                origin,
                ..
            } => {
                heard.booked(customer, *qty, || self.mirror().sku_of(shop, *id));
                heard.want(|w| {
                    w.bookings.insert(*booking);
                    if *origin != Origin::Tap {
                        w.waiters.insert((*id, customer.clone()));
                    }
                });
                person(heard, customer);
            }
            Event::Released { booking, .. } | Event::Extended { booking, .. } => {
                heard.want(|w| _ = w.bookings.insert(*booking));
            }
            Event::Joined {
                drop: id, customer, ..
            }
            | Event::Unqueued {
                drop: id, customer, ..
            } => {
                heard.want(|w| _ = w.waiters.insert((*id, customer.clone())));
                person(heard, customer);
            }
            Event::ReputationChanged { customer, .. }
            | Event::CustomerRestricted { customer, .. } => person(heard, customer),
            Event::SkuPut { sku, .. } | Event::SkuActivated { sku, .. } => {
                heard.want(|w| _ = w.skus.insert(sku.clone()));
            }
            Event::OrderPlaced(placed) => {
                let bookings = placed.lines.iter().filter_map(|line| line.booking);
                heard.want(|w| w.bookings.extend(bookings));
                person(heard, &placed.customer);
            }
            _ => {}
        }
    }

    fn note_counts(entry: &Entry, heard: &mut Heard<'_>) {
        for count in &entry.decision.counts {
            match count {
                Count::Sku { sku, .. } => heard.want(|w| _ = w.skus.insert(sku.clone())),
                Count::Order { order, .. } => heard.want(|w| _ = w.orders.insert(*order)),
                Count::Drop { .. } => {}
            }
        }
    }
}

/// What a release cost, by the reputation entry of the same decision.
fn penalty_of(entry: &Entry, released: BookingId) -> u32 {
    let of = |event: &Event| match event {
        Event::ReputationChanged {
            booking: Some(booking),
            applied,
            ..
        } if *booking == released => Some(applied.unsigned_abs()),
        _ => None,
    };
    entry.decision.events.iter().find_map(of).unwrap_or(0)
}
