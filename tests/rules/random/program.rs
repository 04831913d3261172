//! What a random program is, and how one is made from a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapak::domain::command::DropSpec;
use lapak::domain::live::Video;
use lapak::domain::{
    Actor, Band, BookingId, Command, Component, CustomerId, DropId, GroupId, LiveId, LiveSpec,
    Millis, Mode, Role, Settings, SkuId, SkuSpec,
};

/// One step. Times inside a command are relative to the time at which it is asked.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Time passes.
    Pass(u64),
    /// The clock jumps back.
    Back(u64),
    /// Something new is asked.
    Ask {
        serial: u64,
        by: Actor,
        id: Id,
        command: Command,
    },
    /// The customer of the n-th booking that is then held gives it back, or some of it.
    Cancel {
        serial: u64,
        nth: usize,
        qty: Option<u32>,
    },
    /// What was asked as `serial` is asked again, perhaps with another body.
    Again { serial: u64, altered: bool },
}

/// What kind of request id a request has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Id {
    None,
    /// Carries no time.
    V4,
    /// Minted so many milliseconds from now.
    V7(i64),
}

/// Xorshift: small, the same everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 16
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn small(&mut self, n: u32) -> u32 {
        u32::try_from(self.below(u64::from(n))).unwrap()
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }

    fn maybe<T>(&mut self, chance: u64, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.percent(chance).then(|| make(self))
    }
}

const CUSTOMERS: [&str; 6] = ["alice", "budi", "citra", "dewi", "eko", "fitri"];
/// Two counted, two not, two pre-orders, and combinations that share parts.
const SKUS: [&str; 10] = ["T1", "T2", "U1", "G1", "P1", "PU", "C1", "C2", "C3", "NEW"];
const BIG: [u32; 4] = [1_000_000_000, 1_000_000_001, u32::MAX, 999_999_999];
const MINUTE: u64 = 60_000;

/// Makes a program of about 240 steps.
pub(super) fn program(seed: u64) -> Vec<Step> {
    let mut make = Make {
        dice: Dice::new(seed),
        steps: Vec::new(),
        drops: 0,
        bookings: Vec::new(),
    };
    make.opening();
    for _ in 0..220 {
        make.step();
    }
    make.steps
}

struct Make {
    dice: Dice,
    steps: Vec<Step>,
    drops: u64,
    /// Bookings asked for, and by whom.
    bookings: Vec<(BookingId, &'static str)>,
}

pub(super) fn sku(name: &str) -> SkuId {
    SkuId::new(name).unwrap()
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).unwrap()
}

fn live(name: &str) -> LiveId {
    LiveId::new(name).unwrap()
}

fn drop_id(n: u64) -> DropId {
    DropId(0xd000 + u128::from(n))
}

impl Make {
    fn ask(&mut self, role: Role, name: &str, command: Command) {
        let (first, odd) = (self.steps.len() < 16, self.dice.percent(2));
        let id = match if first { 0 } else { self.dice.below(100) } {
            0..=69 => Id::V7(0),
            70..=75 => Id::V7(100_000),
            76 => Id::V7(130_000),
            77 => Id::V7(-86_300_000),
            78 => Id::V7(-86_500_000),
            79..=89 => Id::V4,
            _ => Id::None,
        };
        // Sometimes somebody asks who may not.
        let role = if odd && !first { Role::Viewer } else { role };
        let by = Actor {
            role,
            name: customer(name),
        };
        let serial = self.steps.len() as u64;
        self.steps.push(Step::Ask {
            serial,
            by,
            id,
            command,
        });
    }

    fn admin(&mut self, command: Command) {
        self.ask(Role::Admin, "admin", command);
    }

    fn host(&mut self, command: Command) {
        self.ask(Role::Host, "host", command);
    }

    fn opening(&mut self) {
        self.put_live("night");
        if self.dice.percent(80) {
            self.settings();
        }
        for name in ["T1", "T2", "U1", "G1", "P1", "PU", "C1", "C2", "C3"] {
            self.put_sku(name, true);
        }
        for _ in 0..4 {
            self.open_drop();
        }
    }

    fn step(&mut self) {
        match self.dice.below(1_000) {
            0..=369 => self.book(),
            370..=469 => self.cancel(),
            470..=609 => self.pass(),
            610..=639 => self.leave(),
            640..=669 => self.see(),
            670..=719 => self.open_drop(),
            720..=739 => self.change_drop(),
            740..=779 => self.pause_or_resume(),
            780..=799 => self.close(),
            800..=814 => self.pin(),
            815..=829 => self.extend(),
            830..=854 => self.add_stock(),
            855..=874 => self.set_stock(),
            875..=889 => self.recatalog(),
            890..=899 => self.activate(),
            900..=914 => self.people(),
            915..=929 => self.settings(),
            930..=939 => self.seller_cancel(),
            940..=945 => self.live(),
            946..=960 => self.system(),
            _ => self.again(),
        }
    }

    fn a_drop(&mut self) -> DropId {
        // Mostly a late one; sometimes one that is not there yet.
        let newest = (self.drops + self.dice.below(50) / 49).saturating_sub(1);
        let back = self.dice.below(5.min(newest + 1));
        drop_id(newest.saturating_sub(back))
    }

    fn qty(&mut self) -> u32 {
        match self.dice.below(100) {
            0..=49 => 1,
            50..=79 => 2,
            80..=97 => 3 + self.dice.small(4),
            98 => self.dice.pick(&BIG),
            _ => 0,
        }
    }

    fn book(&mut self) {
        let who = self.dice.pick(&CUSTOMERS);
        let n = self.bookings.len() as u128;
        let known = self.dice.percent(1) && n > 0;
        let booking = if known {
            self.a_booking().0
        } else {
            BookingId((n + 1) << 16)
        };
        if !known {
            self.bookings.push((booking, who));
        }
        let drop = self.a_drop();
        let asked_live = if self.dice.percent(1) { "day" } else { "night" };
        // The SKU of a drop follows from its number; see `open_drop`.
        let name = if self.dice.percent(1) {
            "T1"
        } else {
            sku_of(drop)
        };
        let (partial, join) = (self.dice.percent(40), self.dice.percent(60));
        let qty = self.qty();
        self.ask(
            Role::Viewer,
            who,
            Command::Book {
                booking,
                live: live(asked_live),
                drop,
                sku: sku(name),
                qty,
                accept_partial: partial,
                join_waitlist: join,
            },
        );
    }

    /// A late booking, or one that was promoted from its entry.
    fn a_booking(&mut self) -> (BookingId, &'static str) {
        if self.bookings.is_empty() {
            return (BookingId(7), "alice");
        }
        let back = self.dice.below(12.min(self.bookings.len() as u64));
        let (id, who) = self.bookings[self.bookings.len() - 1 - usize::try_from(back).unwrap()];
        let promoted = if self.dice.percent(25) {
            self.dice.below(3)
        } else {
            0
        };
        (BookingId(id.0 + u128::from(promoted)), who)
    }

    fn cancel(&mut self) {
        if self.dice.percent(75) {
            let nth = usize::try_from(self.dice.below(64)).unwrap();
            let qty = self.dice.maybe(35, Self::less);
            let serial = self.steps.len() as u64;
            return self.steps.push(Step::Cancel { serial, nth, qty });
        }
        let (booking, mut who) = self.a_booking();
        if self.dice.percent(4) {
            who = self.dice.pick(&CUSTOMERS);
        }
        let qty = self.dice.maybe(35, Self::less);
        self.ask(Role::Viewer, who, Command::Cancel { booking, qty });
    }

    fn less(dice: &mut Dice) -> u32 {
        dice.pick(&[1, 1, 1, 1, 2, 2, 0, u32::MAX])
    }

    fn pass(&mut self) {
        let step = match self.dice.below(100) {
            0..=39 => self.dice.below(5_000),
            40..=59 => 10_000,
            60..=79 => self.dice.below(2 * MINUTE),
            80..=89 => self.dice.below(20 * MINUTE),
            90..=93 => self.dice.below(26 * 60 * MINUTE),
            94 => 24 * 60 * MINUTE,
            _ => {
                let back = self.dice.pick(&[1, 1_000, 3_600_000]);
                return self.steps.push(Step::Back(back));
            }
        };
        self.steps.push(Step::Pass(step));
    }

    fn leave(&mut self) {
        let (who, drop) = (self.dice.pick(&CUSTOMERS), self.a_drop());
        self.ask(Role::Viewer, who, Command::Leave { drop });
    }

    fn see(&mut self) {
        let who = customer(self.dice.pick(&CUSTOMERS));
        let absent = self.dice.percent(65);
        self.ask(
            Role::System,
            "system",
            Command::SeeCustomer {
                customer: who,
                absent,
            },
        );
    }

    fn open_drop(&mut self) {
        let drop = drop_id(self.drops);
        self.drops += 1;
        let soon = |dice: &mut Dice| Millis(dice.below(6 * MINUTE));
        let spec = DropSpec {
            drop: if self.dice.percent(2) {
                self.a_drop()
            } else {
                drop
            },
            live: live("night"),
            sku: sku(sku_of(drop)),
            price: self.dice.maybe(20, |d| d.below(100_000)),
            units: self.dice.maybe(50, |d| 1 + d.small(6)),
            mode: if self.dice.percent(45) {
                Mode::Carved
            } else {
                Mode::Shared
            },
            opens_at: self.dice.maybe(10, soon),
            ends_at: self.dice.maybe(25, |d| Millis(d.below(20 * MINUTE))),
            per_customer_limit: if self.dice.percent(25) {
                1 + self.dice.small(4)
            } else {
                0
            },
            booking_timeout_ms: self.dice.maybe(20, |d| 1_000 + d.below(4 * MINUTE)),
            pinned: self.dice.percent(30),
        };
        self.host(Command::OpenDrop(Box::new(spec)));
    }

    fn change_drop(&mut self) {
        let command = Command::ChangeDrop {
            drop: self.a_drop(),
            units: self.dice.maybe(70, |d| d.small(9)),
            price: self.dice.maybe(20, |d| d.below(100_000)),
            per_customer_limit: self.dice.maybe(20, |d| d.small(4)),
            ends_at: self.dice.maybe(30, |d| Millis(d.below(5 * MINUTE))),
        };
        self.host(command);
    }

    fn pause_or_resume(&mut self) {
        let drop = self.a_drop();
        let pause = self.dice.percent(45);
        self.ask(
            Role::Moderator,
            "mod",
            if pause {
                Command::PauseDrop { drop }
            } else {
                Command::ResumeDrop { drop }
            },
        );
    }

    fn close(&mut self) {
        let (drop, withdraw) = (self.a_drop(), self.dice.percent(35));
        self.host(Command::CloseDrop { drop, withdraw });
    }

    fn pin(&mut self) {
        let (drop, pinned) = (self.a_drop(), self.dice.percent(75));
        self.ask(Role::Moderator, "mod", Command::PinDrop { drop, pinned });
    }

    fn extend(&mut self) {
        let drop = self.a_drop();
        let by_ms = self
            .dice
            .pick(&[MINUTE, 5 * MINUTE, 1, 0, 25 * 60 * MINUTE, 24 * 60 * MINUTE]);
        self.host(Command::ExtendDrop { drop, by_ms });
    }

    fn plain(&mut self) -> SkuId {
        let counted = ["T1", "T2", "P1"];
        sku(if self.dice.percent(85) {
            self.dice.pick(&counted)
        } else {
            self.dice.pick(&SKUS)
        })
    }

    fn reason(&mut self) -> Arc<str> {
        if self.dice.percent(3) {
            " ".into()
        } else {
            "counted".into()
        }
    }

    fn add_stock(&mut self) {
        let (sku, reason) = (self.plain(), self.reason());
        let qty = match self.dice.below(50) {
            0 => self.dice.pick(&BIG),
            1 => 0,
            _ => 1 + self.dice.small(4),
        };
        self.host(Command::AddStock { sku, qty, reason });
    }

    fn set_stock(&mut self) {
        let (sku, reason, force) = (self.plain(), self.reason(), self.dice.percent(60));
        let on_hand = if self.dice.percent(2) {
            self.dice.pick(&BIG)
        } else {
            self.dice.small(9)
        };
        self.admin(Command::SetStock {
            sku,
            on_hand,
            reason,
            force,
        });
    }

    fn recatalog(&mut self) {
        let name = self.dice.pick(&SKUS);
        self.put_sku(name, false);
    }

    fn put_sku(&mut self, name: &str, first: bool) {
        let odd = !first && self.dice.percent(35);
        let part = |name: &str, units: u32| Component {
            sku: sku(name),
            units,
        };
        let components = match (name, odd) {
            ("C1", false) => vec![part("T1", 1), part("T2", 2)],
            ("C2", false) => vec![part("T1", 2), part("U1", 1)],
            ("C3", false) => vec![part("U1", 1_000), part("G1", 1)],
            ("C1" | "C2", true) => vec![part("T1", 1 + self.dice.small(3)), part("P1", 1)],
            (_, true) if self.dice.percent(20) => vec![part(self.dice.pick(&SKUS), 1)],
            _ => Vec::new(),
        };
        let tracked = matches!(name, "T1" | "T2" | "P1") != odd;
        let physical = name != "G1" && !(odd && self.dice.percent(30));
        let spec = SkuSpec {
            title: name.into(),
            image: None,
            price: 10_000 + self.dice.below(3),
            active: first || self.dice.percent(80),
            preorder: name.starts_with('P'),
            physical,
            track_stock: tracked,
            components,
        };
        let on_hand = if first && tracked && physical {
            Some(self.dice.small(9))
        } else {
            self.dice.maybe(if first { 0 } else { 30 }, |d| d.small(9))
        };
        self.admin(Command::PutSku {
            sku: sku(name),
            spec: Arc::new(spec),
            on_hand,
        });
    }

    fn activate(&mut self) {
        let active = self.dice.percent(70);
        let skus = (0..self.dice.below(4))
            .map(|_| sku(self.dice.pick(&SKUS)))
            .collect();
        self.host(Command::ActivateSkus { skus, active });
    }

    fn people(&mut self) {
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

    fn settings(&mut self) {
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

    fn band(d: &mut Dice, below: u8) -> Band {
        Band {
            below,
            hold_ms: d.maybe(50, |d| 1_000 + d.below(3 * MINUTE)),
            max_bookings: d.maybe(30, |d| d.small(4)),
            max_units: d.maybe(30, |d| d.small(6)),
            priority: d.pick(&[0, 50, 100, 200, 255]),
        }
    }

    fn seller_cancel(&mut self) {
        let (booking, _) = self.a_booking();
        let reason = self.reason();
        self.ask(
            Role::Moderator,
            "mod",
            Command::CancelBooking { booking, reason },
        );
    }

    fn put_live(&mut self, name: &str) {
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

    fn live(&mut self) {
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
    fn system(&mut self) {
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

    fn again(&mut self) {
        let back = 1 + self.dice.below(60.min(self.steps.len() as u64));
        let serial = self.steps.len() as u64 - back;
        self.steps.push(Step::Again {
            serial,
            altered: self.dice.percent(20),
        });
    }
}

/// Which SKU the drop of this number is of, so that a customer knows it.
fn sku_of(drop: DropId) -> &'static str {
    const OF: [&str; 13] = [
        "T1", "T2", "C1", "T1", "P1", "U1", "C2", "T1", "G1", "C1", "T2", "C3", "PU",
    ];
    OF[usize::try_from((drop.0 - 0xd000) % 13).unwrap()]
}
