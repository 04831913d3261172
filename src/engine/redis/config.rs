//! Where Redis is, and what is asked of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::connect::Address;
use super::trouble::Trouble;
use crate::secret::Secret;

/// Settings of the way to Redis.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// How the servers stand together.
    pub mode: Mode,
    /// `redis://host:port`, or `rediss://` for TLS: the server itself, the Sentinels, or some
    /// nodes of the cluster. All with TLS or none.
    pub urls: Vec<String>,
    /// With Sentinel: the name it has for the primary.
    pub master: String,
    /// The user; empty for the default user.
    pub username: String,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// The same in a file of its own.
    pub password_file: Option<PathBuf>,
    /// The user at the Sentinels; empty for the default user.
    pub sentinel_username: String,
    /// The password of the Sentinels, if they have one; it is not that of the servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentinel_password: Option<Secret>,
    /// The same in a file of its own.
    pub sentinel_password_file: Option<PathBuf>,
    /// TLS: who signed the servers' certificates (PEM). Without it, the public authorities.
    pub ca_file: Option<PathBuf>,
    /// TLS: our own certificate (PEM), if the servers ask for one.
    pub cert_file: Option<PathBuf>,
    /// TLS: the key of our certificate (PEM).
    pub key_file: Option<PathBuf>,
    /// What the names of all keys begin with.
    pub prefix: String,
    /// What the servers must do before they say that they have a request.
    pub acknowledge: Acknowledge,
    /// Milliseconds for a connection, with TLS and password.
    pub connect_ms: u64,
    /// Milliseconds an answer is waited for; then what became of it is unknown.
    pub answer_ms: u64,
    /// Milliseconds in which every node may say how far it has come, when Redis has lost something
    /// or is new; nodes notice within half a second.
    pub agree_ms: u64,
    /// Whether a node may refuse by what it knows (sold out, over) without asking the others.
    pub refuse_from_memory: bool,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            mode: Mode::Standalone,
            urls: Vec::new(),
            master: String::new(),
            username: String::new(),
            password: None,
            password_file: None,
            sentinel_username: String::new(),
            sentinel_password: None,
            sentinel_password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            prefix: "lapak".to_owned(),
            acknowledge: Acknowledge::Everysec,
            connect_ms: 2_000,
            answer_ms: 2_000,
            agree_ms: 1_200,
            refuse_from_memory: true,
        }
    }
}

/// How the servers stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One server, or an address that always leads to the primary.
    Standalone,
    /// A primary and replicas, watched by Sentinels.
    Sentinel,
    /// A Redis or Valkey Cluster.
    Cluster,
}

/// What must have happened to a request before the servers say that they have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acknowledge {
    /// It is on the disk of the primary (`appendfsync always`).
    Always,
    /// It is in the file, and on the disk within about a second (`appendfsync everysec`).
    Everysec,
    /// It is in memory.
    Memory,
}

/// A user and password.
#[derive(Debug, Clone)]
pub(super) struct Login {
    pub(super) username: String,
    pub(super) password: Option<Secret>,
}

/// The longest prefix, in bytes: it is part of every key.
const PREFIX_MAX: usize = 32;

impl RedisConfig {
    /// The first setting that cannot be used, and what it has to be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let sentinel = self.mode == Mode::Sentinel;
        let twice = |a: &Option<Secret>, b: &Option<PathBuf>| a.is_some() && b.is_some();
        let password = self.password.is_some() || self.password_file.is_some();
        let of_sentinel = self.sentinel_password.is_some() || self.sentinel_password_file.is_some();
        let addresses: Option<Vec<_>> = self.urls.iter().map(|url| self.address(url)).collect();
        let tls = addresses.iter().flatten().filter(|(_, tls)| *tls).count();
        let tls_files = [&self.ca_file, &self.cert_file, &self.key_file];
        let ms = |n: u64| (50..=60_000).contains(&n);
        let prefix = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        #[rustfmt::skip]
        let checks = [
            ("redis.urls", !self.urls.is_empty() && addresses.is_some(),
                "redis://host:port or rediss://host:port, no user, password or path in it"),
            ("redis.urls", self.mode != Mode::Standalone || self.urls.len() == 1,
                "one address with mode = \"standalone\""),
            ("redis.urls", tls == 0 || tls == self.urls.len(),
                "all redis:// or all rediss://"),
            ("redis.master", sentinel != self.master.is_empty(),
                "given with mode = \"sentinel\", and only then"),
            ("redis.password", !twice(&self.password, &self.password_file),
                "given once: by redis.password or by redis.password_file"),
            ("redis.password", password || self.username.is_empty(),
                "given with redis.username"),
            ("redis.sentinel_password", !twice(&self.sentinel_password, &self.sentinel_password_file),
                "given once: by redis.sentinel_password or by redis.sentinel_password_file"),
            ("redis.sentinel_password", of_sentinel || self.sentinel_username.is_empty(),
                "given with redis.sentinel_username"),
            ("redis.sentinel_password", sentinel || !of_sentinel,
                "given with mode = \"sentinel\" only"),
            ("redis.ca_file", tls > 0 || tls_files.iter().all(|file| file.is_none()),
                "given with rediss:// only, as redis.cert_file and redis.key_file"),
            ("redis.key_file", self.cert_file.is_some() == self.key_file.is_some(),
                "given with redis.cert_file, and only then"),
            ("redis.prefix", (1..=PREFIX_MAX).contains(&self.prefix.len()) && self.prefix.chars().all(prefix),
                "1 to 32 letters, digits, '-', '_' or '.'"),
            ("redis.connect_ms", ms(self.connect_ms), "50 to 60000"),
            ("redis.answer_ms", ms(self.answer_ms), "50 to 60000"),
            ("redis.agree_ms", ms(self.agree_ms), "50 to 60000"),
        ];
        let wrong = checks.into_iter().find(|(_, fits, _)| !fits);
        wrong.map(|(key, _, wanted)| (key, wanted))
    }

    /// Host and port of a URL, and whether it asks for TLS.
    fn address(&self, url: &str) -> Option<(Address, bool)> {
        let (scheme, rest) = url.split_once("://")?;
        let tls = match scheme {
            "redis" => false,
            "rediss" => true,
            _ => return None,
        };
        let port = if self.mode == Mode::Sentinel {
            26_379
        } else {
            6_379
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        Some((Address::parse(rest, port)?, tls))
    }

    /// The addresses given.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let known = self.urls.iter().filter_map(|url| self.address(url));
        known.map(|(address, _)| address).collect()
    }

    /// Whether connections are encrypted.
    pub(super) fn tls(&self) -> bool {
        self.urls.iter().any(|url| url.starts_with("rediss://"))
    }

    /// Who we are at the servers.
    pub(super) fn login(&self) -> Result<Login, Trouble> {
        Ok(Login {
            username: self.username.clone(),
            password: secret(
                "password_file",
                self.password.as_ref(),
                self.password_file.as_deref(),
            )?,
        })
    }

    /// Who we are at the Sentinels.
    pub(super) fn sentinel_login(&self) -> Result<Login, Trouble> {
        Ok(Login {
            username: self.sentinel_username.clone(),
            password: secret(
                "sentinel_password_file",
                self.sentinel_password.as_ref(),
                self.sentinel_password_file.as_deref(),
            )?,
        })
    }
}

/// A secret as given, or from its file.
fn secret(
    key: &'static str,
    given: Option<&Secret>,
    file: Option<&Path>,
) -> Result<Option<Secret>, Trouble> {
    let Some(path) = file else {
        return Ok(given.cloned());
    };
    let bytes = Secret::new(read(key, path)?);
    let text = bytes.expose().trim_ascii();
    if text.is_empty() || std::str::from_utf8(text).is_err() {
        let what = "the file holds no password".to_owned();
        return Err(Trouble::Setting { key, what });
    }
    Ok(Some(Secret::new(text)))
}

/// A file that a setting names.
pub(super) fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, Trouble> {
    std::fs::read(path).map_err(|error| Trouble::Setting {
        key,
        what: format!("cannot be read: {}: {error}", path.display()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> RedisConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn addresses_are_read_and_nothing_else() {
        let config = read(
            "mode = \"cluster\"\nurls = [\"redis://a:7000\", \"redis://b-1.example/\", \
             \"redis://[::1]:7\", \"redis://10.0.0.1\"]",
        );
        assert_eq!(config.fault(), None);
        let addresses = config.addresses();
        let texts: Vec<String> = addresses.iter().map(Address::to_string).collect();
        let known = ["a:7000", "b-1.example:6379", "[::1]:7", "10.0.0.1:6379"];
        assert_eq!(texts, known);
        let sentinel = "mode = \"sentinel\"\nmaster = \"m\"\nurls = [\"rediss://s\"]";
        let sentinel = read(sentinel);
        assert_eq!(sentinel.fault(), None);
        assert!(sentinel.tls());
        assert_eq!(sentinel.addresses()[0].port, 26_379);
        for bad in [
            "a:1",
            "http://a",
            "redis://",
            "redis://a:0",
            "redis://a:65536",
            "redis://a:1/3",
            "redis://user:password@a:1",
            "redis://[::1",
            "redis://[::1]x",
            "redis://a b",
        ] {
            let config = read(&format!("urls = [{bad:?}]"));
            assert_eq!(
                config.fault().map(|(key, _)| key),
                Some("redis.urls"),
                "{bad}"
            );
        }
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let table = [
            ("redis.urls", "urls = []"),
            ("redis.urls", "urls = [\"redis://a\", \"redis://b\"]"),
            (
                "redis.urls",
                "mode = \"cluster\"\nurls = [\"redis://a\", \"rediss://b\"]",
            ),
            (
                "redis.master",
                "mode = \"sentinel\"\nurls = [\"redis://a\"]",
            ),
            ("redis.master", "master = \"m\"\nurls = [\"redis://a\"]"),
            (
                "redis.password",
                "password = \"x\"\npassword_file = \"f\"\nurls = [\"redis://a\"]",
            ),
            ("redis.password", "username = \"u\"\nurls = [\"redis://a\"]"),
            (
                "redis.sentinel_password",
                "sentinel_password = \"x\"\nurls = [\"redis://a\"]",
            ),
            (
                "redis.sentinel_password",
                "sentinel_username = \"x\"\nurls = [\"redis://a\"]",
            ),
            ("redis.ca_file", "ca_file = \"f\"\nurls = [\"redis://a\"]"),
            (
                "redis.key_file",
                "cert_file = \"f\"\nurls = [\"rediss://a\"]",
            ),
            ("redis.prefix", "prefix = \"\"\nurls = [\"redis://a\"]"),
            ("redis.prefix", "prefix = \"a{b}\"\nurls = [\"redis://a\"]"),
            (
                "redis.connect_ms",
                "connect_ms = 49\nurls = [\"redis://a\"]",
            ),
            (
                "redis.answer_ms",
                "answer_ms = 60001\nurls = [\"redis://a\"]",
            ),
        ];
        for (key, text) in table {
            let config = read(text);
            assert_eq!(config.fault().map(|(key, _)| key), Some(key), "{text}");
            let refused = crate::engine::redis::Connector::new(&config).unwrap_err();
            assert_eq!(refused.code(), "setting", "{text}");
            assert!(refused.to_string().starts_with(key), "{refused}");
        }
        assert!(toml::from_str::<RedisConfig>("url = \"redis://a\"").is_err());
        assert!(toml::from_str::<RedisConfig>("acknowledge = \"never\"").is_err());
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let config = read("password = \"buka pintu\"\nurls = [\"redis://a\"]");
        assert!(!format!("{config:?}").contains("buka"));
        assert!(!toml::to_string(&config).unwrap().contains("buka"));
    }
}
