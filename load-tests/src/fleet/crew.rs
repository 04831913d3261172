//! A crew: one thread with one event loop and many connections. It costs so little that what is
//! measured beside it is the server.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixStream as Control;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use mio::net::{TcpStream, UnixStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, SockAddr, Socket, Type};

use super::line::{Came, Line, Notes, State};
use super::order::{Order, Said, Tally, Told, packed, wider};
use super::taps::Taps;
use crate::scenario::Chance;

const CONTROL: Token = Token(usize::MAX);
/// How often it is said how much was heard.
const SAY_EVERY_US: u64 = 20_000;
/// How often it is said how many are connected.
const SAY_CONNECTED_US: u64 = 1_000_000;
/// How long who was turned away waits at least before the next attempt.
const AGAIN_US: u64 = 50_000;
const ROOM: usize = 64 * 1024;

/// Unix time in microseconds: crews and scenarios are different processes with one clock.
pub fn now_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

struct Crew {
    order: Order,
    poll: Poll,
    control: UnixStream,
    heard: Vec<u8>,
    lines: Vec<Line>,
    notes: Notes,
    /// When, and which line, is to connect next.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    opening: usize,
    watching: usize,
    said: (u64, u64),
    /// How many were said to be connected, and when.
    said_connected: (usize, u64),
    storm: bool,
    taps: Taps,
    chance: Chance,
}

/// Does what it is told over the control socket, until nobody tells it anything any more.
pub(super) fn run(control: Control) -> Result<()> {
    let mut said = control.try_clone()?;
    go(control).inspect_err(|error| {
        let broken = serde_json::to_string(&Said::Broken(format!("{error:#}")));
        let _ = writeln!(said, "{}", broken.unwrap_or_default());
    })
}

fn go(mut control: Control) -> Result<()> {
    let order: Order = serde_json::from_slice(&first_line(&mut control)?)?;
    control.set_nonblocking(true)?;
    let (poll, mut control) = (Poll::new()?, UnixStream::from_std(control));
    poll.registry()
        .register(&mut control, CONTROL, Interest::READABLE)?;
    let now = now_us();
    let mut crew = Crew {
        lines: (0..order.lines).map(|_| Line::new()).collect(),
        due: (0..order.lines).map(|n| Reverse((now, n))).collect(),
        notes: Notes::default(),
        order,
        poll,
        control,
        heard: Vec::new(),
        opening: 0,
        watching: 0,
        said: (0, 0),
        said_connected: (0, 0),
        storm: false,
        taps: Taps::default(),
        chance: Chance::new(1),
    };
    crew.sail()
}

fn first_line(control: &mut Control) -> Result<Vec<u8>> {
    let (mut line, mut part) = (Vec::new(), [0; 4096]);
    while line.last() != Some(&b'\n') {
        let count = control.read(&mut part)?;
        anyhow::ensure!(count > 0, "no order came");
        line.extend_from_slice(&part[..count]);
    }
    Ok(line)
}

impl Crew {
    fn sail(&mut self) -> Result<()> {
        let (mut events, mut room) = (Events::with_capacity(2_048), vec![0; ROOM]);
        loop {
            self.open_due()?;
            self.tap_due()?;
            let wait = Duration::from_micros(SAY_EVERY_US).min(self.until_due());
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => bail!(error),
                _ => {}
            }
            self.notes.now_us = now_us();
            let mut told = false;
            for event in &events {
                match event.token() {
                    CONTROL => told = true,
                    Token(n) => self.turn(n, &mut room)?,
                }
            }
            if told && !self.obey()? {
                return Ok(());
            }
            self.say_heard()?;
        }
    }

    fn until_due(&self) -> Duration {
        let at = self.due.peek().map(|Reverse((at, _))| *at);
        let full = !self.storm && self.opening >= self.order.opening;
        let at = at.filter(|_| !full).unwrap_or(u64::MAX);
        let at = at.min(self.taps.next_us());
        Duration::from_micros(at.saturating_sub(now_us()))
    }

    /// Connects whoever's time has come; before the storm some hundred at a time.
    fn open_due(&mut self) -> Result<()> {
        let now = now_us();
        while let Some(Reverse((at, n))) = self.due.peek().copied() {
            if at > now || (!self.storm && self.opening >= self.order.opening) {
                break;
            }
            self.due.pop();
            self.open(n, at)?;
        }
        Ok(())
    }

    /// Asks for whoever's time has come.
    fn tap_due(&mut self) -> Result<()> {
        let now = now_us();
        while let Some((n, text)) = self.taps.due(now, &self.lines) {
            let line = &mut self.lines[n];
            if line.state == State::Watching && line.say(&text).is_err() {
                self.over(n)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, n: usize, at: u64) -> Result<()> {
        let order = &self.order;
        let (to, from) = (
            order.to[n % order.to.len()],
            order.from[n % order.from.len()],
        );
        let mut stream = connect(from, to)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(n), both)?;
        let line = &mut self.lines[n];
        line.stream = Some(stream);
        line.state = State::Connecting;
        // A second attempt is still late by what has passed since the first.
        if line.planned_us == 0 {
            line.planned_us = at;
        }
        self.opening += 1;
        Ok(())
    }

    /// Something happened on a line.
    fn turn(&mut self, n: usize, room: &mut [u8]) -> Result<()> {
        let line = &mut self.lines[n];
        if line.state == State::Away {
            return Ok(());
        }
        if line.state == State::Connecting {
            let Some(stream) = &line.stream else {
                return Ok(());
            };
            match stream.peer_addr() {
                Ok(to) => line.upgrade(&self.order.path, to)?,
                Err(error)
                    if error.kind() == ErrorKind::NotConnected
                        && matches!(stream.take_error(), Ok(None)) =>
                {
                    return Ok(());
                }
                Err(_) => return self.over(n),
            }
        }
        let hello = self.order.hello.get(n).map_or("", |hello| hello);
        match line.read(&self.order, hello, room, &mut self.notes) {
            Ok(Came::Read) => {
                if let Some(at) = line.tap.as_mut().and_then(|tap| tap.again_us.take()) {
                    self.taps.again(n, at);
                }
                Ok(())
            }
            Ok(Came::Welcome) => {
                line.planned_us = 0;
                self.opening -= 1;
                self.watching += 1;
                if self.watching == self.lines.len() {
                    self.say_connected()?;
                }
                Ok(())
            }
            Ok(Came::Over) | Err(_) => self.over(n),
        }
    }

    /// A line that was never greeted was turned away and tries again; any other was closed.
    fn over(&mut self, n: usize) -> Result<()> {
        let line = &mut self.lines[n];
        if line.state == State::Watching {
            self.notes.tally.closed += 1;
            self.watching -= 1;
            line.cut();
            return Ok(());
        }
        self.opening -= 1;
        self.notes.tally.turned_away += 1;
        line.stream = None;
        line.state = State::Away;
        let most = self.order.lines as u64 * 20 + 1_000;
        anyhow::ensure!(self.notes.tally.turned_away < most, "nobody is let in");
        let at = now_us() + AGAIN_US + self.chance.below(4 * AGAIN_US);
        self.due.push(Reverse((at, n)));
        Ok(())
    }

    /// Does what it is told; false at the end.
    fn obey(&mut self) -> Result<bool> {
        let mut part = [0; 4096];
        loop {
            match self.control.read(&mut part) {
                Ok(0) => return Ok(false),
                Ok(count) => self.heard.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => bail!(error),
            }
        }
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            match serde_json::from_slice(&line)? {
                Told::Plan {
                    first,
                    from_us,
                    every_us,
                } => {
                    self.begin();
                    self.notes.plan = Some((first, from_us, every_us));
                }
                Told::Storm {
                    from_us,
                    over_us,
                    seed,
                } => self.storm(from_us, over_us, seed),
                Told::Tap {
                    drop,
                    sku,
                    from_us,
                    every,
                } => {
                    self.begin();
                    self.notes.drop = Some(format!("\"{drop}\"").into_bytes());
                    self.lines.iter_mut().for_each(|line| line.left = u64::MAX);
                    self.taps = Taps::plan(&drop, &sku, from_us, every, &mut self.lines);
                    let asked = self.lines.len().div_ceil(every.max(1));
                    self.notes.tally.asked = asked as u64;
                }
                Told::Count => self.count()?,
            }
        }
        Ok(true)
    }

    /// What was counted so far is forgotten; where everybody stands is not.
    fn begin(&mut self) {
        self.notes = Notes {
            plan: self.notes.plan,
            drop: self.notes.drop.take(),
            ..Notes::default()
        };
        self.said = (0, 0);
        self.lines.iter_mut().for_each(|line| line.lossless = 0);
    }

    fn storm(&mut self, from_us: u64, over_us: u64, seed: u64) {
        self.begin();
        (self.storm, self.chance) = (true, Chance::new(seed));
        (self.opening, self.watching) = (0, 0);
        self.due.clear();
        for (n, line) in self.lines.iter_mut().enumerate() {
            line.cut();
            line.planned_us = 0;
            self.due
                .push(Reverse((from_us + self.chance.below(over_us.max(1)), n)));
        }
    }

    fn say_connected(&mut self) -> Result<()> {
        self.said_connected = (self.watching, now_us());
        self.say(&Said::Connected(self.watching))
    }

    fn say_heard(&mut self) -> Result<()> {
        let (count, at) = self.said_connected;
        if count != self.watching && now_us() >= at + SAY_CONNECTED_US {
            self.say_connected()?;
        }
        let (count, now) = (self.notes.tally.deliveries, now_us());
        if count != self.said.0 && now >= self.said.1 + SAY_EVERY_US {
            let fewest = self.lines.iter().map(|line| line.lossless).min();
            // Whoever publishes reads nothing meanwhile: what does not fit is in the next one.
            if self.offer(&Said::Heard(count, fewest.unwrap_or_default()))? {
                self.said = (count, now);
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        let watching = self
            .lines
            .iter()
            .filter(|line| line.state == State::Watching);
        let (mut ended, mut each, mut left) = (None, None, None);
        for line in watching {
            ended = wider(ended, Some((line.shown, line.shown)));
            each = wider(each, Some((line.lossless, line.lossless)));
            left = wider(left, Some((line.left, line.left)));
        }
        let tally = std::mem::take(&mut self.notes.tally);
        let (late, greeted) = (packed(&self.notes.late), packed(&self.notes.greeted));
        let answered = packed(&self.notes.answered);
        self.begin();
        self.say(&Said::All(Box::new(Tally {
            late,
            greeted,
            ended,
            each,
            answered,
            left,
            ..tally
        })))
    }

    /// Says something if there is room for it now.
    fn offer(&mut self, said: &Said) -> Result<bool> {
        let text = line(said)?;
        match self.control.write(&text) {
            Ok(count) => self.write(&text[count..]).map(|()| true),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => bail!(error),
        }
    }

    fn say(&mut self, said: &Said) -> Result<()> {
        self.write(&line(said)?)
    }

    fn write(&mut self, mut rest: &[u8]) -> Result<()> {
        while !rest.is_empty() {
            match self.control.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => bail!(error),
            }
        }
        Ok(())
    }
}

fn line(said: &Said) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(said)?;
    text.push(b'\n');
    Ok(text)
}

/// Begins to connect, from an address of the loopback that is not the usual one.
fn connect(from: Ipv4Addr, to: SocketAddr) -> Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).context("no more sockets")?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_nodelay(true)?;
    if to.ip().is_loopback() {
        socket.bind(&SockAddr::from(SocketAddr::from((from, 0))))?;
    }
    match socket.connect(&SockAddr::from(to)) {
        // Under way (EINPROGRESS).
        Err(error)
            if error.raw_os_error() != Some(115) && error.kind() != ErrorKind::WouldBlock =>
        {
            bail!(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}
