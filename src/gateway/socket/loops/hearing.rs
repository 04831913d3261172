//! Reading: what a connection says, and what has it answered.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use bytes::Buf;

use super::errand::{Done, Errand};
use super::turn::Loop;
use crate::broadcast::Keeper;
use crate::gateway::socket::connection::Ear;
use crate::gateway::socket::inbox::Heard;
use crate::gateway::socket::talk::Talk;
use crate::gateway::socket::wheel::{NEVER, turns};
use crate::protocol::{Close, Frame};
use crate::telemetry::CloseCode;

/// Reads of one connection before others are looked at.
const READS_MAX: usize = 4;

/// First byte of a pong.
const PONG: u8 = 0x8a;

/// What came of reading.
enum Reading {
    /// So many bytes are in the buffer.
    Bytes(usize),
    /// Nothing is there now, or nobody is to hear it now.
    Nothing,
    /// The other side is gone.
    Gone,
}

impl Loop {
    /// Hears what waits, then what there is to read, as long as it may be heard.
    pub(super) fn listen(&mut self, name: u64) {
        self.hear_waiting(name);
        for _ in 0..READS_MAX {
            match self.read(name) {
                Reading::Bytes(bytes) => self.hear_read(name, bytes),
                Reading::Nothing => return,
                Reading::Gone => return self.remove(name, CloseCode::Lost),
            }
        }
        self.again.push(name);
    }

    fn read(&mut self, name: u64) -> Reading {
        let Some(connection) = self.connections.get_mut(name) else {
            return Reading::Nothing;
        };
        if !connection.readable || !(connection.is_heard() || connection.is_deaf()) {
            return Reading::Nothing;
        }
        match connection.socket.read(&mut self.buffer) {
            Ok(0) => Reading::Gone,
            Ok(bytes) => {
                // Less than there was room for: all has been read, but for the end if it has come.
                connection.readable = bytes == self.buffer.len() || connection.hung_up;
                Reading::Bytes(bytes)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                connection.readable = false;
                Reading::Nothing
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Reading::Bytes(0),
            Err(_) => Reading::Gone,
        }
    }

    fn hear_read(&mut self, name: u64, bytes: usize) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if connection.is_deaf() {
            return;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        if connection.inbox.waiting.is_empty() {
            let read = buffer.get_mut(..bytes).unwrap_or_default();
            let used = self.understand(name, read);
            if let Some(connection) = self.connections.get_mut(name) {
                let rest = read.get(used..).unwrap_or_default();
                connection.inbox.waiting.extend_from_slice(rest);
            }
        } else {
            let read = buffer.get(..bytes).unwrap_or_default();
            connection.inbox.waiting.extend_from_slice(read);
            self.hear_waiting(name);
        }
        self.buffer = buffer;
    }

    fn hear_waiting(&mut self, name: u64) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if connection.inbox.waiting.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut connection.inbox.waiting);
        let used = self.understand(name, &mut waiting);
        if let Some(connection) = self.connections.get_mut(name)
            && used < waiting.len()
        {
            waiting.advance(used);
            connection.inbox.waiting = waiting;
        }
    }

    /// Hears one thing after the other as long as it may be heard; how many bytes that were.
    fn understand(&mut self, name: u64, bytes: &mut [u8]) -> usize {
        let mut ping = None;
        let used = self.understand_all(name, bytes, &mut ping);
        // Of pings that came together the last one is answered (RFC 6455, 5.5.3).
        if let Some(payload) = ping
            && self.connections.get_mut(name).is_some_and(|c| !c.is_deaf())
        {
            self.control(name, PONG, &payload);
        }
        used
    }

    fn understand_all(&mut self, name: u64, bytes: &mut [u8], ping: &mut Option<Vec<u8>>) -> usize {
        let mut used = 0;
        while let Some(connection) = self.connections.get_mut(name) {
            if connection.is_deaf() {
                return bytes.len();
            }
            let rest = bytes.get_mut(used..).unwrap_or_default();
            if rest.is_empty() || !connection.is_heard() {
                return used;
            }
            let next = connection.inbox.next(rest, connection.longest);
            // A whole frame is a sign of life; a byte now and then is none.
            if next.as_ref().is_ok_and(|(taken, _)| *taken > 0) {
                connection.timers.heard = self.now;
            }
            match next {
                Ok((taken, Some(heard))) => {
                    used += taken;
                    match heard {
                        Heard::Text(text) => self.errand(name, text),
                        Heard::Ping(payload) => *ping = Some(payload),
                        Heard::Pong => {}
                        Heard::Close(payload) => self.end(name, &payload, CloseCode::Client),
                    }
                }
                Ok((taken, None)) => return used + taken,
                Err(_) => self.close(name, Close::Malformed),
            }
        }
        bytes.len()
    }

    /// Has a message answered. Until it has been, no other one is heard.
    fn errand(&mut self, name: u64, text: String) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        let errand = match std::mem::replace(&mut connection.ear, Ear::Busy(None)) {
            Ear::Stranger(stranger) => {
                connection.timers.patience = NEVER;
                let keeper = Keeper::Loop(Arc::clone(&self.post.bell), name);
                Errand::new(&self.post, name, async move {
                    Done::Met(stranger.greet(&text, keeper).await.map(Box::new))
                })
            }
            Ear::Talk(mut talk) => Errand::new(&self.post, name, async move {
                let (frames, end) = talk.hear(&text).await;
                Done::Answered(talk, frames, end)
            }),
            other => {
                connection.ear = other;
                return;
            }
        };
        self.pursue(name, errand);
    }

    /// Goes on with what a connection waits for, and hears on once it is done.
    pub(super) fn go_on(&mut self, name: u64) {
        let connection = self.connections.get_mut(name);
        if let Some(Ear::Busy(errand)) = connection.map(|c| &mut c.ear)
            && let Some(errand) = errand.take()
        {
            self.pursue(name, errand);
            self.listen(name);
        }
    }

    fn pursue(&mut self, name: u64, errand: Errand) {
        match errand.go_on() {
            Ok(Done::Met(Ok(_))) if self.stopping => self.close(name, Close::Restart),
            Ok(Done::Met(Ok(seated))) => self.seat(name, *seated),
            Ok(Done::Met(Err(why))) => self.close(name, why),
            Ok(Done::Answered(talk, frames, end)) => self.answered(name, talk, &frames, end),
            Err(errand) => {
                if let Some(connection) = self.connections.get_mut(name) {
                    connection.ear = Ear::Busy(Some(errand));
                }
            }
        }
    }

    /// Says what was answered.
    pub(super) fn answered(
        &mut self,
        name: u64,
        talk: Box<Talk>,
        frames: &[Frame],
        end: Option<Close>,
    ) {
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if connection.is_deaf() {
            return;
        }
        let left = talk.left_ms().map(std::time::Duration::from_millis);
        connection.timers.expiry = left.map_or(NEVER, |left| self.now.saturating_add(turns(left)));
        connection.ear = Ear::Talk(talk);
        self.attend(name, frames);
        match end {
            Some(why) => self.close(name, why),
            None => self.wind(name),
        }
    }
}
