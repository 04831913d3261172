//! The tables, column by column, as `migrations/` makes them. What is appended is never changed;
//! what is kept up to date can be made again from it.
//!
//! Times are milliseconds, money is in minor units, flags are 0 or 1, ids are texts. A place is
//! `(partition, epoch, seq)`, with `n` counting rows of the same kind within one entry.

use super::cell::{Text, table};

table! {
    /// Appended: every decision with the journal's own bytes, so that a journal can be made again.
    pub struct EntryRow = "entry", 3 {
        partition: i64, epoch: i64, seq: i64,
        shop: Text, at_ms: i64, role: Text, actor: Text,
        request: Option<Text>,
        /// `ok`, or the code of the refusal.
        outcome: Text,
        payload: Vec<u8>,
        /// The chain's checksum up to and with this entry.
        crc: i64,
    }
}

table! {
    /// Appended: units of a SKU that moved, all buckets in one row. What leaves one bucket comes
    /// into another, `outside` being the world: `available + drop_reserved + booked + allocated +
    /// sold - shortage + outside` is 0 in every row.
    pub struct Movement = "movement", 4 {
        partition: i64, epoch: i64, seq: i64, n: i64,
        shop: Text, sku: Text, at_ms: i64,
        cause: Text, reason: Option<Text>, actor: Text, customer: Option<Text>,
        booking: Option<Text>, order_id: Option<Text>, drop_id: Option<Text>,
        available: i64, drop_reserved: i64, booked: i64, allocated: i64, sold: i64, shortage: i64,
        outside: i64,
        /// The buckets after it.
        after_available: i64, after_drop_reserved: i64, after_booked: i64, after_allocated: i64,
        after_sold: i64, after_shortage: i64, after_outside: i64,
    }
}

table! {
    /// Kept up to date: where a SKU's units are, with the last entry that moved them.
    pub struct Balance = "balance", 2 {
        shop: Text, sku: Text,
        available: i64, drop_reserved: i64, booked: i64, allocated: i64, sold: i64, shortage: i64,
        outside: i64,
        stock_in: i64, stock_out: i64,
        partition: i64, epoch: i64, seq: i64,
    }
}

table! {
    /// Kept up to date: what a SKU is.
    pub struct SkuRow = "sku", 2 {
        shop: Text, sku: Text, title: Text, price: i64,
        active: i64, preorder: i64, physical: i64, tracked: i64,
        /// `sku*units` of each part of a combination, one a line.
        components: Text,
    }
}

table! {
    /// Kept up to date: a drop.
    pub struct DropRow = "drop_", 2 {
        shop: Text, drop_id: Text, live: Text, sku: Text, mode: Text, price: i64,
        cap: Option<i64>, reserved: i64, state: Text, made_ms: i64, ended_ms: Option<i64>,
    }
}

table! {
    /// Kept up to date: a booking and how it ended.
    pub struct BookingRow = "booking", 2 {
        shop: Text, booking: Text, customer: Text, drop_id: Text, sku: Text,
        /// Units at first, and those still held.
        qty: i64, held: i64,
        price: i64, origin: Text, booked_ms: i64, deadline_ms: i64,
        state: Text, reason: Option<Text>, ended_ms: Option<i64>,
    }
}

table! {
    /// Appended: what happened to a booking or an order, one step a row.
    pub struct Step = "step", 4 {
        partition: i64, epoch: i64, seq: i64, n: i64,
        shop: Text, at_ms: i64, actor: Text, what: Text,
        customer: Option<Text>, booking: Option<Text>, order_id: Option<Text>,
        line: Option<i64>, qty: Option<i64>,
        /// Units of the booking that are still held.
        held: Option<i64>,
        amount: Option<i64>, state: Option<Text>, reason: Option<Text>,
    }
}

table! {
    /// Kept up to date: an order.
    pub struct OrderRow = "order_", 2 {
        shop: Text, order_id: Text, customer: Text, origin: Text, currency: Text,
        vat_bp: i64, placed_ms: i64, state: Text, since_ms: i64, deadline_ms: Option<i64>,
        secured: Option<Text>, reason: Text,
        /// Goods and VAT as placed.
        placed_total: i64,
        captured: i64, refund_due: i64, refunded: i64,
    }
}

table! {
    /// Kept up to date: a line of an order.
    pub struct LineRow = "order_line", 3 {
        shop: Text, order_id: Text, line: i64,
        sku: Text, components: Text, booking: Option<Text>, drop_id: Option<Text>,
        price: i64, ordered: i64, qty: i64, allocated: i64, sold: i64, returned: i64,
    }
}

table! {
    /// Kept up to date: a payment at a gateway.
    pub struct PaymentRow = "payment", 2 {
        shop: Text, payment: Text, order_id: Option<Text>, named: Text, method: Text,
        status: Text, amount: i64, currency: Text, captured: i64, first_ms: i64, last_ms: i64,
        expires_ms: Option<i64>,
    }
}

table! {
    /// Appended: money of an order that came (`captured`), is owed back (`owed`), went back
    /// (`refunded`).
    pub struct Money = "money", 4 {
        partition: i64, epoch: i64, seq: i64, n: i64,
        shop: Text, at_ms: i64, order_id: Text, customer: Option<Text>,
        payment: Option<Text>, kind: Text, amount: i64, note: Option<Text>,
    }
}

table! {
    /// Appended: a change of a customer's reputation.
    pub struct Reputation = "reputation_entry", 4 {
        partition: i64, epoch: i64, seq: i64, n: i64,
        shop: Text, customer: Text, at_ms: i64, cause: Text,
        booking: Option<Text>, order_id: Option<Text>,
        nominal: i64, applied: i64, after: i64, reason: Option<Text>,
    }
}

table! {
    /// Kept up to date: a customer.
    pub struct CustomerRow = "customer", 2 {
        shop: Text, customer: Text, reputation: i64, restricted: i64, group_: Option<Text>,
    }
}

table! {
    /// Appended: settings that were put in force.
    pub struct SettingsRow = "settings", 3 {
        partition: i64, epoch: i64, seq: i64,
        shop: Text, at_ms: i64, actor: Text, body: Text,
    }
}

table! {
    /// Appended, each row's hash over itself and the hash before it (S-35): what people with a
    /// role did or tried.
    pub struct Trail = "audit_trail", 2 {
        shop: Text, n: i64,
        at_ms: i64, role: Text, actor: Text, request: Option<Text>,
        what: Text, before: Option<Text>, after: Option<Text>, outcome: Text,
        /// None for what was done beside the journal (an export).
        partition: Option<i64>, epoch: Option<i64>, seq: Option<i64>,
        hash: String,
    }
}

table! {
    /// Kept up to date: where a shop's audit trail ends.
    pub struct TrailHead = "trail_head", 1 {
        shop: String, n: i64, hash: String,
    }
}

table! {
    /// Kept up to date: how far each partition has been posted.
    pub struct Cursor = "cursor", 1 {
        partition: i64, epoch: i64, seq: i64, crc: i64, at_ms: i64, entries: i64,
    }
}
