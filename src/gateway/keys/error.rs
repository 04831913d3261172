//! Why keys cannot be used.

use std::path::PathBuf;

use super::SECRET_BYTES_MIN;

/// Why a set of keys cannot be used. No message holds any part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no key at all.
    #[error("no key is configured: tokens could not be checked")]
    NoKey,
    /// A name that is empty, too long or has other characters.
    #[error("key {0:?}: kid has to be 1 to 64 letters, digits, '.', '_' or '-'")]
    BadKid(String),
    /// Two keys of one name.
    #[error("key {0:?} is configured twice")]
    Twice(String),
    /// None or several of the sources, or one that does not fit the algorithm.
    #[error("key {kid:?}: give exactly one of {wanted}")]
    Source {
        /// The key.
        kid: String,
        /// The fields that fit its algorithm.
        wanted: &'static str,
    },
    /// A file that cannot be read, or is too large to be a key.
    #[error("key {kid:?}: cannot read {path}: {reason}")]
    File {
        /// The key.
        kid: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A secret of fewer than 32 bytes.
    #[error("key {kid:?}: the secret has {bytes} bytes, at least {SECRET_BYTES_MIN} are needed")]
    TooShort {
        /// The key.
        kid: String,
        /// How many it has.
        bytes: usize,
    },
    /// No Ed25519 public key in PEM.
    #[error("key {0:?}: this is no Ed25519 public key in PEM")]
    NoPublicKey(String),
    /// A token is to be signed, but no key here can.
    #[error("no HS256 key is configured: tokens can only be checked here, not issued")]
    CannotSign,
    /// Signing failed.
    #[error("signing failed: {0}")]
    Signing(String),
}
