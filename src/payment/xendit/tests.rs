//! The webhooks of Xendit's documentation, its values kept.

use super::*;
use serde_json::{Value, json};

fn capture() -> Value {
    json!({
        "event": "payment.capture", "business_id": "6094fa76c2fd53701b8e079c",
        "created": "2021-12-02T14:52:21.566Z",
        "data": {
            "payment_id": "py-1fdaf346-dd2e-4b6c-b938-124c7167a822",
            "business_id": "6094fa76c2fd53701b8e079c", "status": "SUCCEEDED",
            "payment_request_id": "pr-1fdaf346-dd2e-4b6c-b938-124c7167a822",
            "request_amount": 10000, "customer_id": "cust-5ed61c4e-499f-49bd-9d90-f3f45028a7a3",
            "channel_code": "BRI_VIRTUAL_ACCOUNT", "country": "ID", "currency": "IDR",
            "reference_id": "example_reference_id", "description": "Payment description",
            "channel_properties": {"failure_return_url": "https://xendit.co/failure"},
            "type": "SINGLE_PAYMENT",
            "created": "2021-12-02T14:52:21.566Z", "updated": "2021-12-02T14:52:21.566Z"
        }
    })
}

fn qr_2022() -> Value {
    json!({
        "event": "qr.payment", "api_version": "2022-07-31",
        "business_id": "58cd618ba0464eb64acdb246", "created": "2022-10-22T06:30:05.86474Z",
        "data": {
            "id": "qrpy_8182837te-87st-49ing-8696-1239bd4d759c",
            "business_id": "58cd618ba0464eb64acdb246", "currency": "IDR", "amount": 10000,
            "status": "SUCCEEDED", "created": "2022-10-22T06:30:05.86474Z",
            "qr_id": "qr_61cb3576-3a25-4d35-8d15-0e8e3bdba4f2",
            "reference_id": "order-id-1666420204", "type": "DYNAMIC", "channel_code": "ID_DANA",
            "expires_at": "2022-10-23T09:56:43.60445Z", "description": "", "basket": null
        }
    })
}

fn qr_2020() -> Value {
    json!({
        "event": "qr.payment", "id": "qrpy_8182837te-87st-49ing-8696-1239bd4d759c",
        "amount": 1500, "created": "2020-01-08T18:18:18.857Z",
        "qr_code": {
            "id": "qr_8182837te-87st-49ing-8696-1239bd4d759c",
            "external_id": "testing_id_123", "type": "DYNAMIC"
        },
        "status": "COMPLETED"
    })
}

fn paid_invoice() -> Value {
    json!({
        "id": "579c8d61f23fa4ca35e52da4", "external_id": "invoice_123124123",
        "user_id": "5781d19b2e2385880609791c", "is_high": true,
        "payment_method": "BANK_TRANSFER", "status": "PAID", "merchant_name": "Xendit",
        "amount": 50000, "paid_amount": 50000, "bank_code": "PERMATA",
        "paid_at": "2016-10-12T08:15:03.404Z", "description": "This is a description",
        "adjusted_received_amount": 47500, "fees_paid_amount": 0,
        "updated": "2016-10-10T08:15:03.404Z", "created": "2016-10-10T08:15:03.404Z",
        "currency": "IDR", "payment_channel": "PERMATA", "payment_destination": "888888888888"
    })
}

fn hear(body: &Value) -> Result<Said, Error> {
    read(
        Some("dee49557-9abe-4ec7-9230-af2771648b90"),
        body.to_string().as_bytes(),
    )
}

fn notice(body: &Value) -> Notice {
    match hear(body) {
        Ok(Said::Payment(notice)) => *notice,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_who_knows_a_token_is_believed() {
    let token = "RhrNV1zqzSj8frwjaueNb52nCNp7Cz08F4bJmp1QzxHosXiJ";
    let tokens = ["another token of ours, older", token].map(|t| Secret::new(t.as_bytes()));
    assert_eq!(check(&tokens, Some(token)), Ok(()));
    assert_eq!(check(&tokens, Some("another token of ours, older")), Ok(()));
    let upper = token.to_uppercase();
    for told in [
        None,
        Some(""),
        Some(&token[1..]),
        Some(&*upper),
        Some("Bearer"),
    ] {
        assert_eq!(check(&tokens, told), Err(Error::BadSignature), "{told:?}");
    }
    assert_eq!(check(&[], Some("")), Err(Error::BadSignature));
}

#[test]
fn a_captured_payment_is_read() {
    let read = notice(&capture());
    assert_eq!(
        read.payment,
        "xendit/py-1fdaf346-dd2e-4b6c-b938-124c7167a822"
    );
    let attempt = "xendit/pr-1fdaf346-dd2e-4b6c-b938-124c7167a822";
    assert_eq!(read.attempt.as_deref(), Some(attempt));
    assert_eq!(
        (read.order.as_str(), read.status),
        ("example_reference_id", Status::Settled)
    );
    assert_eq!((read.amount, read.method), (10_000, Method::VirtualAccount));
    assert_eq!(read.at, Some(1_638_456_741_566));
    assert_eq!(read.account.as_deref(), Some("6094fa76c2fd53701b8e079c"));
    assert_eq!(
        read.event.as_deref(),
        Some("dee49557-9abe-4ec7-9230-af2771648b90")
    );
    // The documentation has the amount as text too.
    let mut body = capture();
    body["data"]["request_amount"] = json!("10000");
    assert_eq!(notice(&body).amount, 10_000);
    body["data"]["captures"] = json!([{"capture_amount": 4000.0}, {"capture_amount": 500}]);
    assert_eq!(notice(&body).amount, 4_500);
}

#[test]
fn the_second_version_is_read() {
    let mut body = capture();
    body["event"] = json!("payment.succeeded");
    let data = body["data"].as_object_mut().unwrap();
    data["request_amount"] = Value::Null;
    data["payment_id"] = Value::Null;
    data["channel_code"] = Value::Null;
    data.insert(
        "id".into(),
        json!("py-1402feb0-bb79-47ae-9d1e-e69394d3949c"),
    );
    data.insert("amount".into(), json!(10000.0));
    data.insert("payment_method".into(), json!({"type": "EWALLET"}));
    let read = notice(&body);
    assert_eq!(
        read.payment,
        "xendit/py-1402feb0-bb79-47ae-9d1e-e69394d3949c"
    );
    assert_eq!((read.amount, read.method), (10_000, Method::Ewallet));
}

#[test]
fn every_event_has_its_meaning_and_its_status() {
    for (event, status, met) in [
        ("payment.capture", "SUCCEEDED", Some(Status::Settled)),
        ("payment.succeeded", "SUCCEEDED", Some(Status::Settled)),
        ("payment.authorization", "AUTHORIZED", Some(Status::Pending)),
        (
            "payment.awaiting_capture",
            "AWAITING_CAPTURE",
            Some(Status::Pending),
        ),
        ("payment.pending", "PENDING", Some(Status::Pending)),
        ("payment.failure", "FAILED", Some(Status::Failed)),
        ("payment.failed", "FAILED", Some(Status::Failed)),
        ("payment.expiry", "EXPIRED", Some(Status::Expired)),
        ("payment_request.expiry", "EXPIRED", Some(Status::Expired)),
        ("refund.succeeded", "SUCCEEDED", Some(Status::Refunded)),
        ("refund.failed", "FAILED", None),
        ("payment_token.activation", "ACTIVE", None),
        ("payout.succeeded", "SUCCEEDED", None),
    ] {
        let mut body = capture();
        body["event"] = json!(event);
        body["data"]["status"] = json!(status);
        let told = match hear(&body) {
            Ok(Said::Payment(notice)) => Some(notice.status),
            Ok(Said::Beside) => None,
            Err(error) => panic!("{event}: {error}"),
        };
        assert_eq!(told, met, "{event}");
        if met.is_some() {
            body["data"]["status"] = json!("REQUIRES_SOMETHING_ELSE");
            assert_eq!(hear(&body), Err(Error::Malformed("status")), "{event}");
        }
    }
}

#[test]
fn an_expired_request_without_a_payment_goes_by_its_own_name() {
    let body = json!({"event": "payment_request.expiry", "data": {
        "reference_id": "test-1769502616", "status": "EXPIRED", "currency": "IDR",
        "payment_request_id": "pr-3165c617-70c2-41de-87c5-3433277604b5", "request_amount": 1}});
    let read = notice(&body);
    assert_eq!(
        read.payment,
        "xendit/pr-3165c617-70c2-41de-87c5-3433277604b5"
    );
    assert_eq!((read.attempt, read.status), (None, Status::Expired));
}

#[test]
fn paid_qr_codes_of_both_versions_are_read() {
    let read = notice(&qr_2022());
    assert_eq!(
        read.payment,
        "xendit/qrpy_8182837te-87st-49ing-8696-1239bd4d759c"
    );
    let attempt = "xendit/qr_61cb3576-3a25-4d35-8d15-0e8e3bdba4f2";
    assert_eq!(read.attempt.as_deref(), Some(attempt));
    assert_eq!(
        (read.order.as_str(), read.amount),
        ("order-id-1666420204", 10_000)
    );
    assert_eq!(
        (read.method, read.at),
        (Method::Qris, Some(1_666_420_205_864))
    );
    assert_eq!(read.expires_at, Some(1_666_519_003_604));
    let read = notice(&qr_2020());
    assert_eq!(
        (read.order.as_str(), read.amount),
        ("testing_id_123", 1_500)
    );
    assert_eq!(
        (read.status, read.currency),
        (Status::Settled, Currency::IDR)
    );
    let attempt = "xendit/qr_8182837te-87st-49ing-8696-1239bd4d759c";
    assert_eq!(read.attempt.as_deref(), Some(attempt));
    let mut body = qr_2022();
    body["data"]["status"] = json!("FAILED");
    assert_eq!(hear(&body), Err(Error::Malformed("status")));
}

#[test]
fn invoices_are_read() {
    let read = notice(&paid_invoice());
    assert_eq!(read.payment, "xendit/579c8d61f23fa4ca35e52da4");
    assert_eq!(
        (read.order.as_str(), read.amount),
        ("invoice_123124123", 50_000)
    );
    assert_eq!(
        (read.status, read.method),
        (Status::Settled, Method::VirtualAccount)
    );
    assert_eq!(read.at, Some(1_476_260_103_404));
    let mut body = paid_invoice();
    body["paid_amount"] = json!(40_000);
    assert_eq!(notice(&body).amount, 40_000);
    body["paid_amount"] = Value::Null;
    assert_eq!(hear(&body), Err(Error::Malformed("paid_amount")));
    body["status"] = json!("EXPIRED");
    let read = notice(&body);
    assert_eq!((read.status, read.amount), (Status::Expired, 50_000));
    body["status"] = json!("SOMETHING_NEW");
    assert_eq!(hear(&body), Ok(Said::Beside));
}

#[test]
fn what_is_no_payment_is_let_be() {
    for body in [json!({}), json!({"event": null}), json!({"hello": "world"})] {
        assert_eq!(hear(&body), Ok(Said::Beside), "{body}");
    }
}
