//! What a viewer or a host can do with a live over plain HTTP: the same requests as over the
//! WebSocket, under an `Idempotency-Key`.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::app::{NoEntry, Shared};
use super::asking::{self, Answered, Place};
use super::auth::{Identity, Role};
use super::denied::Tried;
use super::listener::Peer;
use super::problem::Problem;
use super::upgrade::only;
use super::welcome;
use crate::domain::{LiveId, ShopId};
use crate::engine::Failure;
use crate::protocol::from_client::read_request;
use crate::protocol::strict::{self, Fault};
use crate::protocol::{Asked, Lang, Told};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `GET /v1/lives`: what runs here.
pub(super) async fn list(State(app): State<Shared>) -> Response {
    let lives: Vec<Value> = app
        .mirror
        .lives()
        .into_iter()
        .map(|(live, shop, row)| {
            json!({
                "live": live.as_str(),
                "shop": shop.as_str(),
                "title": *row.spec.title,
                "state": if row.ended { "ended" } else { "live" },
            })
        })
        .collect();
    Json(json!({"lives": lives})).into_response()
}

/// `GET /v1/lives/{live}/snapshot`.
pub(super) async fn snapshot(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = app.who(&headers, &peer).await?;
    let (live, shop) = entered(&app, &live, who.as_ref())?;
    let standing = welcome::standing(&app, &live, &shop, who.as_ref()).await;
    match standing.map_err(unavailable)? {
        Some(body) => Ok(Json(body).into_response()),
        None => Err(no_live()),
    }
}

/// `POST /v1/lives/{live}/bookings`: book.
pub(super) async fn book(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let body = object(&headers, &body).map(|mut body| {
        body.insert("type".into(), json!("book"));
        body
    });
    ask(&app, &peer, &live, &headers, body).await
}

/// `POST /v1/lives/{live}/bookings/{booking}/cancel`: give back, all or `{"qty":n}`.
pub(super) async fn cancel(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((live, booking)): Path<(String, String)>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let body = if body.is_empty() {
        Ok(Map::new())
    } else {
        object(&headers, &body)
    };
    let body = body.map(|mut body| {
        body.insert("type".into(), json!("cancel"));
        body.insert("booking".into(), json!(booking));
        body
    });
    ask(&app, &peer, &live, &headers, body).await
}

/// `DELETE /v1/lives/{live}/waits/{drop}`: wait no more.
pub(super) async fn leave(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((live, drop)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let body = Map::from_iter([
        ("type".to_owned(), json!("wait.leave")),
        ("drop".to_owned(), json!(drop)),
    ]);
    ask(&app, &peer, &live, &headers, Ok(body)).await
}

/// `POST /v1/lives/{live}/commands`: any request, as the WebSocket takes it.
pub(super) async fn command(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let body = object(&headers, &body);
    ask(&app, &peer, &live, &headers, body).await
}

/// Who asks is looked at before what is wrong with it is said.
pub(super) async fn ask(
    app: &Shared,
    peer: &Peer,
    live: &str,
    headers: &HeaderMap,
    body: Result<Map<String, Value>, Problem>,
) -> Result<Response, Problem> {
    let who = app.somebody(headers, peer).await?;
    let entered = entered(app, live, Some(&who)).inspect_err(|problem| {
        if who.role > Role::Viewer {
            let tried = Tried {
                what: "live.enter",
                place: live,
                from: Some(peer.ip),
            };
            app.denied(Some(&who), tried, problem.code());
        }
    });
    let (live, shop) = entered?;
    let body = body?;
    let id = only(headers, &IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok());
    let id = id.and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(|| {
        invalid(
            "id",
            "Idempotency-Key must be a UUID, made once for each request.",
        )
    })?;
    if let Some(kind) = body.get("type").and_then(Value::as_str)
        && !Asked::TYPES.contains(&kind)
    {
        let message = "This kind of request is not known.";
        return Err(Problem::new("unknown_type", message));
    }
    let asked = read_request(id, &Value::Object(body))
        .map_err(|field| invalid(&field, "A field of the request is not right."))?;
    let lang = language(app, &live, &shop, headers);
    let place = Place {
        live: &live,
        shop: &shop,
        who: Some(&who),
        from: Some(peer.ip),
        lang,
    };
    match asking::ask(app, &place, &asked, members).await {
        Answered::Accepted(message) => Ok((StatusCode::OK, Json(message)).into_response()),
        Answered::Refused(code, message) => Err(problem(code, &message)),
        Answered::Unavailable(message) => Err(problem("stale_epoch", &message)),
        Answered::Unknown(message) => Err(problem("unknown", &message)),
    }
}

/// An answer's members. Ours always serialise.
pub(super) fn members(told: &Told<'_>) -> Value {
    serde_json::to_value(told).unwrap_or_default()
}

/// A refusal's members, as the WebSocket tells them.
pub(super) fn problem(code: &'static str, message: &Value) -> Problem {
    let sentence = message
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("Ask again with the same id.");
    let members = message.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !matches!(name.as_str(), "type" | "code" | "message"))
        .fold(
            Problem::new(code, sentence.to_owned()),
            |problem, (name, value)| problem.with(name, value.clone()),
        )
}

/// The live, if this person may enter it over HTTP.
pub(super) fn entered(
    app: &Shared,
    live: &str,
    who: Option<&Identity>,
) -> Result<(LiveId, ShopId), Problem> {
    app.enter(live, who).map_err(|no| match no {
        NoEntry::LiveNotFound => no_live(),
        NoEntry::Forbidden if who.is_none() => {
            Problem::new("unauthorized", "This live is not open to guests.")
        }
        NoEntry::Forbidden => Problem::new("forbidden", "This token is not good for this live."),
    })
}

pub(super) fn unavailable(failure: Failure) -> Problem {
    match failure {
        Failure::Unavailable { retry_ms } => {
            Problem::new("stale_epoch", "Not done. Try again.").with("retry_ms", retry_ms)
        }
        Failure::Unknown => Problem::new("unknown", "It is not known whether this was done."),
    }
}

fn no_live() -> Problem {
    Problem::new("live_not_found", "There is no such live.")
}

pub(super) fn invalid(field: &str, message: &'static str) -> Problem {
    Problem::new("invalid", message).with("field", field)
}

/// The first language of `Accept-Language`, if it is spoken here, else the live's.
fn language(app: &Shared, live: &LiveId, shop: &ShopId, headers: &HeaderMap) -> Lang {
    let wanted = headers
        .get("accept-language")
        .and_then(|value| value.to_str().ok());
    let wanted = wanted.and_then(|text| Lang::parse(text.get(..2)?));
    let of_live = || Lang::parse(&app.mirror.live_row(shop, live)?.spec.lang);
    wanted.or_else(of_live).unwrap_or_default()
}

/// A JSON object that says that it is one (S-29).
pub(super) fn object(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let json = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    if !json.is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
    }) {
        return Err(Problem::new(
            "unsupported_media_type",
            "Send application/json.",
        ));
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    match strict::parse(text) {
        Some((_, Some(Fault::Twice(field)))) => {
            let message = "A field stands in the body twice.";
            Err(Problem::new("malformed", message).with("field", field))
        }
        Some((_, Some(Fault::Nul(field)))) => Err(invalid(&field, "A text holds a NUL.")),
        Some((Value::Object(body), None)) => Ok(body),
        _ => Err(invalid("body", "The body is no JSON object.")),
    }
}
