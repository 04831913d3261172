//! Why the server closes a connection, and what the client does then (protocol section 3).

use std::borrow::Cow;

/// A close code with the reason that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The live or the connection ended in the ordinary way.
    Normal,
    /// The server restarts: come back after a random wait, resume.
    Restart,
    /// The node is full or degraded: come back later.
    Full,
    /// The lossless lane overflowed or a write stalled: come back at once, resume.
    TooSlow,
    /// A malformed frame, or one that is too large: do not come back unchanged.
    Malformed,
    /// No or a bad token, or no `connect` in time: get a new token.
    Unauthorized,
    /// Not allowed here: do not come back.
    Forbidden,
    /// No such live: do not come back.
    LiveNotFound,
    /// The token ran out and was not refreshed: get a new one.
    Expired,
    /// Limits were abused: come back after a while.
    Abuse {
        /// Milliseconds to stay away.
        retry_ms: u64,
    },
}

impl Close {
    /// The code.
    pub fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Restart => 1012,
            Self::Full => 1013,
            Self::TooSlow => 4104,
            Self::Malformed => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::LiveNotFound => 4404,
            Self::Expired => 4408,
            Self::Abuse { .. } => 4429,
        }
    }

    /// A word for people who read traces; for [`Self::Abuse`] the wait, which clients read.
    pub fn reason(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Normal => "bye",
            Self::Restart => "restart",
            Self::Full => "full",
            Self::TooSlow => "too slow, resume",
            Self::Malformed => "malformed",
            Self::Unauthorized => "no or bad token",
            Self::Forbidden => "not allowed here",
            Self::LiveNotFound => "no such live",
            Self::Expired => "token expired",
            Self::Abuse { retry_ms } => return Cow::Owned(format!("retry_ms={retry_ms}")),
        })
    }
}
