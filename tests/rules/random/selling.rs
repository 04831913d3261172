//! What a host asks in a random program: drops and stock.

use std::sync::Arc;

use lapak::domain::command::DropSpec;
use lapak::domain::{Command, Component, Millis, Mode, Role, SkuId, SkuSpec};

use super::dice::Dice;
use super::program::{BIG, MINUTE, Make, SKUS, drop_id, live, sku, sku_of};

impl Make {
    pub(super) fn open_drop(&mut self) {
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

    pub(super) fn change_drop(&mut self) {
        let command = Command::ChangeDrop {
            drop: self.a_drop(),
            units: self.dice.maybe(70, |d| d.small(9)),
            price: self.dice.maybe(20, |d| d.below(100_000)),
            per_customer_limit: self.dice.maybe(20, |d| d.small(4)),
            ends_at: self.dice.maybe(30, |d| Millis(d.below(5 * MINUTE))),
        };
        self.host(command);
    }

    pub(super) fn pause_or_resume(&mut self) {
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

    pub(super) fn close(&mut self) {
        let (drop, withdraw) = (self.a_drop(), self.dice.percent(35));
        self.host(Command::CloseDrop { drop, withdraw });
    }

    pub(super) fn pin(&mut self) {
        let (drop, pinned) = (self.a_drop(), self.dice.percent(75));
        self.ask(Role::Moderator, "mod", Command::PinDrop { drop, pinned });
    }

    pub(super) fn extend(&mut self) {
        let drop = self.a_drop();
        let by_ms = self
            .dice
            .pick(&[MINUTE, 5 * MINUTE, 1, 0, 25 * 60 * MINUTE, 24 * 60 * MINUTE]);
        self.host(Command::ExtendDrop { drop, by_ms });
    }

    pub(super) fn plain(&mut self) -> SkuId {
        let counted = ["T1", "T2", "P1"];
        sku(if self.dice.percent(85) {
            self.dice.pick(&counted)
        } else {
            self.dice.pick(&SKUS)
        })
    }

    pub(super) fn reason(&mut self) -> Arc<str> {
        if self.dice.percent(3) {
            " ".into()
        } else {
            "counted".into()
        }
    }

    pub(super) fn add_stock(&mut self) {
        let (sku, reason) = (self.plain(), self.reason());
        let qty = match self.dice.below(50) {
            0 => self.dice.pick(&BIG),
            1 => 0,
            _ => 1 + self.dice.small(9),
        };
        self.host(Command::AddStock { sku, qty, reason });
    }

    pub(super) fn set_stock(&mut self) {
        let (sku, reason, force) = (self.plain(), self.reason(), self.dice.percent(60));
        let on_hand = if self.dice.percent(2) {
            self.dice.pick(&BIG)
        } else {
            self.dice.small(14)
        };
        self.admin(Command::SetStock {
            sku,
            on_hand,
            reason,
            force,
        });
    }

    pub(super) fn recatalog(&mut self) {
        let name = self.dice.pick(&SKUS);
        self.put_sku(name, false);
    }

    pub(super) fn put_sku(&mut self, name: &str, first: bool) {
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

    pub(super) fn activate(&mut self) {
        let active = self.dice.percent(70);
        let skus = (0..self.dice.below(4))
            .map(|_| sku(self.dice.pick(&SKUS)))
            .collect();
        self.host(Command::ActivateSkus { skus, active });
    }
}
