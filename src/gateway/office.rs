//! What the back office and the host console ask of a shop.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::Shared;
use super::auth::{Identity, Role};
use super::listener::Peer;
use super::lives::unavailable;
use super::problem::Problem;
use crate::domain::{ShopId, SkuId};
use crate::protocol::rows;
use crate::protocol::settings::SettingsMessage;

/// The longest search text, in bytes.
const QUERY_MAX: usize = 128;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Search {
    query: String,
    cursor: Option<String>,
}

/// `GET /v1/shops/{shop}/skus?query=&cursor=`: 200 at a time, in order of SKU.
pub(super) async fn skus(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    Query(search): Query<Search>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = app.somebody(&headers, &peer).await?;
    let shop = own_shop(&who, &shop, Role::Moderator)?;
    if search.query.len() > QUERY_MAX {
        return Err(Problem::new("invalid", "The search text is too long.").with("field", "query"));
    }
    let cursor = search.cursor.map(|text| SkuId::new(&text)).transpose();
    let cursor = cursor
        .map_err(|_| Problem::new("invalid", "The cursor is no SKU.").with("field", "cursor"))?;
    let seen = app
        .engine
        .skus(&shop, search.query, cursor)
        .await
        .map_err(unavailable)?;
    let currency = app.mirror.currency(&shop);
    let skus: Vec<Value> = seen
        .value
        .skus
        .iter()
        .map(|row| rows::sku(row, &currency))
        .collect();
    let next = seen.value.next.map(|sku| sku.to_string());
    Ok(Json(json!({"skus": skus, "next": next})).into_response())
}

/// `GET /v1/shops/{shop}/settings`.
pub(super) async fn settings(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = app.somebody(&headers, &peer).await?;
    let shop = own_shop(&who, &shop, Role::Admin)?;
    let seen = app.engine.settings(&shop).await.map_err(unavailable)?;
    Ok(Json(SettingsMessage::of(&seen.value)).into_response())
}

/// The shop of the path, if it is the token's own and the role is at least this. Another shop is
/// not found, whether it exists or not (S-11).
fn own_shop(who: &Identity, shop: &str, least: Role) -> Result<ShopId, Problem> {
    if who.shop != shop {
        return Err(Problem::new("not_found", "There is no such shop."));
    }
    if who.role < least || who.role == Role::Service {
        return Err(Problem::new("forbidden", "This needs another role."));
    }
    ShopId::new(shop).map_err(|_| Problem::new("not_found", "There is no such shop."))
}
