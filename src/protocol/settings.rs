//! A shop's settings on the wire, in configuration and for people: durations in milliseconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{Band, GroupId, Settings};

/// See [`Settings`] for what each means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the names and meanings are those of domain::Settings"
)]
pub struct SettingsMessage {
    pub vat_bp: u32,
    pub max_item_qty: u32,
    pub max_cart_units: u32,
    pub checkout_timeout_ms: u64,
    pub order_auto_expire_ms: u64,
    pub booking_timeout_ms: u64,
    pub penalty_cancel: u8,
    pub penalty_timeout: u8,
    pub penalty_unpaid: u8,
    pub reward_paid: u8,
    pub oops_grace_ms: u64,
    pub rebook_cooldown_ms: u64,
    pub offer_ms: u64,
    pub offer_absent_ms: u64,
    pub waitlist_after_end_ms: u64,
    pub pause_freezes_holds: bool,
    pub min_reputation: u8,
    pub max_bookings: u32,
    pub group_max_bookings: BTreeMap<String, u32>,
    pub bands: Vec<BandMessage>,
}

/// See [`Band`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the names and meanings are those of domain::Band"
)]
pub struct BandMessage {
    pub below: u8,
    #[serde(default)]
    pub hold_ms: Option<u64>,
    #[serde(default)]
    pub max_bookings: Option<u32>,
    #[serde(default)]
    pub max_units: Option<u32>,
    pub priority: u8,
}

impl Default for SettingsMessage {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl SettingsMessage {
    /// Of the shop's settings.
    pub fn of(s: &Settings) -> Self {
        let group = |(name, cap): (&GroupId, &u32)| (name.to_string(), *cap);
        let band = |b: &Band| BandMessage {
            below: b.below,
            hold_ms: b.hold_ms,
            max_bookings: b.max_bookings,
            max_units: b.max_units,
            priority: b.priority,
        };
        Self {
            vat_bp: s.vat_bp,
            max_item_qty: s.max_item_qty,
            max_cart_units: s.max_cart_units,
            checkout_timeout_ms: s.checkout_timeout_ms,
            order_auto_expire_ms: s.order_auto_expire_ms,
            booking_timeout_ms: s.booking_timeout_ms,
            penalty_cancel: s.penalty_cancel,
            penalty_timeout: s.penalty_timeout,
            penalty_unpaid: s.penalty_unpaid,
            reward_paid: s.reward_paid,
            oops_grace_ms: s.oops_grace_ms,
            rebook_cooldown_ms: s.rebook_cooldown_ms,
            offer_ms: s.offer_ms,
            offer_absent_ms: s.offer_absent_ms,
            waitlist_after_end_ms: s.waitlist_after_end_ms,
            pause_freezes_holds: s.pause_freezes_holds,
            min_reputation: s.min_reputation,
            max_bookings: s.max_bookings,
            group_max_bookings: s.group_max_bookings.iter().map(group).collect(),
            bands: s.bands.iter().map(band).collect(),
        }
    }

    /// The domain's settings; the name of the field that cannot be.
    pub fn settings(&self) -> Result<Settings, &'static str> {
        let group = |(name, cap): (&String, &u32)| {
            GroupId::new(name)
                .map(|name| (name, *cap))
                .map_err(|_| "group_max_bookings")
        };
        let band = |b: &BandMessage| Band {
            below: b.below,
            hold_ms: b.hold_ms,
            max_bookings: b.max_bookings,
            max_units: b.max_units,
            priority: b.priority,
        };
        let settings = Settings {
            vat_bp: self.vat_bp,
            max_item_qty: self.max_item_qty,
            max_cart_units: self.max_cart_units,
            checkout_timeout_ms: self.checkout_timeout_ms,
            order_auto_expire_ms: self.order_auto_expire_ms,
            booking_timeout_ms: self.booking_timeout_ms,
            penalty_cancel: self.penalty_cancel,
            penalty_timeout: self.penalty_timeout,
            penalty_unpaid: self.penalty_unpaid,
            reward_paid: self.reward_paid,
            oops_grace_ms: self.oops_grace_ms,
            rebook_cooldown_ms: self.rebook_cooldown_ms,
            offer_ms: self.offer_ms,
            offer_absent_ms: self.offer_absent_ms,
            waitlist_after_end_ms: self.waitlist_after_end_ms,
            pause_freezes_holds: self.pause_freezes_holds,
            min_reputation: self.min_reputation,
            max_bookings: self.max_bookings,
            group_max_bookings: self
                .group_max_bookings
                .iter()
                .map(group)
                .collect::<Result<_, _>>()?,
            bands: self.bands.iter().map(band).collect(),
        };
        settings.fault().map_or(Ok(settings), Err)
    }

    /// These settings with some fields replaced; the name of the field that cannot be.
    pub fn changed_by(&self, changes: &Map<String, Value>) -> Result<Settings, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for (field, value) in changes {
            let Some(slot) = all.get_mut(field) else {
                return Err(field.clone());
            };
            let was = std::mem::replace(slot, value.clone());
            if serde_json::from_value::<Self>(all.clone()).is_err() {
                return Err(if was.is_null() {
                    "settings".to_owned()
                } else {
                    field.clone()
                });
            }
        }
        let merged: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        merged.settings().map_err(str::to_owned)
    }
}
