//! Why a notification is not believed.

/// Why a notification is not believed. No message holds anything of the notification or of a
/// secret (S-37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not signed, or not by a secret of this endpoint.
    #[error("not signed by a secret of this endpoint")]
    BadSignature,
    /// It is signed, but for another time than now.
    #[error("signed more than five minutes before or after now")]
    Stale,
    /// A field that is missing or is not what it should be; `body` for the whole.
    #[error("{0} is not right")]
    Malformed(&'static str),
    /// It speaks of another merchant's account.
    #[error("of another merchant's account")]
    NotOurs,
}

impl Error {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Stale => "stale",
            Self::Malformed(_) => "malformed",
            Self::NotOurs => "not_ours",
        }
    }
}
