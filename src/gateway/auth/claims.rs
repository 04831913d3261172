//! What a token says, and what of it is believed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Error;

/// Longest `sub`, `shop`, and name of a live, in characters.
const NAME_MAX: usize = 64;
/// Most lives a token may be narrowed to.
const LIVES_MAX: usize = 64;

/// What a person or a machine is to a shop. It comes from the token and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Watches and books.
    Viewer,
    /// Helps the host: may pause and pin.
    Moderator,
    /// Runs a live.
    Host,
    /// Runs the shop.
    Admin,
    /// A machine of the shop: connector, fulfilment.
    Service,
}

impl Role {
    /// The word of the token.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Moderator => "moderator",
            Self::Host => "host",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        [
            Self::Viewer,
            Self::Moderator,
            Self::Host,
            Self::Admin,
            Self::Service,
        ]
        .into_iter()
        .find(|role| role.as_str() == word)
        .ok_or(Error::Claim("role"))
    }
}

/// Whose token it is, once it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The customer (or the host, the machine): 1 to 64 visible ASCII characters.
    pub sub: String,
    /// The shop it is good for: 1 to 64 visible ASCII characters.
    pub shop: String,
    /// What it may do there.
    pub role: Role,
    /// The only lives it is good for; `None` is all of the shop.
    pub lives: Option<Vec<String>>,
    /// Unix milliseconds after which no command counts any more (S-08).
    pub exp_ms: u64,
}

impl Identity {
    /// Whether the token is good for this live of its shop.
    pub fn may_enter(&self, live: &str) -> bool {
        self.lives
            .as_ref()
            .is_none_or(|lives| lives.iter().any(|known| known == live))
    }

    /// Whether a token that says this would be believed: its names are names.
    pub fn check(&self) -> Result<(), Error> {
        for (claim, text) in [("sub", &self.sub), ("shop", &self.shop)] {
            if !is_name(text) {
                return Err(Error::Claim(claim));
            }
        }
        Ok(())
    }

    /// Whether its time is over at `now_ms`; a connection must then have refreshed it.
    pub fn expired(&self, now_ms: u64) -> bool {
        now_ms > self.exp_ms
    }
}

/// The claims we read. Others (`iat`, `jti`, an issuer's own) mean nothing here.
pub(super) struct Claims {
    identity: Identity,
    nbf_ms: Option<u64>,
    iss: Vec<String>,
    aud: Vec<String>,
}

impl Claims {
    pub(super) fn read(claims: Value) -> Result<Self, Error> {
        let Value::Object(mut claims) = claims else {
            return Err(Error::Malformed);
        };
        let exp_ms = seconds(&claims, "exp")?.ok_or(Error::Claim("exp"))?;
        let nbf_ms = seconds(&claims, "nbf")?;
        let identity = Identity {
            sub: name(&mut claims, "sub")?,
            shop: name(&mut claims, "shop")?,
            role: text(&mut claims, "role")?.parse()?,
            lives: lives(&mut claims)?,
            exp_ms,
        };
        let (iss, aud) = (
            one_or_many(&mut claims, "iss")?,
            one_or_many(&mut claims, "aud")?,
        );
        Ok(Self {
            identity,
            nbf_ms,
            iss,
            aud,
        })
    }

    pub(super) fn check_meant_for(
        &self,
        issuer: Option<&str>,
        audience: Option<&str>,
    ) -> Result<(), Error> {
        for (claim, wanted, said) in [("iss", issuer, &self.iss), ("aud", audience, &self.aud)] {
            if wanted.is_some_and(|wanted| !said.iter().any(|word| word == wanted)) {
                return Err(Error::Foreign(claim));
            }
        }
        Ok(())
    }

    pub(super) fn check_time(&self, now_ms: u64, leeway_ms: u64) -> Result<(), Error> {
        if now_ms > self.identity.exp_ms.saturating_add(leeway_ms) {
            return Err(Error::Expired);
        }
        if self
            .nbf_ms
            .is_some_and(|nbf| nbf > now_ms.saturating_add(leeway_ms))
        {
            return Err(Error::Early);
        }
        Ok(())
    }

    pub(super) fn into_identity(self) -> Identity {
        self.identity
    }
}

/// The claims of a token we issue.
pub(super) fn issued(identity: &Identity, issuer: Option<&str>, audience: Option<&str>) -> Value {
    let mut claims = json!({
        "sub": identity.sub, "shop": identity.shop, "role": identity.role.as_str(),
        "exp": identity.exp_ms / 1_000,
    });
    for (claim, value) in [
        ("iss", issuer.map(Value::from)),
        ("aud", audience.map(Value::from)),
        ("lives", identity.lives.clone().map(Value::from)),
    ] {
        if let Some(value) = value {
            claims[claim] = value;
        }
    }
    claims
}

/// A time as whole seconds, in milliseconds. Fractions are refused: nobody needs them.
fn seconds(claims: &Map<String, Value>, claim: &'static str) -> Result<Option<u64>, Error> {
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_u64().ok_or(Error::Claim(claim))?;
            Ok(Some(seconds.saturating_mul(1_000)))
        }
    }
}

fn text(claims: &mut Map<String, Value>, claim: &'static str) -> Result<String, Error> {
    match claims.remove(claim) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(Error::Claim(claim)),
    }
}

fn name(claims: &mut Map<String, Value>, claim: &'static str) -> Result<String, Error> {
    text(claims, claim).and_then(|text| {
        if is_name(&text) {
            Ok(text)
        } else {
            Err(Error::Claim(claim))
        }
    })
}

/// 1 to 64 visible ASCII characters: no space, no control character, nothing that looks like
/// something else.
fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn lives(claims: &mut Map<String, Value>) -> Result<Option<Vec<String>>, Error> {
    if !claims.contains_key("lives") {
        return Ok(None);
    }
    let refuse = || Error::Claim("lives");
    let Some(Value::Array(lives)) = claims.remove("lives") else {
        return Err(refuse());
    };
    if lives.len() > LIVES_MAX {
        return Err(refuse());
    }
    let known = lives.into_iter().map(|live| match live {
        Value::String(live) if is_name(&live) => Ok(live),
        _ => Err(refuse()),
    });
    known.collect::<Result<_, _>>().map(Some)
}

/// RFC 7519 lets `aud` be a string or a list of strings.
fn one_or_many(claims: &mut Map<String, Value>, claim: &'static str) -> Result<Vec<String>, Error> {
    match claims.remove(claim) {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(many)) => many
            .into_iter()
            .map(|word| word.as_str().map(str::to_owned).ok_or(Error::Claim(claim)))
            .collect(),
        Some(_) => Err(Error::Claim(claim)),
    }
}
