//! The settings of the process: each room's own section, put together. `config/default.toml` is
//! compiled in and explains every key; a file and the environment go over it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::clock::ClockConfig;
use crate::engine::redis::RedisConfig;
use crate::gateway::GatewayConfig;
use crate::gateway::auth::AuthConfig;
use crate::gateway::headers::HeadersConfig;
use crate::gateway::limits::Limits;
use crate::gateway::listener::ListenerConfig;
use crate::gateway::origin::OriginConfig;
use crate::ledger;
use crate::payment::PaymentsConfig;
use crate::telemetry;

/// The defaults, with their reasons.
pub const DEFAULT: &str = include_str!("../config/default.toml");
/// Variables of the environment that are settings begin with this.
const ENV_PREFIX: &str = "LAPAK__";
/// The longest that the journal can be told to keep entries, in days.
const DAYS_MAX: u32 = 3_650;

/// All settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where journal, snapshots and the token key live.
    pub state: PathBuf,
    /// The public door.
    #[serde(default)]
    pub listener: ListenerConfig,
    /// The door for machines of the house.
    pub internal: InternalConfig,
    /// Tokens.
    #[serde(default)]
    pub auth: AuthConfig,
    /// What a stranger may ask for.
    #[serde(default)]
    pub limits: Limits,
    /// Which pages may come.
    #[serde(default)]
    pub origin: OriginConfig,
    /// Security headers.
    #[serde(default)]
    pub headers: HeadersConfig,
    /// Connections and requests.
    #[serde(default)]
    pub gateway: GatewayConfig,
    /// Payment gateways.
    #[serde(default)]
    pub payments: PaymentsConfig,
    /// Trust in the clock.
    #[serde(default)]
    pub clock: ClockConfig,
    /// The journal.
    #[serde(default)]
    pub journal: JournalConfig,
    /// The books.
    #[serde(default)]
    pub ledger: ledger::Config,
    /// Several nodes on one Redis; without it this process decides alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisConfig>,
    /// Logs.
    #[serde(default)]
    pub telemetry: telemetry::Config,
}

/// The door for machines of the house.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalConfig {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
}

/// How long the journal keeps what it could do without.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalConfig {
    /// Days that entries stay after they were decided, posted or not; 0 = for ever.
    pub keep_days: u32,
    /// Whether what is known to be sold out or over may be refused without an entry. Among nodes
    /// `redis.refuse_from_memory` says so.
    pub refuse_from_memory: bool,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            keep_days: 7,
            refuse_from_memory: true,
        }
    }
}

impl JournalConfig {
    /// The setting that cannot be used, and what it has to be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let fits = self.keep_days <= DAYS_MAX;
        (!fits).then_some(("journal.keep_days", "0 (for ever) to 3650"))
    }

    /// How long entries stay; none = for ever.
    pub fn keep(&self) -> Option<Duration> {
        let days = (self.keep_days > 0).then_some(self.keep_days)?;
        Some(Duration::from_hours(24) * days)
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or says something that is not known here.
    #[error("{place}: {what}")]
    Wrong {
        /// The file, or the environment.
        place: String,
        /// What is wrong, with the key.
        what: String,
    },
}

impl Config {
    /// The defaults, then `file`, then the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Error> {
        let mut all = table(DEFAULT, "config/default.toml")?;
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
                path: path.to_owned(),
                source,
            })?;
            let place = path.display().to_string();
            let over = table(&text, &place)?;
            merge(&mut all, over);
            // Checked here, so that the error names the file.
            read(all.clone(), &place)?;
        }
        // The one place that reads the environment.
        merge(&mut all, environment(std::env::vars_os())?);
        read(all, "environment")
    }

    /// The settings as TOML, secrets left out.
    pub fn print(&self) -> Result<String, Error> {
        toml::to_string_pretty(self).map_err(|error| Error::Wrong {
            place: "settings".into(),
            what: error.to_string(),
        })
    }
}

fn table(text: &str, place: &str) -> Result<Table, Error> {
    text.parse::<Table>().map_err(|error| Error::Wrong {
        place: place.to_owned(),
        what: error.to_string(),
    })
}

fn read(all: Table, place: &str) -> Result<Config, Error> {
    Value::Table(all).try_into().map_err(|error| Error::Wrong {
        place: place.to_owned(),
        what: error.to_string(),
    })
}

fn merge(to: &mut Table, from: Table) {
    for (key, value) in from {
        match (to.get_mut(&key), value) {
            (Some(Value::Table(to)), Value::Table(from)) => merge(to, from),
            (_, value) => {
                to.insert(key, value);
            }
        }
    }
}

/// `LAPAK__LISTENER__LISTEN=0.0.0.0:80` as a table; a value that reads as TOML is that value,
/// any other is text. Variables that are not ours may hold anything.
fn environment(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Table, Error> {
    let mut all = Table::new();
    for (name, text) in vars {
        let name = name.to_string_lossy();
        let Some(path) = name.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        let text = text.into_string().map_err(|_| Error::Wrong {
            place: "environment".to_owned(),
            what: format!("{name} is not UTF-8"),
        })?;
        let value = format!("v = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut t| t.remove("v"));
        let mut value = value.unwrap_or(Value::String(text));
        for key in path.split("__").collect::<Vec<_>>().into_iter().rev() {
            value = Value::Table(Table::from_iter([(key.to_lowercase(), value)]));
        }
        if let Value::Table(table) = value {
            merge(&mut all, table);
        }
    }
    Ok(all)
}
