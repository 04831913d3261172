//! Events.

use super::wire::{Code, CodecError, Reader, Writer, choice};
use crate::domain::Event;

choice! {
    Event {
        1 => Booked { booking, customer, drop, qty, price, deadline, terms, origin },
        2 => Released { booking, customer, drop, qty, left, deadline, end, reason, oops, cooldown_until },
        3 => Repaid { sku, qty },
        4 => Reserved { drop, qty },
        5 => Unreserved { drop, qty },
        6 => CapCut { drop, qty },
        7 => Extended { booking, customer, deadline },
        8 => Joined { drop, place, booking, customer, qty, accept_partial },
        9 => Skipped { drop, place, customer },
        10 => Unqueued { drop, place, customer, left },
        11 => ReputationChanged { customer, cause, booking, nominal, applied, after, reason },
        12 => DropMade {
            drop, live, sku, price, mode, cap, opens_at, ends_at, per_customer_limit,
            booking_timeout_ms, pinned,
        },
        13 => DropStarted { drop },
        14 => DropChanged { drop, cap, price, per_customer_limit, ends_at, pinned },
        15 => DropPaused { drop, frozen },
        16 => DropResumed { drop },
        17 => DropEnded { drop, settles_at },
        18 => DropSettled { drop },
        19 => StockMoved { sku, came, went, short, reason },
        20 => SkuPut { sku, spec },
        21 => Rebased { sku, on_hand },
        22 => SkuActivated { sku, active },
        23 => CustomerRestricted { customer, restricted },
        24 => CustomerGrouped { customer, group },
        25 => CustomerSeen { customer, absent },
        26 => SettingsChanged(settings),
        27 => LivePut { live, spec },
        28 => LiveEnded { live },
        29 => Forgotten { before },
    }
}
