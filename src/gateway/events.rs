//! What a WebSocket tells, as server-sent events: `GET /v1/lives/{live}/events`, with
//! `Last-Event-ID: epoch:seq` to go on from there.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::watch;

use super::app::Shared;
use super::auth::{Identity, Role};
use super::limits::Permit;
use super::listener::{Hold, Peer};
use super::lives::{entered, unavailable};
use super::problem::Problem;
use super::{presence, welcome};
use crate::broadcast::{Audience, Keeper, Place, Seat, SeatRole};
use crate::domain::{CustomerId, ShopId};
use crate::journal::Position;
use crate::protocol::Frame;
use crate::protocol::to_client::encode;
use crate::telemetry::{self, Transport, metrics};

/// `GET /v1/lives/{live}/events`.
pub(super) async fn stream(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(live): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = app.who(&headers, &peer).await?;
    let (live, shop) = entered(&app, &live, who.as_ref())?;
    let hold = peer.hold(&app.limiter)?;
    let permit = match &who {
        None => None,
        Some(who) => {
            app.limiter.check_hello(&who.shop, &who.sub)?;
            Some(app.limiter.admit_customer(&who.shop, &who.sub)?)
        }
    };
    let audience = app.hub.audience(&live, &shop);
    let customer = who.as_ref().and_then(|who| CustomerId::new(&who.sub).ok());
    let role = match who.as_ref().map(|who| who.role) {
        Some(Role::Host | Role::Admin | Role::Moderator) => SeatRole::Host,
        _ => SeatRole::Viewer,
    };
    let seat = app
        .hub
        .join(&audience, customer, role, Keeper::Task(Box::default()));
    let mut reader = Reader::new(app.clone(), shop, audience, seat, who, hold, permit);
    reader.greet(&live, last_seen(&headers)).await?;
    let frames = stream::unfold(reader, |mut reader| async move {
        let chunk = reader.next().await?;
        Some((Ok::<_, Infallible>(chunk), reader))
    });
    let head = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((head, Body::from_stream(frames)).into_response())
}

fn last_seen(headers: &HeaderMap) -> Option<Position> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// One reader of events; leaves its seat when it is dropped.
struct Reader {
    app: Shared,
    shop: ShopId,
    audience: Arc<Audience>,
    seat: Arc<Seat>,
    who: Option<Identity>,
    place: Place,
    /// Rings for what everybody is told.
    told: watch::Receiver<()>,
    /// News were missed: only coming back helps.
    behind: bool,
    out: Vec<Frame>,
    _open: telemetry::Held,
    _hold: Hold,
    _permit: Option<Permit>,
}

impl Reader {
    fn new(
        app: Shared,
        shop: ShopId,
        audience: Arc<Audience>,
        seat: Arc<Seat>,
        who: Option<Identity>,
        hold: Hold,
        permit: Option<Permit>,
    ) -> Self {
        metrics().connections.opened.of(Transport::Sse).increment();
        presence::arrived(&app, &shop, seat.customer.as_ref());
        let role = if who.is_some() {
            telemetry::Role::Viewer
        } else {
            telemetry::Role::Guest
        };
        let open = metrics().connections.open.of((role, Transport::Sse)).hold();
        let (told, place) = (audience.listen(), audience.place(Position::default()));
        Self {
            app,
            shop,
            audience,
            seat,
            who,
            place,
            told,
            behind: false,
            out: Vec::new(),
            _open: open,
            _hold: hold,
            _permit: permit,
        }
    }

    async fn greet(
        &mut self,
        live: &crate::domain::LiveId,
        last: Option<Position>,
    ) -> Result<(), Problem> {
        welcome::caught_up(&self.app, &self.shop, last).await;
        let view = self.audience.view();
        let view = view.ok_or_else(|| Problem::new("live_not_found", "There is no such live."))?;
        let who = self.who.as_ref();
        let resumed = welcome::resumes(last, view.position, who);
        let me = welcome::me(&self.app, &self.shop, who, &view)
            .await
            .map_err(unavailable)?;
        let mut message = welcome::message(&self.app, live, resumed.is_some());
        let mut at = view.position;
        let mut more = Vec::new();
        if let Some((to, frames)) = resumed.and_then(|from| self.audience.catch_up(from)) {
            (at, more) = (to, frames);
            message["me"] = me;
        } else {
            let all = welcome::snapshot(&self.app, live, who, &view, &self.audience, me).await;
            message["snapshot"] = all.map_err(unavailable)?;
        }
        message["position"] = crate::protocol::to_client::position(at);
        self.place = self.place.shown(at);
        self.out.push(encode(&message));
        self.out.extend(more);
        Ok(())
    }

    /// The next chunk; none ends the stream.
    async fn next(&mut self) -> Option<Bytes> {
        let beat = Duration::from_millis(self.app.config.ping_every_ms);
        loop {
            // The greeting goes out by itself, so that its position is told with it.
            if self.out.is_empty() {
                self.collect();
            }
            if !self.out.is_empty() {
                return Some(self.chunk());
            }
            let expired = self
                .who
                .as_ref()
                .is_some_and(|w| w.expired(self.app.clock.now_ms()));
            if self.behind || self.seat.ending().is_some() || expired {
                return None;
            }
            tokio::select! {
                () = self.seat.woken() => {}
                _ = self.told.changed() => {}
                () = self.app.house.hard().cancelled() => return None,
                () = tokio::time::sleep(beat) => return Some(Bytes::from_static(b": \n\n")),
            }
        }
    }

    fn collect(&mut self) {
        self.seat.take(&mut self.out);
        match self.audience.due(&self.place) {
            Some(due) => {
                due.count(1);
                self.place = due.to;
                self.out.extend(due.frames.into_iter().map(|(_, f)| f));
            }
            None => self.behind = true,
        }
    }

    /// One event a message. Only the last one has the id: who breaks off in the middle has not
    /// seen all that leads to that position, and goes on from the one before.
    fn chunk(&mut self) -> Bytes {
        let mut chunk = BytesMut::new();
        let frames = std::mem::take(&mut self.out);
        let mut lines = frames
            .iter()
            .flat_map(|frame| frame.split(|byte| *byte == b'\n'))
            .peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_none() {
                chunk.put_slice(format!("id: {}\n", self.place.at).as_bytes());
            }
            chunk.put_slice(b"data: ");
            chunk.put_slice(line);
            chunk.put_slice(b"\n\n");
        }
        chunk.freeze()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(person) = self.app.hub.leave(&self.audience, &self.seat) {
            presence::left(&self.app, person);
        }
    }
}
