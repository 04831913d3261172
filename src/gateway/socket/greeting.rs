//! The first message: who comes, to which live, and what they are shown.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::talk::Talk;
use crate::broadcast::{Audience, Keeper, Place, Seat, SeatRole};
use crate::domain::{CustomerId, LiveId, ShopId};
use crate::gateway::app::{NoEntry, Shared};
use crate::gateway::auth::{Identity, Role};
use crate::gateway::limits::{Limited, Permit};
use crate::gateway::{presence, welcome};
use crate::journal::Position;
use crate::protocol::from_client::{ClientMessage, Connect, Framed, Resume, read};
use crate::protocol::{Close, Frame, Lang};
use crate::telemetry::{ResumeResult, metrics};

/// The longest first message: a token of 4 KiB and a little.
pub(super) const CONNECT_BYTES_MAX: usize = 8 * 1024;

/// Somebody who has not said who they are.
pub(super) struct Stranger {
    pub(super) app: Shared,
    pub(super) live: String,
    pub(super) ip: IpAddr,
    /// When they came, by the house's clock.
    pub(super) came: Duration,
    /// A place among those who have not greeted; given back with the greeting.
    pub(super) _ungreeted: Permit,
}

/// Somebody who has been let in.
pub(super) struct Seated {
    pub(super) talk: Box<Talk>,
    pub(super) chair: Chair,
    /// How far the first frames show it.
    pub(super) place: Place,
    /// What to send first.
    pub(super) first: Vec<Frame>,
    /// The place among the customer's sockets.
    pub(super) permit: Option<Permit>,
}

/// A seat that is given back when it is dropped, wherever that happens.
pub(super) struct Chair {
    app: Shared,
    pub(super) audience: Arc<Audience>,
    pub(super) seat: Arc<Seat>,
}

impl Chair {
    fn take(app: &Shared, audience: Arc<Audience>, who: Option<&Identity>, keeper: Keeper) -> Self {
        let customer = who.and_then(|who| CustomerId::new(&who.sub).ok());
        let role = match who.map(|who| who.role) {
            Some(Role::Host | Role::Admin | Role::Moderator) => SeatRole::Host,
            _ => SeatRole::Viewer,
        };
        let seat = app.hub.join(&audience, customer, role, keeper);
        presence::arrived(app, &audience.shop, seat.customer.as_ref());
        Self {
            app: app.clone(),
            audience,
            seat,
        }
    }
}

impl Drop for Chair {
    fn drop(&mut self) {
        if let Some(person) = self.app.hub.leave(&self.audience, &self.seat) {
            presence::left(&self.app, person);
        }
    }
}

impl Stranger {
    /// Lets somebody in by their first message, or says why not.
    pub(super) async fn greet(self, text: &str, keeper: Keeper) -> Result<Seated, Close> {
        let app = &self.app;
        let connect = connect(text)?;
        let who = match &connect.token {
            None => None,
            Some(token) => match app.auth.verify(token) {
                Ok(who) => Some(who),
                Err(error) => {
                    tracing::debug!(%error, "a token was refused");
                    tokio::time::sleep(app.limiter.auth_failed(self.ip)).await;
                    return Err(Close::Unauthorized);
                }
            },
        };
        let entered = app.enter(&self.live, who.as_ref());
        let (live, shop) = entered.map_err(|no| match no {
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
        let seated = seat(app, &live, &shop, who, &connect, keeper, permit).await?;
        let took = app.clock.monotonic().saturating_sub(self.came);
        metrics().connections.connect_duration.record_duration(took);
        Ok(seated)
    }
}

fn connect(text: &str) -> Result<Connect, Close> {
    match read(text.trim_end()) {
        Framed::Message(ClientMessage::Connect(connect)) => Ok(connect),
        Framed::Message(_) | Framed::UnknownType { .. } => Err(Close::Unauthorized),
        Framed::Wrong { .. } | Framed::Malformed => Err(Close::Malformed),
    }
}

async fn seat(
    app: &Shared,
    live: &LiveId,
    shop: &ShopId,
    who: Option<Identity>,
    connect: &Connect,
    keeper: Keeper,
    permit: Option<Permit>,
) -> Result<Seated, Close> {
    // Seated first, so that nothing falls between the snapshot and the first frame.
    let chair = Chair::take(app, app.hub.audience(live, shop), who.as_ref(), keeper);
    let audience = &chair.audience;
    let place = audience.place(Position::default());
    let welcomed = welcome_frames(app, live, shop, who.as_ref(), audience, connect.resume);
    let (at, first, default_lang) = welcomed.await?;
    let lang = connect.lang.as_deref().and_then(Lang::parse);
    let lang = lang.unwrap_or(default_lang);
    Ok(Seated {
        talk: Box::new(Talk::new(app.clone(), Arc::clone(audience), who, lang)),
        place: place.shown(at),
        chair,
        first,
        permit,
    })
}

async fn welcome_frames(
    app: &Shared,
    live: &LiveId,
    shop: &ShopId,
    who: Option<&Identity>,
    audience: &Audience,
    resume: Option<Resume>,
) -> Result<(Position, Vec<Frame>, Lang), Close> {
    let resume = resume.map(|r| Position {
        epoch: r.epoch,
        seq: r.seq,
    });
    welcome::caught_up(app, shop, resume).await;
    let view = audience.view().ok_or(Close::LiveNotFound)?;
    let default_lang = Lang::parse(&view.live.spec.lang).unwrap_or_default();
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
