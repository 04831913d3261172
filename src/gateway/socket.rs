//! A viewer's or host's WebSocket, from its handshake to its close.
//!
//! The handshake is HTTP's; then the socket is taken out of it and given to a [loop](loops), which
//! owns it to its end. Greeting and answers are tasks ([`greeting`], [`talk`]).

mod connection;
mod greeting;
mod inbox;
pub(super) mod loops;
mod outbox;
mod talk;
mod wheel;

use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::app::Shared;
use super::listener::{Hold, Peer};
use super::problem::Problem;
use super::upgrade::{SUBPROTOCOL, check_upgrade, offers_subprotocol};
use crate::telemetry::{RejectReason, metrics};
use greeting::Stranger;
use loops::Arrival;

/// `GET /v1/lives/{live}/ws`.
pub(super) async fn upgrade(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    mut request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    check_upgrade(headers).inspect_err(|_| rejected(RejectReason::Handshake))?;
    app.origins
        .check(headers, app.shop_of_live(&live).as_deref())
        .inspect_err(|_| rejected(RejectReason::Origin))?;
    if app.house.stopping().is_cancelled() {
        rejected(RejectReason::Draining);
        return Err(Problem::new("overloaded", "This server is stopping."));
    }
    let answer = switching(headers);
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    let upgrade = upgrade
        .filter(|_| request.method() == Method::GET)
        .ok_or_else(|| Problem::new("malformed", "The handshake is not valid."))?;
    let ungreeted = app
        .limiter
        .admit_ungreeted()
        .inspect_err(|_| rejected(RejectReason::NodeFull))?;
    let hold = peer
        .hold(&app.limiter)
        .inspect_err(|_| rejected(RejectReason::AddressLimit))?;
    let stranger = Stranger {
        came: app.clock.monotonic(),
        app: app.clone(),
        live,
        ip: peer.ip,
        _ungreeted: ungreeted,
    };
    app.house
        .spawn_connection("upgrade", hand_over(upgrade, stranger, hold));
    Ok(answer)
}

fn rejected(reason: RejectReason) {
    metrics().connections.rejected.of(reason).increment();
}

/// The answer to a handshake that has been checked.
fn switching(headers: &HeaderMap) -> Response {
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let accept = derive_accept_key(key.map_or(&[], HeaderValue::as_bytes));
    let head = [
        (header::CONNECTION, "upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_ACCEPT, &accept),
    ];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, head).into_response();
    if offers_subprotocol(headers) {
        let ours = HeaderValue::from_static(SUBPROTOCOL);
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, ours);
    }
    response
}

/// Takes the socket out of HTTP, with what has been read of it already. Our doors speak plain TCP
/// (TLS is the proxy's), so every socket can be taken out.
async fn hand_over(upgrade: OnUpgrade, stranger: Stranger, hold: Hold) {
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "gone before it was upgraded"),
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else {
        return tracing::error!("an upgraded socket is no TCP socket");
    };
    match parts.io.into_inner().into_std() {
        Ok(stream) => {
            let sockets = stranger.app.sockets.clone();
            sockets.take(Arrival {
                stream,
                read: parts.read_buf,
                stranger,
                hold,
            });
        }
        Err(error) => tracing::debug!(%error, "gone before it was handed over"),
    }
}
