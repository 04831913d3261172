//! How the house is doing, for machines.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::app::Shared;
use crate::telemetry;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// `GET /readyz`: requests can be served.
pub(super) async fn readyz(State(app): State<Shared>) -> Response {
    if app.ready().await {
        Json(json!({"status": "ready"})).into_response()
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({"status": "not ready"})),
        )
            .into_response()
    }
}

/// `GET /metrics`, on the internal listener only.
pub(super) async fn metrics(State(app): State<Shared>) -> Response {
    let page = telemetry::render(app.clock.monotonic());
    ([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], page).into_response()
}

/// `GET /openapi.json`.
pub(super) async fn openapi() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        include_str!("../../docs/openapi.json"),
    )
        .into_response()
}
