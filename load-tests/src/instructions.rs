//! How many instructions three things take that everything else is made of: deciding a booking,
//! applying it to the mirror, encoding a frame of counters. Counted by callgrind, so that neither
//! another machine nor a busy one changes the figure; a run of twice as many less a run of as many
//! leaves out whatever is done once.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use lapak::domain::command::DropSpec;
use lapak::domain::shop::Verdict;
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, Decision, DropId, LiveId, LiveSpec, Millis, Mode,
    Request, RequestKey, Role, Shop, ShopId, SkuId, SkuSpec, Video,
};
use lapak::journal::{Entry, Partition, Position};
use lapak::mirror::Mirror;
use lapak::protocol::ServerMessage;
use lapak::protocol::rows::ItemMessage;

use crate::report::{Table, count as figure};
use crate::stage::{LIVE, SHOP};
use crate::{Report, Run};

/// How often a thing is done in the shorter of two runs.
const TIMES: usize = 1_000;
/// By how many hundredths a count may grow before it is a failure: room for another compiler.
const GROWTH_MAX_PERCENT: u64 = 10;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// `Shop::decide` of a booking of one unit.
    Decide,
    /// `Mirror::apply` of its entry.
    Mirror,
    /// A stock frame of one item, from the mirror's row to bytes.
    Frame,
}

impl Work {
    /// All of it.
    pub const ALL: [Self; 3] = [Self::Decide, Self::Mirror, Self::Frame];

    /// How it is called in the committed file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide a booking",
            Self::Mirror => "apply it to the mirror",
            Self::Frame => "encode a stock frame",
        }
    }
}

/// Options of the command.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Make what is counted now the committed figures.
    #[arg(long)]
    pub bless: bool,
}

/// The committed figures.
pub fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.json")
}

/// Counts with this program, and compares or blesses.
pub fn run(_: &Run, options: &Options) -> Result<Report> {
    let counted = count_all(&std::env::current_exe()?)?;
    if options.bless {
        std::fs::write(committed(), serde_json::to_string_pretty(&counted)? + "\n")?;
    }
    compare(&counted)
}

/// Counts everything in runs of a program that is this one.
pub fn count_all(program: &Path) -> Result<BTreeMap<String, u64>> {
    let each = Work::ALL.into_iter().map(|work| {
        let (once, twice) = (
            counted(program, work, TIMES)?,
            counted(program, work, 2 * TIMES)?,
        );
        Ok((
            work.name().to_owned(),
            twice.saturating_sub(once) / TIMES as u64,
        ))
    });
    each.collect()
}

/// More instructions than were committed are a lie about what this costs.
pub fn compare(counted: &BTreeMap<String, u64>) -> Result<Report> {
    let text = std::fs::read_to_string(committed()).context("no committed figures")?;
    let before: BTreeMap<String, u64> = serde_json::from_str(&text)?;
    let mut report = Report::new("instructions: what three things take");
    let mut rows = Vec::new();
    for (name, now) in counted {
        let then = *before
            .get(name)
            .with_context(|| format!("no figure of: {name}"))?;
        let most = then + then * GROWTH_MAX_PERCENT / 100;
        report.check(*now <= most, || {
            format!("{name}: {now} instructions, {then} are committed; if that must be, bless it (load-tests/README.md)")
        });
        if now * 100 < then * (100 - GROWTH_MAX_PERCENT) {
            report.note(format!(
                "{name}: only {now} of {then} instructions; bless it, so that it stays"
            ));
        }
        let value = |n: u64| figure(usize::try_from(n).unwrap_or(usize::MAX));
        rows.push((
            name.clone(),
            vec![
                Some(value(then)),
                Some(value(*now)),
                Some(value(*now) / value(then)),
            ],
        ));
    }
    let columns = ["work", "committed", "now", "now / committed"]
        .map(Into::into)
        .into();
    report.tables.push(Table {
        title: "instructions".into(),
        columns,
        rows,
    });
    Ok(report)
}

/// Instructions of a whole run under callgrind.
fn counted(program: &Path, work: Work, times: usize) -> Result<u64> {
    let name = work.to_possible_value().context("no name")?;
    let run = Process::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(program)
        .args(["work", name.get_name(), &times.to_string()])
        .output()
        .context("valgrind does not start; `make tools` installs it")?;
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "{}: {said}", run.status);
    let line = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = line.with_context(|| format!("callgrind counted nothing: {said}"))?;
    Ok(number.trim().parse()?)
}

/// Does one thing so many times; what leads up to it is the same however often that is.
pub fn work(which: Work, times: usize) -> Result<()> {
    ensure!(times <= 2 * TIMES, "at most {} times", 2 * TIMES);
    let mut stall = Stall::new()?;
    let requests: Vec<Request> = (0..2 * TIMES)
        .map(|n| stall.booking(n))
        .collect::<Result<_>>()?;
    if which == Work::Decide {
        for request in requests.iter().take(times) {
            black_box(stall.decide(request)?);
        }
        return Ok(());
    }
    let mirror = Mirror::default();
    let (shop, live) = (ShopId::new(SHOP)?, LiveId::new(LIVE)?);
    mirror.prime(&shop, &stall.shop, Position { epoch: 1, seq: 1 });
    let entry = |(n, decision): (u64, Decision)| Entry {
        partition: Partition::of(&shop),
        position: Position {
            epoch: 1,
            seq: n + 2,
        },
        shop: shop.clone(),
        decision: Arc::new(decision),
    };
    let decided: Vec<Decision> = requests
        .iter()
        .map(|request| stall.decide(request))
        .collect::<Result<_>>()?;
    let entries: Vec<Entry> = (0..).zip(decided).map(entry).collect();
    let applied = if which == Work::Mirror {
        times
    } else {
        entries.len()
    };
    for entry in entries.iter().take(applied) {
        black_box(mirror.apply(entry));
    }
    if which == Work::Frame {
        for _ in 0..times {
            let view = mirror
                .since(&live, Position { epoch: 1, seq: 1 })
                .context("no live")?;
            let items: Vec<ItemMessage> = view.items.iter().map(ItemMessage::of).collect();
            ensure!(items.len() == 1, "{} items", items.len());
            let Position { epoch, seq: s } = view.position;
            black_box(
                ServerMessage::Stock {
                    epoch,
                    p: 1,
                    s,
                    items: &items,
                }
                .frame(),
            );
        }
    }
    Ok(())
}

/// A shop with one drop of plenty.
struct Stall {
    shop: Shop,
    live: LiveId,
    sku: SkuId,
    decided: u64,
}

impl Stall {
    fn new() -> Result<Self> {
        let (live, sku) = (LiveId::new(LIVE)?, SkuId::new("MANY")?);
        let mut stall = Self {
            shop: Shop::default(),
            live: live.clone(),
            sku: sku.clone(),
            decided: 0,
        };
        let spec = Arc::new(LiveSpec {
            title: "Uji".into(),
            lang: "en".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::None,
            links: Vec::new(),
        });
        stall.admin(Command::PutLive {
            live: live.clone(),
            spec,
        })?;
        let spec = Arc::new(SkuSpec {
            title: "Barang".into(),
            image: None,
            price: 99_000,
            active: true,
            preorder: false,
            physical: true,
            track_stock: true,
            components: Vec::new(),
        });
        stall.admin(Command::PutSku {
            sku: sku.clone(),
            spec,
            on_hand: Some(1_000_000),
        })?;
        let drop = DropSpec {
            drop: DropId(1),
            live,
            sku,
            price: None,
            units: None,
            mode: Mode::Shared,
            opens_at: None,
            ends_at: None,
            per_customer_limit: 0,
            booking_timeout_ms: None,
            pinned: false,
        };
        stall.admin(Command::OpenDrop(Box::new(drop)))?;
        Ok(stall)
    }

    fn admin(&mut self, command: Command) -> Result<()> {
        let by = Actor {
            role: Role::Admin,
            name: CustomerId::new("admin")?,
        };
        self.decide(&Request {
            by,
            key: None,
            command,
        })?;
        Ok(())
    }

    fn booking(&self, n: usize) -> Result<Request> {
        // A number that looks like a random UUID of version 4.
        let wide = (n as u128 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        let id = (wide & !(0xf << 76)) | (0x4 << 76);
        Ok(Request {
            by: Actor {
                role: Role::Viewer,
                name: CustomerId::new(&format!("pembeli-{}", n % 500))?,
            },
            key: Some(RequestKey { id, body: n as u64 }),
            command: Command::Book {
                booking: BookingId(id),
                live: self.live.clone(),
                drop: DropId(1),
                sku: self.sku.clone(),
                qty: 1,
                accept_partial: false,
                join_waitlist: false,
            },
        })
    }

    fn decide(&mut self, request: &Request) -> Result<Decision> {
        self.decided += 1;
        match self
            .shop
            .decide(Millis(1_700_000_000_000 + self.decided), request)
        {
            Verdict::Decided(decision) => {
                ensure!(decision.outcome.is_ok(), "{:?}", decision.outcome);
                Ok(decision)
            }
            other => bail!("{other:?}"),
        }
    }
}
