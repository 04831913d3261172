//! 10,000 races of "paid" against "expired" in the same millisecond, in both orders: the unit is
//! the order's, or it was released; never both, never neither; and the money follows the unit.

use super::*;

const RACES: u64 = 10_000;

/// How often a race ended in each way.
#[derive(Debug, Default)]
struct Ends {
    /// In time, whoever came first.
    paid: u64,
    /// Expired, and taken again.
    revived: u64,
    /// Owed back: the unit is another's.
    owed: u64,
}

fn settings(dice: &mut Dice) -> Settings {
    Settings {
        order_auto_expire_ms: 15 * MINUTE,
        payment_grace_ms: dice.pick(&[0, 0, 30_000]),
        late_wait_ms: dice.pick(&[0, 10 * MINUTE, 30 * MINUTE]),
        penalty_unpaid: 20,
        penalty_timeout: 5,
        reward_paid: 5,
        digital_finish_on_paid: dice.percent(50),
        sold_at_ship: dice.percent(50),
        ..Settings::default()
    }
}

/// One race for the last unit; the rival waits for it, and may order, cancel or forget it.
fn race(seed: u64, ends: &mut Ends) {
    let mut dice = Dice::new(seed);
    let mut stall = Stall::open(settings(&mut dice), 1);
    let (order, rival) = (OrderId(1), dice.below(4));
    stall.order(START, "alice", 1, 1);
    if dice.percent(50) {
        let (method, lives) = dice.pick(&[(Method::Qris, 15), (Method::VirtualAccount, 60)]);
        let start = Command::StartPayment {
            order,
            payment: PaymentId::new("sandbox/p").unwrap(),
            method,
            expires_at: Some(START.plus(lives * MINUTE)),
            by: None,
        };
        let begun = stall.decide(START, Role::Viewer, "alice", start);
        begun.expect("the order waits for it");
    }
    if rival > 0 {
        let waits = stall.book(START, "budi", 2, 1);
        waits.expect("budi waits");
    }
    let at = START.plus(15 * MINUTE);
    let settled = note("p", order, PaymentStatus::Settled, PRICE);
    let expire = Command::ExpireOrder { order };
    let money_first = seed.is_multiple_of(2);
    if money_first {
        stall.note(at, &settled);
        let late = stall.decide(at, Role::System, "system", expire);
        assert!(late.is_err(), "seed {seed}: paid, and yet expired");
    } else {
        stall.pass(at);
        stall.note(at, &settled);
    }
    let checked = stall.shop.settings.payment_grace_ms > 0;
    let revived = stall
        .journal
        .iter()
        .any(|d| moved_to(d, OrderState::Expired));
    let begun = stall
        .shop
        .payments
        .values()
        .any(|p| p.method != Method::Other);
    assert!(!(money_first && revived), "seed {seed}: expired after all");
    assert!(!(checked && begun && revived), "seed {seed}: not asked");
    stall.must_hold();
    if stall.shop.bookings.contains_key(&BookingId(2 << 8)) {
        let later = at.plus(MINUTE);
        match rival {
            1 => stall.place(later, "budi", 2),
            2 => {
                let (booking, qty) = (BookingId(2 << 8), None);
                let cancel = Command::Cancel { booking, qty };
                // With no time to wait the unit may be budi's no more.
                let _ = stall.decide(later, Role::Viewer, "budi", cancel);
            }
            _ => {}
        }
    }
    // To the end of every wait; said once more, it changes nothing.
    stall.pass(at.plus(2 * MINUTE));
    stall.note(at.plus(3 * MINUTE), &settled);
    stall.pass(at.plus(10 * HOUR));
    stall.must_hold();
    judge(seed, &stall, revived, ends);
}

fn moved_to(decision: &Decision, state: OrderState) -> bool {
    use lapak::domain::Event;
    let is = |event: &Event| matches!(event, Event::OrderMoved { order: OrderId(1), to, .. } if *to == state);
    decision.events.iter().any(is)
}

/// Where the unit is, and the money.
fn judge(seed: u64, stall: &Stall, revived: bool, ends: &mut Ends) {
    let o = &stall.shop.orders[&OrderId(1)];
    let line = &o.lines[0];
    let has_it = line.allocated + line.sold;
    let b = stall.buckets();
    let elsewhere = b.available + b.booked + b.allocated + b.sold - has_it;
    assert_eq!(has_it + elsewhere, 1, "seed {seed}: one unit is {b:?}");
    assert_eq!(b.shortage, 0, "seed {seed}: {b:?}");
    assert_eq!(o.captured, PRICE, "seed {seed}: money came once");
    let reputation = stall.shop.reputation(&customer("alice"));
    assert_eq!(reputation, 100, "seed {seed}: who pays is not punished");
    if has_it == 1 {
        assert_eq!(o.state, OrderState::Paid, "seed {seed}");
        assert_eq!((o.kept(), o.refund_due), (PRICE, 0), "seed {seed}");
        *(if revived {
            &mut ends.revived
        } else {
            &mut ends.paid
        }) += 1;
    } else {
        assert_eq!(o.state, OrderState::RefundDue, "seed {seed}");
        assert_eq!((o.kept(), o.refund_due), (0, PRICE), "seed {seed}");
        ends.owed += 1;
    }
}

#[test]
fn paid_against_expired_in_the_same_millisecond() {
    let mut ends = Ends::default();
    for seed in 0..RACES {
        race(seed, &mut ends);
    }
    println!("{RACES} races: {ends:?}");
    let all = [ends.paid, ends.revived, ends.owed];
    assert!(all.iter().all(|n| *n > 500), "too much alike: {ends:?}");
}
