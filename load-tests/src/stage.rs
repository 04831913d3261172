//! The ground a scenario stands on: a shop in a state folder, made through the engine before the
//! server starts; the server's settings; and tokens of the server's own key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use lapak::clock::Clock;
use lapak::config::Config;
use lapak::domain::{
    Actor, Answer, Command, CustomerId, LiveId, LiveSpec, Request, Role, Settings, ShopId, SkuId,
    SkuSpec, Video,
};
use lapak::engine::redis::config::Acknowledge;
use lapak::engine::{self, Engine};
use lapak::gateway::auth::{self, Auth, Identity};
use lapak::lifecycle::{Lifecycle, StopBounds};
use tempfile::TempDir;
use tokio::process::Command as Process;
use tokio::sync::mpsc;

use crate::redis::{Kind, Redis};
use crate::server::Server;
use crate::spent::Spent;
use crate::usage;

/// The shop of every scenario.
pub const SHOP: &str = "toko-uji";
/// Its live.
pub const LIVE: &str = "uji";
/// How long tokens are good for.
const TOKEN_MS: u64 = 6 * 3_600_000;

/// A shop in a folder, and the server that is to serve it.
#[derive(Debug)]
pub struct Ground {
    lapak: PathBuf,
    dir: TempDir,
    auth: Auth,
    clock: Clock,
    redis: Option<Redis>,
}

impl Ground {
    /// A folder with an empty state. `settings` go over the scenarios' own, by section.
    pub fn new(lapak: &Path, settings: &[(&str, &str, u64)]) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("lapak-load-").tempdir()?;
        let state = dir.path().join("state");
        std::fs::create_dir_all(&state)?;
        std::fs::write(dir.path().join("lapak.toml"), toml(&state, settings))?;
        let mut config = Config::load(None)?;
        config.state = state;
        let clock = Clock::default();
        let auth = lapak::server::auth(&config, &clock)?;
        Ok(Self {
            lapak: lapak.to_owned(),
            dir,
            auth,
            clock,
            redis: None,
        })
    }

    /// The same with a Redis of its own, of which the server is the only node.
    pub fn on(mut self, kind: Kind) -> Result<Self> {
        let redis = Redis::start(kind, Acknowledge::Everysec);
        self.add_settings(&redis.section()?)?;
        self.redis = Some(redis);
        Ok(self)
    }

    /// Processor time so far of a server on this ground, and of its Redis.
    pub fn spent(&self, server: &Server) -> Result<Spent> {
        Ok(Spent {
            servers: usage::tree_cpu(server.pid)?,
            redis: self.redis.as_ref().map(Redis::cpu).transpose()?.flatten(),
        })
    }

    /// Where the journal is.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The server's settings.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("lapak.toml")
    }

    /// Adds a section to the server's settings.
    pub fn add_settings(&self, section: &str) -> Result<()> {
        let text = std::fs::read_to_string(self.config())?;
        std::fs::write(self.config(), text + section)?;
        Ok(())
    }

    /// Starts the server on it.
    pub async fn serve(&self) -> Result<Server> {
        Server::start(&self.lapak, &self.config()).await
    }

    /// A token of the shop.
    pub fn token(&self, role: auth::Role, sub: &str) -> Result<String> {
        self.token_until(role, sub, self.clock.now_ms() + TOKEN_MS)
    }

    /// A token that ends at a time.
    pub fn token_until(&self, role: auth::Role, sub: &str, exp_ms: u64) -> Result<String> {
        let identity = Identity {
            sub: sub.to_owned(),
            shop: SHOP.to_owned(),
            role,
            lives: None,
            exp_ms,
        };
        Ok(self.auth.issue(&identity)?)
    }

    /// A token of another shop, by the same key.
    pub fn foreign_token(&self, sub: &str) -> Result<String> {
        let identity = Identity {
            sub: sub.to_owned(),
            shop: "toko-lain".to_owned(),
            role: auth::Role::Viewer,
            lives: None,
            exp_ms: self.clock.now_ms() + TOKEN_MS,
        };
        Ok(self.auth.issue(&identity)?)
    }

    /// Unix milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// Runs `lapak audit`; what it said if it found anything.
    pub async fn audit(&self) -> Result<Option<String>> {
        self.audit_of(&self.config()).await
    }

    /// The same of another server's settings.
    pub async fn audit_of(&self, config: &Path) -> Result<Option<String>> {
        let mut audit = Process::new(&self.lapak);
        audit.args(["audit", "--json", "--config"]).arg(config);
        let run = audit.output().await?;
        if run.status.success() {
            return Ok(None);
        }
        let said = [run.stdout, run.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        Ok(Some(format!("lapak audit: {}: {said}", run.status)))
    }
}

fn toml(state: &Path, settings: &[(&str, &str, u64)]) -> String {
    let mut sections: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    let mut set = |section, key, value: String| {
        sections.entry(section).or_default().insert(key, value);
    };
    set("listener", "listen", "\"127.0.0.1:0\"".into());
    set("internal", "listen", "\"127.0.0.1:0\"".into());
    set("limits", "exempt_loopback", "true".into());
    // A scenario comes back more often than people do; how fast people may book stays as it is.
    set("limits", "hellos_per_min", "6000".into());
    set("limits", "hellos_burst", "1000".into());
    set("telemetry", "log_format", "\"json\"".into());
    set(
        "telemetry",
        "log_filter",
        "\"warn,lapak::commands=info\"".into(),
    );
    for (section, key, value) in settings {
        set(section, key, value.to_string());
    }
    let mut text = format!("state = \"{}\"\n", state.display());
    for (section, keys) in &sections {
        let _ = writeln!(text, "[{section}]");
        for (key, value) in keys {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    text
}

/// The engine in this process, for making a shop and for measuring it alone.
pub struct Bench {
    /// The engine.
    pub engine: Engine,
    house: Lifecycle,
}

impl Bench {
    /// Opens the state in a folder. What is committed is read and thrown away.
    pub fn open(state: &Path, clock: &Clock) -> Result<Self> {
        let house = Lifecycle::new();
        let (entries, mut committed) = mpsc::channel(1_024);
        let opened = engine::open(state)?;
        let engine = opened.start(clock, &house, entries)?;
        house.spawn_core("reader", async move {
            while committed.recv().await.is_some() {}
            Ok::<_, std::convert::Infallible>(())
        });
        Ok(Self { engine, house })
    }

    /// The shop, its live and its SKUs, each with its units; `None` is not counted.
    pub async fn found(&self, settings: Settings, skus: &[(&str, Option<u32>)]) -> Result<()> {
        self.admin(Command::ChangeSettings(Arc::new(settings)))
            .await?;
        let spec = LiveSpec {
            title: "Uji beban".into(),
            lang: "en".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::None,
            links: Vec::new(),
        };
        let live = LiveId::new(LIVE)?;
        let spec = Arc::new(spec);
        self.admin(Command::PutLive { live, spec }).await?;
        for (name, on_hand) in skus {
            self.put_sku(name, *on_hand, None).await?;
        }
        Ok(())
    }

    /// A SKU.
    pub async fn put_sku(
        &self,
        name: &str,
        on_hand: Option<u32>,
        image: Option<&str>,
    ) -> Result<()> {
        let spec = SkuSpec {
            title: format!("Barang {name}").into(),
            image: image.map(Arc::from),
            price: 99_000,
            active: true,
            preorder: false,
            physical: true,
            track_stock: on_hand.is_some(),
            components: Vec::new(),
        };
        let (sku, spec) = (SkuId::new(name)?, Arc::new(spec));
        self.admin(Command::PutSku { sku, spec, on_hand }).await?;
        Ok(())
    }

    /// A command of the shop's admin, which must be accepted.
    pub async fn admin(&self, command: Command) -> Result<Answer> {
        let name = CustomerId::new("admin")?;
        let by = Actor {
            role: Role::Admin,
            name,
        };
        let request = Request {
            by,
            key: None,
            command,
        };
        let shop = ShopId::new(SHOP)?;
        let reply = self.engine.submit(&shop, request).await?;
        reply
            .outcome
            .map_err(|no| anyhow!("refused: {}", no.code()))
    }

    /// Closes the engine as a server that stops does.
    pub async fn close(self) -> Result<()> {
        drop(self.engine);
        self.house.stop();
        let stopped = self.house.run(StopBounds::default()).await;
        stopped.context("the engine did not close")
    }
}

/// As many names as asked for: `name-0`, `name-1`, …
pub fn names(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{name}-{n}")).collect()
}

/// Refuses to begin with more viewers than one server of ours may have: it has this process's limits.
pub fn enough_server_files(viewers: usize) -> Result<()> {
    enough_files(viewers + 200)
}

/// Refuses to begin with more sockets than this process may open.
pub fn enough_files(sockets: usize) -> Result<()> {
    let most = usage::open_files_max();
    let needed = u32::try_from(sockets)
        .unwrap_or(u32::MAX)
        .saturating_add(512);
    ensure!(
        needed <= most,
        "{sockets} sockets need an open-file limit of {needed}, not {most}"
    );
    Ok(())
}
