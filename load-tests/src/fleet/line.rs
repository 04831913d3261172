//! One connection of a crew: upgrade, greet, then read and check.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::Result;
use hdrhistogram::Histogram;
use mio::net::TcpStream;

use super::frames::{self, BINARY, CLOSE, PING, TEXT, number};
use super::order::{Kind, Order, Tally};
use super::taps::{Tap, left_of};
use crate::raw::header;
use crate::report::micros;

/// How far a line has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not there: it has not begun, it broke, or it was closed.
    Away,
    /// The connection is under way.
    Connecting,
    /// The upgrade was asked for.
    Upgrading,
    /// The greeting was said.
    Greeting,
    /// It hears.
    Watching,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) stream: Option<TcpStream>,
    pub(super) state: State,
    /// When it was to connect, in Unix microseconds.
    pub(super) planned_us: u64,
    /// What came and is not whole yet.
    pending: Vec<u8>,
    /// Epoch and number of the last position seen.
    position: (u64, u64),
    /// The newest change it was shown.
    pub(super) shown: u64,
    pub(super) lossless: u64,
    /// What is left of the drop that is tapped for, as it was shown.
    pub(super) left: u64,
    /// What it asked for.
    pub(super) tap: Option<Box<Tap>>,
    again: bool,
}

/// What all lines of a crew note down.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) tally: Tally,
    pub(super) late: Histogram<u64>,
    pub(super) greeted: Histogram<u64>,
    /// The number of the first change, when it was planned, and the time between two.
    pub(super) plan: Option<(u64, u64, u64)>,
    pub(super) now_us: u64,
    pub(super) answered: Histogram<u64>,
    /// The drop that is tapped for, in quotes.
    pub(super) drop: Option<Vec<u8>>,
}

impl Default for Notes {
    fn default() -> Self {
        let (late, greeted, answered) = (micros(), micros(), micros());
        Self {
            tally: Tally::default(),
            late,
            greeted,
            plan: None,
            now_us: 0,
            answered,
            drop: None,
        }
    }
}

/// What reading came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// What there was.
    Read,
    /// It is greeted now.
    Welcome,
    /// It is over, or was turned away.
    Over,
}

impl Line {
    pub(super) fn new() -> Self {
        Self {
            stream: None,
            state: State::Away,
            planned_us: 0,
            pending: Vec::new(),
            position: (0, 0),
            shown: 0,
            lossless: 0,
            left: u64::MAX,
            tap: None,
            again: false,
        }
    }

    /// Lets go without a word; it will go on from where it was.
    pub(super) fn cut(&mut self) {
        self.stream = None;
        self.state = State::Away;
        self.pending = Vec::new();
        self.again = true;
    }

    /// The connection stands: asks for the upgrade.
    pub(super) fn upgrade(&mut self, path: &str, to: SocketAddr) -> Result<()> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {to}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.state = State::Upgrading;
        self.write(request.as_bytes())
    }

    /// Says something.
    pub(super) fn say(&mut self, text: &str) -> Result<()> {
        let mut frame = header(TEXT, text.len());
        frame.extend_from_slice(text.as_bytes());
        self.write(&frame)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = self.stream.as_mut();
        // What a client says here is a few hundred bytes into an empty buffer.
        stream.map_or(Ok(()), |stream| stream.write_all(bytes))?;
        Ok(())
    }

    /// Reads what there is.
    pub(super) fn read(
        &mut self,
        order: &Order,
        hello: &str,
        room: &mut [u8],
        notes: &mut Notes,
    ) -> Result<Came> {
        let before = self.state;
        loop {
            let Some(stream) = self.stream.as_mut() else {
                return Ok(Came::Over);
            };
            let count = match stream.read(room) {
                Ok(0) => return Ok(Came::Over),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Ok(Came::Over),
            };
            if !self.take(order, hello, &room[..count], notes)? {
                return Ok(Came::Over);
            }
        }
        let now_greeted = self.state == State::Watching && before != State::Watching;
        Ok(if now_greeted {
            Came::Welcome
        } else {
            Came::Read
        })
    }

    /// Takes bytes in; false if the line is over.
    fn take(
        &mut self,
        order: &Order,
        hello: &str,
        bytes: &[u8],
        notes: &mut Notes,
    ) -> Result<bool> {
        let joined;
        let mut rest = if self.pending.is_empty() {
            bytes
        } else {
            self.pending.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.pending);
            &joined
        };
        if self.state == State::Upgrading {
            let end = rest.windows(4).position(|part| part == b"\r\n\r\n");
            let Some(end) = end else {
                self.pending = rest.to_vec();
                return Ok(true);
            };
            if !rest.starts_with(b"HTTP/1.1 101") {
                return Ok(false);
            }
            rest = &rest[end + 4..];
            self.greet(order.kind, hello, notes)?;
        }
        let mut open = true;
        let mut pings = Vec::new();
        let taken = frames::whole(rest, |opcode, payload| match opcode {
            TEXT | BINARY => self.frame(order.kind, payload, notes),
            PING => pings.push(payload.to_vec()),
            CLOSE => open = false,
            _ => {}
        });
        notes.tally.bytes += taken as u64;
        if taken < rest.len() {
            self.pending = rest[taken..].to_vec();
        }
        for payload in pings {
            let mut pong = header(10, payload.len());
            pong.extend_from_slice(&payload);
            self.write(&pong)?;
        }
        Ok(open)
    }

    fn greet(&mut self, kind: Kind, hello: &str, notes: &mut Notes) -> Result<()> {
        if hello.is_empty() {
            return {
                self.watching(notes);
                Ok(())
            };
        }
        let resume = format!(
            ",\"resume\":{{\"epoch\":{},\"seq\":{}}}}}",
            self.position.0, self.position.1
        );
        let hello = match hello.strip_suffix('}') {
            Some(open) if kind == Kind::Lapak && self.again => open.to_owned() + &resume,
            _ => hello.to_owned(),
        };
        self.state = State::Greeting;
        self.say(&hello)?;
        // A peer answers a greeting by nothing that it must.
        if kind == Kind::Stamped {
            self.watching(notes);
        }
        Ok(())
    }

    fn watching(&mut self, notes: &mut Notes) {
        self.state = State::Watching;
        notes
            .greeted
            .saturating_record(notes.now_us.saturating_sub(self.planned_us).max(1));
    }

    fn frame(&mut self, kind: Kind, payload: &[u8], notes: &mut Notes) {
        notes.tally.frames += 1;
        match kind {
            Kind::Lapak => payload
                .split(|byte| *byte == b'\n')
                .for_each(|line| self.message(line, notes)),
            Kind::Stamped => {
                // Some join messages into one frame, behind words of their own.
                let mut rest = payload;
                while let Some(at) = rest.windows(5).position(|part| part == b"{\"n\":") {
                    rest = &rest[at..];
                    self.stamped(rest, notes);
                    rest = &rest[5..];
                }
            }
        }
    }

    fn message(&mut self, text: &[u8], notes: &mut Notes) {
        if text.starts_with(b"{\"type\":\"stock\"") {
            self.stock(text, notes);
        } else if text.starts_with(b"{\"type\":\"drop\"") {
            self.lossless += 1;
            notes.tally.deliveries += 1;
        } else if has(text, b"\"type\":\"welcome\"") || has(text, b"\"type\":\"resync\"") {
            self.welcome(text, notes);
            self.see_left(text, notes);
        } else if let Some(tap) = &mut self.tap {
            tap.hear(text, notes);
        }
    }

    fn see_left(&mut self, text: &[u8], notes: &Notes) {
        let drop = notes.drop.as_deref();
        self.left = drop
            .and_then(|drop| left_of(text, drop))
            .unwrap_or(self.left);
    }

    fn welcome(&mut self, text: &[u8], notes: &mut Notes) {
        let recovered = has(text, b"\"recovered\":true");
        let position = text.windows(12).position(|part| part == b"\"position\":{");
        let position = &text[position.unwrap_or_default()..];
        let find = |key: &[u8]| number(position, key).unwrap_or_default();
        let here = (find(b"\"epoch\":"), find(b"\"seq\":"));
        if here < self.position {
            let before = self.position;
            notes
                .tally
                .fault(|| format!("welcomed at {here:?}, behind {before:?}"));
        }
        if recovered {
            notes.tally.recovered += 1;
        } else {
            notes.tally.anew += 1;
            self.position = here;
            self.shown = number(text, b"\"available\":").unwrap_or(self.shown);
        }
        if self.state == State::Greeting {
            self.watching(notes);
        }
    }

    /// Frames cover (p, s]: none may leave a gap behind what was seen, none may lead back.
    fn stock(&mut self, text: &[u8], notes: &mut Notes) {
        notes.tally.deliveries += 1;
        notes.tally.counters += 1;
        let find = |key: &[u8]| number(text, key).unwrap_or_default();
        let epoch = find(b"\"epoch\":");
        let (p, s) = ((epoch, find(b"\"p\":")), (epoch, find(b"\"s\":")));
        if self.position < p || s < self.position {
            let before = self.position;
            notes
                .tally
                .fault(|| format!("at {before:?}, then a frame over {p:?} to {s:?}"));
        }
        self.position = self.position.max(s);
        self.see_left(text, notes);
        let Some(shown) = number(text, b"\"available\":") else {
            return;
        };
        if shown > self.shown {
            self.shown = shown;
            if let Some((first, from_us, every_us)) = notes.plan
                && shown >= first
            {
                let planned = from_us + every_us * (shown - first);
                notes
                    .late
                    .saturating_record(notes.now_us.saturating_sub(planned).max(1));
            }
        }
    }

    fn stamped(&mut self, text: &[u8], notes: &mut Notes) {
        let Some(n) = number(text, b"\"n\":") else {
            return;
        };
        self.lossless += 1;
        notes.tally.deliveries += 1;
        if n != self.shown + 1 {
            let before = self.shown;
            notes.tally.fault(|| format!("{n} came behind {before}"));
        }
        self.shown = n;
        let at = number(text, b"\"at\":").unwrap_or_default();
        notes
            .late
            .saturating_record(notes.now_us.saturating_sub(at).max(1));
    }
}

pub(super) fn has(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|part| part == words)
}
