//! A shop's settings on the wire, in configuration and for people: durations in milliseconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{Band, GroupId, Settings};

/// The settings that are plain values, each listed once: the message, and the way to and from
/// the domain's.
macro_rules! settings {
    ($($field:ident: $type:ty,)+) => {
        /// See [`Settings`] for what each means.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[expect(
            missing_docs,
            reason = "the names and meanings are those of domain::Settings"
        )]
        pub struct SettingsMessage {
            $(pub $field: $type,)+
            pub group_max_bookings: BTreeMap<String, u32>,
            pub bands: Vec<BandMessage>,
        }

        impl SettingsMessage {
            /// Of the shop's settings.
            pub fn of(s: &Settings) -> Self {
                let group = |(name, cap): (&GroupId, &u32)| (name.to_string(), *cap);
                Self {
                    $($field: s.$field,)+
                    group_max_bookings: s.group_max_bookings.iter().map(group).collect(),
                    bands: s.bands.iter().map(BandMessage::of).collect(),
                }
            }

            /// The domain's settings; the name of the field that cannot be.
            pub fn settings(&self) -> Result<Settings, &'static str> {
                let group = |(name, cap): (&String, &u32)| {
                    GroupId::new(name)
                        .map(|name| (name, *cap))
                        .map_err(|_| "group_max_bookings")
                };
                let groups: Result<_, _> = self.group_max_bookings.iter().map(group).collect();
                let settings = Settings {
                    $($field: self.$field,)+
                    group_max_bookings: groups?,
                    bands: self.bands.iter().map(BandMessage::band).collect(),
                };
                settings.fault().map_or(Ok(settings), Err)
            }
        }
    };
}

settings! {
    vat_bp: u32,
    max_item_qty: u32,
    max_cart_units: u32,
    checkout_timeout_ms: u64,
    order_auto_expire_ms: u64,
    booking_timeout_ms: u64,
    penalty_cancel: u8,
    penalty_timeout: u8,
    penalty_unpaid: u8,
    reward_paid: u8,
    oops_grace_ms: u64,
    rebook_cooldown_ms: u64,
    offer_ms: u64,
    offer_absent_ms: u64,
    waitlist_after_end_ms: u64,
    pause_freezes_holds: bool,
    min_reputation: u8,
    max_bookings: u32,
    checkout_extends_hold: bool,
    qris_max_hold_ms: u64,
    payment_grace_ms: u64,
    late_wait_ms: u64,
    digital_finish_on_paid: bool,
    sold_at_ship: bool,
    cod_min_reputation: u8,
    return_reverses_reward: bool,
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

impl BandMessage {
    fn of(b: &Band) -> Self {
        Self {
            below: b.below,
            hold_ms: b.hold_ms,
            max_bookings: b.max_bookings,
            max_units: b.max_units,
            priority: b.priority,
        }
    }

    fn band(&self) -> Band {
        Band {
            below: self.below,
            hold_ms: self.hold_ms,
            max_bookings: self.max_bookings,
            max_units: self.max_units,
            priority: self.priority,
        }
    }
}

impl Default for SettingsMessage {
    fn default() -> Self {
        Self::of(&Settings::default())
    }
}

impl SettingsMessage {
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
