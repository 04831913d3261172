//! Metrics of the door: who is connected, who was turned away, who came back and how.

use super::catalogue::group;
use super::instrument::{Counter, Family, Gauge, Histogram};
use super::label::label;

label! {
    /// Who is behind a connection, as the token says.
    pub enum Role as "role" {
        Guest = "guest",
        Viewer = "viewer",
        Moderator = "moderator",
        Host = "host",
        Admin = "admin",
    }
}

label! {
    /// How a connection is carried.
    pub enum Transport as "transport" {
        WebSocket = "websocket",
        Sse = "sse",
    }
}

label! {
    /// Why the door did not open.
    pub enum RejectReason as "reason" {
        NodeFull = "node_full",
        AddressLimit = "address_limit",
        CustomerLimit = "customer_limit",
        Rate = "rate",
        Origin = "origin",
        Handshake = "handshake",
        Timeout = "timeout",
        Draining = "draining",
        Unauthorized = "unauthorized",
        Other = "other",
    } else Other
}

label! {
    /// What became of the note of a privileged request that was refused at the door.
    pub enum DenialFate as "fate" {
        Noted = "noted",
        TooMany = "too_many",
        Lost = "lost",
    }
}

label! {
    /// How a connection ended: the close code we sent, `client` when the other side closed first,
    /// `lost` when the socket failed.
    pub enum CloseCode as "code" {
        Normal = "1000",
        GoingAway = "1001",
        Restart = "1012",
        Full = "1013",
        Degraded = "4103",
        TooSlow = "4104",
        Malformed = "4400",
        NoToken = "4401",
        Forbidden = "4403",
        NoSuchLive = "4404",
        TokenExpired = "4408",
        Abuse = "4429",
        Client = "client",
        Lost = "lost",
        Other = "other",
    } else Other
}

impl CloseCode {
    /// The label of a close code that we send.
    pub fn from_code(code: u16) -> Self {
        match code {
            1000 => Self::Normal,
            1001 => Self::GoingAway,
            1012 => Self::Restart,
            1013 => Self::Full,
            4103 => Self::Degraded,
            4104 => Self::TooSlow,
            4400 => Self::Malformed,
            4401 => Self::NoToken,
            4403 => Self::Forbidden,
            4404 => Self::NoSuchLive,
            4408 => Self::TokenExpired,
            4429 => Self::Abuse,
            _ => Self::Other,
        }
    }
}

label! {
    /// What a client that came back was given.
    pub enum ResumeResult as "result" {
        Delta = "delta",
        Snapshot = "snapshot",
        Current = "current",
    }
}

group! {
    /// Metrics of connections.
    pub struct Connections {
        /// Connections that are open now, by role and transport.
        open: Family<Gauge, (Role, Transport)> = "lapak_connections", Things;
        /// Connections that got their welcome, by transport.
        opened: Family<Counter, Transport> = "lapak_connections_opened_total", Things;
        /// Connections and upgrades turned away before their welcome, by reason.
        rejected: Family<Counter, RejectReason> = "lapak_connections_rejected_total", Things;
        /// Privileged requests refused at the door, by whether they came into the audit trail: `too_many` of
        /// one caller or shop in a minute, `lost` when the books were away for long.
        denials: Family<Counter, DenialFate> = "lapak_privileged_denied_total", Things;
        /// Welcomed connections that ended, by the close code we sent or by who ended them.
        closed: Family<Counter, CloseCode> = "lapak_connections_closed_total", Things;
        /// Time from accepting the socket to the welcome.
        connect_duration: Histogram = "lapak_connect_duration_seconds", Seconds, LATENCY;
        /// Time from the welcome to the end of a connection.
        lifetime: Histogram = "lapak_connection_lifetime_seconds", Seconds, LIFETIME;
        /// Clients that came back with a position, by what they were given.
        resumes: Family<Counter, ResumeResult> = "lapak_resume_total", Things;
        /// Journal entries between the position a client came back with and now.
        resume_gap: Histogram = "lapak_resume_gap_entries", Things, COUNTS;
        /// Connections closed because they were too slow: the lossless lane overflowed or a write stalled.
        slow_closes: Counter = "lapak_slow_closes_total", Things;
    }
}
