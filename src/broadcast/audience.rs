//! The audience of one live: its seats, and the tick that tells them what moved.

mod due;
mod hosts;
mod slowly;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bell::Bell;
use super::seat::{Seat, SeatRole};
use crate::clock::Clock;
use crate::domain::{CustomerId, DropId, LiveId, Millis, ShopId, SkuId};
use crate::engine::{Engine, Wanted};
use crate::journal::Position;
use crate::mirror::{LiveView, Mirror};
use crate::protocol::Frame;
use crate::telemetry::{FrameType, metrics};
use due::{Lane, stock_frame};
use slowly::Told;

pub use due::{Due, Place};

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
    /// Unique in this process.
    pub number: u64,
    /// Which live.
    pub live: LiveId,
    /// Whose.
    pub shop: ShopId,
    mirror: Arc<Mirror>,
    seats: Mutex<Seats>,
    hosts: AtomicUsize,
    /// Connections of each customer; guests are counted one by one.
    viewers: Mutex<HashMap<CustomerId, u32>>,
    guests: AtomicUsize,
    latest: ArcSwap<Tick>,
    /// What is told once a second, with the number of the telling.
    slow: ArcSwap<(u64, Vec<(FrameType, Frame)>)>,
    /// What everybody is told, and nobody may miss.
    lane: Mutex<Lane>,
    /// Wakes those who wait by themselves for what everybody is told.
    told: watch::Sender<()>,
    news: Mutex<News>,
    woken: Notify,
    booked_total: AtomicU64,
}

/// Who sits here.
#[derive(Debug, Default)]
struct Seats {
    all: HashMap<u64, Arc<Seat>>,
    hosts: Vec<Arc<Seat>>,
    /// Loops that look after seats, and after how many.
    bells: Vec<(Arc<Bell>, usize)>,
}

impl Seats {
    fn add(&mut self, seat: &Arc<Seat>) {
        self.all.insert(seat.number, Arc::clone(seat));
        if seat.role == SeatRole::Host {
            self.hosts.push(Arc::clone(seat));
        }
        let Some(bell) = seat.bell() else { return };
        match self.bells.iter_mut().find(|(b, _)| Arc::ptr_eq(b, bell)) {
            Some((_, count)) => *count += 1,
            None => self.bells.push((Arc::clone(bell), 1)),
        }
    }

    /// False if the seat has been given back before.
    fn remove(&mut self, seat: &Seat) -> bool {
        if self.all.remove(&seat.number).is_none() {
            return false;
        }
        self.hosts.retain(|host| host.number != seat.number);
        if let Some(bell) = seat.bell() {
            self.bells.retain_mut(|(b, count)| {
                *count -= usize::from(Arc::ptr_eq(b, bell));
                *count > 0
            });
        }
        true
    }
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
    pub(super) fn new(number: u64, live: LiveId, shop: ShopId, mirror: Arc<Mirror>) -> Self {
        let here = mirror.position(&shop);
        Self {
            number,
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
                stock: Frame::default(),
            }),
            slow: ArcSwap::default(),
            lane: Mutex::default(),
            told: watch::Sender::new(()),
            news: Mutex::default(),
            woken: Notify::new(),
            booked_total: AtomicU64::new(0),
        }
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
        lock(&self.seats).all.len()
    }

    /// Bookings made since somebody first watched here.
    pub fn booked_total(&self) -> u64 {
        self.booked_total.load(Ordering::Relaxed)
    }

    pub(super) fn join(&self, seat: &Arc<Seat>) {
        lock(&self.seats).add(seat);
        match &seat.customer {
            Some(customer) => *lock(&self.viewers).entry(customer.clone()).or_default() += 1,
            None => {
                self.guests.fetch_add(1, Ordering::Relaxed);
            }
        }
        if seat.role == SeatRole::Host {
            self.hosts.fetch_add(1, Ordering::Relaxed);
        }
        self.counted_anew();
    }

    pub(super) fn leave(&self, seat: &Seat) {
        if !lock(&self.seats).remove(seat) {
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
        self.counted_anew();
    }

    /// How many watch is told at the next slow telling.
    fn counted_anew(&self) {
        if !std::mem::replace(&mut lock(&self.news).viewers_changed, true) {
            self.woken.notify_one();
        }
    }

    /// Takes note of an entry; what it means is told at the next tick. Only the first after a tick wakes
    /// anybody: of a rush the others are told with it.
    pub(super) fn hear(&self, at: Millis, note: impl FnOnce(&mut Heard<'_>)) {
        let mut news = lock(&self.news);
        let first = news.oldest.is_none();
        news.oldest.get_or_insert(at);
        news.entries += 1;
        let hosts = self.hosts.load(Ordering::Relaxed) > 0;
        note(&mut Heard {
            news: &mut news,
            hosts,
            booked: &self.booked_total,
        });
        drop(news);
        if first {
            self.woken.notify_one();
        }
    }

    /// Tells everybody something that nobody may miss.
    pub(super) fn tell_all(&self, kind: FrameType, frame: Frame) {
        lock(&self.lane).push(kind, frame);
        self.ring();
    }

    /// There is something to tell everybody.
    fn ring(&self) {
        self.told.send_replace(());
        for (bell, _) in &lock(&self.seats).bells {
            bell.audience(self.number);
        }
    }

    /// Hears of all that everybody is told from now on.
    pub fn listen(&self) -> watch::Receiver<()> {
        self.told.subscribe()
    }

    /// Asks every connection to do something.
    pub(super) fn each(&self, mut act: impl FnMut(&Seat)) {
        lock(&self.seats).all.values().for_each(|seat| act(seat));
    }

    /// Ticks until the house stops: waits for news, tells, then rests for as long as the size
    /// of the audience asks. What is told once a second does not make it rest.
    pub(super) async fn run(
        self: Arc<Self>,
        engine: Engine,
        clock: Clock,
        hub: Arc<super::Hub>,
        stopping: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        let mut told = Told::default();
        let mut rested = None;
        loop {
            let slow = told.slow_at.map(|at| at + SLOW_EVERY);
            let (news, pending) = self.awaited();
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = sleep_until(rested), if news => {
                    self.tick(&engine, &clock).await;
                    let rest = self.rest();
                    metrics().broadcast.tick_interval.set_duration(rest);
                    rested = Some(Instant::now() + rest);
                }
                () = sleep_until(slow), if pending => self.tell_slowly(&hub, &mut told),
                () = self.woken.notified() => {}
            }
        }
    }

    fn rest(&self) -> Duration {
        let seats = u64::try_from(self.connections() / VIEWERS_PER_MS).unwrap_or(u64::MAX);
        Duration::from_millis(seats).clamp(TICK_MIN, TICK_MAX)
    }

    /// Whether there are news for a tick, and for the slow telling.
    fn awaited(&self) -> (bool, bool) {
        let news = lock(&self.news);
        let slow = news.viewers_changed || !news.ticker.is_empty() || !news.queues.is_empty();
        (news.oldest.is_some(), slow)
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
        self.ring();
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
    pub(super) fn booked(
        &mut self,
        customer: &CustomerId,
        qty: u32,
        sku: impl FnOnce() -> Option<SkuId>,
    ) {
        self.booked.fetch_add(1, Ordering::Relaxed);
        if self.news.ticker.len() < TICKER_MAX {
            let first = customer.as_str().chars().next().unwrap_or('*');
            let name = format!("{}***", first.to_uppercase());
            let sku = sku();
            let sku = sku.as_ref().map_or("", SkuId::as_str);
            self.news
                .ticker
                .push(json!({"name": name, "sku": sku, "qty": qty}));
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
