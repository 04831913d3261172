//! A server process of our own, on a free port of the loopback.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::{http, usage};

/// How long a server may take to say where it listens; a million bookings may have to be read.
const START_MAX: Duration = Duration::from_mins(2);
/// Lines of its log that are kept.
const LOG_LINES: usize = 40;
/// Posting to the ledger in SQLite, among [`PARTS`].
pub const BOOKS: &str = "posting to the books";
/// What a server's processor time goes to, and the beginnings of the names of the threads that do it.
pub const PARTS: [(&str, &[&str]); 4] = [
    ("talking with sockets", &["sockets"]),
    ("deciding and the feed", &["tokio-rt"]),
    ("the journal", &["journal"]),
    (BOOKS, &["settle", "sqlx-sqlite"]),
];

/// A running server. It dies with this handle.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The number of the process.
    pub pid: u32,
    /// The public door.
    pub address: SocketAddr,
    /// The door for machines of the house.
    pub internal: SocketAddr,
    /// From the start of the process until `/readyz` said 200.
    pub ready_after: Duration,
    log: Log,
    /// Reads the log until it ends.
    reading: JoinHandle<()>,
}

/// The end of a server's log; clones are the same, and outlive the server.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    /// As text.
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    fn keep(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() >= LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

impl Server {
    /// Starts `lapak serve` with these settings, and waits until it is ready.
    pub async fn start(lapak: &Path, config: &Path) -> Result<Self> {
        let began = Instant::now();
        let mut child = Command::new(lapak)
            .arg("serve")
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", lapak.display()))?;
        let pid = child.id().context("it ended at once")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let mut lines = BufReader::new(stderr).lines();
        let log = Log::default();
        let (address, internal) = timeout(START_MAX, doors(&mut lines, &log))
            .await
            .context("the server did not say where it listens")??;
        let reading = tokio::spawn(follow(lines, log.clone()));
        let mut server = Self {
            child,
            pid,
            address,
            internal,
            ready_after: Duration::ZERO,
            log,
            reading,
        };
        server.wait_ready().await?;
        server.ready_after = began.elapsed();
        Ok(server)
    }

    async fn wait_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        loop {
            let answer = http::get(self.internal, "/readyz").await;
            if answer.is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended: {status}\n{}", self.log());
            }
            ensure!(Instant::now() < deadline, "never ready\n{}", self.log());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// The end of its log.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// The same, for when it has ended.
    pub fn last_words(&self) -> Log {
        self.log.clone()
    }

    /// CPU time so far.
    pub fn cpu(&self) -> Result<Duration> {
        usage::cpu(self.pid)
    }

    /// CPU time so far of the threads of each of [`PARTS`].
    pub fn parts_cpu(&self) -> Result<[Duration; PARTS.len()]> {
        let mut spent = [Duration::ZERO; PARTS.len()];
        for (spent, (_, threads)) in spent.iter_mut().zip(PARTS) {
            *spent = usage::threads_cpu(self.pid, threads)?;
        }
        Ok(spent)
    }

    /// Bytes in memory.
    pub fn resident(&self) -> Result<u64> {
        usage::resident(self.pid)
    }

    /// `kill -9`.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }

    /// SIGTERM; how it ended, and after how long. Its [last words](Self::last_words) are read then.
    pub async fn stop(mut self) -> Result<(ExitStatus, Duration)> {
        let began = Instant::now();
        self.terminate().await?;
        let status = timeout(Duration::from_secs(30), self.child.wait())
            .await
            .with_context(|| format!("it does not stop\n{}", self.log()))??;
        let took = began.elapsed();
        // A child of its own may keep its standard error open.
        let _ = timeout(Duration::from_secs(1), &mut self.reading).await;
        Ok((status, took))
    }

    async fn terminate(&self) -> Result<()> {
        let pid = self.pid.to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await?;
        ensure!(sent.success(), "kill -TERM {pid}: {sent}");
        Ok(())
    }
}

/// Reads the log until it says where the doors are.
async fn doors(
    lines: &mut Lines<BufReader<ChildStderr>>,
    log: &Log,
) -> Result<(SocketAddr, SocketAddr)> {
    while let Some(line) = lines.next_line().await? {
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        log.keep(line);
        if said["message"] == "serving" {
            let door = |name: &str| {
                said[name]
                    .as_str()
                    .context("no address")?
                    .parse()
                    .context("no address")
            };
            return Ok((door("address")?, door("internal")?));
        }
    }
    bail!("the server ended before it served:\n{}", log.text())
}

async fn follow(mut lines: Lines<BufReader<ChildStderr>>, log: Log) {
    while let Ok(Some(line)) = lines.next_line().await {
        log.keep(line);
    }
}

/// Where the server's binary is by default: beside this one.
pub fn beside() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name("lapak")
}
