//! Metrics of the record and of how far its readers are behind.

use super::catalogue::group;
use super::instrument::{Counter, Gauge, Histogram};

group! {
    /// Metrics of the journal and the feed.
    pub struct Journal {
        /// Time of one commit with its sync to disk: everybody who waits in the batch waits this long.
        commit_duration: Histogram = "lapak_journal_commit_duration_seconds", Seconds, LATENCY;
        /// Entries in one commit.
        commit_entries: Histogram = "lapak_journal_commit_entries", Things, COUNTS;
        /// Entries written.
        entries: Counter = "lapak_journal_entries_total", Things;
        /// Entries removed from the journal because they are old and in the ledger.
        trimmed: Counter = "lapak_journal_trimmed_entries_total", Things;
        /// Size of the journal on disk, with its write-ahead file.
        size: Gauge = "lapak_journal_size_bytes", Bytes;
        /// Commits that failed: what waited in them was answered as unknown or surely not done.
        failures: Counter = "lapak_journal_failures_total", Things;
        /// Entries written that the feed has not applied to the mirror, of the partition furthest behind.
        feed_lag_entries: Gauge = "lapak_feed_lag_entries", Things;
        /// Age of the oldest entry that the feed has not applied, 0 when there is none.
        feed_lag: Gauge = "lapak_feed_lag_seconds", Seconds;
    }
}
