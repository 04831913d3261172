//! A viewer's or host's WebSocket, from its first frame to its close.

mod greeting;
mod line;

use std::pin::Pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::timeout;

use super::app::Shared;
use super::listener::{Hold, Peer};
use super::problem::Problem;
use super::upgrade::{SUBPROTOCOL, check_upgrade};
use crate::protocol::Close;
use crate::telemetry::{CloseCode, RejectReason, Transport, metrics};
use line::Line;

/// Bytes a socket reads at once: larger ones are zero-filled at every poll.
const READ_BUFFER: usize = 1024;
/// Bytes that may wait to be written to a socket.
const WRITE_BUFFER_MAX: usize = 256 * 1024;

/// A connection that has been greeted, or one that is to be closed and why.
type Met = Result<Box<Line>, (Box<WebSocket>, Close)>;

/// `GET /v1/lives/{live}/ws`.
pub(super) async fn upgrade(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    check_upgrade(&headers).inspect_err(|_| rejected(RejectReason::Handshake))?;
    app.origins
        .check(&headers, app.shop_of_live(&live).as_deref())
        .inspect_err(|_| rejected(RejectReason::Origin))?;
    if app.house.stopping().is_cancelled() {
        rejected(RejectReason::Draining);
        return Err(Problem::new("overloaded", "This server is stopping."));
    }
    let upgrade = upgrade.map_err(|_| Problem::new("malformed", "The handshake is not valid."))?;
    let ungreeted = app
        .limiter
        .admit_ungreeted()
        .inspect_err(|_| rejected(RejectReason::NodeFull))?;
    let hold = peer
        .hold(&app.limiter)
        .inspect_err(|_| rejected(RejectReason::AddressLimit))?;
    let largest = usize::try_from(app.limiter.limits().host_message_bytes_max).unwrap_or(65_536);
    let house = app.house.clone();
    Ok(upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(move |socket| {
            // Each wrapper around a future keeps room for it once more: in a box it is kept once.
            // In a task of its own, because the library's keeps all that the handshake needed.
            let met = Box::pin(meet(app.clone(), peer, live, Box::new(socket)));
            let attended = Box::pin(attend(app, Box::new(hold), ungreeted, met));
            house.spawn_connection("socket", attended);
            std::future::ready(())
        }))
}

fn rejected(reason: RejectReason) {
    metrics().connections.rejected.of(reason).increment();
}

/// Greets a connection; what only the greeting needs is given back with it.
async fn meet(app: Shared, peer: Peer, live: String, mut socket: Box<WebSocket>) -> Met {
    match greeting::greet(&app, &peer, &live, &mut socket).await {
        Ok(seated) => Ok(Box::new(Line::new(app, socket, seated))),
        Err(why) => Err((socket, why)),
    }
}

/// A connection's future stays as long as the connection: what it keeps is little, or in boxes.
async fn attend(
    app: Shared,
    hold: Box<Hold>,
    ungreeted: super::limits::Permit,
    met: Pin<Box<impl Future<Output = Met>>>,
) {
    let began = app.clock.monotonic();
    metrics()
        .connections
        .opened
        .of(Transport::WebSocket)
        .increment();
    let end = match met.await {
        Ok(line) => {
            drop(ungreeted);
            let took = app.clock.monotonic().saturating_sub(began);
            metrics().connections.connect_duration.record_duration(took);
            line.attend().await
        }
        Err((mut socket, why)) => {
            Box::pin(close(&mut socket, why, app.config.write_timeout_ms)).await;
            CloseCode::from_code(why.code())
        }
    };
    metrics().connections.closed.of(end).increment();
    let lifetime = app.clock.monotonic().saturating_sub(began);
    metrics().connections.lifetime.record_duration(lifetime);
    drop(hold);
}

/// Says why and hangs up; a peer that does not read is not waited for.
async fn close(socket: &mut WebSocket, why: Close, most_ms: u64) {
    let frame = CloseFrame {
        code: why.code(),
        reason: Utf8Bytes::from(why.reason().into_owned()),
    };
    let bound = Duration::from_millis(most_ms.min(1_000));
    let told = timeout(bound, socket.send(Message::Close(Some(frame)))).await;
    if told.is_ok() {
        part(socket, bound).await;
    }
}

/// Ends the connection cleanly: what was said last is sent, the peer's own close is waited for, and
/// what else it still says is not read.
async fn part(socket: &mut WebSocket, bound: Duration) {
    let _ = timeout(bound, async {
        while let Some(Ok(_)) = socket.recv().await {}
    })
    .await;
}
