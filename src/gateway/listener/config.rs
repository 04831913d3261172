//! Settings of the accept loop.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Where the door is, and the bounds of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListenerConfig {
    /// Address and port; port 0 picks a free one. Plain HTTP: off loopback a proxy in front of it
    /// has to speak TLS.
    pub listen: SocketAddr,
    /// Milliseconds a connection may take over the headers of a request, and may be silent before
    /// its next one: slow and silent strangers hold a socket no longer than this.
    pub header_timeout_ms: u64,
    /// Header lines of one request; a browser sends about twenty.
    pub headers_max: usize,
    /// Bytes of request line and headers; at least 8192. More is 431.
    pub header_bytes_max: usize,
    /// Milliseconds a request in flight has to finish once the server stops.
    pub drain_ms: u64,
    /// Addresses or networks (`10.0.0.0/8`, `fd00::/8`) of our own proxies. Only from them
    /// `X-Forwarded-For` is believed.
    pub proxies: Vec<String>,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            header_timeout_ms: 5_000,
            headers_max: 64,
            header_bytes_max: 16 * 1024,
            drain_ms: 5_000,
            proxies: Vec::new(),
        }
    }
}

impl ListenerConfig {
    /// The first setting that no request could live with, and what it has to be.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.header_timeout_ms == 0 {
            Some(("listener.header_timeout_ms", "more than 0"))
        } else if self.headers_max < HEADERS_MIN {
            Some(("listener.headers_max", "at least 16"))
        } else {
            None
        }
    }
}

/// A handshake of a browser behind a proxy has nearly as many.
const HEADERS_MIN: usize = 16;
