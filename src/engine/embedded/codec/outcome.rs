//! Answers and refusals, and the decision as a whole.

use super::wire::{Code, CodecError, Reader, Writer, choice, record};
use crate::domain::answer::{CheckoutBegun, PaymentBegun};
use crate::domain::rejection::Limit;
use crate::domain::shop::Outcome;
use crate::domain::{Answer, Decision, Rejection};

record! {
    Decision { at, by, key, outcome, events, counts }
    Limit { limit, current, max_allowed }
    CheckoutBegun { checkout, ends_at, deadlines, goods, vat_bp, currency }
    PaymentBegun { order, payment, method, amount, currency, expires_at, by, deadline }
}

choice! {
    Answer {
        1 => Held { booking, qty, waiting, price, booked_at, deadline },
        2 => Waiting { qty, ahead },
        3 => Cancelled { booking, qty, penalty, reputation },
        4 => Left,
        5 => Done { drop },
        6 => DoneExcept { unknown },
        7 => Checkout(begun),
        8 => Ordered { order, total, currency, deadline },
        9 => Paying(begun),
        10 => DoneOrder { order },
    }
    Rejection {
        1 => Forbidden,
        2 => Invalid(field),
        3 => LiveNotFound,
        4 => DropNotFound,
        5 => DropNotOpen,
        6 => DropPaused,
        7 => SkuInactive,
        8 => Restricted,
        9 => ReputationLow { reputation, needed },
        10 => MaxItemQty(limit),
        11 => CartLimit(limit),
        12 => CustomerLimit(limit),
        13 => BookingCap(limit),
        14 => RebookCooldown { retry_ms },
        15 => SoldOut { available, waiting },
        16 => NotHeld(end),
        17 => DeadlinePassed,
        18 => NotYours,
        19 => IdempotencyConflict,
        20 => BelowCommitted { committed },
        21 => DigitalCannotTrack,
        22 => NotTracked,
        23 => InUse { committed },
        24 => CheckoutEnded,
        25 => OrderNotPayable(state),
        26 => OrderState(state),
        27 => NotArrived,
    }
}

impl Code for Outcome {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            Ok(answer) => {
                w.byte(0);
                answer.put(w);
            }
            Err(rejection) => {
                w.byte(1);
                rejection.put(w);
            }
        }
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        match r.byte()? {
            0 => Ok(Ok(Code::take(r)?)),
            1 => Ok(Err(Code::take(r)?)),
            tag => Err(CodecError::Tag {
                what: "Outcome",
                tag,
            }),
        }
    }
}

/// The fields that [`Rejection::Invalid`] can name, by number. Only ever added to, at the end.
/// The first stands for a field that is missing here.
pub(super) const FIELDS: &[&str] = &[
    "field",
    "before",
    "booking",
    "components",
    "deadline",
    "delta",
    "ends_at_ms",
    "id",
    "image",
    "minutes",
    "on_hand",
    "opens_at_ms",
    "per_customer_limit",
    "price",
    "qty",
    "reason",
    "settles_at_ms",
    "sku",
    "skus",
    "title",
    "units",
    "vat_bp",
    "checkout_timeout_ms",
    "order_auto_expire_ms",
    "booking_timeout_ms",
    "offer_ms",
    "offer_absent_ms",
    "oops_grace_ms",
    "rebook_cooldown_ms",
    "waitlist_after_end_ms",
    "penalty_cancel",
    "penalty_timeout",
    "penalty_unpaid",
    "reward_paid",
    "min_reputation",
    "bands",
    "group_max_bookings",
    "drop",
    "booking_timeout_min",
    "lang",
    "currency",
    "accent",
    "video",
    "links",
    "bookings",
    "checkout",
    "order",
    "lines",
    "line",
    "amount",
    "payment",
    "reference",
    "origin",
    "secured",
    "cod_min_reputation",
    "qris_max_hold_ms",
    "payment_grace_ms",
    "late_wait_ms",
];

/// A field's name, as its number in [`FIELDS`].
impl Code for &'static str {
    fn put(&self, w: &mut Writer<'_>) {
        let number = FIELDS.iter().position(|field| field == self);
        w.count(number.unwrap_or(0));
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        FIELDS
            .get(r.count()?)
            .copied()
            .ok_or(CodecError::Range("a field's name"))
    }
}
