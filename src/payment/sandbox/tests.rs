//! Every button, and what is then told.

use super::*;
use crate::payment::notice::Said;
use crate::payment::standard_webhooks::{Headers, read};

const NOW: u64 = 1_730_000_000_000;
const ENDS: u64 = NOW + 900_000;

fn sandbox() -> Sandbox {
    Sandbox::new(secret().unwrap())
}

fn wanted() -> Wanted {
    Wanted {
        order: "order-1".into(),
        amount: 219_785,
        currency: Currency::IDR,
        expires_at: ENDS,
    }
}

/// Goes through the door as a notification does.
fn hear(sandbox: &Sandbox, signed: &Signed, now_ms: u64) -> Notice {
    let headers = Headers {
        id: signed.header("webhook-id"),
        timestamp: signed.header("webhook-timestamp"),
        signature: signed.header("webhook-signature"),
    };
    sandbox
        .keys()
        .check(&headers, &signed.body, now_ms)
        .unwrap();
    match read(NAME, headers.id, &signed.body) {
        Ok(Said::Payment(notice)) => *notice,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_payment_has_an_id_a_time_and_a_code() {
    let sandbox = sandbox();
    let started = sandbox.start(&wanted(), u128::MAX, NOW).unwrap();
    assert_eq!(started.payment, format!("sandbox/{}", "f".repeat(24)));
    assert_eq!((started.method, started.expires_at), (Method::Qris, ENDS));
    assert!(started.qr.contains("5406219785") && started.qr.contains("5913LAPAK SANDBOX"));
    assert_eq!(started.qr_rows, qr::rows(&started.qr).unwrap());
    assert_eq!(sandbox.shown(&started.payment), Some(started.clone()));
    let notice = sandbox.status(&started.payment).unwrap();
    assert_eq!((notice.status, notice.amount), (Status::Pending, 219_785));
    assert_eq!(sandbox.start(&wanted(), 1, ENDS), None);
    assert_eq!(sandbox.status("sandbox/x"), None);
    assert_eq!(sandbox.status(&started.payment[8..]), None);
}

#[test]
fn every_button_does_what_it_says() {
    for (action, now_ms, told) in [
        (Action::Pay, NOW, &[(Status::Settled, 219_785)][..]),
        (Action::PayLate, ENDS + 5, &[(Status::Settled, 219_785)]),
        (
            Action::PayTwice,
            NOW,
            &[(Status::Settled, 219_785), (Status::Settled, 219_785)],
        ),
        (Action::PayLess, NOW, &[(Status::Settled, 109_892)]),
        (Action::PayMore, NOW, &[(Status::Settled, 241_764)]),
        (Action::Fail, NOW, &[(Status::Failed, 219_785)]),
        (Action::Expire, ENDS, &[(Status::Expired, 219_785)]),
        (Action::Never, NOW, &[]),
    ] {
        let sandbox = sandbox();
        let payment = sandbox.start(&wanted(), 1 << 32, NOW).unwrap().payment;
        let signed = sandbox.press(&payment, action, now_ms).unwrap();
        let heard: Vec<Notice> = signed
            .iter()
            .map(|one| hear(&sandbox, one, now_ms))
            .collect();
        let met: Vec<_> = heard.iter().map(|one| (one.status, one.amount)).collect();
        assert_eq!(met, told, "{action:?}");
        let all_of_order = heard.iter().all(|one| one.order == "order-1");
        assert!(all_of_order && heard.first().is_none_or(|one| one.payment == payment));
        if let [first, second] = &heard[..] {
            assert_ne!(first.payment, second.payment);
            assert_ne!(first.event, second.event);
        }
        let stands = sandbox.status(&payment).unwrap();
        let last = told.first().map_or(Status::Pending, |(status, _)| *status);
        assert_eq!(stands.status, last, "{action:?}");
    }
}

#[test]
fn a_message_is_repeated_word_for_word_and_signed_anew() {
    let sandbox = sandbox();
    let payment = sandbox.start(&wanted(), 1, NOW).unwrap().payment;
    assert_eq!(
        sandbox.press(&payment, Action::Repeat, NOW),
        Err(Refused::State)
    );
    let first = sandbox.press(&payment, Action::Pay, NOW).unwrap();
    let later = NOW + 3 * 24 * 3_600_000;
    let again = sandbox.press(&payment, Action::Repeat, later).unwrap();
    assert_eq!(
        (&first[0].id, &first[0].body),
        (&again[0].id, &again[0].body)
    );
    assert_ne!(first[0].timestamp, again[0].timestamp);
    assert_eq!(
        hear(&sandbox, &again[0], later),
        hear(&sandbox, &first[0], NOW)
    );
}

#[test]
fn what_is_over_is_over() {
    let sandbox = sandbox();
    let start = |random: u128| sandbox.start(&wanted(), random << 32, NOW).unwrap().payment;
    let paid = start(1);
    sandbox.press(&paid, Action::PayLess, NOW).unwrap();
    for action in [Action::Pay, Action::PayLate, Action::Fail, Action::Expire] {
        assert_eq!(
            sandbox.press(&paid, action, NOW),
            Err(Refused::State),
            "{action:?}"
        );
    }
    let back = sandbox.press(&paid, Action::Refund, NOW).unwrap();
    let back = hear(&sandbox, &back[0], NOW);
    assert_eq!((back.status, back.amount), (Status::Refunded, 109_892));
    let late = start(2);
    for action in [
        Action::Pay,
        Action::PayTwice,
        Action::PayMore,
        Action::Refund,
    ] {
        assert_eq!(
            sandbox.press(&late, action, ENDS),
            Err(Refused::State),
            "{action:?}"
        );
    }
    sandbox.press(&late, Action::Expire, ENDS).unwrap();
    sandbox.press(&late, Action::PayLate, ENDS).unwrap();
    assert_eq!(
        sandbox.press("sandbox/x", Action::Never, NOW),
        Err(Refused::Unknown)
    );
}

#[test]
fn the_oldest_payments_are_forgotten_first() {
    let sandbox = sandbox();
    {
        let mut payments = sandbox.payments();
        for at in 0..PAYMENTS_MAX {
            payments.push_back(Payment {
                id: format!("{at}"),
                wanted: wanted(),
                status: Status::Pending,
                amount: 1,
                at: NOW,
                told: 0,
                last: Vec::new(),
            });
        }
    }
    let newest = sandbox.start(&wanted(), 1, NOW).unwrap().payment;
    assert!(sandbox.status(&newest).is_some() && sandbox.status("sandbox/1").is_some());
    assert!(sandbox.status("sandbox/0").is_none());
    assert_eq!(sandbox.payments().len(), PAYMENTS_MAX);
}
