//! A host, a moderator and an admin over the WebSocket, and what viewers see of it.

use lapak::gateway::auth::Role::{Admin, Host, Moderator, Viewer};
use serde_json::{Value, json};

use crate::house::{House, rows};
use crate::schema::told;

#[tokio::test]
async fn a_drop_from_opening_to_close() {
    let house = House::new(told).await;
    house.sku("GAMIS", 10).await;
    let (mut host, welcome) = house
        .connect(json!({"token": house.token("melati", Host), "lang": "en"}))
        .await;
    let row = rows(&welcome["snapshot"], "catalog")
        .next()
        .unwrap()
        .clone();
    assert_eq!(
        (&row["sku"], &row["available"], &row["on_hand"]),
        (&json!("GAMIS"), &json!(10), &json!(10))
    );
    let mut alice = house.enter("alice", Viewer).await;
    let open = json!({"type": "drop.open", "sku": "GAMIS", "units": 4, "mode": "carved", "price": 75_000, "pinned": true});
    let done = host.ask(open).await;
    assert_eq!(done["type"], "done");
    let drop = done["drop"].clone();
    let opened = alice.until("opened", |m| m["type"] == "drop").await;
    assert_eq!(
        (&opened["event"], &opened["drop"]["drop"]),
        (&json!("opened"), &drop)
    );
    assert_eq!(
        (
            &opened["drop"]["units"],
            &opened["drop"]["mode"],
            &opened["drop"]["pinned"]
        ),
        (&json!(4), &json!("carved"), &json!(true))
    );

    let held = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 2}))
        .await;
    assert_eq!(held["price"], 75_000);
    let booking = held["booking"].clone();
    let activity = host
        .until("the booking", |m| {
            m["type"] == "activity" && m["bookings"] != json!([])
        })
        .await;
    assert_eq!(
        (
            &activity["bookings"][0]["customer"],
            &activity["bookings"][0]["state"]
        ),
        (&json!("alice"), &json!("held"))
    );
    assert_eq!(activity["booked_total"], 1);

    for (request, event, state) in [
        (json!({"type": "drop.pause"}), "paused", "paused"),
        (json!({"type": "drop.resume"}), "resumed", "open"),
        (
            json!({"type": "drop.pin", "pinned": false}),
            "changed",
            "open",
        ),
        (
            json!({"type": "drop.change", "price": 80_000, "per_customer_limit": 3}),
            "changed",
            "open",
        ),
    ] {
        let mut request = request;
        request["drop"] = drop.clone();
        let done = host.ask(request.clone()).await;
        assert_eq!(
            (&done["type"], &done["drop"]),
            (&json!("done"), &drop),
            "{request}"
        );
        let told = alice.until(event, |m| m["type"] == "drop").await;
        assert_eq!(
            (&told["event"], &told["drop"]["state"]),
            (&json!(event), &json!(state))
        );
        if state == "paused" {
            let refused = alice
                .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
                .await;
            assert_eq!(refused["code"], "drop_paused");
        }
    }
    let refused = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 2}))
        .await;
    assert_eq!(refused["code"], "customer_limit");
    assert_eq!(
        (
            &refused["limit"],
            &refused["in_cart"],
            &refused["max_allowed"]
        ),
        (&json!(3), &json!(2), &json!(1))
    );
    host.ask(json!({"type": "drop.extend", "drop": drop, "minutes": 5}))
        .await;
    let extended = alice.until("extended", |m| m["event"] == "extended").await;
    assert_eq!(extended["booking"], booking);
    assert_eq!(
        extended["deadline_ms"].as_u64(),
        held["deadline_ms"].as_u64().map(|at| at + 300_000)
    );

    let taken = host
        .ask(json!({"type": "booking.cancel", "booking": booking, "reason": "torn"}))
        .await;
    assert_eq!(
        (&taken["type"], &taken["booking"], &taken["qty"]),
        (&json!("done"), &booking, &json!(2))
    );
    let cancelled = alice
        .until("cancelled", |m| m["event"] == "cancelled")
        .await;
    assert_eq!(
        (
            &cancelled["reason"],
            &cancelled["penalty"],
            &cancelled["left"]
        ),
        (&json!("torn"), &json!(0), &json!(0))
    );

    alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
        .await;
    host.ask(json!({"type": "drop.close", "drop": drop, "withdraw": true}))
        .await;
    let closed = alice.until("closed", |m| m["event"] == "closed").await;
    assert_eq!(closed["drop"]["state"], "closed");
    let withdrawn = alice
        .until("withdrawn", |m| m["event"] == "cancelled")
        .await;
    assert_eq!(withdrawn["reason"], "withdrawn");
    let refused = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
        .await;
    assert_eq!(refused["code"], "drop_not_open");
    house.stop().await;
}

#[tokio::test]
async fn stock_is_added_and_counted() {
    let house = House::new(told).await;
    house.sku("GAMIS", 3).await;
    let drop = house.open("GAMIS", None).await;
    let mut host = house.enter("melati", Host).await;
    let mut alice = house.enter("alice", Viewer).await;
    alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 3}))
        .await;
    let mut wait =
        json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 2, "join_waitlist": true});
    assert_eq!(house_wait(&house, &mut wait).await["type"], "waiting");
    let done = host
        .ask(json!({"type": "stock.add", "sku": "GAMIS", "qty": 5, "reason": "second box"}))
        .await;
    assert_eq!(done["type"], "done");
    let row = host
        .until("the catalog row", |m| m["catalog"][0]["on_hand"] == 8)
        .await;
    assert_eq!(
        (
            &row["catalog"][0]["available"],
            &row["catalog"][0]["booked"]
        ),
        (&json!(3), &json!(5))
    );
    let refused = host
        .ask(json!({"type": "stock.set", "sku": "GAMIS", "on_hand": 4, "reason": "count"}))
        .await;
    assert_eq!(
        (&refused["code"], &refused["committed"]),
        (&json!("below_committed"), &json!(5))
    );
    let force = json!({"type": "stock.set", "sku": "GAMIS", "on_hand": 4, "reason": "count", "force": true});
    assert_eq!(host.ask(force.clone()).await["code"], "forbidden");
    let mut admin = house.enter("ana", Admin).await;
    assert_eq!(admin.ask(force).await["type"], "done");
    let row = admin
        .until("the shortage", |m| m["catalog"][0]["shortage"] == 1)
        .await;
    assert_eq!(
        (
            &row["catalog"][0]["available"],
            &row["catalog"][0]["on_hand"]
        ),
        (&json!(0), &json!(4))
    );
    house.stop().await;
}

/// Somebody else waits.
async fn house_wait(house: &House, request: &mut Value) -> Value {
    let mut budi = house.enter("budi", Viewer).await;
    budi.ask(request.take()).await
}

#[tokio::test]
async fn each_role_may_what_it_may() {
    let house = House::new(told).await;
    house.sku("GAMIS", 3).await;
    let drop = house.open("GAMIS", None).await;
    let restrict = json!({"type": "customer.restrict", "customer": "alice", "restricted": true});
    let settings = json!({"type": "settings.change", "settings": {"max_bookings": 3}});
    // The least role that may: 1 a moderator, 2 a host, 3 an admin.
    let table = [
        (restrict, 1),
        (json!({"type": "drop.pause", "drop": drop}), 1),
        (json!({"type": "drop.resume", "drop": drop}), 1),
        (json!({"type": "drop.pin", "drop": drop}), 1),
        (
            json!({"type": "booking.cancel", "booking": drop, "reason": "test"}),
            1,
        ),
        (
            json!({"type": "drop.open", "sku": "GAMIS", "units": "all"}),
            2,
        ),
        (json!({"type": "drop.change", "drop": drop, "price": 5}), 2),
        (
            json!({"type": "drop.extend", "drop": drop, "minutes": 1}),
            2,
        ),
        (
            json!({"type": "stock.add", "sku": "GAMIS", "qty": 1, "reason": "test"}),
            2,
        ),
        (
            json!({"type": "stock.set", "sku": "GAMIS", "on_hand": 9, "reason": "test"}),
            2,
        ),
        (
            json!({"type": "sku.activate", "skus": ["GAMIS"], "active": true}),
            2,
        ),
        (json!({"type": "drop.close", "drop": drop}), 2),
        (
            json!({"type": "reputation.adjust", "customer": "budi", "delta": 1, "reason": "test"}),
            3,
        ),
        (settings, 3),
    ];
    let mut sockets = Vec::new();
    for (name, role) in [
        ("budi", Viewer),
        ("mira", Moderator),
        ("melati", Host),
        ("ana", Admin),
    ] {
        sockets.push(house.enter(name, role).await);
    }
    for (request, least) in table {
        for (rank, socket) in sockets.iter_mut().enumerate() {
            let answer = socket.ask(request.clone()).await;
            // What is allowed may still be refused for another reason: paused twice, for example.
            assert_eq!(
                answer["code"] == "forbidden",
                rank < least,
                "{request} {answer}"
            );
        }
    }
    let mut alice = house.enter("alice", Viewer).await;
    let refused = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
        .await;
    assert_eq!(
        refused["code"], "drop_not_open",
        "the state of the drop comes first"
    );
    let drop = house.open("GAMIS", None).await;
    let refused = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
        .await;
    assert_eq!(refused["code"], "restricted");
    house.stop().await;
}

#[tokio::test]
async fn an_admin_changes_settings_by_name() {
    let house = House::new(told).await;
    let mut admin = house.enter("ana", Admin).await;
    for (settings, field) in [
        (json!({"penalty_cancel": 101}), "penalty_cancel"),
        (json!({"max_bookings": -1}), "max_bookings"),
        (json!({"no_such_thing": 1}), "no_such_thing"),
        (json!({"bands": [{"below": 50}]}), "bands"),
        (json!(7), "settings"),
    ] {
        let refused = admin
            .ask(json!({"type": "settings.change", "settings": settings}))
            .await;
        assert_eq!(
            (&refused["code"], &refused["field"]),
            (&json!("invalid"), &json!(field))
        );
    }
    let change =
        json!({"penalty_cancel": 10, "bands": [{"below": 50, "max_bookings": 1, "priority": 50}]});
    assert_eq!(
        admin
            .ask(json!({"type": "settings.change", "settings": change}))
            .await["type"],
        "done"
    );
    let token = house.token("ana", Admin);
    let (status, all) = house.settings(&token).await;
    assert_eq!(status, 200);
    assert_eq!(all["penalty_cancel"], 10);
    assert_eq!(
        all["bands"][0],
        json!({"below": 50, "hold_ms": null, "max_bookings": 1, "max_units": null, "priority": 50})
    );
    assert_eq!(house.settings(&house.token("melati", Host)).await.0, 403);
    house.stop().await;
}

#[tokio::test]
async fn skus_go_off_sale_each_for_itself() {
    let house = House::new(told).await;
    house.sku("GAMIS", 3).await;
    let drop = house.open("GAMIS", None).await;
    let mut host = house.enter("melati", Host).await;
    let done = host
        .ask(json!({"type": "sku.activate", "skus": ["GAMIS", "NONE"], "active": false}))
        .await;
    assert_eq!(
        (&done["type"], &done["unknown"]),
        (&json!("done"), &json!(["NONE"]))
    );
    let mut alice = house.enter("alice", Viewer).await;
    let refused = alice
        .ask(json!({"type": "book", "drop": drop, "sku": "GAMIS", "qty": 1}))
        .await;
    assert_eq!(refused["code"], "sku_inactive");
    house.stop().await;
}
