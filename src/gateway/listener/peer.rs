//! Who is at the other end of a connection, and the room it takes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;

use super::proxies::Proxies;
use crate::gateway::limits::{Limited, Limiter, Permit};

/// The other end of a request, an extension of every request.
///
/// It holds the connection's room: a task that goes on after the response (an upgraded socket)
/// keeps it, best by [`hold`](Self::hold), or the connection would no longer be counted.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The other end of the TCP connection: the client, or our proxy.
    pub socket: SocketAddr,
    /// The client's address: behind a configured proxy the one it forwards for.
    pub ip: IpAddr,
    /// Whether the connection comes from a configured proxy.
    pub proxied: bool,
    room: Arc<Room>,
}

#[derive(Debug)]
struct Room {
    _node: Permit,
    /// A proxy's own address is not counted: everybody is behind it.
    _address: Option<Permit>,
}

/// The room of one long-lived connection; dropping it gives the room back.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct Hold {
    _room: Arc<Room>,
    _address: Option<Permit>,
}

impl Peer {
    pub(super) fn admit(
        socket: SocketAddr,
        limiter: &Limiter,
        proxies: &Proxies,
    ) -> Result<Self, Limited> {
        let ip = socket.ip().to_canonical();
        let forwards = proxies.trust(ip);
        let node = limiter.admit_connection()?;
        let address = if forwards {
            None
        } else {
            Some(limiter.admit_address(ip)?)
        };
        let room = Arc::new(Room {
            _node: node,
            _address: address,
        });
        Ok(Self {
            socket,
            ip,
            proxied: forwards,
            room,
        })
    }

    /// The same connection with the address its headers tell, if a proxy of ours wrote them.
    pub(super) fn seen_through(&self, headers: &HeaderMap, proxies: &Proxies) -> Self {
        Self {
            ip: proxies.client(self.socket.ip(), headers),
            ..self.clone()
        }
    }

    /// The room of an upgraded socket or an event stream, to keep as long as it lives. Behind a
    /// proxy the client's own address is counted here, as it was not known at the accept.
    pub fn hold(&self, limiter: &Limiter) -> Result<Hold, Limited> {
        let address = if self.proxied {
            Some(limiter.admit_address(self.ip)?)
        } else {
            None
        };
        Ok(Hold {
            _room: Arc::clone(&self.room),
            _address: address,
        })
    }
}
