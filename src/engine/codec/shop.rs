//! A shop's whole state, for snapshots. Indexes are not written: putting drops, bookings and
//! answers back makes them again.

use std::sync::mpsc;
use std::thread;

use super::wire::{Code, CodecError, Reader, Writer, record};
use crate::domain::drop::Share;
use crate::domain::many::Many;
use crate::domain::rising::Rising;
use crate::domain::{Booking, BookingId, Checkout, Customer, Drop, DropId, OrderId, Payment, Shop};

record! {
    Booking { customer, drop, qty, price, booked_at, deadline, terms, origin, extended, state }
    Share { units, oops_used, cooldown_until, place }
    Checkout { customer, bookings, ends_at, left }
    Payment { order, named, method, status, amount, currency, expires_at, at }
}

/// The fewest bytes a booking and its id take.
const BOOKING_LEAST: usize = 28;
/// The fewest bytes an answer, its caller and its request id take.
const ANSWER_LEAST: usize = 28;

/// About what an item of a map takes, with its key.
const ITEM_USUAL: usize = 8;

/// From so many bookings on, a second thread is worth it.
const ALONE_MAX: usize = 20_000;
/// Bookings that are handed over at once.
const HANDED: usize = 2_048;
/// How many such lots may wait.
const HANDED_MAX: usize = 16;

/// Appends a shop.
pub(super) fn put(shop: &Shop, w: &mut Writer<'_>) {
    shop.now.put(w);
    shop.settings.put(w);
    shop.next_ticket.put(w);
    put_map(&shop.skus, w);
    shop.lives.put(w);
    put_map(&shop.customers, w);
    w.count(shop.drops.len());
    for (id, drop) in &shop.drops {
        id.put(w);
        drop.put(w);
    }
    shop.checkouts.put(w);
    shop.orders.put(w);
    shop.payments.put(w);
    w.counted(|w| {
        shop.bookings_by_age().fold(0, |count, (id, booking)| {
            id.put(w);
            booking.put(w);
            count + 1
        })
    });
    w.counted(|w| {
        shop.answers_by_age().fold(0, |count, (caller, id, kept)| {
            caller.put(w);
            id.put(w);
            kept.put(w);
            count + 1
        })
    });
}

/// Reads a shop.
pub(super) fn take(r: &mut Reader<'_>) -> Result<Shop, CodecError> {
    let mut shop = Shop::default();
    shop.now = Code::take(r)?;
    shop.settings = Code::take(r)?;
    shop.next_ticket = Code::take(r)?;
    shop.skus = take_map(r)?;
    shop.lives = Code::take(r)?;
    shop.customers = take_map(r)?;
    for _ in 0..r.count()? {
        let id = DropId::take(r)?;
        shop.put_back_drop(id, Code::take(r)?);
    }
    for _ in 0..r.count()? {
        let id = OrderId::take(r)?;
        shop.put_back_checkout(id, Code::take(r)?);
    }
    for _ in 0..r.count()? {
        let id = OrderId::take(r)?;
        shop.put_back_order(id, Code::take(r)?);
    }
    shop.payments = Code::take(r)?;
    let (count, room) = r.counted(BOOKING_LEAST)?;
    if room >= ALONE_MAX {
        return take_together(shop, count, room, r);
    }
    each(r, count, |bookings| {
        shop.put_back_bookings(room, bookings);
    })?;
    take_answers(&mut shop, r)?;
    Ok(shop)
}

fn take_answers(shop: &mut Shop, r: &mut Reader<'_>) -> Result<(), CodecError> {
    let (count, room) = r.counted(ANSWER_LEAST)?;
    each(r, count, |answers| {
        let answers = answers.map(|((caller, id), kept)| (caller, id, kept));
        shop.put_back_answers(room, answers);
    })
}

/// Reads bookings and answers while another thread puts the bookings back: how long a restart
/// takes is decided here, and half of it is waiting for memory. The thread is scoped: it has
/// ended when this returns. When its queue is full, reading waits.
fn take_together(
    mut shop: Shop,
    count: u32,
    room: usize,
    r: &mut Reader<'_>,
) -> Result<Shop, CodecError> {
    let mut kept = Shop::default();
    let (hand, handed) = mpsc::sync_channel::<Vec<(BookingId, Booking)>>(HANDED_MAX);
    let (read, put) = thread::scope(|scope| {
        let other = scope.spawn(|| shop.put_back_bookings(room, handed.into_iter().flatten()));
        let read = each(r, count, |bookings| {
            loop {
                let some: Vec<_> = bookings.take(HANDED).collect();
                // The other thread goes only when there is nothing more to come.
                if some.is_empty() || hand.send(some).is_err() {
                    break;
                }
            }
        });
        drop(hand);
        let read = read.and_then(|()| take_answers(&mut kept, r));
        (read, other.join())
    });
    read?;
    put.map_err(|_| CodecError::Range("bookings"))?;
    shop.put_back_answers_of(kept);
    Ok(shop)
}

/// Hands items on as they are read; ends at the first that cannot be read.
fn each<K: Code, V: Code>(
    r: &mut Reader<'_>,
    count: u32,
    to: impl FnOnce(&mut dyn Iterator<Item = (K, V)>),
) -> Result<(), CodecError> {
    let mut fault = None;
    let mut items = (0..count).map_while(|_| match Code::take(r) {
        Ok(item) => Some(item),
        Err(error) => {
            fault = Some(error);
            None
        }
    });
    to(&mut items);
    fault.map_or(Ok(()), Err)
}

/// Sorted by key, so that equal shops give equal bytes.
fn put_map<K: Code + Ord, V: Code>(map: &Many<K, V>, w: &mut Writer<'_>) {
    let mut sorted: Vec<_> = map.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    w.count(sorted.len());
    for (key, value) in sorted {
        key.put(w);
        value.put(w);
    }
}

fn take_map<K: Code + Eq + std::hash::Hash, V: Code>(
    r: &mut Reader<'_>,
) -> Result<Many<K, V>, CodecError> {
    let count = r.count()?;
    let mut map = Many::default();
    map.reserve(r.room(count, ITEM_USUAL));
    for _ in 0..count {
        map.insert(K::take(r)?, V::take(r)?);
    }
    Ok(map)
}

/// Bookings held, drops waited for, and orders are indexes: they come back with what they name.
impl Code for Customer {
    fn put(&self, w: &mut Writer<'_>) {
        let Self {
            reputation,
            restricted,
            absent,
            group,
            held: _,
            waits: _,
            checkout: _,
            orders: _,
        } = self;
        reputation.put(w);
        restricted.put(w);
        absent.put(w);
        group.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            reputation: Code::take(r)?,
            restricted: Code::take(r)?,
            absent: Code::take(r)?,
            group: Code::take(r)?,
            ..Self::default()
        })
    }
}

/// Without the bookings that are held: they come back with the bookings.
impl Code for Drop {
    fn put(&self, w: &mut Writer<'_>) {
        self.live.put(w);
        self.sku.put(w);
        self.price.put(w);
        self.mode.put(w);
        self.cap.put(w);
        self.used.put(w);
        self.reserved.put(w);
        self.state.put(w);
        self.opens_at.put(w);
        self.ends_at.put(w);
        self.settles_at.put(w);
        self.frozen_since.put(w);
        self.per_customer_limit.put(w);
        self.booking_timeout_ms.put(w);
        self.pinned.put(w);
        self.waitlist.put(w);
        self.waiting.put(w);
        put_map(&self.shares, w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            live: Code::take(r)?,
            sku: Code::take(r)?,
            price: Code::take(r)?,
            mode: Code::take(r)?,
            cap: Code::take(r)?,
            used: Code::take(r)?,
            reserved: Code::take(r)?,
            state: Code::take(r)?,
            opens_at: Code::take(r)?,
            ends_at: Code::take(r)?,
            settles_at: Code::take(r)?,
            frozen_since: Code::take(r)?,
            per_customer_limit: Code::take(r)?,
            booking_timeout_ms: Code::take(r)?,
            pinned: Code::take(r)?,
            held: Rising::default(),
            waitlist: Code::take(r)?,
            waiting: Code::take(r)?,
            shares: take_map(r)?,
        })
    }
}
