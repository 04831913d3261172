//! Plain values: numbers, options, lists, and the small types of `domain`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::wire::{Code, CodecError, Reader, Writer, choice, record};
use crate::domain::event::Terms;
use crate::domain::shop::Kept;
use crate::domain::{
    Actor, Attempt, Band, BookingEnd, BookingId, BookingState, Buckets, Component, Count,
    DropState, Line, Live, LiveSpec, Method, Mode, Order, OrderId, OrderOrigin, OrderState, Origin,
    PayBy, PaymentId, PaymentStatus, Place, ReputationCause, RequestKey, Role, Secured, Settings,
    ShopId, Sku, SkuSpec, Video, WaitEntry,
};

impl Code for u8 {
    fn put(&self, w: &mut Writer<'_>) {
        w.byte(*self);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        r.byte()
    }
}

impl Code for bool {
    fn put(&self, w: &mut Writer<'_>) {
        w.byte(u8::from(*self));
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        match r.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(CodecError::Tag { what: "bool", tag }),
        }
    }
}

impl Code for u32 {
    fn put(&self, w: &mut Writer<'_>) {
        w.number(u64::from(*self));
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Self::try_from(r.number()?).map_err(|_| CodecError::Range("u32"))
    }
}

impl Code for u64 {
    fn put(&self, w: &mut Writer<'_>) {
        w.number(*self);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        r.number()
    }
}

/// Small numbers of either sign stay short.
impl Code for i32 {
    fn put(&self, w: &mut Writer<'_>) {
        ((self << 1) ^ (self >> 31)).cast_unsigned().put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let n = u32::take(r)?;
        Ok((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
    }
}

impl Code for u128 {
    fn put(&self, w: &mut Writer<'_>) {
        w.bytes(&self.to_le_bytes());
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::from_le_bytes(r.array()?))
    }
}

impl Code for BookingId {
    fn put(&self, w: &mut Writer<'_>) {
        { self.0 }.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self(Code::take(r)?))
    }
}

impl Code for OrderId {
    fn put(&self, w: &mut Writer<'_>) {
        { self.0 }.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self(Code::take(r)?))
    }
}

impl Code for PaymentId {
    fn put(&self, w: &mut Writer<'_>) {
        w.text(self.as_str());
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::new(r.text()?)?)
    }
}

impl Code for ShopId {
    fn put(&self, w: &mut Writer<'_>) {
        w.text(self.as_str());
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::new(r.text()?)?)
    }
}

impl<T: Code> Code for Option<T> {
    fn put(&self, w: &mut Writer<'_>) {
        self.is_some().put(w);
        if let Some(value) = self {
            value.put(w);
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        bool::take(r)?.then(|| T::take(r)).transpose()
    }
}

/// Room is made as items are read, never ahead for a count that may be a lie.
impl<T: Code> Code for Vec<T> {
    fn put(&self, w: &mut Writer<'_>) {
        w.count(self.len());
        for item in self {
            item.put(w);
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = r.count()?;
        let mut list = Self::new();
        for _ in 0..count {
            list.push(T::take(r)?);
        }
        Ok(list)
    }
}

impl<K: Code + Ord, V: Code> Code for BTreeMap<K, V> {
    fn put(&self, w: &mut Writer<'_>) {
        w.count(self.len());
        for (key, value) in self {
            key.put(w);
            value.put(w);
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let count = r.count()?;
        let mut map = Self::new();
        for _ in 0..count {
            map.insert(K::take(r)?, V::take(r)?);
        }
        Ok(map)
    }
}

impl<A: Code, B: Code> Code for (A, B) {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
        self.1.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok((A::take(r)?, B::take(r)?))
    }
}

impl<A: Code, B: Code, C: Code> Code for (A, B, C) {
    fn put(&self, w: &mut Writer<'_>) {
        self.0.put(w);
        self.1.put(w);
        self.2.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok((A::take(r)?, B::take(r)?, C::take(r)?))
    }
}

impl<T: Code> Code for Box<T> {
    fn put(&self, w: &mut Writer<'_>) {
        T::put(self, w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::new(T::take(r)?))
    }
}

impl<T: Code> Code for Arc<T> {
    fn put(&self, w: &mut Writer<'_>) {
        T::put(self, w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self::new(T::take(r)?))
    }
}

impl<T: Code> Code for Arc<[T]> {
    fn put(&self, w: &mut Writer<'_>) {
        w.count(self.len());
        for item in &**self {
            item.put(w);
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Vec::take(r)?.into())
    }
}

/// The body's hash is as long as it is: a variable length would only add to it.
impl Code for RequestKey {
    fn put(&self, w: &mut Writer<'_>) {
        self.id.put(w);
        w.bytes(&self.body.to_le_bytes());
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            id: Code::take(r)?,
            body: u64::from_le_bytes(r.array()?),
        })
    }
}

impl Code for Kept {
    fn put(&self, w: &mut Writer<'_>) {
        w.bytes(&self.body.to_le_bytes());
        self.at.put(w);
        self.outcome.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let body = u64::from_le_bytes(r.array()?);
        Ok(Self {
            body,
            at: Code::take(r)?,
            outcome: Code::take(r)?,
        })
    }
}

record! {
    Actor { role, name }
    Terms { cancel, timeout, unpaid, reward }
    Place { rank, ticket }
    WaitEntry { booking, promoted, customer, qty, accept_partial, since, skipped }
    Buckets {
        available, drop_reserved, booked, allocated, sold, shortage, stock_in, stock_out,
    }
    Component { sku, units }
    SkuSpec { title, image, price, active, preorder, physical, track_stock, components }
    Sku { spec, buckets }
    LiveSpec { title, lang, currency, accent, video, links }
    Live { spec, ended }
    Attempt { payment, method, status, expires_at, by }
    Line {
        booking, drop, revived, sku, title, components, ordered, qty, allocated, sold, returned,
        price, terms,
    }
    Order {
        customer, origin, currency, vat_bp, lines, placed_at, expire_ms, state, since, deadline,
        checking, secured, attempt, payments, captured, refund_due, refunded, rewarded, reward,
        penalty, reason,
    }
    Band { below, hold_ms, max_bookings, max_units, priority }
}

record! {
    since 2, Settings {
        vat_bp, max_item_qty, max_cart_units, checkout_timeout_ms, order_auto_expire_ms,
        booking_timeout_ms, penalty_cancel, penalty_timeout, penalty_unpaid, reward_paid,
        oops_grace_ms, rebook_cooldown_ms, offer_ms, offer_absent_ms, waitlist_after_end_ms,
        pause_freezes_holds, min_reputation, max_bookings, group_max_bookings, bands,
        + checkout_extends_hold, qris_max_hold_ms, payment_grace_ms, late_wait_ms,
        digital_finish_on_paid, sold_at_ship, cod_min_reputation, return_reverses_reward,
    }
}

choice! {
    Role { 0 => Viewer, 1 => Moderator, 2 => Host, 3 => Admin, 4 => System }
    Mode { 0 => Shared, 1 => Carved }
    Origin { 0 => Tap, 1 => Waitlist, 2 => WaitlistAbsent }
    BookingEnd { 0 => Ordered, 1 => Cancelled, 2 => CancelledBySeller, 3 => Expired }
    BookingState { 0 => Held, 1 => Ended(end, at) }
    DropState { 0 => Scheduled, 1 => Open, 2 => Paused, 3 => Ended, 4 => Settled }
    ReputationCause {
        0 => Cancel, 1 => Timeout, 2 => Adjust, 3 => Unpaid(order), 4 => OrderCancel(order),
        5 => Paid(order), 6 => Undone(order),
    }
    OrderOrigin { 0 => Live, 1 => Web, 2 => Channel }
    Secured { 0 => Cod, 1 => Credit }
    PayBy { 0 => Qr(text), 1 => Url(url) }
    OrderState {
        0 => AwaitingPayment, 1 => Confirmed, 2 => Paid, 3 => Shipped, 4 => Finished,
        5 => Cancelled, 6 => Expired, 7 => LateWait, 8 => RefundDue, 9 => Refunded, 10 => Returned,
    }
    PaymentStatus {
        0 => Pending, 1 => Failed, 2 => Expired, 3 => Settled, 4 => RefundPending, 5 => Refunded,
    }
    Method {
        0 => Qris, 1 => Transfer, 2 => VirtualAccount, 3 => Ewallet, 4 => Card, 5 => Cash,
        6 => Credit, 7 => Other,
    }
    Video { 0 => None, 1 => Demo, 2 => Hls(url), 3 => Mp4(url), 4 => Embed(url) }
    Count {
        1 => Sku { sku, buckets },
        2 => Drop { drop, cap, used, reserved, waiting },
        3 => Order { order, row },
    }
}
