//! Another shop's things are answered exactly as things that do not exist: the same status, the
//! same body (S-11, API1).

use lapak::gateway::auth::Role;
use serde_json::Value;
use uuid::Uuid;

use super::house::{
    FOREIGN_LIVE, FOREIGN_SHOP, LIVE, OTHER_LIVE, SHOP, SKU, book, house, somebody,
};
use super::raw::ask;
use super::socket::{Heard, Socket};

const ROLES: [Role; 5] = [
    Role::Viewer,
    Role::Moderator,
    Role::Host,
    Role::Admin,
    Role::Service,
];

/// What may differ between two answers: ids we sent, and the time.
fn bare(mut told: Value) -> Value {
    for name in ["id", "server_now_ms", "s", "epoch", "drop"] {
        if let Some(told) = told.as_object_mut() {
            told.remove(name);
        }
    }
    told
}

#[test]
fn over_http() {
    let house = house();
    house.run(async {
        let (foreign, missing) = (house.foreign_drop.to_string(), Uuid::now_v7().to_string());
        let booking = foreign_booking().await;
        let body = |drop: &str| format!(r#"{{"drop":"{drop}","sku":"{SKU}"}}"#);
        let title = r#"{"title":"Siaran"}"#.to_owned();
        let pause = |drop: &str| format!(r#"{{"type":"drop.pause","drop":"{drop}"}}"#);
        let take_back =
            |id: &str| format!(r#"{{"type":"booking.cancel","booking":"{id}","reason":"x"}}"#);
        let table: Vec<(&str, [String; 2], [String; 2])> = vec![
            (
                "GET",
                [
                    format!("/v1/lives/{FOREIGN_LIVE}/snapshot"),
                    "/v1/lives/tidak-ada/snapshot".into(),
                ],
                Default::default(),
            ),
            (
                "GET",
                [
                    format!("/v1/lives/{FOREIGN_LIVE}/events"),
                    "/v1/lives/tidak-ada/events".into(),
                ],
                Default::default(),
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{FOREIGN_LIVE}/bookings"),
                    "/v1/lives/tidak-ada/bookings".into(),
                ],
                [body(&foreign), body(&foreign)],
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{FOREIGN_LIVE}/commands"),
                    "/v1/lives/tidak-ada/commands".into(),
                ],
                [pause(&foreign), pause(&foreign)],
            ),
            (
                "PUT",
                [
                    format!("/v1/shops/{FOREIGN_SHOP}/lives/x"),
                    "/v1/shops/tidak-ada/lives/x".into(),
                ],
                [title.clone(), title.clone()],
            ),
            (
                "DELETE",
                [
                    format!("/v1/shops/{FOREIGN_SHOP}/lives/{FOREIGN_LIVE}"),
                    "/v1/shops/tidak-ada/lives/x".into(),
                ],
                Default::default(),
            ),
            (
                "GET",
                [
                    format!("/v1/shops/{FOREIGN_SHOP}/skus"),
                    "/v1/shops/tidak-ada/skus".into(),
                ],
                Default::default(),
            ),
            (
                "GET",
                [
                    format!("/v1/shops/{FOREIGN_SHOP}/settings"),
                    "/v1/shops/tidak-ada/settings".into(),
                ],
                Default::default(),
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{LIVE}/bookings"),
                    format!("/v1/lives/{LIVE}/bookings"),
                ],
                [body(&foreign), body(&missing)],
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{LIVE}/bookings/{booking}/cancel"),
                    format!("/v1/lives/{LIVE}/bookings/{missing}/cancel"),
                ],
                Default::default(),
            ),
            (
                "DELETE",
                [
                    format!("/v1/lives/{LIVE}/waits/{foreign}"),
                    format!("/v1/lives/{LIVE}/waits/{missing}"),
                ],
                Default::default(),
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{LIVE}/commands"),
                    format!("/v1/lives/{LIVE}/commands"),
                ],
                [pause(&foreign), pause(&missing)],
            ),
            (
                "POST",
                [
                    format!("/v1/lives/{LIVE}/commands"),
                    format!("/v1/lives/{LIVE}/commands"),
                ],
                [take_back(&booking), take_back(&missing)],
            ),
        ];
        for role in ROLES {
            for (method, paths, bodies) in &table {
                let bearer = format!("Bearer {}", house.token(&somebody(), role));
                let mut told = Vec::new();
                for (path, body) in paths.iter().zip(bodies) {
                    let id = Uuid::now_v7().to_string();
                    let headers = [
                        ("authorization", &*bearer),
                        ("idempotency-key", &*id),
                        ("content-type", "application/json"),
                    ];
                    let answer = ask(method, path, &headers, body).await;
                    assert!(answer.status >= 400, "{role:?} {method} {path}: {answer:?}");
                    told.push((answer.status, bare(answer.json())));
                }
                assert_eq!(told[0], told[1], "{role:?} {method} {}", paths[0]);
            }
        }
        house.is_well("foreign things").await;
    });
}

/// A booking that really is held, in the other shop.
async fn foreign_booking() -> String {
    let house = house();
    let token = house.token_of(FOREIGN_SHOP, &somebody(), Role::Viewer, None);
    let mut socket = Socket::connect(FOREIGN_LIVE, Some(&token)).await;
    let held = socket.ask(&book(house.foreign_drop)).await;
    held["booking"].as_str().unwrap().to_owned()
}

#[test]
fn over_the_websocket() {
    let house = house();
    house.run(async {
        let (foreign, missing) = (house.foreign_drop.to_string(), Uuid::now_v7().to_string());
        let booking = foreign_booking().await;
        let table = [
            (
                r#"{"type":"book","id":"ID","drop":"X","sku":"KAOS-M"}"#,
                &foreign,
            ),
            (r#"{"type":"cancel","id":"ID","booking":"X"}"#, &booking),
            (r#"{"type":"wait.leave","id":"ID","drop":"X"}"#, &foreign),
            (r#"{"type":"drop.pause","id":"ID","drop":"X"}"#, &foreign),
            (r#"{"type":"drop.resume","id":"ID","drop":"X"}"#, &foreign),
            (r#"{"type":"drop.close","id":"ID","drop":"X"}"#, &foreign),
            (r#"{"type":"drop.pin","id":"ID","drop":"X"}"#, &foreign),
            (
                r#"{"type":"drop.extend","id":"ID","drop":"X","minutes":1}"#,
                &foreign,
            ),
            (
                r#"{"type":"drop.change","id":"ID","drop":"X","price":1}"#,
                &foreign,
            ),
            (
                r#"{"type":"booking.cancel","id":"ID","booking":"X","reason":"x"}"#,
                &booking,
            ),
        ];
        for (template, theirs) in table {
            let mut told = Vec::new();
            for thing in [theirs, &missing] {
                let token = house.token(&somebody(), Role::Admin);
                let mut socket = Socket::connect(LIVE, Some(&token)).await;
                let request = template.replace("ID", &Uuid::now_v7().to_string());
                let answer = socket.ask(&request.replace('X', thing)).await;
                assert_eq!(answer["type"], "refused", "{template}: {answer}");
                told.push(bare(answer));
            }
            assert_eq!(told[0], told[1], "{template}");
        }
        for role in ROLES {
            let mut ends = Vec::new();
            for live in [FOREIGN_LIVE, "tidak-ada"] {
                let mut socket = Socket::open(live).await;
                socket.greet(Some(&house.token(&somebody(), role))).await;
                ends.push(socket.hear().await);
            }
            assert_eq!(ends, [Heard::Close(4404), Heard::Close(4404)], "{role:?}");
        }
    });
}

/// A token for some lives of a shop moves nothing in its others.
#[test]
fn a_token_for_one_live_reaches_no_other() {
    let house = house();
    let other = house.other_drop.to_string();
    house.run(async {
        let commands = [
            r#"{"type":"drop.pause","id":"ID","drop":"X"}"#,
            r#"{"type":"drop.close","id":"ID","drop":"X"}"#,
            r#"{"type":"drop.pin","id":"ID","drop":"X"}"#,
            r#"{"type":"drop.extend","id":"ID","drop":"X","minutes":1}"#,
            r#"{"type":"drop.change","id":"ID","drop":"X","price":1}"#,
        ];
        for template in commands {
            let token = house.token_of(SHOP, &somebody(), Role::Host, Some(&[LIVE]));
            let mut socket = Socket::connect(LIVE, Some(&token)).await;
            let request = template.replace("ID", &Uuid::now_v7().to_string());
            let answer = socket.ask(&request.replace('X', &other)).await;
            assert_eq!(
                (&answer["type"], &answer["code"]),
                (&"refused".into(), &"drop_not_found".into()),
                "{template}: {answer}"
            );
        }
        let bearer = format!(
            "Bearer {}",
            house.token_of(SHOP, &somebody(), Role::Admin, Some(&[LIVE]))
        );
        let path = format!("/v1/shops/{SHOP}/lives/{OTHER_LIVE}");
        let headers = [
            ("authorization", &*bearer),
            ("content-type", "application/json"),
        ];
        for (method, body) in [("PUT", r#"{"title":"Lain"}"#), ("DELETE", "")] {
            let answer = ask(method, &path, &headers, body).await;
            assert_eq!(answer.status, 403, "{method}: {answer:?}");
        }
        // Nothing happened to it.
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(OTHER_LIVE, Some(&token)).await;
        let held = socket.ask(&book(house.other_drop)).await;
        assert_eq!(
            (&held["type"], &held["price"]),
            (&"held".into(), &50_000.into()),
            "{held}"
        );
    });
}
