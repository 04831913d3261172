//! The security headers of every answer, errors included (S-26, S-27).
//!
//! What a page may do depends on its kind. A handler marks its answer with a [`PageKind`] in the
//! response's extensions; one that is not marked is an [`PageKind::Api`] answer, which may do
//! nothing at all.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use serde::{Deserialize, Serialize};

/// What kind of thing an answer is; it decides the content policy and who may embed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageKind {
    /// Data: JSON, events, errors. Nothing in it is ever run.
    Api,
    /// A page of ours that no other site frames: host console, back office, index.
    Page,
    /// A page made to be embedded: viewer page and overlay.
    Overlay,
    /// A script, a style sheet or a picture; `embed.js` is loaded by pages of other origins.
    Asset,
}

/// Settings of the headers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeadersConfig {
    /// Who may frame viewer page and overlay: sources of CSP `frame-ancestors`, for example
    /// `["'self'", "https://shop.example"]`. OBS does not frame and needs nothing here.
    pub frame_ancestors: Vec<String>,
    /// Seconds for which browsers insist on TLS (HSTS); 0 leaves the header out. Browsers ignore
    /// it over plain HTTP, so it does no harm on loopback.
    pub hsts_s: u32,
}

impl Default for HeadersConfig {
    fn default() -> Self {
        Self {
            frame_ancestors: vec!["'self'".to_owned()],
            hsts_s: 31_536_000,
        }
    }
}

/// A setting that makes no header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "headers.frame_ancestors: {0:?} is no CSP source: write 'self', 'none' or scheme://host[:port]"
)]
pub struct Error(String);

/// The headers, made once.
#[derive(Debug, Clone)]
pub struct SecurityHeaders {
    fixed: HeaderMap,
    api: HeaderValue,
    page: HeaderValue,
    overlay: HeaderValue,
}

impl SecurityHeaders {
    /// Builds the headers; refuses a frame ancestor that would change the meaning of the policy.
    pub fn new(config: &HeadersConfig) -> Result<Self, Error> {
        let ancestors = ancestors(&config.frame_ancestors)?;
        let policy =
            |text: String| HeaderValue::try_from(text).map_err(|error| Error(error.to_string()));
        Ok(Self {
            fixed: fixed(config.hsts_s),
            api: HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
            page: policy(format!("{PAGE_POLICY}; frame-ancestors 'self'"))?,
            overlay: policy(format!("{PAGE_POLICY}; frame-ancestors {ancestors}"))?,
        })
    }

    /// Puts the headers on everything `router` answers, its fallbacks too. Call it last.
    pub fn around<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        router.layer(map_response_with_state(self, put))
    }

    /// Puts the headers on one answer. A handler's own `Cache-Control` stays.
    pub fn apply(&self, response: &mut Response) {
        let kind = response
            .extensions()
            .get()
            .copied()
            .unwrap_or(PageKind::Api);
        let headers = response.headers_mut();
        headers.remove(header::SERVER);
        for (name, value) in &self.fixed {
            headers.insert(name, value.clone());
        }
        let policy = match kind {
            PageKind::Api | PageKind::Asset => &self.api,
            PageKind::Page => &self.page,
            PageKind::Overlay => &self.overlay,
        };
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        let resource = match kind {
            PageKind::Asset => "cross-origin",
            PageKind::Api | PageKind::Page | PageKind::Overlay => "same-origin",
        };
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static(resource));
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}

async fn put(State(headers): State<SecurityHeaders>, mut response: Response) -> Response {
    headers.apply(&mut response);
    response
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Everything a page of ours may load. Pictures and video are the shop's, on any HTTPS host;
/// `ws:` is for installations on a local network without TLS.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self' ws: wss: https:; img-src 'self' data: https:; media-src 'self' https: blob:; \
     frame-src https:; base-uri 'none'; object-src 'none'; form-action 'self'";

fn fixed(hsts_s: u32) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if hsts_s > 0 {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts(hsts_s));
    }
    headers
}

fn hsts(seconds: u32) -> HeaderValue {
    HeaderValue::try_from(format!("max-age={seconds}"))
        .unwrap_or(HeaderValue::from_static("max-age=31536000"))
}

fn ancestors(sources: &[String]) -> Result<String, Error> {
    if let Some(bad) = sources.iter().find(|source| !is_source(source)) {
        return Err(Error(bad.clone()));
    }
    Ok(if sources.is_empty() {
        "'none'".to_owned()
    } else {
        sources.join(" ")
    })
}

/// A semicolon or a space would begin another directive or source; a lone `*` is no allow-list.
fn is_source(source: &str) -> bool {
    if source == "'self'" || source == "'none'" {
        return true;
    }
    let host = source
        .strip_prefix("https://")
        .or_else(|| source.strip_prefix("http://"));
    host.is_some_and(|host| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests;
