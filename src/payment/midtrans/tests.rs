//! The notifications of Midtrans' documentation: its values, signed by its rule.

use super::*;
use aws_lc_rs::digest::digest;
use serde_json::{Value, json};

const KEY: &str = "SB-Mid-server-0123456789abcdefgh";

/// Notifications of the documentation, without their signatures: those were made with a key that
/// is not published.
fn card() -> Value {
    json!({
        "transaction_time": "2020-01-09 18:27:19", "transaction_status": "capture",
        "transaction_id": "57d5293c-e65f-4a29-95e4-5959c3fa335b",
        "status_message": "midtrans payment notification", "status_code": "200",
        "payment_type": "credit_card", "order_id": "Postman-1578568851",
        "merchant_id": "G141532850", "masked_card": "48111111-1114",
        "gross_amount": "10000.00", "fraud_status": "accept", "eci": "05", "currency": "IDR",
        "channel_response_message": "Approved", "channel_response_code": "00",
        "card_type": "credit", "bank": "bni", "approval_code": "1578569243927"
    })
}

fn qris() -> Value {
    json!({
        "transaction_type": "on-us", "transaction_time": "2021-06-23 14:02:42",
        "transaction_status": "settlement",
        "transaction_id": "513f1f01-c9da-474c-9fc9-d5c64364b709",
        "status_message": "midtrans payment notification", "status_code": "200",
        "settlement_time": "2021-06-23 14:06:48", "payment_type": "qris",
        "order_id": "qris-01", "merchant_id": "G141532850",
        "merchant_cross_reference_id": "0197f326-973a-743c-b0a9-77cfc3c95d53",
        "issuer": "gopay", "gross_amount": "5539.00", "fraud_status": "accept",
        "currency": "IDR", "acquirer": "gopay"
    })
}

fn bca() -> Value {
    json!({
        "va_numbers": [{"va_number": "333333333333333", "bank": "bca"}],
        "transaction_time": "2021-06-23 11:27:20", "transaction_status": "settlement",
        "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
        "status_message": "midtrans payment notification", "status_code": "200",
        "settlement_time": "2021-06-23 11:27:50", "payment_type": "bank_transfer",
        "payment_amounts": [], "order_id": "bca-va-01", "merchant_id": "G141532850",
        "gross_amount": "100000.00", "fraud_status": "accept", "currency": "IDR"
    })
}

/// The documented rule, written a second time.
fn signed(mut body: Value, key: &str) -> Vec<u8> {
    let part = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let text = part("order_id") + &part("status_code") + &part("gross_amount") + key;
    let sum = digest(&SHA512, text.as_bytes());
    let hex = sum
        .as_ref()
        .iter()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    body["signature_key"] = json!(hex);
    body.to_string().into_bytes()
}

fn hear(body: Value) -> Result<Said, Error> {
    read(&[Secret::new(KEY.as_bytes())], &signed(body, KEY))
}

fn notice(body: Value) -> Notice {
    match hear(body) {
        Ok(Said::Payment(notice)) => *notice,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documented_notifications_are_read() {
    let read = notice(card());
    assert_eq!(
        read.payment,
        "midtrans/57d5293c-e65f-4a29-95e4-5959c3fa335b"
    );
    assert_eq!(
        (read.order.as_str(), read.status),
        ("Postman-1578568851", Status::Settled)
    );
    assert_eq!((read.amount, read.currency), (10_000, Currency::IDR));
    assert_eq!(read.method, Method::Card);
    assert_eq!(read.at, Some(1_578_569_239_000));
    assert_eq!(read.account.as_deref(), Some("G141532850"));
    let read = notice(qris());
    assert_eq!((read.order.as_str(), read.amount), ("qris-01", 5_539));
    // 14:06:48 in Jakarta is 07:06:48 in London.
    assert_eq!(
        (read.method, read.at),
        (Method::Qris, Some(1_624_432_008_000))
    );
    let read = notice(bca());
    assert_eq!(
        (read.amount, read.method),
        (100_000, Method::VirtualAccount)
    );
}

#[test]
fn every_status_has_its_meaning() {
    for (word, code, fraud, met) in [
        ("capture", "200", json!("accept"), Some(Status::Settled)),
        ("capture", "200", Value::Null, Some(Status::Settled)),
        ("capture", "201", json!("challenge"), Some(Status::Pending)),
        ("capture", "202", json!("deny"), Some(Status::Failed)),
        ("settlement", "200", json!("accept"), Some(Status::Settled)),
        ("pending", "201", json!("accept"), Some(Status::Pending)),
        ("authorize", "200", json!("accept"), Some(Status::Pending)),
        ("deny", "202", json!("accept"), Some(Status::Failed)),
        ("cancel", "200", json!("accept"), Some(Status::Failed)),
        ("failure", "202", json!("accept"), Some(Status::Failed)),
        ("expire", "202", json!("accept"), Some(Status::Expired)),
        ("refund", "200", json!("accept"), Some(Status::Refunded)),
        ("chargeback", "200", json!("accept"), Some(Status::Refunded)),
        ("something_new", "200", json!("accept"), None),
    ] {
        let mut body = qris();
        body["transaction_status"] = json!(word);
        body["status_code"] = json!(code);
        body["fraud_status"] = fraud;
        let status = match hear(body) {
            Ok(Said::Payment(notice)) => Some(notice.status),
            Ok(Said::Beside) => None,
            Err(error) => panic!("{word}: {error}"),
        };
        assert_eq!(status, met, "{word} {code}");
    }
}

/// The signature does not cover the status: only the code in it does.
#[test]
fn a_signed_pending_cannot_be_made_a_settlement() {
    let mut body = qris();
    body["status_code"] = json!("201");
    body["transaction_status"] = json!("pending");
    let bytes = String::from_utf8(signed(body, KEY)).unwrap();
    let keys = [Secret::new(KEY.as_bytes())];
    assert!(read(&keys, bytes.as_bytes()).is_ok());
    for word in ["settlement", "refund"] {
        let forged = bytes.replace("\"pending\"", &format!("{word:?}"));
        let met = read(&keys, forged.as_bytes());
        assert_eq!(met, Err(Error::Malformed("status_code")), "{word}");
    }
    let forged = bytes.replace("\"201\"", "\"200\"");
    assert_eq!(read(&keys, forged.as_bytes()), Err(Error::BadSignature));
}

#[test]
fn refunds_say_what_went_back_in_all() {
    let mut body = qris();
    body["transaction_status"] = json!("partial_refund");
    assert_eq!(hear(body.clone()), Err(Error::Malformed("refund_amount")));
    body["refund_amount"] = json!("1000.00");
    assert_eq!(notice(body.clone()).amount, 1_000);
    body["refunds"] = json!([{"refund_amount": "1000.00"}, {"refund_amount": "539.00"}]);
    assert_eq!(notice(body.clone()).amount, 1_539);
    body["refunds"] = json!([{"refund_amount": "5000.00"}, {"refund_amount": "540.00"}]);
    assert_eq!(hear(body.clone()), Err(Error::Malformed("refund_amount")));
    body["transaction_status"] = json!("refund");
    body["refunds"] = Value::Null;
    body["refund_amount"] = Value::Null;
    let read = notice(body);
    assert_eq!((read.status, read.amount), (Status::Refunded, 5_539));
}

#[test]
fn the_expiry_is_in_jakarta_too() {
    let mut body = qris();
    body["transaction_status"] = json!("pending");
    body["status_code"] = json!("201");
    body["settlement_time"] = Value::Null;
    body["expiry_time"] = json!("2021-06-23 14:17:42");
    let read = notice(body.clone());
    assert_eq!(read.expires_at, Some(1_624_432_662_000));
    assert_eq!(read.at, Some(1_624_431_762_000));
    // No money is turned away over a date.
    body["expiry_time"] = json!("besok");
    assert_eq!(notice(body).expires_at, None);
}

#[test]
fn the_signature_is_by_one_of_our_keys_over_these_three() {
    let old = Secret::new(*b"SB-Mid-server-an-older-key-of-ours");
    let keys = [Secret::new(KEY.as_bytes()), old.clone()];
    assert!(read(&keys, &signed(qris(), KEY)).is_ok());
    let by_old = std::str::from_utf8(old.expose()).unwrap();
    assert!(read(&keys, &signed(qris(), by_old)).is_ok());
    let upper = String::from_utf8(signed(qris(), KEY)).unwrap();
    let hex: Value = serde_json::from_str(&upper).unwrap();
    let hex = hex["signature_key"].as_str().unwrap();
    assert!(read(&keys, upper.replace(hex, &hex.to_uppercase()).as_bytes()).is_ok());
    for at in 0..hex.len() {
        let mut bad = hex.to_owned();
        let other = if &hex[at..=at] == "0" { "1" } else { "0" };
        bad.replace_range(at..=at, other);
        let met = read(&keys, upper.replace(hex, &bad).as_bytes());
        assert_eq!(met, Err(Error::BadSignature), "{at}");
    }
    for (name, value) in [
        ("order_id", json!("qris-02")),
        ("status_code", json!("201")),
        ("gross_amount", json!("5539.0")),
        ("gross_amount", json!("15539.00")),
    ] {
        let mut body: Value = serde_json::from_str(&upper).unwrap();
        body[name] = value;
        let met = read(&keys, body.to_string().as_bytes());
        assert_eq!(met, Err(Error::BadSignature), "{name}");
    }
    // What slides from one field into the next has the same digest, but is another amount.
    let mut body: Value = serde_json::from_str(&upper).unwrap();
    body["status_code"] = json!("2005");
    body["gross_amount"] = json!("539.00");
    let met = read(&keys, body.to_string().as_bytes());
    assert_eq!(met, Err(Error::Malformed("status_code")));
}
