//! The keys that sign tokens: which there are, and what each may sign.
//!
//! A key pins its algorithm: a token's own word about it never counts. Two or more keys at once
//! make a rotation: add the new one, let issuers use it, remove the old one after the longest
//! lifetime of a token.

mod error;

use std::collections::HashMap;
use std::path::PathBuf;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

pub use crate::secret::Secret;
pub use error::Error;

/// Fewest bytes of an HS256 secret: as many as its hash has (RFC 7518, 3.2).
pub const SECRET_BYTES_MIN: usize = 32;
/// A key file is small; a larger one is the wrong file.
const KEY_FILE_BYTES_MAX: u64 = 16 * 1024;

/// The two algorithms spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyAlgorithm {
    /// HMAC with SHA-256: who verifies can also sign, so for one installation only.
    HS256,
    /// Ed25519: the issuer keeps the private half.
    #[allow(clippy::doc_markdown, reason = "a name of RFC 8037")]
    EdDSA,
}

impl KeyAlgorithm {
    fn of_library(self) -> Algorithm {
        match self {
            Self::HS256 => Algorithm::HS256,
            Self::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// One key of the settings. Exactly one of the four sources is given, and it fits `alg`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// Name of the key, as tokens carry it in `kid`: 1 to 64 letters, digits, `.`, `_`, `-`.
    pub kid: String,
    /// What the key may sign.
    pub alg: KeyAlgorithm,
    /// HS256: the secret itself, at least 32 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// HS256: a file with the secret; white space around it does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_file: Option<PathBuf>,
    /// EdDSA: the public key as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// EdDSA: a file with the public key as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key_file: Option<PathBuf>,
}

impl KeyConfig {
    /// An HS256 key from a secret in memory, as the demo and tests make it.
    pub fn hs256(kid: impl Into<String>, secret: Secret) -> Self {
        Self {
            kid: kid.into(),
            alg: KeyAlgorithm::HS256,
            secret: Some(secret),
            secret_file: None,
            public_key: None,
            public_key_file: None,
        }
    }

    /// An EdDSA key from a public key as PEM.
    pub fn eddsa(kid: impl Into<String>, public_key: impl Into<String>) -> Self {
        Self {
            kid: kid.into(),
            alg: KeyAlgorithm::EdDSA,
            secret: None,
            secret_file: None,
            public_key: Some(public_key.into()),
            public_key_file: None,
        }
    }
}

/// One key, ready for use.
pub struct Key {
    alg: Algorithm,
    decoding: DecodingKey,
    /// Only HS256 keys can sign: of the others we hold the public half.
    encoding: Option<EncodingKey>,
}

impl Key {
    fn load(config: &KeyConfig) -> Result<Self, Error> {
        let alg = config.alg.of_library();
        match config.alg {
            KeyAlgorithm::HS256 => {
                let secret = secret_of(config)?;
                let (decoding, encoding) = (
                    DecodingKey::from_secret(secret.expose()),
                    EncodingKey::from_secret(secret.expose()),
                );
                Ok(Self {
                    alg,
                    decoding,
                    encoding: Some(encoding),
                })
            }
            KeyAlgorithm::EdDSA => {
                let pem = public_key_of(config)?;
                let decoding = DecodingKey::from_ed_pem(pem.trim().as_bytes())
                    .map_err(|_| Error::NoPublicKey(config.kid.clone()))?;
                Ok(Self {
                    alg,
                    decoding,
                    encoding: None,
                })
            }
        }
    }

    /// The only algorithm this key is for.
    pub fn algorithm(&self) -> Algorithm {
        self.alg
    }

    /// The half that checks.
    pub fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// All keys that count at one moment.
pub struct KeySet {
    keys: HashMap<String, Key>,
    /// The first HS256 key of the settings: it signs.
    signing: Option<String>,
}

impl KeySet {
    /// Loads every key, reading files where named.
    pub fn load(configs: &[KeyConfig]) -> Result<Self, Error> {
        let mut keys = HashMap::with_capacity(configs.len());
        let mut signing = None;
        for config in configs {
            check_kid(&config.kid)?;
            let key = Key::load(config)?;
            if signing.is_none() && key.encoding.is_some() {
                signing = Some(config.kid.clone());
            }
            if keys.insert(config.kid.clone(), key).is_some() {
                return Err(Error::Twice(config.kid.clone()));
            }
        }
        if keys.is_empty() {
            Err(Error::NoKey)
        } else {
            Ok(Self { keys, signing })
        }
    }

    /// The key a token names. One that names none is taken to mean the only one there is.
    pub fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match kid {
            Some(kid) => self.keys.get(kid),
            None if self.keys.len() == 1 => self.keys.values().next(),
            None => None,
        }
    }

    /// The key that signs, with its name.
    pub fn signing(&self) -> Result<(&str, &EncodingKey), Error> {
        let kid = self.signing.as_deref().ok_or(Error::CannotSign)?;
        let key = self.keys.get(kid).and_then(|key| key.encoding.as_ref());
        Ok((kid, key.ok_or(Error::CannotSign)?))
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

fn check_kid(kid: &str) -> Result<(), Error> {
    let fits = (1..=64).contains(&kid.len())
        && kid
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if fits {
        Ok(())
    } else {
        Err(Error::BadKid(kid.to_owned()))
    }
}

fn secret_of(config: &KeyConfig) -> Result<Secret, Error> {
    let secret = match (
        &config.secret,
        &config.secret_file,
        &config.public_key,
        &config.public_key_file,
    ) {
        (Some(secret), None, None, None) => secret.clone(),
        (None, Some(path), None, None) => Secret::new(read(&config.kid, path)?.trim().as_bytes()),
        _ => {
            return Err(Error::Source {
                kid: config.kid.clone(),
                wanted: "secret, secret_file",
            });
        }
    };
    let bytes = secret.expose().len();
    if bytes < SECRET_BYTES_MIN {
        return Err(Error::TooShort {
            kid: config.kid.clone(),
            bytes,
        });
    }
    Ok(secret)
}

fn public_key_of(config: &KeyConfig) -> Result<String, Error> {
    match (
        &config.secret,
        &config.secret_file,
        &config.public_key,
        &config.public_key_file,
    ) {
        (None, None, Some(pem), None) => Ok(pem.clone()),
        (None, None, None, Some(path)) => read(&config.kid, path),
        _ => Err(Error::Source {
            kid: config.kid.clone(),
            wanted: "public_key, public_key_file",
        }),
    }
}

fn read(kid: &str, path: &PathBuf) -> Result<String, Error> {
    let fail = |reason: String| Error::File {
        kid: kid.to_owned(),
        path: path.clone(),
        reason,
    };
    let size = std::fs::metadata(path)
        .map_err(|error| fail(error.to_string()))?
        .len();
    if size > KEY_FILE_BYTES_MAX {
        return Err(fail(format!("{size} bytes are too many for a key")));
    }
    std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests;
