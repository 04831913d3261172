//! Errors that no handler made: unknown paths, wrong methods, limits of layers, panics.

use std::any::Any;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::status::code_of;
use super::{MEDIA_TYPE, Problem};

/// The router's fallback.
pub async fn not_found() -> Problem {
    Problem::new("not_found", "There is nothing here.")
}

/// The router's fallback for a known path; axum adds `Allow`.
pub async fn method_not_allowed() -> Problem {
    Problem::new(
        "method_not_allowed",
        "This path does not answer to that method.",
    )
}

/// The answer when a handler panicked, for `CatchPanicLayer::custom`. Whether the request was
/// carried out is not known, but nothing is said about why.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the layer hands the panic over by value"
)]
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let reason = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&'static str>().copied());
    tracing::error!(
        reason = reason.unwrap_or("no message"),
        "a handler panicked"
    );
    Problem::new("internal", "Something is broken here.").into_response()
}

/// Makes a problem of an error that a layer or an extractor answered in its own words, for
/// `map_response`. Headers such as `Allow` stay; a problem passes as it is.
pub async fn as_problem(response: Response) -> Response {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_problem(&response) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let code = code_of(status);
    let mut problem = Problem::new(code, sentence(code));
    problem.status = status;
    let mut answer = problem.into_response();
    for (name, value) in parts.headers {
        if let Some(name) = name {
            answer.headers_mut().append(name, value);
        }
    }
    *answer.extensions_mut() = parts.extensions;
    answer
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(MEDIA_TYPE.as_bytes()))
}

fn sentence(code: &str) -> &'static str {
    match code {
        "not_found" => "There is nothing here.",
        "method_not_allowed" => "This path does not answer to that method.",
        "timeout" => "The request took too long to arrive.",
        "too_large" => "The body is larger than this path takes.",
        "uri_too_long" => "The address is too long.",
        "unsupported_media_type" => "Send application/json.",
        "invalid" => "A field has a value that is not possible.",
        "rate_limited" => "Too many requests.",
        "unavailable" => "Surely not done: ask again.",
        "unknown" => "The outcome is not known: ask again with the same id.",
        "internal" => "Something is broken here.",
        _ => "The request is not understood.",
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use axum::middleware::map_response;
    use axum::routing::post;
    use axum::{Json, Router};
    use serde_json::Value;
    use tower::ServiceExt;
    use tower_http::catch_panic::CatchPanicLayer;
    use tower_http::limit::RequestBodyLimitLayer;

    use super::*;

    async fn broken() {
        panic!("secret of the house")
    }

    fn app() -> Router {
        Router::new()
            .route(
                "/echo",
                post(|Json(body): Json<Value>| async move { Json(body) }),
            )
            .route("/panic", post(broken))
            .route(
                "/gone",
                post(|| async { Problem::new("deadline_passed", "Too late.") }),
            )
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(RequestBodyLimitLayer::new(64))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(map_response(as_problem))
    }

    async fn ask(method: &str, path: &str, media: &str, body: &str) -> (Response, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media)
            .body(Body::from(body.to_owned()))
            .unwrap();
        let response = app().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 4096).await.unwrap();
        let length = parts
            .headers
            .get("content-length")
            .map(|v| v.to_str().unwrap().to_owned());
        if let Some(length) = length {
            assert_eq!(length, bytes.len().to_string());
        }
        (
            Response::from_parts(parts, Body::empty()),
            serde_json::from_slice(&bytes).unwrap(),
        )
    }

    #[tokio::test]
    async fn every_error_is_a_problem_whoever_made_it() {
        let json = "application/json";
        let large = "1".repeat(65);
        let table = [
            ("POST", "/nowhere", json, "{}", 404, "not_found"),
            ("GET", "/echo", json, "{}", 405, "method_not_allowed"),
            (
                "POST",
                "/echo",
                "text/plain",
                "{}",
                415,
                "unsupported_media_type",
            ),
            ("POST", "/echo", json, "{", 400, "malformed"),
            ("POST", "/echo", json, "", 400, "malformed"),
            ("POST", "/echo", json, large.as_str(), 413, "too_large"),
            ("POST", "/panic", json, "{}", 500, "internal"),
            ("POST", "/gone", json, "{}", 410, "deadline_passed"),
        ];
        for (method, path, media, body, status, code) in table {
            let (response, problem) = ask(method, path, media, body).await;
            let case = format!("{method} {path} {body}");
            assert_eq!(response.status(), status, "{case}");
            assert_eq!(problem["code"], code, "{case}");
            assert_eq!(problem["status"], status, "{case}");
            assert_eq!(response.headers()["content-type"], MEDIA_TYPE, "{case}");
            assert!(
                !problem.to_string().contains("secret of the house"),
                "{case}"
            );
        }
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_one() {
        let (response, _) = ask("DELETE", "/echo", "application/json", "").await;
        assert_eq!(response.headers()["allow"], "POST");
    }

    #[tokio::test]
    async fn what_is_no_error_passes_untouched() {
        let (response, body) = ask("POST", "/echo", "application/json", "{\"a\":1}").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(body, serde_json::json!({"a": 1}));
    }
}
