//! Connections to the primary that has a partition. Each is plain and of one use: one for
//! appending, one that waits for what others have appended. Whoever holds one lets it go at the
//! first [`Trouble`] that ends it, waits a [`Pause`](super::Pause) and connects anew; that is how
//! a failover or a moved slot is followed.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, IntoConnectionInfo,
    RedisConnectionInfo, TlsCertificates, Value,
};

use super::config::{Login, Mode, RedisConfig, read};
use super::keys;
use super::trouble::Trouble;
use crate::journal::Partition;

/// A server's host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name, or a literal address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Address {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`, and nothing that has more in it.
    pub(super) fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => text.split_at(text.find(':').unwrap_or(text.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => digits.parse().ok().filter(|port| *port > 0)?,
            None if port.is_empty() => default_port,
            None => return None,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        let fits = !host.is_empty() && host.chars().all(plain);
        let host = host.to_owned();
        fits.then_some(Self { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Calls that are answered at once.
    Call,
    /// Calls that the server may hold back for so many milliseconds.
    Wait {
        /// The longest `BLOCK`.
        block_ms: u64,
    },
}

/// Finds primaries and connects to them; clones share what they have learned.
#[derive(Debug, Clone)]
pub struct Connector {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RedisConfig,
    login: Login,
    sentinel_login: Login,
    /// An address with the TLS settings in it, if there is TLS.
    tls: Option<ConnectionAddr>,
    seeds: Vec<Address>,
    /// Primaries a cluster told of: they are asked when no seed answers.
    learned: Mutex<Vec<Address>>,
    /// Who answered last is asked first.
    first: AtomicUsize,
}

impl Connector {
    /// Reads passwords and certificates; nobody is called yet.
    pub fn new(config: &RedisConfig) -> Result<Self, Trouble> {
        if let Some((key, wanted)) = config.fault() {
            let key = key.strip_prefix("redis.").unwrap_or(key);
            let what = format!("has to be {wanted}");
            return Err(Trouble::Setting { key, what });
        }
        let tls = if config.tls() {
            Some(tls_address(config)?)
        } else {
            None
        };
        Ok(Self {
            shared: Arc::new(Shared {
                login: config.login()?,
                sentinel_login: config.sentinel_login()?,
                tls,
                seeds: config.addresses(),
                learned: Mutex::new(Vec::new()),
                first: AtomicUsize::new(0),
                config: config.clone(),
            }),
        })
    }

    /// The settings it was made with.
    pub fn config(&self) -> &RedisConfig {
        &self.shared.config
    }

    /// Connects to the server that is primary of the partition now: every seed is asked until
    /// one leads to a primary. If none does, the trouble that tells most.
    pub async fn connect(
        &self,
        partition: Partition,
        purpose: Purpose,
    ) -> Result<Connection, Trouble> {
        let seeds = self.seeds();
        let first = self.shared.first.load(Ordering::Relaxed);
        let mut worst = Trouble::Unreachable("nobody to ask".into());
        for step in 0..seeds.len() {
            let at = (first + step) % seeds.len();
            let Some(seed) = seeds.get(at) else { continue };
            match self.by_way_of(seed, partition, purpose).await {
                Ok(connection) => {
                    self.shared.first.store(at, Ordering::Relaxed);
                    return Ok(connection);
                }
                Err(trouble) => {
                    let trouble = trouble.before_anything_was_asked();
                    worst = if step == 0 {
                        trouble
                    } else {
                        worst.or_worse(trouble)
                    };
                }
            }
        }
        Err(worst)
    }

    async fn by_way_of(
        &self,
        seed: &Address,
        partition: Partition,
        purpose: Purpose,
    ) -> Result<Connection, Trouble> {
        let address = match self.shared.config.mode {
            Mode::Standalone => seed.clone(),
            Mode::Sentinel => {
                let mut sentinel = self.open_sentinel(seed).await?;
                super::primary::by_sentinel(&mut sentinel, &self.shared.config.master).await?
            }
            Mode::Cluster => {
                let mut node = self.open(seed, Purpose::Call).await?;
                let slot = keys::slot(partition);
                let (owner, all) = super::primary::by_cluster(&mut node, slot).await?;
                self.learn(all);
                owner
            }
        };
        let mut connection = self.open(&address, purpose).await?;
        super::primary::check_role(&mut connection).await?;
        Ok(connection)
    }

    fn seeds(&self) -> Vec<Address> {
        let mut all = self.shared.seeds.clone();
        let learned = self.shared.learned.lock();
        for address in learned.unwrap_or_else(PoisonError::into_inner).iter() {
            if !all.contains(address) {
                all.push(address.clone());
            }
        }
        all
    }

    fn learn(&self, all: Vec<Address>) {
        let learned = self.shared.learned.lock();
        *learned.unwrap_or_else(PoisonError::into_inner) = all;
    }

    async fn open_sentinel(&self, address: &Address) -> Result<Connection, Trouble> {
        let login = &self.shared.sentinel_login;
        self.open_as(login, address, Purpose::Call).await
    }

    /// Connects to a server, whatever its role is.
    pub(super) async fn open(
        &self,
        address: &Address,
        purpose: Purpose,
    ) -> Result<Connection, Trouble> {
        self.open_as(&self.shared.login, address, purpose).await
    }

    async fn open_as(
        &self,
        login: &Login,
        address: &Address,
        purpose: Purpose,
    ) -> Result<Connection, Trouble> {
        let trouble = |error: redis::RedisError| at(address, Trouble::of_connecting(&error));
        let client = self.client(login, address).map_err(trouble)?;
        let config = &self.shared.config;
        let patience = match purpose {
            Purpose::Call => config.answer_ms,
            Purpose::Wait { block_ms } => config.answer_ms.saturating_add(block_ms),
        };
        let times = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_millis(config.connect_ms)))
            .set_response_timeout(Some(Duration::from_millis(patience)));
        let opened = client.get_multiplexed_async_connection_with_config(&times);
        Ok(Connection {
            line: opened.await.map_err(trouble)?,
            address: Arc::new(address.clone()),
        })
    }

    fn client(&self, login: &Login, address: &Address) -> redis::RedisResult<Client> {
        let (host, port) = (address.host.clone(), address.port);
        let place = match self.shared.tls.clone() {
            Some(ConnectionAddr::TcpTls {
                insecure,
                tls_params,
                ..
            }) => ConnectionAddr::TcpTls {
                host,
                port,
                insecure,
                tls_params,
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        let mut who = RedisConnectionInfo::default().set_skip_set_lib_name();
        if !login.username.is_empty() {
            who = who.set_username(&login.username);
        }
        if let Some(password) = &login.password {
            who = who.set_password(String::from_utf8_lossy(password.expose()));
        }
        let info = place
            .into_connection_info()?
            .set_redis_settings(who)
            .set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Client::open(info)
    }
}

/// An address that carries our certificates.
fn tls_address(config: &RedisConfig) -> Result<ConnectionAddr, Trouble> {
    let file = |key, path: &Option<std::path::PathBuf>| {
        path.as_deref().map(|path| read(key, path)).transpose()
    };
    let root_cert = file("ca_file", &config.ca_file)?;
    let client_cert = file("cert_file", &config.cert_file)?;
    let client_key = file("key_file", &config.key_file)?;
    let client_tls = client_cert
        .zip(client_key)
        .map(|(client_cert, client_key)| ClientTlsConfig {
            client_cert,
            client_key,
        });
    let certificates = TlsCertificates {
        client_tls,
        root_cert,
    };
    let client = Client::build_with_tls("rediss://localhost", certificates);
    let client = client.map_err(|error| Trouble::Setting {
        key: "ca_file",
        what: format!("the certificates cannot be used: {error}"),
    })?;
    Ok(client.get_connection_info().addr().clone())
}

/// The same trouble, with the server's address in it.
fn at(address: &Address, trouble: Trouble) -> Trouble {
    let named = |text: String| format!("{address}: {text}");
    match trouble {
        Trouble::Moved(text) => Trouble::Moved(named(text)),
        Trouble::NotReady(text) => Trouble::NotReady(named(text)),
        Trouble::Lost(text) => Trouble::Lost(named(text)),
        Trouble::Unreachable(text) => Trouble::Unreachable(named(text)),
        Trouble::Password(text) => Trouble::Password(named(text)),
        Trouble::Forbidden(text) => Trouble::Forbidden(named(text)),
        Trouble::Refused(text) => Trouble::Refused(named(text)),
        other @ (Trouble::Unloaded | Trouble::Setting { .. }) => other,
    }
}

/// A connection to one server. Clones share it: what they send goes out in order, and answers
/// come in the same order.
#[derive(Debug, Clone)]
pub struct Connection {
    line: MultiplexedConnection,
    address: Arc<Address>,
}

impl Connection {
    /// Whom it leads to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Asks and waits for the answer. After a trouble that [ends the
    /// connection](Trouble::ends_connection) nothing more may be asked over it: a late answer
    /// would be taken for nobody's, but what was asked may still be done.
    pub async fn call(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        let answer = self.line.req_packed_command(command).await;
        answer
            .and_then(Value::extract_error)
            .map_err(|error| at(&self.address, Trouble::of_call(&error)))
    }
}
