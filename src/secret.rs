//! A value that is never shown.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

/// What stands in for a secret wherever one would be shown.
const HIDDEN: &str = "[secret]";

/// Bytes that appear in no log, no printed configuration and no panic (S-30). They are wiped when
/// nobody holds them any more.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Takes the bytes in.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the library that signs with them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether somebody said just this. It takes the same time wherever the first difference is,
    /// and whatever the lengths are: digests are compared.
    pub fn is_said_by(&self, said: &[u8]) -> bool {
        let (ours, theirs) = (digest(&SHA256, &self.0), digest(&SHA256, said));
        verify_slices_are_equal(ours.as_ref(), theirs.as_ref()).is_ok()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(text.into_bytes().into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_the_secret() {
        let secret = Secret::new(*b"buka pintu");
        assert!(secret.is_said_by(b"buka pintu"));
        for other in [&b""[..], b"buka pint", b"buka pintu ", b"Buka pintu"] {
            assert!(!secret.is_said_by(other), "{other:?}");
        }
    }

    #[test]
    fn it_is_not_shown() {
        let secret = Secret::new(*b"buka pintu");
        assert_eq!(format!("{secret:?}"), HIDDEN);
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"[secret]\"");
    }
}
