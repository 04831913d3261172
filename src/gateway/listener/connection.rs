//! One connection, from its first request to its end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{ListenerConfig, Peer, Proxies};

/// hyper panics below this.
const BUFFER_BYTES_MIN: usize = 8 * 1024;

/// HTTP/1 with every bound set.
pub(super) fn http(config: &ListenerConfig) -> http1::Builder {
    let header_bytes = config.header_bytes_max.max(BUFFER_BYTES_MIN);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_timeout_ms))
        .max_headers(config.headers_max)
        .max_header_size(header_bytes)
        .max_buf_size(header_bytes)
        .keep_alive(true)
        .half_close(false);
    http
}

pub(super) struct Connection {
    pub(super) peer: Peer,
    pub(super) app: Router,
    pub(super) proxies: Arc<Proxies>,
    pub(super) stopping: CancellationToken,
    pub(super) cut: CancellationToken,
}

impl Connection {
    /// Serves requests until either side ends it. An upgraded socket lives on in its own task.
    pub(super) async fn serve(self, http: http1::Builder, stream: TcpStream) {
        let Self {
            peer,
            app,
            proxies,
            stopping,
            cut,
        } = self;
        let socket = peer.socket;
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            let peer = peer.seen_through(request.headers(), &proxies);
            request.extensions_mut().insert(peer);
            app.clone().oneshot(request)
        });
        let mut connection = std::pin::pin!(
            http.serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
        );
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = stopping.cancelled() => {
                connection.as_mut().graceful_shutdown();
                cut.run_until_cancelled(connection.as_mut()).await
            }
        };
        if let Some(Err(error)) = ended {
            tracing::debug!(%socket, %error, "a connection ended early");
        }
    }
}
