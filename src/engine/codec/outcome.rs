//! Answers and refusals, and the decision as a whole.

use super::wire::{Code, CodecError, Reader, Writer, choice, record};
use crate::domain::answer::{CheckoutBegun, PaymentBegun};
use crate::domain::rejection::Limit;
use crate::domain::shop::Outcome;
use crate::domain::{Answer, CommandName, Decision, Rejection};

record! {
    Limit { limit, current, max_allowed }
    CheckoutBegun { checkout, ends_at, deadlines, goods, vat_bp, currency }
    PaymentBegun { order, payment, method, amount, currency, expires_at, by, deadline }
}

/// The first format of entries that keeps the command's name.
const NAMES_SINCE: u8 = 3;

choice! {
    CommandName {
        0 => Unknown,
        1 => Book,
        2 => Cancel,
        3 => Leave,
        4 => CancelBooking,
        5 => OpenDrop,
        6 => ChangeDrop,
        7 => PauseDrop,
        8 => ResumeDrop,
        9 => CloseDrop,
        10 => PinDrop,
        11 => ExtendDrop,
        12 => AddStock,
        13 => SetStock,
        14 => PutSku,
        15 => ActivateSkus,
        16 => RestrictCustomer,
        17 => GroupCustomer,
        18 => AdjustReputation,
        19 => ChangeSettings,
        20 => PutLive,
        21 => EndLive,
        22 => SeeCustomer,
        23 => Expire,
        24 => StartDrop,
        25 => EndDrop,
        26 => SettleDrop,
        27 => Forget,
        28 => StartCheckout,
        29 => LeaveCheckout,
        30 => PlaceOrder,
        31 => TakeOrder,
        32 => StartPayment,
        33 => NotePayment,
        34 => ReceivePayment,
        35 => ConfirmOrder,
        36 => CancelOwnOrder,
        37 => CancelOrder,
        38 => ShipOrder,
        39 => FinishOrder,
        40 => RefuseOrder,
        41 => ReturnOrder,
        42 => RefundOrder,
        43 => ExpireOrder,
    }
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

/// The command's name is of format 3 and later.
impl Code for Decision {
    fn put(&self, w: &mut Writer<'_>) {
        let Self {
            at,
            by,
            key,
            command,
            outcome,
            events,
            counts,
        } = self;
        at.put(w);
        by.put(w);
        key.put(w);
        outcome.put(w);
        events.put(w);
        counts.put(w);
        command.put(w);
    }

    fn take(r: &mut Reader<'_>) -> Result<Self, CodecError> {
        let mut decision = Self {
            at: Code::take(r)?,
            by: Code::take(r)?,
            key: Code::take(r)?,
            command: CommandName::Unknown,
            outcome: Code::take(r)?,
            events: Code::take(r)?,
            counts: Code::take(r)?,
        };
        if r.format >= NAMES_SINCE {
            decision.command = Code::take(r)?;
        }
        Ok(decision)
    }
}

#[cfg(test)]
impl super::any::Any for Decision {
    fn any(g: &mut super::any::Gen) -> Self {
        Self {
            at: g.any(),
            by: g.any(),
            key: g.any(),
            command: g.any(),
            outcome: g.any(),
            events: g.any(),
            counts: g.any(),
        }
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
