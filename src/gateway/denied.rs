//! Privileged requests that were refused at the door: who, what, why, when and from where, for the
//! audit trail (S-35). What the engine refuses is in the journal and comes to the trail from there.
//!
//! Whoever is refused does not wait for the books and cannot fill them: a caller and a shop have a
//! rate ([`Limiter::check_denial`](super::limits::Limiter::check_denial)), and what waits is bounded.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::app::App;
use super::auth::{Identity, Role};
use super::listener::Peer;
use super::office::own_shop;
use super::problem::Problem;
use crate::domain::ShopId;
use crate::journal::Position;
use crate::ledger::Ledger;
use crate::ledger::trail::Access;
use crate::telemetry::{DenialFate, metrics};

/// Most denials that wait for the books.
const WAITING_MAX: usize = 256;
/// How long to wait for books that are away.
const RETRY: Duration = Duration::from_secs(2);
/// How much of a name from a path is kept, in characters.
const NAME_MAX: usize = 64;
/// Who and which role, if no token says it.
const NOBODY: (&str, &str) = ("-", "none");

/// One denial on its way to the books.
#[derive(Debug)]
struct Denial {
    shop: String,
    at_ms: u64,
    role: &'static str,
    actor: String,
    what: &'static str,
    told: String,
    outcome: String,
}

/// Where denials are put.
#[derive(Debug)]
pub struct Denials(mpsc::Sender<Denial>);

/// Where they come out.
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<Denial>);

/// Both ends.
pub fn denials() -> (Denials, Waiting) {
    let (to, from) = mpsc::channel(WAITING_MAX);
    (Denials(to), Waiting(from))
}

/// What was tried: its name, the shop or live it was tried in, as it was asked for, and from where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried<'a> {
    pub(super) what: &'static str,
    pub(super) place: &'a str,
    pub(super) from: Option<IpAddr>,
}

impl App {
    /// Who asks for what needs a role, in the shop of the path. A refusal is noted.
    pub(super) async fn privileged(
        &self,
        headers: &HeaderMap,
        peer: &Peer,
        (shop, least): (&str, Role),
        what: &'static str,
    ) -> Result<(Identity, ShopId), Problem> {
        let tried = Tried {
            what,
            place: shop,
            from: Some(peer.ip),
        };
        let who = self.somebody(headers, peer).await;
        let who = who.inspect_err(|problem| self.denied(None, tried, problem.code()))?;
        let shop = own_shop(&who, shop, least);
        let shop = shop.inspect_err(|problem| self.denied(Some(&who), tried, problem.code()))?;
        Ok((who, shop))
    }

    /// Notes a refusal in the trail of the caller's own shop; of a caller that nothing is known of in
    /// that of the shop that was meant, if there is such a shop.
    pub(super) fn denied(&self, who: Option<&Identity>, tried: Tried<'_>, outcome: &str) {
        let shop = match who {
            Some(who) => who.shop.as_str(),
            None if self.is_shop(tried.place) => tried.place,
            None => return,
        };
        let from = tried.from.map(|ip| ip.to_string());
        let (actor, role) = who.map_or(NOBODY, |who| (&who.sub, who.role.as_str()));
        let caller = who.map_or(from.as_deref().unwrap_or_default(), |who| &who.sub);
        if self.limiter.check_denial(shop, caller).is_err() {
            metrics()
                .connections
                .denials
                .of(DenialFate::TooMany)
                .increment();
            return;
        }
        let mut told = format!("from {}", from.as_deref().unwrap_or("a socket"));
        if tried.place != shop {
            told.push_str("; in ");
            told.extend(tried.place.chars().take(NAME_MAX));
        }
        let denial = Denial {
            shop: shop.to_owned(),
            at_ms: self.clock.now_ms(),
            role,
            actor: actor.to_owned(),
            what: tried.what,
            told,
            outcome: outcome.to_owned(),
        };
        if self.denials.0.try_send(denial).is_err() {
            metrics()
                .connections
                .denials
                .of(DenialFate::Lost)
                .increment();
        }
    }

    fn is_shop(&self, name: &str) -> bool {
        ShopId::new(name).is_ok_and(|shop| self.mirror.position(&shop) != Position::START)
    }
}

/// Writes denials into the books until `closing`. Those that the books do not take wait.
pub async fn keep(
    books: Ledger,
    mut waiting: Waiting,
    closing: CancellationToken,
) -> Result<(), Infallible> {
    let keeping = async {
        while let Some(denial) = waiting.0.recv().await {
            let fate = loop {
                match books.note(&denial.access()).await {
                    Ok(()) => break DenialFate::Noted,
                    Err(error) if error.passes() => tokio::time::sleep(RETRY).await,
                    Err(error) => {
                        tracing::warn!(%error, "a denial could not be noted in the audit trail");
                        break DenialFate::Lost;
                    }
                }
            };
            metrics().connections.denials.of(fate).increment();
        }
    };
    closing.run_until_cancelled(keeping).await;
    Ok(())
}

impl Denial {
    fn access(&self) -> Access<'_> {
        Access {
            shop: &self.shop,
            at_ms: self.at_ms,
            role: self.role,
            actor: &self.actor,
            what: self.what,
            subject: &self.told,
            outcome: &self.outcome,
        }
    }
}
