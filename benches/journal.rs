//! What the journal costs: encoding, appending, and a restart. `cargo bench --bench journal`
//! prints figures; `-- --bookings 100000` makes the restart smaller.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lapak::domain::command::DropSpec;
use lapak::domain::shop::Verdict;
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, Decision, DropId, LiveId, LiveSpec, Millis, Mode,
    Request, RequestKey, Role, Shop, ShopId, SkuId, SkuSpec, Video,
};
use lapak::engine::codec::{decode_entry, decode_snapshot, encode_entry, encode_snapshot};
use lapak::engine::store::{Row, Store};
use lapak::journal::{Partition, Position};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CUSTOMERS: u64 = 10_000;
const TAIL: u64 = 10_000;

/// A shop where everybody books one unit of one drop, again and again.
struct Stall {
    shop: Shop,
    now: u64,
    made: u64,
    customers: Vec<CustomerId>,
}

impl Stall {
    fn new() -> Self {
        let customer = |n| CustomerId::new(&format!("customer-{n:05}")).unwrap();
        let mut stall = Self {
            shop: Shop::default(),
            now: 1_700_000_000_000,
            made: 0,
            customers: (0..CUSTOMERS).map(customer).collect(),
        };
        let spec = LiveSpec {
            title: "Live".into(),
            lang: "id".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::Demo,
            links: Vec::new(),
        };
        stall.decide(
            Role::Admin,
            0,
            Command::PutLive {
                live: live(),
                spec: Arc::new(spec),
            },
        );
        let spec = SkuSpec {
            title: "Kaos".into(),
            image: None,
            price: 99_000,
            active: true,
            preorder: false,
            physical: true,
            track_stock: true,
            components: Vec::new(),
        };
        let on_hand = Some(100_000_000);
        stall.decide(
            Role::Admin,
            0,
            Command::PutSku {
                sku: sku(),
                spec: Arc::new(spec),
                on_hand,
            },
        );
        let drop = DropSpec {
            drop: DropId(1),
            live: live(),
            sku: sku(),
            price: None,
            units: None,
            mode: Mode::Shared,
            opens_at: None,
            ends_at: None,
            per_customer_limit: 0,
            booking_timeout_ms: Some(24 * 3_600_000),
            pinned: false,
        };
        stall.decide(Role::Host, 0, Command::OpenDrop(Box::new(drop)));
        stall
    }

    fn decide(&mut self, role: Role, customer: usize, command: Command) -> Decision {
        self.made += 1;
        let id = scattered(self.made);
        let by = Actor {
            role,
            name: self.customers[customer].clone(),
        };
        let key = Some(RequestKey {
            id,
            body: self.made,
        });
        match self
            .shop
            .decide(Millis(self.now), &Request { by, key, command })
        {
            Verdict::Decided(decision) => {
                assert!(decision.outcome.is_ok(), "{:?}", decision.outcome);
                decision
            }
            other => panic!("{other:?}"),
        }
    }

    fn book(&mut self) -> Decision {
        self.now += self.made & 1;
        let customer = usize::try_from(scattered(self.made) % u128::from(CUSTOMERS)).unwrap();
        let command = Command::Book {
            booking: BookingId(scattered(self.made ^ (1 << 40))),
            live: live(),
            drop: DropId(1),
            sku: sku(),
            qty: 1,
            accept_partial: false,
            join_waitlist: false,
        };
        self.decide(Role::Viewer, customer, command)
    }
}

fn live() -> LiveId {
    LiveId::new("live").unwrap()
}

fn sku() -> SkuId {
    SkuId::new("kaos-hitam-m").unwrap()
}

/// A number that looks like a random version 4 UUID.
fn scattered(n: u64) -> u128 {
    let mix = |n: u64| {
        (n ^ (n >> 31))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(27)
    };
    let wide = (u128::from(mix(mix(n) + 1)) << 64) | u128::from(mix(n));
    (wide & !(0xf << 76)) | (0x4 << 76)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let made = work();
    (made, start.elapsed())
}

/// The same in this thread's CPU time, which other programs do not change.
fn worked<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = cpu();
    let made = work();
    (made, cpu().saturating_sub(start))
}

/// Zero where the system does not tell.
fn cpu() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let ns = told
        .split_whitespace()
        .next()
        .and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.unwrap_or(0))
}

fn rate(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn main() {
    let mut args = std::env::args();
    let bookings = args
        .find(|arg| arg == "--bookings")
        .and_then(|_| args.next());
    let bookings: u64 = bookings.map_or(1_000_000, |n| n.parse().unwrap());
    let shop = ShopId::new("bench").unwrap();

    let mut stall = Stall::new();
    let decisions: Vec<_> = (0..100_000).map(|_| stall.book()).collect();
    let payloads = entries(&shop, &decisions);
    append(&payloads, 256);
    append(&payloads, 16);
    drop((decisions, payloads, stall));
    restart(&shop, bookings);
}

fn entries(shop: &ShopId, decisions: &[Decision]) -> Vec<Vec<u8>> {
    let encode = |decision| {
        let mut out = Vec::with_capacity(256);
        encode_entry(shop, decision, &mut out);
        out
    };
    let (payloads, took) = timed(|| decisions.iter().map(encode).collect::<Vec<_>>());
    let bytes: usize = payloads.iter().map(Vec::len).sum();
    println!(
        "encode    {:>9.0} entries/s, {} bytes each",
        rate(payloads.len(), took),
        bytes / payloads.len()
    );
    let ((), took) = timed(|| payloads.iter().for_each(|p| drop(decode_entry(p).unwrap())));
    println!("decode    {:>9.0} entries/s", rate(payloads.len(), took));
    payloads
}

fn append(payloads: &[Vec<u8>], per_commit: usize) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut ends = [Position { epoch: 1, seq: 0 }; 16];
    let count = if per_commit < 100 {
        payloads.len() / 10
    } else {
        payloads.len()
    };
    let mut slowest = Duration::ZERO;
    let mut spread = 0;
    let (((), took), busy) = worked(|| {
        timed(|| {
            for chunk in payloads[..count].chunks(per_commit) {
                let mut rows = Vec::with_capacity(chunk.len());
                for payload in chunk {
                    let partition = Partition(spread % 16);
                    spread = spread.wrapping_add(1);
                    let position = ends[partition.index()].next();
                    ends[partition.index()] = position;
                    rows.push(Row {
                        partition,
                        position,
                        payload,
                    });
                }
                let ((), took) = timed(|| store.append(&rows).unwrap());
                slowest = slowest.max(took);
            }
        })
    });
    println!(
        "append    {:>9.0} entries/s, {per_commit} a commit, {:.2} us CPU each, slowest commit {:.1} ms, {} bytes each on disk",
        rate(count, took),
        busy.as_secs_f64() * 1e6 / count as f64,
        slowest.as_secs_f64() * 1e3,
        store.size_bytes() / count as u64
    );
    let (verified, took) = timed(|| {
        Partition::all()
            .map(|p| store.verify(p).unwrap().entries)
            .sum::<u64>()
    });
    println!(
        "verify    {:>9.0} entries/s",
        rate(usize::try_from(verified).unwrap(), took)
    );
}

fn restart(shop: &ShopId, bookings: u64) {
    let mut stall = Stall::new();
    let mut first = stall.book();
    for _ in 1..bookings {
        first = stall.book();
    }
    let partition = Partition::of(shop);
    let dir = tempfile::tempdir_in(".").unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut position = Position { epoch: 1, seq: 1 };
    let mut payload = Vec::new();
    encode_entry(shop, &first, &mut payload);
    store
        .append(&[Row {
            partition,
            position,
            payload: &payload,
        }])
        .unwrap();

    let shops = HashMap::from([(shop.clone(), stall.shop.clone())]);
    let ((bytes, took), busy) = worked(|| timed(|| encode_snapshot(&shops)));
    println!(
        "snapshot  {bookings} bookings, {} MB, made in {took:.2?} ({busy:.2?} CPU)",
        bytes.len() >> 20
    );
    drop(shops);
    let (((), took), busy) =
        worked(|| timed(|| store.save_snapshot(partition, position, &bytes).unwrap()));
    println!("snapshot  saved in {took:.2?} ({busy:.2?} CPU)");
    let ((back, took), busy) = worked(|| timed(|| decode_snapshot(&bytes).unwrap()));
    println!("snapshot  decoded in {took:.2?} ({busy:.2?} CPU)");
    drop(back);
    drop(bytes);
    for _ in 0..TAIL {
        position = position.next();
        payload.clear();
        encode_entry(shop, &stall.book(), &mut payload);
        store
            .append(&[Row {
                partition,
                position,
                payload: &payload,
            }])
            .unwrap();
    }
    drop(store);
    let (mut store, took) = timed(|| Store::open(dir.path()).unwrap());
    println!("restart   opened in {took:.2?}");
    let ((loaded, took), busy) = worked(|| timed(|| store.load(partition).unwrap()));
    println!(
        "restart   loaded with {} entries after it in {took:.2?} ({busy:.2?} CPU)",
        loaded.replayed
    );
    assert_eq!(loaded.position, position);
    assert!(
        loaded.shops[shop] == stall.shop,
        "the shop has come back equal"
    );
}
