//! One server for all tables: two shops that know nothing of each other, with the same names of
//! things, a log that is kept, and a count of panics that were not a test's own.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use lapak::clock::Clock;
use lapak::config::Config;
use lapak::domain::command::DropSpec;
use lapak::domain::{
    Actor, Command, CustomerId, DropId, LiveId, LiveSpec, Mode, Request, Role as Actors, ShopId,
    SkuId, SkuSpec, Video,
};
use lapak::gateway::Shared;
use lapak::gateway::auth::{Identity, Role};
use lapak::gateway::keys::{KeyConfig, Secret};
use lapak::lifecycle::Lifecycle;
use lapak::payment::EndpointConfig;
use lapak::server;
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use uuid::Uuid;

use super::socket::Socket;

/// The shop whose doors are tried.
pub(super) const SHOP: &str = "toko-a";
/// Its live.
pub(super) const LIVE: &str = "live-a";
/// Another live of the same shop.
pub(super) const OTHER_LIVE: &str = "live-a2";
/// Another shop's live.
pub(super) const FOREIGN_LIVE: &str = "live-b";
/// Another shop.
pub(super) const FOREIGN_SHOP: &str = "toko-b";
/// A SKU that both shops have.
pub(super) const SKU: &str = "KAOS-M";
/// Where its gateway without money tells of payments.
pub(super) const ENDPOINT: &str = "uji";
/// The secret of the key `k1`.
pub(super) const SECRET: &str = "a secret of the house, long enough for HS256";

/// The server with what the tables need to know of it.
pub(super) struct House {
    runtime: Runtime,
    pub(super) address: SocketAddr,
    pub(super) internal: SocketAddr,
    pub(super) app: Shared,
    /// The drop of [`LIVE`].
    pub(super) drop: DropId,
    /// The drop of [`OTHER_LIVE`].
    pub(super) other_drop: DropId,
    /// The drop of [`FOREIGN_LIVE`].
    pub(super) foreign_drop: DropId,
    log: Log,
    panics: Arc<Mutex<Vec<String>>>,
    _life: Lifecycle,
    _state: tempfile::TempDir,
}

static HOUSE: OnceLock<House> = OnceLock::new();
static NAMES: AtomicU64 = AtomicU64::new(0);

/// The one house.
pub(super) fn house() -> &'static House {
    HOUSE.get_or_init(House::open)
}

/// A name nobody else has: limits are per customer, and cases shall not share them.
pub(super) fn somebody() -> String {
    format!("orang-{}", NAMES.fetch_add(1, Ordering::Relaxed))
}

impl House {
    fn open() -> Self {
        let panics = count_panics();
        let log = Log::default();
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new("debug,lapak=trace"))
            .with_writer(log.clone())
            .init();
        let runtime = Runtime::new().unwrap();
        let state = tempfile::tempdir().unwrap();
        let (house, clock) = (Lifecycle::new(), Clock::default());
        let config = config(state.path());
        let _inside = runtime.enter();
        let server = server::start(&config, &clock, &house).unwrap();
        let app = server.app;
        let [drop, other_drop, foreign_drop] = runtime.block_on(async {
            let first = set_up(&app, SHOP, LIVE).await;
            let other = open_live(&app, SHOP, OTHER_LIVE).await;
            [first, other, set_up(&app, FOREIGN_SHOP, FOREIGN_LIVE).await]
        });
        let (address, internal) = (server.address, server.internal);
        let mut ready = Self {
            runtime,
            address,
            internal,
            app,
            drop,
            other_drop,
            foreign_drop,
            log,
            panics,
            _life: house,
            _state: state,
        };
        ready.wait_for_lives();
        ready
    }

    /// The feed has told the mirror of the lives once a snapshot can be had.
    fn wait_for_lives(&mut self) {
        let known = |live: &str| {
            self.app
                .mirror
                .shop_of(&LiveId::new(live).unwrap())
                .is_some()
        };
        while ![LIVE, OTHER_LIVE, FOREIGN_LIVE].into_iter().all(known) {
            std::thread::yield_now();
        }
        let drops = [
            (SHOP, self.drop),
            (SHOP, self.other_drop),
            (FOREIGN_SHOP, self.foreign_drop),
        ];
        for (shop, drop) in drops {
            let shop = ShopId::new(shop).unwrap();
            while self.app.mirror.drop_row(&shop, drop).is_none() {
                std::thread::yield_now();
            }
        }
    }

    /// Runs a case on the house's runtime.
    pub(super) fn run<T>(&self, case: impl Future<Output = T>) -> T {
        self.runtime.block_on(case)
    }

    /// A token as the house itself issues it.
    pub(super) fn token(&self, sub: &str, role: Role) -> String {
        self.token_of(SHOP, sub, role, None)
    }

    /// The same for any shop, narrowed to some lives.
    pub(super) fn token_of(
        &self,
        shop: &str,
        sub: &str,
        role: Role,
        lives: Option<&[&str]>,
    ) -> String {
        let identity = Identity {
            sub: sub.to_owned(),
            shop: shop.to_owned(),
            role,
            lives: lives.map(|lives| lives.iter().map(|&live| live.to_owned()).collect()),
            exp_ms: self.app.clock.now_ms() + 3_600_000,
        };
        self.app.auth.issue(&identity).unwrap()
    }

    /// A drop of its own for a case that closes or changes it.
    pub(super) async fn fresh_drop(&self) -> DropId {
        open_drop(&self.app, SHOP, LIVE).await
    }

    /// Everything that was logged so far.
    pub(super) fn logged(&self) -> String {
        String::from_utf8_lossy(&self.log.0.lock().unwrap()).into_owned()
    }

    /// Nothing has panicked, and a stranger who behaves is still served.
    pub(super) async fn is_well(&self, after: &str) {
        let panics = self.panics.lock().unwrap().clone();
        assert!(panics.is_empty(), "after {after}: {panics:?}");
        assert!(!self.logged().contains("panicked"), "after {after}");
        let token = self.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        let book = book(self.drop);
        let answer = socket.ask(&book).await;
        assert_eq!(answer["type"], "held", "after {after}: {answer}");
    }
}

/// A request for one unit, with an id of its own.
pub(super) fn book(drop: DropId) -> String {
    let id = Uuid::now_v7();
    format!(r#"{{"type":"book","id":"{id}","drop":"{drop}","sku":"{SKU}"}}"#)
}

fn config(state: &std::path::Path) -> Config {
    let mut config = Config::load(None).unwrap();
    state.clone_into(&mut config.state);
    config.listener.listen.set_port(0);
    config.internal.listen.set_port(0);
    config.limits.exempt_loopback = true;
    config.origin.allow = vec!["https://listed.example".into()];
    config.origin.shops = [(SHOP.to_owned(), vec!["https://toko-a.example".to_owned()])].into();
    config.payments.endpoints = vec![EndpointConfig::sandbox(ENDPOINT, SHOP)];
    config.auth.keys = vec![KeyConfig::hs256("k1", Secret::new(SECRET.as_bytes()))];
    config
}

async fn set_up(app: &Shared, shop: &str, live: &str) -> DropId {
    let spec = SkuSpec {
        title: "Kaos polos M".into(),
        image: None,
        price: 50_000,
        active: true,
        preorder: false,
        physical: true,
        track_stock: true,
        components: Vec::new(),
    };
    let (sku, on_hand) = (SkuId::new(SKU).unwrap(), Some(100_000));
    give(
        app,
        shop,
        Command::PutSku {
            sku,
            spec: Arc::new(spec),
            on_hand,
        },
    )
    .await;
    open_live(app, shop, live).await
}

async fn open_live(app: &Shared, shop: &str, live: &str) -> DropId {
    let spec = LiveSpec {
        title: "Siaran".into(),
        lang: "en".into(),
        currency: "IDR".into(),
        accent: None,
        video: Video::None,
        links: Vec::new(),
    };
    let id = LiveId::new(live).unwrap();
    give(
        app,
        shop,
        Command::PutLive {
            live: id,
            spec: Arc::new(spec),
        },
    )
    .await;
    open_drop(app, shop, live).await
}

async fn open_drop(app: &Shared, shop: &str, live: &str) -> DropId {
    let drop = DropId(Uuid::now_v7().as_u128());
    let spec = DropSpec {
        drop,
        live: LiveId::new(live).unwrap(),
        sku: SkuId::new(SKU).unwrap(),
        price: None,
        units: None,
        mode: Mode::Shared,
        opens_at: None,
        ends_at: None,
        per_customer_limit: 0,
        booking_timeout_ms: None,
        pinned: false,
    };
    give(app, shop, Command::OpenDrop(Box::new(spec))).await;
    drop
}

async fn give(app: &Shared, shop: &str, command: Command) {
    let by = Actor {
        role: Actors::Admin,
        name: CustomerId::new("pemilik").unwrap(),
    };
    let request = Request {
        by,
        key: None,
        command,
    };
    let reply = app
        .engine
        .submit(&ShopId::new(shop).unwrap(), request)
        .await
        .unwrap();
    reply.outcome.unwrap();
}

/// Where the log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Keeps every panic that did not begin in a file of these tests.
fn count_panics() -> Arc<Mutex<Vec<String>>> {
    let panics: Arc<Mutex<Vec<String>>> = Arc::default();
    let (kept, told) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let ours = |place: &std::panic::Location<'_>| place.file().starts_with("tests/");
        if !panic.location().is_some_and(ours) {
            kept.lock().unwrap().push(panic.to_string());
        }
        told(panic);
    }));
    panics
}
