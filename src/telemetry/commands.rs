//! Metrics of what is asked and decided.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::{Labels, label};

label! {
    /// A command's `type` on the wire; `sweep` and `import` are asked by the server itself.
    pub enum CommandType as "type" {
        Book = "book",
        Cancel = "cancel",
        WaitLeave = "wait.leave",
        CheckoutStart = "checkout.start",
        CheckoutPlace = "checkout.place",
        PaymentStart = "payment.start",
        OrderPlace = "order.place",
        OrderConfirm = "order.confirm",
        OrderPay = "order.pay",
        OrderShip = "order.ship",
        OrderFinish = "order.finish",
        OrderCancel = "order.cancel",
        OrderRefuse = "order.refuse",
        OrderReturn = "order.return",
        OrderRefund = "order.refund",
        DropOpen = "drop.open",
        DropChange = "drop.change",
        DropPause = "drop.pause",
        DropResume = "drop.resume",
        DropClose = "drop.close",
        DropPin = "drop.pin",
        DropExtend = "drop.extend",
        StockAdd = "stock.add",
        StockSet = "stock.set",
        BookingCancel = "booking.cancel",
        CustomerRestrict = "customer.restrict",
        SettingsChange = "settings.change",
        SkuActivate = "sku.activate",
        Import = "import",
        Sweep = "sweep",
        Other = "other",
    } else Other
}

label! {
    /// The answer to a command: three outcomes, and an answer given again.
    pub enum CommandResult as "result" {
        Accepted = "accepted",
        Refused = "refused",
        Unknown = "unknown",
        Replayed = "replayed",
    }
}

label! {
    /// The code of a decision: `ok`, `unknown`, or the code of the refusal.
    pub enum DecisionCode as "code" {
        Ok = "ok",
        Unknown = "unknown",
        Unauthorized = "unauthorized",
        Forbidden = "forbidden",
        Invalid = "invalid",
        RateLimited = "rate_limited",
        StaleEpoch = "stale_epoch",
        LiveNotFound = "live_not_found",
        DropNotFound = "drop_not_found",
        DropNotOpen = "drop_not_open",
        DropPaused = "drop_paused",
        SkuInactive = "sku_inactive",
        Restricted = "restricted",
        ReputationLow = "reputation_low",
        MaxItemQty = "max_item_qty",
        CartLimit = "cart_limit",
        CustomerLimit = "customer_limit",
        BookingCap = "booking_cap",
        RebookCooldown = "rebook_cooldown",
        SoldOut = "sold_out",
        NotHeld = "not_held",
        DeadlinePassed = "deadline_passed",
        NotYours = "not_yours",
        CheckoutEnded = "checkout_ended",
        OrderNotPayable = "order_not_payable",
        OrderState = "order_state",
        NotArrived = "not_arrived",
        IdempotencyConflict = "idempotency_conflict",
        BelowCommitted = "below_committed",
        DigitalCannotTrack = "digital_cannot_track",
        ManagedBySharedInventory = "managed_by_shared_inventory",
        Cooldown = "cooldown",
        NotTracked = "not_tracked",
        InUse = "in_use",
        Other = "other",
    } else Other
}

/// The outcome of a decision and its code. Only pairs that can be are series: `ok` is accepted,
/// `unknown` is unknown, every other code is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision(DecisionCode);

impl Decision {
    /// The command was carried out.
    pub const ACCEPTED: Self = Self(DecisionCode::Ok);
    /// Nobody knows whether it was.
    pub const UNKNOWN: Self = Self(DecisionCode::Unknown);

    /// The command was refused with a code; one that is not in the list counts as `other`.
    pub fn refused(code: &str) -> Self {
        match DecisionCode::from_text(code) {
            DecisionCode::Ok | DecisionCode::Unknown => Self(DecisionCode::Other),
            code => Self(code),
        }
    }

    fn outcome(self) -> &'static str {
        match self {
            Self::ACCEPTED => "accepted",
            Self::UNKNOWN => "unknown",
            Self(_) => "refused",
        }
    }
}

impl Labels for Decision {
    const NAMES: &'static [&'static str] = &["outcome", "code"];
    const COUNT: usize = DecisionCode::ALL.len();

    fn index(self) -> usize {
        self.0 as usize
    }

    fn texts(index: usize) -> Vec<&'static str> {
        let code = DecisionCode::ALL[index];
        vec![Self(code).outcome(), code.text()]
    }
}

label! {
    /// Whether a request id that was seen before came with the same body.
    pub enum ReplayMatch as "match" {
        Same = "same",
        Conflict = "conflict",
    }
}

label! {
    /// Whose allowance was used up.
    pub enum RateScope as "scope" {
        Customer = "customer",
        Connection = "connection",
        Address = "address",
        Connect = "connect",
        Auth = "auth",
    }
}

group! {
    /// Metrics of commands at the door and of decisions in the engine.
    pub struct Commands {
        /// Commands answered at the door, by type and result.
        answered: Family<Counter, (CommandType, CommandResult)> = "lapak_commands_total", Things;
        /// Time from reading a command to writing its answer, by type.
        duration: Family<Histogram, CommandType> = "lapak_command_duration_seconds", Seconds, LATENCY;
        /// Commands read and not answered yet.
        inflight: Gauge = "lapak_inflight_commands", Things;
        /// Commands turned away before the engine because a rate was exceeded, by whose.
        rate_limited: Family<Counter, RateScope> = "lapak_rate_limited_total", Things;
        /// Decisions of the engine, by outcome and code; replayed answers are not decided again.
        decisions: Family<Counter, Decision> = "lapak_decisions_total", Things;
        /// Time from handing a command to the engine to its answer: mailbox, decision and journal commit.
        decision_duration: Histogram = "lapak_decision_duration_seconds", Seconds, LATENCY;
        /// Commands that wait in the mailboxes of all partitions.
        mailbox: Gauge = "lapak_mailbox_commands", Things;
        /// Commands with a request id that was answered before, by whether the body was the same.
        replays: Family<Counter, ReplayMatch> = "lapak_idempotent_replays_total", Things;
        /// Commands whose outcome the caller was told is unknown.
        unknown_outcomes: Counter = "lapak_unknown_outcomes_total", Things;
    }
}
