//! A server of the test's own: the real one, in this process, on a free port, in a folder of its
//! own, on a runtime of its own. Nothing here waits for time to pass: one waits for what is said,
//! up to a generous deadline.

use std::sync::Arc;
use std::time::Duration;

use lapak::clock::Clock;
use lapak::config::Config;
use lapak::domain::{
    Actor, Answer, Command, CustomerId, DropId, LiveId, LiveSpec, Mode, Request, Role as Rank,
    ShopId, SkuId, SkuSpec, Video, command::DropSpec,
};
use lapak::gateway::Shared;
use lapak::gateway::auth::{Identity, Role};
use lapak::lifecycle::{Lifecycle, StopBounds};
use lapak::server;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use uuid::Uuid;

use crate::socket::Socket;

/// The shop of every test.
pub(crate) const SHOP: &str = "toko-melati";
/// Its live.
pub(crate) const LIVE: &str = "malam";
/// How long anything may take that is surely coming.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at every object the server says, wherever it says it.
pub(crate) type Check = fn(&Value);

/// A running server.
pub(crate) struct House {
    /// Its rooms, for what no wire does: seeding.
    pub(crate) app: Shared,
    /// The time it goes by.
    pub(crate) clock: Clock,
    address: std::net::SocketAddr,
    config: Config,
    check: Check,
    dir: Option<TempDir>,
    life: Lifecycle,
    runtime: Option<Runtime>,
}

impl House {
    /// A shop with one live and nothing to sell, rates wide open.
    pub(crate) async fn new(check: Check) -> Self {
        Self::with(check, Clock::default(), |_| ()).await
    }

    /// The same with another clock and other settings.
    pub(crate) async fn with(check: Check, clock: Clock, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::load(None).unwrap();
        config.state = dir.path().join("state");
        config.listener.listen = "127.0.0.1:0".parse().unwrap();
        config.internal.listen = config.listener.listen;
        config.limits.exempt_loopback = true;
        config.limits.bookings_burst = 10_000.try_into().unwrap();
        config.limits.hellos_burst = 10_000.try_into().unwrap();
        config.limits.messages_burst = 10_000.try_into().unwrap();
        change(&mut config);
        let house = Self::start(config, clock, check, dir);
        house
            .seed(Command::PutLive {
                live: live(),
                spec: Arc::new(live_spec()),
            })
            .await;
        house
    }

    fn start(config: Config, clock: Clock, check: Check, dir: TempDir) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let life = Lifecycle::new();
        let started = {
            let _inside = runtime.enter();
            server::start(&config, &clock, &life).unwrap()
        };
        Self {
            app: started.app,
            clock,
            address: started.address,
            config,
            check,
            dir: Some(dir),
            life,
            runtime: Some(runtime),
        }
    }

    /// Asks the house to stop, without waiting.
    pub(crate) fn drain(&self) {
        self.life.stop();
    }

    /// Stops it and waits until everything is on disk; the folder stays.
    async fn stop_here(&mut self) {
        self.life.stop();
        let (life, runtime) = (self.life.clone(), self.runtime.take().unwrap());
        runtime
            .spawn(async move { life.run(StopBounds::default()).await })
            .await
            .unwrap()
            .unwrap();
        runtime.shutdown_background();
    }

    /// Stops it for good.
    pub(crate) async fn stop(mut self) {
        self.stop_here().await;
    }

    /// Stops it and starts it again in the same folder, on another port.
    pub(crate) async fn restart(mut self) -> Self {
        self.stop_here().await;
        let dir = self.dir.take().unwrap();
        Self::start(self.config.clone(), self.clock.clone(), self.check, dir)
    }

    /// Asks the engine as an admin of the shop; must be accepted.
    pub(crate) async fn seed(&self, command: Command) -> Answer {
        let by = Actor {
            role: Rank::Admin,
            name: CustomerId::new("seeder").unwrap(),
        };
        let request = Request {
            by,
            key: None,
            command,
        };
        let shop = ShopId::new(SHOP).unwrap();
        self.app
            .engine
            .submit(&shop, request)
            .await
            .unwrap()
            .outcome
            .unwrap()
    }

    /// A counted SKU with this many units.
    pub(crate) async fn sku(&self, sku: &str, on_hand: u32) {
        let spec = sku_spec(sku);
        self.seed(Command::PutSku {
            sku: SkuId::new(sku).unwrap(),
            spec: Arc::new(spec),
            on_hand: Some(on_hand),
        })
        .await;
    }

    /// An open drop of a SKU; returns its id.
    pub(crate) async fn open(&self, sku: &str, units: Option<u32>) -> String {
        self.open_as(Uuid::now_v7(), sku, units).await
    }

    /// The same under a given id. It is open for everybody when this returns.
    pub(crate) async fn open_as(&self, id: Uuid, sku: &str, units: Option<u32>) -> String {
        let spec = DropSpec {
            drop: DropId(id.as_u128()),
            live: live(),
            sku: SkuId::new(sku).unwrap(),
            price: None,
            units,
            mode: Mode::Shared,
            opens_at: None,
            ends_at: None,
            per_customer_limit: 0,
            booking_timeout_ms: None,
            pinned: false,
        };
        self.seed(Command::OpenDrop(Box::new(spec))).await;
        self.seen(|snapshot| rows(snapshot, "drops").any(|row| row["drop"] == id.to_string()))
            .await;
        id.to_string()
    }

    /// A token of this shop, good for a day.
    pub(crate) fn token(&self, sub: &str, role: Role) -> String {
        self.token_until(sub, role, self.clock.now_ms() + 86_400_000)
    }

    /// The same until a time in Unix milliseconds (whole seconds count).
    pub(crate) fn token_until(&self, sub: &str, role: Role, exp_ms: u64) -> String {
        self.token_of(&Identity {
            sub: sub.into(),
            shop: SHOP.into(),
            role,
            lives: None,
            exp_ms,
        })
    }

    /// A token as it is described.
    pub(crate) fn token_of(&self, identity: &Identity) -> String {
        self.app.auth.issue(identity).unwrap()
    }

    /// An address of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request over HTTP.
    pub(crate) fn http(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        Client::new()
            .request(method, self.url(path))
            .timeout(PATIENCE)
    }

    /// Status and body of a request with a token and a fresh `Idempotency-Key`.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        self.ask_as(Uuid::now_v7(), method, path, token, body).await
    }

    /// The same under a given key.
    pub(crate) async fn ask_as(
        &self,
        id: Uuid,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let request = self
            .http(method, path)
            .bearer_auth(token)
            .header("Idempotency-Key", id.to_string());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        if status == 200 && body.get("id").is_some() {
            (self.check)(&body);
        }
        (status, body)
    }

    /// Status and body of the shop's settings.
    pub(crate) async fn settings(&self, token: &str) -> (u16, Value) {
        let answer = self
            .http(Method::GET, &format!("/v1/shops/{SHOP}/settings"))
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until the snapshot that everybody is shown says so.
    pub(crate) async fn seen(&self, says: impl Fn(&Value) -> bool) {
        let until_so = async {
            loop {
                let path = format!("/v1/lives/{LIVE}/snapshot");
                let answer = self.http(Method::GET, &path).send().await.unwrap();
                if answer.status() == 200
                    && says(&answer.json::<Value>().await.unwrap()["snapshot"])
                {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, until_so)
            .await
            .expect("the snapshot never says so");
    }

    /// Opens a WebSocket to the live and says nothing.
    pub(crate) async fn socket(&self) -> Socket {
        let url = format!("ws://{}/v1/lives/{LIVE}/ws", self.address);
        Socket::open(&url, self.check).await
    }

    /// Opens one and says `connect` with this, and `type` added; the welcome comes with it.
    pub(crate) async fn connect(&self, mut connect: Value) -> (Socket, Value) {
        let mut socket = self.socket().await;
        connect["type"] = json!("connect");
        socket.send(&connect).await;
        let welcome = socket.until("welcome", |m| m["type"] == "welcome").await;
        (socket, welcome)
    }

    /// Somebody of the shop, connected, in English.
    pub(crate) async fn enter(&self, sub: &str, role: Role) -> Socket {
        self.connect(json!({"token": self.token(sub, role), "lang": "en"}))
            .await
            .0
    }
}

/// A test that fails leaves the house standing: it is stopped without waiting.
impl Drop for House {
    fn drop(&mut self) {
        self.life.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The rows of a list of a snapshot.
pub(crate) fn rows<'a>(snapshot: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    snapshot[list]
        .as_array()
        .unwrap_or_else(|| panic!("no {list} in {snapshot}"))
        .iter()
}

/// The live's id.
pub(crate) fn live() -> LiveId {
    LiveId::new(LIVE).unwrap()
}

/// What the shop says of the live.
pub(crate) fn live_spec() -> LiveSpec {
    LiveSpec {
        title: "Malam hijab".into(),
        lang: "id".into(),
        currency: "IDR".into(),
        accent: Some("#e11d48".into()),
        video: Video::Demo,
        links: vec![(
            "Instagram".into(),
            "https://instagram.com/tokomelati".into(),
        )],
    }
}

/// A physical, counted SKU for 99,000.
pub(crate) fn sku_spec(sku: &str) -> SkuSpec {
    SkuSpec {
        title: format!("Title of {sku}").into(),
        image: None,
        price: 99_000,
        active: true,
        preorder: false,
        physical: true,
        track_stock: true,
        components: Vec::new(),
    }
}
