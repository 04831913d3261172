//! Storms of payment notices, and races of money against time: what comes of them does not depend
//! on who was first, how often it was said, or what was said besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use lapak::domain::command::DropSpec;
use lapak::domain::live::Video;
use lapak::domain::shop::{Outcome, Verdict};
use lapak::domain::{
    Actor, BookingId, Buckets, Command, CustomerId, Decision, DropId, LiveId, LiveSpec, Method,
    Millis, Mode, OrderId, OrderState, PaymentId, PaymentNote, PaymentStatus, Request, Role,
    Settings, Shop, SkuId, SkuSpec,
};

use super::random::dice::Dice;

mod books;
mod notices;
mod races;

const START: Millis = Millis(1_700_000_000_000);
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const PRICE: u64 = 50_000;

/// A shop in a live, without an engine: every decision goes into a journal.
struct Stall {
    shop: Shop,
    journal: Vec<Decision>,
}

impl Stall {
    /// A live with one drop of `stock` units.
    fn open(settings: Settings, stock: u32) -> Self {
        let mut stall = Self {
            shop: Shop::default(),
            journal: Vec::new(),
        };
        stall.admin(Command::ChangeSettings(Arc::new(settings)));
        stall.admin(Command::PutLive {
            live: live(),
            spec: Arc::new(LiveSpec {
                title: "Malam".into(),
                lang: "id".into(),
                currency: "IDR".into(),
                accent: None,
                video: Video::Demo,
                links: Vec::new(),
            }),
        });
        stall.admin(Command::PutSku {
            sku: sku(),
            spec: Arc::new(SkuSpec {
                title: "Kaos".into(),
                image: None,
                price: PRICE,
                active: true,
                preorder: false,
                physical: true,
                track_stock: true,
                components: Vec::new(),
            }),
            on_hand: Some(stock),
        });
        stall.admin(Command::OpenDrop(Box::new(DropSpec {
            drop: DropId(1),
            live: live(),
            sku: sku(),
            price: None,
            units: None,
            mode: Mode::Shared,
            opens_at: None,
            ends_at: None,
            per_customer_limit: 0,
            booking_timeout_ms: None,
            pinned: false,
        })));
        stall
    }

    /// Decides without letting time pass first: so a race can be run in both orders.
    fn decide(&mut self, now: Millis, role: Role, name: &str, command: Command) -> Outcome {
        let by = Actor {
            role,
            name: customer(name),
        };
        let key = None;
        match self.shop.decide(now, &Request { by, key, command }) {
            Verdict::Decided(decision) => {
                let outcome = decision.outcome.clone();
                self.journal.push(decision);
                outcome
            }
            other => panic!("no request id, and yet {other:?}"),
        }
    }

    fn admin(&mut self, command: Command) {
        let now = self.shop.now.max(START);
        let done = self.decide(now, Role::Admin, "admin", command);
        done.expect("an admin may");
    }

    /// All that time alone brings about.
    fn pass(&mut self, now: Millis) {
        while let Some(command) = self.shop.due(now) {
            let done = self.decide(now, Role::System, "system", command);
            done.expect("what is due can be done");
        }
    }

    fn book(&mut self, now: Millis, who: &str, n: u128, qty: u32) -> Outcome {
        let command = Command::Book {
            booking: BookingId(n << 8),
            live: live(),
            drop: DropId(1),
            sku: sku(),
            qty,
            accept_partial: false,
            join_waitlist: true,
        };
        self.decide(now, Role::Viewer, who, command)
    }

    /// Books, checks out and places.
    fn order(&mut self, now: Millis, who: &str, n: u128, qty: u32) {
        self.book(now, who, n, qty).expect("there is enough");
        self.place(now, who, n);
    }

    fn place(&mut self, now: Millis, who: &str, n: u128) {
        let checkout = OrderId(n);
        let bookings = vec![BookingId(n << 8)];
        let start = Command::StartCheckout { checkout, bookings };
        self.decide(now, Role::Viewer, who, start).expect("held");
        let place = Command::PlaceOrder { checkout };
        self.decide(now, Role::Viewer, who, place).expect("in time");
    }

    fn note(&mut self, now: Millis, note: &PaymentNote) {
        let command = Command::NotePayment(Box::new(note.clone()));
        let done = self.decide(now, Role::System, "system", command);
        done.expect("a gateway is never told that it is wrong");
    }

    fn buckets(&self) -> Buckets {
        self.shop.skus.get(&sku()).unwrap().buckets
    }

    /// The state holds, and a restart finds the same.
    fn must_hold(&self) {
        let violations = super::subject::violations(&self.shop);
        assert!(violations.is_empty(), "{violations:?}");
        let mut again = Shop::default();
        for decision in &self.journal {
            again.replay(decision).expect("the journal fits");
        }
        assert_eq!(again, self.shop, "a restart finds something else");
    }
}

/// What a gateway says of an order's payment.
fn note(payment: &str, order: OrderId, status: PaymentStatus, amount: u64) -> PaymentNote {
    PaymentNote {
        payment: PaymentId::new(&format!("sandbox/{payment}")).unwrap(),
        named: order.to_string().into(),
        status,
        amount,
        currency: "IDR".into(),
        method: Method::Other,
        expires_at: None,
    }
}

fn sku() -> SkuId {
    SkuId::new("KAOS").unwrap()
}

fn live() -> LiveId {
    LiveId::new("malam").unwrap()
}

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).unwrap()
}
