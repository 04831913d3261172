//! Notifications that have to be refused, one after the other, at endpoints of every kind.

use super::endpoint::{EndpointConfig, Gateways, Kind, PaymentsConfig};
use super::standard_webhooks::Keys;
use super::*;
use crate::secret::Secret;
use serde_json::{Value, json};

const NOW: u64 = 1_730_000_000_000;
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TOKEN: &str = "RhrNV1zqzSj8frwjaueNb52nCNp7Cz08F4bJmp1QzxHosXiJ";
const SERVER_KEY: &str = "SB-Mid-server-0123456789abcdefgh";

fn gateways() -> Gateways {
    let endpoint = |name: &str, kind, secret: &str, account: &str| EndpointConfig {
        name: name.into(),
        shop: "toko".into(),
        kind,
        secrets: vec![Secret::new(secret.as_bytes())],
        secret_files: Vec::new(),
        account: Some(account.into()),
    };
    let endpoints = vec![
        endpoint("bayar", Kind::Standard, WHSEC, "M-1"),
        endpoint("toko-midtrans", Kind::Midtrans, SERVER_KEY, "G141532850"),
        endpoint(
            "toko-xendit",
            Kind::Xendit,
            TOKEN,
            "6094fa76c2fd53701b8e079c",
        ),
    ];
    Gateways::open(&PaymentsConfig { endpoints }).unwrap()
}

/// A notification on its way: headers and body.
#[derive(Clone)]
struct Sent {
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn to(&self, endpoint: &str) -> Result<Said, Error> {
        let header = |name: &'static str| {
            let mut found = self.headers.iter().filter(|(known, _)| *known == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let gateways = gateways();
        gateways
            .find(endpoint)
            .unwrap()
            .hear(header, &self.body, NOW)
    }
}

fn standard(body: &Value) -> Sent {
    let keys = Keys::new(&[Secret::new(WHSEC.as_bytes())]).unwrap();
    let (body, at) = (body.to_string().into_bytes(), (NOW / 1_000).to_string());
    let signature = keys.sign("msg_1", &at, &body);
    Sent {
        headers: vec![
            ("webhook-id", "msg_1".into()),
            ("webhook-timestamp", at),
            ("webhook-signature", signature),
        ],
        body,
    }
}

fn midtrans(body: &Value) -> Sent {
    let mut body = body.clone();
    let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let text = part("order_id") + &part("status_code") + &part("gross_amount") + SERVER_KEY;
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA512, text.as_bytes());
    let hex = |byte: &u8| format!("{byte:02x}");
    body["signature_key"] = json!(sum.as_ref().iter().map(hex).collect::<Vec<_>>().concat());
    Sent {
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    }
}

fn xendit(body: &Value) -> Sent {
    Sent {
        headers: vec![("x-callback-token", TOKEN.into())],
        body: body.to_string().into_bytes(),
    }
}

fn good(kind: &str) -> Value {
    match kind {
        "bayar" => json!({"type": "payment.settled", "data": {"payment": "tx-81",
            "order": "order-1", "status": "settled", "amount": 219_780, "currency": "IDR",
            "method": "qris", "at_ms": NOW, "account": "M-1"}}),
        "toko-midtrans" => json!({"transaction_status": "settlement", "transaction_id": "tx-81",
            "status_code": "200", "order_id": "order-1", "merchant_id": "G141532850",
            "gross_amount": "219780.00", "currency": "IDR", "payment_type": "qris"}),
        _ => json!({"event": "payment.capture", "business_id": "6094fa76c2fd53701b8e079c",
            "data": {"payment_id": "py-81", "status": "SUCCEEDED", "request_amount": 219_780,
            "currency": "IDR", "reference_id": "order-1", "channel_code": "QRIS"}}),
    }
}

fn send(kind: &str, body: &Value) -> Sent {
    match kind {
        "bayar" => standard(body),
        "toko-midtrans" => midtrans(body),
        _ => xendit(body),
    }
}

/// Sets a member that may lie deeper: `data.amount`.
fn put(body: &mut Value, path: &str, value: Value) {
    let mut at = body;
    for step in path.split('.') {
        at = &mut at[step];
    }
    *at = value;
}

#[test]
fn the_good_ones_say_the_same_whoever_says_it() {
    for kind in ["bayar", "toko-midtrans", "toko-xendit"] {
        let Ok(Said::Payment(notice)) = send(kind, &good(kind)).to(kind) else {
            panic!("{kind}");
        };
        assert_eq!(
            (notice.order.as_str(), notice.amount),
            ("order-1", 219_780),
            "{kind}"
        );
        assert_eq!(
            (notice.status, notice.method),
            (Status::Settled, Method::Qris)
        );
    }
}

/// Signed by whom it should be, and yet wrong: endpoint, member, value, the field that is named.
#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn believed_senders_that_say_nonsense_are_refused() {
    let long = "x".repeat(65);
    for (kind, path, value, field) in [
        ("bayar", "data", json!(null), "data"),
        ("bayar", "data", json!("tx-81"), "data"),
        ("bayar", "type", json!(null), "type"),
        ("bayar", "type", json!(7), "type"),
        ("bayar", "data.payment", json!(null), "payment"),
        ("bayar", "data.payment", json!(""), "payment"),
        ("bayar", "data.payment", json!("tx 81"), "payment"),
        ("bayar", "data.payment", json!("tx-81\n"), "payment"),
        ("bayar", "data.payment", json!(long), "payment"),
        ("bayar", "data.payment", json!(["tx-81"]), "payment"),
        ("bayar", "data.order", json!(null), "order"),
        ("bayar", "data.order", json!(long), "order"),
        ("bayar", "data.order", json!("order-1\u{0}"), "order"),
        ("bayar", "data.status", json!("pending"), "status"),
        ("bayar", "data.status", json!("SETTLED"), "status"),
        ("bayar", "data.amount", json!(null), "amount"),
        ("bayar", "data.amount", json!(-1), "amount"),
        ("bayar", "data.amount", json!(219_780.5), "amount"),
        ("bayar", "data.amount", json!("219780"), "amount"),
        ("bayar", "data.currency", json!(null), "currency"),
        ("bayar", "data.currency", json!("idr"), "currency"),
        ("bayar", "data.currency", json!("XTS"), "currency"),
        ("bayar", "data.method", json!("shells"), "method"),
        ("bayar", "data.at_ms", json!("now"), "at_ms"),
        (
            "toko-midtrans",
            "transaction_id",
            json!(null),
            "transaction_id",
        ),
        ("toko-midtrans", "transaction_id", json!(long), "payment"),
        (
            "toko-midtrans",
            "transaction_status",
            json!(null),
            "transaction_status",
        ),
        ("toko-midtrans", "order_id", json!(null), "order_id"),
        ("toko-midtrans", "order_id", json!(long), "order"),
        ("toko-midtrans", "status_code", json!(200), "status_code"),
        ("toko-midtrans", "status_code", json!("201"), "status_code"),
        ("toko-midtrans", "status_code", json!("0200"), "status_code"),
        (
            "toko-midtrans",
            "gross_amount",
            json!("219780.50"),
            "gross_amount",
        ),
        (
            "toko-midtrans",
            "gross_amount",
            json!("0219780.00"),
            "gross_amount",
        ),
        (
            "toko-midtrans",
            "gross_amount",
            json!("219,780.00"),
            "gross_amount",
        ),
        (
            "toko-midtrans",
            "gross_amount",
            json!("-219780.00"),
            "gross_amount",
        ),
        (
            "toko-midtrans",
            "gross_amount",
            json!("2e5"),
            "gross_amount",
        ),
        ("toko-midtrans", "currency", json!("RUPIAH"), "currency"),
        ("toko-xendit", "data", json!([]), "data"),
        ("toko-xendit", "event", json!(1), "event"),
        ("toko-xendit", "data.payment_id", json!(null), "payment_id"),
        (
            "toko-xendit",
            "data.reference_id",
            json!(null),
            "reference_id",
        ),
        ("toko-xendit", "data.status", json!("PENDING"), "status"),
        ("toko-xendit", "data.status", json!(null), "status"),
        ("toko-xendit", "data.currency", json!(null), "currency"),
        (
            "toko-xendit",
            "data.request_amount",
            json!(null),
            "request_amount",
        ),
        (
            "toko-xendit",
            "data.request_amount",
            json!(219_780.01),
            "request_amount",
        ),
        (
            "toko-xendit",
            "data.request_amount",
            json!(1e30),
            "request_amount",
        ),
        ("toko-xendit", "data.captures", json!({}), "captures"),
        (
            "toko-xendit",
            "data.captures",
            json!([{}]),
            "capture_amount",
        ),
    ] {
        let mut body = good(kind);
        put(&mut body, path, value);
        let met = send(kind, &body).to(kind);
        assert_eq!(met, Err(Error::Malformed(field)), "{kind} {body}");
    }
}

#[test]
fn another_merchants_account_is_not_ours() {
    for (kind, path) in [
        ("bayar", "data.account"),
        ("toko-midtrans", "merchant_id"),
        ("toko-xendit", "business_id"),
    ] {
        for value in [json!("somebody-else"), json!(null)] {
            let mut body = good(kind);
            put(&mut body, path, value);
            assert_eq!(send(kind, &body).to(kind), Err(Error::NotOurs), "{kind}");
        }
    }
}

#[test]
fn bodies_that_are_no_objects_are_refused() {
    let twice = r#"{"event":"payment.capture","event":"payment.failure"}"#;
    for body in [
        "",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{",
        "{}{}",
        "{\"a\":}",
        twice,
        "\u{feff}{}",
    ] {
        let mut sent = xendit(&json!({}));
        sent.body = body.into();
        assert_eq!(
            sent.to("toko-xendit"),
            Err(Error::Malformed("body")),
            "{body}"
        );
        let mut sent = midtrans(&json!({}));
        sent.body = body.into();
        assert_eq!(
            sent.to("toko-midtrans"),
            Err(Error::Malformed("body")),
            "{body}"
        );
    }
}

/// What is good at one endpoint is nothing at another.
#[test]
fn nobody_is_believed_at_anothers_endpoint() {
    let kinds = ["bayar", "toko-midtrans", "toko-xendit"];
    for from in kinds {
        let mut sent = send(from, &good(from));
        for to in kinds.into_iter().filter(|to| *to != from) {
            let met = sent.to(to);
            let refused = matches!(met, Err(Error::BadSignature | Error::Malformed("order_id")));
            assert!(refused, "{from} at {to}: {met:?}");
        }
        // Without what it is believed by, it is nothing at its own.
        sent.headers.clear();
        let text = String::from_utf8(sent.body).unwrap();
        sent.body = text.replace("signature_key", "signature_kez").into_bytes();
        assert_eq!(sent.to(from), Err(Error::BadSignature), "{from}");
    }
}

#[test]
fn any_bytes_are_a_notice_or_an_error() {
    use proptest::prelude::*;
    let gateways = gateways();
    proptest!(ProptestConfig::with_cases(2_000), |(bytes: Vec<u8>, cut in 0usize..400)| {
        for kind in ["bayar", "toko-midtrans", "toko-xendit"] {
            let endpoint = gateways.find(kind).unwrap();
            let _ = endpoint.hear(|_| Some(TOKEN), &bytes, NOW);
            let whole = good(kind).to_string().into_bytes();
            let part = &whole[..cut.min(whole.len() - 1)];
            prop_assert!(endpoint.hear(|_| Some(TOKEN), part, NOW).is_err());
        }
    });
}

#[test]
fn an_order_is_named_by_its_id_and_a_count() {
    let id = "0198c0de-0000-7000-8000-000000000001";
    let of = |order: &str| {
        let mut body = good("bayar");
        body["data"]["order"] = json!(order);
        let Ok(Said::Payment(notice)) = standard(&body).to("bayar") else {
            panic!("{order}");
        };
        notice.order_id()
    };
    let wanted = Some(0x0198_c0de_0000_7000_8000_0000_0000_0001);
    assert_eq!(of(id), wanted);
    assert_eq!(of(&format!("{id}-2")), wanted);
    assert_eq!(of(&format!("{id}.x")), wanted);
    for other in [
        "order-1",
        &id[1..],
        &format!("{id}2"),
        &format!("x{id}"),
        &"é".repeat(20),
    ] {
        assert_eq!(of(other), None, "{other}");
    }
}

#[test]
fn every_error_has_its_code() {
    for (error, code) in [
        (Error::BadSignature, "bad_signature"),
        (Error::Stale, "stale"),
        (Error::Malformed("body"), "malformed"),
        (Error::NotOurs, "not_ours"),
    ] {
        assert_eq!(error.code(), code);
    }
}
