//! Metrics of orders and of the money for them.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge};
use super::label::label;

label! {
    /// Where an order stands (D.3).
    pub enum StateLabel as "state" {
        AwaitingPayment = "awaiting_payment",
        Confirmed = "confirmed",
        Paid = "paid",
        Shipped = "shipped",
        Finished = "finished",
        Cancelled = "cancelled",
        Expired = "expired",
        LateWait = "late_wait",
        RefundDue = "refund_due",
        Refunded = "refunded",
        Returned = "returned",
        Other = "other",
    } else Other
}

label! {
    /// What was told of a payment.
    pub enum PaymentLabel as "outcome" {
        Started = "started",
        Pending = "pending",
        Failed = "failed",
        Expired = "expired",
        Settled = "settled",
        RefundPending = "refund_pending",
        Refunded = "refunded",
        Unmatched = "unmatched",
        Other = "other",
    } else Other
}

group! {
    /// Metrics of orders.
    pub struct Orders {
        /// Orders that are kept now, by where they stand.
        by_state: Family<Gauge, StateLabel> = "lapak_orders", Things;
        /// Orders that money is owed back for now.
        owing: Gauge = "lapak_orders_refund_due", Things;
        /// Orders moved, by where to; a new one begins by awaiting payment.
        moved: Family<Counter, StateLabel> = "lapak_orders_moved_total", Things;
        /// What was told of payments; unmatched ones name no order that is known.
        payments: Family<Counter, PaymentLabel> = "lapak_payments_total", Things;
        /// Orders whose gateway was asked before they expired.
        checked: Counter = "lapak_order_inquiries_total", Things;
    }
}
