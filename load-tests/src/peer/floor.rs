//! The floor: one thread, one epoll, one buffer that was framed once, one `write` for each socket.
//! It knows nothing, checks nothing and forgets nobody; less work than this delivers nothing.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream as Control;
use std::sync::Arc;

use anyhow::{Result, bail};
use mio::net::{TcpListener, TcpStream, UnixStream};
use mio::{Events, Interest, Poll, Token};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Publish, server_header};

const CONTROL: Token = Token(usize::MAX);
const DOOR: Token = Token(usize::MAX - 1);

struct Viewer {
    stream: TcpStream,
    upgraded: bool,
    /// What a full socket has not taken yet: buffers, and how far the first one is.
    waiting: Option<Box<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    buffers: Vec<Arc<[u8]>>,
    from: usize,
}

struct Floor {
    poll: Poll,
    door: TcpListener,
    control: UnixStream,
    told: Vec<u8>,
    viewers: Vec<Option<Viewer>>,
}

pub(super) fn run(mut control: Control) -> Result<()> {
    let mut door = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    writeln!(control, "{}", door.local_addr()?)?;
    control.set_nonblocking(true)?;
    let (poll, mut control) = (Poll::new()?, UnixStream::from_std(control));
    poll.registry()
        .register(&mut control, CONTROL, Interest::READABLE)?;
    poll.registry()
        .register(&mut door, DOOR, Interest::READABLE)?;
    let mut floor = Floor {
        poll,
        door,
        control,
        told: Vec::new(),
        viewers: Vec::new(),
    };
    let mut events = Events::with_capacity(4_096);
    loop {
        match floor.poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => bail!(error),
            _ => {}
        }
        for event in &events {
            match event.token() {
                DOOR => floor.admit()?,
                CONTROL => {
                    if !floor.obey()? {
                        return Ok(());
                    }
                }
                Token(n) => floor.turn(n)?,
            }
        }
    }
}

impl Floor {
    fn admit(&mut self) -> Result<()> {
        loop {
            let mut stream = match self.door.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => bail!(error),
            };
            stream.set_nodelay(true)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, Token(self.viewers.len()), both)?;
            self.viewers.push(Some(Viewer {
                stream,
                upgraded: false,
                waiting: None,
            }));
        }
    }

    fn turn(&mut self, n: usize) -> Result<()> {
        let Some(viewer) = self.viewers.get_mut(n).and_then(Option::as_mut) else {
            return Ok(());
        };
        let alive = viewer.read()? && viewer.go_on();
        if !alive {
            self.viewers[n] = None;
        }
        Ok(())
    }

    /// Publishes what it is told; false at the end.
    fn obey(&mut self) -> Result<bool> {
        let mut part = [0; 4_096];
        loop {
            match self.control.read(&mut part) {
                Ok(0) => return Ok(false),
                Ok(count) => self.told.extend_from_slice(&part[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => bail!(error),
            }
        }
        while let Some(end) = self.told.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.told.drain(..=end).collect();
            let publish: Publish = serde_json::from_slice(&line)?;
            let framed = publish.messages().flat_map(|message| {
                let mut frame = server_header(message.len());
                frame.extend_from_slice(message.as_bytes());
                frame
            });
            let buffer: Arc<[u8]> = framed.collect();
            for place in &mut self.viewers {
                if place
                    .as_mut()
                    .is_some_and(|viewer| viewer.upgraded && !viewer.send(&buffer))
                {
                    *place = None;
                }
            }
        }
        Ok(true)
    }
}

impl Viewer {
    /// Reads what comes and throws it away, but for the upgrade; false at the end.
    fn read(&mut self) -> Result<bool> {
        let mut part = [0; 1_024];
        loop {
            match self.stream.read(&mut part) {
                Ok(0) => return Ok(false),
                Ok(count) if !self.upgraded => self.upgrade(&part[..count])?,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }

    fn upgrade(&mut self, request: &[u8]) -> Result<()> {
        let text = String::from_utf8_lossy(request);
        let key = text
            .lines()
            .find_map(|line| line.strip_prefix("sec-websocket-key: "));
        let Some(key) = key else {
            bail!("no key in {text}")
        };
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        self.upgraded = true;
        Ok(self.stream.write_all(answer.as_bytes())?)
    }

    /// Writes a buffer, or keeps it until the socket has room; false if the viewer is gone.
    fn send(&mut self, buffer: &Arc<[u8]>) -> bool {
        if let Some(waiting) = &mut self.waiting {
            waiting.buffers.push(Arc::clone(buffer));
            return true;
        }
        let written = match self.stream.write(buffer) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return false,
        };
        if written < buffer.len() {
            let buffers = vec![Arc::clone(buffer)];
            self.waiting = Some(Box::new(Waiting {
                buffers,
                from: written,
            }));
            // There may be room again already, and then no event would tell.
            return self.go_on();
        }
        true
    }

    /// Writes what waits; false if the viewer is gone.
    fn go_on(&mut self) -> bool {
        let Some(waiting) = &mut self.waiting else {
            return true;
        };
        while let Some(first) = waiting.buffers.first() {
            match self.stream.write(&first[waiting.from..]) {
                Ok(written) if waiting.from + written == first.len() => {
                    waiting.buffers.remove(0);
                    waiting.from = 0;
                }
                Ok(written) => waiting.from += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        self.waiting = None;
        true
    }
}
