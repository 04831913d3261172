//! What a random program is, and how one is made from a seed.

use lapak::domain::{Actor, BookingId, Command, CustomerId, DropId, LiveId, Role, SkuId};

use super::dice::Dice;
use super::ordering::Wish;

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
    /// Something is asked about an order or a checkout that is then there.
    Order {
        serial: u64,
        nth: usize,
        /// Somebody else asks.
        other: bool,
        wish: Wish,
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

pub(super) const CUSTOMERS: [&str; 6] = ["alice", "budi", "citra", "dewi", "eko", "fitri"];
/// Two counted, two not, two pre-orders, and combinations that share parts.
pub(super) const SKUS: [&str; 10] = ["T1", "T2", "U1", "G1", "P1", "PU", "C1", "C2", "C3", "NEW"];
pub(super) const BIG: [u32; 4] = [1_000_000_000, 1_000_000_001, u32::MAX, 999_999_999];
pub(super) const MINUTE: u64 = 60_000;

/// Makes a program of about 300 steps.
pub(super) fn program(seed: u64) -> Vec<Step> {
    let mut make = Make {
        dice: Dice::new(seed),
        steps: Vec::new(),
        drops: 0,
        bookings: Vec::new(),
    };
    make.opening();
    for _ in 0..280 {
        make.step();
    }
    make.steps
}

pub(super) struct Make {
    pub(super) dice: Dice,
    pub(super) steps: Vec<Step>,
    pub(super) drops: u64,
    /// Bookings asked for, and by whom.
    bookings: Vec<(BookingId, &'static str)>,
}

pub(super) fn sku(name: &str) -> SkuId {
    SkuId::new(name).unwrap()
}

pub(super) fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).unwrap()
}

pub(super) fn live(name: &str) -> LiveId {
    LiveId::new(name).unwrap()
}

pub(super) fn drop_id(n: u64) -> DropId {
    DropId(0xd000 + u128::from(n))
}

impl Make {
    pub(super) fn ask(&mut self, role: Role, name: &str, command: Command) {
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

    pub(super) fn admin(&mut self, command: Command) {
        self.ask(Role::Admin, "admin", command);
    }

    pub(super) fn host(&mut self, command: Command) {
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
            0..=259 => self.book(),
            260..=299 => self.cancel(),
            300..=559 => self.order(),
            560..=639 => self.pass(),
            640..=659 => self.leave(),
            660..=679 => self.see(),
            680..=719 => self.open_drop(),
            720..=739 => self.change_drop(),
            740..=764 => self.pause_or_resume(),
            765..=784 => self.close(),
            785..=794 => self.pin(),
            795..=804 => self.extend(),
            805..=839 => self.add_stock(),
            840..=874 => self.set_stock(),
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

    pub(super) fn a_drop(&mut self) -> DropId {
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
    pub(super) fn a_booking(&mut self) -> (BookingId, &'static str) {
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
            90..=92 => self.dice.below(26 * 60 * MINUTE),
            93 if self.dice.percent(10) => 31 * 24 * 60 * MINUTE,
            93..=94 => 24 * 60 * MINUTE,
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
pub(super) fn sku_of(drop: DropId) -> &'static str {
    const OF: [&str; 13] = [
        "T1", "T2", "C1", "T1", "P1", "U1", "C2", "T1", "G1", "C1", "T2", "C3", "PU",
    ];
    OF[usize::try_from((drop.0 - 0xd000) % 13).unwrap()]
}
