//! The audience of one live: its seats, and the tick that tells them what moved.

mod hosts;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::seat::{Seat, SeatRole};
use crate::clock::Clock;
use crate::domain::{CustomerId, DropId, LiveId, Millis, ShopId};
use crate::engine::{Engine, Wanted};
use crate::journal::Position;
use crate::mirror::{LiveView, Mirror};
use crate::protocol::rows::{self, ItemMessage};
use crate::protocol::{Frame, ServerMessage};
use crate::telemetry::{FrameType, metrics};

/// The shortest time between two ticks; the first change after quiet goes out at once.
const TICK_MIN: Duration = Duration::from_millis(50);
/// The longest.
const TICK_MAX: Duration = Duration::from_millis(200);
/// Viewers for which a tick takes a millisecond longer: deliveries a second stay bounded.
const VIEWERS_PER_MS: usize = 50;
/// How often viewers, the ticker and waiting positions are told.
const SLOW_EVERY: Duration = Duration::from_secs(1);
/// Bookings that the ticker shows at most at a time.
const TICKER_MAX: usize = 5;

/// What a tick told everybody.
#[derive(Debug, Clone, Default)]
pub struct Tick {
    /// The frame is for who has seen everything up to here,
    pub p: Position,
    /// and brings them to here.
    pub s: Position,
    /// Stock that moved; empty only before the first tick.
    pub stock: Frame,
}

/// Everybody who watches one live.
#[derive(Debug)]
pub struct Audience {
    /// Which live.
    pub live: LiveId,
    /// Whose.
    pub shop: ShopId,
    mirror: Arc<Mirror>,
    seats: Mutex<HashMap<u64, Arc<Seat>>>,
    hosts: AtomicUsize,
    /// Connections of each customer; guests are counted one by one.
    viewers: Mutex<HashMap<CustomerId, u32>>,
    guests: AtomicUsize,
    latest: ArcSwap<Tick>,
    /// What is told once a second, with the number of the telling.
    slow: ArcSwap<(u64, Frame)>,
    news: Mutex<News>,
    woken: Notify,
    booked_total: AtomicU64,
}

/// What has happened since the last tick.
#[derive(Debug, Default)]
struct News {
    /// Decision time of the oldest change not told yet.
    oldest: Option<Millis>,
    entries: u64,
    wanted: Wanted,
    ticker: Vec<Value>,
    queues: BTreeSet<DropId>,
    viewers_changed: bool,
}

impl Audience {
    pub(super) fn new(live: LiveId, shop: ShopId, mirror: Arc<Mirror>) -> Self {
        let here = mirror.position(&shop);
        Self {
            live,
            shop,
            mirror,
            seats: Mutex::default(),
            hosts: AtomicUsize::new(0),
            viewers: Mutex::default(),
            guests: AtomicUsize::new(0),
            latest: ArcSwap::from_pointee(Tick {
                p: here,
                s: here,
                stock: Frame::new(),
            }),
            slow: ArcSwap::from_pointee((0, Frame::new())),
            news: Mutex::default(),
            woken: Notify::new(),
            booked_total: AtomicU64::new(0),
        }
    }

    /// The newest slow frame (viewers, ticker) and its number.
    pub fn slow(&self) -> Arc<(u64, Frame)> {
        self.slow.load_full()
    }

    /// Adds what a connection at `at` has not been told of counters, viewers and the ticker;
    /// returns where it stands then. Who skipped ticks gets one frame over all of them.
    pub fn counters(&self, at: Position, slow_seen: &mut u64, out: &mut Vec<Frame>) -> Position {
        let slow = self.slow.load();
        if slow.0 > *slow_seen {
            *slow_seen = slow.0;
            out.push(slow.1.clone());
        }
        let tick = self.latest.load();
        if tick.s <= at {
            return at;
        }
        let (to, frames) = if tick.p <= at {
            (tick.s, vec![tick.stock.clone()])
        } else {
            self.catch_up(at).unwrap_or((at, Vec::new()))
        };
        let before = out.len();
        out.extend(frames.into_iter().filter(|frame| !frame.is_empty()));
        let told = (out.len() - before) as u64;
        metrics()
            .broadcast
            .frames_sent
            .of(FrameType::Stock)
            .add(told);
        to
    }

    /// What moved after a position: the frame that brings a connection from there to the
    /// mirror's position, and drops that changed meanwhile.
    pub fn catch_up(&self, from: Position) -> Option<(Position, Vec<Frame>)> {
        let view = self.mirror.since(&self.live, from)?;
        let mut frames: Vec<Frame> = Self::drop_frames(&view);
        frames.push(stock_frame(from, &view));
        metrics().broadcast.conflated_frames.increment();
        Some((view.position, frames))
    }

    /// Everything as it stands.
    pub fn view(&self) -> Option<LiveView> {
        self.mirror.live(&self.live)
    }

    /// How many watch: customers once, guests each.
    pub fn viewers(&self) -> usize {
        lock(&self.viewers).len() + self.guests.load(Ordering::Relaxed)
    }

    /// Connections that watch.
    pub fn connections(&self) -> usize {
        lock(&self.seats).len()
    }

    /// Bookings made since somebody first watched here.
    pub fn booked_total(&self) -> u64 {
        self.booked_total.load(Ordering::Relaxed)
    }

    pub(super) fn join(&self, seat: &Arc<Seat>) {
        lock(&self.seats).insert(seat.number, Arc::clone(seat));
        match &seat.customer {
            Some(customer) => *lock(&self.viewers).entry(customer.clone()).or_default() += 1,
            None => {
                self.guests.fetch_add(1, Ordering::Relaxed);
            }
        }
        if seat.role == SeatRole::Host {
            self.hosts.fetch_add(1, Ordering::Relaxed);
        }
        lock(&self.news).viewers_changed = true;
        self.woken.notify_one();
    }

    pub(super) fn leave(&self, seat: &Seat) {
        if lock(&self.seats).remove(&seat.number).is_none() {
            return;
        }
        match &seat.customer {
            Some(customer) => {
                let mut viewers = lock(&self.viewers);
                if let Some(count) = viewers.get_mut(customer) {
                    *count -= 1;
                    if *count == 0 {
                        viewers.remove(customer);
                    }
                }
            }
            None => {
                self.guests.fetch_sub(1, Ordering::Relaxed);
            }
        }
        if seat.role == SeatRole::Host {
            self.hosts.fetch_sub(1, Ordering::Relaxed);
        }
        lock(&self.news).viewers_changed = true;
        self.woken.notify_one();
    }

    /// Takes note of an entry; what it means is told at the next tick.
    pub(super) fn hear(&self, at: Millis, note: impl FnOnce(&mut Heard<'_>)) {
        {
            let mut news = lock(&self.news);
            news.oldest.get_or_insert(at);
            news.entries += 1;
            let hosts = self.hosts.load(Ordering::Relaxed) > 0;
            note(&mut Heard {
                news: &mut news,
                hosts,
                booked: &self.booked_total,
            });
        }
        self.woken.notify_one();
    }

    /// Puts a frame into everybody's lossless lane.
    pub(super) fn tell_all(&self, frame: &Frame) {
        for seat in lock(&self.seats).values() {
            seat.send(frame.clone());
        }
    }

    /// Asks every connection to do something.
    pub(super) fn each(&self, mut act: impl FnMut(&Seat)) {
        lock(&self.seats).values().for_each(|seat| act(seat));
    }

    fn drop_frames(view: &LiveView) -> Vec<Frame> {
        let currency = &view.live.spec.currency;
        let frame = |row| {
            let drop = rows::DropMessage::of(row, currency);
            let event = if drop.state == "closed" {
                "closed"
            } else {
                "changed"
            };
            let at = view.position;
            ServerMessage::Drop {
                event,
                drop: &drop,
                epoch: at.epoch,
                s: at.seq,
            }
            .frame()
        };
        view.drops.iter().map(frame).collect()
    }

    /// Ticks until the house stops: waits for news, tells, then rests for as long as the size
    /// of the audience asks.
    pub(super) async fn run(
        self: Arc<Self>,
        engine: Engine,
        clock: Clock,
        hub: Arc<super::Hub>,
        stopping: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        let mut told = Told::default();
        loop {
            let slow = told.slow_at.map(|at| at + SLOW_EVERY);
            let pending = self.slow_pending();
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = self.woken.notified() => {}
                () = sleep_until(slow), if pending => {}
            }
            self.tick(&engine, &clock).await;
            self.tell_slowly(&hub, &mut told);
            let rest = self.rest();
            metrics().broadcast.tick_interval.set_duration(rest);
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    fn rest(&self) -> Duration {
        let seats = u64::try_from(lock(&self.seats).len() / VIEWERS_PER_MS).unwrap_or(u64::MAX);
        Duration::from_millis(seats).clamp(TICK_MIN, TICK_MAX)
    }

    fn slow_pending(&self) -> bool {
        let news = lock(&self.news);
        news.viewers_changed || !news.ticker.is_empty() || !news.queues.is_empty()
    }

    async fn tick(&self, engine: &Engine, clock: &Clock) {
        let (oldest, entries, wanted) = {
            let mut news = lock(&self.news);
            let wanted = std::mem::take(&mut news.wanted);
            (
                news.oldest.take(),
                std::mem::take(&mut news.entries),
                wanted,
            )
        };
        let Some(oldest) = oldest else { return };
        let began = Instant::now();
        let p = self.latest.load().s;
        let Some(view) = self.mirror.since(&self.live, p) else {
            return;
        };
        // Where no counter moved nothing is told, so nobody's position may move either: the next
        // frame starts where the last one that was told ended.
        if !view.items.is_empty() {
            let stock = stock_frame(p, &view);
            self.latest.store(Arc::new(Tick {
                p,
                s: view.position,
                stock,
            }));
        }
        let broadcast = &metrics().broadcast;
        broadcast
            .tick_build_duration
            .record_duration(began.elapsed());
        let fanout = Instant::now();
        lock(&self.seats).values().for_each(|seat| seat.wake());
        broadcast.fanout_duration.record_duration(fanout.elapsed());
        broadcast.ticks.increment();
        broadcast.conflated_events.add(entries.saturating_sub(1));
        let late = Millis(clock.now_ms()).since(oldest);
        broadcast
            .decision_to_frame
            .record_duration(Duration::from_millis(late));
        if !wanted.is_empty() {
            self.tell_hosts(engine, clock, wanted).await;
        }
    }

    /// Once a second: how many watch, who has just booked, and where waiters stand.
    fn tell_slowly(&self, hub: &super::Hub, told: &mut Told) {
        if told.slow_at.is_some_and(|at| at.elapsed() < SLOW_EVERY) || !self.slow_pending() {
            return;
        }
        told.slow_at = Some(Instant::now());
        let (ticker, queues) = {
            let mut news = lock(&self.news);
            news.viewers_changed = false;
            (
                std::mem::take(&mut news.ticker),
                std::mem::take(&mut news.queues),
            )
        };
        let count = self.viewers();
        let mut lines = Vec::new();
        if told.viewers != count {
            told.viewers = count;
            lines.push(
                ServerMessage::Viewers {
                    count,
                    approximate: true,
                }
                .frame(),
            );
            metrics()
                .broadcast
                .frames_sent
                .of(FrameType::Viewers)
                .increment();
        }
        if !ticker.is_empty() {
            lines.push(ServerMessage::Ticker { bookings: &ticker }.frame());
            metrics()
                .broadcast
                .frames_sent
                .of(FrameType::Ticker)
                .increment();
        }
        if !lines.is_empty() {
            let number = self.slow.load().0 + 1;
            self.slow
                .store(Arc::new((number, Frame::from(lines.join(&b'\n')))));
            lock(&self.seats).values().for_each(|seat| seat.wake());
        }
        for drop in queues {
            self.tell_waiters(hub, drop, told);
        }
    }

    fn tell_waiters(&self, hub: &super::Hub, drop: DropId, told: &mut Told) {
        let Some(row) = self.mirror.drop_row(&self.shop, drop) else {
            return;
        };
        let waiters = self.mirror.waiters(&self.shop, drop);
        let before = told.ahead.remove(&drop).unwrap_or_default();
        let (mut ahead_units, mut now) = (0, HashMap::with_capacity(waiters.len()));
        for (customer, qty) in waiters {
            if before.get(&customer) != Some(&(ahead_units, qty)) {
                let (drop, sku) = (row.drop.to_string(), row.sku.to_string());
                let frame = ServerMessage::Waiting {
                    drop: &drop,
                    sku: &sku,
                    qty,
                    ahead_units,
                };
                hub.tell(&self.shop, &customer, &frame.frame());
            }
            now.insert(customer, (ahead_units, qty));
            ahead_units = ahead_units.saturating_add(qty);
        }
        if !now.is_empty() {
            told.ahead.insert(drop, now);
        }
    }
}

/// What the slow telling has told.
#[derive(Default)]
struct Told {
    slow_at: Option<Instant>,
    viewers: usize,
    ahead: HashMap<DropId, HashMap<CustomerId, (u32, u32)>>,
}

/// Where an entry's meaning is noted down.
pub(super) struct Heard<'a> {
    news: &'a mut News,
    hosts: bool,
    booked: &'a AtomicU64,
}

impl Heard<'_> {
    /// Rows that hosts will want to see again; skipped when no host watches.
    pub(super) fn want(&mut self, note: impl FnOnce(&mut Wanted)) {
        if self.hosts {
            note(&mut self.news.wanted);
        }
    }

    pub(super) fn queue(&mut self, drop: DropId) {
        self.news.queues.insert(drop);
    }

    /// Somebody booked; a few of each second are shown, by a masked name (S-36).
    pub(super) fn booked(&mut self, customer: &CustomerId, sku: &str, qty: u32) {
        self.booked.fetch_add(1, Ordering::Relaxed);
        if self.news.ticker.len() < TICKER_MAX {
            let first = customer.as_str().chars().next().unwrap_or('*');
            let name = format!("{}***", first.to_uppercase());
            self.news
                .ticker
                .push(json!({"name": name, "sku": sku, "qty": qty}));
        }
    }
}

fn stock_frame(p: Position, view: &LiveView) -> Frame {
    let items: Vec<ItemMessage> = view.items.iter().map(ItemMessage::of).collect();
    // A position of another epoch has no place in this one's range: everything is covered.
    let p = if p.epoch == view.position.epoch {
        p.seq
    } else {
        0
    };
    let (epoch, s) = (view.position.epoch, view.position.seq);
    ServerMessage::Stock {
        epoch,
        p,
        s,
        items: &items,
    }
    .frame()
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
