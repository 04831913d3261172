//! The first frame: who comes, to which live, and what they are shown.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use serde_json::Value;
use tokio::time::timeout;

use crate::broadcast::{Audience, Seat, SeatRole};
use crate::domain::{CustomerId, LiveId, ShopId};
use crate::gateway::app::{NoEntry, Shared};
use crate::gateway::auth::{Identity, Role};
use crate::gateway::limits::{Limited, Permit};
use crate::gateway::listener::Peer;
use crate::gateway::welcome;
use crate::journal::Position;
use crate::protocol::from_client::{ClientMessage, Connect, Framed, Resume, read};
use crate::protocol::{Close, Frame, Lang};
use crate::telemetry::{ResumeResult, metrics};

/// The longest first frame: a token of 4 KiB and a little.
const CONNECT_BYTES_MAX: usize = 8 * 1024;

/// Somebody who has been let in and has a seat.
pub(super) struct Seated {
    pub(super) live: LiveId,
    pub(super) shop: ShopId,
    pub(super) who: Option<Identity>,
    pub(super) lang: Lang,
    pub(super) audience: Arc<Audience>,
    pub(super) seat: Arc<Seat>,
    /// What the first frames show is true up to here.
    pub(super) at: Position,
    /// What to send first.
    pub(super) first: Vec<Frame>,
    /// The place among the customer's sockets.
    pub(super) _permit: Option<Permit>,
}

pub(super) async fn greet(
    app: &Shared,
    peer: &Peer,
    live: &str,
    socket: &mut WebSocket,
) -> Result<Seated, Close> {
    let connect = first_frame(app, socket).await?;
    let who = match &connect.token {
        None => None,
        Some(token) => match app.auth.verify(token) {
            Ok(who) => Some(who),
            Err(error) => {
                tracing::debug!(%error, "a token was refused");
                tokio::time::sleep(app.limiter.auth_failed(peer.ip)).await;
                return Err(Close::Unauthorized);
            }
        },
    };
    let (live, shop) = app.enter(live, who.as_ref()).map_err(|no| match no {
        NoEntry::LiveNotFound => Close::LiveNotFound,
        NoEntry::Forbidden if who.is_none() => Close::Unauthorized,
        NoEntry::Forbidden => Close::Forbidden,
    })?;
    let permit = match &who {
        None => None,
        Some(who) => {
            let abuse = |limited: Limited| Close::Abuse {
                retry_ms: limited.retry_ms,
            };
            app.limiter
                .check_hello(&who.shop, &who.sub)
                .map_err(abuse)?;
            let permit = app.limiter.admit_customer(&who.shop, &who.sub);
            Some(permit.map_err(abuse)?)
        }
    };
    seat(app, live, shop, who, &connect, permit).await
}

async fn first_frame(app: &Shared, socket: &mut WebSocket) -> Result<Connect, Close> {
    let bound = Duration::from_millis(app.config.connect_timeout_ms);
    let frame = timeout(bound, async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_)) | Err(_)) => return Err(Close::Malformed),
                Some(Ok(Message::Close(_))) | None => return Err(Close::Normal),
            }
        }
    });
    let text = frame.await.map_err(|_| Close::Unauthorized)??;
    if text.len() > CONNECT_BYTES_MAX {
        return Err(Close::Malformed);
    }
    match read(text.trim_end()) {
        Framed::Message(ClientMessage::Connect(connect)) => Ok(connect),
        Framed::Message(_) | Framed::UnknownType { .. } => Err(Close::Unauthorized),
        Framed::Wrong { .. } | Framed::Malformed => Err(Close::Malformed),
    }
}

async fn seat(
    app: &Shared,
    live: LiveId,
    shop: ShopId,
    who: Option<Identity>,
    connect: &Connect,
    permit: Option<Permit>,
) -> Result<Seated, Close> {
    let audience = app.hub.audience(&live, &shop);
    let customer = who.as_ref().and_then(|who| CustomerId::new(&who.sub).ok());
    let role = match who.as_ref().map(|who| who.role) {
        Some(Role::Host | Role::Admin | Role::Moderator) => SeatRole::Host,
        _ => SeatRole::Viewer,
    };
    // Seated first, so that nothing falls between the snapshot and the first frame.
    let seat = app.hub.join(&audience, customer, role);
    let lang = connect.lang.as_deref().and_then(Lang::parse);
    match welcome_frames(app, &live, &shop, who.as_ref(), &audience, connect.resume).await {
        Ok((at, first, default_lang)) => {
            let lang = lang.unwrap_or(default_lang);
            Ok(Seated {
                live,
                shop,
                who,
                lang,
                audience,
                seat,
                at,
                first,
                _permit: permit,
            })
        }
        Err(why) => {
            app.hub.leave(&audience, &seat);
            Err(why)
        }
    }
}

async fn welcome_frames(
    app: &Shared,
    live: &LiveId,
    shop: &ShopId,
    who: Option<&Identity>,
    audience: &Audience,
    resume: Option<Resume>,
) -> Result<(Position, Vec<Frame>, Lang), Close> {
    let view = audience.view().ok_or(Close::LiveNotFound)?;
    let default_lang = Lang::parse(&view.live.spec.lang).unwrap_or_default();
    let resume = resume.map(|r| Position {
        epoch: r.epoch,
        seq: r.seq,
    });
    let resumed = welcome::resumes(resume, view.position, who);
    let mut message = welcome::message(app, live, resumed.is_some());
    let me = welcome::me(app, shop, who, &view)
        .await
        .map_err(|_| Close::Full)?;
    let mut more = Vec::new();
    let mut at = view.position;
    if let Some(from) = resumed {
        if let Some((caught_up, frames)) = audience.catch_up(from) {
            at = caught_up;
            more = frames;
        }
        message["me"] = me;
        let result = if at == from {
            ResumeResult::Current
        } else {
            ResumeResult::Delta
        };
        metrics().connections.resumes.of(result).increment();
        let gap = usize::try_from(at.seq.saturating_sub(from.seq)).unwrap_or(usize::MAX);
        metrics().connections.resume_gap.record_count(gap);
    } else {
        if resume.is_some() {
            metrics()
                .connections
                .resumes
                .of(ResumeResult::Snapshot)
                .increment();
        }
        let snapshot = welcome::snapshot(app, live, who, &view, audience, me).await;
        message["snapshot"] = snapshot.map_err(|_| Close::Full)?;
    }
    message["position"] = crate::protocol::to_client::position(at);
    let mut first = vec![frame(&message)];
    first.extend(more);
    Ok((at, first, default_lang))
}

fn frame(message: &Value) -> Frame {
    crate::protocol::to_client::encode(message)
}
