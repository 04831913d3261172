//! Metrics of payments: what gateways told us.

use super::catalogue::group;
use super::instrument::{Counter, Family};
use super::label::label;

label! {
    /// What became of a notification. `bad_signature` and `stale` may be anybody's; the others are
    /// a gateway's, and `malformed`, `not_ours` and `refused` want somebody to look.
    pub enum NoticeResult as "result" {
        Noted = "noted",
        Beside = "beside",
        BadSignature = "bad_signature",
        Stale = "stale",
        Malformed = "malformed",
        NotOurs = "not_ours",
        Refused = "refused",
        Unavailable = "unavailable",
        Unknown = "unknown",
    } else Malformed
}

group! {
    /// Metrics of payments.
    pub struct Payments {
        /// Notifications of payment gateways, by what became of them; the sandbox's too.
        notices: Family<Counter, NoticeResult> = "lapak_payment_notices_total", Things;
    }
}
