//! A partition's desk: one task owns the partition's shops and decides for them, one request at
//! a time. Before a request, everything that time alone has brought about in its shop.
//!
//! Alone, a desk takes requests as they come, at the time of its own clock. Among several nodes it
//! hands them to the sequencer that all share, and decides what comes back as turns, its own
//! requests and those of others ([`super::turn`]).

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::codec;
use super::store::Link;
use super::turn::Caller;
use super::writer::{Batch, Work};
use crate::clock::{Clock, Reading};
use crate::domain::many::AHEAD;
use crate::domain::shop::Verdict;
use crate::domain::{Actor, CustomerId, Millis, Request, Role, Shop, ShopId};
use crate::engine::{Pulse, Reply};
use crate::journal::{Partition, Position};
use dues::Dues;
use memory::Memory;
use order::Order;
use pen::Pen;

mod dues;
mod memory;
pub(super) mod order;
mod pen;

/// Requests that may wait for one partition; more are turned away as surely not done.
pub(super) const MAILBOX_MAX: usize = 8_192;
/// Requests decided in one turn.
const TURN_MAX: usize = 512;
/// Things due that are decided in one turn of the sweep.
const SWEEP_MAX: usize = 1_024;
/// The longest a desk sleeps: a clock that was suspect is looked at again.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// A snapshot is made when the tail has this many entries, and a tenth of what is held.
const SNAPSHOT_ENTRIES: usize = 50_000;
/// And not sooner than this after the one before, or after the start: making one costs as much as
/// reading everything back, and in a rush that is the processor of those who tap.
const SNAPSHOT_EVERY: Duration = Duration::from_mins(1);
/// A stop leaves a snapshot of up to this many bookings: some tenths of a second.
const LEAVE_BOOKINGS_MAX: usize = 100_000;

/// What a desk is asked.
pub(super) enum Message {
    /// Decide.
    Submit {
        shop: ShopId,
        request: Box<Request>,
        caller: Caller,
    },
    /// Look; the closure gives back what to do once all before it is durable.
    Ask { shop: ShopId, question: Question },
    /// Say that you are there, and how you stand.
    Ping(oneshot::Sender<Pulse>),
}

/// A question to a shop, at a position. None for a shop that has never been heard of.
pub(super) type Question =
    Box<dyn FnOnce(Option<&Shop>, Position) -> Box<dyn FnOnce() + Send> + Send>;

/// One partition's shops and where its journal stands.
pub(super) struct Desk {
    order: Order,
    memory: Memory,
    shops: HashMap<ShopId, Shop>,
    dues: Dues,
    pen: Pen,
    clock: Clock,
    work: mpsc::Sender<Work>,
    snapshots: mpsc::Sender<Partition>,
    /// No snapshot before this.
    snapshot_at: Instant,
    system: Actor,
}

/// What a desk begins with.
pub(super) struct Beginning {
    pub(super) partition: Partition,
    /// The last entry.
    pub(super) link: Link,
    /// The epoch of what is decided from now on, at least.
    pub(super) epoch: u64,
    pub(super) shops: HashMap<ShopId, Shop>,
    /// Entries behind the newest snapshot.
    pub(super) tail: usize,
    /// Whether what is surely refused may be refused without a trace.
    pub(super) from_memory: bool,
}

impl Desk {
    pub(super) fn new(
        beginning: Beginning,
        order: Order,
        clock: Clock,
        work: mpsc::Sender<Work>,
        snapshots: mpsc::Sender<Partition>,
    ) -> Self {
        let Beginning {
            partition,
            link,
            epoch,
            shops,
            tail,
            from_memory,
        } = beginning;
        let mut dues = Dues::default();
        for (id, shop) in &shops {
            dues.moved(id, None, shop.next_due_at());
        }
        let system = Actor {
            role: Role::System,
            name: CustomerId::new("system").unwrap_or_else(|_| unreachable!("a plain word")),
        };
        Self {
            order,
            memory: Memory::new(from_memory),
            shops,
            dues,
            pen: Pen {
                partition,
                link,
                epoch,
                tail,
                batch: Batch::default(),
            },
            clock,
            work,
            snapshots,
            snapshot_at: Instant::now() + SNAPSHOT_EVERY,
            system,
        }
    }

    /// Decides until `closing`, then leaves a snapshot behind.
    pub(super) async fn run(
        mut self,
        mut mailbox: mpsc::Receiver<Message>,
        closing: CancellationToken,
    ) -> Result<(), super::Error> {
        let (mut taken, mut open) = (Vec::with_capacity(TURN_MAX), true);
        loop {
            let nap = self.nap();
            tokio::select! {
                biased;
                turn = self.order.next() => match turn {
                    Some(turn) => self.take_turns(turn)?,
                    None => break,
                },
                count = mailbox.recv_many(&mut taken, TURN_MAX), if open => if count == 0 {
                    open = false;
                    if self.order.leave() { break }
                },
                () = closing.cancelled(), if !mailbox.is_closed() => mailbox.close(),
                () = tokio::time::sleep(nap) => {}
            }
            // One look at the clock for all that has come by now.
            let reading = self.clock.read();
            self.pen.batch.reserve(taken.len());
            let mut taken = taken.drain(..);
            while !taken.as_slice().is_empty() {
                self.look_ahead(taken.as_slice());
                for message in taken.by_ref().take(AHEAD) {
                    self.take(message, reading);
                }
            }
            self.pass(reading);
            self.hand_over().await?;
        }
        self.leave_snapshot().await;
        Ok(())
    }

    fn nap(&self) -> Duration {
        let Some(at) = self.dues.next() else {
            return SLEEP_MAX;
        };
        let due = Duration::from_millis(at.since(Millis(self.clock.now_ms())));
        let nap = due.clamp(Duration::from_millis(1), SLEEP_MAX);
        self.order.nap(nap)
    }

    /// Waits for the memory of the next requests at once instead of for one after the other.
    fn look_ahead(&self, messages: &[Message]) {
        if messages.len() < 2 {
            return;
        }
        let next = messages.iter().take(AHEAD).filter(|message| match message {
            Message::Submit { shop, request, .. } => {
                let shop = self.shops.get(shop);
                shop.is_some_and(|shop| shop.look_up(request))
            }
            Message::Ask { .. } | Message::Ping(_) => false,
        });
        black_box(next.count());
    }

    fn take(&mut self, message: Message, reading: Reading) {
        match message {
            Message::Submit {
                shop,
                request,
                caller,
            } => match (self.refusal(&shop, &request, reading), &self.order) {
                (Some(refusal), _) => self.pen.batch.replies.push((caller, refusal)),
                (None, Order::Own) => self.answer(shop, &request, reading, Some(caller)),
                (None, Order::Shared(_)) => self.ask(shop, request, caller),
            },
            Message::Ask { shop, question } => {
                self.pen
                    .batch
                    .told
                    .push(question(self.shops.get(&shop), self.pen.position()));
            }
            Message::Ping(pong) => {
                // Who asked may have gone.
                let _ = pong.send(self.pulse());
            }
        }
    }

    fn pulse(&self) -> Pulse {
        let mut pulse = Pulse {
            next_due: self.dues.next(),
            ..Pulse::default()
        };
        for shop in self.shops.values() {
            pulse.owing += u64::from(shop.owing);
            for (state, count) in &shop.orders_by_state {
                *pulse.orders.entry(*state).or_default() += u64::from(*count);
            }
        }
        pulse
    }

    /// Decides a request, and lets whoever waits for it know once that is durable.
    fn answer(&mut self, id: ShopId, request: &Request, at: Reading, caller: Option<Caller>) {
        let answer = self.decide(id, request, at);
        if let Some(caller) = caller {
            self.pen.batch.replies.push((caller, answer));
        }
    }

    fn decide(&mut self, id: ShopId, request: &Request, reading: Reading) -> Reply {
        let now = Millis(reading.now_ms);
        // A shop begins with its admin's first command; nobody else's token brings one about.
        if request.by.role >= Role::Admin && !self.shops.contains_key(&id) {
            self.shops.insert(id.clone(), Shop::default());
        }
        let mut none = None;
        let known = self.shops.get_mut(&id);
        let keep = known.is_some();
        let shop = known.unwrap_or_else(|| none.insert(Shop::default()));
        let due = shop.next_due_at();
        if !reading.suspect {
            pass_time(&mut self.pen, &self.system, &id, shop, now, usize::MAX);
        }
        let verdict = shop.decide(now, request);
        if keep {
            self.dues.moved(&id, due, shop.next_due_at());
        }
        let (outcome, replayed) = match verdict {
            Verdict::Decided(decision) => {
                let outcome = decision.outcome.clone();
                if keep {
                    self.pen.record(id, decision);
                }
                (outcome, false)
            }
            Verdict::Replayed(outcome) => (outcome, true),
            Verdict::BadId(rejection) => (Err(rejection), false),
        };
        Reply {
            position: self.pen.position(),
            at: shop.now.max(now),
            outcome,
            replayed,
            from_memory: false,
        }
    }

    /// Lets time pass: decides what is due by the own clock, or asks for a turn in which it is.
    fn pass(&mut self, reading: Reading) {
        match &self.order {
            Order::Own => self.sweep(reading),
            Order::Shared(_) => self.nudge(),
        }
    }

    /// Decides what is due by now in any shop, unless the clock is suspect (E-12).
    fn sweep(&mut self, reading: Reading) {
        let now = Millis(reading.now_ms);
        let mut left = SWEEP_MAX;
        while !reading.suspect && left > 0 {
            let Some(id) = self.dues.first_by(now) else {
                break;
            };
            let Some(shop) = self.shops.get_mut(&id) else {
                break;
            };
            let (due, before) = (shop.next_due_at(), self.pen.tail);
            pass_time(&mut self.pen, &self.system, &id, shop, now, left);
            left = left.saturating_sub((self.pen.tail - before).max(1));
            self.dues.moved(&id, due, shop.next_due_at());
        }
    }

    async fn hand_over(&mut self) -> Result<(), super::Error> {
        if !self.pen.batch.is_empty() {
            let batch = std::mem::take(&mut self.pen.batch);
            self.work
                .send(Work::Batch(batch))
                .await
                .map_err(|_| super::Error::Closed)?;
        }
        if self.wants_snapshot() && self.snapshots.try_send(self.pen.partition).is_ok() {
            self.pen.tail = 0;
            self.snapshot_at = Instant::now() + SNAPSHOT_EVERY;
        }
        Ok(())
    }

    fn wants_snapshot(&self) -> bool {
        self.pen.tail > SNAPSHOT_ENTRIES
            && self.pen.tail > self.bookings() / 10
            && Instant::now() >= self.snapshot_at
    }

    fn bookings(&self) -> usize {
        self.shops.values().map(|shop| shop.bookings.len()).sum()
    }

    /// A state so large that writing it would hold up the stop is left to the tail, which is
    /// short in proportion.
    async fn leave_snapshot(&mut self) {
        if self.pen.tail > 0 && self.bookings() <= LEAVE_BOOKINGS_MAX {
            let state = codec::encode_snapshot(&self.shops);
            let (partition, position) = (self.pen.partition, self.pen.link.position);
            // If the writer is gone, the next start replays the tail instead.
            let _ = self
                .work
                .send(Work::Snapshot {
                    partition,
                    position,
                    state,
                })
                .await;
        }
    }
}

/// Decides what is due in a shop by `now`, at most `most` of it.
fn pass_time(pen: &mut Pen, by: &Actor, id: &ShopId, shop: &mut Shop, now: Millis, most: usize) {
    for _ in 0..most {
        let Some(command) = shop.due(now) else { break };
        let request = Request {
            by: by.clone(),
            key: None,
            command,
        };
        let Verdict::Decided(decision) = shop.decide(now, &request) else {
            break;
        };
        if let Err(rejection) = &decision.outcome {
            // What is due can be done: a rule that refuses its own time is a defect.
            tracing::error!(?rejection, command = ?request.command, "refused what is due");
            break;
        }
        pen.record(id.clone(), decision);
    }
}
