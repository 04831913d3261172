//! Everything a stranger can get wrong before a handler runs, through the whole edge.

use axum::Json;
use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::clock::Clock;
use crate::gateway::headers::HeadersConfig;
use crate::gateway::limits::Limits;
use crate::gateway::origin::OriginConfig;

async fn broken() {
    panic!("secret of the house")
}

fn app() -> Router {
    let origins = OriginConfig {
        allow: vec!["https://a.com".into()],
        hosts: vec!["live.example".into()],
        ..OriginConfig::default()
    };
    let limits = Limits {
        body_timeout_ms: 0,
        ..Limits::default()
    };
    let edge = Edge {
        limiter: Limiter::new(limits, Clock::manual(0)),
        origins: Origins::new(&origins).unwrap(),
        shop_of: std::sync::Arc::new(|_| None),
        headers: SecurityHeaders::new(&HeadersConfig::default()).unwrap(),
    };
    let echo = post(|Json(body): Json<Value>| async move { Json(body) });
    edge.around(
        Router::new()
            .route("/echo", echo)
            .route("/panic", get(broken)),
    )
}

struct Ask {
    method: &'static str,
    path: String,
    headers: &'static [(&'static str, &'static str)],
    body: Body,
}

fn ask(method: &'static str, path: &str, body: impl Into<Body>) -> Ask {
    Ask {
        method,
        path: path.to_owned(),
        headers: &[],
        body: body.into(),
    }
}

async fn answer(ask: Ask) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = Request::builder().method(ask.method).uri(ask.path);
    if !ask.headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "live.example");
    }
    for (name, value) in ask.headers {
        request = request.header(*name, *value);
    }
    let request = request
        .header("content-type", "application/json")
        .body(ask.body)
        .unwrap();
    let (parts, body) = app().oneshot(request).await.unwrap().into_parts();
    (
        parts.status.as_u16(),
        parts.headers,
        to_bytes(body, 1 << 20).await.unwrap().to_vec(),
    )
}

/// A JSON text of exactly so many bytes.
fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[tokio::test]
async fn what_is_wrong_is_told_in_one_shape_with_all_headers() {
    let endless = Body::from_stream(stream::pending::<Result<&'static str, std::io::Error>>());
    let torn = Body::from_stream(stream::iter([Ok("{"), Err(std::io::Error::other("gone"))]));
    let frames = (0..5).map(|_| Ok::<_, std::io::Error>(text_of(16 * 1024)));
    let in_frames = Body::from_stream(stream::iter(frames));
    let foreign = Ask {
        headers: &[("origin", "https://evil.com")],
        ..ask("POST", "/echo", "{}")
    };
    let rebound = Ask {
        headers: &[("host", "evil.com")],
        ..ask("POST", "/echo", "{}")
    };
    let table = [
        (ask("GET", "/nowhere", ""), 404, "not_found"),
        (ask("GET", "/echo/", ""), 404, "not_found"),
        (ask("GET", "/ECHO", ""), 404, "not_found"),
        (ask("GET", "/%2e%2e/etc/passwd", ""), 404, "not_found"),
        (ask("GET", "/echo", ""), 405, "method_not_allowed"),
        (ask("GET", "/panic", ""), 500, "internal"),
        (
            ask("GET", &format!("/{}", "a".repeat(2_048)), ""),
            414,
            "uri_too_long",
        ),
        (
            ask("GET", &format!("/{}", "a".repeat(2_047)), ""),
            404,
            "not_found",
        ),
        (ask("POST", "/echo", "{"), 400, "malformed"),
        (
            ask("POST", "/echo", text_of(64 * 1024 + 1)),
            413,
            "too_large",
        ),
        (ask("POST", "/echo", in_frames), 413, "too_large"),
        (ask("POST", "/echo", endless), 408, "timeout"),
        (ask("POST", "/echo", torn), 400, "malformed"),
        (foreign, 403, "origin_not_allowed"),
        (rebound, 421, "misdirected"),
    ];
    for (ask, status, code) in table {
        let case = format!("{} {:.40}", ask.method, ask.path);
        let (got, headers, body) = answer(ask).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((got, &problem["code"]), (status, &json!(code)), "{case}");
        for name in [
            "content-security-policy",
            "x-content-type-options",
            "vary",
            "cache-control",
        ] {
            assert!(headers.contains_key(name), "{name} of {case}");
        }
        assert!(!problem.to_string().contains("secret"), "{case}");
    }
}

#[tokio::test]
async fn a_body_of_just_the_limit_arrives_whole() {
    let text = text_of(64 * 1024);
    let (status, _, body) = answer(ask("POST", "/echo", text.clone())).await;
    assert_eq!((status, body), (200, text.into_bytes()));
}
