//! What is asked too late, or wrongly.

use lapak::gateway::auth::Role::{Admin, Viewer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::House;
use crate::schema::told;

fn book(drop: &str, sku: &str, qty: u32) -> Value {
    json!({"type": "book", "drop": drop, "sku": sku, "qty": qty})
}

#[tokio::test]
async fn a_booking_that_runs_out_is_told_with_what_it_cost() {
    let clock = lapak::clock::Clock::manual(1_800_000_000_000);
    let house = House::with(told, clock, |_| ()).await;
    house.sku("GAMIS", 1).await;
    let drop = house.open("GAMIS", None).await;
    let mut admin = house.enter("ana", Admin).await;
    let settings = json!({"penalty_timeout": 10, "booking_timeout_ms": 60_000});
    assert_eq!(
        admin
            .ask(json!({"type": "settings.change", "settings": settings, "id": minted(&house)}))
            .await["type"],
        "done"
    );
    let mut alice = house.enter("alice", Viewer).await;
    let mut request = book(&drop, "GAMIS", 1);
    request["id"] = minted(&house);
    let held = alice.ask(request.clone()).await;
    assert_eq!(held["deadline_ms"], house.clock.now_ms() + 60_000);
    house.clock.advance(60_000);
    // Whoever asks next, what is due is decided first.
    let refused = alice
        .ask(json!({"type": "cancel", "booking": held["booking"], "id": minted(&house)}))
        .await;
    assert_eq!(
        (&refused["code"], &refused["final_state"]),
        (&json!("not_held"), &json!("expired"))
    );
    let expired = alice.until("expired", |m| m["event"] == "expired").await;
    assert_eq!(
        (
            &expired["penalty"],
            &expired["reputation"],
            &expired["reason"]
        ),
        (&json!(10), &json!(90), &json!("deadline"))
    );
    house.stop().await;
}

/// A request id by the house's own clock.
fn minted(house: &House) -> Value {
    let random = Uuid::now_v7().as_u128() & !(u128::from(u64::MAX >> 16) << 80);
    json!(Uuid::from_u128(random | (u128::from(house.clock.now_ms()) << 80)).to_string())
}

#[tokio::test]
async fn what_is_asked_wrongly_is_answered_and_costs_nothing() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    let drop = house.open("GAMIS", None).await;
    let mut alice = house.enter("alice", Viewer).await;
    for (change, value, field) in [
        ("qty", json!(0), "qty"),
        ("qty", json!(-1), "qty"),
        ("qty", json!("1"), "qty"),
        ("qty", json!(1.5), "qty"),
        ("qty", json!(4_294_967_296_u64), "qty"),
        ("qty", json!(2_000_000_000), "qty"),
        ("drop", json!(7), "drop"),
        ("drop", json!("no uuid"), "drop"),
        ("drop", Value::Null, "drop"),
        ("sku", json!(""), "sku"),
        ("sku", json!("OTHER"), "sku"),
        ("accept_partial", json!("yes"), "accept_partial"),
        ("id", json!("not-a-uuid"), "id"),
        ("id", json!("01890000-0000-7000-8000-000000000000"), "id"),
    ] {
        let mut request = book(&drop, "GAMIS", 1);
        request[change] = value;
        let refused = alice.ask(request.clone()).await;
        assert_eq!(
            (&refused["type"], &refused["code"]),
            (&json!("refused"), &json!("invalid")),
            "{request}"
        );
        assert_eq!(refused["field"], field, "{request}");
    }
    let refused = alice
        .ask(book(&Uuid::now_v7().to_string(), "GAMIS", 1))
        .await;
    assert_eq!(refused["code"], "drop_not_found");
    let refused = alice
        .ask(json!({"type": "cancel", "booking": Uuid::now_v7().to_string()}))
        .await;
    assert_eq!(refused["code"], "not_yours");
    let refused = alice.ask(json!({"type": "drop.pause", "drop": drop})).await;
    assert_eq!(refused["code"], "forbidden");
    alice.send(&json!({"type": "applaud", "id": "x1"})).await;
    let error = alice.until("unknown type", |m| m["type"] == "error").await;
    assert_eq!(
        (&error["code"], &error["id"]),
        (&json!("unknown_type"), &json!("x1"))
    );
    alice.send(&json!({"type": "book"})).await;
    let error = alice.until("no id", |m| m["type"] == "error").await;
    assert_eq!(
        (&error["code"], &error["field"]),
        (&json!("invalid"), &json!("id"))
    );
    alice.send(&json!({"type": "connect"})).await;
    assert_eq!(
        alice.until("twice", |m| m["type"] == "error").await["code"],
        "already_connected"
    );
    alice
        .send_text("{\"type\":\"ping\"}\n{\"type\":\"ping\",\"new\":[1]}\n")
        .await;
    for _ in 0..2 {
        alice.until("pong", |m| m["type"] == "pong").await;
    }
    assert_eq!(alice.ask(book(&drop, "GAMIS", 1)).await["type"], "held");
    house.stop().await;
}
