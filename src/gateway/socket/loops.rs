//! The loops that own the sockets: one thread for each core, each the one reader and writer of its
//! connections.
//!
//! ```text
//! upgrade ── arrived ──▶ ┌──────────── a loop ─────────────┐ ◀── bell ── audiences, seats
//!                        │ wait for sockets, mail, the bell │
//! engine, timers:        │ read ▶ hear ▶ an errand answers  │ ── one write for all that waits ─▶
//! errand ─── go on ────▶ └──────────────────────────────────┘
//! ```
//!
//! A loop reads and writes what can be read and written at once, and answers what can be answered
//! at once. What has to wait for the engine is an [errand](errand), which it goes on with later.

mod ending;
pub(super) mod errand;
mod hearing;
mod telling;
mod turn;

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mio::{Poll, Token, Waker};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::greeting::Stranger;
use crate::broadcast::Bell;
use crate::gateway::app::GatewayConfig;
use crate::gateway::listener::Hold;
use crate::lifecycle::Lifecycle;
use turn::Loop;

/// What wakes a loop, among the names of connections.
const WAKE: Token = Token(usize::MAX);
/// Connections that go to a loop one after the other. What came together lies together in the
/// system's memory, and is told one after the other, by one processor.
const BLOCK: usize = 64;

/// The loops of this process; a cheap handle.
#[derive(Clone)]
pub struct Loops {
    posts: Arc<[Arc<Post>]>,
    /// Connections that have come.
    came: Arc<AtomicUsize>,
}

impl Loops {
    /// Starts a loop for each core. They end when the house stops and their connections are gone,
    /// at the latest at the hard stop.
    pub fn start(config: &GatewayConfig, house: &Lifecycle) -> std::io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let running = TaskTracker::new();
        let mut posts = Vec::new();
        for _ in 0..cores {
            let poll = Poll::new()?;
            let waker = Waker::new(poll.registry(), WAKE)?;
            let post = Arc::new(Post::new(waker, house.clone()));
            let own = Loop::new(poll, Arc::clone(&post), config);
            let (inside, token) = (Handle::current(), running.token());
            house.spawn_thread("sockets", move || {
                let (_token, _inside) = (token, inside.enter());
                own.run()
            })?;
            posts.push(post);
        }
        let loops = Self {
            posts: posts.into(),
            came: Arc::default(),
        };
        house.spawn("sockets", guard(loops.clone(), house.clone(), running));
        Ok(loops)
    }

    /// Gives an upgraded socket to one of the loops.
    pub(super) fn take(&self, arrival: Arrival) {
        let block = self.came.fetch_add(1, Ordering::Relaxed) / BLOCK;
        if let Some(post) = self.posts.get(block % self.posts.len().max(1)) {
            post.send(Mail::Arrived(Box::new(arrival)));
        }
    }
}

/// Tells the loops of the stop, and ends them when nobody waits for them any more.
async fn guard(
    loops: Loops,
    house: Lifecycle,
    running: TaskTracker,
) -> Result<(), std::convert::Infallible> {
    struct End(Loops);
    impl Drop for End {
        fn drop(&mut self) {
            for post in &*self.0.posts {
                post.over.store(true, Ordering::Release);
                post.bell.ring();
            }
        }
    }
    let end = End(loops);
    house.stopping().cancelled().await;
    end.0.posts.iter().for_each(|post| post.bell.ring());
    running.close();
    tokio::select! {
        () = running.wait() => {}
        () = house.hard().cancelled() => {}
    }
    Ok(())
}

/// How others reach a loop. Its mail is bounded by the connections there may be: each has at most
/// one errand, and says once that it can go on.
pub(super) struct Post {
    pub(super) bell: Arc<Bell>,
    /// None when the loop has ended.
    mail: Mutex<Option<Vec<Mail>>>,
    /// The loop is to end at once.
    over: AtomicBool,
    house: Lifecycle,
}

/// What a loop is told.
pub(super) enum Mail {
    /// A socket that has just been upgraded.
    Arrived(Box<Arrival>),
    /// An errand of a connection can go on.
    GoOn(u64),
}

/// An upgraded socket.
pub(super) struct Arrival {
    pub(super) stream: TcpStream,
    /// What has been read of it behind the handshake.
    pub(super) read: Bytes,
    pub(super) stranger: Stranger,
    pub(super) hold: Hold,
}

impl Post {
    fn new(waker: Waker, house: Lifecycle) -> Self {
        let wake = move || {
            if let Err(error) = waker.wake() {
                tracing::error!(%error, "a loop cannot be woken");
            }
        };
        Self {
            bell: Arc::new(Bell::new(wake)),
            mail: Mutex::new(Some(Vec::new())),
            over: AtomicBool::new(false),
            house,
        }
    }

    pub(super) fn send(&self, mail: Mail) {
        let mut open = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match open.as_mut() {
            Some(all) => {
                all.push(mail);
                None
            }
            None => Some(mail),
        };
        drop(open);
        match refused {
            None => self.bell.ring(),
            Some(mail) => drop(mail),
        }
    }

    fn open(&self) -> Vec<Mail> {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        mail.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Takes no more mail; false if there is some to be looked at first.
    fn close(&self) -> bool {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = mail.as_ref().is_none_or(Vec::is_empty);
        if empty {
            *mail = None;
        }
        empty
    }

    /// Takes no more mail, whatever is there.
    fn shut(&self) {
        let mut mail = self.mail.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = mail.take();
        drop(mail);
        drop(rest);
    }
}
