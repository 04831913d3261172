//! What an admin and the system ask in a random program: people, settings, lives, forgetting.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapak::domain::live::Video;
use lapak::domain::{Band, Command, GroupId, LiveSpec, Millis, Role, Settings};

use super::dice::Dice;
use super::program::{CUSTOMERS, MINUTE, Make, customer, live};

impl Make {
    pub(super) fn people(&mut self) {
        let who = customer(self.dice.pick(&CUSTOMERS));
        let command = match self.dice.below(3) {
            0 => Command::RestrictCustomer {
                customer: who,
                restricted: self.dice.percent(40),
            },
            1 => {
                let group = self.dice.maybe(60, |_| GroupId::new("reseller").unwrap());
                Command::GroupCustomer {
                    customer: who,
                    group,
                }
            }
            _ => {
                let delta = self.dice.pick(&[-30, -5, 0, 5, 40, 100, 101, -100]);
                Command::AdjustReputation {
                    customer: who,
                    delta,
                    reason: self.reason(),
                }
            }
        };
        self.admin(command);
    }

    pub(super) fn settings(&mut self) {
        let mut s = Settings::default();
        let d = &mut self.dice;
        s.max_item_qty = d.pick(&[0, 0, 0, 2, 4]);
        s.max_cart_units = d.pick(&[0, 0, 0, 5, 8]);
        s.booking_timeout_ms = d.pick(&[15 * MINUTE, 5 * MINUTE, MINUTE, 10_000]);
        s.penalty_cancel = d.pick(&[0, 5, 10, 60]);
        s.penalty_timeout = d.pick(&[0, 5, 10, 100]);
        s.oops_grace_ms = d.pick(&[10_000, 10_000, 0, 1]);
        s.rebook_cooldown_ms = d.pick(&[30_000, 0, 5_000]);
        s.offer_ms = d.pick(&[5 * MINUTE, 30_000]);
        s.offer_absent_ms = d.pick(&[2 * MINUTE, 20_000]);
        s.waitlist_after_end_ms = d.pick(&[10 * MINUTE, MINUTE, 0]);
        s.pause_freezes_holds = d.percent(50);
        s.min_reputation = d.pick(&[0, 0, 0, 20, 50]);
        if d.percent(4) {
            s.min_reputation = 101;
        }
        s.max_bookings = d.pick(&[0, 0, 0, 2, 4]);
        s.penalty_unpaid = d.pick(&[0, 5, 10, 100]);
        s.reward_paid = d.pick(&[0, 5, 30]);
        s.vat_bp = d.pick(&[0, 1_100, 333, 5_000]);
        s.checkout_timeout_ms = d.pick(&[3 * MINUTE, 10_000, 20 * MINUTE]);
        s.checkout_extends_hold = d.percent(70);
        s.order_auto_expire_ms = d.pick(&[180 * MINUTE, 5 * MINUTE, 20_000]);
        s.qris_max_hold_ms = d.pick(&[60 * MINUTE, 10 * MINUTE, 5_000]);
        s.payment_grace_ms = d.pick(&[30_000, 0, 5 * MINUTE]);
        s.late_wait_ms = d.pick(&[30 * MINUTE, 0, 10_000]);
        s.digital_finish_on_paid = d.percent(70);
        s.sold_at_ship = d.percent(30);
        s.cod_min_reputation = d.pick(&[0, 0, 60]);
        s.return_reverses_reward = d.percent(40);
        if d.percent(1) {
            s.payment_grace_ms = 5 * MINUTE + 1;
        }
        if d.percent(40) {
            let cap = d.small(3);
            s.group_max_bookings = BTreeMap::from([(GroupId::new("reseller").unwrap(), cap)]);
        }
        if d.percent(40) {
            s.bands = vec![Self::band(d, 40), Self::band(d, 90)];
        }
        if d.percent(3) {
            s.bands.insert(0, Self::band(d, 95));
        }
        self.admin(Command::ChangeSettings(Arc::new(s)));
    }

    pub(super) fn band(d: &mut Dice, below: u8) -> Band {
        Band {
            below,
            hold_ms: d.maybe(50, |d| 1_000 + d.below(3 * MINUTE)),
            max_bookings: d.maybe(30, |d| d.small(4)),
            max_units: d.maybe(30, |d| d.small(6)),
            priority: d.pick(&[0, 50, 100, 200, 255]),
        }
    }

    pub(super) fn seller_cancel(&mut self) {
        let (booking, _) = self.a_booking();
        let reason = self.reason();
        self.ask(
            Role::Moderator,
            "mod",
            Command::CancelBooking { booking, reason },
        );
    }

    pub(super) fn put_live(&mut self, name: &str) {
        let spec = LiveSpec {
            title: if self.dice.percent(90) {
                "Night".into()
            } else {
                "Malam".into()
            },
            lang: "id".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::Demo,
            links: Vec::new(),
        };
        self.admin(Command::PutLive {
            live: live(name),
            spec: Arc::new(spec),
        });
    }

    pub(super) fn live(&mut self) {
        match self.dice.below(10) {
            0 => self.admin(Command::EndLive {
                live: live("night"),
            }),
            1..=3 => self.put_live("day"),
            4..=5 => self.admin(Command::EndLive { live: live("day") }),
            _ => self.put_live("night"),
        }
    }

    /// What the system asks out of turn, and forgetting.
    pub(super) fn system(&mut self) {
        let drop = self.a_drop();
        let command = match self.dice.below(9) {
            0 => Command::Expire {
                booking: self.a_booking().0,
            },
            1 => Command::StartDrop { drop },
            2 => Command::EndDrop { drop },
            3 => Command::SettleDrop { drop },
            // Relative: so long ago.
            4 => Command::Forget {
                before: Millis(3_600_000),
            },
            5 => Command::Forget {
                before: Millis(86_400_000),
            },
            _ => Command::Forget {
                before: Millis(86_400_000 + self.dice.below(300_000)),
            },
        };
        self.ask(Role::System, "system", command);
    }
}
