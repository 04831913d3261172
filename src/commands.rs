//! What the command line can do besides the demo: each a function from options to an outcome.

mod audit;
mod import;
mod rebuild;

use std::path::PathBuf;

use clap::Args;

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::engine;
use crate::gateway::auth::{self, Identity, Role};
use crate::gateway::listener;
use crate::jobs::join;
use crate::lifecycle::{self, Lifecycle, StopBounds};
use crate::{catalog, server, telemetry};
pub use audit::{AuditOptions, audit};
pub use import::{ImportOptions, Imported, import, put_all};
pub use rebuild::{RebuildOptions, Rebuilt, migrate, rebuild};

/// How long a token printed by `lapak token` is good for.
const TOKEN_MS: u64 = 24 * 3_600_000;
/// Most tokens of one call.
const TOKENS_MAX: u32 = 100_000;

/// Why a command failed, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for something impossible (64).
    #[error("{0}")]
    Usage(String),
    /// The input file is not what it should be (65).
    #[error("{0}")]
    Data(String),
    /// Files, sockets, threads (74).
    #[error("{0}")]
    Io(String),
    /// The settings (78).
    #[error("{0}")]
    Config(String),
}

impl Failure {
    /// The exit status of sysexits.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Data(_) => 65,
            Self::Io(_) => 74,
            Self::Config(_) => 78,
        }
    }

    /// An error of files, sockets or threads, with its causes.
    pub fn io(error: impl Into<anyhow::Error>) -> Self {
        Self::Io(format!("{:#}", error.into()))
    }
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        Self::Config(error.to_string())
    }
}

impl From<server::Error> for Failure {
    fn from(error: server::Error) -> Self {
        match error {
            server::Error::Keys(_)
            | server::Error::Ledger(_)
            | server::Error::Origin(_)
            | server::Error::Headers(_)
            | server::Error::Payments(_)
            | server::Error::Join(join::Error::Settings(_))
            | server::Error::Setting { .. }
            | server::Error::Listener(listener::Error::Proxy(_)) => Self::Config(error.to_string()),
            server::Error::Engine(_)
            | server::Error::Nodes(_)
            | server::Error::Join(_)
            | server::Error::Settle(_)
            | server::Error::Trim(_)
            | server::Error::Listener(_)
            | server::Error::Loops(_)
            | server::Error::State { .. } => Self::Io(error.to_string()),
        }
    }
}

impl From<engine::Error> for Failure {
    fn from(error: engine::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<lifecycle::Error> for Failure {
    fn from(error: lifecycle::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<catalog::Error> for Failure {
    fn from(error: catalog::Error) -> Self {
        if let catalog::Error::Read(error) = error {
            return Self::Io(format!("cannot read the file: {error}"));
        }
        Self::Data(format!("{}: {error}", error.code()))
    }
}

/// Where the state is: a folder, or the settings that name it.
#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
pub struct StatePlace {
    /// The state folder, with all other settings at their defaults.
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Settings.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

impl StatePlace {
    /// The settings.
    pub fn load(&self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(state) = &self.state {
            config.state.clone_from(state);
        }
        Ok(config)
    }
}

/// `lapak serve`: runs until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> Result<(), Failure> {
    check(&config)?;
    telemetry::install_logs(&config.telemetry)
        .map_err(|error| Failure::Config(error.to_string()))?;
    let (clock, house) = (Clock::system(config.clock), Lifecycle::new());
    let server = server::start(&config, &clock, &house)?;
    tracing::info!(address = %server.address, internal = %server.internal, "serving");
    Ok(house.run(StopBounds::default()).await?)
}

/// `lapak check-config`: everything that can be known without starting.
pub fn check(config: &Config) -> Result<(), Failure> {
    config
        .telemetry
        .check()
        .map_err(|error| Failure::Config(error.to_string()))?;
    Ok(server::check(config)?)
}

/// Options of `lapak token`.
#[derive(Debug, Clone, Args)]
pub struct TokenOptions {
    /// The shop it is good for.
    #[arg(long)]
    shop: String,
    /// viewer, moderator, host, admin or service.
    #[arg(long, default_value = "viewer")]
    role: String,
    /// Whose it is.
    #[arg(long)]
    sub: String,
    /// Print this many, for SUB-1 to SUB-N.
    #[arg(long)]
    count: Option<u32>,
    #[command(flatten)]
    place: StatePlace,
}

/// `lapak token`: one token a line.
pub fn token(options: &TokenOptions) -> Result<(), Failure> {
    let role: Role = options
        .role
        .parse()
        .map_err(|_| Failure::Usage(format!("{:?} is no role", options.role)))?;
    if options.count.is_some_and(|n| n == 0 || n > TOKENS_MAX) {
        return Err(Failure::Usage(format!("--count is 1 to {TOKENS_MAX}")));
    }
    let config = options.place.load()?;
    let clock = Clock::system(config.clock);
    let exp_ms = clock.now_ms() + TOKEN_MS;
    let identity = |sub: String| Identity {
        sub,
        shop: options.shop.clone(),
        role,
        lives: None,
        exp_ms,
    };
    let sub = |n: u32| format!("{}-{n}", options.sub);
    // Checked before a key is made: a wrong word leaves nothing behind. The last name is the longest.
    let longest = options.count.map_or_else(|| options.sub.clone(), sub);
    let usage = |error: auth::Error| Failure::Usage(error.to_string());
    identity(longest).check().map_err(usage)?;
    let auth = server::auth(&config, &clock)?;
    let subs: Vec<String> = match options.count {
        None => vec![options.sub.clone()],
        Some(count) => (1..=count).map(sub).collect(),
    };
    for sub in subs {
        let token = auth
            .issue(&identity(sub))
            .map_err(|error| Failure::Config(error.to_string()))?;
        say(&token)?;
    }
    Ok(())
}

/// Prints a line; whoever was reading may have gone.
pub fn say(line: &str) -> Result<(), Failure> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").map_err(|error| Failure::Io(format!("cannot print: {error}")))
}
