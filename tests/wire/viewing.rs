//! Viewers over the WebSocket: watch, book, wait, cancel, and what each is told.

use lapak::gateway::auth::Role::{Admin, Viewer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, LIVE, SHOP, Socket, rows};
use crate::schema::told;

fn book(drop: &str, sku: &str, qty: u32) -> Value {
    json!({"type": "book", "drop": drop, "sku": sku, "qty": qty})
}

/// Applies frames of counters as a client does, by the rule of (p, s].
pub struct Counters {
    pub position: (u64, u64),
    pub items: Vec<Value>,
}

impl Counters {
    /// From a welcome with a snapshot.
    pub fn of(welcome: &Value) -> Self {
        let at = &welcome["position"];
        Self {
            position: (at["epoch"].as_u64().unwrap(), at["seq"].as_u64().unwrap()),
            items: rows(&welcome["snapshot"], "items").cloned().collect(),
        }
    }

    /// Takes a stock frame; a gap is a fault of the server.
    pub fn take(&mut self, frame: &Value) {
        let number = |name: &str| frame[name].as_u64().unwrap();
        let (epoch, p, s) = (number("epoch"), number("p"), number("s"));
        assert_eq!(epoch, self.position.0);
        assert!(p <= self.position.1 && self.position.1 <= s, "a gap: at {:?}, frame {frame}", self.position);
        self.position.1 = s;
        for item in rows(frame, "items") {
            self.items.retain(|old| old["drop"] != item["drop"]);
            self.items.push(item.clone());
        }
    }

    /// The counters of a drop.
    pub fn item(&self, drop: &str) -> &Value {
        self.items.iter().find(|item| item["drop"] == drop).unwrap()
    }

    /// Reads frames until the counters of a drop say so.
    pub async fn until(&mut self, socket: &mut Socket, drop: &str, says: impl Fn(&Value) -> bool) {
        while !self.items.iter().any(|item| item["drop"] == drop && says(item)) {
            let frame = socket.until("stock", |m| m["type"] == "stock").await;
            self.take(&frame);
        }
    }
}

#[tokio::test]
async fn a_guest_watches_and_may_do_nothing_else() {
    let house = House::new(told).await;
    house.sku("HIJAB", 5).await;
    let drop = house.open("HIJAB", Some(3)).await;
    let (mut guest, welcome) = house.connect(json!({"lang": "ms"})).await;
    assert_eq!(welcome["live"], LIVE);
    assert_eq!(welcome["recovered"], false);
    assert_eq!(welcome["reconnect"], json!({"base_ms": 500, "cap_ms": 20_000, "spread_ms": 3_000}));
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
    assert_eq!((&refused["code"], &refused["message"]), (&json!("unauthorized"), &json!("Log masuk dahulu untuk melakukan ini.")));
    house.stop().await;
}

#[tokio::test]
async fn the_story_of_two_viewers_and_one_unit_too_few() {
    let house = House::new(told).await;
    house.sku("HIJAB", 3).await;
    let drop = house.open("HIJAB", None).await;
    let mut alice = house.enter("alice", Viewer).await;
    let (mut budi, welcome) = house.connect(json!({"token": house.token("budi", Viewer), "lang": "en"})).await;
    let mut seen = Counters::of(&welcome);

    let id = Uuid::now_v7().to_string();
    let mut request = book(&drop, "HIJAB", 2);
    request["id"] = json!(id);
    let held = alice.ask(request.clone()).await;
    assert_eq!(held["type"], "held");
    assert_eq!((&held["qty"], &held["price"], &held["replayed"]), (&json!(2), &json!(99_000), &json!(false)));
    assert_eq!((&held["title"], &held["currency"]), (&json!("Title of HIJAB"), &json!("IDR")));
    let span = held["deadline_ms"].as_u64().unwrap() - held["booked_at_ms"].as_u64().unwrap();
    assert_eq!(span, 15 * 60_000);

    let again = alice.ask(request.clone()).await;
    assert_eq!((&again["booking"], &again["deadline_ms"]), (&held["booking"], &held["deadline_ms"]));
    assert_eq!(again["replayed"], true);
    request["qty"] = json!(1);
    let other = alice.ask(request).await;
    assert_eq!((&other["type"], &other["code"]), (&json!("refused"), &json!("idempotency_conflict")));

    seen.until(&mut budi, &drop, |item| item["available"] == 1 && item["booked"] == 2).await;
    let refused = budi.ask(book(&drop, "HIJAB", 2)).await;
    assert_eq!((&refused["code"], &refused["available"], &refused["waiting"]), (&json!("sold_out"), &json!(1), &json!(0)));
    assert_eq!(refused["message"], "Sold out.");
    let mut partly = book(&drop, "HIJAB", 3);
    partly["accept_partial"] = json!(true);
    partly["join_waitlist"] = json!(true);
    let partly = budi.ask(partly).await;
    assert_eq!((&partly["type"], &partly["qty"], &partly["qty_waiting"]), (&json!("held"), &json!(1), &json!(2)));
    seen.until(&mut budi, &drop, |item| item["sold_out"] == true && item["waiting"] == 2).await;

    let mut citra = house.enter("citra", Viewer).await;
    let mut wait = book(&drop, "HIJAB", 1);
    wait["join_waitlist"] = json!(true);
    let waiting = citra.ask(wait).await;
    assert_eq!((&waiting["type"], &waiting["qty"], &waiting["ahead_units"]), (&json!("waiting"), &json!(1), &json!(2)));

    let cancelled = alice.ask(json!({"type": "cancel", "booking": held["booking"]})).await;
    assert_eq!((&cancelled["type"], &cancelled["qty"], &cancelled["penalty"]), (&json!("cancelled"), &json!(2), &json!(0)));
    assert_eq!(cancelled["reputation"], 100);
    let promoted = budi.until("promoted", |m| m["event"] == "promoted").await;
    assert_eq!((&promoted["qty"], &promoted["origin"], &promoted["sku"]), (&json!(2), &json!("waitlist"), &json!("HIJAB")));
    assert_ne!(promoted["booking"], partly["booking"]);
    let moved = citra.until("a new place", |m| m["type"] == "waiting" && m["ahead_units"] == 0).await;
    assert_eq!(moved["qty"], 1);

    let left = citra.ask(json!({"type": "wait.leave", "drop": drop, "sku": "HIJAB"})).await;
    assert_eq!((&left["type"], &left["drop"], &left["sku"]), (&json!("left"), &json!(drop), &json!("HIJAB")));
    let told = citra.until("waits no more", |m| m["type"] == "waiting" && m["qty"] == 0).await;
    assert_eq!(told["reason"], "left");
    let again = citra.ask(json!({"type": "wait.leave", "drop": drop, "sku": "HIJAB"})).await;
    assert_eq!((&again["code"], &again["final_state"]), (&json!("not_held"), &json!("unknown")));
    seen.until(&mut budi, &drop, |item| item["booked"] == 3 && item["waiting"] == 0).await;
    house.stop().await;
}

#[tokio::test]
async fn every_connection_of_a_customer_is_told_what_is_theirs() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    let drop = house.open("GAMIS", None).await;
    let (mut phone, mut laptop) = (house.enter("alice", Viewer).await, house.enter("alice", Viewer).await);
    let held = phone.ask(book(&drop, "GAMIS", 3)).await;
    let told = laptop.until("held", |m| m["type"] == "booking").await;
    assert_eq!((&told["event"], &told["booking"]), (&json!("held"), &held["booking"]));
    phone.ask(json!({"type": "cancel", "booking": held["booking"], "qty": 1})).await;
    let told = laptop.until("cancelled", |m| m["event"] == "cancelled").await;
    assert_eq!((&told["qty"], &told["left"], &told["reason"]), (&json!(1), &json!(2), &json!("customer")));
    let mut admin = house.enter("ana", Admin).await;
    let adjust = json!({"type": "reputation.adjust", "customer": "alice", "delta": -30, "reason": "no show"});
    assert_eq!(admin.ask(adjust).await["type"], "done");
    for socket in [&mut phone, &mut laptop] {
        assert_eq!(socket.until("reputation", |m| m["type"] == "reputation").await["reputation"], 70);
    }
    house.stop().await;
}

#[tokio::test]
async fn a_booking_that_runs_out_is_told_with_what_it_cost() {
    let clock = lapak::clock::Clock::manual(1_800_000_000_000);
    let house = House::with(told, clock, |_| ()).await;
    house.sku("GAMIS", 1).await;
    let drop = house.open("GAMIS", None).await;
    let mut admin = house.enter("ana", Admin).await;
    let settings = json!({"penalty_timeout": 10, "booking_timeout_ms": 60_000});
    assert_eq!(admin.ask(json!({"type": "settings.change", "settings": settings, "id": minted(&house)})).await["type"], "done");
    let mut alice = house.enter("alice", Viewer).await;
    let mut request = book(&drop, "GAMIS", 1);
    request["id"] = minted(&house);
    let held = alice.ask(request.clone()).await;
    assert_eq!(held["deadline_ms"], house.clock.now_ms() + 60_000);
    house.clock.advance(60_000);
    // Whoever asks next, what is due is decided first.
    let refused = alice.ask(json!({"type": "cancel", "booking": held["booking"], "id": minted(&house)})).await;
    assert_eq!((&refused["code"], &refused["final_state"]), (&json!("not_held"), &json!("expired")));
    let expired = alice.until("expired", |m| m["event"] == "expired").await;
    assert_eq!((&expired["penalty"], &expired["reputation"], &expired["reason"]), (&json!(10), &json!(90), &json!("deadline")));
    house.stop().await;
}

/// A request id by the house's own clock.
fn minted(house: &House) -> Value {
    let random = Uuid::now_v7().as_u128() & !(u128::from(u64::MAX >> 16) << 80);
    json!(Uuid::from_u128(random | (u128::from(house.clock.now_ms()) << 80)).to_string())
}

#[tokio::test]
async fn positions_have_no_gap_when_something_else_happens_in_the_shop() {
    let house = House::new(told).await;
    house.sku("GAMIS", 9).await;
    house.sku("OTHER", 9).await;
    let drop = house.open("GAMIS", None).await;
    let (mut guest, welcome) = house.connect(json!({})).await;
    let mut seen = Counters::of(&welcome);
    let (mut admin, mut alice) = (house.enter("ana", Admin).await, house.enter("alice", Viewer).await);
    for n in 1..=5 {
        // Neither moves a counter of this live; both move the shop's position.
        let adjust = json!({"type": "reputation.adjust", "customer": "dewi", "delta": -1, "reason": "test"});
        let done = admin.ask(adjust).await;
        admin.ask(json!({"type": "stock.add", "sku": "OTHER", "qty": 1, "reason": "found"})).await;
        // The host has been told of it, so the audience has ticked past it.
        admin.until("activity", |m| m["type"] == "activity" && m["s"].as_u64() > done["s"].as_u64()).await;
        assert_eq!(alice.ask(book(&drop, "GAMIS", 1)).await["type"], "held");
        seen.until(&mut guest, &drop, |item| item["booked"] == n).await;
    }
    house.stop().await;
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
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("invalid")), "{request}");
        assert_eq!(refused["field"], field, "{request}");
    }
    let refused = alice.ask(book(&Uuid::now_v7().to_string(), "GAMIS", 1)).await;
    assert_eq!(refused["code"], "drop_not_found");
    let refused = alice.ask(json!({"type": "cancel", "booking": Uuid::now_v7().to_string()})).await;
    assert_eq!(refused["code"], "not_yours");
    let refused = alice.ask(json!({"type": "drop.pause", "drop": drop})).await;
    assert_eq!(refused["code"], "forbidden");
    alice.send(&json!({"type": "checkout.place", "id": "x1"})).await;
    let error = alice.until("unknown type", |m| m["type"] == "error").await;
    assert_eq!((&error["code"], &error["id"]), (&json!("unknown_type"), &json!("x1")));
    alice.send(&json!({"type": "book"})).await;
    let error = alice.until("no id", |m| m["type"] == "error").await;
    assert_eq!((&error["code"], &error["field"]), (&json!("invalid"), &json!("id")));
    alice.send(&json!({"type": "connect"})).await;
    assert_eq!(alice.until("twice", |m| m["type"] == "error").await["code"], "already_connected");
    alice.send_text("{\"type\":\"ping\"}\n{\"type\":\"ping\",\"new\":[1]}\n").await;
    for _ in 0..2 {
        alice.until("pong", |m| m["type"] == "pong").await;
    }
    assert_eq!(alice.ask(book(&drop, "GAMIS", 1)).await["type"], "held");
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
    guest.until("two viewers", |m| m["type"] == "viewers" && m["count"] == 2).await;
    phone.ask(book(&drop, "GAMIS", 2)).await;
    let ticker = guest.until("ticker", |m| m["type"] == "ticker").await;
    assert_eq!(ticker["bookings"], json!([{"name": "A***", "sku": "GAMIS", "qty": 2}]));
    phone.leave().await;
    house.stop().await;
}
