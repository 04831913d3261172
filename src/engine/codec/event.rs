//! Events.

use super::wire::{Code, CodecError, Reader, Writer, choice, record};
use crate::domain::Event;
use crate::domain::order::{Placed, PlacedLine};

record! {
    Placed { order, customer, origin, currency, vat_bp, lines, expire_ms, deadline }
    PlacedLine { booking, drop, sku, title, components, qty, price, terms }
}

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
        30 => CheckoutStarted { checkout, customer, bookings, ends_at, extended },
        31 => CheckoutLeft { checkout, customer },
        32 => OrderPlaced(placed),
        33 => OrderMoved { order, customer, to, deadline, secured, reason },
        34 => OrderChecking { order, customer, payment, until },
        35 => PaymentStarted { order, customer, payment, method, amount, expires_at, by, deadline },
        36 => PaymentNoted {
            payment, order, customer, named, status, amount, currency, method, expires_at,
            captured, deadline,
        },
        37 => Allocated { order, customer, line, qty },
        38 => Unallocated { order, customer, line, qty, cancelled },
        39 => Sold { order, customer, line, qty },
        40 => Returned { order, customer, line, qty, restocked, reason },
        41 => RefundOwed { order, customer, amount, reason },
        42 => Refunded { order, customer, amount, reference },
    }
}
