//! Checkouts and orders over plain HTTP: a customer's requests, the same as over the WebSocket, and
//! what the back office reads.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::app::Shared;
use super::auth::Role;
use super::listener::Peer;
use super::lives::{ask, invalid, object, unavailable};
use super::problem::Problem;
use crate::domain::{CustomerId, OrderId, OrderState};
use crate::protocol::orders as rows;

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

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    state: Option<String>,
    customer: Option<String>,
    cursor: Option<String>,
}

/// `GET /v1/shops/{shop}/orders?state=&customer=&cursor=`: 200 at a time, newest first.
pub(super) async fn list(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    Query(search): Query<Search>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = (shop.as_str(), Role::Host);
    let (_, shop) = app
        .privileged(&headers, &peer, asked, "orders.read")
        .await?;
    let wrong = |field: &str| invalid(field, "A field of the search is not right.");
    let named = |word: &str| OrderState::ALL.into_iter().find(|s| s.as_str() == word);
    let state = search
        .state
        .map(|word| named(&word).ok_or_else(|| wrong("state")));
    let customer = search.customer.map(|name| CustomerId::new(&name));
    let customer = customer.transpose().map_err(|_| wrong("customer"))?;
    let cursor = search.cursor.map(|id| id.parse::<OrderId>());
    let cursor = cursor.transpose().map_err(|_| wrong("cursor"))?;
    let seen = app
        .engine
        .orders(&shop, state.transpose()?, customer, cursor);
    let page = seen.await.map_err(unavailable)?.value;
    let next = page.next.map(|id| id.to_string());
    Ok(Json(json!({"orders": rows::rows(&page.orders), "next": next})).into_response())
}

/// `GET /v1/shops/{shop}/orders/{order}`.
pub(super) async fn one(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, order)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = (shop.as_str(), Role::Host);
    let (_, shop) = app.privileged(&headers, &peer, asked, "order.read").await?;
    let none = || Problem::new("not_found", "There is no such order.");
    let id = order.parse::<OrderId>().map_err(|_| none())?;
    let seen = app.engine.order(&shop, id).await.map_err(unavailable)?;
    let order = seen.value.ok_or_else(none)?;
    Ok(Json(rows::row(id, &order)).into_response())
}

fn with(mut body: Map<String, Value>, fields: &[(&str, &str)]) -> Map<String, Value> {
    for (name, value) in fields {
        body.insert((*name).to_owned(), json!(value));
    }
    body
}
