//! What every request passes on its way in, and every answer on its way out, in this order:
//!
//! ```text
//! ─▶ security headers ─▶ CORS ─▶ problems ─▶ panics ─▶ Host ─▶ intake ─▶ the router
//!      on all answers     403      one shape     500      421    414 429 408 413
//! ```
//!
//! The intake takes the whole body before a handler runs, so a handler that has begun has all it
//! needs: a body that comes too slowly or too long was surely not acted on.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Version, header};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures_util::StreamExt;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;

use super::headers::SecurityHeaders;
use super::limits::Limiter;
use super::listener::Peer;
use super::origin::{Cors, Origins, ShopOf};
use super::problem::{Problem, as_problem, method_not_allowed, not_found, panicked};
use super::upgrade::only;

/// What stands between the listener and the router.
#[derive(Clone)]
pub struct Edge {
    /// Counts requests per address, and knows the sizes.
    pub limiter: Limiter,
    /// Which pages may come.
    pub origins: Origins,
    /// Finds the shop a path is about.
    pub shop_of: ShopOf,
    /// What is put on every answer.
    pub headers: SecurityHeaders,
}

impl Edge {
    /// Puts everything around `router`, with fallbacks for unknown paths and methods.
    pub fn around<S: Clone + Send + Sync + 'static>(self, router: Router<S>) -> Router<S> {
        let router = router
            .fallback(not_found)
            .method_not_allowed_fallback(method_not_allowed)
            .layer(from_fn_with_state(self.limiter, intake))
            .layer(from_fn_with_state(self.origins.clone(), known_host))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(map_response(as_problem));
        self.headers
            .around(Cors::new(self.origins, self.shop_of).around(router))
    }
}

/// What could mean one thing to a proxy and another to us is refused, and nothing more is read from
/// that line (S-41): two names or none (RFC 9112, 3.2), and a body in other codings than `chunked`
/// once, of which hyper minds only the last.
fn unambiguous(request: &Request) -> Result<(), Problem> {
    let unclear = |what: &'static str| {
        let problem = Problem::new("malformed", what);
        Err(problem.header(header::CONNECTION, HeaderValue::from_static("close")))
    };
    let headers = request.headers();
    let names = headers.get_all(header::HOST).iter().count();
    if names > 1 || (names == 0 && request.version() == Version::HTTP_11) {
        return unclear("A request has one Host.");
    }
    let coded = headers.contains_key(header::TRANSFER_ENCODING);
    let chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if coded && !only(headers, &header::TRANSFER_ENCODING).is_some_and(chunked) {
        return unclear("A body comes plain, or chunked once.");
    }
    Ok(())
}

async fn known_host(State(origins): State<Origins>, request: Request, next: Next) -> Response {
    match unambiguous(&request).and_then(|()| origins.check_host(request.headers())) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn intake(State(limiter): State<Limiter>, request: Request, next: Next) -> Response {
    match take_in(&limiter, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn take_in(limiter: &Limiter, request: Request) -> Result<Request, Problem> {
    let limits = limiter.limits();
    if uri_bytes(&request) > size(limits.uri_bytes_max) {
        return Err(Problem::new("uri_too_long", "The address is too long."));
    }
    if let Some(peer) = request.extensions().get::<Peer>() {
        limiter.check_request(peer.ip)?;
    }
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let bound = Duration::from_millis(limits.body_timeout_ms);
    let bytes = timeout(bound, whole(body, size(limits.body_bytes_max)))
        .await
        .map_err(|_| Problem::new("timeout", "The body took too long to arrive."))??;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The whole body, or why there is none; no more than `most` bytes are ever kept.
async fn whole(body: Body, most: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new("too_large", "The body is larger than this path takes.");
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let (mut frames, mut bytes) = (body.into_data_stream(), BytesMut::new());
    while let Some(frame) = frames.next().await {
        let frame = frame.map_err(|_| Problem::new("malformed", "The body broke off."))?;
        if bytes.len() + frame.len() > most {
            return Err(too_large());
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes.freeze())
}

fn uri_bytes(request: &Request) -> usize {
    request
        .uri()
        .path_and_query()
        .map_or(0, |path| path.as_str().len())
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
