//! What every handler of the gateway works with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::auth::{Auth, Identity, Role, bearer};
use super::books::Books;
use super::denied::Denials;
use super::limits::Limiter;
use super::listener::Peer;
use super::origin::Origins;
use super::problem::Problem;
use super::socket::loops::Loops;
use crate::broadcast::Hub;
use crate::clock::Clock;
use crate::domain::{self, Actor, CustomerId, LiveId, ShopId};
use crate::engine::Engine;
use crate::lifecycle::Lifecycle;
use crate::mirror::Mirror;
use crate::payment::Gateways;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

/// The gateway's own settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayConfig {
    /// Whether somebody without a token may watch.
    pub guests_may_watch: bool,
    /// Milliseconds a new socket has for its `connect`.
    pub connect_timeout_ms: u64,
    /// Milliseconds between the server's pings.
    pub ping_every_ms: u64,
    /// Milliseconds of silence after which a socket is given up; more than one ping.
    pub silence_max_ms: u64,
    /// Milliseconds one write may take; then the viewer is too slow (4104).
    pub write_timeout_ms: u64,
    /// Milliseconds a request may be with the engine; then its outcome is unknown.
    pub answer_timeout_ms: u64,
    /// Milliseconds over which viewers spread their return when the server stops.
    pub drain_spread_ms: u64,
    /// Milliseconds after which a waiting customer without a connection counts as absent.
    pub away_after_ms: u64,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            guests_may_watch: true,
            connect_timeout_ms: 5_000,
            ping_every_ms: 20_000,
            silence_max_ms: 45_000,
            write_timeout_ms: 10_000,
            answer_timeout_ms: 10_000,
            drain_spread_ms: 3_000,
            away_after_ms: 30_000,
        }
    }
}

impl GatewayConfig {
    /// The first setting that no connection could live with, and what it has to be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        const LATER: &str = "more than 0";
        let checks = [
            (
                "gateway.connect_timeout_ms",
                self.connect_timeout_ms > 0,
                LATER,
            ),
            ("gateway.ping_every_ms", self.ping_every_ms > 0, LATER),
            (
                "gateway.silence_max_ms",
                self.silence_max_ms > self.ping_every_ms,
                "more than gateway.ping_every_ms",
            ),
            ("gateway.write_timeout_ms", self.write_timeout_ms > 0, LATER),
            (
                "gateway.answer_timeout_ms",
                self.answer_timeout_ms > 0,
                LATER,
            ),
        ];
        let wrong = checks.into_iter().find(|(_, fits, _)| !fits);
        wrong.map(|(key, _, wanted)| (key, wanted))
    }

    /// [`Self::answer_timeout_ms`] as a duration.
    pub fn answer_timeout(&self) -> Duration {
        Duration::from_millis(self.answer_timeout_ms)
    }
}

/// The house as the gateway sees it.
pub struct App {
    /// Decides.
    pub engine: Engine,
    /// Knows what everybody may see.
    pub mirror: Arc<Mirror>,
    /// Tells.
    pub hub: Arc<Hub>,
    /// The books, for the back office's questions.
    pub books: Books,
    /// Where refusals at the door are noted.
    pub denials: Denials,
    /// Believes tokens.
    pub auth: Auth,
    /// Counts.
    pub limiter: Limiter,
    /// Which pages may come.
    pub origins: Origins,
    /// Payment gateways: what they say is believed by these.
    pub payments: Arc<Gateways>,
    /// The time.
    pub clock: Clock,
    /// Starts and stops.
    pub house: Lifecycle,
    /// The loops that own the sockets.
    pub sockets: Loops,
    /// Settings.
    pub config: GatewayConfig,
    /// The feed is up to date.
    pub feed_ready: AtomicBool,
}

/// The handle of every handler.
pub type Shared = Arc<App>;

/// Why somebody may not enter a live, in the order in which it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoEntry {
    /// No such live, or another shop's.
    LiveNotFound,
    /// Not for guests, not for this role, or the token is for other lives.
    Forbidden,
}

impl App {
    /// The shop of a live that this person may enter; a guest has no identity.
    pub fn enter(&self, live: &str, who: Option<&Identity>) -> Result<(LiveId, ShopId), NoEntry> {
        let live = LiveId::new(live).map_err(|_| NoEntry::LiveNotFound)?;
        let shop = self.mirror.shop_of(&live).ok_or(NoEntry::LiveNotFound)?;
        match who {
            None if !self.config.guests_may_watch => Err(NoEntry::Forbidden),
            Some(who) if who.shop != shop.as_str() => Err(NoEntry::LiveNotFound),
            Some(who) if who.role == Role::Service || !who.may_enter(live.as_str()) => {
                Err(NoEntry::Forbidden)
            }
            None | Some(_) => Ok((live, shop)),
        }
    }

    /// The shop that has a live of this name, whoever asks; not to be told to strangers.
    pub(super) fn shop_of_live(&self, live: &str) -> Option<String> {
        let shop = self.mirror.shop_of(&LiveId::new(live).ok()?)?;
        Some(shop.as_str().to_owned())
    }

    /// Who asks over HTTP. None without a token; a bad one is refused, slowly if repeated.
    pub async fn who(&self, headers: &HeaderMap, peer: &Peer) -> Result<Option<Identity>, Problem> {
        let told = bearer(headers).and_then(|token| token.map(|t| self.auth.verify(t)).transpose());
        match told {
            Ok(who) => Ok(who),
            Err(error) => {
                tracing::debug!(%error, "a token was refused");
                tokio::time::sleep(self.limiter.auth_failed(peer.ip)).await;
                Err(error.into())
            }
        }
    }

    /// As [`App::who`], for what nobody may do without a token.
    pub async fn somebody(&self, headers: &HeaderMap, peer: &Peer) -> Result<Identity, Problem> {
        let who = self.who(headers, peer).await?;
        who.ok_or_else(|| Problem::new("unauthorized", "This needs a token."))
    }

    /// Whether requests can be served: the house is not stopping, the readers of the journal are
    /// there, the engine answers.
    pub async fn ready(&self) -> bool {
        !self.house.stopping().is_cancelled()
            && self.feed_ready.load(Ordering::Acquire)
            && self.engine.follows()
            && tokio::time::timeout(Duration::from_secs(2), self.engine.pulse())
                .await
                .is_ok_and(|answer| answer.is_ok())
    }
}

/// The actor of a verified token; machines of the shop give no commands here.
pub fn actor(who: &Identity) -> Option<Actor> {
    let role = match who.role {
        Role::Viewer => domain::Role::Viewer,
        Role::Moderator => domain::Role::Moderator,
        Role::Host => domain::Role::Host,
        Role::Admin => domain::Role::Admin,
        Role::Service => return None,
    };
    Some(Actor {
        role,
        name: CustomerId::new(&who.sub).ok()?,
    })
}
