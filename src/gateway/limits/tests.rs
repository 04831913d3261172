//! The figures of S-13, moved through time by hand.

use std::net::IpAddr;

use super::*;

struct House {
    limiter: Limiter,
    clock: Clock,
}

fn house_with(change: impl FnOnce(&mut Limits)) -> House {
    let clock = Clock::manual(1_700_000_000_000);
    let mut limits = Limits::default();
    change(&mut limits);
    House {
        limiter: Limiter::new(limits, clock.clone()),
        clock,
    }
}

fn house() -> House {
    house_with(|_| {})
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Asks until it is refused: what was given, and the refusal.
fn at_most<T, E>(mut ask: impl FnMut() -> Result<T, E>) -> (Vec<T>, E) {
    let mut given = Vec::new();
    loop {
        match ask() {
            Ok(one) => given.push(one),
            Err(refused) => return (given, refused),
        }
    }
}

#[test]
fn a_customer_books_five_at_once_and_then_two_a_second() {
    let House { limiter, clock } = house();
    let (given, refused) = at_most(|| limiter.check_booking("toko", "alice"));
    assert_eq!(
        (given.len(), refused),
        (
            5,
            Limited {
                scope: Scope::Bookings,
                retry_ms: 500
            }
        )
    );
    clock.advance(499);
    assert_eq!(
        limiter.check_booking("toko", "alice").unwrap_err().retry_ms,
        1
    );
    clock.advance(1);
    assert!(limiter.check_booking("toko", "alice").is_ok());
    assert_eq!(
        limiter.check_booking("toko", "alice").unwrap_err().retry_ms,
        500
    );
}

#[test]
fn one_who_asks_too_much_costs_others_nothing() {
    let House { limiter, .. } = house();
    let _ = at_most(|| limiter.check_booking("toko", "alice"));
    for (shop, customer) in [("toko", "budi"), ("warung", "alice"), ("tok", "oalice")] {
        assert!(
            limiter.check_booking(shop, customer).is_ok(),
            "{customer} of {shop}"
        );
    }
    assert!(limiter.check_hello("toko", "alice").is_ok());
}

#[test]
fn greetings_come_back_five_a_minute() {
    let House { limiter, clock } = house();
    let (given, refused) = at_most(|| limiter.check_hello("toko", "alice"));
    assert_eq!(
        (given.len(), refused),
        (
            10,
            Limited {
                scope: Scope::Hellos,
                retry_ms: 12_000
            }
        )
    );
    clock.advance(60_000);
    assert_eq!(at_most(|| limiter.check_hello("toko", "alice")).0.len(), 5);
}

#[test]
fn an_address_is_limited_in_requests_connects_and_sockets() {
    let House { limiter, clock } = house();
    let here = ip("192.0.2.7");
    assert_eq!(at_most(|| limiter.check_request(here)).0.len(), 1_000);
    let (held, refused) = at_most(|| limiter.admit_address(here));
    assert_eq!(
        (held.len(), refused.scope, refused.retry_ms),
        (500, Scope::Connects, 20)
    );
    let mut all = held;
    while all.len() < 2_000 {
        clock.advance(20);
        all.push(limiter.admit_address(here).unwrap());
    }
    clock.advance(20);
    assert_eq!(
        limiter.admit_address(here).unwrap_err().scope,
        Scope::AddressSockets
    );
    all.pop();
    clock.advance(20);
    assert!(limiter.admit_address(here).is_ok());
    assert!(limiter.admit_address(ip("192.0.2.8")).is_ok());
}

#[test]
fn a_customer_has_five_sockets_and_gets_them_back() {
    let House { limiter, .. } = house();
    let (mut held, refused) = at_most(|| limiter.admit_customer("toko", "alice"));
    assert_eq!((held.len(), refused.scope), (5, Scope::CustomerSockets));
    assert!(limiter.admit_customer("warung", "alice").is_ok());
    held.pop();
    assert!(limiter.admit_customer("toko", "alice").is_ok());
    drop(held);
    assert_eq!(
        limiter
            .inner
            .customer_sockets
            .of(&customer_key("toko", "alice")),
        0
    );
}

#[test]
fn a_node_has_room_for_so_many_and_a_tenth_of_it_for_the_silent() {
    let House { limiter, .. } = house_with(|limits| limits.sockets_max = 50.try_into().unwrap());
    let (held, refused) = at_most(|| limiter.admit_connection());
    assert_eq!(
        (held.len(), refused.scope, limiter.connections()),
        (50, Scope::Sockets, 50)
    );
    assert_eq!(Problem::from(refused).status(), 503);
    let (silent, refused) = at_most(|| limiter.admit_ungreeted());
    assert_eq!((silent.len(), refused.scope), (5, Scope::Ungreeted));
    drop(held);
    assert_eq!(limiter.connections(), 0);
}

#[test]
fn permits_come_back_from_other_threads_too() {
    let House { limiter, .. } = house_with(|limits| limits.sockets_max = 8.try_into().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let permit = limiter.admit_connection().unwrap();
                    assert!(limiter.connections() <= 8);
                    drop(permit);
                }
            });
        }
    });
    assert_eq!(limiter.connections(), 0);
}

#[test]
fn failed_authentications_are_delayed_after_ten_a_minute() {
    let House { limiter, clock } = house();
    let here = ip("192.0.2.7");
    for _ in 0..10 {
        assert_eq!(limiter.auth_failed(here), Duration::ZERO);
    }
    let most = Duration::from_secs(2);
    assert_eq!(
        limiter.auth_failed(here),
        most,
        "6 s, cut to the longest we hold a socket"
    );
    clock.advance(5_500);
    assert_eq!(limiter.auth_failed(here), Duration::from_millis(500));
    clock.advance(500);
    assert_eq!(limiter.auth_failed(here), Duration::ZERO);
    assert_eq!(limiter.auth_failed(ip("192.0.2.8")), Duration::ZERO);
}

#[test]
fn this_machine_may_be_exempt_from_the_limits_per_address_only() {
    for (exempt, address, free) in [
        (true, "127.0.0.1", true),
        (true, "::1", true),
        (true, "::ffff:127.0.0.1", true),
        (true, "192.0.2.7", false),
        (false, "127.0.0.1", false),
    ] {
        let House { limiter, .. } = house_with(|limits| limits.exempt_loopback = exempt);
        let here = ip(address);
        let requests = (0..1_500).all(|_| limiter.check_request(here).is_ok());
        let sockets = (0..2_500)
            .map(|_| limiter.admit_address(here))
            .collect::<Result<Vec<_>, _>>();
        let failures = (0..20).all(|_| limiter.auth_failed(here) == Duration::ZERO);
        assert_eq!(
            (requests, sockets.is_ok(), failures),
            (free, free, free),
            "{address}"
        );
        assert_eq!(
            at_most(|| limiter.check_booking("toko", "alice")).0.len(),
            5
        );
    }
}

#[test]
fn a_connection_passes_twenty_at_once_and_then_ten_a_second() {
    let House { limiter, clock } = house();
    let mut meter = limiter.meter();
    for _ in 0..20 {
        assert_eq!(meter.message(), Verdict::Pass);
    }
    assert_eq!(meter.message(), Verdict::Limited { retry_ms: 100 });
    clock.advance(100);
    assert_eq!(meter.message(), Verdict::Pass);
    assert_eq!(
        limiter.meter().message(),
        Verdict::Pass,
        "another connection"
    );
}

#[test]
fn three_times_the_rate_for_ten_seconds_is_abuse() {
    let House { limiter, clock } = house();
    let mut meter = limiter.meter();
    for message in 1..300 {
        assert!(
            !matches!(meter.message(), Verdict::Abuse { .. }),
            "message {message}"
        );
        if message % 30 == 0 {
            clock.advance(1_000);
        }
    }
    assert_eq!(meter.message(), Verdict::Abuse { retry_ms: 60_000 });
}

#[test]
fn just_under_three_times_the_rate_is_refused_for_ever_but_is_no_abuse() {
    let House { limiter, clock } = house();
    let mut meter = limiter.meter();
    for _ in 0..120 {
        for _ in 0..29 {
            assert!(!matches!(meter.message(), Verdict::Abuse { .. }));
        }
        clock.advance(1_000);
    }
}

#[test]
fn an_outburst_is_forgiven_once_its_window_has_passed() {
    let House { limiter, clock } = house();
    let mut meter = limiter.meter();
    for _ in 0..3 {
        for _ in 0..299 {
            assert!(!matches!(meter.message(), Verdict::Abuse { .. }));
        }
        clock.advance(10_000);
    }
}

#[test]
fn what_nobody_uses_any_more_is_forgotten() {
    let House { limiter, clock } = house();
    for customer in 0..1_000 {
        limiter
            .check_booking("toko", &customer.to_string())
            .unwrap();
        let address = format!("192.0.{}.{}", customer / 250, customer % 250);
        limiter.check_request(ip(&address)).unwrap();
    }
    limiter.forget_idle();
    assert_eq!(limiter.inner.bookings.len(), 1_000, "used a moment ago");
    clock.advance(60_000);
    limiter.forget_idle();
    assert_eq!(
        (limiter.inner.bookings.len(), limiter.inner.requests.len()),
        (0, 0)
    );
}

#[test]
fn a_jump_of_the_wall_clock_gives_nobody_more() {
    let House { limiter, clock } = house();
    let _ = at_most(|| limiter.check_booking("toko", "alice"));
    clock.jump(3_600_000);
    assert_eq!(
        limiter.check_booking("toko", "alice").unwrap_err().retry_ms,
        500
    );
}

#[tokio::test]
async fn the_upkeep_ends_when_the_house_stops() {
    let stopping = CancellationToken::new();
    let upkeep = house().limiter.upkeep(stopping.clone());
    stopping.cancel();
    upkeep.await;
}
