//! The same over HTTP, and the same told as server-sent events.

use lapak::gateway::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::counters::Counters;
use crate::events::Events;
use crate::house::{House, LIVE, SHOP};
use crate::problems::problem;
use crate::schema::{matches, openapi, told};

const BOOKINGS: &str = "/v1/lives/malam/bookings";

#[tokio::test]
async fn the_story_over_http_and_events() {
    let house = House::new(told).await;
    house.sku("HIJAB", 2).await;
    let drop = house.open("HIJAB", None).await;
    let (alice, budi) = (
        house.token("alice", Role::Viewer),
        house.token("budi", Role::Viewer),
    );
    let mut events = Events::open(&house, Some(&budi), None).await;
    let welcome = events.next().await.unwrap();
    assert_eq!(
        (&welcome["type"], &welcome["snapshot"]["me"]["customer"]),
        (&json!("welcome"), &json!("budi"))
    );
    assert_eq!(
        events.last_id,
        format!(
            "{}:{}",
            welcome["position"]["epoch"], welcome["position"]["seq"]
        )
    );
    let mut seen = Counters::of(&welcome);

    let (key, body) = (
        Uuid::now_v7(),
        json!({"drop": drop, "sku": "HIJAB", "qty": 2}),
    );
    let (status, held) = house
        .ask_as(key, Method::POST, BOOKINGS, &alice, Some(body.clone()))
        .await;
    assert_eq!(
        (status, &held["type"], &held["id"]),
        (200, &json!("held"), &json!(key.to_string()))
    );
    let (_, again) = house
        .ask_as(key, Method::POST, BOOKINGS, &alice, Some(body))
        .await;
    assert_eq!(
        (&again["booking"], &again["replayed"]),
        (&held["booking"], &json!(true))
    );
    let other = json!({"drop": drop, "sku": "HIJAB", "qty": 1});
    let (status, refused) = house
        .ask_as(key, Method::POST, BOOKINGS, &alice, Some(other.clone()))
        .await;
    assert_eq!(
        (status, problem(status, &refused)),
        (409, "idempotency_conflict")
    );

    // The same id over the other wire is the same request.
    let mut socket = house.enter("alice", Role::Viewer).await;
    let request =
        json!({"type": "book", "id": key.to_string(), "drop": drop, "sku": "HIJAB", "qty": 2});
    assert_eq!(socket.ask(request).await["booking"], held["booking"]);

    while !seen.items.iter().any(|item| item["sold_out"] == true) {
        seen.take(&events.until("stock", |m| m["type"] == "stock").await);
    }
    let (status, refused) = house
        .ask(Method::POST, BOOKINGS, &budi, Some(other.clone()))
        .await;
    assert_eq!((status, problem(status, &refused)), (409, "sold_out"));
    assert_eq!(
        (&refused["available"], &refused["waiting"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(refused["message"], "Habis.", "the live's own language");
    let mut wait = other.clone();
    wait["join_waitlist"] = json!(true);
    let (status, waiting) = house.ask(Method::POST, BOOKINGS, &budi, Some(wait)).await;
    assert_eq!(
        (status, &waiting["type"], &waiting["ahead_units"]),
        (200, &json!("waiting"), &json!(0))
    );
    let cancel = format!("{BOOKINGS}/{}/cancel", held["booking"].as_str().unwrap());
    let (status, cancelled) = house
        .ask(Method::POST, &cancel, &alice, Some(json!({"qty": 1})))
        .await;
    assert_eq!((status, &cancelled["qty"]), (200, &json!(1)));
    let promoted = events.until("promoted", |m| m["event"] == "promoted").await;
    assert_eq!(
        (&promoted["qty"], &promoted["sku"]),
        (&json!(1), &json!("HIJAB"))
    );
    let (status, cancelled) = house.ask(Method::POST, &cancel, &alice, None).await;
    assert_eq!(
        (status, &cancelled["qty"]),
        (200, &json!(1)),
        "no body: all that is left"
    );
    let (status, refused) = house.ask(Method::POST, &cancel, &alice, None).await;
    assert_eq!(
        (status, problem(status, &refused), &refused["final_state"]),
        (409, "not_held", &json!("cancelled"))
    );
    let (status, refused) = house.ask(Method::POST, &cancel, &budi, None).await;
    assert_eq!((status, problem(status, &refused)), (404, "not_yours"));
    house.stop().await;
}

#[tokio::test]
async fn events_go_on_after_the_last_id() {
    let house = House::new(told).await;
    house.sku("GAMIS", 5).await;
    let drop = house.open("GAMIS", None).await;
    let token = house.token("alice", Role::Viewer);
    let mut events = Events::open(&house, Some(&token), None).await;
    let mut seen = Counters::of(&events.next().await.unwrap());
    let last_id = events.last_id.clone();
    std::mem::drop(events);
    let body = json!({"drop": drop, "sku": "GAMIS", "qty": 3});
    let (_, held) = house.ask(Method::POST, BOOKINGS, &token, Some(body)).await;
    house
        .seen(|snapshot| snapshot["items"][0]["booked"] == 3)
        .await;

    let mut events = Events::open(&house, Some(&token), Some(&last_id)).await;
    let welcome = events.next().await.unwrap();
    assert_eq!(
        (&welcome["recovered"], welcome.get("snapshot")),
        (&json!(true), None)
    );
    assert_eq!(welcome["me"]["bookings"][0]["booking"], held["booking"]);
    assert_eq!(
        events.last_id, "",
        "the position counts once all is told that leads to it"
    );
    let stock = events.until("stock", |m| m["type"] == "stock").await;
    seen.take(&stock);
    assert_eq!(seen.item(&drop)["available"], 2);
    assert_eq!(
        events.last_id,
        format!("{}:{}", seen.position.0, seen.position.1)
    );

    for junk in ["9:1", "1", "1:x", "1:99999999"] {
        let mut events = Events::open(&house, None, Some(junk)).await;
        assert_eq!(events.next().await.unwrap()["recovered"], false, "{junk}");
    }
    house.stop().await;
}

#[tokio::test]
async fn a_host_runs_a_live_over_http() {
    let house = House::new(told).await;
    house.sku("GAMIS", 5).await;
    let host = house.token("melati", Role::Host);
    let commands = format!("/v1/lives/{LIVE}/commands");
    let open = json!({"type": "drop.open", "sku": "GAMIS", "units": "all"});
    let (status, done) = house.ask(Method::POST, &commands, &host, Some(open)).await;
    assert_eq!((status, &done["type"]), (200, &json!("done")));
    let drop = done["drop"].as_str().unwrap().to_owned();
    house
        .seen(|snapshot| snapshot["drops"][0]["drop"] == drop)
        .await;
    let alice = house.token("alice", Role::Viewer);
    let wait = json!({"drop": drop, "sku": "GAMIS", "qty": 9, "join_waitlist": true});
    house.ask(Method::POST, BOOKINGS, &alice, Some(wait)).await;
    let path = format!("/v1/lives/{LIVE}/waits/{drop}");
    let (status, left) = house.ask(Method::DELETE, &path, &alice, None).await;
    assert_eq!(
        (status, &left["type"], &left["sku"]),
        (200, &json!("left"), &json!("GAMIS"))
    );

    let page = house
        .http(Method::GET, &format!("/v1/shops/{SHOP}/skus?query=gam"))
        .bearer_auth(&host);
    let page: Value = page.send().await.unwrap().json().await.unwrap();
    matches(openapi(), "SkuPage", &page);
    assert_eq!(
        (&page["skus"][0]["sku"], &page["next"]),
        (&json!("GAMIS"), &Value::Null)
    );
    let standing = house
        .http(Method::GET, &format!("/v1/lives/{LIVE}/snapshot"))
        .bearer_auth(&host);
    let standing: Value = standing.send().await.unwrap().json().await.unwrap();
    told(&standing);
    assert!(standing["snapshot"]["catalog"].is_array());
    house.stop().await;
}

#[tokio::test]
async fn pages_of_the_catalog_follow_one_another() {
    let house = House::new(told).await;
    for n in 0..203 {
        house.sku(&format!("SKU-{n:03}"), 1).await;
    }
    let host = house.token("melati", Role::Host);
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/shops/{SHOP}/skus?cursor={cursor}");
        let path = path.trim_end_matches("?cursor=");
        let answer = house
            .http(Method::GET, path)
            .bearer_auth(&host)
            .send()
            .await
            .unwrap();
        let page: Value = answer.json().await.unwrap();
        matches(openapi(), "SkuPage", &page);
        all.extend(
            page["skus"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["sku"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        next.clone_into(&mut cursor);
    }
    let expected: Vec<_> = (0..203).map(|n| format!("SKU-{n:03}")).collect();
    assert_eq!(all, expected);
    house.stop().await;
}
