//! What a process uses, as Linux tells it.

use std::fs::read_to_string;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// Linux counts a process's time in hundredths of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// Bytes of a page.
const PAGE: u64 = 4_096;

/// CPU time of a process so far, its own and the system's for it.
pub fn cpu(pid: u32) -> Result<Duration> {
    times(pid, 11)
}

/// CPU time of the processes that this one started and that have ended.
pub fn children_cpu() -> Result<Duration> {
    times(std::process::id(), 13)
}

/// CPU time so far of those threads of a process whose names begin so.
pub fn threads_cpu(pid: u32, names: &[&str]) -> Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end while it is looked at.
        let name = read_to_string(thread.path().join("comm")).unwrap_or_default();
        if names.iter().any(|begin| name.starts_with(begin)) {
            total += times_of(&thread.path()).unwrap_or_default();
        }
    }
    Ok(total)
}

fn times_of(thread: &Path) -> Result<Duration> {
    // Nanoseconds on a processor are the first number.
    let spent = read_to_string(thread.join("schedstat"))?;
    let spent = spent.split(' ').next().context("schedstat is empty")?;
    Ok(Duration::from_nanos(spent.parse()?))
}

/// Two times of a process: utime and stime are the fields 14 and 15 of `stat`, those of its
/// children 16 and 17.
fn times(pid: u32, from: usize) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold spaces, so count from behind its bracket.
    let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
    let mut ticks = fields.split_whitespace().skip(from);
    let mut next = || -> Result<u32> { Ok(ticks.next().context("stat is short")?.parse()?) };
    Ok(TICK * (next()? + next()?))
}

/// Bytes of memory that a process has in RAM.
pub fn resident(pid: u32) -> Result<u64> {
    let statm = read_to_string(format!("/proc/{pid}/statm"))?;
    let pages = statm.split_whitespace().nth(1).context("statm is short")?;
    Ok(pages.parse::<u64>()? * PAGE)
}

/// CPU time of a process and of all processes below it: a server's database and workers count too.
pub fn tree_cpu(pid: u32) -> Result<Duration> {
    let mut total = cpu(pid)?;
    for child in children(pid) {
        total += tree_cpu(child).unwrap_or_default();
    }
    Ok(total)
}

/// Resident bytes of a process and of all processes below it.
pub fn tree_resident(pid: u32) -> Result<u64> {
    let below = children(pid);
    let below = below
        .into_iter()
        .map(|child| tree_resident(child).unwrap_or_default());
    Ok(resident(pid)? + below.sum::<u64>())
}

fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let listed = threads.filter_map(|thread| read_to_string(thread.path().join("children")).ok());
    let listed: Vec<String> = listed.collect();
    let numbers = listed.iter().flat_map(|line| line.split_whitespace());
    numbers.filter_map(|number| number.parse().ok()).collect()
}

/// The machine in a line: processors and how busy it was.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, name)| name);
    let load = read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} × {model}, load average {load}")
}

/// How many files this process may open.
pub fn open_files_max() -> u32 {
    lapak::gateway::limits::open_files_max().unwrap_or(1_024)
}
