//! What a process uses, as Linux tells it.

use std::fs::read_to_string;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux counts a process's time in hundredths of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// Bytes of a page.
const PAGE: u64 = 4_096;

/// CPU time of a process so far, its own and the system's for it.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold spaces, so count from behind its bracket: utime and stime are 14 and 15.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut ticks = fields.split_whitespace().skip(11);
    let mut next = || -> Result<u32> { Ok(ticks.next().context("stat is short")?.parse()?) };
    Ok(TICK * (next()? + next()?))
}

/// Bytes of memory that a process has in RAM.
pub fn resident(pid: u32) -> Result<u64> {
    let statm = read_to_string(format!("/proc/{pid}/statm"))?;
    let pages = statm.split_whitespace().nth(1).context("statm is short")?;
    Ok(pages.parse::<u64>()? * PAGE)
}

/// How many files this process may open.
pub fn open_files_max() -> u32 {
    lapak::gateway::limits::open_files_max().unwrap_or(1_024)
}
