//! The demo: a shop of its own with a live, drops in a carousel and simulated viewers, on the
//! embedded engine. Its state stays, so that the next start goes on from there.

mod carousel;
mod packer;
mod stage;
mod viewers;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::clock::Clock;
use crate::commands::{Failure, say};
use crate::config::Config;
use crate::gateway::Shared;
use crate::gateway::auth::{Identity, Role};
use crate::lifecycle::{Lifecycle, StopBounds};
use crate::payment::EndpointConfig;
use crate::{server, telemetry};

/// The demo's shop.
pub const SHOP: &str = "toko-melati";
/// The demo's live.
pub const LIVE: &str = "demo";
/// How long the printed tokens are good for: a long evening.
const TOKEN_MS: u64 = 12 * 3_600_000;

/// Options of `lapak demo`.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The demo's own folder.
    #[arg(long, default_value = "demo-state")]
    pub state: PathBuf,
    /// Address and port; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Simulated viewers, 0 to 5000.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=5_000))]
    pub viewers: u32,
    /// Print one line of JSON when ready, instead of links for people.
    #[arg(long)]
    pub json: bool,
}

/// Runs the demo until SIGINT or SIGTERM.
pub async fn run(options: Options) -> Result<(), Failure> {
    let config = config(&options)?;
    telemetry::install_logs(&config.telemetry)
        .map_err(|error| Failure::Config(error.to_string()))?;
    let (clock, house) = (Clock::system(config.clock), Lifecycle::new());
    let server = server::start(&config, &clock, &house)?;
    let app = server.app;
    let stage = stage::set(&app.engine).await?;
    let stopping = house.stopping().clone();
    let (engine, mirror) = (app.engine.clone(), app.mirror.clone());
    let (shop, host) = stage.packer();
    let packing = packer::run(engine.clone(), shop, host, clock.clone(), stopping.clone());
    house.spawn("packer", packing);
    house.spawn(
        "carousel",
        carousel::run(engine, mirror, stage, clock.clone(), stopping),
    );
    announce(&app, server.address, options.json)?;
    for number in 0..options.viewers {
        let sub = viewers::name(number);
        let token = token(&app, &sub, Role::Viewer)?;
        let viewer = viewers::run(server.address, token, number, house.stopping().clone());
        house.spawn_connection("simulated viewer", viewer);
    }
    Ok(house.run(StopBounds::default()).await?)
}

fn config(options: &Options) -> Result<Config, Failure> {
    let mut config = Config::load(None)?;
    config.state.clone_from(&options.state);
    config.listener.listen = options.listen;
    config.internal.listen.set_port(0);
    config.limits.exempt_loopback = true;
    config.payments.endpoints = vec![EndpointConfig::sandbox("sandbox", SHOP)];
    config.telemetry.log_filter = "warn".into();
    Ok(config)
}

fn token(app: &Shared, sub: &str, role: Role) -> Result<String, Failure> {
    let identity = Identity {
        sub: sub.to_owned(),
        shop: SHOP.to_owned(),
        role,
        lives: None,
        exp_ms: app.clock.now_ms() + TOKEN_MS,
    };
    app.auth
        .issue(&identity)
        .map_err(|error| Failure::Config(error.to_string()))
}

/// Says where to go. Tokens stand behind `#`, which no browser sends to a server.
fn announce(app: &Shared, address: SocketAddr, as_json: bool) -> Result<(), Failure> {
    let url = format!("http://{address}");
    let viewer = token(app, "anda", Role::Viewer)?;
    let host = token(app, "melati", Role::Host)?;
    let admin = token(app, "admin", Role::Admin)?;
    let watch = format!("{url}/watch/{LIVE}#token={viewer}");
    let overlay = format!("{url}/overlay/{LIVE}");
    let console = format!("{url}/host/{LIVE}#token={host}");
    let audit = format!("{url}/admin/audit#token={admin}");
    if as_json {
        let line = json!({
            "url": url,
            "shop": SHOP,
            "live": LIVE,
            "tokens": {"viewer": viewer, "host": host, "admin": admin},
            "pages": {"watch": watch, "overlay": overlay, "host": console, "audit": audit},
        });
        say(&line.to_string())?;
    } else {
        say(
            "Lapak demo: Toko Melati is live. Ctrl-C ends it; the next start goes on from here.\n",
        )?;
        say(&format!("  Start here   {url}/"))?;
        say(&format!("  Watch, book  {watch}\n"))?;
        say(&format!("  Host         {console}\n"))?;
        say(&format!("  Audit        {audit}\n"))?;
        say(&format!(
            "  Overlay      {overlay}   (transparent, for OBS)"
        ))?;
    }
    Ok(())
}
