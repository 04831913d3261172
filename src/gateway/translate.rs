//! From the wire's requests to the domain's commands. Ids of new things are made here: they are
//! 128-bit and hard to guess, and a repeated request keeps the first ones.

mod orders;

use std::sync::Arc;

use crate::domain::command::DropSpec;
use crate::domain::time::MINUTE_MS;
use crate::domain::{BookingId, Command, CustomerId, DropId, LiveId, Millis, Mode, Role, SkuId};
use crate::protocol::asked::{Asked, DropMode, Units};
use uuid::Uuid;

/// Most units of one request: one tap of a billion would fill a waitlist for everybody.
const QTY_MAX: u32 = 1_000;

/// The field that is wrong.
pub(super) type Wrong = &'static str;

/// The command for what is asked in a live by somebody of this role. `settings.change` is none: it
/// needs the settings.
#[expect(clippy::too_many_lines, reason = "one arm for each request")]
pub(super) fn command(asked: &Asked, live: &LiveId, role: Role) -> Result<Option<Command>, Wrong> {
    Ok(Some(match asked {
        Asked::Book {
            drop,
            sku,
            qty,
            accept_partial,
            join_waitlist,
        } => Command::Book {
            booking: BookingId(Uuid::now_v7().as_u128()),
            live: live.clone(),
            drop: drop_id(drop)?,
            sku: sku_id(sku)?,
            qty: at_most(*qty)?,
            accept_partial: *accept_partial,
            join_waitlist: *join_waitlist,
        },
        Asked::Cancel { booking, qty } => Command::Cancel {
            booking: booking_id(booking)?,
            qty: *qty,
        },
        Asked::WaitLeave { drop, .. } => Command::Leave {
            drop: drop_id(drop)?,
        },
        Asked::DropOpen { .. } => open(asked, live)?,
        Asked::DropChange {
            drop,
            units,
            price,
            per_customer_limit,
            ends_at_ms,
        } => Command::ChangeDrop {
            drop: drop_id(drop)?,
            units: *units,
            price: *price,
            per_customer_limit: *per_customer_limit,
            ends_at: ends_at_ms.map(Millis),
        },
        Asked::DropPause { drop } => Command::PauseDrop {
            drop: drop_id(drop)?,
        },
        Asked::DropResume { drop } => Command::ResumeDrop {
            drop: drop_id(drop)?,
        },
        Asked::DropClose { drop, withdraw } => Command::CloseDrop {
            drop: drop_id(drop)?,
            withdraw: *withdraw,
        },
        Asked::DropPin { drop, pinned } => Command::PinDrop {
            drop: drop_id(drop)?,
            pinned: *pinned,
        },
        Asked::DropExtend { drop, minutes } => Command::ExtendDrop {
            drop: drop_id(drop)?,
            by_ms: u64::from(*minutes) * MINUTE_MS,
        },
        Asked::StockAdd { sku, qty, reason } => Command::AddStock {
            sku: sku_id(sku)?,
            qty: *qty,
            reason: Arc::from(&**reason),
        },
        Asked::StockSet {
            sku,
            on_hand,
            reason,
            force,
        } => Command::SetStock {
            sku: sku_id(sku)?,
            on_hand: *on_hand,
            reason: Arc::from(&**reason),
            force: *force,
        },
        Asked::BookingCancel { booking, reason } => Command::CancelBooking {
            booking: booking_id(booking)?,
            reason: Arc::from(&**reason),
        },
        Asked::CustomerRestrict {
            customer,
            restricted,
        } => Command::RestrictCustomer {
            customer: customer_id(customer)?,
            restricted: *restricted,
        },
        Asked::ReputationAdjust {
            customer,
            delta,
            reason,
        } => Command::AdjustReputation {
            customer: customer_id(customer)?,
            delta: *delta,
            reason: Arc::from(&**reason),
        },
        Asked::SkuActivate { skus, active } => Command::ActivateSkus {
            skus: skus
                .iter()
                .map(|sku| sku_id(sku))
                .collect::<Result<_, _>>()?,
            active: *active,
        },
        Asked::SettingsChange { .. } => return Ok(None),
        _ => orders::command(asked, role)?,
    }))
}

fn open(asked: &Asked, live: &LiveId) -> Result<Command, Wrong> {
    let Asked::DropOpen {
        sku,
        price,
        units,
        mode,
        opens_at_ms,
        ends_at_ms,
        per_customer_limit,
        booking_timeout_min,
        pinned,
    } = asked
    else {
        return Err("type");
    };
    Ok(Command::OpenDrop(Box::new(DropSpec {
        drop: DropId(Uuid::now_v7().as_u128()),
        live: live.clone(),
        sku: sku_id(sku)?,
        price: *price,
        units: match units {
            Units::Some(units) => Some(*units),
            Units::All => None,
        },
        mode: match mode {
            DropMode::Shared => Mode::Shared,
            DropMode::Carved => Mode::Carved,
        },
        opens_at: opens_at_ms.map(Millis),
        ends_at: ends_at_ms.map(Millis),
        per_customer_limit: *per_customer_limit,
        booking_timeout_ms: booking_timeout_min.map(|minutes| u64::from(minutes) * MINUTE_MS),
        pinned: *pinned,
    })))
}

/// The drop a request is about, if it is about one.
pub(super) fn drop_of(asked: &Asked) -> Option<DropId> {
    match asked {
        Asked::Book { drop, .. }
        | Asked::WaitLeave { drop, .. }
        | Asked::DropChange { drop, .. }
        | Asked::DropPause { drop }
        | Asked::DropResume { drop }
        | Asked::DropClose { drop, .. }
        | Asked::DropPin { drop, .. }
        | Asked::DropExtend { drop, .. } => drop_id(drop).ok(),
        _ => None,
    }
}

fn drop_id(text: &str) -> Result<DropId, Wrong> {
    text.parse().map_err(|_| "drop")
}

fn booking_id(text: &str) -> Result<BookingId, Wrong> {
    text.parse().map_err(|_| "booking")
}

fn sku_id(text: &str) -> Result<SkuId, Wrong> {
    SkuId::new(text).map_err(|_| "sku")
}

fn customer_id(text: &str) -> Result<CustomerId, Wrong> {
    CustomerId::new(text).map_err(|_| "customer")
}

fn at_most(qty: u32) -> Result<u32, Wrong> {
    if qty <= QTY_MAX { Ok(qty) } else { Err("qty") }
}
