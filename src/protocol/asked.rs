//! What a client may ask, as the wire writes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::fnv1a;

/// What is asked. Shapes and meaning: docs/PROTOCOL.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub enum Asked {
    #[serde(rename = "book")]
    Book {
        drop: String,
        sku: String,
        #[serde(default = "one")]
        qty: u32,
        #[serde(default)]
        accept_partial: bool,
        #[serde(default)]
        join_waitlist: bool,
    },
    #[serde(rename = "cancel")]
    Cancel { booking: String, qty: Option<u32> },
    #[serde(rename = "wait.leave")]
    WaitLeave { drop: String, sku: Option<String> },
    #[serde(rename = "drop.open")]
    DropOpen {
        sku: String,
        price: Option<u64>,
        #[serde(default)]
        units: Units,
        #[serde(default)]
        mode: DropMode,
        opens_at_ms: Option<u64>,
        ends_at_ms: Option<u64>,
        #[serde(default)]
        per_customer_limit: u32,
        booking_timeout_min: Option<u32>,
        #[serde(default)]
        pinned: bool,
    },
    #[serde(rename = "drop.change")]
    DropChange {
        drop: String,
        units: Option<u32>,
        price: Option<u64>,
        per_customer_limit: Option<u32>,
        ends_at_ms: Option<u64>,
    },
    #[serde(rename = "drop.pause")]
    DropPause { drop: String },
    #[serde(rename = "drop.resume")]
    DropResume { drop: String },
    #[serde(rename = "drop.close")]
    DropClose {
        drop: String,
        #[serde(default)]
        withdraw: bool,
    },
    #[serde(rename = "drop.pin")]
    DropPin {
        drop: String,
        #[serde(default = "yes")]
        pinned: bool,
    },
    #[serde(rename = "drop.extend")]
    DropExtend { drop: String, minutes: u32 },
    #[serde(rename = "stock.add")]
    StockAdd {
        sku: String,
        qty: u32,
        reason: String,
    },
    #[serde(rename = "stock.set")]
    StockSet {
        sku: String,
        on_hand: u32,
        reason: String,
        #[serde(default)]
        force: bool,
    },
    #[serde(rename = "booking.cancel")]
    BookingCancel { booking: String, reason: String },
    #[serde(rename = "customer.restrict")]
    CustomerRestrict { customer: String, restricted: bool },
    #[serde(rename = "reputation.adjust")]
    ReputationAdjust {
        customer: String,
        delta: i32,
        reason: String,
    },
    #[serde(rename = "sku.activate")]
    SkuActivate { skus: Vec<String>, active: bool },
    #[serde(rename = "checkout.start")]
    CheckoutStart { bookings: Vec<String> },
    #[serde(rename = "checkout.place")]
    CheckoutPlace { checkout: String },
    #[serde(rename = "payment.start")]
    PaymentStart { order: String, method: PayMethod },
    #[serde(rename = "order.place")]
    OrderPlace {
        customer: String,
        currency: String,
        origin: Origin,
        lines: Vec<NewLine>,
    },
    #[serde(rename = "order.confirm")]
    OrderConfirm { order: String, secured: Security },
    #[serde(rename = "order.pay")]
    OrderPay {
        order: String,
        amount: u64,
        #[serde(default = "by_transfer")]
        method: PayMethod,
        #[serde(default)]
        reference: String,
    },
    #[serde(rename = "order.ship")]
    OrderShip { order: String },
    #[serde(rename = "order.finish")]
    OrderFinish { order: String },
    #[serde(rename = "order.cancel")]
    OrderCancel {
        order: String,
        #[serde(default)]
        lines: Vec<LineUnits>,
        reason: Option<String>,
        #[serde(default)]
        at_customers_request: bool,
    },
    #[serde(rename = "order.refuse")]
    OrderRefuse { order: String },
    #[serde(rename = "order.return")]
    OrderReturn {
        order: String,
        line: u32,
        qty: u32,
        restock: bool,
        reason: String,
    },
    #[serde(rename = "order.refund")]
    OrderRefund {
        order: String,
        amount: u64,
        #[serde(default)]
        reference: String,
    },
    #[serde(rename = "settings.change")]
    SettingsChange {
        settings: serde_json::Map<String, Value>,
    },
}

/// How many units a drop has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Units {
    /// This many.
    Some(u32),
    /// `"all"`: as many as there are.
    #[default]
    #[serde(with = "all")]
    All,
}

/// Where a drop's units come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DropMode {
    /// From what is for sale anyway.
    #[default]
    Shared,
    /// From what was set aside.
    Carved,
}

/// `Units::All` is the word `"all"`.
mod all {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("all")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<(), D::Error> {
        match &*String::deserialize(from)? {
            "all" => Ok(()),
            _ => Err(D::Error::custom("units is a number or \"all\"")),
        }
    }
}

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub enum PayMethod {
    Qris,
    Transfer,
    Va,
    Ewallet,
    Card,
    #[serde(alias = "cash")]
    Cod,
    Credit,
}

/// What stands for the money of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Cash on delivery.
    Cod,
    /// Credit terms.
    Credit,
}

/// Where an order without bookings came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The shop's own site.
    Web,
    /// A marketplace.
    Channel,
}

/// A line of an order without bookings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub struct NewLine {
    pub sku: String,
    pub qty: u32,
    pub price: Option<u64>,
}

/// Units of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the wire's own names, explained in docs/PROTOCOL.md"
)]
pub struct LineUnits {
    pub line: u32,
    pub qty: u32,
}

fn by_transfer() -> PayMethod {
    PayMethod::Transfer
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Asked {
    /// The types a client may ask.
    pub const TYPES: [&'static str; 29] = [
        "book",
        "cancel",
        "wait.leave",
        "drop.open",
        "drop.change",
        "drop.pause",
        "drop.resume",
        "drop.close",
        "drop.pin",
        "drop.extend",
        "stock.add",
        "stock.set",
        "booking.cancel",
        "customer.restrict",
        "reputation.adjust",
        "sku.activate",
        "checkout.start",
        "checkout.place",
        "payment.start",
        "order.place",
        "order.confirm",
        "order.pay",
        "order.ship",
        "order.finish",
        "order.cancel",
        "order.refuse",
        "order.return",
        "order.refund",
        "settings.change",
    ];

    /// Its type, as the wire writes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Book { .. } => "book",
            Self::Cancel { .. } => "cancel",
            Self::WaitLeave { .. } => "wait.leave",
            Self::DropOpen { .. } => "drop.open",
            Self::DropChange { .. } => "drop.change",
            Self::DropPause { .. } => "drop.pause",
            Self::DropResume { .. } => "drop.resume",
            Self::DropClose { .. } => "drop.close",
            Self::DropPin { .. } => "drop.pin",
            Self::DropExtend { .. } => "drop.extend",
            Self::StockAdd { .. } => "stock.add",
            Self::StockSet { .. } => "stock.set",
            Self::BookingCancel { .. } => "booking.cancel",
            Self::CustomerRestrict { .. } => "customer.restrict",
            Self::ReputationAdjust { .. } => "reputation.adjust",
            Self::SkuActivate { .. } => "sku.activate",
            Self::CheckoutStart { .. } => "checkout.start",
            Self::CheckoutPlace { .. } => "checkout.place",
            Self::PaymentStart { .. } => "payment.start",
            Self::OrderPlace { .. } => "order.place",
            Self::OrderConfirm { .. } => "order.confirm",
            Self::OrderPay { .. } => "order.pay",
            Self::OrderShip { .. } => "order.ship",
            Self::OrderFinish { .. } => "order.finish",
            Self::OrderCancel { .. } => "order.cancel",
            Self::OrderRefuse { .. } => "order.refuse",
            Self::OrderReturn { .. } => "order.return",
            Self::OrderRefund { .. } => "order.refund",
            Self::SettingsChange { .. } => "settings.change",
        }
    }

    /// A stable hash of what is asked.
    pub fn body(&self) -> u64 {
        // A value of our own type always serialises; were it not so, the hash would only be weak.
        fnv1a(&serde_json::to_vec(self).unwrap_or_default())
    }
}
