//! A customer's checkouts and orders over plain HTTP: the same requests as over the WebSocket.

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::app::Shared;
use super::listener::Peer;
use super::lives::{ask, object};
use super::problem::Problem;

/// `POST /v1/lives/{live}/checkouts`: begin to order bookings.
pub(super) async fn checkout(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let body = object(&headers, &body).map(|body| with(body, &[("type", "checkout.start")]));
    ask(&app, &peer, &live, &headers, body).await
}

/// `POST /v1/lives/{live}/checkouts/{checkout}/place`: order what is in it.
pub(super) async fn place(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((live, checkout)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let body = with(
        Map::new(),
        &[("type", "checkout.place"), ("checkout", &checkout)],
    );
    ask(&app, &peer, &live, &headers, Ok(body)).await
}

/// `POST /v1/lives/{live}/orders/{order}/payments`: begin to pay, `{"method":"qris"}`.
pub(super) async fn pay(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((live, order)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let body = object(&headers, &body)
        .map(|body| with(body, &[("type", "payment.start"), ("order", &order)]));
    ask(&app, &peer, &live, &headers, body).await
}

/// `POST /v1/lives/{live}/orders/{order}/cancel`: take back an unpaid order, or `{"lines":[…]}` of it.
pub(super) async fn cancel(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((live, order)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let body = if body.is_empty() {
        Ok(Map::new())
    } else {
        object(&headers, &body)
    };
    let body = body.map(|body| with(body, &[("type", "order.cancel"), ("order", &order)]));
    ask(&app, &peer, &live, &headers, body).await
}

fn with(mut body: Map<String, Value>, fields: &[(&str, &str)]) -> Map<String, Value> {
    for (name, value) in fields {
        body.insert((*name).to_owned(), json!(value));
    }
    body
}
