//! Where the books are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Error;

/// The ledger's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Which database.
    pub kind: Kind,
    /// PostgreSQL: `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=…`.
    #[serde(skip_serializing)]
    pub url: Url,
    /// The same in a file of its own.
    pub url_file: Option<PathBuf>,
    /// Whether another machine may be spoken to without TLS: where the network between the two is
    /// nobody else's (S-32).
    pub without_tls: bool,
    /// Whether a start may make the tables and bring them up to date. Off where the role may not:
    /// then `lapak migrate` does it with another role.
    pub migrate: bool,
    /// Most connections for questions of the back office; posting has one of its own.
    pub connections: u32,
    /// Milliseconds a connection or lock is waited for.
    pub timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            kind: Kind::Sqlite,
            url: Url::default(),
            url_file: None,
            without_tls: false,
            migrate: true,
            connections: 4,
            timeout_ms: 5_000,
        }
    }
}

/// A URL with a password in it: shown nowhere.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Url(String);

impl Url {
    /// Takes a URL.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() {
            "none"
        } else {
            "a secret"
        })
    }
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `ledger.sqlite` in the state folder.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Config {
    /// The first setting that cannot be used, and what it has to be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let given = !self.url.0.is_empty() || self.url_file.is_some();
        let postgres = self.kind == Kind::Postgres;
        let checks = [
            (
                "ledger.url",
                given == postgres,
                "given with kind = \"postgres\", and only then",
            ),
            (
                "ledger.url",
                self.url.0.is_empty() || self.url_file.is_none(),
                "given once: by ledger.url or by ledger.url_file",
            ),
            (
                "ledger.connections",
                (1..=100).contains(&self.connections),
                "1 to 100",
            ),
            (
                "ledger.timeout_ms",
                (100..=60_000).contains(&self.timeout_ms),
                "100 to 60000",
            ),
        ];
        let wrong = checks.into_iter().find(|(_, fits, _)| !fits);
        wrong.map(|(key, _, wanted)| (key, wanted))
    }

    /// The URL, from its file if it is there. Errors name the setting and never the secret.
    pub(super) fn url(&self) -> Result<String, Error> {
        let Some(path) = &self.url_file else {
            return Ok(self.url.0.clone());
        };
        let text = std::fs::read_to_string(path).map_err(|error| Error::Setting {
            key: "ledger.url_file",
            wanted: format!("cannot be read: {}: {error}", path.display()),
        })?;
        Ok(text.trim().to_owned())
    }

    /// Checks what the URL says, as far as that can be known without a connection.
    pub fn check(&self) -> Result<(), Error> {
        if self.kind == Kind::Postgres {
            super::db::postgres_options(self)?;
        }
        Ok(())
    }
}
