//! Payment gateways at their door: what is signed is noted, what is not is refused, and an order is
//! paid by a button of the gateway without money.

use lapak::catalog::Currency;
use lapak::clock::Clock;
use lapak::config::Config;
use lapak::domain::{
    Actor, Answer, BookingId, Command, CustomerId, DropId, Method as Way, Millis, OrderId,
    OrderState, PayBy, PaymentId, Rejection, Request, Role as Rank, ShopId, SkuId,
};
use lapak::gateway::auth::Role;
use lapak::payment::sandbox::{Started, Wanted};
use lapak::payment::standard_webhooks::Keys;
use lapak::payment::{EndpointConfig, Inquiry, Kind, Status};
use lapak::secret::Secret;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, LIVE, SHOP};
use crate::schema::{matches, openapi, told};

const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BUYER: &str = "dewi";

fn settings(config: &mut Config) {
    config.payments.endpoints = vec![
        EndpointConfig::sandbox("uji", SHOP),
        EndpointConfig {
            name: "bayar".into(),
            shop: SHOP.into(),
            kind: Kind::Standard,
            secrets: vec![Secret::new(WHSEC.as_bytes())],
            secret_files: Vec::new(),
            account: Some("M-1".into()),
        },
    ];
}

fn shop() -> ShopId {
    ShopId::new(SHOP).unwrap()
}

/// What a gateway sends, signed for a time.
fn signed(house: &House, at_ms: u64, body: &str) -> reqwest::RequestBuilder {
    let keys = Keys::new(&[Secret::new(WHSEC.as_bytes())]).unwrap();
    let at = (at_ms / 1_000).to_string();
    house
        .http(Method::POST, "/v1/hooks/bayar")
        .header("webhook-id", "msg_1")
        .header(
            "webhook-signature",
            keys.sign("msg_1", &at, body.as_bytes()),
        )
        .header("webhook-timestamp", at)
        .body(body.to_owned())
}

async fn send(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn paid(order: &str, amount: u64) -> String {
    json!({"type": "payment.settled", "data": {"payment": "tx-81", "order": order,
        "status": "settled", "amount": amount, "currency": "IDR", "account": "M-1"}})
    .to_string()
}

/// A command of the engine by somebody.
async fn give(house: &House, role: Rank, command: Command) -> Result<Answer, Rejection> {
    let by = Actor {
        role,
        name: CustomerId::new(BUYER).unwrap(),
    };
    let request = Request {
        by,
        key: None,
        command,
    };
    let reply = house.app.engine.submit(&shop(), request).await.unwrap();
    reply.outcome
}

/// An order of one unit, and what is to be paid.
async fn order(house: &House) -> (OrderId, u64) {
    let sku = format!("KAOS-{}", Uuid::now_v7().simple());
    house.sku(&sku, 10).await;
    let drop: DropId = house.open(&sku, None).await.parse().unwrap();
    let booking = BookingId(Uuid::now_v7().as_u128());
    let checkout = OrderId(Uuid::now_v7().as_u128());
    let book = Command::Book {
        booking,
        live: lapak::domain::LiveId::new(LIVE).unwrap(),
        drop,
        sku: SkuId::new(&sku).unwrap(),
        qty: 1,
        accept_partial: false,
        join_waitlist: false,
    };
    let bookings = vec![booking];
    for command in [book, Command::StartCheckout { checkout, bookings }] {
        give(house, Rank::Viewer, command).await.unwrap();
    }
    match give(house, Rank::Viewer, Command::PlaceOrder { checkout }).await {
        Ok(Answer::Ordered { order, total, .. }) => (order, total),
        other => panic!("{other:?}"),
    }
}

/// A payment of an order at the gateway without money, as a customer starts one.
async fn start(house: &House, order: OrderId, amount: u64) -> Started {
    let now_ms = house.clock.now_ms();
    let wanted = Wanted {
        order: order.to_string(),
        amount,
        currency: Currency::IDR,
        expires_at: now_ms + 900_000,
    };
    let random = Uuid::new_v4().as_u128();
    let started = house.app.payments.start(&shop(), &wanted, random, now_ms);
    let started = started.unwrap();
    attempt(house, order, &started).await.unwrap();
    started
}

async fn attempt(house: &House, order: OrderId, started: &Started) -> Result<Answer, Rejection> {
    let command = Command::StartPayment {
        order,
        payment: PaymentId::new(&started.payment).unwrap(),
        method: Way::Qris,
        expires_at: Some(Millis(started.expires_at)),
        by: Some(PayBy::Qr(started.qr.as_str().into())),
    };
    give(house, Rank::Viewer, command).await
}

/// The state of an order that cannot be paid any more.
async fn ended_as(house: &House, order: OrderId, started: &Started) -> OrderState {
    let mut other = started.clone();
    other.payment = format!("sandbox/{}", Uuid::new_v4().simple());
    match attempt(house, order, &other).await {
        Err(Rejection::OrderNotPayable(state)) => state,
        other => panic!("{other:?}"),
    }
}

async fn press(house: &House, payment: &str, action: &str) -> (u16, Value) {
    let token = house.token(BUYER, Role::Viewer);
    let request = house
        .http(Method::POST, &format!("/v1/{payment}"))
        .bearer_auth(token)
        .json(&json!({"action": action}));
    let (status, body) = send(request).await;
    if status == 200 {
        matches(openapi(), "Pressed", &body);
    }
    (status, body)
}

#[tokio::test]
async fn a_button_pays_an_order_through_the_door_of_notifications() {
    let house = House::with(told, Clock::default(), settings).await;
    let (order, total) = order(&house).await;
    let started = start(&house, order, total).await;
    let (status, body) = press(&house, &started.payment, "pay").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["payment"], started.payment);
    assert_eq!(
        (&body["status"], &body["told"]),
        (&json!("settled"), &json!(1))
    );
    assert_eq!(ended_as(&house, order, &started).await, OrderState::Paid);
    let Inquiry::Stands(notice) = house.app.payments.ask(&shop(), &started.payment) else {
        panic!("the sandbox forgot it");
    };
    assert_eq!((notice.status, notice.amount), (Status::Settled, total));
    // Told again, nothing happens; paid, it cannot be paid.
    assert_eq!(press(&house, &started.payment, "repeat").await.0, 200);
    let (status, body) = press(&house, &started.payment, "pay").await;
    assert_eq!((status, &body["code"]), (409, &json!("order_not_payable")));
    assert_eq!(press(&house, &started.payment, "dance").await.0, 422);
    house.stop().await;
}

#[tokio::test]
async fn less_is_not_enough_and_twice_is_no_second_order() {
    let house = House::with(told, Clock::default(), settings).await;
    let (first, total) = order(&house).await;
    let started = start(&house, first, total).await;
    assert_eq!(press(&house, &started.payment, "pay_less").await.0, 200);
    // Still to be paid: what is missing.
    let rest = start(&house, first, total - total / 2).await;
    assert_eq!(press(&house, &rest.payment, "pay_twice").await.1["told"], 2);
    assert_eq!(ended_as(&house, first, &rest).await, OrderState::Paid);
    house.stop().await;
}

#[tokio::test]
async fn a_signed_notification_is_durable_before_it_is_answered() {
    let house = House::with(told, Clock::default(), settings).await;
    let (order, total) = order(&house).await;
    let started = start(&house, order, total).await;
    let now_ms = house.clock.now_ms();
    let text = paid(&format!("{order}-1"), total);
    for _ in 0..2 {
        let (status, body) = send(signed(&house, now_ms, &text)).await;
        assert_eq!(status, 200, "{body}");
        matches(openapi(), "Received", &body);
    }
    assert_eq!(ended_as(&house, order, &started).await, OrderState::Paid);
    let house = house.restart().await;
    assert_eq!(ended_as(&house, order, &started).await, OrderState::Paid);
    // An order that nobody knows is kept, not refused, and so is what is nothing to us.
    let (status, _) = send(signed(&house, now_ms, &paid("nobody-knows", 1))).await;
    assert_eq!(status, 200);
    let (status, _) = send(signed(&house, now_ms, r#"{"type":"contact.created"}"#)).await;
    assert_eq!(status, 200);
    house.stop().await;
}

#[tokio::test]
async fn what_is_not_believed_changes_nothing() {
    let house = House::with(told, Clock::default(), settings).await;
    let (order, total) = order(&house).await;
    let started = start(&house, order, total).await;
    let (now_ms, text) = (house.clock.now_ms(), paid(&order.to_string(), total));
    let other = text.replace("M-1", "M-2");
    let forged = text.replace("tx-81", "tx-82");
    let signature = |id: &str| {
        let keys = Keys::new(&[Secret::new(WHSEC.as_bytes())]).unwrap();
        keys.sign(id, &(now_ms / 1_000).to_string(), text.as_bytes())
    };
    let large = "x".repeat(70_000);
    for (request, status, code) in [
        (
            signed(&house, now_ms, &text).body(forged),
            401,
            "bad_signature",
        ),
        (signed(&house, now_ms - 302_000, &text), 401, "stale"),
        (signed(&house, now_ms + 302_000, &text), 401, "stale"),
        (signed(&house, now_ms, &other), 422, "not_ours"),
        (signed(&house, now_ms, "[]"), 400, "malformed"),
        (signed(&house, now_ms, &large), 413, "too_large"),
        // A header that stands twice is none.
        (
            signed(&house, now_ms, &text).header("webhook-signature", signature("msg_1")),
            401,
            "bad_signature",
        ),
        (
            house
                .http(Method::POST, "/v1/hooks/bayar")
                .body(text.clone()),
            401,
            "bad_signature",
        ),
        (
            house
                .http(Method::POST, "/v1/hooks/nobody")
                .body(text.clone()),
            404,
            "not_found",
        ),
        (
            house.http(Method::GET, "/v1/hooks/bayar"),
            405,
            "method_not_allowed",
        ),
    ] {
        let (met, body) = send(request).await;
        assert_eq!((met, &body["code"]), (status, &json!(code)), "{body}");
        let said = body.to_string();
        assert!(!said.contains(SHOP) && !said.contains("M-1"), "{said}");
    }
    // None of them was heard: the order can still be paid.
    let again = start(&house, order, total).await;
    assert_ne!(again.payment, started.payment);
    house.stop().await;
}

#[tokio::test]
async fn while_the_clock_is_suspect_nobody_is_believed() {
    let clock = Clock::manual(1_800_000_000_000);
    let house = House::with(told, clock.clone(), settings).await;
    let text = paid("order-1", 1);
    clock.jump(3_600_000);
    assert!(clock.suspect());
    let now_ms = clock.now_ms();
    let answer = signed(&house, now_ms, &text).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    clock.accept();
    let (status, _) = send(signed(&house, clock.now_ms(), &text)).await;
    assert_eq!(status, 200);
    house.stop().await;
}

#[tokio::test]
async fn without_a_sandbox_there_are_no_buttons() {
    let house = House::new(told).await;
    let token = house.token(BUYER, Role::Admin);
    let request = house
        .http(Method::POST, "/v1/sandbox/0123456789abcdef01234567")
        .bearer_auth(token)
        .json(&json!({"action": "pay"}));
    let (status, body) = send(request).await;
    assert_eq!((status, &body["code"]), (404, &json!("not_found")));
    house.stop().await;
}
