//! What can be asked of a shop, and by whom (D.2, D.10).

mod name;

use std::sync::Arc;

pub use name::CommandName;

use super::drop::Mode;
use super::id::{BookingId, CustomerId, DropId, GroupId, LiveId, OrderId, PaymentId, SkuId};
use super::live::LiveSpec;
use super::order::{OrderOrigin, PayBy, Secured};
use super::payment::{Method, PaymentNote};
use super::settings::Settings;
use super::sku::SkuSpec;
use super::time::Millis;

/// A command, who gives it, and the id that makes it safe to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks, from the verified token.
    pub by: Actor,
    /// None for the system's own commands.
    pub key: Option<RequestKey>,
    /// What is asked.
    pub command: Command,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The token's role.
    pub role: Role,
    /// The token's subject.
    pub name: CustomerId,
}

/// Roles, each may what the one before may (D.10); the system is apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A customer.
    Viewer,
    /// Keeps order in a live.
    Moderator,
    /// Sells in a live.
    Host,
    /// Runs the shop.
    Admin,
    /// The sweeper and its kind.
    System,
}

/// What makes a request safe to repeat (R-BOOK-13). Unique per shop and caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestKey {
    /// The client's request id, a UUID.
    pub id: u128,
    /// A stable hash of the body, to notice another body under the same id.
    pub body: u64,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// B1: hold units of a drop for the caller.
    Book {
        /// The id the booking will have; also the waiting entry's.
        booking: BookingId,
        /// The live it is asked in.
        live: LiveId,
        /// The drop.
        drop: DropId,
        /// The drop's SKU, said again so that a stale page cannot book another thing.
        sku: SkuId,
        /// Units.
        qty: u32,
        /// Take fewer if limits or stock allow fewer (R-ORD-8).
        accept_partial: bool,
        /// Wait for what is not there.
        join_waitlist: bool,
    },
    /// B2: give back all or some units of the caller's booking.
    Cancel {
        /// The booking.
        booking: BookingId,
        /// Units; none = all.
        qty: Option<u32>,
    },
    /// B9: wait no more.
    Leave {
        /// The drop.
        drop: DropId,
    },
    /// B7: take a booking back, without penalty.
    CancelBooking {
        /// The booking.
        booking: BookingId,
        /// Told to the customer.
        reason: Arc<str>,
    },
    /// Make a drop; it opens at once or at its time.
    OpenDrop(Box<DropSpec>),
    /// Change a drop; what is none stays.
    ChangeDrop {
        /// The drop.
        drop: DropId,
        /// The new cap.
        units: Option<u32>,
        /// The new price; bookings keep theirs (E-25).
        price: Option<u64>,
        /// The new limit.
        per_customer_limit: Option<u32>,
        /// The new end.
        ends_at: Option<Millis>,
    },
    /// No bookings and promotions for now.
    PauseDrop {
        /// The drop.
        drop: DropId,
    },
    /// Take bookings again.
    ResumeDrop {
        /// The drop.
        drop: DropId,
    },
    /// End a drop.
    CloseDrop {
        /// The drop.
        drop: DropId,
        /// Also take back all its bookings, without penalty (E-5).
        withdraw: bool,
    },
    /// Show it first, or not.
    PinDrop {
        /// The drop.
        drop: DropId,
        /// Whether.
        pinned: bool,
    },
    /// B8: move the deadlines of the drop's bookings, and its end, later.
    ExtendDrop {
        /// The drop.
        drop: DropId,
        /// By how much.
        by_ms: u64,
    },
    /// Units came in (R-INV-9).
    AddStock {
        /// The SKU.
        sku: SkuId,
        /// Units.
        qty: u32,
        /// Why.
        reason: Arc<str>,
    },
    /// Units were counted (R-INV-10).
    SetStock {
        /// The SKU.
        sku: SkuId,
        /// What is really there.
        on_hand: u32,
        /// Why.
        reason: Arc<str>,
        /// Even below what is promised.
        force: bool,
    },
    /// Make or change a SKU. `on_hand` is the stock of a new SKU, or the count that a change of
    /// the way of counting needs while units are promised (R-INV-11); else it must be none.
    PutSku {
        /// The SKU.
        sku: SkuId,
        /// What it is.
        spec: Arc<SkuSpec>,
        /// Units.
        on_hand: Option<u32>,
    },
    /// Take SKUs on or off sale, each for itself (R-INV-6).
    ActivateSkus {
        /// The SKUs.
        skus: Vec<SkuId>,
        /// On or off.
        active: bool,
    },
    /// Forbid a customer to book, or allow it again.
    RestrictCustomer {
        /// Whom.
        customer: CustomerId,
        /// Whether.
        restricted: bool,
    },
    /// Put a customer into a group, or none.
    GroupCustomer {
        /// Whom.
        customer: CustomerId,
        /// Which.
        group: Option<GroupId>,
    },
    /// R-BOOK-15: set reputation right.
    AdjustReputation {
        /// Whose.
        customer: CustomerId,
        /// By how much, before the clamp.
        delta: i32,
        /// Why.
        reason: Arc<str>,
    },
    /// Replace the settings; running bookings keep their terms (E-25).
    ChangeSettings(Arc<Settings>),
    /// Make or change a live.
    PutLive {
        /// The live.
        live: LiveId,
        /// What it is.
        spec: Arc<LiveSpec>,
    },
    /// End a live; its open drops end with it.
    EndLive {
        /// The live.
        live: LiveId,
    },
    /// A waiting customer has come, or has been away for a while (B10).
    SeeCustomer {
        /// Whom.
        customer: CustomerId,
        /// Whether they are away.
        absent: bool,
    },
    /// B3: end a booking whose deadline has passed.
    Expire {
        /// The booking.
        booking: BookingId,
    },
    /// Open a scheduled drop whose time has come.
    StartDrop {
        /// The drop.
        drop: DropId,
    },
    /// End a drop whose time has come.
    EndDrop {
        /// The drop.
        drop: DropId,
    },
    /// End waiting for a drop that ended a while ago.
    SettleDrop {
        /// The drop.
        drop: DropId,
    },
    /// Forget answers and ended bookings older than this.
    Forget {
        /// Before when.
        before: Millis,
    },
    /// B4: begin to order some of the caller's bookings.
    StartCheckout {
        /// The id it will have, and its order after it.
        checkout: OrderId,
        /// What is to be ordered.
        bookings: Vec<BookingId>,
    },
    /// B5: a checkout's time has come.
    LeaveCheckout {
        /// Which.
        checkout: OrderId,
    },
    /// B6: order what is in the caller's checkout.
    PlaceOrder {
        /// The checkout, and the order's id.
        checkout: OrderId,
    },
    /// O1': order without bookings, for a customer (R-BOOK-5).
    TakeOrder(Box<OrderSpec>),
    /// Begin to pay the caller's order; replaces the way begun before (R-ORD-6, E-24).
    StartPayment {
        /// The order.
        order: OrderId,
        /// The gateway's id.
        payment: PaymentId,
        /// How.
        method: Method,
        /// When the gateway lets it end.
        expires_at: Option<Millis>,
        /// What the customer pays by.
        by: Option<PayBy>,
    },
    /// What a gateway says of a payment (D.5). It never refuses: what does not fit is kept.
    NotePayment(Box<PaymentNote>),
    /// The seller has seen the money (O2).
    ReceivePayment {
        /// The order.
        order: OrderId,
        /// The id it will have.
        payment: PaymentId,
        /// Minor units.
        amount: u64,
        /// How it came.
        method: Method,
        /// What the seller notes of it.
        reference: Arc<str>,
    },
    /// The seller takes a promise for the money (R-ORD-9).
    ConfirmOrder {
        /// The order.
        order: OrderId,
        /// Which promise.
        secured: Secured,
    },
    /// O4, O5: the customer takes back an unpaid order, or some units of it.
    CancelOwnOrder {
        /// The order.
        order: OrderId,
        /// Line and units; empty = all.
        lines: Vec<(u32, u32)>,
    },
    /// O4, O5, O6: the seller does, before it is shipped.
    CancelOrder {
        /// The order.
        order: OrderId,
        /// Line and units; empty = all.
        lines: Vec<(u32, u32)>,
        /// Told to the customer.
        reason: Arc<str>,
        /// The customer asked for it: a reward is taken back (R-BOOK-9).
        at_customers_request: bool,
    },
    /// O7.
    ShipOrder {
        /// The order.
        order: OrderId,
    },
    /// O8, also for what was picked up.
    FinishOrder {
        /// The order.
        order: OrderId,
    },
    /// O10: nobody took it at the door.
    RefuseOrder {
        /// The order.
        order: OrderId,
    },
    /// O9: units came back.
    ReturnOrder {
        /// The order.
        order: OrderId,
        /// The line.
        line: u32,
        /// Units.
        qty: u32,
        /// For sale again; else written off.
        restock: bool,
        /// Why.
        reason: Arc<str>,
    },
    /// Money was given back.
    RefundOrder {
        /// The order.
        order: OrderId,
        /// Minor units.
        amount: u64,
        /// What the seller notes of it.
        reference: Arc<str>,
    },
    /// O3, or the end of a late wait: an order's time has come.
    ExpireOrder {
        /// The order.
        order: OrderId,
    },
}

/// An order without bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSpec {
    /// The id it will have.
    pub order: OrderId,
    /// Whose.
    pub customer: CustomerId,
    /// Where it came from; not a live.
    pub origin: OrderOrigin,
    /// ISO currency.
    pub currency: Arc<str>,
    /// SKU, units, price of a unit (the SKU's own if none).
    pub lines: Vec<(SkuId, u32, Option<u64>)>,
}

/// A new drop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropSpec {
    /// The id it will have.
    pub drop: DropId,
    /// The live.
    pub live: LiveId,
    /// A plain or combination SKU.
    pub sku: SkuId,
    /// The SKU's own price if none.
    pub price: Option<u64>,
    /// The cap; none = all there are.
    pub units: Option<u32>,
    /// Where units come from.
    pub mode: Mode,
    /// At once if none.
    pub opens_at: Option<Millis>,
    /// By the host if none.
    pub ends_at: Option<Millis>,
    /// 0 = no limit.
    pub per_customer_limit: u32,
    /// The shop's time if none.
    pub booking_timeout_ms: Option<u64>,
    /// Shown first.
    pub pinned: bool,
}

impl Command {
    /// The least role that may give this command (D.10, I-19). Only the system itself may let
    /// time pass.
    pub fn least_role(&self) -> Role {
        match self {
            Self::Book { .. }
            | Self::Cancel { .. }
            | Self::Leave { .. }
            | Self::StartCheckout { .. }
            | Self::PlaceOrder { .. }
            | Self::StartPayment { .. }
            | Self::CancelOwnOrder { .. } => Role::Viewer,
            Self::CancelBooking { .. }
            | Self::PauseDrop { .. }
            | Self::ResumeDrop { .. }
            | Self::PinDrop { .. }
            | Self::RestrictCustomer { .. } => Role::Moderator,
            Self::OpenDrop(_)
            | Self::ChangeDrop { .. }
            | Self::CloseDrop { .. }
            | Self::ExtendDrop { .. }
            | Self::AddStock { .. }
            | Self::ActivateSkus { .. }
            | Self::ReceivePayment { .. }
            | Self::ConfirmOrder { .. }
            | Self::CancelOrder { .. }
            | Self::ShipOrder { .. }
            | Self::FinishOrder { .. }
            | Self::RefuseOrder { .. }
            | Self::ReturnOrder { .. }
            | Self::RefundOrder { .. } => Role::Host,
            Self::SetStock { force, .. } => {
                if *force {
                    Role::Admin
                } else {
                    Role::Host
                }
            }
            Self::PutSku { .. }
            | Self::GroupCustomer { .. }
            | Self::AdjustReputation { .. }
            | Self::ChangeSettings(_)
            | Self::PutLive { .. }
            | Self::EndLive { .. }
            | Self::TakeOrder(_) => Role::Admin,
            Self::SeeCustomer { .. }
            | Self::Expire { .. }
            | Self::StartDrop { .. }
            | Self::EndDrop { .. }
            | Self::SettleDrop { .. }
            | Self::Forget { .. }
            | Self::LeaveCheckout { .. }
            | Self::NotePayment(_)
            | Self::ExpireOrder { .. } => Role::System,
        }
    }
}
