//! Coming back: only the difference, also after the server was started anew; and the hint to go.

use lapak::gateway::auth::Role::{Host, Viewer};
use serde_json::{Value, json};

use crate::counters::Counters;
use crate::events::Events;
use crate::house::House;
use crate::schema::told;

fn resume(counters: &Counters) -> Value {
    json!({"epoch": counters.position.0, "seq": counters.position.1})
}

#[tokio::test]
async fn who_comes_back_is_told_only_what_happened_meanwhile() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    house.sku("HIJAB", 9).await;
    let (gamis, hijab) = (
        house.open("GAMIS", None).await,
        house.open("HIJAB", None).await,
    );
    let token = house.token("alice", Viewer);
    let (mut alice, welcome) = house.connect(json!({"token": token})).await;
    let mut seen = Counters::of(&welcome);
    let held = alice
        .ask(json!({"type": "book", "drop": gamis, "sku": "GAMIS", "qty": 1}))
        .await;
    seen.until(&mut alice, &gamis, |item| item["booked"] == 1)
        .await;
    alice.leave().await;

    // Meanwhile: one unit of the other drop, and its price.
    let (mut budi, mut host) = (
        house.enter("budi", Viewer).await,
        house.enter("melati", Host).await,
    );
    budi.ask(json!({"type": "book", "drop": hijab, "sku": "HIJAB", "qty": 4}))
        .await;
    host.ask(json!({"type": "drop.change", "drop": hijab, "price": 5_000}))
        .await;
    house
        .seen(|s| {
            s["drops"]
                .as_array()
                .unwrap()
                .iter()
                .any(|d| d["price"] == 5_000)
        })
        .await;

    let (mut alice, welcome) = house
        .connect(json!({"token": token, "resume": resume(&seen)}))
        .await;
    assert_eq!(welcome["recovered"], true);
    assert!(welcome.get("snapshot").is_none());
    assert_eq!(welcome["me"]["bookings"][0]["booking"], held["booking"]);
    let changed = alice.until("drop", |m| m["type"] == "drop").await;
    assert_eq!(
        (&changed["event"], &changed["drop"]["drop"]),
        (&json!("changed"), &json!(hijab))
    );
    let stock = alice.until("stock", |m| m["type"] == "stock").await;
    assert_eq!(stock["p"], seen.position.1);
    assert_eq!(stock["s"], welcome["position"]["seq"]);
    assert_eq!(
        stock["items"].as_array().unwrap().len(),
        1,
        "only what changed: {stock}"
    );
    seen.take(&stock);
    assert_eq!(seen.item(&hijab)["booked"], 4);

    alice.leave().await;
    let (mut alice, welcome) = house
        .connect(json!({"token": token, "resume": resume(&seen)}))
        .await;
    let stock = alice.until("stock", |m| m["type"] == "stock").await;
    assert_eq!(
        (&welcome["recovered"], &stock["items"]),
        (&json!(true), &json!([]))
    );
    assert_eq!(alice.kept().filter(|m| m["type"] == "drop").count(), 0);
    house.stop().await;
}

#[tokio::test]
async fn another_epoch_or_a_position_to_come_gets_a_snapshot() {
    let house = House::new(told).await;
    for resume in [
        json!({"epoch": 9, "seq": 1}),
        json!({"epoch": 1, "seq": 4_000_000}),
        json!({"epoch": 0, "seq": 0}),
    ] {
        let (socket, welcome) = house.connect(json!({"resume": resume})).await;
        assert_eq!(welcome["recovered"], false, "{resume}");
        assert!(welcome.get("snapshot").is_some() && welcome.get("me").is_none());
        socket.leave().await;
    }
    house.stop().await;
}

#[tokio::test]
async fn who_runs_the_live_always_starts_anew() {
    let house = House::new(told).await;
    let token = house.token("melati", Host);
    let (_, welcome) = house.connect(json!({"token": token})).await;
    let (_, again) = house
        .connect(json!({"token": token, "resume": welcome["position"]}))
        .await;
    assert_eq!(again["recovered"], false);
    assert!(again["snapshot"]["catalog"].is_array());
    house.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_position_bookings_and_answers() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    let drop = house.open("GAMIS", None).await;
    let token = house.token("alice", Viewer);
    let (mut alice, welcome) = house.connect(json!({"token": token})).await;
    let mut seen = Counters::of(&welcome);
    let request = json!({
        "type": "book", "id": uuid::Uuid::now_v7().to_string(), "drop": drop, "sku": "GAMIS", "qty": 2,
    });
    let held = alice.ask(request.clone()).await;
    seen.until(&mut alice, &drop, |item| item["booked"] == 2)
        .await;
    let mut events = Events::open(&house, Some(&token), None).await;
    events.until("welcome", |m| m["type"] == "welcome").await;
    let last_id = events.last_id.clone();

    house.drain();
    let drain = alice.until("drain", |m| m["type"] == "drain").await;
    assert_eq!(drain["spread_ms"], 3_000);
    assert_eq!(alice.closed().await, (1012, "restart".into()));
    events.until("drain", |m| m["type"] == "drain").await;
    assert_eq!(events.next().await, None, "the stream of events ends");

    let house = house.restart().await;
    let (mut alice, welcome) = house
        .connect(json!({"token": token, "resume": resume(&seen)}))
        .await;
    assert_eq!(welcome["recovered"], true);
    assert_eq!(welcome["me"]["bookings"][0]["booking"], held["booking"]);
    let stock = alice.until("stock", |m| m["type"] == "stock").await;
    seen.take(&stock);
    let again = alice.ask(request).await;
    assert_eq!(
        (&again["booking"], &again["replayed"]),
        (&held["booking"], &json!(true))
    );
    let mut events = Events::open(&house, Some(&token), Some(&last_id)).await;
    let welcome = events.next().await.unwrap();
    assert_eq!(welcome["recovered"], true);
    alice
        .ask(json!({"type": "cancel", "booking": held["booking"]}))
        .await;
    seen.until(&mut alice, &drop, |item| item["booked"] == 0)
        .await;
    house.stop().await;
}
