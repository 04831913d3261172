//! Where notifications arrive: each endpoint of the settings has a name, a shop, rules and
//! secrets of its own.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::inquiry::Inquiry;
use super::notice::Said;
use super::sandbox::{self, Sandbox, Started, Wanted};
use super::standard_webhooks::{self as standard, Headers};
use super::{midtrans, xendit};
use crate::domain::ShopId;
use crate::secret::Secret;

/// Fewest bytes of a server key or token; of `whsec_` secrets the bytes behind it count.
pub const SECRET_BYTES_MIN: usize = 24;
/// Longest name of an endpoint: it stands before the ids of its payments.
const NAME_MAX: usize = 24;
/// A file with a secret is small; a larger one is the wrong file.
const FILE_BYTES_MAX: u64 = 16 * 1024;
/// What stands before the ids of payments that people enter.
const MANUAL: &str = "manual";

/// By which rules notifications of an endpoint are believed and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Standard Webhooks with our own body.
    Standard,
    /// Midtrans.
    Midtrans,
    /// Xendit.
    Xendit,
    /// Our own gateway without money, for demos and tests.
    Sandbox,
}

impl Kind {
    /// The word of the settings; also the name of a gateway in front of ids, but of `standard`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Midtrans => midtrans::NAME,
            Self::Xendit => xendit::NAME,
            Self::Sandbox => sandbox::NAME,
        }
    }
}

/// The section `payments` of the settings.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaymentsConfig {
    /// Where notifications arrive.
    pub endpoints: Vec<EndpointConfig>,
}

/// One endpoint of the settings. Two or more secrets make a rotation.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Last step of its path: 1 to 24 small letters, digits and `-`.
    pub name: String,
    /// Whose payments these are.
    pub shop: String,
    /// By which rules they are believed.
    pub kind: Kind,
    /// The secrets themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// Files with a secret each; white space around it does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_files: Vec<PathBuf>,
    /// The merchant's account at the gateway; notices of another are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl EndpointConfig {
    /// A gateway without money for a shop, with a secret of its own, as the demo and tests make it.
    pub fn sandbox(name: impl Into<String>, shop: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            shop: shop.into(),
            kind: Kind::Sandbox,
            secrets: Vec::new(),
            secret_files: Vec::new(),
            account: None,
        }
    }
}

/// Why endpoints cannot be used. No message holds any part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A name that cannot stand in a path, or belongs to a gateway.
    #[error(
        "payments endpoint {0:?}: name has to be 1 to 24 small letters, digits or '-', and the \
         name of another kind's gateway is taken"
    )]
    Name(String),
    /// Two of one name.
    #[error("payments endpoint {0:?} is configured twice")]
    Twice(String),
    /// No shop's name.
    #[error("payments endpoint {0:?}: shop is no name of a shop")]
    Shop(String),
    /// Without a secret nobody could be believed.
    #[error("payments endpoint {0:?}: give secrets or secret_files")]
    NoSecret(String),
    /// Too short, or not of the form that the kind needs.
    #[error("payments endpoint {name:?}: {wanted}")]
    Secret {
        /// Which endpoint.
        name: String,
        /// What is needed.
        wanted: &'static str,
    },
    /// A file that cannot be read.
    #[error("payments endpoint {name:?}: cannot read {path}: {reason}")]
    File {
        /// Which endpoint.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
}

/// What an endpoint believes by.
enum Keys {
    Standard(standard::Keys),
    Midtrans(Vec<Secret>),
    Xendit(Vec<Secret>),
    Sandbox(Box<Sandbox>),
}

/// One endpoint, ready for use.
pub struct Endpoint {
    name: Box<str>,
    shop: ShopId,
    kind: Kind,
    keys: Keys,
    account: Option<Box<str>>,
}

impl Endpoint {
    fn open(config: &EndpointConfig) -> Result<Self, SettingError> {
        let name = || config.name.clone();
        if !is_name(&config.name, config.kind) {
            return Err(SettingError::Name(name()));
        }
        let shop = ShopId::new(&config.shop).map_err(|_| SettingError::Shop(name()))?;
        Ok(Self {
            name: config.name.as_str().into(),
            shop,
            kind: config.kind,
            keys: keys(config)?,
            account: config.account.as_deref().map(Into::into),
        })
    }

    /// Last step of its path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose payments these are.
    pub fn shop(&self) -> &ShopId {
        &self.shop
    }

    /// By which rules they are believed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What stands before the ids of its payments; also who speaks, towards the engine.
    pub fn gateway(&self) -> &str {
        match self.kind {
            Kind::Standard => &self.name,
            kind => kind.word(),
        }
    }

    /// The gateway without money, if this is one.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        match &self.keys {
            Keys::Sandbox(sandbox) => Some(sandbox),
            _ => None,
        }
    }

    /// Believes and reads one notification. `header` gives a header that came exactly once; `body`
    /// is what came, byte for byte; `now_ms` is a clock that is to be believed (S-46).
    pub fn hear<'h>(
        &self,
        header: impl Fn(&'static str) -> Option<&'h str>,
        body: &[u8],
        now_ms: u64,
    ) -> Result<Said, Error> {
        let id = header("webhook-id");
        let signed = || Headers {
            id,
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
        };
        let said = match &self.keys {
            Keys::Standard(keys) => {
                keys.check(&signed(), body, now_ms)?;
                standard::read(self.gateway(), id, body)
            }
            Keys::Sandbox(sandbox) => {
                sandbox.keys().check(&signed(), body, now_ms)?;
                standard::read(self.gateway(), id, body)
            }
            Keys::Midtrans(keys) => midtrans::read(keys, body),
            Keys::Xendit(tokens) => {
                xendit::check(tokens, header("x-callback-token"))?;
                xendit::read(id.filter(|id| id.len() <= 128), body)
            }
        }?;
        self.ours(said)
    }

    /// A notice that names an account names ours (S-20).
    fn ours(&self, said: Said) -> Result<Said, Error> {
        let Said::Payment(notice) = &said else {
            return Ok(said);
        };
        match (&self.account, &notice.account) {
            (Some(ours), Some(told)) if **ours != **told => Err(Error::NotOurs),
            // Who says which account is meant is not believed when the gateway leaves it out.
            (Some(_), None) => Err(Error::NotOurs),
            _ => Ok(said),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {:?})", self.name, self.shop, self.kind)
    }
}

/// All endpoints.
#[derive(Debug, Default)]
pub struct Gateways {
    endpoints: HashMap<Box<str>, Endpoint>,
}

impl Gateways {
    /// Opens every endpoint, reading files where named.
    pub fn open(config: &PaymentsConfig) -> Result<Self, SettingError> {
        let mut endpoints = HashMap::new();
        for config in &config.endpoints {
            let endpoint = Endpoint::open(config)?;
            if endpoints.insert(endpoint.name.clone(), endpoint).is_some() {
                return Err(SettingError::Twice(config.name.clone()));
            }
        }
        Ok(Self { endpoints })
    }

    /// The endpoint of a name.
    pub fn find(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }

    /// Whether there is a gateway without money: then its buttons are a door.
    pub fn has_sandbox(&self) -> bool {
        self.endpoints
            .values()
            .any(|endpoint| endpoint.sandbox().is_some())
    }

    /// The endpoint of the shop's gateway without money.
    pub fn sandbox_of(&self, shop: &ShopId) -> Option<&Endpoint> {
        let mut found = self.of(shop).into_iter();
        found.find(|one| one.sandbox().is_some())
    }

    /// Starts a payment at the shop's gateway; none if the shop has none that we can start one at.
    /// `random` names it.
    pub fn start(
        &self,
        shop: &ShopId,
        wanted: &Wanted,
        random: u128,
        now_ms: u64,
    ) -> Option<Started> {
        let sandbox = self.sandbox_of(shop)?.sandbox()?;
        sandbox.start(wanted, random, now_ms)
    }

    /// A started payment as its customer was shown it, for a page that comes back.
    pub fn shown(&self, shop: &ShopId, payment: &str) -> Option<Started> {
        self.sandbox_of(shop)?.sandbox()?.shown(payment)
    }

    /// Asks the gateway how a payment stands (S-20, D.5): before an order expires, and on doubt.
    pub fn ask(&self, shop: &ShopId, payment: &str) -> Inquiry {
        let gateway = payment.split('/').next().unwrap_or_default();
        let mut found = self.of(shop).into_iter();
        let endpoint = found.find(|one| one.gateway() == gateway);
        match endpoint.map(Endpoint::sandbox) {
            Some(Some(sandbox)) => sandbox.status(payment).into(),
            Some(None) | None => Inquiry::CannotAsk,
        }
    }

    /// The shop's endpoints, by name.
    fn of(&self, shop: &ShopId) -> Vec<&Endpoint> {
        let mut found: Vec<&Endpoint> = self
            .endpoints
            .values()
            .filter(|endpoint| endpoint.shop == *shop)
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }
}

/// A generic endpoint's name stands before its payments, so it takes no other gateway's.
fn is_name(name: &str, kind: Kind) -> bool {
    let taken = [MANUAL, midtrans::NAME, xendit::NAME, sandbox::NAME];
    (1..=NAME_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && (kind != Kind::Standard || !taken.contains(&name))
}

fn keys(config: &EndpointConfig) -> Result<Keys, SettingError> {
    let mut secrets = config.secrets.clone();
    for path in &config.secret_files {
        let text = read(&config.name, path)?;
        secrets.push(Secret::new(text.expose().trim_ascii()));
    }
    if secrets.is_empty() && config.kind != Kind::Sandbox {
        return Err(SettingError::NoSecret(config.name.clone()));
    }
    let wrong = |wanted| SettingError::Secret {
        name: config.name.clone(),
        wanted,
    };
    let by_scheme = || {
        standard::Keys::new(&secrets)
            .map_err(|_| wrong("a secret is whsec_ and the base64 of at least 24 bytes"))
    };
    let long = || {
        let short = |secret: &Secret| secret.expose().len() < SECRET_BYTES_MIN;
        if secrets.iter().any(short) {
            Err(wrong("a secret has at least 24 bytes"))
        } else {
            Ok(secrets.clone())
        }
    };
    Ok(match config.kind {
        Kind::Standard => Keys::Standard(by_scheme()?),
        Kind::Midtrans => Keys::Midtrans(long()?),
        Kind::Xendit => Keys::Xendit(long()?),
        Kind::Sandbox if secrets.is_empty() => {
            let made = sandbox::secret().ok_or_else(|| wrong("no secret could be made"))?;
            Keys::Sandbox(Box::new(Sandbox::new(made)))
        }
        Kind::Sandbox => Keys::Sandbox(Box::new(Sandbox::new(by_scheme()?))),
    })
}

fn read(name: &str, path: &Path) -> Result<Secret, SettingError> {
    let fail = |reason: String| SettingError::File {
        name: name.to_owned(),
        path: path.to_owned(),
        reason,
    };
    let size = std::fs::metadata(path).map_err(|error| fail(error.to_string()))?;
    if size.len() > FILE_BYTES_MAX {
        return Err(fail(format!(
            "{} bytes are too many for a secret",
            size.len()
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    Ok(Secret::new(bytes))
}

#[cfg(test)]
mod tests;
