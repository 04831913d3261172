//! The scheme's published vector, and everything near it that has to be refused.

use super::*;
use crate::payment::notice::{STATUSES, Status};

/// The vector that every library of the scheme's project is tested with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: &str = "1614265330";
const AT_MS: u64 = 1_614_265_330_000;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn keys(secrets: &[&str]) -> Keys {
    let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(s.as_bytes())).collect();
    Keys::new(&secrets).unwrap()
}

fn headers<'a>(id: &'a str, timestamp: &'a str, signature: &'a str) -> Headers<'a> {
    Headers {
        id: Some(id),
        timestamp: Some(timestamp),
        signature: Some(signature),
    }
}

fn check(id: &str, at: &str, signature: &str, body: &[u8]) -> Result<(), Error> {
    keys(&[SECRET]).check(&headers(id, at, signature), body, AT_MS)
}

#[test]
fn the_published_vector_is_signed_and_believed() {
    assert_eq!(keys(&[SECRET]).sign(ID, AT, BODY), SIGNATURE);
    assert_eq!(check(ID, AT, SIGNATURE, BODY), Ok(()));
}

#[test]
fn any_signature_and_any_secret_will_do() {
    let other = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=";
    let list = format!(
        "{other} v1a,AAAA v2,{} {SIGNATURE} {other}",
        &SIGNATURE[3..]
    );
    assert_eq!(check(ID, AT, &list, BODY), Ok(()));
    let new = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    let both = keys(&[new, SECRET]);
    assert_eq!(both.check(&headers(ID, AT, SIGNATURE), BODY, AT_MS), Ok(()));
    let by_new = both.sign(ID, AT, BODY);
    assert_eq!(both.check(&headers(ID, AT, &by_new), BODY, AT_MS), Ok(()));
    assert_eq!(check(ID, AT, &by_new, BODY), Err(Error::BadSignature));
}

#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let flipped = |text: &[u8], at: usize| -> Vec<u8> {
        let mut text = text.to_vec();
        text[at / 8] ^= 1 << (at % 8);
        text
    };
    for at in 0..BODY.len() * 8 {
        assert_eq!(
            check(ID, AT, SIGNATURE, &flipped(BODY, at)),
            Err(Error::BadSignature)
        );
    }
    for part in [ID, AT, SIGNATURE] {
        for at in 0..part.len() * 8 {
            let Ok(bad) = String::from_utf8(flipped(part.as_bytes(), at)) else {
                continue;
            };
            let told = |one: &'static str| {
                if one == part {
                    bad.clone()
                } else {
                    one.to_owned()
                }
            };
            let [id, stamp, signature] = [ID, AT, SIGNATURE].map(told);
            let met = check(&id, &stamp, &signature, BODY);
            assert_eq!(met, Err(Error::BadSignature), "{bad}");
        }
    }
}

#[test]
fn five_minutes_are_fresh_on_both_sides() {
    let keys = keys(&[SECRET]);
    let told = headers(ID, AT, SIGNATURE);
    for (now_ms, met) in [
        (AT_MS - 301_000, Err(Error::Stale)),
        (AT_MS - 300_001, Err(Error::Stale)),
        (AT_MS - 300_000, Ok(())),
        (AT_MS - 299_000, Ok(())),
        (AT_MS + 299_000, Ok(())),
        (AT_MS + 300_000, Ok(())),
        (AT_MS + 300_001, Err(Error::Stale)),
        (AT_MS + 301_000, Err(Error::Stale)),
        (0, Err(Error::Stale)),
        (u64::MAX, Err(Error::Stale)),
    ] {
        assert_eq!(keys.check(&told, BODY, now_ms), met, "{now_ms}");
    }
    // Whoever cannot sign is not told what time it is.
    let strange = headers(ID, AT, "v1,AAAA");
    assert_eq!(keys.check(&strange, BODY, 0), Err(Error::BadSignature));
}

#[test]
fn the_same_json_written_anew_is_refused() {
    for body in [
        &br#"{"test":2432232314}"#[..],
        b"{\"test\": 2432232314}\n",
        br#"{"test": 2432232314.0}"#,
        br#"{"\u0074est": 2432232314}"#,
        b"",
    ] {
        assert_eq!(check(ID, AT, SIGNATURE, body), Err(Error::BadSignature));
    }
}

#[test]
fn a_dot_in_a_name_is_refused_even_if_it_is_signed() {
    let keys = keys(&[SECRET]);
    // Both are signed over the same bytes: `a.1614265330.b.{}`.
    let body = b"b.{}";
    let one = keys.sign("a", AT, body);
    assert_eq!(keys.check(&headers("a", AT, &one), body, AT_MS), Ok(()));
    for id in [
        "a.1614265330",
        "a.",
        ".",
        "",
        " ",
        "a b",
        "é",
        &"a".repeat(129),
    ] {
        let signed = keys.sign(id, AT, body);
        let met = keys.check(&headers(id, AT, &signed), body, AT_MS);
        assert_eq!(met, Err(Error::BadSignature), "{id}");
    }
}

#[test]
fn times_are_plain_digits() {
    let keys = keys(&[SECRET]);
    for at in [
        "",
        "-1",
        "+1614265330",
        " 1614265330",
        "1614265330.0",
        "1e9",
        "9999999999999",
    ] {
        let signed = keys.sign(ID, at, BODY);
        let met = keys.check(&headers(ID, at, &signed), BODY, AT_MS);
        assert_eq!(met, Err(Error::BadSignature), "{at:?}");
    }
}

#[test]
fn headers_that_are_missing_or_odd_are_refused() {
    let whole = headers(ID, AT, SIGNATURE);
    for told in [
        Headers { id: None, ..whole },
        Headers {
            timestamp: None,
            ..whole
        },
        Headers {
            signature: None,
            ..whole
        },
        Headers::default(),
    ] {
        let met = keys(&[SECRET]).check(&told, BODY, AT_MS);
        assert_eq!(met, Err(Error::BadSignature));
    }
    let bare = &SIGNATURE[3..];
    let late = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(SIGNATURES_MAX));
    for signature in [
        "",
        "v1",
        "v1,",
        bare,
        &format!("v1a,{bare}"),
        &format!("V1,{bare}"),
        &format!("v1={bare}"),
        &format!("v1,{SIGNATURE}"),
        &format!("v1,{}", bare.trim_end_matches('=')),
        &format!("v1,{}", bare.replace('+', "-").replace('/', "_")),
        &format!("v1,AAAA,{SIGNATURE}"),
        &SIGNATURE[..20],
        &late,
    ] {
        let met = check(ID, AT, signature, BODY);
        assert_eq!(met, Err(Error::BadSignature), "{signature}");
    }
}

#[test]
fn a_secret_has_its_form_and_length() {
    let text = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
    for (bytes, fits) in [
        (0, false),
        (23, false),
        (24, true),
        (64, true),
        (257, false),
    ] {
        let made = Keys::new(&[Secret::new(text(bytes).into_bytes())]);
        assert_eq!(made.is_ok(), fits, "{bytes}");
    }
    for bad in [
        "",
        "whsec_",
        &SECRET[6..],
        "whsec_!!!",
        "whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ] {
        assert!(Keys::new(&[Secret::new(bad.as_bytes())]).is_err(), "{bad}");
    }
    assert!(Keys::new(&[]).is_err());
    assert_eq!(format!("{:?}", keys(&[SECRET])), "[1 secrets]");
}

const PAID: &str = r#"{"type":"payment.settled","data":{"payment":"tx-81","order":"order-1",
    "status":"settled","amount":219780,"currency":"IDR","method":"qris","at_ms":1730000000000,
    "expires_at_ms":1730000900000,"account":"M-1","more":{"is":"ignored"}}}"#;

#[test]
fn our_own_form_is_read() {
    let Ok(Said::Payment(notice)) = read("toko", Some("msg_1"), PAID.as_bytes()) else {
        panic!("no notice");
    };
    let wanted = Notice {
        payment: "toko/tx-81".into(),
        attempt: None,
        order: "order-1".into(),
        status: Status::Settled,
        amount: 219_780,
        currency: crate::catalog::Currency::IDR,
        method: Method::Qris,
        at: Some(1_730_000_000_000),
        expires_at: Some(1_730_000_900_000),
        account: Some("M-1".into()),
        event: Some("msg_1".into()),
    };
    assert_eq!(*notice, wanted);
    for status in STATUSES {
        let body = PAID.replace("settled", status.as_str());
        let Ok(Said::Payment(notice)) = read("toko", None, body.as_bytes()) else {
            panic!("no notice");
        };
        assert_eq!((notice.status, notice.event), (status, None));
    }
    for beside in [
        r#"{"type":"contact.created"}"#,
        r#"{"type":"payment.created","data":{}}"#,
    ] {
        assert_eq!(read("toko", None, beside.as_bytes()), Ok(Said::Beside));
    }
}
