//! How a connection ends: it is told why, what it still says is not listened to, and whoever does
//! not go is not waited for.

use std::net::Shutdown;

use bytes::Bytes;

use super::turn::Loop;
use crate::gateway::socket::connection::{Connection, Ear, Timers};
use crate::gateway::socket::inbox::Inbox;
use crate::gateway::socket::wheel::TURN;
use crate::protocol::Close;
use crate::protocol::frame::header;
use crate::telemetry::{CloseCode, metrics};

/// First byte of a close frame.
const CLOSE: u8 = 0x88;
/// First byte of a ping.
const PING: u8 = 0x89;

impl Loop {
    /// Closes a connection and says why.
    pub(super) fn close(&mut self, name: u64, why: Close) {
        if why == Close::TooSlow
            && let Some(connection) = self.connections.get_mut(name)
            && !connection.is_deaf()
        {
            metrics().connections.slow_closes.increment();
            connection.outbox.cut();
        }
        let mut payload = why.code().to_be_bytes().to_vec();
        payload.extend_from_slice(why.reason().as_bytes());
        self.end(name, &payload, CloseCode::from_code(why.code()));
    }

    /// Says good-bye, gives back what the connection had, and waits a little for the other side
    /// to go.
    pub(super) fn end(&mut self, name: u64, payload: &[u8], how: CloseCode) {
        self.rise(name);
        let now = self.now;
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if connection.is_deaf() {
            return;
        }
        count(connection, how, now);
        connection.ear = Ear::Deaf;
        connection.inbox = Inbox::default();
        connection.kept.permit = None;
        connection.kept.open = None;
        let due = connection.timers.due;
        connection.timers = Timers::only(now + self.bounds.good_bye, now);
        connection.timers.due = due;
        connection.readable = true;
        self.control(name, CLOSE, payload);
        self.say_no_more(name);
        self.wind(name);
        // What is there to read would turn the good-bye into a reset.
        self.again.push(name);
    }

    /// Says no more to a connection that ends, once its last words have been taken.
    pub(super) fn say_no_more(&mut self, name: u64) {
        if let Some(connection) = self.connections.get_mut(name)
            && connection.is_deaf()
            && connection.outbox.is_clear()
        {
            let _ = connection.socket.shutdown(Shutdown::Write);
        }
    }

    /// Forgets a connection; its socket is closed with it.
    pub(super) fn remove(&mut self, name: u64, how: CloseCode) {
        self.rise(name);
        if let Some(connection) = self.connections.remove(name)
            && !connection.is_deaf()
        {
            count(&connection, how, self.now);
        }
    }

    pub(super) fn ping(&mut self, name: u64) {
        let clear = self
            .connections
            .get_mut(name)
            .is_some_and(|connection| connection.outbox.is_clear());
        // Who does not take what waits already is judged by that.
        if clear {
            self.control(name, PING, &[]);
        }
    }

    /// Says something that is no message.
    pub(super) fn control(&mut self, name: u64, first: u8, payload: &[u8]) {
        let (header, bytes) = header(first, payload.len());
        let mut frame = header.get(..bytes).unwrap_or_default().to_vec();
        frame.extend_from_slice(payload);
        self.write(name, &[Bytes::from(frame)]);
    }
}

fn count(connection: &Connection, how: CloseCode, now: u32) {
    metrics().connections.closed.of(how).increment();
    let lifetime = TURN * now.saturating_sub(connection.kept.came);
    metrics().connections.lifetime.record_duration(lifetime);
}
