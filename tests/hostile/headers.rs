//! What stands on every answer, errors included, and what other sites' pages may read.

use lapak::gateway::auth::Role;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use super::doors::routes;
use super::house::{LIVE, house, somebody};
use super::raw::{Answer, ask};

const FIXED: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
];

fn check(case: &str, answer: &Answer) {
    for (name, value) in FIXED {
        assert_eq!(
            answer.header(name),
            Some(*value),
            "{case}: {name} of {answer:?}"
        );
    }
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'"), "{case}: {policy}");
    assert!(!policy.contains("unsafe"), "{case}: {policy}");
    for name in [
        "permissions-policy",
        "cross-origin-resource-policy",
        "cache-control",
    ] {
        assert!(answer.header(name).is_some(), "{case}: no {name}");
    }
    for name in [
        "server",
        "x-powered-by",
        "set-cookie",
        "access-control-allow-credentials",
    ] {
        assert_eq!(answer.header(name), None, "{case}: {name}");
    }
    if answer.status >= 400 {
        check_problem(case, answer);
    }
    if answer.status == 429 || answer.status == 503 {
        assert!(
            answer.header("retry-after").is_some(),
            "{case}: no Retry-After: {answer:?}"
        );
    }
}

/// RFC 9457 with our code, and nothing of the house inside (S-37).
fn check_problem(case: &str, answer: &Answer) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{case}: {answer:?}"
    );
    let body = answer.json();
    assert!(
        body["code"].as_str().is_some_and(|code| !code.is_empty()),
        "{case}: {answer:?}"
    );
    assert_eq!(body["status"], answer.status, "{case}");
    assert!(
        body["type"]
            .as_str()
            .is_some_and(|kind| kind.starts_with("urn:lapak:problem:")),
        "{case}"
    );
    let text = answer.body.to_lowercase();
    for inside in [
        "panicked", "src/", ".rs", "rusqlite", "sqlite", "serde", "axum", "hyper", "k1", "stack",
        "select ",
    ] {
        assert!(!text.contains(inside), "{case}: {inside} in {text}");
    }
}

#[test]
fn every_route_and_every_error_carries_them() {
    let house = house();
    let bearer = format!("Bearer {}", house.token(&somebody(), Role::Admin));
    let id = Uuid::now_v7().to_string();
    let own: &[(&str, &str)] = &[
        ("authorization", &bearer),
        ("idempotency-key", &id),
        ("content-type", "application/json"),
    ];
    house.run(async {
        for (method, path) in routes() {
            // The house's own live shall not be ended.
            let live = if path.contains("{shop}") {
                "tidak-ada"
            } else {
                LIVE
            };
            let real = path
                .replace("{live}", live)
                .replace("{shop}", "toko-a")
                .replace("{booking}", &id)
                .replace("{drop}", &id)
                .replace("{file}", "x.js");
            let body = if method == "POST" || method == "PUT" {
                "{}"
            } else {
                ""
            };
            if !path.ends_with("/events") {
                check(
                    &format!("{method} {path} as admin"),
                    &ask(&method, &real, own, body).await,
                );
            }
            if method != "GET" {
                check(
                    &format!("{method} {path} as nobody"),
                    &ask(&method, &real, &[], body).await,
                );
            }
            check(
                &format!("PATCH {path}"),
                &ask("PATCH", &real, &[], "").await,
            );
            let evil = [("origin", "https://evil.example")];
            check(
                &format!("{method} {path} from elsewhere"),
                &ask("POST", &real, &evil, body).await,
            );
        }
        let long = "x".repeat(3_000);
        for path in [
            "/nowhere",
            "/v1/lives/%ff/snapshot",
            &format!("/{long}"),
            "/metrics",
        ] {
            check(path, &ask("GET", path, &[], "").await);
        }
        let large = "x".repeat(70_000);
        let path = format!("/v1/lives/{LIVE}/bookings");
        check("too large", &ask("POST", &path, own, &large).await);
    });
}

#[test]
fn the_events_of_a_live_carry_them_too() {
    let house = house();
    house.run(async {
        let mut stream = tokio::net::TcpStream::connect(house.address).await.unwrap();
        let bytes = super::raw::request("GET", &format!("/v1/lives/{LIVE}/events"), &[], "");
        stream.write_all(&bytes).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = Answer::of(&head);
        assert_eq!(answer.status, 200);
        check("events", &answer);
    });
}

#[test]
fn other_sites_read_nothing_and_listed_ones_without_credentials() {
    let house = house();
    house.run(async {
        let own = format!("http://{}", house.address);
        for (origin, named) in [
            ("https://evil.example", false),
            ("null", false),
            ("https://listed.example.evil.com", false),
            ("HTTPS://LISTED.EXAMPLE", false),
            ("https://listed.example", true),
            (&own, true),
        ] {
            let answer = ask("GET", "/v1/lives", &[("origin", origin)], "").await;
            let told = answer.header("access-control-allow-origin");
            assert_eq!(told, named.then_some(origin), "{origin}: {answer:?}");
            assert_eq!(answer.header("vary"), Some("origin"), "{origin}");
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                None,
                "{origin}"
            );
            let ahead = [
                ("origin", origin),
                ("access-control-request-method", "POST"),
            ];
            let answer = ask("OPTIONS", "/v1/lives/live-a/bookings", &ahead, "").await;
            assert_eq!(
                answer.status,
                if named { 204 } else { 403 },
                "{origin}: {answer:?}"
            );
        }
    });
}

#[test]
fn pages_of_the_shops_own_site_may_read_its_lives() {
    let house = house();
    house.run(async {
        let origin = "https://toko-a.example";
        for (path, named) in [
            ("/v1/lives/live-a/snapshot", true),
            ("/v1/lives/live-b/snapshot", false),
            ("/v1/shops/toko-a/skus", true),
            ("/v1/shops/toko-b/skus", false),
        ] {
            let answer = ask("GET", path, &[("origin", origin)], "").await;
            let told = answer.header("access-control-allow-origin");
            assert_eq!(told, named.then_some(origin), "{path}: {answer:?}");
        }
    });
}

#[test]
fn metrics_are_on_the_internal_door_only() {
    let house = house();
    house.run(async {
        assert_eq!(ask("GET", "/metrics", &[], "").await.status, 404);
        for (path, status) in [
            ("/metrics", 200),
            ("/healthz", 200),
            ("/readyz", 200),
            ("/v1/lives", 404),
            ("/", 404),
        ] {
            let mut stream = tokio::net::TcpStream::connect(house.internal)
                .await
                .unwrap();
            let bytes = super::raw::request("GET", path, &[], "");
            stream.write_all(&bytes).await.unwrap();
            let mut said = Vec::new();
            stream.read_to_end(&mut said).await.unwrap();
            let answer = Answer::of(&said);
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            assert_eq!(answer.header("server"), None);
            // No name of a customer, no address, no token in a label (S-33).
            assert!(
                !answer.body.contains("orang-") && !answer.body.contains("eyJ"),
                "{path}"
            );
        }
    });
}
