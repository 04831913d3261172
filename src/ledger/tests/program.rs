//! A shop's story for the books: the random program of the engine, and between its steps orders
//! in all their ways.

use std::sync::Arc;

use crate::domain::command::{OrderSpec, Role};
use crate::domain::order::{OrderOrigin, Secured};
use crate::domain::payment::{Method, PaymentNote, PaymentStatus};
use crate::domain::shop::Verdict;
use crate::domain::{
    Actor, BookingId, BookingState, Command, CustomerId, Decision, Millis, OrderId, PaymentId,
    Request, Shop, ShopId, SkuId,
};
use crate::engine::codec;
use crate::engine::program::Program;
use crate::journal::{Entry, Partition, Position, Sealed};

/// A shop, and the entries that made it.
pub(super) struct Story {
    pub(super) id: ShopId,
    pub(super) shop: Shop,
    pub(super) entries: Vec<Sealed>,
}

pub(super) fn story(seed: u64, steps: u64) -> Story {
    of_shop(&format!("toko-{seed}"), seed, steps)
}

pub(super) fn of_shop(name: &str, seed: u64, steps: u64) -> Story {
    let mut program = Program::of_shop(name, seed);
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut ids = 1_u128 << 64;
    for _ in 0..steps {
        program.step();
        if dice.below(3) == 0 {
            order_step(&mut program, &mut dice, &mut ids);
        }
    }
    let id = program.id.clone();
    let entries = seal(&id, &program.decisions);
    Story {
        id,
        shop: program.shop.clone(),
        entries,
    }
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each step")]
fn order_step(program: &mut Program, dice: &mut Dice, ids: &mut u128) {
    *ids += 1;
    let id = OrderId(*ids);
    let held: Vec<(BookingId, CustomerId)> = program
        .shop
        .bookings
        .iter()
        .filter(|(_, b)| b.state == BookingState::Held)
        .map(|(id, b)| (*id, b.customer.clone()))
        .collect();
    let mut orders: Vec<(OrderId, CustomerId, u64)> = program
        .shop
        .orders
        .iter()
        .map(|(id, o)| (*id, o.customer.clone(), o.total()))
        .collect();
    orders.sort();
    if dice.below(3) == 0 && !held.is_empty() {
        let (booking, customer) = held[pick(dice, held.len())].clone();
        let start = Command::StartCheckout {
            checkout: id,
            bookings: vec![booking],
        };
        ask(program, Role::Viewer, &customer, start);
        ask(
            program,
            Role::Viewer,
            &customer,
            Command::PlaceOrder { checkout: id },
        );
        return;
    }
    if dice.below(8) == 0 {
        let skus: Vec<SkuId> = {
            let mut skus: Vec<_> = program.shop.skus.keys().cloned().collect();
            skus.sort();
            skus
        };
        let spec = OrderSpec {
            order: id,
            customer: CustomerId::new("web-1").unwrap(),
            origin: if dice.below(2) == 0 {
                OrderOrigin::Web
            } else {
                OrderOrigin::Channel
            },
            currency: "IDR".into(),
            lines: vec![(skus[pick(dice, skus.len())].clone(), 1, Some(5_000))],
        };
        let admin = CustomerId::new("admin").unwrap();
        ask(
            program,
            Role::Admin,
            &admin,
            Command::TakeOrder(Box::new(spec)),
        );
        return;
    }
    if orders.is_empty() {
        return;
    }
    let (order, customer, total) = orders[pick(dice, orders.len())].clone();
    let why: Arc<str> = "uji".into();
    let payment = PaymentId::new(&format!("sandbox/{ids}")).unwrap();
    let note = |status, amount| PaymentNote {
        payment: payment.clone(),
        named: order.to_string().into(),
        status,
        amount,
        currency: "IDR".into(),
        method: Method::Qris,
        expires_at: None,
    };
    let (by_host, by_system) = ("host", "system");
    let (role, who, command) = match dice.below(16) {
        0..2 => (
            Role::Viewer,
            customer.as_str(),
            Command::StartPayment {
                order,
                payment: payment.clone(),
                method: Method::Qris,
                expires_at: Some(program.shop.now.plus(60_000)),
                by: None,
            },
        ),
        2..6 => (
            Role::System,
            by_system,
            Command::NotePayment(Box::new(note(PaymentStatus::Settled, total))),
        ),
        6 => (
            Role::System,
            by_system,
            Command::NotePayment(Box::new(note(PaymentStatus::Settled, total / 2 + 1))),
        ),
        7 => (
            Role::System,
            by_system,
            Command::NotePayment(Box::new(PaymentNote {
                named: "nobody knows".into(),
                ..note(PaymentStatus::Settled, 7)
            })),
        ),
        8 => (
            Role::Host,
            by_host,
            Command::ConfirmOrder {
                order,
                secured: Secured::Cod,
            },
        ),
        9 => (Role::Host, by_host, Command::ShipOrder { order }),
        10 => (Role::Host, by_host, Command::FinishOrder { order }),
        11 => (
            Role::Viewer,
            customer.as_str(),
            Command::CancelOwnOrder {
                order,
                lines: Vec::new(),
            },
        ),
        12 => (
            Role::Host,
            by_host,
            Command::CancelOrder {
                order,
                lines: if dice.below(2) == 0 {
                    vec![(0, 1)]
                } else {
                    Vec::new()
                },
                reason: why,
                at_customers_request: dice.below(2) == 0,
            },
        ),
        13 => (
            Role::Host,
            by_host,
            Command::ReturnOrder {
                order,
                line: 0,
                qty: 1,
                restock: dice.below(2) == 0,
                reason: why,
            },
        ),
        14 => (
            Role::Host,
            by_host,
            Command::RefundOrder {
                order,
                amount: program.shop.orders[&order].refund_due.max(1),
                reference: why,
            },
        ),
        _ => (
            Role::Host,
            by_host,
            Command::ReceivePayment {
                order,
                payment,
                amount: total.max(1),
                method: Method::Transfer,
                reference: why,
            },
        ),
    };
    let who = CustomerId::new(who).unwrap();
    ask(program, role, &who, command);
}

fn pick(dice: &mut Dice, len: usize) -> usize {
    usize::try_from(dice.below(len as u64)).unwrap()
}

fn ask(program: &mut Program, role: Role, name: &CustomerId, command: Command) {
    let now = program.shop.now;
    while let Some(command) = program.shop.due(now) {
        let system = CustomerId::new("system").unwrap();
        decide(program, now, Role::System, &system, command);
    }
    decide(program, now, role, name, command);
}

fn decide(program: &mut Program, now: Millis, role: Role, name: &CustomerId, command: Command) {
    let request = Request {
        by: Actor {
            role,
            name: name.clone(),
        },
        key: None,
        command,
    };
    if let Verdict::Decided(decision) = program.shop.decide(now, &request) {
        program.decisions.push(decision);
    }
}

/// Decisions as entries of a journal.
fn seal(id: &ShopId, decisions: &[Decision]) -> Vec<Sealed> {
    let partition = Partition::of(id);
    let mut position = Position { epoch: 1, seq: 0 };
    let mut crc = 0;
    let seal = |decision: &Decision| {
        position = position.next();
        let mut payload = Vec::new();
        codec::encode_entry(id, decision, &mut payload);
        crc ^= crc32fast::hash(&payload);
        let entry = Entry {
            partition,
            position,
            shop: id.clone(),
            decision: Arc::new(decision.clone()),
        };
        Sealed {
            entry,
            payload,
            crc,
        }
    };
    decisions.iter().map(seal).collect()
}
