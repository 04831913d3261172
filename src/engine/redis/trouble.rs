//! What can be wrong with a server, and what follows from it.

use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use redis::{ErrorKind, RedisError};

/// Why Redis gave no answer. Each says whether what was asked may still have been done, and what
/// to do next; the texts name no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The primary is another server by now. Find it anew.
    #[error("Redis: the primary is elsewhere: {0}")]
    Moved(String),
    /// It will be better soon: loading, electing, moving a slot, without replicas, out of disk.
    #[error("Redis is not ready: {0}")]
    NotReady(String),
    /// The connection broke, or no answer came in time: nobody knows what became of what was sent.
    #[error("the connection to Redis is lost: {0}")]
    Lost(String),
    /// There was no connection: nothing was sent.
    #[error("no connection to Redis: {0}")]
    Unreachable(String),
    /// The password or the user is wrong, or one is needed.
    #[error("Redis does not let us in; check redis.username and redis.password: {0}")]
    Password(String),
    /// The user may not do this.
    #[error("Redis: the user lacks a permission, see its ACL: {0}")]
    Forbidden(String),
    /// The script is not there (any more). Load it and call again.
    #[error("Redis has forgotten a script")]
    Unloaded,
    /// The server answered with any other error. A script may have stopped in the middle.
    #[error("Redis refused: {0}")]
    Refused(String),
    /// Our own settings are wrong.
    #[error("redis.{key}: {what}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What is wrong with it.
        what: String,
    },
}

impl Trouble {
    /// What an error of a command means: it was on its way.
    pub(super) fn of_call(error: &RedisError) -> Self {
        Self::of(error).unwrap_or_else(|| Self::Lost(error.to_string()))
    }

    /// What an error while connecting means: nothing was asked yet.
    pub(super) fn of_connecting(error: &RedisError) -> Self {
        match Self::of(error) {
            Some(trouble) => trouble,
            None => Self::Unreachable(error.to_string()),
        }
    }

    /// None if no server has said it.
    fn of(error: &RedisError) -> Option<Self> {
        let text = error.to_string();
        Some(match error.kind() {
            ErrorKind::Io | ErrorKind::Parse => return None,
            // The greeting of a server that is full meets our password.
            _ if text.contains("max number of clients") => Self::NotReady(text),
            ErrorKind::AuthenticationFailed => Self::Password(text),
            _ => Self::said(error.code().unwrap_or_default(), text),
        })
    }

    /// What a server's error code means.
    pub(super) fn said(code: &str, text: String) -> Self {
        match code {
            "READONLY" | "MOVED" | "UNBLOCKED" => Self::Moved(text),
            // A slot on its way is back when it has arrived; nobody follows an ASK.
            "ASK" | "TRYAGAIN" | "LOADING" | "CLUSTERDOWN" | "MASTERDOWN" | "NOREPLICAS"
            | "MISCONF" | "BUSY" | "OOM" => Self::NotReady(text),
            "NOAUTH" | "WRONGPASS" => Self::Password(text),
            "NOPERM" => Self::Forbidden(text),
            "NOSCRIPT" => Self::Unloaded,
            // Before version 7 a script's error is wrapped: "… @user_script: 5: -READONLY You …".
            _ => match inner(&text) {
                Some(code) => {
                    let code = code.to_owned();
                    Self::said(&code, text)
                }
                None => Self::Refused(text),
            },
        }
    }

    /// Whether what was asked may have been done. Else it surely was not.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Refused(_))
    }

    /// Whether the connection is of no more use: find the primary and connect anew.
    pub fn ends_connection(&self) -> bool {
        !matches!(
            self,
            Self::NotReady(_) | Self::Unloaded | Self::Refused(_) | Self::Forbidden(_)
        )
    }

    /// Whether waiting alone will not help: somebody has to change a setting, here or there.
    pub fn needs_somebody(&self) -> bool {
        matches!(
            self,
            Self::Password(_) | Self::Forbidden(_) | Self::Setting { .. }
        )
    }

    /// Whether it is over by itself one day: a failover, a restart, a line that broke.
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Moved(_) | Self::NotReady(_) | Self::Lost(_) | Self::Unreachable(_)
        )
    }

    /// A stable word for logs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Moved(_) => "moved",
            Self::NotReady(_) => "not_ready",
            Self::Lost(_) => "lost",
            Self::Unreachable(_) => "unreachable",
            Self::Password(_) => "password",
            Self::Forbidden(_) => "forbidden",
            Self::Unloaded => "unloaded",
            Self::Refused(_) => "refused",
            Self::Setting { .. } => "setting",
        }
    }

    /// The same while connecting: whatever was sent, it was no request of a caller.
    pub(super) fn before_anything_was_asked(self) -> Self {
        match self {
            Self::Lost(text) => Self::Unreachable(text),
            other => other,
        }
    }

    /// The one that tells more: what somebody has to mend, then what a server said.
    pub(super) fn or_worse(self, other: Self) -> Self {
        let weight = |trouble: &Self| match trouble {
            _ if trouble.needs_somebody() => 2,
            Self::Unreachable(_) | Self::Lost(_) => 0,
            _ => 1,
        };
        if weight(&other) > weight(&self) {
            other
        } else {
            self
        }
    }
}

/// The code of an error inside the text of a script's error.
fn inner(text: &str) -> Option<&str> {
    let code = text.split_once(": -")?.1.split(' ').next()?;
    let known = code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    known.then_some(code)
}

/// The shortest pause before a server is asked again.
const PAUSE_LEAST_MS: u64 = 10;
/// The longest one.
const PAUSE_MOST_MS: u64 = 1_000;

/// Pauses between tries: each up to twice as long as the one before, at random, so that nodes
/// that lost their server together do not come back together.
#[derive(Debug, Clone)]
pub struct Pause {
    most_ms: u64,
    random: u64,
}

impl Default for Pause {
    fn default() -> Self {
        let random = std::hash::RandomState::new().build_hasher().finish();
        Self {
            most_ms: PAUSE_LEAST_MS,
            random,
        }
    }
}

impl Pause {
    /// How long to wait now.
    #[expect(clippy::should_implement_trait, reason = "nobody walks through pauses")]
    pub fn next(&mut self) -> Duration {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let half = self.most_ms / 2;
        let pause = half + self.random % (half + 1);
        self.most_ms = (self.most_ms * 2).min(PAUSE_MOST_MS);
        Duration::from_millis(pause)
    }

    /// It works again.
    pub fn reset(&mut self) {
        self.most_ms = PAUSE_LEAST_MS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Trouble {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        Trouble::of_call(&value.extract_error().unwrap_err())
    }

    #[test]
    fn what_servers_say_is_told_apart() {
        let table = [
            (
                "READONLY You can't write against a read only replica.",
                "moved",
            ),
            ("MOVED 3999 127.0.0.1:6381", "moved"),
            (
                "UNBLOCKED force unblock from blocking operation, instance state changed",
                "moved",
            ),
            ("ASK 3999 127.0.0.1:6381", "not_ready"),
            (
                "TRYAGAIN Multiple keys request during rehashing of slot",
                "not_ready",
            ),
            (
                "LOADING Redis is loading the dataset in memory",
                "not_ready",
            ),
            ("CLUSTERDOWN Hash slot not served", "not_ready"),
            ("MASTERDOWN Link with MASTER is down", "not_ready"),
            ("NOREPLICAS Not enough good replicas to write.", "not_ready"),
            (
                "MISCONF Errors writing to the AOF file: No space left on device",
                "not_ready",
            ),
            ("BUSY Redis is busy running a script.", "not_ready"),
            (
                "OOM command not allowed when used memory > 'maxmemory'.",
                "not_ready",
            ),
            ("ERR max number of clients reached", "not_ready"),
            ("NOAUTH Authentication required.", "password"),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                "password",
            ),
            (
                "NOPERM this user has no permissions to run the 'xadd' command",
                "forbidden",
            ),
            ("NOSCRIPT No matching script. Please use EVAL.", "unloaded"),
            (
                "ERR Error running script (call to f_6b): @user_script:1: @user_script: 1: -READONLY You can't write",
                "moved",
            ),
            ("ERR value is not an integer or out of range", "refused"),
            ("EPOCH is another", "refused"),
        ];
        for (line, code) in table {
            let trouble = said(line);
            assert_eq!(trouble.code(), code, "{line}");
            assert_eq!(trouble.is_unknown(), code == "refused", "{line}");
            let lasts = matches!(code, "password" | "forbidden" | "unloaded" | "refused");
            assert_eq!(trouble.passes(), !lasts, "{line}");
            let somebody = matches!(code, "password" | "forbidden");
            assert_eq!(trouble.needs_somebody(), somebody, "{line}");
        }
    }

    /// A time-out is never a refusal.
    #[test]
    fn silence_is_unknown_once_something_was_sent() {
        for kind in [
            std::io::ErrorKind::TimedOut,
            std::io::ErrorKind::BrokenPipe,
            std::io::ErrorKind::UnexpectedEof,
        ] {
            let error = RedisError::from(std::io::Error::from(kind));
            assert!(Trouble::of_call(&error).is_unknown());
            assert!(Trouble::of_call(&error).ends_connection());
            assert!(!Trouble::of_connecting(&error).is_unknown());
        }
    }

    #[test]
    fn what_somebody_has_to_mend_is_told_first() {
        let gone = || Trouble::Unreachable("a".into());
        let wrong = || Trouble::Password("b".into());
        let loading = || Trouble::NotReady("c".into());
        assert_eq!(gone().or_worse(wrong()), wrong());
        assert_eq!(wrong().or_worse(gone()), wrong());
        assert_eq!(gone().or_worse(loading()), loading());
        assert_eq!(loading().or_worse(wrong()), wrong());
    }

    #[test]
    fn pauses_grow_up_to_a_second_and_begin_anew() {
        let mut pause = Pause::default();
        for most in [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000] {
            let ms = pause.next().as_millis();
            assert!((most / 2..=most).contains(&ms), "{ms} of {most}");
        }
        pause.reset();
        assert!(pause.next().as_millis() <= 10);
    }
}
