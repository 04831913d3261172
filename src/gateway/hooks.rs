//! Where payment gateways tell of payments, and the buttons of the gateway without money.
//!
//! A notification is answered with 2xx only after the engine has answered, so only what is durable
//! is ever taken off a gateway's hands (S-19). Whatever else happens, it sends the notification
//! again, and that is harmless: a payment's status never goes back (D.6).
//!
//! ```text
//! 200  noted, or nothing to us       401  not signed by this endpoint's secret, or not now
//! 400  signed, and still nonsense    422  of another merchant's account
//! 404  no such endpoint              503  surely not noted; 504 nobody knows: send it again
//! ```

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::app::{App, Shared, actor};
use super::listener::Peer;
use super::lives::{invalid, object, unavailable};
use super::problem::{Problem, not_found};
use super::upgrade::only;
use crate::domain::ShopId;
use crate::engine::Failure;
use crate::payment::sandbox::Refused;
use crate::payment::{Action, Endpoint, Error, Notice, Said};
use crate::telemetry::{NoticeResult, metrics};

/// Most bytes of a notification, whatever other bodies may have.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// `POST /v1/hooks/{endpoint}`: a gateway tells of a payment.
pub(super) async fn notification(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let Some(endpoint) = app.payments.find(&endpoint) else {
        return Err(not_found().await);
    };
    let header = |name: &'static str| {
        let value = only(&headers, &HeaderName::from_static(name))?;
        value.to_str().ok()
    };
    let taken = take(&app, endpoint, header, &body).await;
    if let Err(problem) = &taken
        && ["bad_signature", "stale"].contains(&problem.code())
    {
        tokio::time::sleep(app.limiter.auth_failed(peer.ip)).await;
    }
    taken?;
    Ok(Json(json!({"received": true})).into_response())
}

/// The one door of notifications: of gateways, and of our own without money.
async fn take<'h>(
    app: &App,
    endpoint: &Endpoint,
    header: impl Fn(&'static str) -> Option<&'h str>,
    body: &[u8],
) -> Result<(), Problem> {
    let taken = hear(app, endpoint, header, body).await;
    let result = match &taken {
        Ok(result) => *result,
        Err(problem) if problem.code() == "stale_epoch" => NoticeResult::Unavailable,
        Err(problem) => NoticeResult::from_text(problem.code()),
    };
    metrics().payments.notices.of(result).increment();
    taken.map(|_| ())
}

async fn hear<'h>(
    app: &App,
    endpoint: &Endpoint,
    header: impl Fn(&'static str) -> Option<&'h str>,
    body: &[u8],
) -> Result<NoticeResult, Problem> {
    if body.len() > BODY_BYTES_MAX {
        let message = "A notification has at most 64 KiB.";
        return Err(Problem::new("too_large", message));
    }
    let reading = app.clock.read();
    if reading.suspect {
        let message = "The time is not certain. Send it again later.";
        return Err(Problem::new("unavailable", message).with("retry_ms", 60_000));
    }
    match endpoint.hear(header, body, reading.now_ms) {
        Ok(Said::Beside) => Ok(NoticeResult::Beside),
        Ok(Said::Payment(notice)) => deliver(app, endpoint, &notice).await,
        Err(error) => {
            tracing::warn!(endpoint = endpoint.name(), %error, "a payment's notification was refused");
            Err(refused(error))
        }
    }
}

/// Hands a notice to the engine, in the gateway's name.
async fn deliver(app: &App, endpoint: &Endpoint, notice: &Notice) -> Result<NoticeResult, Problem> {
    let request = notice
        .request()
        .map_err(|_| refused(Error::Malformed("payment")))?;
    let decided = app.engine.submit(endpoint.shop(), request);
    let decided = timeout(app.config.answer_timeout(), decided).await;
    let reply = decided
        .unwrap_or(Err(Failure::Unknown))
        .map_err(unavailable)?;
    if let Err(rejection) = &reply.outcome {
        // It would be refused again: told here, and taken off the gateway's hands.
        let (payment, code) = (notice.payment.as_str(), rejection.code());
        tracing::error!(payment, code, "the engine refused a payment's notification");
        return Ok(NoticeResult::Refused);
    }
    Ok(NoticeResult::Noted)
}

fn refused(error: Error) -> Problem {
    match error {
        Error::BadSignature => Problem::new("bad_signature", "Not signed for this endpoint."),
        Error::Stale => Problem::new("stale", "Signed for another time than now."),
        Error::Malformed(field) => {
            Problem::new("malformed", "A field is not right.").with("field", field)
        }
        Error::NotOurs => Problem::new("not_ours", "Another merchant's account is meant."),
    }
}

/// What is pressed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    action: Action,
}

/// `POST /v1/sandbox/{payment}`: pay, or do not, at the gateway without money of the token's shop.
/// `{payment}` is the id behind `sandbox/`.
pub(super) async fn press(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(payment): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> Result<Response, Problem> {
    let who = app.somebody(&headers, &peer).await?;
    if actor(&who).is_none() {
        return Err(Problem::new("forbidden", "Machines have no buttons."));
    }
    let payment = format!("{}/{payment}", crate::payment::sandbox::NAME);
    let shop = ShopId::new(&who.shop).ok();
    let endpoint = shop.and_then(|shop| app.payments.sandbox_of(&shop));
    let found = endpoint.and_then(|endpoint| Some((endpoint, endpoint.sandbox()?)));
    let Some((endpoint, sandbox)) = found.filter(|(_, it)| it.status(&payment).is_some()) else {
        return Err(not_found().await);
    };
    let asked = Value::Object(object(&headers, &body)?);
    let pressed: Press =
        serde_json::from_value(asked).map_err(|_| invalid("action", "There is no such button."))?;
    let now_ms = app.clock.now_ms();
    let signed = match sandbox.press(&payment, pressed.action, now_ms) {
        Ok(signed) => signed,
        Err(Refused::Unknown) => return Err(not_found().await),
        Err(Refused::State) => {
            let message = "The payment stands so that this cannot be done.";
            return Err(Problem::new("order_not_payable", message));
        }
    };
    for one in &signed {
        take(&app, endpoint, |name| one.header(name), &one.body).await?;
    }
    let stands = sandbox
        .status(&payment)
        .map(|notice| notice.status.as_str());
    Ok(Json(json!({"payment": payment, "status": stands, "told": signed.len()})).into_response())
}
