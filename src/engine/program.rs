//! Random programs for tests: a shop with every kind of SKU and drop, and commands as people
//! give them, most of which make sense.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::command::DropSpec;
use crate::domain::shop::Verdict;
use crate::domain::*;

/// A shop, its time, and every decision made so far.
pub(crate) struct Program {
    state: u64,
    now: u64,
    pub(crate) id: ShopId,
    pub(crate) shop: Shop,
    pub(crate) decisions: Vec<Decision>,
    last: Option<Request>,
}

fn sku(name: &str) -> SkuId {
    SkuId::new(name).unwrap()
}

fn live() -> LiveId {
    LiveId::new("live").unwrap()
}

impl Program {
    pub(crate) fn new(seed: u64) -> Self {
        Self::of_shop(&format!("shop-{seed}"), seed)
    }

    pub(crate) fn of_shop(name: &str, seed: u64) -> Self {
        let mut program = Self {
            state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            now: 1_700_000_000_000,
            id: ShopId::new(name).unwrap(),
            shop: Shop::default(),
            decisions: Vec::new(),
            last: None,
        };
        program.found();
        program
    }

    /// The shop as a partition's shops.
    pub(crate) fn shops(&self) -> HashMap<ShopId, Shop> {
        HashMap::from([(self.id.clone(), self.shop.clone())])
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % bound
    }

    fn units(&mut self, bound: u32) -> u32 {
        u32::try_from(self.below(u64::from(bound))).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn id(&mut self) -> u128 {
        let half = (u128::from(self.below(1 << 48)) << 80) | (0x4 << 76);
        half | u128::from(self.below(1 << 52))
    }

    fn customer(&mut self) -> CustomerId {
        CustomerId::new(&format!("customer-{}", self.below(12))).unwrap()
    }

    fn sku(&mut self) -> SkuId {
        sku(["shirt", "hat", "ebook", "socks", "set"][usize::try_from(self.below(5)).unwrap()])
    }

    fn drop(&mut self) -> DropId {
        let drops: Vec<_> = self.shop.unsettled().map(|(id, _)| id).collect();
        match self.below(drops.len() as u64 + 1) {
            0 => DropId(99),
            n => drops[usize::try_from(n).unwrap() - 1],
        }
    }

    fn booking(&mut self) -> (CustomerId, BookingId) {
        let held = self
            .shop
            .bookings
            .iter()
            .filter(|(_, b)| b.state == BookingState::Held);
        let mut held: Vec<_> = held.map(|(id, b)| (*id, b.customer.clone())).collect();
        held.sort_by_key(|(id, _)| *id);
        match self.below(held.len() as u64 + 1) {
            0 => (self.customer(), BookingId(1)),
            n => {
                let (id, customer) = held.swap_remove(usize::try_from(n).unwrap() - 1);
                (customer, id)
            }
        }
    }

    fn decide(&mut self, request: &Request) {
        while let Some(command) = self.shop.due(Millis(self.now)) {
            let name = CustomerId::new("system").unwrap();
            let by = Actor {
                role: Role::System,
                name,
            };
            let due = format!("{command:?}");
            self.keep(&Request {
                by,
                key: None,
                command,
            });
            let refused = self.decisions.last().and_then(|d| d.outcome.as_ref().err());
            assert_eq!(refused, None, "{due} is due and stays so");
        }
        self.keep(request);
    }

    fn keep(&mut self, request: &Request) {
        if let Verdict::Decided(decision) = self.shop.decide(Millis(self.now), request) {
            self.decisions.push(decision);
        }
    }

    fn ask(&mut self, role: Role, name: &CustomerId, command: Command) {
        let key = (role != Role::System).then(|| RequestKey {
            id: self.id(),
            body: 7,
        });
        let request = Request {
            by: Actor {
                role,
                name: name.clone(),
            },
            key,
            command,
        };
        self.decide(&request);
        self.last = Some(request);
    }

    fn found(&mut self) {
        let admin = CustomerId::new("admin").unwrap();
        let settings = Settings {
            penalty_cancel: 3,
            penalty_timeout: 5,
            max_bookings: 6,
            bands: vec![Band {
                below: 70,
                hold_ms: Some(60_000),
                max_bookings: Some(2),
                max_units: None,
                priority: 50,
            }],
            ..Settings::default()
        };
        self.ask(
            Role::Admin,
            &admin,
            Command::ChangeSettings(Arc::new(settings)),
        );
        let spec = LiveSpec {
            title: "Malam ini".into(),
            lang: "id".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::Demo,
            links: vec![("Toko".into(), "https://example.com/toko".into())],
        };
        self.ask(
            Role::Admin,
            &admin,
            Command::PutLive {
                live: live(),
                spec: Arc::new(spec),
            },
        );
        let kinds = [
            ("shirt", true, true, Some(40)),
            ("hat", true, true, Some(15)),
            ("ebook", false, false, None),
            ("socks", true, false, None),
            ("set", true, true, None),
        ];
        for (name, physical, track_stock, on_hand) in kinds {
            let components = match name {
                "set" => vec![
                    Component {
                        sku: sku("shirt"),
                        units: 1,
                    },
                    Component {
                        sku: sku("hat"),
                        units: 2,
                    },
                ],
                _ => Vec::new(),
            };
            let spec = SkuSpec {
                title: name.into(),
                image: None,
                price: 99_000,
                active: true,
                preorder: false,
                physical,
                track_stock,
                components,
            };
            let command = Command::PutSku {
                sku: sku(name),
                spec: Arc::new(spec),
                on_hand,
            };
            self.ask(Role::Admin, &admin, command);
        }
        for _ in 0..4 {
            self.open_drop();
        }
    }

    fn open_drop(&mut self) {
        let drop = DropSpec {
            drop: DropId(self.id()),
            live: live(),
            sku: self.sku(),
            price: None,
            units: self.chance(70).then(|| 1 + self.units(8)),
            mode: if self.chance(50) {
                Mode::Carved
            } else {
                Mode::Shared
            },
            opens_at: self.chance(20).then(|| Millis(self.now + 40_000)),
            ends_at: self.chance(40).then(|| Millis(self.now + 400_000)),
            per_customer_limit: self.units(4),
            booking_timeout_ms: self.chance(50).then_some(120_000),
            pinned: self.chance(20),
        };
        let host = CustomerId::new("host").unwrap();
        self.ask(Role::Host, &host, Command::OpenDrop(Box::new(drop)));
    }

    fn book(&mut self) {
        let drop = self.drop();
        let sku = self
            .shop
            .drops
            .get(&drop)
            .map_or(sku("shirt"), |d| d.sku.clone());
        let command = Command::Book {
            booking: BookingId(self.id()),
            live: live(),
            drop,
            sku,
            qty: 1 + self.units(3),
            accept_partial: self.chance(50),
            join_waitlist: self.chance(70),
        };
        let customer = self.customer();
        self.ask(Role::Viewer, &customer, command);
    }

    /// One command, at a time a little later; what is due by then comes first.
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    pub(crate) fn step(&mut self) {
        self.now += self.below(8_000);
        let why: Arc<str> = "hitung ulang".into();
        let host = CustomerId::new("host").unwrap();
        let by_host = |program: &mut Self, command| program.ask(Role::Admin, &host, command);
        match self.below(100) {
            0..50 => self.book(),
            50..62 => {
                let ((customer, booking), qty) = (self.booking(), self.units(3));
                let qty = (qty > 0).then_some(qty);
                self.ask(Role::Viewer, &customer, Command::Cancel { booking, qty });
            }
            62..65 => {
                let (customer, drop) = (self.customer(), self.drop());
                self.ask(Role::Viewer, &customer, Command::Leave { drop });
            }
            65..67 => {
                let (_, booking) = self.booking();
                by_host(
                    self,
                    Command::CancelBooking {
                        booking,
                        reason: why,
                    },
                );
            }
            67..71 => self.open_drop(),
            71..74 => {
                let (drop, qty) = (self.drop(), self.units(12));
                let command = Command::ChangeDrop {
                    drop,
                    units: (qty > 2).then_some(qty),
                    price: None,
                    per_customer_limit: None,
                    ends_at: None,
                };
                by_host(self, command);
            }
            74..77 => {
                let drop = self.drop();
                by_host(self, Command::PauseDrop { drop });
            }
            77..80 => {
                let drop = self.drop();
                by_host(self, Command::ResumeDrop { drop });
            }
            80 => {
                let (drop, withdraw) = (self.drop(), self.chance(30));
                by_host(self, Command::CloseDrop { drop, withdraw });
            }
            81..83 => {
                let drop = self.drop();
                by_host(
                    self,
                    Command::ExtendDrop {
                        drop,
                        by_ms: 60_000,
                    },
                );
            }
            83..86 => {
                let (sku, qty) = (self.sku(), 1 + self.units(5));
                by_host(
                    self,
                    Command::AddStock {
                        sku,
                        qty,
                        reason: why,
                    },
                );
            }
            86..88 => {
                let (sku, on_hand, force) = (self.sku(), self.units(30), self.chance(40));
                by_host(
                    self,
                    Command::SetStock {
                        sku,
                        on_hand,
                        reason: why,
                        force,
                    },
                );
            }
            88..90 => {
                let (customer, delta) = (self.customer(), i32::try_from(self.below(80)).unwrap());
                let command = Command::AdjustReputation {
                    customer,
                    delta: delta - 40,
                    reason: why,
                };
                by_host(self, command);
            }
            90 => {
                let (customer, restricted) = (self.customer(), self.chance(30));
                by_host(
                    self,
                    Command::RestrictCustomer {
                        customer,
                        restricted,
                    },
                );
            }
            91 => {
                let group = self.chance(50).then(|| GroupId::new("vip").unwrap());
                let customer = self.customer();
                by_host(self, Command::GroupCustomer { customer, group });
            }
            92..94 => {
                let (customer, absent) = (self.customer(), self.chance(50));
                self.ask(
                    Role::System,
                    &host,
                    Command::SeeCustomer { customer, absent },
                );
            }
            94..96 => {
                let mut settings = (*self.shop.settings).clone();
                settings.pause_freezes_holds = self.chance(60);
                settings.oops_grace_ms = 1_000 * self.below(20);
                by_host(self, Command::ChangeSettings(Arc::new(settings)));
            }
            96 => {
                if self.chance(20) {
                    self.now += time::ANSWER_KEPT_MS;
                }
                let before = Millis(self.now - time::ANSWER_KEPT_MS);
                self.ask(Role::System, &host, Command::Forget { before });
            }
            97 => {
                let (skus, active) = (vec![self.sku(), sku("none")], self.chance(80));
                by_host(self, Command::ActivateSkus { skus, active });
            }
            _ => {
                if let Some(again) = self.last.clone() {
                    self.decide(&again);
                }
            }
        }
    }
}
