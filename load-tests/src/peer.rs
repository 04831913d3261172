//! What our delivery is measured against, in the same run, by the same viewers: the floor (the
//! least a Linux server can do), a naive server, and servers that others use where installed.

mod floor;
mod foreign;
mod naive;

use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as Control;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use crate::fleet::{Kind, Trip};
use crate::usage;

use foreign::Foreign;
pub use foreign::is_installed;

/// Which peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// An event loop that writes one framed buffer to every socket.
    Floor,
    /// A task for each connection, axum with its own buffers.
    Naive,
    /// nginx with the module nchan.
    Nchan,
    /// The NATS server over WebSocket.
    Nats,
}

impl Which {
    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Naive => "naive (axum, a task each)",
            Self::Nchan => "nginx + nchan",
            Self::Nats => "NATS",
        }
    }
}

/// So many messages of so many bytes, to everybody: `{"n":1,"at":…,"fill":"…"}`, counted on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Publish {
    /// The number of the first.
    pub n: u64,
    /// When it was planned, in Unix microseconds.
    pub at_us: u64,
    /// How many, one behind another.
    pub times: u64,
    /// Bytes of each.
    pub bytes: usize,
}

impl Publish {
    /// The messages, without frames.
    pub fn messages(self) -> impl Iterator<Item = String> {
        let message = move |n| {
            let (head, tail) = (
                format!("{{\"n\":{n},\"at\":{},\"fill\":\"", self.at_us),
                "\"}",
            );
            let fill = self.bytes.saturating_sub(head.len() + tail.len());
            head + &"x".repeat(fill) + tail
        };
        (self.n..self.n + self.times).map(message)
    }
}

/// A peer that runs. It ends with this handle.
pub struct Peer {
    /// Which.
    pub which: Which,
    /// Where viewers go.
    pub address: SocketAddr,
    /// Its process; this one, where it is a thread.
    pub pid: u32,
    door: Door,
    _child: Option<Child>,
}

enum Door {
    Own(BufReader<UnixStream>),
    Foreign(Box<Foreign>),
}

/// A peer of ours as a process of its own: its control is its standard input.
pub fn peer_process(which: Which) -> Result<()> {
    serve(
        which,
        Control::from(std::io::stdin().as_fd().try_clone_to_owned()?),
    )
}

fn serve(which: Which, control: Control) -> Result<()> {
    match which {
        Which::Floor => floor::run(control),
        Which::Naive => naive::run(control),
        Which::Nchan | Which::Nats => bail!("{} is a program of its own", which.name()),
    }
}

impl Peer {
    /// Starts it, as a process or as a thread of this one.
    pub async fn start(which: Which, in_thread: bool) -> Result<Self> {
        if let Some((foreign, child)) = Foreign::start(which).await? {
            return Ok(Self {
                which,
                address: foreign.address(),
                pid: child.id().context("it ended at once")?,
                door: Door::Foreign(Box::new(foreign)),
                _child: Some(child),
            });
        }
        let (ours, theirs) = Control::pair()?;
        let child = if in_thread {
            std::thread::spawn(move || serve(which, theirs));
            None
        } else {
            let mut command = Command::new(std::env::current_exe()?);
            let name = which.to_possible_value().context("no name")?;
            command.args(["peer", name.get_name()]).kill_on_drop(true);
            Some(command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?)
        };
        ours.set_nonblocking(true)?;
        let mut door = BufReader::new(UnixStream::from_std(ours)?);
        let mut address = String::new();
        door.read_line(&mut address).await?;
        let pid = child
            .as_ref()
            .and_then(Child::id)
            .unwrap_or_else(std::process::id);
        Ok(Self {
            which,
            address: address.trim().parse().context("the peer says no address")?,
            pid,
            door: Door::Own(door),
            _child: child,
        })
    }

    /// How so many viewers come to it.
    pub fn trip(&self, lines: usize, crews: Option<usize>) -> Trip {
        let hello = match &self.door {
            Door::Own(_) => String::new(),
            Door::Foreign(foreign) => foreign.hello(),
        };
        let path = match &self.door {
            Door::Own(_) => "/ws",
            Door::Foreign(foreign) => foreign.path(),
        };
        Trip {
            to: vec![self.address],
            path: path.to_owned(),
            hello: vec![hello; lines],
            lines,
            kind: Kind::Stamped,
            crews,
        }
    }

    /// Publishes.
    pub async fn publish(&mut self, publish: Publish) -> Result<()> {
        match &mut self.door {
            Door::Own(control) => {
                let line = serde_json::to_string(&publish)? + "\n";
                Ok(control.write_all(line.as_bytes()).await?)
            }
            Door::Foreign(foreign) => foreign.publish(publish).await,
        }
    }

    /// Processor time so far, of all its processes.
    pub fn cpu(&self) -> Result<Duration> {
        usage::tree_cpu(self.pid)
    }

    /// Resident bytes of all its processes.
    pub fn resident(&self) -> Result<u64> {
        usage::tree_resident(self.pid)
    }
}

/// The header of a frame from a server.
fn server_header(length: usize) -> Vec<u8> {
    let mut header = crate::raw::header(crate::raw::TEXT, length);
    header.truncate(header.len() - 4);
    header[1] &= 0x7f;
    header
}
