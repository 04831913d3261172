//! That every answer carries the headers, and what they say.

use axum::Extension;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use tower::ServiceExt;

use super::*;

const ON_ALL: [&str; 8] = [
    "content-security-policy",
    "strict-transport-security",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
];

fn app(config: &HeadersConfig) -> Router {
    let router = Router::new()
        .route("/page", get(|| async { (Extension(PageKind::Page), "") }))
        .route(
            "/overlay",
            get(|| async { (Extension(PageKind::Overlay), "") }),
        )
        .route(
            "/embed.js",
            get(|| async {
                (
                    Extension(PageKind::Asset),
                    [("cache-control", "max-age=60")],
                    "",
                )
            }),
        )
        .route(
            "/v1/lives",
            get(|| async { ([("server", "lapak/0.1")], "") }),
        )
        .route(
            "/broken",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        );
    SecurityHeaders::new(config).unwrap().around(router)
}

async fn ask(path: &str) -> HeaderMap {
    let request = Request::get(path).body(Body::empty()).unwrap();
    app(&HeadersConfig::default())
        .oneshot(request)
        .await
        .unwrap()
        .into_parts()
        .0
        .headers
}

#[tokio::test]
async fn every_answer_carries_all_of_them_errors_too() {
    for path in [
        "/page",
        "/overlay",
        "/embed.js",
        "/v1/lives",
        "/broken",
        "/nowhere",
    ] {
        let headers = ask(path).await;
        for name in ON_ALL {
            assert_eq!(headers.get_all(name).iter().count(), 1, "{name} of {path}");
        }
        assert!(!headers.contains_key("server"), "{path}");
    }
}

#[tokio::test]
async fn the_policy_follows_the_kind_of_page() {
    for (path, frame) in [
        ("/page", "form-action 'self'; frame-ancestors 'self'"),
        ("/overlay", "frame-ancestors 'self'"),
        ("/v1/lives", "default-src 'none'; frame-ancestors 'none'"),
        ("/nowhere", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        let policy = ask(path).await["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(policy.ends_with(frame), "{path}: {policy}");
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
            "{policy}"
        );
    }
    assert!(
        ask("/overlay").await["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("script-src 'self';")
    );
}

#[tokio::test]
async fn only_assets_may_be_loaded_by_others_and_kept() {
    assert_eq!(
        ask("/embed.js").await["cross-origin-resource-policy"],
        "cross-origin"
    );
    assert_eq!(ask("/embed.js").await["cache-control"], "max-age=60");
    assert_eq!(
        ask("/v1/lives").await["cross-origin-resource-policy"],
        "same-origin"
    );
    assert_eq!(ask("/v1/lives").await["cache-control"], "no-store");
}

#[test]
fn frame_ancestors_are_an_allow_list_and_cannot_smuggle_a_directive() {
    let with = |source: &str| HeadersConfig {
        frame_ancestors: vec![source.to_owned()],
        ..Default::default()
    };
    for good in [
        "'self'",
        "'none'",
        "https://shop.example",
        "http://127.0.0.1:8080",
        "https://[::1]:3000",
    ] {
        assert!(SecurityHeaders::new(&with(good)).is_ok(), "{good}");
    }
    for bad in [
        "*",
        "",
        "https:",
        "https://",
        "https://a b",
        "'self'; script-src *",
        "https://*.example",
        "https://a\r\nx: y",
        "https://é.example",
    ] {
        assert_eq!(
            SecurityHeaders::new(&with(bad)).unwrap_err(),
            Error(bad.to_owned())
        );
    }
}
