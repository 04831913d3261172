//! The same checks against the real server, started in this process and kept a little busy.

use std::sync::Arc;

use lapak::clock::Clock;
use lapak::config::Config;
use lapak::domain::{
    Actor, Command, CustomerId, LiveId, LiveSpec, Request, Role, ShopId, SkuId, SkuSpec, Video,
};
use lapak::lifecycle::{Lifecycle, StopBounds};
use lapak::server::{self, Server};

use crate::alerts::check_rules;
use crate::dashboard::check_dashboard;
use crate::tools::run;

/// A server in a folder of its own.
struct Running {
    server: Server,
    house: Lifecycle,
    _folder: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        let mut config = Config::load(None).unwrap();
        config.state = folder.path().to_owned();
        config.listener.listen.set_port(0);
        config.internal.listen.set_port(0);
        let (clock, house) = (Clock::default(), Lifecycle::new());
        let server = server::start(&config, &clock, &house).unwrap();
        let running = Self {
            server,
            house,
            _folder: folder,
        };
        running.stock_a_shelf().await;
        running
    }

    async fn stock_a_shelf(&self) {
        let shop = ShopId::new("toko").unwrap();
        let by = Actor {
            role: Role::Admin,
            name: CustomerId::new("admin").unwrap(),
        };
        let live = LiveSpec {
            title: "live".into(),
            lang: "id".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::None,
            links: Vec::new(),
        };
        let sku = SkuSpec {
            title: "Kaos".into(),
            image: None,
            price: 99_000,
            active: true,
            preorder: false,
            physical: true,
            track_stock: true,
            components: Vec::new(),
        };
        let put_live = Command::PutLive {
            live: LiveId::new("malam").unwrap(),
            spec: Arc::new(live),
        };
        let put_sku = Command::PutSku {
            sku: SkuId::new("KAOS").unwrap(),
            spec: Arc::new(sku),
            on_hand: Some(3),
        };
        for command in [put_live, put_sku] {
            let request = Request {
                by: by.clone(),
                key: None,
                command,
            };
            let reply = self.server.app.engine.submit(&shop, request).await.unwrap();
            reply.outcome.unwrap();
        }
    }

    async fn stop(self) {
        self.house.stop();
        self.house.run(StopBounds::default()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_server_answers_every_query_of_dashboard_and_rules() {
    let running = Running::start().await;
    let target = running.server.internal.to_string();
    check_dashboard(&target).await;
    check_rules(&target).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_servers_metrics_are_clean() {
    let running = Running::start().await;
    let url = format!("http://{}/metrics", running.server.internal);
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert!(page.contains("lapak_decisions_total"), "{page}");
    let (folder, shell) = (
        tempfile::TempDir::new().unwrap(),
        "promtool check metrics < \"$0\"",
    );
    let path = folder.path().join("metrics");
    std::fs::write(&path, page).unwrap();
    let (well, said) = run("sh", "dash", &["-c", shell, path.to_str().unwrap()]);
    assert!(well && said.trim().is_empty(), "{said}");
    running.stop().await;
}
