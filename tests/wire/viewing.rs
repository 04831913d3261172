//! Viewers over the WebSocket: watch, book, wait, cancel, and what each is told.

use lapak::gateway::auth::Role::{Admin, Viewer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counters::Counters;
use crate::house::{House, LIVE, SHOP};
use crate::schema::told;

fn book(drop: &str, sku: &str, qty: u32) -> Value {
    json!({"type": "book", "drop": drop, "sku": sku, "qty": qty})
}

#[tokio::test]
async fn a_guest_watches_and_may_do_nothing_else() {
    let house = House::new(told).await;
    house.sku("HIJAB", 5).await;
    let drop = house.open("HIJAB", Some(3)).await;
    let (mut guest, welcome) = house.connect(json!({"lang": "ms"})).await;
    assert_eq!(welcome["live"], LIVE);
    assert_eq!(welcome["recovered"], false);
    assert_eq!(
        welcome["reconnect"],
        json!({"base_ms": 500, "cap_ms": 20_000, "spread_ms": 3_000})
    );
    let snapshot = &welcome["snapshot"];
    assert_eq!(snapshot["me"], Value::Null);
    assert!(snapshot.get("catalog").is_none());
    let live = json!({
        "id": LIVE, "shop": SHOP, "title": "Malam hijab", "state": "live", "lang": "id", "accent": "#e11d48",
        "currency": "IDR", "video": {"kind": "demo", "url": null},
        "links": [{"label": "Instagram", "url": "https://instagram.com/tokomelati"}],
    });
    assert_eq!(snapshot["live"], live);
    let item = json!({
        "drop": drop, "sku": "HIJAB", "available": 3, "booked": 0, "sold_out": false, "waiting": 0,
    });
    assert_eq!(snapshot["items"], json!([item]));
    let refused = guest.ask(book(&drop, "HIJAB", 1)).await;
    assert_eq!(
        (&refused["code"], &refused["message"]),
        (
            &json!("unauthorized"),
            &json!("Log masuk dahulu untuk melakukan ini.")
        )
    );
    house.stop().await;
}

#[tokio::test]
async fn the_story_of_two_viewers_and_one_unit_too_few() {
    let house = House::new(told).await;
    house.sku("HIJAB", 3).await;
    let drop = house.open("HIJAB", None).await;
    let mut alice = house.enter("alice", Viewer).await;
    let (mut budi, welcome) = house
        .connect(json!({"token": house.token("budi", Viewer), "lang": "en"}))
        .await;
    let mut seen = Counters::of(&welcome);

    let id = Uuid::now_v7().to_string();
    let mut request = book(&drop, "HIJAB", 2);
    request["id"] = json!(id);
    let held = alice.ask(request.clone()).await;
    assert_eq!(held["type"], "held");
    assert_eq!(
        (&held["qty"], &held["price"], &held["replayed"]),
        (&json!(2), &json!(99_000), &json!(false))
    );
    assert_eq!(
        (&held["title"], &held["currency"]),
        (&json!("Title of HIJAB"), &json!("IDR"))
    );
    let span = held["deadline_ms"].as_u64().unwrap() - held["booked_at_ms"].as_u64().unwrap();
    assert_eq!(span, 15 * 60_000);

    let again = alice.ask(request.clone()).await;
    assert_eq!(
        (&again["booking"], &again["deadline_ms"]),
        (&held["booking"], &held["deadline_ms"])
    );
    assert_eq!(again["replayed"], true);
    request["qty"] = json!(1);
    let other = alice.ask(request).await;
    assert_eq!(
        (&other["type"], &other["code"]),
        (&json!("refused"), &json!("idempotency_conflict"))
    );

    seen.until(&mut budi, &drop, |item| {
        item["available"] == 1 && item["booked"] == 2
    })
    .await;
    let refused = budi.ask(book(&drop, "HIJAB", 2)).await;
    assert_eq!(
        (&refused["code"], &refused["available"], &refused["waiting"]),
        (&json!("sold_out"), &json!(1), &json!(0))
    );
    assert_eq!(refused["message"], "Sold out.");
    let mut partly = book(&drop, "HIJAB", 3);
    partly["accept_partial"] = json!(true);
    partly["join_waitlist"] = json!(true);
    let partly = budi.ask(partly).await;
    assert_eq!(
        (&partly["type"], &partly["qty"], &partly["qty_waiting"]),
        (&json!("held"), &json!(1), &json!(2))
    );
    seen.until(&mut budi, &drop, |item| {
        item["sold_out"] == true && item["waiting"] == 2
    })
    .await;

    let mut citra = house.enter("citra", Viewer).await;
    let mut wait = book(&drop, "HIJAB", 1);
    wait["join_waitlist"] = json!(true);
    let waiting = citra.ask(wait).await;
    assert_eq!(
        (&waiting["type"], &waiting["qty"], &waiting["ahead_units"]),
        (&json!("waiting"), &json!(1), &json!(2))
    );

    let cancelled = alice
        .ask(json!({"type": "cancel", "booking": held["booking"]}))
        .await;
    assert_eq!(
        (&cancelled["type"], &cancelled["qty"], &cancelled["penalty"]),
        (&json!("cancelled"), &json!(2), &json!(0))
    );
    assert_eq!(cancelled["reputation"], 100);
    let promoted = budi.until("promoted", |m| m["event"] == "promoted").await;
    assert_eq!(
        (&promoted["qty"], &promoted["origin"], &promoted["sku"]),
        (&json!(2), &json!("waitlist"), &json!("HIJAB"))
    );
    assert_ne!(promoted["booking"], partly["booking"]);
    let moved = citra
        .until("a new place", |m| {
            m["type"] == "waiting" && m["ahead_units"] == 0
        })
        .await;
    assert_eq!(moved["qty"], 1);

    let left = citra
        .ask(json!({"type": "wait.leave", "drop": drop, "sku": "HIJAB"}))
        .await;
    assert_eq!(
        (&left["type"], &left["drop"], &left["sku"]),
        (&json!("left"), &json!(drop), &json!("HIJAB"))
    );
    let told = citra
        .until("waits no more", |m| m["type"] == "waiting" && m["qty"] == 0)
        .await;
    assert_eq!(told["reason"], "left");
    let again = citra
        .ask(json!({"type": "wait.leave", "drop": drop, "sku": "HIJAB"}))
        .await;
    assert_eq!(
        (&again["code"], &again["final_state"]),
        (&json!("not_held"), &json!("unknown"))
    );
    seen.until(&mut budi, &drop, |item| {
        item["booked"] == 3 && item["waiting"] == 0
    })
    .await;
    house.stop().await;
}

#[tokio::test]
async fn every_connection_of_a_customer_is_told_what_is_theirs() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    let drop = house.open("GAMIS", None).await;
    let (mut phone, mut laptop) = (
        house.enter("alice", Viewer).await,
        house.enter("alice", Viewer).await,
    );
    let held = phone.ask(book(&drop, "GAMIS", 3)).await;
    let told = laptop.until("held", |m| m["type"] == "booking").await;
    assert_eq!(
        (&told["event"], &told["booking"]),
        (&json!("held"), &held["booking"])
    );
    phone
        .ask(json!({"type": "cancel", "booking": held["booking"], "qty": 1}))
        .await;
    let told = laptop
        .until("cancelled", |m| m["event"] == "cancelled")
        .await;
    assert_eq!(
        (&told["qty"], &told["left"], &told["reason"]),
        (&json!(1), &json!(2), &json!("customer"))
    );
    let mut admin = house.enter("ana", Admin).await;
    let adjust = json!({"type": "reputation.adjust", "customer": "alice", "delta": -30, "reason": "no show"});
    assert_eq!(admin.ask(adjust).await["type"], "done");
    for socket in [&mut phone, &mut laptop] {
        assert_eq!(
            socket
                .until("reputation", |m| m["type"] == "reputation")
                .await["reputation"],
            70
        );
    }
    house.stop().await;
}

#[tokio::test]
async fn positions_have_no_gap_when_something_else_happens_in_the_shop() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    house.sku("OTHER", 9).await;
    let drop = house.open("GAMIS", None).await;
    let (mut guest, welcome) = house.connect(json!({})).await;
    let mut seen = Counters::of(&welcome);
    let (mut admin, mut alice) = (
        house.enter("ana", Admin).await,
        house.enter("alice", Viewer).await,
    );
    for n in 1..=5 {
        // Neither moves a counter of this live; both move the shop's position.
        let adjust =
            json!({"type": "reputation.adjust", "customer": "dewi", "delta": -1, "reason": "test"});
        let done = admin.ask(adjust).await;
        admin
            .ask(json!({"type": "stock.add", "sku": "OTHER", "qty": 1, "reason": "found"}))
            .await;
        // The host has been told of it, so the audience has ticked past it.
        admin
            .until("activity", |m| {
                m["type"] == "activity" && m["s"].as_u64() > done["s"].as_u64()
            })
            .await;
        assert_eq!(alice.ask(book(&drop, "GAMIS", 1)).await["type"], "held");
        seen.until(&mut guest, &drop, |item| item["booked"] == n)
            .await;
    }
    house.stop().await;
}

#[tokio::test]
async fn viewers_are_counted_once_each_and_the_ticker_shows_no_names() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    let drop = house.open("GAMIS", None).await;
    let (mut guest, _) = house.connect(json!({})).await;
    let mut phone = house.enter("alice", Viewer).await;
    let _laptop = house.enter("alice", Viewer).await;
    guest
        .until("two viewers", |m| m["type"] == "viewers" && m["count"] == 2)
        .await;
    phone.ask(book(&drop, "GAMIS", 2)).await;
    let ticker = guest.until("ticker", |m| m["type"] == "ticker").await;
    assert_eq!(
        ticker["bookings"],
        json!([{"name": "A***", "sku": "GAMIS", "qty": 2}])
    );
    phone.leave().await;
    house.stop().await;
}
