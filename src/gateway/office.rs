//! What the back office and the host console ask of a shop.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::{Shared, actor};
use super::auth::{Identity, Role};
use super::denied::Tried;
use super::listener::Peer;
use super::lives::{invalid, members, object, problem, unavailable};
use super::problem::Problem;
use crate::domain::{Command, LiveId, Request, ShopId, SkuId};
use crate::engine::Failure;
use crate::protocol::from_client::wrong_field;
use crate::protocol::live::LiveMessage;
use crate::protocol::settings::SettingsMessage;
use crate::protocol::{Detail, Lang, Told, rows};

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
    let asked = (shop.as_str(), Role::Moderator);
    let (_, shop) = app.privileged(&headers, &peer, asked, "skus.read").await?;
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
    let asked = (shop.as_str(), Role::Admin);
    let (_, shop) = app
        .privileged(&headers, &peer, asked, "settings.read")
        .await?;
    let seen = app.engine.settings(&shop).await.map_err(unavailable)?;
    Ok(Json(SettingsMessage::of(&seen.value)).into_response())
}

/// `PUT /v1/shops/{shop}/lives/{live}`: makes or changes a live. Doing it again changes nothing.
pub(super) async fn put_live(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, live)): Path<(String, String)>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let (who, shop, live) = live_of(&app, &peer, &headers, (&shop, &live), "live.put").await?;
    let body = Value::Object(object(&headers, &body)?);
    let message: LiveMessage = serde_json::from_value(body.clone()).map_err(|error| {
        let field = wrong_field::<LiveMessage>(&LiveMessage::FIELDS, &body, &error);
        invalid(&field, "A field of the live is not right.")
    })?;
    // A guest names a live without its shop, so a name is one shop's on this server.
    if app.mirror.shop_of(&live).is_some_and(|other| other != shop) {
        return Err(invalid("live", "This name of a live is taken."));
    }
    let spec = Arc::new(message.spec());
    give(&app, &who, &shop, Command::PutLive { live, spec }).await
}

/// `DELETE /v1/shops/{shop}/lives/{live}`: ends a live and its drops; it stays in the record.
pub(super) async fn end_live(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, live)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (who, shop, live) = live_of(&app, &peer, &headers, (&shop, &live), "live.end").await?;
    give(&app, &who, &shop, Command::EndLive { live }).await
}

async fn live_of(
    app: &Shared,
    peer: &Peer,
    headers: &HeaderMap,
    (shop, live): (&str, &str),
    what: &'static str,
) -> Result<(Identity, ShopId, LiveId), Problem> {
    let asked = (shop, Role::Admin);
    let (who, shop) = app.privileged(headers, peer, asked, what).await?;
    if !who.may_enter(live) {
        let tried = Tried {
            what,
            place: live,
            from: Some(peer.ip),
        };
        app.denied(Some(&who), tried, "forbidden");
        return Err(Problem::new(
            "forbidden",
            "This token is not good for this live.",
        ));
    }
    let live = LiveId::new(live).map_err(|_| invalid("live", "This is no name for a live."))?;
    Ok((who, shop, live))
}

/// Gives a command that may be repeated without a request id: it says how things are to be.
async fn give(
    app: &Shared,
    who: &Identity,
    shop: &ShopId,
    command: Command,
) -> Result<Response, Problem> {
    let by = actor(who).ok_or_else(|| Problem::new("forbidden", "This needs another role."))?;
    let request = Request {
        by,
        key: None,
        command,
    };
    let decided = tokio::time::timeout(
        app.config.answer_timeout(),
        app.engine.submit(shop, request),
    );
    let reply = decided
        .await
        .unwrap_or(Err(Failure::Unknown))
        .map_err(unavailable)?;
    match reply.outcome {
        Ok(_) => Ok(Json(json!({"type": "done"})).into_response()),
        Err(rejection) => {
            let code = rejection.code();
            let told = Told::turned_away(None, code, Detail::of(&rejection), Lang::En);
            Err(problem(code, &members(&told)))
        }
    }
}

/// The shop of the path, if it is the token's own and the role is at least this. Another shop is
/// not found, whether it exists or not (S-11).
pub(super) fn own_shop(who: &Identity, shop: &str, least: Role) -> Result<ShopId, Problem> {
    if who.shop != shop {
        return Err(Problem::new("not_found", "There is no such shop."));
    }
    if who.role < least || who.role == Role::Service {
        return Err(Problem::new("forbidden", "This needs another role."));
    }
    ShopId::new(shop).map_err(|_| Problem::new("not_found", "There is no such shop."))
}
