//! A turn of a loop: whatever has come is dealt with, then it waits again.

use std::collections::{HashMap, VecDeque};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use tokio::time::Instant;

use super::telling::Gathering;
use super::{Arrival, Mail, Post, WAKE};
use crate::broadcast::Rung;
use crate::gateway::app::GatewayConfig;
use crate::gateway::socket::connection::{Connection, Connections, Ear, Life};
use crate::gateway::socket::wheel::{NEVER, TURN, Turn, Wheel, turns};
use crate::protocol::Close;
use crate::telemetry::{CloseCode, Transport, metrics};

/// Events that are taken at once: between, those who watch are told what is due. A token that is signed
/// with a public key takes a tenth of a millisecond.
const EVENTS: usize = 256;
/// Bytes that are read at once, for all connections of a loop.
const BUFFER: usize = 64 * 1024;

/// How long things may take, in turns.
pub(super) struct Bounds {
    pub(super) greeting: Turn,
    pub(super) ping: Turn,
    pub(super) silence: Turn,
    pub(super) write: Turn,
    pub(super) good_bye: Turn,
}

/// A loop and its connections.
pub(super) struct Loop {
    poll: Poll,
    pub(super) post: Arc<Post>,
    pub(super) bounds: Bounds,
    pub(super) connections: Connections,
    /// Who watches which live, by the number of its audience.
    pub(super) gatherings: HashMap<u64, Gathering>,
    /// Audiences that are being told something.
    pub(super) rounds: VecDeque<u64>,
    /// Connections of which not everything has been read.
    pub(super) again: Vec<u64>,
    pub(super) buffer: Vec<u8>,
    wheel: Wheel,
    due: Vec<u64>,
    rung: Rung,
    began: Instant,
    pub(super) now: Turn,
    pub(super) stopping: bool,
}

impl Loop {
    pub(super) fn new(poll: Poll, post: Arc<Post>, config: &GatewayConfig) -> Self {
        let bound = |ms: u64| turns(Duration::from_millis(ms));
        Self {
            poll,
            post,
            bounds: Bounds {
                greeting: bound(config.connect_timeout_ms),
                ping: bound(config.ping_every_ms),
                silence: bound(config.silence_max_ms),
                write: bound(config.write_timeout_ms),
                good_bye: bound(config.write_timeout_ms.min(1_000)),
            },
            connections: Connections::default(),
            gatherings: HashMap::new(),
            rounds: VecDeque::new(),
            again: Vec::new(),
            buffer: vec![0; BUFFER],
            wheel: Wheel::default(),
            due: Vec::new(),
            rung: Rung::default(),
            began: Instant::now(),
            now: 0,
            stopping: false,
        }
    }

    /// Serves until the house stops and everybody has gone.
    pub(super) fn run(mut self) -> std::io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                waited => waited?,
            }
            self.now = self.turn_of(self.began.elapsed());
            for event in events.iter().filter(|event| event.token() != WAKE) {
                self.touched(event);
            }
            // The bell first: who sends mail from here on rings anew.
            let mut rung = std::mem::take(&mut self.rung);
            self.post.bell.take(&mut rung);
            for mail in self.post.open() {
                self.received(mail);
            }
            self.look(rung);
            for name in std::mem::take(&mut self.again) {
                self.guarded(name, |own| own.listen(name));
            }
            self.ring_timers();
            self.tell_some();
            if self.is_over() {
                return Ok(());
            }
        }
    }

    /// How long to wait: not at all while there is work, else until the first timer.
    fn patience(&self) -> Option<Duration> {
        if !self.rounds.is_empty() || !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let next = TURN * self.wheel.next()?;
        Some(next.saturating_sub(self.began.elapsed()))
    }

    fn turn_of(&self, passed: Duration) -> Turn {
        let turn = passed.as_millis() / TURN.as_millis();
        Turn::try_from(turn).unwrap_or(NEVER - 1).max(self.now)
    }

    fn is_over(&mut self) -> bool {
        if self.post.over.load(Ordering::Acquire) {
            return true;
        }
        if !self.post.house.stopping().is_cancelled() {
            return false;
        }
        if !self.stopping {
            self.stopping = true;
            self.send_strangers_away();
        }
        self.connections.is_empty() && self.post.close()
    }

    /// Who has not greeted when the house stops is not let in; the others are told when to go.
    fn send_strangers_away(&mut self) {
        for name in self.connections.names() {
            let stranger = self
                .connections
                .get_mut(name)
                .is_some_and(|c| matches!(c.ear, Ear::Stranger(_)));
            if stranger {
                self.close(name, Close::Restart);
            }
        }
    }

    /// Does something for a connection; should it panic, only that one ends.
    pub(super) fn guarded(&mut self, name: u64, act: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| act(self))).is_err() {
            tracing::error!("a connection's turn panicked");
            self.buffer.resize(BUFFER, 0);
            self.remove(name, CloseCode::Lost);
        }
    }

    fn touched(&mut self, event: &Event) {
        let name = event.token().0 as u64;
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        if event.is_read_closed() || event.is_error() {
            connection.hung_up = true;
        }
        connection.readable |= event.is_readable() || connection.hung_up;
        let waits = !connection.outbox.is_clear();
        self.guarded(name, |own| {
            if waits && event.is_writable() {
                own.flush(name);
            }
            own.listen(name);
        });
    }

    fn received(&mut self, mail: Mail) {
        match mail {
            Mail::Arrived(arrival) => self.arrived(*arrival),
            Mail::GoOn(name) => self.guarded(name, |own| own.go_on(name)),
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        let mut socket = TcpStream::from_std(arrival.stream);
        let name = self.connections.next_name();
        let Ok(token) = usize::try_from(name).map(Token) else {
            return;
        };
        let both = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.registry().register(&mut socket, token, both) {
            tracing::warn!(%error, "a socket cannot be watched");
            return;
        }
        let patience = self.now + self.bounds.greeting;
        let (stranger, hold, read) = (arrival.stranger, arrival.hold, &arrival.read);
        let connection = Connection::new(socket, stranger, hold, read, self.now, patience);
        self.connections.add(name, connection);
        metrics()
            .connections
            .opened
            .of(Transport::WebSocket)
            .increment();
        if self.stopping {
            return self.close(name, Close::Restart);
        }
        self.wind(name);
        self.guarded(name, |own| own.listen(name));
    }

    /// Looks at what has been rung for.
    fn look(&mut self, mut rung: Rung) {
        for name in rung.seats.drain(..) {
            self.guarded(name, |own| own.attend(name, &[]));
        }
        for audience in rung.audiences.drain(..) {
            self.begin_round(audience);
        }
        self.rung = rung;
    }

    /// Sets the timer of a connection, if it is to ring earlier than it would.
    pub(super) fn wind(&mut self, name: u64) {
        if let Some(connection) = self.connections.get_mut(name) {
            let first = connection.timers.first();
            if first < connection.timers.due {
                connection.timers.due = self.wheel.set(name, first);
            }
        }
    }

    fn ring_timers(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.take(self.now, &mut due);
        for name in due.drain(..) {
            self.guarded(name, |own| own.rang(name));
        }
        self.due = due;
    }

    fn rang(&mut self, name: u64) {
        let now = self.now;
        let Some(connection) = self.connections.get_mut(name) else {
            return;
        };
        // An entry from before it was wound to an earlier time.
        if connection.timers.due > now {
            return;
        }
        connection.timers.due = NEVER;
        let timers = &mut connection.timers;
        if timers.patience <= now {
            return match connection.ear {
                Ear::Deaf => self.remove(name, CloseCode::Other),
                _ => self.close(name, Close::Unauthorized),
            };
        }
        if timers.expiry <= now {
            return self.close(name, Close::Expired);
        }
        if timers.stall <= now {
            return self.close(name, Close::TooSlow);
        }
        if timers.ping <= now {
            match timers.life(now, self.bounds.ping, self.bounds.silence) {
                Life::Lost => return self.remove(name, CloseCode::Lost),
                Life::Ask => self.ping(name),
                Life::Later => {}
            }
        }
        self.wind(name);
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.post.shut();
        for name in self.connections.names() {
            self.remove(name, CloseCode::Lost);
        }
    }
}
