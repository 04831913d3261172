//! Errors over HTTP.

use lapak::gateway::auth::{Identity, Role};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, LIVE, SHOP};
use crate::schema::{matches, openapi, told};

const BOOKINGS: &str = "/v1/lives/malam/bookings";

/// The code of a problem that is one.
pub(crate) fn problem(status: u16, body: &Value) -> &str {
    matches(openapi(), "Problem", body);
    assert_eq!(body["status"], status);
    assert_eq!(body["message"], body["detail"]);
    let code = body["code"].as_str().unwrap();
    assert_eq!(body["type"], format!("urn:lapak:problem:{code}"));
    code
}

#[tokio::test]
async fn errors_are_problems_with_their_status() {
    let house = House::new(told).await;
    house.sku("GAMIS", 5).await;
    let drop = house.open("GAMIS", None).await;
    let alice = house.token("alice", Role::Viewer);
    let book = json!({"drop": drop, "sku": "GAMIS"});
    let commands = format!("/v1/lives/{LIVE}/commands");
    let elsewhere = "/v1/lives/nowhere/bookings";
    for (path, body, status, code, field) in [
        (
            BOOKINGS,
            json!({"drop": drop, "sku": "GAMIS", "qty": "1"}),
            422,
            "invalid",
            Some("qty"),
        ),
        (BOOKINGS, json!({"drop": drop}), 422, "invalid", Some("sku")),
        (BOOKINGS, json!([1]), 422, "invalid", Some("body")),
        (elsewhere, book.clone(), 404, "live_not_found", None),
        (
            &commands,
            json!({"type": "drop.explode"}),
            400,
            "unknown_type",
            None,
        ),
        (
            &commands,
            json!({"type": "drop.pause", "drop": drop}),
            403,
            "forbidden",
            None,
        ),
        (
            &commands,
            json!({"drop": drop}),
            422,
            "invalid",
            Some("type"),
        ),
    ] {
        let (is, refused) = house
            .ask(Method::POST, path, &alice, Some(body.clone()))
            .await;
        assert_eq!((is, problem(is, &refused)), (status, code), "{path} {body}");
        assert_eq!(refused["field"].as_str(), field, "{path} {body}");
    }
    let (status, refused) = house
        .ask(Method::POST, BOOKINGS, "no.token.atall", Some(book.clone()))
        .await;
    assert_eq!((status, problem(status, &refused)), (401, "unauthorized"));
    let expired = house.token_until("alice", Role::Viewer, house.clock.now_ms() - 60_000);
    let (status, refused) = house
        .ask(Method::POST, BOOKINGS, &expired, Some(book.clone()))
        .await;
    assert_eq!((status, problem(status, &refused)), (401, "token_expired"));
    let foreign = Identity {
        sub: "alice".into(),
        shop: "toko-lain".into(),
        role: Role::Viewer,
        lives: None,
        exp_ms: house.clock.now_ms() + 60_000,
    };
    let (status, refused) = house
        .ask(
            Method::POST,
            BOOKINGS,
            &house.token_of(&foreign),
            Some(book.clone()),
        )
        .await;
    assert_eq!((status, problem(status, &refused)), (404, "live_not_found"));

    let bare = |method: Method, path: &str| house.http(method, path).bearer_auth(&alice);
    let key = Uuid::now_v7().to_string();
    for (request, status, code) in [
        (bare(Method::POST, BOOKINGS).json(&book), 422, "invalid"),
        (
            bare(Method::POST, BOOKINGS)
                .header("Idempotency-Key", "7")
                .json(&book),
            422,
            "invalid",
        ),
        (
            bare(Method::POST, BOOKINGS)
                .header("Idempotency-Key", &key)
                .body("{}"),
            415,
            "unsupported_media_type",
        ),
        (
            bare(Method::POST, BOOKINGS).json(&"x".repeat(70_000)),
            413,
            "too_large",
        ),
        (bare(Method::PUT, BOOKINGS), 405, "method_not_allowed"),
        (bare(Method::GET, "/v1/nothing"), 404, "not_found"),
        (
            bare(Method::GET, &format!("/v1/lives/{LIVE}/ws")),
            426,
            "upgrade_required",
        ),
        (
            bare(Method::GET, &format!("/v1/shops/{SHOP}/skus")),
            403,
            "forbidden",
        ),
        (
            bare(Method::GET, "/v1/shops/toko-lain/skus"),
            404,
            "not_found",
        ),
        (
            house.http(Method::POST, BOOKINGS).json(&book),
            401,
            "unauthorized",
        ),
    ] {
        let answer = request.send().await.unwrap();
        let is = answer.status().as_u16();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            (is, problem(is, &body), kind.as_str()),
            (status, code, "application/problem+json")
        );
    }
    house.stop().await;
}

#[tokio::test]
async fn a_live_is_put_by_an_admin_field_by_field() {
    let house = House::new(told).await;
    let (admin, host) = (
        house.token("ana", Role::Admin),
        house.token("melati", Role::Host),
    );
    let path = format!("/v1/shops/{SHOP}/lives/pagi");
    for (body, field) in [
        (json!({"title": 7}), "title"),
        (json!({}), "title"),
        (json!({"title": "Pagi", "lang": "fr"}), "lang"),
        (json!({"title": "Pagi", "links": [{"label": 1}]}), "links"),
        (json!({"title": "Pagi", "video": {"kind": "film"}}), "video"),
        (json!({"title": "Pagi", "nope": 1}), "nope"),
    ] {
        let (status, refused) = house
            .ask(Method::PUT, &path, &admin, Some(body.clone()))
            .await;
        assert_eq!((status, problem(status, &refused)), (422, "invalid"));
        assert_eq!(refused["field"], field, "{body}");
    }
    let body = Some(json!({"title": "Pagi"}));
    let (status, refused) = house.ask(Method::PUT, &path, &host, body.clone()).await;
    assert_eq!((status, problem(status, &refused)), (403, "forbidden"));
    let (status, put) = house.ask(Method::PUT, &path, &admin, body.clone()).await;
    assert_eq!((status, put), (200, json!({"type": "done"})));
    let (status, _) = house.ask(Method::DELETE, &path, &admin, None).await;
    assert_eq!(status, 200);
    let (status, refused) = house.ask(Method::PUT, &path, &admin, body).await;
    assert_eq!((status, problem(status, &refused)), (404, "live_not_found"));
    house.stop().await;
}
