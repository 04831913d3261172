//! A partition's way to Redis: hands in what its desk is asked, in turns, and gives the desk every
//! turn that any node has handed in, in order.
//!
//! ```text
//! desk ── asked ─▶ waiting ─▶ handed ── take.lua ─▶ Redis ── answers, tail ─▶ deliver ── turns ─▶ desk
//! ```
//!
//! At most one turn is handed in and not yet answered; what comes meanwhile waits for the next. A
//! turn whose outcome is not known is handed in again under its nonce: it is taken once.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU16;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::connect::{Connection, Connector, Purpose};
use super::following::Following;
use super::keys::Keys;
use super::past::Past;
use super::scripts::{self, Handed, Head, Raw, Taken};
use super::tail::{BLOCK_MS, Tail};
use super::trouble::{Pause, Trouble};
use super::{Error, Settled, body, chronicle};
use crate::clock::Clock;
use crate::domain::{Request, ShopId};
use crate::engine::Failure;
use crate::engine::turn::{Asked, Caller, Entries, LineEnd, Place, Turn, What};
use crate::journal::{Partition, Position};
use crate::telemetry::{CutReason, RedisTrouble, metrics};

/// Requests of one turn.
const TURN_MAX: usize = 512;
/// How far the clocks of Redis and a node may be apart before nothing expires by them (E-12).
const TOLERANCE_MS: u64 = 2_000;
/// How often turns that are in the ledger are forgotten.
const TRIM_EVERY: Duration = Duration::from_secs(5);
/// How long they are kept at least: a node that stood still for a while, or that joined just now,
/// finds them, and need not start again.
const KEEP: Duration = Duration::from_mins(1);
/// What callers are asked to wait while Redis cannot be reached.
const RETRY_MS: u64 = 500;

type Requests = Vec<(ShopId, Box<Request>, Option<Caller>)>;

/// A turn that was handed in, or is about to be.
struct Own {
    nonce: u64,
    body: Vec<u8>,
    requests: Requests,
}

/// Why following ended.
pub(super) enum Ended {
    /// Nobody asks any more.
    Finished,
    /// Redis gives no answer.
    Trouble(Trouble),
    /// What stands in Redis is not this node's past.
    Cut(CutReason),
    /// Turns were forgotten before this node took them.
    Gap,
    /// The engine cannot go on.
    Failed(Error),
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

/// One partition's sequencer.
pub(super) struct Sequencer {
    pub(super) partition: Partition,
    pub(super) keys: Keys,
    pub(super) connector: Connector,
    pub(super) clock: Clock,
    /// This process, among all.
    pub(super) node: Arc<str>,
    /// Where the journal is.
    pub(super) dir: PathBuf,
    pub(super) settled: watch::Receiver<Settled>,
    pub(super) end: LineEnd,
    /// The turn behind which the next one stands.
    pub(super) at: Place,
    /// The last turn given to the desk: one of an earlier epoch until the first of a new one comes.
    pub(super) given: Place,
    /// Its time.
    pub(super) time_ms: u64,
    pub(super) past: Past,
    /// How many partitions of this node follow.
    following: Arc<AtomicU16>,
    waiting: Requests,
    nudged: bool,
    own: Option<Own>,
    trim_at: Instant,
}

impl Sequencer {
    #[expect(
        clippy::too_many_arguments,
        reason = "called once, where the engine is put together"
    )]
    pub(super) fn new(
        partition: Partition,
        connector: Connector,
        clock: Clock,
        node: Arc<str>,
        dir: PathBuf,
        settled: watch::Receiver<Settled>,
        following: Arc<AtomicU16>,
        end: LineEnd,
    ) -> Self {
        let at = end.marks.borrow().place;
        let mut past = Past::default();
        past.begin(at);
        Self {
            partition,
            keys: Keys::of(&connector.config().prefix, partition),
            connector,
            clock,
            node,
            dir,
            settled,
            following,
            end,
            at,
            given: at,
            time_ms: 0,
            past,
            waiting: Vec::new(),
            nudged: false,
            own: None,
            trim_at: Instant::now() + TRIM_EVERY,
        }
    }

    /// Runs until nobody asks any more.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let mut pause = Pause::default();
        loop {
            let ended = match self.connect().await {
                Ok((calls, tail)) => {
                    let ended = self.follow(calls, tail, &mut pause).await;
                    ended.err().unwrap_or(Ended::Finished)
                }
                Err(ended) => ended,
            };
            match ended {
                Ended::Finished => return Ok(()),
                Ended::Failed(error) => return Err(error),
                Ended::Cut(reason) => {
                    self.was_cut(reason);
                    match self.agree().await {
                        Ok(()) => pause.reset(),
                        Err(Ended::Finished) => return Ok(()),
                        Err(Ended::Failed(error)) => return Err(error),
                        Err(Ended::Trouble(trouble)) => self.troubled(&trouble),
                        Err(Ended::Cut(_) | Ended::Gap) => {}
                    }
                }
                // Catching up anew finds out whether anything is lacking.
                Ended::Gap => {}
                Ended::Trouble(trouble) => self.troubled(&trouble),
            }
            if !self.refuse_for(pause.next()).await {
                return Ok(());
            }
        }
    }

    fn was_cut(&self, reason: CutReason) {
        let Place { epoch, index, .. } = self.at;
        let (partition, reason_text) = (self.partition, reason.text());
        if epoch == 0 {
            tracing::info!(%partition, "this node is new to these turns; the nodes agree on where they begin");
            return;
        }
        metrics().nodes.cuts.of(reason).increment();
        tracing::error!(%partition, reason = reason_text, epoch, at = index,
            "what stands in Redis is not this node's past; nothing is taken until the nodes agree");
    }

    fn troubled(&self, trouble: &Trouble) {
        let troubles = &metrics().nodes.troubles;
        troubles
            .of(RedisTrouble::from_text(trouble.code()))
            .increment();
        if trouble.needs_somebody() {
            tracing::error!(partition = %self.partition, %trouble, "Redis does not serve this node");
        } else {
            tracing::warn!(partition = %self.partition, %trouble, "Redis gives no answer; trying again");
        }
        if self.own.is_some() && trouble.is_unknown() {
            metrics().nodes.unknown.increment();
        }
    }

    /// Connects, unless nobody asks any more: a stop does not wait for a server that is away.
    async fn connect(&mut self) -> Result<(Connection, Connection), Ended> {
        let (connector, partition) = (self.connector.clone(), self.partition);
        let mut connecting = pin!(async move {
            let tail = Purpose::Wait { block_ms: BLOCK_MS };
            let calls = connector.connect(partition, Purpose::Call).await?;
            Ok((calls, connector.connect(partition, tail).await?))
        });
        loop {
            tokio::select! {
                connected = &mut connecting => return connected.map_err(Ended::Trouble),
                asked = self.end.asked.recv(), if self.waiting.len() < TURN_MAX => match asked {
                    Some(asked) => self.wait(asked),
                    None => return Err(Ended::Finished),
                },
            }
        }
    }

    /// Takes every turn there is, and hands in what is asked, until something ends it.
    async fn follow(
        &mut self,
        mut calls: Connection,
        tail: Connection,
        pause: &mut Pause,
    ) -> Result<(), Ended> {
        self.catch_up(&mut calls).await?;
        pause.reset();
        let _following = Following::new(&self.following, &self.end.follows);
        let (taken, at) = watch::channel(self.at);
        let mut tail = Some(Tail::new(tail, self.keys.clone(), at));
        let mut news = pin!(None);
        loop {
            // What was handed in and not answered goes first.
            self.hand_in(&mut calls).await?;
            self.trim(&mut calls).await?;
            taken.send_replace(self.at);
            if let Some(tail) = tail.take() {
                news.set(Some(tail.next()));
            }
            let Some(next) = news.as_mut().as_pin_mut() else {
                continue;
            };
            let found = tokio::select! {
                biased;
                asked = self.end.asked.recv() => {
                    let Some(asked) = asked else { break };
                    self.wait(asked);
                    self.gather();
                    continue;
                }
                found = next => found,
            };
            news.set(None);
            tail = Some(found.0);
            self.deliver(found.1?).await?;
        }
        // Nobody asks any more; what was asked before is still handed in.
        self.hand_in(&mut calls).await
    }

    fn wait(&mut self, asked: Asked) {
        match asked {
            Asked::Request {
                shop,
                request,
                caller,
            } => self.waiting.push((shop, request, caller)),
            Asked::Nudge => self.nudged = true,
        }
    }

    /// Takes what else is asked already, up to a turn's worth.
    fn gather(&mut self) {
        while self.waiting.len() < TURN_MAX {
            let Ok(asked) = self.end.asked.try_recv() else {
                break;
            };
            self.wait(asked);
        }
    }

    /// Takes every turn that stands behind the last one taken; an error if that one does not stand
    /// there any more.
    pub(super) async fn catch_up(&mut self, calls: &mut Connection) -> Result<(), Ended> {
        let head = Head::behind(self.at, calls, &self.keys).await?;
        while self.at.index < head.last.index {
            let missed = scripts::after(calls, &self.keys, self.at).await?;
            match missed.first() {
                Some(first) if first.place.index == self.at.index + 1 => {
                    self.deliver(missed).await?;
                }
                _ => self.skip(calls).await?,
            }
        }
        head.is_open()
    }

    /// Goes on behind turns that were forgotten before this node took them, if its journal stands
    /// where they lead to: they left no entry, or the ledger brought what they left.
    async fn skip(&mut self, calls: &mut Connection) -> Result<(), Ended> {
        let mark = self.caught_up_desk().await?;
        let head = scripts::head(calls, &self.keys).await?;
        let from = head.ok_or(Ended::Cut(CutReason::Emptied))?.from;
        let later = from.place.epoch == self.at.epoch && from.place.index > self.at.index;
        if !later || (from.position, from.crc) != (mark.position, mark.crc) {
            return Err(Ended::Failed(Error::Behind(self.partition)));
        }
        self.at = from.place;
        self.past.begin(from.place);
        Ok(())
    }

    /// Hands in what waits, if anything does, and gives it to the desk in its place.
    async fn hand_in(&mut self, calls: &mut Connection) -> Result<(), Ended> {
        if self.own.is_none() {
            if self.waiting.is_empty() && !self.nudged {
                return Ok(());
            }
            self.own = Some(self.make_turn());
        }
        while let Some(own) = &self.own {
            let tolerance_ms = (!self.clock.is_manual()).then_some(TOLERANCE_MS);
            let mark = self.past.alike(*self.end.marks.borrow());
            let turn = Handed {
                known: self.at,
                nonce: own.nonce,
                clock_ms: self.clock.now_ms(),
                tolerance_ms,
                mark,
                body: &own.body,
            };
            match scripts::take(calls, &self.keys, turn).await? {
                Taken::Now { index, at, missed } => {
                    let nonce = own.nonce;
                    self.deliver(missed).await?;
                    let requests = self.own.take().map(|own| own.requests);
                    let place = Place {
                        epoch: self.at.epoch,
                        index,
                        nonce,
                    };
                    let what = What::Requests(requests.unwrap_or_default());
                    let turn = Turn {
                        place,
                        at,
                        mark: None,
                        what,
                    };
                    self.give(turn).await?;
                }
                Taken::Behind(missed) if missed.is_empty() => return Err(Ended::Gap),
                Taken::Before(missed) | Taken::Behind(missed) => self.deliver(missed).await?,
                Taken::Cut => {
                    // Why, tells the head.
                    self.catch_up(calls).await?;
                }
            }
        }
        Ok(())
    }

    fn make_turn(&mut self) -> Own {
        let requests = std::mem::take(&mut self.waiting);
        self.nudged = false;
        let mut body = body::requests();
        for (shop, request, _) in &requests {
            body::push(&mut body, shop, request);
        }
        metrics().nodes.turn_requests.record_count(requests.len());
        Own {
            nonce: nonce(),
            body,
            requests,
        }
    }

    /// Gives the desk turns as they stand in Redis; those it has had are passed over.
    pub(super) async fn deliver(&mut self, raws: Vec<Raw>) -> Result<(), Ended> {
        for raw in raws {
            if raw.place.epoch != self.at.epoch || raw.place.index <= self.at.index {
                continue;
            }
            if raw.place.index != self.at.index + 1 {
                return Err(Ended::Gap);
            }
            if raw.before != self.at.nonce {
                return Err(Ended::Cut(CutReason::Diverged));
            }
            let lag = self.clock.now_ms().saturating_sub(raw.at.now_ms);
            metrics()
                .nodes
                .tail_lag
                .record_duration(Duration::from_millis(lag));
            let own = self.own.take_if(|own| own.nonce == raw.place.nonce);
            let what = match own {
                Some(own) => What::Requests(own.requests),
                None => body::read(self.partition, &raw.body).map_err(|error| {
                    Ended::Failed(Error::Unreadable {
                        partition: self.partition,
                        turn: raw.place.index,
                        error,
                    })
                })?,
            };
            let turn = Turn {
                place: raw.place,
                at: raw.at,
                mark: raw.mark,
                what,
            };
            self.give(turn).await?;
        }
        Ok(())
    }

    async fn give(&mut self, turn: Turn) -> Result<(), Ended> {
        if let What::Entries(entries) = &turn.what {
            self.note_brought(entries).await?;
        }
        (self.at, self.given, self.time_ms) = (turn.place, turn.place, turn.at.now_ms);
        // While entries are taken, some nodes have them already and others do not.
        let alike = !matches!(&turn.what, What::Entries(entries) if !entries.last);
        self.past.push(turn.place, alike);
        self.past.mark(*self.end.marks.borrow());
        metrics().nodes.turns.increment();
        let closed = |_| Ended::Failed(Error::DeskGone(self.partition));
        self.end.turns.send(turn).await.map_err(closed)
    }

    /// Notes what another node has brought that this one lacked.
    async fn note_brought(&mut self, entries: &Entries) -> Result<(), Ended> {
        let known = self.caught_up_desk().await?.position;
        let all = entries.sealed.iter();
        let lacked = all.filter(|one| one.entry.position > known).count();
        if lacked > 0 {
            let between = (known, entries.end.position);
            self.note(chronicle::What::Brought, between, lacked as u64);
        }
        Ok(())
    }

    pub(super) fn note(&self, what: chronicle::What, between: (Position, Position), entries: u64) {
        let at_ms = self.clock.now_ms();
        chronicle::Note::new(at_ms, self.partition, what, between, entries).keep(&self.dir);
    }

    /// Forgets turns whose entries are in the ledger.
    async fn trim(&mut self, calls: &mut Connection) -> Result<(), Ended> {
        if Instant::now() < self.trim_at {
            return Ok(());
        }
        self.trim_at = Instant::now() + TRIM_EVERY;
        let until = self.settled.borrow().until(self.partition);
        let Some(until) = until else { return Ok(()) };
        self.past.mark(*self.end.marks.borrow());
        let Some(noted) = Instant::now().checked_sub(KEEP) else {
            return Ok(());
        };
        if let Some(mark) = self.past.settled(self.at.epoch, until, noted) {
            scripts::trim(calls, &self.keys, &mark).await?;
        }
        Ok(())
    }

    /// Refuses what is asked for a while: it is surely not done. A turn whose outcome is not known
    /// is kept. False when nobody asks any more.
    pub(super) async fn refuse_for(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            for (_, _, caller) in self.waiting.drain(..) {
                if let Some((reply, _)) = caller {
                    // Who does not wait any more needs no word.
                    let _ = reply.send(Err(Failure::Unavailable { retry_ms: RETRY_MS }));
                }
            }
            tokio::select! {
                asked = self.end.asked.recv() => match asked {
                    Some(asked) => self.wait(asked),
                    None => return false,
                },
                () = tokio::time::sleep_until(until) => return true,
            }
        }
    }
}

/// A number that no other turn has.
pub(super) fn nonce() -> u64 {
    let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
    high ^ low.rotate_left(32)
}
