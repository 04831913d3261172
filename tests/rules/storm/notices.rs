//! 10,000 payment notices, each sent one to five times, shuffled, some an hour late, some
//! that are for nobody or in other money: the orders end as if each genuine one had been
//! delivered once, in order.

use super::*;

const NOTICES: usize = 10_000;

/// What must be the same at the end: where each order stands, its units, its money, the
/// reputation it moved, and what is known of its payments.
#[derive(Debug, PartialEq)]
struct End {
    orders: BTreeMap<OrderId, OrderEnd>,
    reputation: BTreeMap<String, u8>,
    buckets: Buckets,
}

#[derive(Debug, PartialEq)]
struct OrderEnd {
    state: OrderState,
    /// Captured, owed back, given back.
    money: [u64; 3],
    /// In the order, allocated, sold.
    units: [u32; 3],
    reputation: (i32, i32),
    /// Status and amount of each payment, by size: ids may differ where one was used for
    /// other money first.
    payments: Vec<(u8, u64)>,
}

/// Orders that wait for money longer than the storm lasts. Were they to expire meanwhile, what
/// comes late would depend on how late it comes, and nothing could be compared: that
/// is what the tables of late payments are for.
fn settings() -> Settings {
    Settings {
        order_auto_expire_ms: 20 * HOUR,
        reward_paid: 7,
        penalty_unpaid: 20,
        ..Settings::default()
    }
}

/// A shop with so many unpaid orders of one to three units.
fn stall(orders: u128) -> Stall {
    let mut stall = Stall::open(settings(), 100_000);
    for n in 1..=orders {
        let who = format!("c{n}");
        stall.admin(Command::AdjustReputation {
            customer: customer(&who),
            delta: -60,
            reason: "so that it can rise".into(),
        });
        stall.order(START, &who, n, 1 + u32::try_from(n % 3).unwrap());
    }
    stall
}

/// What gateways would say, in the order in which it happened.
fn genuine(stall: &Stall, dice: &mut Dice) -> Vec<PaymentNote> {
    use PaymentStatus::{Expired, Failed, Pending, RefundPending, Refunded, Settled};
    let mut all = Vec::new();
    for (id, order) in &stall.shop.orders {
        let due = order.total();
        let mut say = |k: u32, status, amount| {
            all.push(note(&format!("{id}-{k}"), *id, status, amount));
        };
        match dice.below(10) {
            // In two parts, or in two that are too much.
            0 => {
                say(1, Settled, due / 2);
                say(2, Settled, due - due / 2);
            }
            1 => {
                say(1, Settled, due - 1);
                say(2, Settled, due - 1);
            }
            // Two methods that both settle, one of them given back.
            2 => {
                say(1, Pending, due);
                say(1, Settled, due);
                say(2, Settled, due);
            }
            3 => {
                say(1, Failed, due);
                say(2, Pending, due);
                say(2, Expired, due);
                say(3, Settled, due);
            }
            // Given back as a whole: the order is off.
            4 => {
                say(1, Settled, due);
                say(1, RefundPending, due);
                say(1, Refunded, due);
            }
            5 => say(1, Settled, due + 12_345),
            // Too little, and never more.
            6 => say(1, Settled, due / 3),
            7 => say(1, Failed, due),
            _ => {
                say(1, Pending, due);
                say(1, Settled, due);
            }
        }
    }
    assert!(all.len() >= NOTICES, "only {} notices", all.len());
    all.truncate(NOTICES);
    all
}

/// Each one to five times, one in twenty an hour late; for every hundred, one that is nobody's,
/// or is in other money, sometimes by the id of a genuine one. By when they arrive.
fn storm(genuine: &[PaymentNote], dice: &mut Dice) -> Vec<(Millis, PaymentNote)> {
    let mut sent = Vec::new();
    let moment = |dice: &mut Dice| {
        let late = if dice.percent(5) { HOUR } else { 0 };
        START.plus(MINUTE + dice.below(10 * MINUTE) + late)
    };
    for (i, note) in genuine.iter().enumerate() {
        for _ in 0..=dice.below(5) {
            sent.push((moment(dice), note.clone()));
        }
        if !dice.percent(1) {
            continue;
        }
        let mut wrong = note.clone();
        if dice.percent(50) {
            wrong.currency = "USD".into();
            if dice.percent(50) {
                wrong.payment = PaymentId::new(&format!("sandbox/wrong-{i}")).unwrap();
            }
        } else {
            wrong.named = "00000000-0000-0000-0000-0000deadbeef".into();
            wrong.payment = PaymentId::new(&format!("sandbox/wrong-{i}")).unwrap();
        }
        for _ in 0..=dice.below(5) {
            sent.push((moment(dice), wrong.clone()));
        }
    }
    // At the same moment, in any order.
    let mut keyed: Vec<_> = sent.into_iter().map(|s| ((s.0, dice.next()), s)).collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, s)| s).collect()
}

fn end(stall: &Stall) -> End {
    let orders = stall.shop.orders.iter().map(|(id, o)| {
        let of_it = stall
            .shop
            .payments
            .values()
            .filter(|p| p.order == Some(*id));
        let mut payments: Vec<_> = of_it.map(|p| (p.status.rank(), p.amount)).collect();
        payments.sort_unstable();
        let line = &o.lines[0];
        let end = OrderEnd {
            state: o.state,
            money: [o.captured, o.refund_due, o.refunded],
            units: [line.qty, line.allocated, line.sold],
            reputation: (o.reward, o.penalty),
            payments,
        };
        (*id, end)
    });
    let customers = stall.shop.customers.iter();
    End {
        orders: orders.collect(),
        reputation: customers
            .map(|(id, c)| (id.to_string(), c.reputation))
            .collect(),
        buckets: stall.buckets(),
    }
}

#[test]
fn a_storm_of_notices_ends_as_each_of_them_once_in_order() {
    for seed in 1..=3 {
        let mut dice = Dice::new(seed);
        let mut calm = stall(5_600);
        let mut stormy = stall(5_600);
        let notices = genuine(&calm, &mut dice);
        for note in &notices {
            calm.note(START.plus(MINUTE), note);
        }
        let sent = storm(&notices, &mut dice);
        let wrong = sent
            .iter()
            .filter(|(_, n)| &*n.currency == "USD" || n.named.ends_with("deadbeef"));
        let wrong = wrong.count();
        for (at, note) in &sent {
            stormy.pass(*at);
            stormy.note(*at, note);
        }
        for stall in [&mut calm, &mut stormy] {
            stall.pass(START.plus(2 * HOUR));
            stall.must_hold();
        }
        println!("seed {seed}: {} sent, {wrong} of them wrong", sent.len());
        assert!(sent.len() > 25_000 && wrong > 150, "hardly a storm");
        if seed == 1 {
            super::books::must_agree(&stormy);
        }
        let (calm, stormy) = (end(&calm), end(&stormy));
        for (id, order) in &calm.orders {
            assert_eq!(stormy.orders[id], *order, "seed {seed}, order {id}");
        }
        assert_eq!(stormy, calm, "seed {seed}");
        // Not a storm of one kind only.
        let of = |state| calm.orders.values().filter(|o| o.state == state).count();
        assert!(of(OrderState::Paid) > 2_000 && of(OrderState::Cancelled) > 200);
        assert!(of(OrderState::AwaitingPayment) > 500);
    }
}
