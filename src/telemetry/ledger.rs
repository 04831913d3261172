//! Metrics of the books and of how far they are behind the journal.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::label;

label! {
    /// A view of the books that must be empty.
    pub enum LedgerView as "view" {
        Conservation = "v_conservation",
        Unexplained = "v_unexplained",
        Balance = "v_balance",
        BookingEndedTwice = "v_booking_ended_twice",
        PaymentUnmatched = "v_payment_unmatched",
        Gap = "v_gap",
        Money = "v_money",
        Reputation = "v_reputation",
        RewardTwice = "v_reward_twice",
        Other = "other",
    } else Other
}

group! {
    /// Metrics of the ledger and of `settle`.
    pub struct Ledger {
        /// Entries posted to the ledger by this process.
        posted: Counter = "lapak_ledger_posted_entries_total", Things;
        /// Time of one posting: reading the entries, and one transaction with its sync.
        batch_duration: Histogram = "lapak_ledger_batch_duration_seconds", Seconds, LATENCY;
        /// Entries of the journal that are not in the ledger, all partitions together.
        lag_entries: Gauge = "lapak_ledger_lag_entries", Things;
        /// Age of the oldest entry of the journal that is not in the ledger, 0 when there is none.
        lag: Gauge = "lapak_ledger_lag_seconds", Seconds;
        /// Rows in the views of the ledger that must be empty, by view; counted about once a minute.
        view_rows: Family<Gauge, LedgerView> = "lapak_ledger_view_rows", Things;
        /// Whether the ledger takes entries: 0 while it cannot be reached, or was emptied.
        up: Gauge = "lapak_ledger_up", Flag;
        /// Whether posting has stopped until somebody repairs it: `lapak rebuild`, see the log.
        broken: Gauge = "lapak_ledger_broken", Flag;
        /// Postings that failed; each is tried again.
        failures: Counter = "lapak_ledger_failures_total", Things;
    }
}
