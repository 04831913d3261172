//! A connection that has been greeted: reads requests, writes what the seat and the audience
//! have for it. It is the one writer of its socket.

use std::pin::Pin;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::greeting::Seated;
use crate::gateway::app::Shared;
use crate::gateway::asking::{self, Place};
use crate::gateway::auth::{Identity, Role};
use crate::gateway::limits::{Meter, Verdict};
use crate::gateway::{presence, welcome};
use crate::protocol::from_client::{ClientMessage, Framed, read};
use crate::protocol::to_client::{encode, turned_away};
use crate::protocol::{Close, Frame, ServerMessage};
use crate::telemetry::{self, CloseCode, FrameType, RateScope, Transport, metrics};

/// Objects that one frame of a client may hold.
const OBJECTS_MAX: usize = 32;
/// Milliseconds after which a snapshot that could not be had is asked for again.
const RETRY_MS: u64 = 250;
/// Milliseconds a token may be out of date before the connection is closed.
const EXPIRY_GRACE_MS: u64 = 25_000;

/// Why a connection ends.
enum End {
    /// We close it.
    Close(Close),
    /// The client closed it.
    Client,
    /// It broke.
    Lost,
}

pub(super) struct Line {
    app: Shared,
    socket: Box<WebSocket>,
    seated: Seated,
    meter: Meter,
    slow_seen: u64,
    next_ping: Instant,
    /// When the token has been out of date for too long.
    expires: Option<Instant>,
    /// One for both: setting a timer anew for each frame costs more than the frame's bytes.
    timer: Pin<Box<Sleep>>,
    heard_at: Instant,
    out: Vec<Frame>,
}

impl Line {
    pub(super) fn new(app: Shared, socket: Box<WebSocket>, mut seated: Seated) -> Self {
        let meter = app.limiter.meter();
        let now = Instant::now();
        let every = app.config.ping_every_ms.max(1);
        // A random phase, so that ten thousand pings do not fall together.
        let phase = uuid::Uuid::new_v4().as_u128() % u128::from(every);
        let next_ping = now + Duration::from_millis(u64::try_from(phase).unwrap_or(0));
        let out = std::mem::take(&mut seated.first);
        let slow_seen = seated.audience.slow().0;
        let expires = expires_at(&app, seated.who.as_ref());
        Self {
            app,
            socket,
            seated,
            meter,
            slow_seen,
            next_ping,
            expires,
            timer: Box::pin(sleep_until(next_ping)),
            heard_at: now,
            out,
        }
    }

    /// Serves until either side ends it.
    pub(super) async fn attend(mut self: Box<Self>) -> CloseCode {
        let role = self.role_label();
        let _open = metrics()
            .connections
            .open
            .of((role, Transport::WebSocket))
            .hold();
        presence::arrived(
            &self.app,
            &self.seated.shop,
            self.seated.seat.customer.as_ref(),
        );
        let end = self.talk().await;
        let gone = self.app.hub.leave(&self.seated.audience, &self.seated.seat);
        if let Some(person) = gone {
            presence::left(&self.app, person);
        }
        match end {
            End::Close(why) => {
                if why == Close::TooSlow {
                    metrics().connections.slow_closes.increment();
                }
                let most_ms = self.app.config.write_timeout_ms;
                Box::pin(super::close(&mut self.socket, why, most_ms)).await;
                CloseCode::from_code(why.code())
            }
            End::Client => {
                // The library's answer to the close goes out with the next read.
                let most_ms = self.app.config.write_timeout_ms.min(1_000);
                let bound = Duration::from_millis(most_ms);
                Box::pin(super::part(&mut self.socket, bound)).await;
                CloseCode::Client
            }
            End::Lost => CloseCode::Lost,
        }
    }

    async fn talk(&mut self) -> End {
        loop {
            if let Err(end) = self.write_what_waits().await {
                return end;
            }
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }

    /// Waits for whatever comes first and deals with it.
    async fn next(&mut self) -> Result<(), End> {
        let due = self
            .expires
            .map_or(self.next_ping, |at| at.min(self.next_ping));
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        tokio::select! {
            () = self.seated.seat.woken() => Ok(()),
            heard = self.socket.recv() => match heard {
                // Boxed: while nothing is heard it needs no room.
                Some(Ok(message)) => Box::pin(self.hear(message)).await,
                Some(Err(error)) => Err(broken(&error)),
                None => Err(End::Lost),
            },
            () = self.timer.as_mut() => self.rang().await,
        }
    }

    /// The timer has gone off: for the token, or for a ping.
    async fn rang(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.expires.is_some_and(|at| at <= now) {
            return Err(End::Close(Close::Expired));
        }
        if self.next_ping <= now {
            self.ping().await?;
        }
        Ok(())
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        self.heard_at = Instant::now();
        if self.overdue() {
            return Err(End::Close(Close::Expired));
        }
        let text = match message {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(End::Client),
            Message::Binary(_) => return Err(End::Close(Close::Malformed)),
        };
        if text.len() > self.longest() {
            return Err(End::Close(Close::Malformed));
        }
        let objects: Vec<&str> = text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .collect();
        if objects.is_empty() || objects.len() > OBJECTS_MAX {
            return Err(End::Close(Close::Malformed));
        }
        for object in objects {
            self.object(object).await?;
        }
        Ok(())
    }

    /// The token has been out of date for too long by the clock that judged it. The timer goes by
    /// time that may have stood still, on a machine that slept.
    fn overdue(&self) -> bool {
        let who = self.seated.who.as_ref();
        who.is_some_and(|who| who.exp_ms.saturating_add(EXPIRY_GRACE_MS) < self.app.clock.now_ms())
    }

    fn longest(&self) -> usize {
        let limits = self.app.limiter.limits();
        let role = self.seated.who.as_ref().map(|who| who.role);
        let most = match role {
            Some(Role::Host | Role::Admin) => limits.host_message_bytes_max,
            _ => limits.viewer_message_bytes_max,
        };
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    async fn object(&mut self, text: &str) -> Result<(), End> {
        let verdict = self.meter.message();
        let framed = read(text);
        match verdict {
            Verdict::Pass => {}
            Verdict::Abuse { retry_ms } => return Err(End::Close(Close::Abuse { retry_ms })),
            Verdict::Limited { retry_ms } => {
                metrics()
                    .commands
                    .rate_limited
                    .of(RateScope::Connection)
                    .increment();
                self.limited(&framed, retry_ms);
                return Ok(());
            }
        }
        match framed {
            Framed::Malformed => return Err(End::Close(Close::Malformed)),
            Framed::UnknownType { id } => self.error("unknown_type", id.as_deref()),
            Framed::Wrong { id: None, field } => {
                self.error_with("invalid", "field", &json!(field));
            }
            Framed::Wrong { id, field } => {
                let extra = json!({"field": field});
                self.push(&turned_away(
                    id.as_deref(),
                    "invalid",
                    extra,
                    self.seated.lang,
                ));
            }
            Framed::Message(ClientMessage::Ping) => {
                self.push(&json!({"type": "pong", "server_now_ms": self.app.clock.now_ms()}));
            }
            // Boxed, as the next: a connection that only watches needs no room for it.
            Framed::Message(ClientMessage::Resync) => Box::pin(self.resync()).await,
            Framed::Message(ClientMessage::Connect(_)) => self.error("already_connected", None),
            Framed::Message(ClientMessage::Refresh { token }) => return self.refresh(&token),
            Framed::Message(ClientMessage::Ask(ask)) => {
                let place = Place {
                    live: &self.seated.live,
                    shop: &self.seated.shop,
                    who: self.seated.who.as_ref(),
                    from: None,
                    lang: self.seated.lang,
                };
                let answered = Box::pin(asking::ask(&self.app, &place, &ask)).await;
                self.push(answered.message());
            }
        }
        Ok(())
    }

    /// Everything anew, for a client that has lost its place; counts as a greeting.
    async fn resync(&mut self) {
        let who = self.seated.who.as_ref();
        if let Some(limited) =
            who.and_then(|who| self.app.limiter.check_hello(&who.shop, &who.sub).err())
        {
            return self.error_with("rate_limited", "retry_ms", &json!(limited.retry_ms));
        }
        let (live, shop) = (&self.seated.live, &self.seated.shop);
        match welcome::standing(&self.app, live, shop, who).await {
            Ok(Some(mut message)) => {
                message["type"] = json!("resync");
                message["reason"] = json!("asked");
                self.push(&message);
            }
            // Lives are never taken away, so this is an engine that does not answer.
            Ok(None) | Err(_) => self.error_with("stale_epoch", "retry_ms", &json!(RETRY_MS)),
        }
    }

    /// A refresh must be for the same person and role: it renews, it does not change.
    fn refresh(&mut self, token: &str) -> Result<(), End> {
        let fresh = self
            .app
            .auth
            .verify(token)
            .map_err(|_| End::Close(Close::Unauthorized))?;
        let same = self.seated.who.as_ref().is_some_and(|who| {
            who.sub == fresh.sub && who.shop == fresh.shop && who.role == fresh.role
        });
        if !same || !fresh.may_enter(self.seated.live.as_str()) {
            return Err(End::Close(Close::Forbidden));
        }
        self.push(&json!({"type": "refreshed", "exp_ms": fresh.exp_ms}));
        self.expires = expires_at(&self.app, Some(&fresh));
        self.seated.who = Some(fresh);
        Ok(())
    }

    fn limited(&mut self, framed: &Framed, retry_ms: u64) {
        let id = match framed {
            Framed::Message(ClientMessage::Ask(ask)) => Some(ask.shown.as_str()),
            Framed::Wrong { id, .. } | Framed::UnknownType { id } => id.as_deref(),
            _ => None,
        };
        match id {
            Some(id) => {
                let extra = json!({"retry_ms": retry_ms});
                self.push(&turned_away(
                    Some(id),
                    "rate_limited",
                    extra,
                    self.seated.lang,
                ));
            }
            None => self.error_with("rate_limited", "retry_ms", &json!(retry_ms)),
        }
    }

    fn error(&mut self, code: &str, id: Option<&str>) {
        let message = crate::protocol::words::refusal(code, self.seated.lang);
        self.out
            .push(ServerMessage::Error { code, message, id }.frame());
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Error)
            .increment();
    }

    /// An error that belongs to no request, with the one detail its code has.
    fn error_with(&mut self, code: &str, detail: &str, value: &Value) {
        let message = crate::protocol::words::refusal(code, self.seated.lang);
        let frame = json!({"type": "error", "code": code, "message": message, detail: value});
        self.out.push(encode(&frame));
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Error)
            .increment();
    }

    fn push(&mut self, message: &Value) {
        self.out.push(encode(message));
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Reply)
            .increment();
    }

    async fn ping(&mut self) -> Result<(), End> {
        let silence = Duration::from_millis(self.app.config.silence_max_ms);
        if self.heard_at.elapsed() > silence {
            return Err(End::Lost);
        }
        self.next_ping = Instant::now() + Duration::from_millis(self.app.config.ping_every_ms);
        self.send(Message::Ping(bytes::Bytes::new())).await
    }

    /// Writes the lossless lane, then the newest counters, joined into one frame.
    async fn write_what_waits(&mut self) -> Result<(), End> {
        self.seated.seat.take(&mut self.out);
        let seated = &mut self.seated;
        seated.at = seated
            .audience
            .counters(seated.at, &mut self.slow_seen, &mut self.out);
        let frames = std::mem::take(&mut self.out);
        if let Some(text) = joined(&frames) {
            let broadcast = &metrics().broadcast;
            broadcast.deliveries.add(frames.len() as u64);
            broadcast.sent_bytes.add(text.len() as u64);
            self.send(Message::Text(text)).await?;
        }
        // The buffer is kept for the next time, if it is small.
        if frames.capacity() <= 8 {
            self.out = frames;
            self.out.clear();
        }
        // Its last words have been said.
        self.seated
            .seat
            .ending()
            .map_or(Ok(()), |why| Err(End::Close(why)))
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        let bound = Duration::from_millis(self.app.config.write_timeout_ms);
        match timeout(bound, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(broken(&error)),
            Err(_) => Err(End::Close(Close::TooSlow)),
        }
    }

    fn role_label(&self) -> telemetry::Role {
        match self.seated.who.as_ref().map(|who| who.role) {
            None => telemetry::Role::Guest,
            Some(Role::Viewer | Role::Service) => telemetry::Role::Viewer,
            Some(Role::Moderator) => telemetry::Role::Moderator,
            Some(Role::Host) => telemetry::Role::Host,
            Some(Role::Admin) => telemetry::Role::Admin,
        }
    }
}

/// One text of all frames, with a newline between; a single one is not copied.
fn joined(frames: &[Frame]) -> Option<Utf8Bytes> {
    match frames {
        [] => None,
        [one] => Utf8Bytes::try_from(one.clone()).ok(),
        many => Utf8Bytes::try_from(bytes::Bytes::from(many.join(&b'\n'))).ok(),
    }
}

/// A frame that is too large or no WebSocket at all is the client's fault; the rest is the line's.
fn broken(error: &axum::Error) -> End {
    let text = error.to_string().to_lowercase();
    // A line that was cut is counted among broken protocols by the library.
    if text.contains("without closing") {
        End::Lost
    } else if text.contains("too long") || text.contains("utf") || text.contains("protocol") {
        End::Close(Close::Malformed)
    } else {
        End::Lost
    }
}

/// When a token will have been out of date for too long.
fn expires_at(app: &Shared, who: Option<&Identity>) -> Option<Instant> {
    let end = who?.exp_ms.saturating_add(EXPIRY_GRACE_MS);
    let left = end.saturating_sub(app.clock.now_ms());
    Instant::now().checked_add(Duration::from_millis(left))
}
