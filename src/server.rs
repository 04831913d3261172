//! The composition root: puts the rooms together, and holds no logic.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use crate::broadcast::Hub;
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::redis::{RedisConfig, Settled};
use crate::engine::{self, Engine, redis};
use crate::gateway::auth::{Auth, AuthConfig};
use crate::gateway::books::Books;
use crate::gateway::denied::{self, Denials};
use crate::gateway::edge::Edge;
use crate::gateway::headers::{self, SecurityHeaders};
use crate::gateway::keys::{self, KeyConfig, Secret};
use crate::gateway::limits::{Limiter, Scope, open_files_max};
use crate::gateway::listener::{self, Listener, ListenerConfig};
use crate::gateway::origin::{self, Origins};
use crate::gateway::router::{internal_router, router, shop_of};
use crate::gateway::{App, Loops, Shared};
use crate::jobs::{cut_off, feed, gauges, inquire, join, settle, trim};
use crate::ledger::{self, Ledger};
use crate::lifecycle::Lifecycle;
use crate::mirror::Mirror;
use crate::payment::{Gateways, SettingError};
use crate::protocol::{Close, ServerMessage};
use crate::telemetry::{self, FrameType, RejectReason, metrics};

/// The file of the secret that is made where no key is configured.
const KEY_FILE: &str = "token.key";
/// Between the hint that the server goes and the close: time for it to be read.
const HINT: Duration = Duration::from_millis(200);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The engine among other nodes.
    #[error(transparent)]
    Nodes(#[from] redis::Error),
    /// Joining other nodes.
    #[error(transparent)]
    Join(#[from] join::Error),
    /// The books do not fit the journal, or cannot be used.
    #[error(transparent)]
    Settle(#[from] settle::Error),
    /// Trimming the journal.
    #[error(transparent)]
    Trim(#[from] trim::Error),
    /// The settings of the books.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A key of the settings.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// A door that cannot be opened.
    #[error(transparent)]
    Listener(#[from] listener::Error),
    /// The loops that own the sockets.
    #[error("cannot wait for sockets: {0}")]
    Loops(std::io::Error),
    /// Allowed origins.
    #[error(transparent)]
    Origin(#[from] origin::Error),
    /// Security headers.
    #[error(transparent)]
    Headers(#[from] headers::Error),
    /// An endpoint of a payment gateway.
    #[error(transparent)]
    Payments(#[from] SettingError),
    /// A setting that would make the server useless.
    #[error("{key} has to be {wanted}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What it has to be.
        wanted: &'static str,
    },
    /// The state folder or the key in it.
    #[error("cannot use {path}: {source}")]
    State {
        /// Which file or folder.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// A server that serves.
pub struct Server {
    /// Where strangers reach it.
    pub address: SocketAddr,
    /// Where machines of the house reach it.
    pub internal: SocketAddr,
    /// The house, for those who live in the same process (the demo).
    pub app: Shared,
}

/// Starts everything; the house then runs until it is stopped.
pub fn start(config: &Config, clock: &Clock, house: &Lifecycle) -> Result<Server, Error> {
    let connector = match &config.redis {
        Some(redis) => Some(join::join(redis, &config.ledger, &config.state, clock)?),
        None => None,
    };
    let opened = engine::open(&config.state)?;
    let mirror = Arc::new(Mirror::default());
    let (inquiries, waiting) = inquire::inquiries();
    let mut held = 0;
    for (_, position, id, shop) in opened.shops() {
        mirror.prime(id, shop, position);
        inquiries.prime(id, shop);
        held += shop.held();
    }
    metrics().bookings.held.set_count(held);
    let (news, books) = (
        Arc::new(Notify::new()),
        Ledger::lazy(&config.ledger, &config.state)?,
    );
    let shared = config.ledger.kind == ledger::Kind::Postgres;
    let (told, settled) = watch::channel(Settled::of(shared));
    settle::start(
        &config.ledger,
        &config.state,
        clock,
        house,
        Arc::clone(&news),
        connector.is_some().then_some(told),
    )?;
    if let Some(keep) = config.journal.keep() {
        trim::start(keep, &config.ledger, &config.state, clock, house)?;
    }
    let (entries, batches) = mpsc::channel(feed::BATCHES_MAX);
    let engine = match &connector {
        Some(redis) => redis::start(
            opened,
            &config.state,
            redis,
            clock,
            house,
            entries,
            &settled,
        )?,
        None => opened
            .refusing_from_memory(config.journal.refuse_from_memory)
            .start(clock, house, entries)?,
    };
    let hub = Arc::new(Hub::new(
        Arc::clone(&mirror),
        engine.clone(),
        clock.clone(),
        house.clone(),
    ));
    let reading = feed::run(
        batches,
        Arc::clone(&mirror),
        Arc::clone(&hub),
        inquiries,
        clock.clone(),
        news,
    );
    house.spawn_core("feed", reading);
    let looking = gauges::run(
        engine.clone(),
        Arc::clone(&mirror),
        Arc::clone(&hub),
        clock.clone(),
        house.stopping().clone(),
    );
    house.spawn("gauges", looking);
    if engine.is_among_nodes() {
        let spread_ms = config.gateway.drain_spread_ms;
        let stopping = house.stopping().clone();
        let looking = cut_off::run(engine.clone(), Arc::clone(&hub), spread_ms, stopping);
        house.spawn("cut off", looking);
    }
    let (denials, denied) = denied::denials();
    let keeping = denied::keep(books.clone(), denied, house.closing().clone());
    house.spawn_core("denials", keeping);
    let app = app(config, clock, house, engine, mirror, hub, books, denials)?;
    let asking = inquire::run(app.engine.clone(), Arc::clone(&app.payments), waiting);
    house.spawn_core("inquiries", asking);
    let (address, internal) = open_doors(config, house, &app)?;
    let (upkeep, stopping) = (app.limiter.clone(), house.stopping().clone());
    house.spawn("limits", async move {
        upkeep.upkeep(stopping).await;
        Ok::<_, Error>(())
    });
    let stopping = house.stopping().clone();
    house.spawn("telemetry", async move {
        telemetry::keep_up(stopping).await;
        Ok::<_, Error>(())
    });
    house.spawn("drain", drain(Arc::clone(&app)));
    Ok(Server {
        address,
        internal,
        app,
    })
}

#[expect(
    clippy::too_many_arguments,
    reason = "called once, where the house is put together"
)]
fn app(
    config: &Config,
    clock: &Clock,
    house: &Lifecycle,
    engine: Engine,
    mirror: Arc<Mirror>,
    hub: Arc<Hub>,
    books: Ledger,
    denials: Denials,
) -> Result<Shared, Error> {
    let mut limits = config.limits.clone();
    if open_files_max().is_some_and(|files| limits.fit_open_files(files)) {
        tracing::warn!(
            sockets = limits.sockets_max,
            "sockets_max lowered: open-file limit"
        );
    }
    Ok(Arc::new(App {
        engine,
        mirror,
        hub,
        books: Books::new(books),
        denials,
        auth: auth(config, clock)?,
        limiter: Limiter::new(limits, clock.clone()),
        origins: Origins::new(&config.origin)?,
        payments: Arc::new(payments(config)?),
        clock: clock.clone(),
        house: house.clone(),
        sockets: Loops::start(&config.gateway, house).map_err(Error::Loops)?,
        config: config.gateway.clone(),
        feed_ready: AtomicBool::new(true),
    }))
}

fn payments(config: &Config) -> Result<Gateways, Error> {
    let gateways = Gateways::open(&config.payments)?;
    if gateways.has_sandbox() {
        tracing::warn!("a sandbox gateway is set up: there orders are paid without money");
    }
    Ok(gateways)
}

/// Everything about the settings that can be known without starting.
pub fn check(config: &Config) -> Result<(), Error> {
    if !config.auth.keys.is_empty() {
        Auth::new(&config.auth, Clock::default())?;
    }
    Origins::new(&config.origin)?;
    Gateways::open(&config.payments)?;
    SecurityHeaders::new(&config.headers)?;
    listener::Proxies::new(&config.listener.proxies)?;
    config.ledger.check()?;
    let faults = [
        config.gateway.fault(),
        config.listener.fault(),
        config.journal.fault(),
        config.ledger.fault(),
        config.redis.as_ref().and_then(RedisConfig::fault),
    ];
    match faults.into_iter().flatten().next() {
        Some((key, wanted)) => Err(Error::Setting { key, wanted }),
        None => Ok(()),
    }
}

/// The keys of the settings, or the secret of the state folder, made once.
pub fn auth(config: &Config, clock: &Clock) -> Result<Auth, Error> {
    if !config.auth.keys.is_empty() {
        return Ok(Auth::new(&config.auth, clock.clone())?);
    }
    let secret = own_secret(&config.state)?;
    let keys = vec![KeyConfig::hs256("own", secret)];
    Ok(Auth::new(
        &AuthConfig {
            keys,
            ..config.auth.clone()
        },
        clock.clone(),
    )?)
}

fn own_secret(state: &Path) -> Result<Secret, Error> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = state.join(KEY_FILE);
    let fail = |source| Error::State {
        path: path.display().to_string(),
        source,
    };
    std::fs::create_dir_all(state).map_err(fail)?;
    let mut new = std::fs::OpenOptions::new();
    match new.write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let (a, b) = (uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
            let text = format!("{}{}", a.simple(), b.simple());
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(fail)?;
            Ok(Secret::new(text.into_bytes()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(&path).map_err(fail)?;
            Ok(Secret::new(text.trim().as_bytes()))
        }
        Err(error) => Err(fail(error)),
    }
}

fn open_doors(
    config: &Config,
    house: &Lifecycle,
    app: &Shared,
) -> Result<(SocketAddr, SocketAddr), Error> {
    let edge = Edge {
        limiter: app.limiter.clone(),
        origins: app.origins.clone(),
        shop_of: shop_of(app),
        headers: SecurityHeaders::new(&config.headers)?,
    };
    let public = Listener::bind(config.listener.clone(), app.limiter.clone(), house.clone())?
        .on_refused(count_refused);
    let inside = ListenerConfig {
        listen: config.internal.listen,
        ..ListenerConfig::default()
    };
    let internal = Listener::bind(inside, app.limiter.clone(), house.clone())?;
    let addresses = (public.address(), internal.address());
    house.spawn(
        "listener",
        public.serve(edge.around(router(Arc::clone(app)))),
    );
    house.spawn(
        "internal listener",
        internal.serve(internal_router(Arc::clone(app))),
    );
    Ok(addresses)
}

fn count_refused(scope: Scope) {
    let reason = match scope {
        Scope::Sockets | Scope::Ungreeted => RejectReason::NodeFull,
        Scope::AddressSockets => RejectReason::AddressLimit,
        Scope::CustomerSockets => RejectReason::CustomerLimit,
        _ => RejectReason::Rate,
    };
    metrics().connections.rejected.of(reason).increment();
}

/// When the house stops: a hint to come back over a spread of time, then close 1012.
async fn drain(app: Shared) -> Result<(), Error> {
    app.house.stopping().cancelled().await;
    app.feed_ready.store(false, Ordering::Release);
    metrics().drain.draining.set_flag(true);
    metrics().drain.remaining.set_count(app.hub.connections());
    let hint = ServerMessage::Drain {
        spread_ms: app.config.drain_spread_ms,
    };
    app.hub.tell_all(FrameType::Drain, &hint.frame());
    tokio::time::sleep(HINT).await;
    app.hub.close_all(Close::Restart);
    Ok(())
}
