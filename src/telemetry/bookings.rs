//! Metrics of what a seller cares about: bookings, expiry, waitlist, reputation, and the invariants.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::label;

label! {
    /// What came of a wish to book.
    pub enum BookingResult as "result" {
        Held = "held",
        Partial = "partial",
        Waiting = "waiting",
        SoldOut = "sold_out",
        Limit = "limit",
        Reputation = "reputation",
        DropClosed = "drop_closed",
        Refused = "refused",
        Unknown = "unknown",
    }
}

impl BookingResult {
    /// The result of a booking that was refused with a code.
    pub fn from_refusal(code: &str) -> Self {
        match code {
            "sold_out" => Self::SoldOut,
            "max_item_qty" | "cart_limit" | "customer_limit" | "booking_cap"
            | "rebook_cooldown" => Self::Limit,
            "reputation_low" | "restricted" => Self::Reputation,
            "drop_not_found" | "drop_not_open" | "drop_paused" | "sku_inactive" => Self::DropClosed,
            _ => Self::Refused,
        }
    }
}

label! {
    /// Who let a booking go.
    pub enum CancelledBy as "by" {
        Customer = "customer",
        Host = "host",
        System = "system",
    }
}

label! {
    /// Which way a reputation moved.
    pub enum Sign as "sign" {
        Up = "up",
        Down = "down",
    }
}

label! {
    /// The invariant of D.8 that did not hold.
    pub enum Rule as "rule" {
        Conservation = "conservation",
        NonNegative = "non_negative",
        NoOversell = "no_oversell",
        Derivation = "derivation",
        Ledger = "ledger",
        AtMostOnce = "at_most_once",
        Deadline = "deadline",
        Reputation = "reputation",
        Limits = "limits",
        Waitlist = "waitlist",
        Idempotency = "idempotency",
        Mirror = "mirror",
        Other = "other",
    } else Other
}

group! {
    /// Metrics of bookings and what follows from them.
    pub struct Bookings {
        /// Decided wishes to book, by result.
        decided: Family<Counter, BookingResult> = "lapak_bookings_total", Things;
        /// Units in bookings made, from taps and from the waitlist.
        units: Counter = "lapak_booked_units_total", Things;
        /// Bookings held now.
        held: Gauge = "lapak_bookings_held", Things;
        /// Entries in all waitlists now.
        waiters: Gauge = "lapak_waiters", Things;
        /// Bookings cancelled in whole or part, by who let them go.
        cancelled: Family<Counter, CancelledBy> = "lapak_booking_cancelled_total", Things;
        /// Bookings released because their deadline passed.
        expired: Counter = "lapak_booking_expired_total", Things;
        /// Time from a booking's deadline to the decision that released it.
        expiry_lateness: Histogram = "lapak_expiry_lateness_seconds", Seconds, LATENCY;
        /// How long the oldest booking that is due and not released is overdue, 0 when there is none.
        expiry_lag: Gauge = "lapak_expiry_lag_seconds", Seconds;
        /// Waiters that got units inside a releasing decision.
        promotions: Counter = "lapak_promotions_total", Things;
        /// Changes of a customer's reputation, by direction.
        reputation_changes: Family<Counter, Sign> = "lapak_reputation_changes_total", Things;
        /// Units promised beyond the stock. Must stay 0.
        oversold: Counter = "lapak_oversold_total", Things;
        /// Invariants found broken, by rule. Must stay 0.
        violations: Family<Counter, Rule> = "lapak_invariant_violations_total", Things;
    }
}
