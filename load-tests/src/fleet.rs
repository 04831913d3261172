//! Many thousand viewers in a few processes: crews with an event loop each, told over a socket
//! pair what to do. A process may open some 20,000 files, a source address has 28,000 ports to one
//! server; so crews share the lines, and lines come from 127.0.0.2, 127.0.0.3 and so on.

mod crew;
mod frames;
mod line;
mod order;
mod taps;

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as Control;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

pub use crew::now_us;
pub use order::{Kind, Order, Said, Tally, Told, unpacked};

use crate::client::PATIENCE;
use crate::report::say;
use crate::{Report, stage, usage};

/// Handshakes at a time over all crews: fewer than the server lets stand ungreeted.
const OPENING: usize = 200;
/// Lines of one source address. It has 28,000 ports, and the system looks at every second of them
/// first: where most of those are taken it looks through all, for a millisecond each time.
const PER_SOURCE: usize = 4_000;
/// After so many lines of a crew it is said how things stand.
const SAY_EVERY: usize = 5_000;
/// Lines of one crew, where files allow.
const PER_CREW: usize = 18_000;

/// When nothing has come for so long, it is looked whether all is there,
const SILENCE: Duration = Duration::from_millis(300);
/// but not for longer than this.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// Crews under way.
pub struct Fleet {
    crews: Vec<Crew>,
    lines: usize,
}

struct Crew {
    control: BufReader<UnixStream>,
    child: Option<Child>,
    connected: usize,
    heard: (u64, u64),
    /// What was read of a line that is not whole.
    partial: Vec<u8>,
}

/// Where viewers go, and how they greet.
#[derive(Debug, Clone)]
pub struct Trip {
    /// Where to.
    pub to: Vec<SocketAddr>,
    /// The path of the upgrade.
    pub path: String,
    /// What each says first; none: nothing.
    pub hello: Vec<String>,
    /// How many.
    pub lines: usize,
    /// Whose frames.
    pub kind: Kind,
    /// Processes; 0: a thread of this one. By default as many as are needed.
    pub crews: Option<usize>,
}

impl Trip {
    /// Viewers of our own server, by their tokens.
    pub fn to_lives(to: &[SocketAddr], tokens: &[String], crews: Option<usize>) -> Self {
        let hello = tokens
            .iter()
            .map(|token| format!("{{\"type\":\"connect\",\"token\":\"{token}\"}}"));
        Self {
            to: to.to_vec(),
            path: format!("/v1/lives/{}/ws", stage::LIVE),
            hello: hello.collect(),
            lines: tokens.len(),
            kind: Kind::Lapak,
            crews,
        }
    }
}

/// A crew as a process of its own: its control is its standard input.
pub fn crew_process() -> Result<()> {
    crew::run(Control::from(
        std::io::stdin().as_fd().try_clone_to_owned()?,
    ))
}

impl Fleet {
    /// Connects everybody.
    pub async fn board(trip: &Trip) -> Result<Self> {
        let fewest = trip
            .lines
            .div_ceil(PER_CREW.min(usage::open_files_max() as usize - 512))
            .max(1);
        let crews = trip.crews.unwrap_or(fewest).max(fewest);
        let in_thread = trip.crews == Some(0) && crews == 1;
        let mut fleet = Self {
            crews: Vec::new(),
            lines: trip.lines,
        };
        let mut begin = 0;
        for number in 0..crews {
            let end = trip.lines * (number + 1) / crews;
            let order = order(trip, number, begin..end, crews);
            let mut crew = Crew::start(in_thread)?;
            crew.write(&serde_json::to_string(&order)?).await?;
            fleet.crews.push(crew);
            begin = end;
        }
        fleet.connected().await?;
        Ok(fleet)
    }

    /// Waits until everybody is connected, also after a storm.
    pub async fn connected(&mut self) -> Result<()> {
        let lines = self.lines;
        let all = self
            .until(PATIENCE, |crews| {
                crews.iter().map(|crew| crew.connected).sum::<usize>() == lines
            })
            .await?;
        ensure!(all, "nobody is let in any more");
        Ok(())
    }

    /// Tells every crew.
    pub async fn tell(&mut self, told: Told) -> Result<()> {
        let line = serde_json::to_string(&told)?;
        for crew in &mut self.crews {
            crew.heard = (0, 0);
            if matches!(told, Told::Storm { .. }) {
                crew.connected = 0;
            }
            crew.write(&line).await?;
        }
        Ok(())
    }

    /// Waits until so many messages were delivered since the counting began; false if nothing has
    /// come for so long.
    pub async fn heard(&mut self, deliveries: u64, patience: Duration) -> Result<bool> {
        self.until(patience, |crews| {
            crews.iter().map(|crew| crew.heard.0).sum::<u64>() >= deliveries
        })
        .await
    }

    /// The same until every line has so many messages of those that are lossless.
    pub async fn each_heard(&mut self, messages: u64, patience: Duration) -> Result<bool> {
        self.until(patience, |crews| {
            crews.iter().all(|crew| crew.heard.1 >= messages)
        })
        .await
    }

    async fn until(
        &mut self,
        patience: Duration,
        enough: impl Fn(&[Crew]) -> bool,
    ) -> Result<bool> {
        loop {
            if enough(&self.crews) {
                return Ok(true);
            }
            let hearing: Vec<_> = self
                .crews
                .iter_mut()
                .map(|crew| Box::pin(crew.hear()))
                .collect();
            match timeout(patience, futures_util::future::select_all(hearing)).await {
                Ok((heard, _, _)) => heard?,
                Err(_) => return Ok(false),
            }
        }
    }

    /// Counts until every line was shown this change, or nothing has come for a while.
    pub async fn settled(&mut self, last: u64) -> Result<Tally> {
        let (mut all, began) = (self.count().await?, Instant::now());
        while all.ended != Some((last, last)) && began.elapsed() < SILENCE_MAX {
            self.heard(u64::MAX, SILENCE).await?;
            let more = self.count().await?;
            all.ended = None;
            all = all.with(more);
        }
        Ok(all)
    }

    /// Counts until so many taps were answered and every line was shown that nothing is left, or
    /// nothing has come for a while.
    pub async fn sold_out(&mut self, taps: u64) -> Result<Tally> {
        let (mut all, mut heard) = (self.count().await?, Instant::now());
        let answered = |all: &Tally| all.held.len() as u64 + all.sold_out;
        while (all.left != Some((0, 0)) || answered(&all) < taps) && heard.elapsed() < PATIENCE {
            sleep(SILENCE).await;
            let more = self.count().await?;
            if more.deliveries > 0 || answered(&more) > 0 {
                heard = Instant::now();
            }
            all.left = None;
            all = all.with(more);
        }
        Ok(all)
    }

    /// Processor time of the crews' processes.
    pub fn cpu(&self) -> Duration {
        let pids = self
            .crews
            .iter()
            .filter_map(|crew| crew.child.as_ref()?.id());
        let each = pids.map(|pid| usage::cpu(pid).unwrap_or_default());
        each.sum()
    }

    /// What was heard since the counting began; it begins anew.
    pub async fn count(&mut self) -> Result<Tally> {
        self.tell(Told::Count).await?;
        let mut all = Tally::default();
        for crew in &mut self.crews {
            let tally = loop {
                if let Said::All(tally) = crew.next().await? {
                    break tally;
                }
            };
            all = all.with(*tally);
        }
        Ok(all)
    }
}

impl Tally {
    /// Every fault is a lie.
    pub fn confess(&self, report: &mut Report) {
        self.faults
            .iter()
            .for_each(|fault| report.lie(fault.clone()));
        let silent = usize::try_from(self.faults_total).unwrap_or(usize::MAX);
        report.lies_total += silent.saturating_sub(self.faults.len());
    }
}

/// Each crew has source addresses of its own.
fn order(trip: &Trip, number: usize, lines: std::ops::Range<usize>, crews: usize) -> Order {
    let sources = lines.len().div_ceil(PER_SOURCE).max(1);
    let first = number * PER_CREW.div_ceil(PER_SOURCE);
    let source = |n: usize| {
        let n = u32::try_from(first + n).unwrap_or_default();
        Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 1, 1)) + n)
    };
    let hello = trip.hello.get(lines.clone()).unwrap_or_default().to_vec();
    Order {
        to: trip.to.clone(),
        from: (0..sources).map(source).collect(),
        path: trip.path.clone(),
        hello,
        lines: lines.len(),
        kind: trip.kind,
        opening: (OPENING / crews).max(1),
    }
}

impl Crew {
    fn start(in_thread: bool) -> Result<Self> {
        let (ours, theirs) = Control::pair()?;
        let child = if in_thread {
            std::thread::spawn(move || crew::run(theirs));
            None
        } else {
            let program = std::env::current_exe()?;
            let child = Command::new(program)
                .arg("crew")
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .kill_on_drop(true)
                .spawn();
            Some(child.context("a crew does not start")?)
        };
        ours.set_nonblocking(true)?;
        let control = BufReader::new(UnixStream::from_std(ours)?);
        Ok(Self {
            control,
            child,
            connected: 0,
            heard: (0, 0),
            partial: Vec::new(),
        })
    }

    async fn write(&mut self, line: &str) -> Result<()> {
        self.control
            .write_all(format!("{line}\n").as_bytes())
            .await?;
        Ok(())
    }

    async fn next(&mut self) -> Result<Said> {
        let read = timeout(PATIENCE, self.control.read_until(b'\n', &mut self.partial)).await;
        ensure!(
            read.context("a crew says nothing any more")?? > 0,
            "a crew has ended"
        );
        let said = serde_json::from_slice(&std::mem::take(&mut self.partial))?;
        if let Said::Broken(why) = said {
            bail!("a crew broke: {why}");
        }
        Ok(said)
    }

    async fn hear(&mut self) -> Result<()> {
        match self.next().await? {
            Said::Connected(count) => {
                if count / SAY_EVERY > self.connected / SAY_EVERY {
                    say(format!("{count} viewers of a crew are connected"));
                }
                self.connected = count;
            }
            Said::Heard(all, lossless) => self.heard = (all, lossless),
            Said::All(_) | Said::Broken(_) => {}
        }
        Ok(())
    }
}
