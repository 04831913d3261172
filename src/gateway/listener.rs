//! The accept loop: how a stranger's connection begins, is bounded, and ends.
//!
//! Our own on hyper's HTTP/1, because `axum::serve` sets no time-out for headers, so a silent
//! connection would live for ever, and forgets upgraded sockets when it stops.
//!
//! ```text
//! accept ─▶ room on this node? ─▶ room for the address? ─▶ HTTP/1, every step with a bound
//!              └─ 503, closed         └─ 429, closed           ├─ idle or silent for 5 s: closed
//!                                                              └─ upgraded: the task holds its Peer
//! stopping   no more accepts; idle connections close, requests in flight finish
//! after drain_ms, or at the hard stop: whatever is left is cut
//! ```

mod accept;
mod config;
mod connection;
mod peer;
mod proxies;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::limits::{Limited, Limiter, Scope};
use crate::lifecycle::Lifecycle;
use accept::Backoff;
use connection::Connection;

pub use config::ListenerConfig;
pub use peer::{Hold, Peer};
pub use proxies::Proxies;

/// Connections the system keeps for us while we are busy: a live's whole audience comes back at
/// once after a restart.
const BACKLOG: u32 = 4_096;

/// Bytes the system may keep for a client that does not read; it doubles this for its own needs.
/// Left alone it lets megabytes wait, so that some hundred deaf viewers fill a gigabyte of its
/// memory before a write ever stalls. Enough for a page's assets at 200 ms of distance.
const SEND_BUFFER: u32 = 128 * 1024;

/// Why the door could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address of the settings.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A proxy of the settings is no address and no network.
    #[error("listener.proxies: {0:?} is neither an address nor a network such as 10.0.0.0/8")]
    Proxy(String),
}

/// The door, opened: connections wait in it until [`serve`](Self::serve) takes them.
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    config: ListenerConfig,
    proxies: Arc<Proxies>,
    limiter: Limiter,
    lifecycle: Lifecycle,
    on_refused: fn(Scope),
}

impl Listener {
    /// Opens `config.listen`; port 0 picks a free one, see [`address`](Self::address).
    pub fn bind(
        config: ListenerConfig,
        limiter: Limiter,
        lifecycle: Lifecycle,
    ) -> Result<Self, Error> {
        let proxies = Arc::new(Proxies::new(&config.proxies)?);
        let fail = |source| Error::Bind {
            address: config.listen,
            source,
        };
        let tcp = open(config.listen).map_err(fail)?;
        let address = tcp.local_addr().map_err(fail)?;
        Ok(Self {
            tcp,
            address,
            config,
            proxies,
            limiter,
            lifecycle,
            on_refused: |_| {},
        })
    }

    /// Calls `count` for each connection that is refused, for a metric.
    #[must_use]
    pub fn on_refused(mut self, count: fn(Scope)) -> Self {
        self.on_refused = count;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves `app` until the house stops and what was in flight has ended, at most `drain_ms`
    /// later. Every request carries its [`Peer`] as an extension.
    pub async fn serve(self, app: Router) -> Result<(), Error> {
        let open = TaskTracker::new();
        let cut = self.lifecycle.hard().child_token();
        let http = connection::http(&self.config);
        let stopping = self.lifecycle.stopping().clone();
        let mut backoff = Backoff::default();
        while let Some(accepted) = stopping.run_until_cancelled(self.tcp.accept()).await {
            match accepted {
                Ok((stream, address)) => {
                    backoff = Backoff::default();
                    self.take(stream, address, &app, &http, &open, &cut);
                }
                Err(error) => {
                    let pause = backoff.after(&error);
                    tracing::warn!(%error, pause_ms = pause.as_millis(), "cannot accept");
                    let _ = stopping
                        .run_until_cancelled(tokio::time::sleep(pause))
                        .await;
                }
            }
        }
        drop(self.tcp);
        open.close();
        let bound = Duration::from_millis(self.config.drain_ms);
        if timeout(bound, open.wait()).await.is_err() {
            tracing::warn!(connections = open.len(), "cut: the drain is over");
            cut.cancel();
            open.wait().await;
        }
        Ok(())
    }

    fn take(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        app: &Router,
        http: &hyper::server::conn::http1::Builder,
        open: &TaskTracker,
        cut: &CancellationToken,
    ) {
        let peer = match Peer::admit(address, &self.limiter, &self.proxies) {
            Ok(peer) => peer,
            Err(limited) => return self.refuse(stream, limited),
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection was gone before it began");
            return;
        }
        let connection = Connection {
            peer,
            app: app.clone(),
            proxies: Arc::clone(&self.proxies),
            stopping: self.lifecycle.stopping().clone(),
            cut: cut.clone(),
        };
        let served = connection.serve(http.clone(), stream);
        self.lifecycle
            .spawn_connection("connection", open.track_future(served));
    }

    fn refuse(&self, stream: TcpStream, limited: Limited) {
        (self.on_refused)(limited.scope);
        accept::refuse(stream, limited);
    }
}

fn open(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    // Accepted connections inherit it.
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests;
