//! Who is asking: checks a token and says whose it is (S-07).
//!
//! What counts is in this order, and the first that fails decides: size, shape, header, key,
//! signature, then the claims. The caller learns no more than "not valid" or "expired"; the
//! reason goes to the log. Whether this person may do this thing in this shop is not asked here.

mod claims;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::http::{HeaderMap, header};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use super::keys::{self, KeyConfig, KeySet};
use super::problem::Problem;
use super::upgrade::only;
use crate::clock::Clock;
use claims::Claims;

pub use claims::{Identity, Role};

/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Settings of the door's keys and what tokens must say.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// The keys; two or more at once during a rotation.
    pub keys: Vec<KeyConfig>,
    /// What `iss` has to be, where given.
    pub issuer: Option<String>,
    /// What `aud` has to be or to contain, where given.
    pub audience: Option<String>,
    /// Seconds by which an issuer's clock may differ from ours.
    pub leeway_s: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            issuer: None,
            audience: None,
            leeway_s: 5,
        }
    }
}

/// Why a token is not taken. For the log; the caller gets [`code`](Self::code) and one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than [`TOKEN_BYTES_MAX`] bytes.
    #[error("longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not three parts of base64url with JSON inside, or an algorithm nobody knows (`none`).
    #[error("malformed")]
    Malformed,
    /// A header that would tell us where to find a key, or that we do not understand.
    #[error("header {0} is not allowed")]
    Header(&'static str),
    /// No key of that name, or no name while there are several keys.
    #[error("unknown key")]
    UnknownKey,
    /// Another algorithm than the key is for.
    #[error("algorithm is not the key's")]
    Algorithm,
    /// The signature does not fit.
    #[error("wrong signature")]
    Signature,
    /// A claim is missing, of a wrong type or not possible.
    #[error("claim {0} is missing or not possible")]
    Claim(&'static str),
    /// Another issuer or audience.
    #[error("meant for somebody else: {0}")]
    Foreign(&'static str),
    /// Not yet valid.
    #[error("not valid yet")]
    Early,
    /// No longer valid.
    #[error("expired")]
    Expired,
}

impl Error {
    /// The code the caller is told: `token_expired` or `unauthorized`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Expired => "token_expired",
            _ => "unauthorized",
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Expired => Problem::new(error.code(), "The token has expired."),
            _ => Problem::new(error.code(), "The token is not valid."),
        }
    }
}

/// Checks tokens, and issues them where it holds a secret. A cheap handle.
#[derive(Debug, Clone)]
pub struct Auth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    keys: ArcSwap<KeySet>,
    issuer: Option<String>,
    audience: Option<String>,
    leeway_ms: u64,
    clock: Clock,
}

impl Auth {
    /// Loads the keys; time is told by `clock`.
    pub fn new(config: &AuthConfig, clock: Clock) -> Result<Self, keys::Error> {
        let inner = Inner {
            keys: ArcSwap::from_pointee(KeySet::load(&config.keys)?),
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            leeway_ms: u64::from(config.leeway_s) * 1_000,
            clock,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Puts other keys in the place of the present ones, without a moment between.
    pub fn replace_keys(&self, keys: KeySet) {
        self.inner.keys.store(Arc::new(keys));
    }

    /// Checks a token and says whose it is.
    pub fn verify(&self, token: &str) -> Result<Identity, Error> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::TooLong);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::Malformed)?;
        check_header(&header)?;
        let keys = self.inner.keys.load();
        let key = keys.find(header.kid.as_deref()).ok_or(Error::UnknownKey)?;
        if header.alg != key.algorithm() {
            return Err(Error::Algorithm);
        }
        let claims = jsonwebtoken::decode(token, key.decoding(), &signature_only(key.algorithm()))
            .map_err(|error| reason(error.kind()))?
            .claims;
        self.judge(claims)
    }

    /// Signs a token for `identity` with the first HS256 key: for the demo and `lapak token`.
    pub fn issue(&self, identity: &Identity) -> Result<String, keys::Error> {
        let keys = self.inner.keys.load();
        let (kid, key) = keys.signing()?;
        let header = Header {
            kid: Some(kid.to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let claims = claims::issued(
            identity,
            self.inner.issuer.as_deref(),
            self.inner.audience.as_deref(),
        );
        jsonwebtoken::encode(&header, &claims, key)
            .map_err(|error| keys::Error::Signing(error.to_string()))
    }

    fn judge(&self, claims: serde_json::Value) -> Result<Identity, Error> {
        let claims = Claims::read(claims)?;
        claims.check_meant_for(self.inner.issuer.as_deref(), self.inner.audience.as_deref())?;
        claims.check_time(self.inner.clock.now_ms(), self.inner.leeway_ms)?;
        Ok(claims.into_identity())
    }
}

/// The token of an `Authorization: Bearer` header; `None` when there is no such header at all.
pub fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let value = only(headers, &header::AUTHORIZATION).ok_or(Error::Malformed)?;
    let text = value.to_str().map_err(|_| Error::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(Error::Malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(Some(token.trim()))
    } else {
        Err(Error::Malformed)
    }
}

/// Claims are judged here, by our own clock: the library reads the system's.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// Refuses every header that brings a key along, points to one, or changes how the rest is read.
fn check_header(header: &Header) -> Result<(), Error> {
    let refused = [
        ("jku", header.jku.is_some()),
        ("jwk", header.jwk.is_some()),
        ("x5u", header.x5u.is_some()),
        ("x5c", header.x5c.is_some()),
        ("crit", header.crit.is_some()),
        ("enc", header.enc.is_some()),
        ("zip", header.zip.is_some()),
        ("cty", header.cty.is_some()),
        (
            "typ",
            header
                .typ
                .as_deref()
                .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")),
        ),
    ];
    refused
        .iter()
        .find(|(_, there)| *there)
        .map_or(Ok(()), |(name, _)| Err(Error::Header(name)))
}

fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> Error {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => Error::Signature,
        ErrorKind::InvalidAlgorithm => Error::Algorithm,
        _ => Error::Malformed,
    }
}

#[cfg(test)]
mod tests;
