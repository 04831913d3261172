//! A shop's settings (source 5). Limits of 0 mean "no limit"; reputation steps of 0 mean "off".

use std::collections::BTreeMap;

use super::id::GroupId;
use super::time::{MINUTE_MS, SECOND_MS};

/// What the shop has set. Changed only by a command, so that the journal knows when.
#[expect(clippy::struct_excessive_bools, reason = "switches of one page")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// VAT (PPN) in basis points (R-ORD-1).
    pub vat_bp: u32,
    /// Most units of one SKU in one order, 0 = no limit (R-ORD-2).
    pub max_item_qty: u32,
    /// Most units in a customer's cart, 0 = no limit (R-ORD-3).
    pub max_cart_units: u32,
    /// How long a checkout may last (R-ORD-4).
    pub checkout_timeout_ms: u64,
    /// How long an order may stay unpaid (R-ORD-5).
    pub order_auto_expire_ms: u64,
    /// How long a booking is held (R-BOOK-1).
    pub booking_timeout_ms: u64,
    /// Reputation lost per unit that the customer cancels (R-BOOK-2).
    pub penalty_cancel: u8,
    /// Reputation lost per unit that times out (R-BOOK-7).
    pub penalty_timeout: u8,
    /// Reputation lost per unit of an order that expires unpaid (R-BOOK-7).
    pub penalty_unpaid: u8,
    /// Reputation gained per unit paid (R-BOOK-3).
    pub reward_paid: u8,
    /// A cancel sooner than this after the booking costs nothing, once per customer and drop
    /// (R-BOOK-7); 0 = never.
    pub oops_grace_ms: u64,
    /// How long after a cancel the customer may not book the same drop again (E-30).
    pub rebook_cooldown_ms: u64,
    /// The longest a promoted waiter's offer is held (D.9).
    pub offer_ms: u64,
    /// The same for a customer who is not connected (D.9).
    pub offer_absent_ms: u64,
    /// How long releases still go to the waitlist after a drop has ended, 0 = not at all (E-8).
    pub waitlist_after_end_ms: u64,
    /// Whether a pause stops the countdown of the drop's bookings (E-9).
    pub pause_freezes_holds: bool,
    /// Reputation below which nothing can be booked (R-BOOK-10).
    pub min_reputation: u8,
    /// Most live bookings of one customer, 0 = no limit (R-BOOK-11).
    pub max_bookings: u32,
    /// The same per customer group.
    pub group_max_bookings: BTreeMap<GroupId, u32>,
    /// What low reputation does, by band, lowest `below` first; empty = nothing (R-BOOK-10).
    pub bands: Vec<Band>,
    /// A checkout may move a booking's deadline later, once (AMB-BOOK-d).
    pub checkout_extends_hold: bool,
    /// The longest a QRIS payment may keep an order open, from its placing (AMB-ORD-b).
    pub qris_max_hold_ms: u64,
    /// How long the gateway is asked before an order expires, 0 = not at all (D.5).
    pub payment_grace_ms: u64,
    /// How long an order that was paid too late waits for units, 0 = not at all (D.5).
    pub late_wait_ms: u64,
    /// Digital goods are finished when they are paid (D.4).
    pub digital_finish_on_paid: bool,
    /// Units are sold when shipped, not when finished (AMB-INV-e).
    pub sold_at_ship: bool,
    /// Reputation below which cash on delivery is not given (R-ORD-9).
    pub cod_min_reputation: u8,
    /// A return takes back the reward of the returned units (O9).
    pub return_reverses_reward: bool,
}

/// What holds for customers whose reputation is below a bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The band is for reputations below this (and not below a lower band's bound).
    pub below: u8,
    /// How long a booking is held, instead of the shop's time.
    pub hold_ms: Option<u64>,
    /// Most live bookings.
    pub max_bookings: Option<u32>,
    /// Most units in the cart.
    pub max_units: Option<u32>,
    /// Waiters of a higher priority are served first. Outside all bands it is 100.
    pub priority: u8,
}

/// Waitlist priority of customers outside all bands.
pub const PRIORITY_DEFAULT: u8 = 100;

impl Default for Settings {
    /// The source's defaults where it has them: all limits and reputation steps off.
    fn default() -> Self {
        Self {
            vat_bp: 0,
            max_item_qty: 0,
            max_cart_units: 0,
            checkout_timeout_ms: 3 * MINUTE_MS,
            order_auto_expire_ms: 180 * MINUTE_MS,
            booking_timeout_ms: 15 * MINUTE_MS,
            penalty_cancel: 0,
            penalty_timeout: 0,
            penalty_unpaid: 0,
            reward_paid: 0,
            oops_grace_ms: 10 * SECOND_MS,
            rebook_cooldown_ms: 30 * SECOND_MS,
            offer_ms: 5 * MINUTE_MS,
            offer_absent_ms: 2 * MINUTE_MS,
            waitlist_after_end_ms: 10 * MINUTE_MS,
            pause_freezes_holds: false,
            min_reputation: 0,
            max_bookings: 0,
            group_max_bookings: BTreeMap::new(),
            bands: Vec::new(),
            checkout_extends_hold: true,
            qris_max_hold_ms: 60 * MINUTE_MS,
            payment_grace_ms: 30 * SECOND_MS,
            late_wait_ms: 30 * MINUTE_MS,
            digital_finish_on_paid: true,
            sold_at_ship: false,
            cod_min_reputation: 0,
            return_reverses_reward: false,
        }
    }
}

impl Settings {
    /// Names the first field that is out of its range, if any.
    pub fn fault(&self) -> Option<&'static str> {
        let minutes = |ms: u64| (SECOND_MS..=1440 * MINUTE_MS).contains(&ms);
        let percent = |n: u8| n <= 100;
        let checks = [
            ("vat_bp", self.vat_bp <= 10_000),
            ("checkout_timeout_ms", minutes(self.checkout_timeout_ms)),
            ("order_auto_expire_ms", minutes(self.order_auto_expire_ms)),
            ("booking_timeout_ms", minutes(self.booking_timeout_ms)),
            ("offer_ms", minutes(self.offer_ms)),
            ("offer_absent_ms", minutes(self.offer_absent_ms)),
            ("oops_grace_ms", self.oops_grace_ms <= 10 * MINUTE_MS),
            (
                "rebook_cooldown_ms",
                self.rebook_cooldown_ms <= 60 * MINUTE_MS,
            ),
            (
                "waitlist_after_end_ms",
                self.waitlist_after_end_ms <= 60 * MINUTE_MS,
            ),
            ("penalty_cancel", percent(self.penalty_cancel)),
            ("penalty_timeout", percent(self.penalty_timeout)),
            ("penalty_unpaid", percent(self.penalty_unpaid)),
            ("reward_paid", percent(self.reward_paid)),
            ("min_reputation", percent(self.min_reputation)),
            ("cod_min_reputation", percent(self.cod_min_reputation)),
            ("qris_max_hold_ms", minutes(self.qris_max_hold_ms)),
            ("payment_grace_ms", self.payment_grace_ms <= 5 * MINUTE_MS),
            ("late_wait_ms", self.late_wait_ms <= 1440 * MINUTE_MS),
            ("bands", self.bands_fit()),
            ("group_max_bookings", self.group_max_bookings.len() <= 100),
        ];
        checks
            .into_iter()
            .find(|(_, fits)| !fits)
            .map(|(field, _)| field)
    }

    fn bands_fit(&self) -> bool {
        self.bands.len() <= 10
            && self.bands.iter().all(|b| {
                b.below <= 101
                    && b.hold_ms
                        .is_none_or(|ms| (SECOND_MS..=1440 * MINUTE_MS).contains(&ms))
            })
            && self
                .bands
                .windows(2)
                .all(|pair| pair[0].below < pair[1].below)
    }

    /// The band of a reputation, if it falls into one.
    pub fn band(&self, reputation: u8) -> Option<&Band> {
        self.bands.iter().find(|band| reputation < band.below)
    }
}
