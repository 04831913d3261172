//! What has become true. Applying events in order is the only way state changes.

use std::sync::Arc;

use super::booking::{BookingEnd, Origin};
use super::customer::ReputationCause;
use super::drop::Mode;
use super::id::{BookingId, CustomerId, DropId, GroupId, LiveId, OrderId, PaymentId, SkuId};
use super::live::LiveSpec;
use super::order::{OrderState, PayBy, Placed, Secured};
use super::payment::{Method, PaymentStatus};
use super::settings::Settings;
use super::sku::SkuSpec;
use super::time::Millis;
use super::waitlist::Place;

/// A fact. Each moves units between buckets in one way only (D.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Units are held: from the drop's source to `booked`.
    Booked {
        /// The new booking.
        booking: BookingId,
        /// Whose.
        customer: CustomerId,
        /// Of what.
        drop: DropId,
        /// Units.
        qty: u32,
        /// Price of a unit.
        price: u64,
        /// When it ends if nothing is ordered.
        deadline: Millis,
        /// Reputation lost per unit cancelled, timed out, unpaid; gained per unit paid.
        terms: Terms,
        /// How it came about. If from the waitlist, the entry's wish shrinks by as much.
        origin: Origin,
    },
    /// Units left a booking: from `booked` to `available`, from where [`Event::Repaid`] and
    /// [`Event::Reserved`] may take them on.
    Released {
        /// The booking.
        booking: BookingId,
        /// Whose.
        customer: CustomerId,
        /// Of what.
        drop: DropId,
        /// Units.
        qty: u32,
        /// Units still held.
        left: u32,
        /// The deadline it had.
        deadline: Millis,
        /// How; the booking has ended if nothing is left in it.
        end: BookingEnd,
        /// What the seller said, or the rule's word.
        reason: Arc<str>,
        /// The customer's free cancel was used (R-BOOK-7).
        oops: bool,
        /// The customer may not book this drop before.
        cooldown_until: Option<Millis>,
    },
    /// Units of `available` repaid a shortage.
    Repaid {
        /// The SKU.
        sku: SkuId,
        /// Units.
        qty: u32,
    },
    /// Units of the drop's SKU were set aside: from `available` to `drop_reserved`.
    Reserved {
        /// The drop.
        drop: DropId,
        /// Units of the drop's SKU.
        qty: u32,
    },
    /// The reverse: from `drop_reserved` to `available`.
    Unreserved {
        /// The drop.
        drop: DropId,
        /// Units of the drop's SKU.
        qty: u32,
    },
    /// The drop's cap shrank because units left it (D.4).
    CapCut {
        /// The drop.
        drop: DropId,
        /// By how many.
        qty: u32,
    },
    /// A booking's deadline moved.
    Extended {
        /// The booking.
        booking: BookingId,
        /// Whose.
        customer: CustomerId,
        /// The new deadline.
        deadline: Millis,
    },
    /// Somebody waits.
    Joined {
        /// The drop.
        drop: DropId,
        /// The place.
        place: Place,
        /// The id the first booking will have.
        booking: BookingId,
        /// Who.
        customer: CustomerId,
        /// Units.
        qty: u32,
        /// Takes fewer.
        accept_partial: bool,
    },
    /// A waiter was passed over once for being away (B10).
    Skipped {
        /// The drop.
        drop: DropId,
        /// The place, which is kept.
        place: Place,
        /// Who.
        customer: CustomerId,
    },
    /// Somebody waits no more.
    Unqueued {
        /// The drop.
        drop: DropId,
        /// The place.
        place: Place,
        /// Who.
        customer: CustomerId,
        /// True if the customer left, false if waiting was closed.
        left: bool,
    },
    /// Reputation changed (R-BOOK-8).
    ReputationChanged {
        /// Whose.
        customer: CustomerId,
        /// Why.
        cause: ReputationCause,
        /// The booking that caused it.
        booking: Option<BookingId>,
        /// The change before the clamp.
        nominal: i32,
        /// The change really made.
        applied: i32,
        /// Reputation now.
        after: u8,
        /// What an admin said.
        reason: Option<Arc<str>>,
    },
    /// A drop was made. Units are set aside by a [`Event::Reserved`] of its own.
    DropMade {
        /// The drop.
        drop: DropId,
        /// The live.
        live: LiveId,
        /// Its SKU.
        sku: SkuId,
        /// Price of a unit.
        price: u64,
        /// Where units come from.
        mode: Mode,
        /// The cap.
        cap: Option<u32>,
        /// Opens then; at the decision's own time if it opened at once.
        opens_at: Millis,
        /// Ends then.
        ends_at: Option<Millis>,
        /// 0 = no limit.
        per_customer_limit: u32,
        /// The shop's time if none.
        booking_timeout_ms: Option<u64>,
        /// Shown first.
        pinned: bool,
    },
    /// A scheduled drop opened.
    DropStarted {
        /// The drop.
        drop: DropId,
    },
    /// A drop's terms changed; all are given.
    DropChanged {
        /// The drop.
        drop: DropId,
        /// The cap.
        cap: Option<u32>,
        /// Price of a unit.
        price: u64,
        /// 0 = no limit.
        per_customer_limit: u32,
        /// Ends then.
        ends_at: Option<Millis>,
        /// Shown first.
        pinned: bool,
    },
    /// A drop was paused.
    DropPaused {
        /// The drop.
        drop: DropId,
        /// Countdowns stand still.
        frozen: bool,
    },
    /// A drop takes bookings again. Frozen bookings follow as [`Event::Extended`].
    DropResumed {
        /// The drop.
        drop: DropId,
    },
    /// A drop ended.
    DropEnded {
        /// The drop.
        drop: DropId,
        /// Until when releases go to waiters.
        settles_at: Millis,
    },
    /// A drop is over: nothing set aside, nobody waits.
    DropSettled {
        /// The drop.
        drop: DropId,
    },
    /// Units came in or went out, other than by sale.
    StockMoved {
        /// The SKU.
        sku: SkuId,
        /// Units that came in.
        came: u32,
        /// Units that went out of `available`.
        went: u32,
        /// Units that are promised but not there any more.
        short: u32,
        /// Why.
        reason: Arc<str>,
    },
    /// A SKU was made or changed.
    SkuPut {
        /// The SKU.
        sku: SkuId,
        /// What it is.
        spec: Arc<SkuSpec>,
    },
    /// A SKU's way of counting changed: `available` and the totals start anew from a count.
    Rebased {
        /// The SKU.
        sku: SkuId,
        /// What is really there.
        on_hand: u32,
    },
    /// A SKU went on or off sale.
    SkuActivated {
        /// The SKU.
        sku: SkuId,
        /// On or off.
        active: bool,
    },
    /// A customer may not book, or may again.
    CustomerRestricted {
        /// Whom.
        customer: CustomerId,
        /// Whether.
        restricted: bool,
    },
    /// A customer's group changed.
    CustomerGrouped {
        /// Whom.
        customer: CustomerId,
        /// Which.
        group: Option<GroupId>,
    },
    /// A waiting customer went away or came back.
    CustomerSeen {
        /// Whom.
        customer: CustomerId,
        /// Whether they are away.
        absent: bool,
    },
    /// The settings were replaced.
    SettingsChanged(Arc<Settings>),
    /// A live was made or changed.
    LivePut {
        /// The live.
        live: LiveId,
        /// What it is.
        spec: Arc<LiveSpec>,
    },
    /// A live ended.
    LiveEnded {
        /// The live.
        live: LiveId,
    },
    /// Answers and ended bookings older than this are gone, and orders that were over 29 days
    /// before it.
    Forgotten {
        /// Before when.
        before: Millis,
    },
    /// A customer is about to order. Longer deadlines follow as [`Event::Extended`].
    CheckoutStarted {
        /// The checkout.
        checkout: OrderId,
        /// Whose.
        customer: CustomerId,
        /// What is to be ordered.
        bookings: Vec<BookingId>,
        /// When it is left.
        ends_at: Millis,
        /// Those of the bookings that have used their one extension by it (AMB-BOOK-d).
        extended: Vec<BookingId>,
    },
    /// A checkout was left without an order; its bookings are untouched.
    CheckoutLeft {
        /// The checkout.
        checkout: OrderId,
        /// Whose.
        customer: CustomerId,
    },
    /// An order was placed: from `booked`, or from `available` where a line has no booking, to
    /// `allocated`. Units that a marketplace has sold and that are not there are a `shortage`.
    OrderPlaced(Arc<Placed>),
    /// An order stands elsewhere. Units move by events of their own.
    OrderMoved {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// Where.
        to: OrderState,
        /// Until when, if time ends it.
        deadline: Option<Millis>,
        /// What stands for the money.
        secured: Option<Secured>,
        /// Why, in the words of whoever moved it, or the rule's.
        reason: Arc<str>,
    },
    /// An unpaid order's time has passed, and the gateway is asked before it expires (D.5).
    OrderChecking {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The payment to ask for.
        payment: PaymentId,
        /// Until when.
        until: Millis,
    },
    /// A payment was started; it is the active one now.
    PaymentStarted {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The gateway's id.
        payment: PaymentId,
        /// How.
        method: Method,
        /// Minor units.
        amount: u64,
        /// When the gateway lets it end.
        expires_at: Option<Millis>,
        /// What the customer pays by.
        by: Option<PayBy>,
        /// The order's deadline from now on (R-ORD-6).
        deadline: Millis,
    },
    /// A gateway, or the seller, told of a payment.
    PaymentNoted {
        /// The payment.
        payment: PaymentId,
        /// The order, if it is known.
        order: Option<OrderId>,
        /// Whose.
        customer: Option<CustomerId>,
        /// The order as it was named.
        named: Arc<str>,
        /// How far it has come.
        status: PaymentStatus,
        /// Minor units.
        amount: u64,
        /// ISO currency.
        currency: Arc<str>,
        /// How.
        method: Method,
        /// When the gateway lets it end.
        expires_at: Option<Millis>,
        /// What of it came in for the order.
        captured: u64,
        /// The order's deadline from now on, if this moves it.
        deadline: Option<Millis>,
    },
    /// Units of a line were taken again: from `available` to `allocated`. They belong to no drop.
    Allocated {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The line.
        line: u32,
        /// Units.
        qty: u32,
    },
    /// Units of a line were let go: from `allocated` to `available`, from where
    /// [`Event::Repaid`] and [`Event::Reserved`] may take them on.
    Unallocated {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The line.
        line: u32,
        /// Units.
        qty: u32,
        /// Cancelled: the line is shorter now.
        cancelled: bool,
    },
    /// Units of a line are with the customer: from `allocated` to `sold` (R-INV-7).
    Sold {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The line.
        line: u32,
        /// Units.
        qty: u32,
    },
    /// Units of a line came back: from `sold`, or `allocated` where they were not sold yet, to
    /// `available`, or out of the shop's hands.
    Returned {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// The line.
        line: u32,
        /// Units.
        qty: u32,
        /// For sale again.
        restocked: bool,
        /// Why.
        reason: Arc<str>,
    },
    /// Money is to be given back.
    RefundOwed {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// Minor units.
        amount: u64,
        /// Why.
        reason: Arc<str>,
    },
    /// Money was given back.
    Refunded {
        /// The order.
        order: OrderId,
        /// Whose.
        customer: CustomerId,
        /// Minor units.
        amount: u64,
        /// What the seller or the gateway notes of it.
        reference: Arc<str>,
    },
}

/// The reputation terms a booking was made on (decision 5). Each per unit, 0 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// Lost when the customer cancels.
    pub cancel: u8,
    /// Lost when it times out.
    pub timeout: u8,
    /// Lost when its order expires unpaid.
    pub unpaid: u8,
    /// Gained when it is paid.
    pub reward: u8,
}
