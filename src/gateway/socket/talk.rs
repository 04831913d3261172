//! What is said on a connection after the greeting, and answered.
//!
//! A talk goes with each message on the errand that answers it, and comes back with the answers: so
//! a connection's messages are answered one after the other, in their order.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::broadcast::Audience;
use crate::gateway::app::Shared;
use crate::gateway::asking::{self, Place};
use crate::gateway::auth::{Identity, Role};
use crate::gateway::limits::{Meter, Verdict};
use crate::gateway::welcome;
use crate::protocol::from_client::{ClientMessage, Framed, read};
use crate::protocol::to_client::encode;
use crate::protocol::{Close, Detail, Frame, Lang, ServerMessage, Told};
use crate::telemetry::{self, FrameType, RateScope, metrics};

/// Objects that one frame of a client may hold.
const OBJECTS_MAX: usize = 32;
/// Milliseconds after which a snapshot that could not be had is asked for again.
const RETRY_MS: u64 = 250;
/// Milliseconds a token may be out of date before the connection is closed.
const EXPIRY_GRACE_MS: u64 = 25_000;

pub(super) struct Talk {
    app: Shared,
    audience: Arc<Audience>,
    who: Option<Identity>,
    lang: Lang,
    /// Made by the first message: most only watch.
    meter: Option<Box<Meter>>,
    out: Vec<Frame>,
}

impl Talk {
    pub(super) fn new(
        app: Shared,
        audience: Arc<Audience>,
        who: Option<Identity>,
        lang: Lang,
    ) -> Self {
        Self {
            app,
            audience,
            who,
            lang,
            meter: None,
            out: Vec::new(),
        }
    }

    /// Answers a message: what to say, and why to close, if it is to end.
    pub(super) async fn hear(&mut self, text: &str) -> (Vec<Frame>, Option<Close>) {
        let end = self.objects(text).await.err();
        (std::mem::take(&mut self.out), end)
    }

    async fn objects(&mut self, text: &str) -> Result<(), Close> {
        if self.overdue() {
            return Err(Close::Expired);
        }
        let objects: Vec<&str> = text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .collect();
        if objects.is_empty() || objects.len() > OBJECTS_MAX {
            return Err(Close::Malformed);
        }
        for object in objects {
            self.object(object).await?;
        }
        Ok(())
    }

    /// The token has been out of date for too long by the clock that judged it. Timers go by time
    /// that may have stood still, on a machine that slept.
    fn overdue(&self) -> bool {
        self.left_ms() == Some(0)
    }

    /// Milliseconds until the token has been out of date for too long; none without one.
    pub(super) fn left_ms(&self) -> Option<u64> {
        let end = self.who.as_ref()?.exp_ms.saturating_add(EXPIRY_GRACE_MS);
        Some(end.saturating_sub(self.app.clock.now_ms()))
    }

    /// Bytes of the longest message this one may send.
    pub(super) fn longest(&self) -> usize {
        let limits = self.app.limiter.limits();
        let most = match self.who.as_ref().map(|who| who.role) {
            Some(Role::Host | Role::Admin) => limits.host_message_bytes_max,
            _ => limits.viewer_message_bytes_max,
        };
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    fn meter(&mut self) -> &mut Meter {
        self.meter
            .get_or_insert_with(|| Box::new(self.app.limiter.meter()))
    }

    async fn object(&mut self, text: &str) -> Result<(), Close> {
        let framed = read(text);
        match self.meter().message() {
            Verdict::Pass => {}
            Verdict::Abuse { retry_ms } => return Err(Close::Abuse { retry_ms }),
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
            Framed::Malformed => return Err(Close::Malformed),
            Framed::UnknownType { id } => self.error("unknown_type", id.as_deref()),
            Framed::Wrong { id: None, field } => {
                self.error_with("invalid", "field", &json!(field));
            }
            Framed::Wrong { id, field } => {
                let detail = Detail::Field { field: &field };
                let told = Told::turned_away(id.as_deref(), "invalid", detail, self.lang);
                self.push(encode(&told));
            }
            Framed::Message(ClientMessage::Ping) => {
                let now_ms = self.app.clock.now_ms();
                self.push(encode(&json!({"type": "pong", "server_now_ms": now_ms})));
            }
            Framed::Message(ClientMessage::Resync) => self.resync().await,
            Framed::Message(ClientMessage::Connect(_)) => self.error("already_connected", None),
            Framed::Message(ClientMessage::Refresh { token }) => return self.refresh(&token),
            Framed::Message(ClientMessage::Ask(ask)) => {
                let place = Place {
                    live: &self.audience.live,
                    shop: &self.audience.shop,
                    who: self.who.as_ref(),
                    from: None,
                    lang: self.lang,
                };
                let answered = asking::ask(&self.app, &place, &ask, |told| encode(told)).await;
                self.push(answered.told());
            }
        }
        Ok(())
    }

    /// Everything anew, for a client that has lost its place; counts as a greeting.
    async fn resync(&mut self) {
        let who = self.who.as_ref();
        if let Some(limited) =
            who.and_then(|who| self.app.limiter.check_hello(&who.shop, &who.sub).err())
        {
            return self.error_with("rate_limited", "retry_ms", &json!(limited.retry_ms));
        }
        let (live, shop) = (&self.audience.live, &self.audience.shop);
        match welcome::standing(&self.app, live, shop, who).await {
            Ok(Some(mut message)) => {
                message["type"] = json!("resync");
                message["reason"] = json!("asked");
                self.push(encode(&message));
            }
            // Lives are never taken away, so this is an engine that does not answer.
            Ok(None) | Err(_) => self.error_with("stale_epoch", "retry_ms", &json!(RETRY_MS)),
        }
    }

    /// A refresh must be for the same person and role: it renews, it does not change.
    fn refresh(&mut self, token: &str) -> Result<(), Close> {
        let fresh = self
            .app
            .auth
            .verify(token)
            .map_err(|_| Close::Unauthorized)?;
        let same = self.who.as_ref().is_some_and(|who| {
            who.sub == fresh.sub && who.shop == fresh.shop && who.role == fresh.role
        });
        if !same || !fresh.may_enter(self.audience.live.as_str()) {
            return Err(Close::Forbidden);
        }
        self.push(encode(
            &json!({"type": "refreshed", "exp_ms": fresh.exp_ms}),
        ));
        self.who = Some(fresh);
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
                let detail = Detail::Retry { retry_ms };
                let told = Told::turned_away(Some(id), "rate_limited", detail, self.lang);
                self.push(encode(&told));
            }
            None => self.error_with("rate_limited", "retry_ms", &json!(retry_ms)),
        }
    }

    fn error(&mut self, code: &str, id: Option<&str>) {
        let message = crate::protocol::words::refusal(code, self.lang);
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
        let message = crate::protocol::words::refusal(code, self.lang);
        let frame = json!({"type": "error", "code": code, "message": message, detail: value});
        self.out.push(encode(&frame));
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Error)
            .increment();
    }

    fn push(&mut self, reply: Frame) {
        self.out.push(reply);
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Reply)
            .increment();
    }

    pub(super) fn role_label(&self) -> telemetry::Role {
        match self.who.as_ref().map(|who| who.role) {
            None => telemetry::Role::Guest,
            Some(Role::Viewer | Role::Service) => telemetry::Role::Viewer,
            Some(Role::Moderator) => telemetry::Role::Moderator,
            Some(Role::Host) => telemetry::Role::Host,
            Some(Role::Admin) => telemetry::Role::Admin,
        }
    }
}
