//! How a scenario is run: the options that all of them share, where their report goes, and the
//! watch over the server's process while they run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::report::{Series, compare, read, say};
use crate::scenario::Chance;
use crate::{Ground, Kind, Report, Server, server, usage};

/// How often the server's process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// After so many looks it is said how things stand.
const SAY_AFTER: usize = 10;

/// Options of every scenario.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Common options")]
pub struct Run {
    /// The server's binary; the one beside this program by default.
    #[arg(long, global = true)]
    pub lapak: Option<PathBuf>,
    /// Seed of whatever is left to chance.
    #[arg(long, global = true, default_value_t = 1)]
    pub seed: u64,
    /// How long the load goes on, where a scenario has a length.
    #[arg(long, global = true)]
    pub seconds: Option<u64>,
    /// Connections, where a scenario has an audience.
    #[arg(long, global = true)]
    pub viewers: Option<usize>,
    /// Client processes, where a scenario has many viewers; as many as are needed by default, 0: a
    /// thread of this one.
    #[arg(long, global = true)]
    pub clients: Option<usize>,
    /// Let servers stand on a Redis that the run starts: each is a node of it.
    #[arg(long, global = true, value_enum)]
    pub redis: Option<Kind>,
    /// Print the report as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Write the report as one HTML page.
    #[arg(long, global = true, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Show ratios to an earlier run's JSON. Slower is told, and is no failure.
    #[arg(long, global = true, value_name = "FILE")]
    pub compare: Option<PathBuf>,
}

impl Run {
    /// A run with this server and the scenario's own sizes, all in this process: for tests.
    pub fn of(lapak: &Path) -> Self {
        Self {
            lapak: Some(lapak.to_owned()),
            clients: Some(0),
            seed: 1,
            ..Self::default()
        }
    }

    /// The same with so many viewers.
    #[must_use]
    pub fn with_viewers(self, viewers: usize) -> Self {
        Self {
            viewers: Some(viewers),
            ..self
        }
    }

    /// The same for so many seconds.
    #[must_use]
    pub fn with_seconds(self, seconds: u64) -> Self {
        Self {
            seconds: Some(seconds),
            ..self
        }
    }

    /// The same with servers on a Redis.
    #[must_use]
    pub fn on(self, redis: Kind) -> Self {
        Self {
            redis: Some(redis),
            ..self
        }
    }

    /// The server's binary.
    pub fn lapak(&self) -> PathBuf {
        self.lapak.clone().unwrap_or_else(server::beside)
    }

    /// An empty state folder for the server, with settings over the scenarios' own.
    pub fn ground(&self, settings: &[(&str, &str, u64)]) -> Result<Ground> {
        let ground = Ground::new(&self.lapak(), settings)?;
        match self.redis {
            Some(kind) => ground.on(kind),
            None => Ok(ground),
        }
    }

    /// What its name says of where the servers stand.
    pub fn place(&self) -> String {
        self.redis
            .map_or_else(String::new, |kind| format!(" on {kind:?}"))
    }

    /// How many connections, if the scenario would have so many.
    pub fn viewers(&self, usual: usize) -> usize {
        self.viewers.unwrap_or(usual)
    }

    /// How long, if the scenario would take so many seconds.
    pub fn length(&self, usual: u64) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(usual))
    }

    /// Numbers that the seed repeats; each `part` of a scenario has its own.
    pub fn chance(&self, part: u64) -> Chance {
        Chance::new(self.seed.wrapping_mul(1_000_003).wrapping_add(part + 7))
    }

    /// Looks, before anything is run, at the report to compare with and at where the page goes.
    pub fn check(&self) -> Result<()> {
        if let Some(baseline) = &self.compare {
            read(baseline)?;
        }
        if let Some(page) = &self.html {
            let opened = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(page);
            opened.with_context(|| format!("cannot write {}", page.display()))?;
        }
        Ok(())
    }

    /// Notes how it was run, compares, and puts the report where it is wanted.
    pub fn tell(&self, report: &mut Report) -> Result<()> {
        let mut note = |name: &str, value: String| report.run.insert(name.to_owned(), value);
        note(
            "command",
            std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        );
        note("seed", self.seed.to_string());
        note("machine", usage::machine());
        note("version", env!("CARGO_PKG_VERSION").to_owned());
        if let Some(baseline) = &self.compare {
            compare(report, baseline)?;
        }
        if let Some(path) = &self.html {
            std::fs::write(path, report.page())
                .with_context(|| format!("cannot write {}", path.display()))?;
            say(format!("the page is in {}", path.display()));
        }
        if self.json {
            println!("{}", serde_json::to_string_pretty(report)?);
        } else {
            println!("{report}");
        }
        Ok(())
    }
}

/// Looks at a process while a load runs, and says how things stand.
pub struct Watch {
    looking: JoinHandle<[Series; 2]>,
    over: tokio::sync::watch::Sender<bool>,
}

impl Watch {
    /// Over a server and the processes that it started.
    pub fn over(server: &Server, what: &str) -> Self {
        Self::over_process(server.pid, what)
    }

    /// Over any process.
    pub fn over_process(pid: u32, what: &str) -> Self {
        let (over, is_over) = tokio::sync::watch::channel(false);
        let looking = tokio::spawn(look(pid, what.to_owned(), is_over));
        Self { looking, over }
    }

    /// What was seen goes into the report.
    pub async fn end(self, report: &mut Report) -> Result<()> {
        self.over.send_replace(true);
        report.series.extend(self.looking.await?);
        Ok(())
    }
}

async fn look(pid: u32, what: String, mut over: tokio::sync::watch::Receiver<bool>) -> [Series; 2] {
    let mut cores = Series {
        name: "server: processor cores in use".into(),
        points: Vec::new(),
    };
    let mut memory = Series {
        name: "server: resident MiB".into(),
        points: Vec::new(),
    };
    let (began, mut ticks) = (Instant::now(), interval(LOOK_EVERY));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut before = (Instant::now(), usage::tree_cpu(pid).unwrap_or_default());
    loop {
        tokio::select! {
            _ = over.wait_for(|over| *over) => return [cores, memory],
            _ = ticks.tick() => {}
        }
        // A process that is killed by its scenario is not there for a while.
        let (Ok(cpu), Ok(bytes)) = (usage::tree_cpu(pid), usage::resident(pid)) else {
            continue;
        };
        let now = (Instant::now(), cpu);
        let wall = now.0.duration_since(before.0);
        if wall < LOOK_EVERY / 2 {
            continue;
        }
        let at = began.elapsed().as_secs_f64();
        let used = now.1.saturating_sub(before.1).as_secs_f64() / wall.as_secs_f64();
        before = now;
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let mib = bytes as f64 / f64::from(1 << 20);
        cores.points.push((at, used));
        memory.points.push((at, mib));
        if cores.points.len().is_multiple_of(SAY_AFTER) {
            say(format!(
                "{what}: {at:.0} s, server {used:.2} cores, {mib:.0} MiB"
            ));
        }
    }
}
