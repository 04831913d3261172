//! Which web pages may talk to us: an exact list of origins, for all and per shop (S-03, S-28).
//!
//! A browser says in `Origin` where a page came from, and a page cannot change it. It has to be
//! one of the list, byte for byte as browsers write it (scheme, host, port; lower case; no default
//! port): no wildcard, no suffix, no pattern. Native apps send no `Origin`; they may come, because
//! what authorises is a bearer token in the first message and never a cookie.

mod cors;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::upgrade::only;

pub use cors::{Cors, ShopOf, cors};

/// Settings of the allow-list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OriginConfig {
    /// Origins whose pages may use every shop here, for example `https://live.example`.
    pub allow: Vec<String>,
    /// Origins whose pages may use one shop: shop id to origins, for `embed.js` on its own site.
    pub shops: HashMap<String, Vec<String>>,
    /// Names (`host` or `host:port`) this installation answers to. Only pages served under one of
    /// them count as our own. Empty: whatever name the request came by, which is right behind a
    /// proxy that checks it, and on loopback.
    pub hosts: Vec<String>,
    /// Whether our own pages come over TLS only, so that `http://` pages of the same name do not
    /// count as ours.
    pub https_only: bool,
}

/// A setting that is no origin, or no host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not `scheme://host[:port]`.
    #[error(
        "{0:?} is no origin: write http(s)://host[:port], lower case, in ASCII (punycode), without path or wildcard"
    )]
    Origin(String),
    /// Not `host[:port]`.
    #[error("{0:?} is no host: write host or host:port, in ASCII")]
    Host(String),
}

/// What the `Origin` of a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// No browser page: a native app, a server, a person with a command line.
    Absent,
    /// On the list, or our own page; the value to name in CORS answers.
    Allowed(HeaderValue),
    /// Anything else.
    Refused,
}

/// The allow-list, a cheap handle.
#[derive(Debug, Clone)]
pub struct Origins {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    allow: HashSet<String>,
    shops: HashMap<String, HashSet<String>>,
    hosts: HashSet<String>,
    https_only: bool,
}

impl Origins {
    /// Reads the settings; each entry has to be an exact origin.
    pub fn new(config: &OriginConfig) -> Result<Self, Error> {
        let list = |origins: &[String]| -> Result<HashSet<String>, Error> {
            origins.iter().map(|origin| canonical(origin)).collect()
        };
        let shops = config
            .shops
            .iter()
            .map(|(shop, origins)| Ok((shop.clone(), list(origins)?)))
            .collect::<Result<_, Error>>()?;
        let hosts = config
            .hosts
            .iter()
            .map(|host| known_host(host))
            .collect::<Result<_, _>>()?;
        let inner = Inner {
            allow: list(&config.allow)?,
            shops,
            hosts,
            https_only: config.https_only,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Judges the `Origin` of a request; `shop` is the shop it is about, once that is known.
    pub fn judge(&self, headers: &HeaderMap, shop: Option<&str>) -> Verdict {
        if !headers.contains_key(header::ORIGIN) {
            return Verdict::Absent;
        }
        let Some(value) = only(headers, &header::ORIGIN) else {
            return Verdict::Refused;
        };
        let Ok(origin) = value.to_str() else {
            return Verdict::Refused;
        };
        if self.listed(origin, shop) || self.own(origin, headers) {
            Verdict::Allowed(value.clone())
        } else {
            Verdict::Refused
        }
    }

    /// As [`judge`](Self::judge), for a handshake or a change: `origin_not_allowed` (403).
    pub fn check(&self, headers: &HeaderMap, shop: Option<&str>) -> Result<(), Problem> {
        match self.judge(headers, shop) {
            Verdict::Absent | Verdict::Allowed(_) => Ok(()),
            Verdict::Refused => Err(refused()),
        }
    }

    /// Whether the request came by a name of ours (S-42): else `misdirected` (421).
    pub fn check_host(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if self.inner.hosts.is_empty() {
            return Ok(());
        }
        match host(headers) {
            Some(host) if self.inner.hosts.contains(&host) => Ok(()),
            _ => Err(Problem::new(
                "misdirected",
                "This server does not answer to that name.",
            )),
        }
    }

    fn listed(&self, origin: &str, shop: Option<&str>) -> bool {
        let of_shop = shop.and_then(|shop| self.inner.shops.get(shop));
        self.inner.allow.contains(origin) || of_shop.is_some_and(|list| list.contains(origin))
    }

    /// A page we served ourselves: its origin is the name the request came by.
    fn own(&self, origin: &str, headers: &HeaderMap) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        let Some(host) = host(headers) else {
            return false;
        };
        let named = self.inner.hosts.is_empty() || self.inner.hosts.contains(&host);
        let default_port = match scheme {
            "https" => ":443",
            "http" if !self.inner.https_only => ":80",
            _ => return false,
        };
        named && authority == host.strip_suffix(default_port).unwrap_or(&host)
    }
}

fn refused() -> Problem {
    Problem::new(
        "origin_not_allowed",
        "Pages of that origin may not do this.",
    )
}

/// The name a request came by, in lower case.
fn host(headers: &HeaderMap) -> Option<String> {
    let host = only(headers, &header::HOST)?.to_str().ok()?;
    is_authority(host).then(|| host.to_ascii_lowercase())
}

fn known_host(host: &str) -> Result<String, Error> {
    let lower = host.to_ascii_lowercase();
    if is_authority(&lower) {
        Ok(lower)
    } else {
        Err(Error::Host(host.to_owned()))
    }
}

/// An origin of the settings as browsers write it: a default port is left out, as they do.
fn canonical(origin: &str) -> Result<String, Error> {
    let refuse = || Error::Origin(origin.to_owned());
    let (scheme, authority) = origin.split_once("://").ok_or_else(refuse)?;
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return Err(refuse()),
    };
    if !is_authority(authority) || authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(refuse());
    }
    Ok(format!(
        "{scheme}://{}",
        authority.strip_suffix(default_port).unwrap_or(authority)
    ))
}

/// `host` or `host:port`, where the host is a name, an IPv4 address or an IPv6 one in brackets.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) if address.parse::<std::net::Ipv6Addr>().is_ok() => (
            "v6",
            if rest.is_empty() {
                None
            } else {
                Some(rest.strip_prefix(':').unwrap_or(""))
            },
        ),
        Some(_) => return false,
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_name && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests;
