//! What the process uses, read from `/proc` when Prometheus asks, and which build it is.
//!
//! Processor time has fractions and the recorder's counters have none, so these few series are
//! written out here. What a system without `/proc` cannot tell is left out.

use std::fmt::Write as _;
use std::fs;

use super::catalogue::{Metric, Unit};
use super::instrument::Kind;

/// Ticks per second of the times in `/proc`: Linux shows 100 to programs whatever the kernel counts in.
const TICKS_PER_SECOND: f64 = 100.0;

/// The commit that was built, when the build was told.
const COMMIT: &str = match option_env!("LAPAK_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

const fn row(name: &'static str, kind: Kind, unit: Unit, help: &'static str) -> Metric {
    Metric {
        name,
        kind,
        unit,
        help,
        labels: &[],
        combinations: 1,
        buckets: &[],
    }
}

const BUILD: Metric = Metric {
    labels: &["version", "commit"],
    ..row(
        "lapak_build_info",
        Kind::Gauge,
        Unit::Flag,
        "The version and commit that runs; always 1.",
    )
};
const CPU: Metric = row(
    "process_cpu_seconds_total",
    Kind::Counter,
    Unit::Seconds,
    "Processor time used, user and system.",
);
const RESIDENT: Metric = row(
    "process_resident_memory_bytes",
    Kind::Gauge,
    Unit::Bytes,
    "Memory that is resident.",
);
const THREADS: Metric = row("process_threads", Kind::Gauge, Unit::Things, "Threads.");
const OPEN_FDS: Metric = row(
    "process_open_fds",
    Kind::Gauge,
    Unit::Things,
    "Open file descriptors.",
);
const MAX_FDS: Metric = row(
    "process_max_fds",
    Kind::Gauge,
    Unit::Things,
    "File descriptors that may be open.",
);
const START: Metric = row(
    "process_start_time_seconds",
    Kind::Gauge,
    Unit::Seconds,
    "When the process started, as seconds since 1970.",
);

/// This file's rows of the catalogue.
pub(crate) const ROWS: &[Metric] = &[BUILD, CPU, RESIDENT, THREADS, OPEN_FDS, MAX_FDS, START];

/// Appends this file's metrics to a page.
pub(crate) fn render(page: &mut String) {
    let version = env!("CARGO_PKG_VERSION");
    write_row(
        page,
        &BUILD,
        &format!("{{version=\"{version}\",commit=\"{COMMIT}\"}}"),
        Some(1.0),
    );
    let stat = read("/proc/self/stat");
    let status = read("/proc/self/status");
    let values = [
        (&CPU, cpu_seconds(&stat)),
        (&RESIDENT, status_bytes(&status, "VmRSS:")),
        (&THREADS, status_number(&status, "Threads:")),
        (&OPEN_FDS, open_fds()),
        (&MAX_FDS, max_fds(&read("/proc/self/limits"))),
        (&START, start_seconds(&stat, &read("/proc/stat"))),
    ];
    for (metric, value) in values {
        write_row(page, metric, "", value);
    }
}

fn write_row(page: &mut String, metric: &Metric, labels: &str, value: Option<f64>) {
    let Some(value) = value else { return };
    let Metric {
        name, help, kind, ..
    } = metric;
    // Writing to a String does not fail.
    let _ = write!(
        page,
        "# HELP {name} {help}\n# TYPE {name} {}\n{name}{labels} {value}\n\n",
        kind.word()
    );
}

/// The text of a file, or nothing where there is no such file.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// A field of `/proc/self/stat` by its number in proc(5), from 3 on. The second field is the
/// program's name in parentheses, which may itself hold spaces and parentheses.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name
        .split_ascii_whitespace()
        .nth(number.checked_sub(3)?)?
        .parse()
        .ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((stat_field(stat, 14)? + stat_field(stat, 15)?) / TICKS_PER_SECOND)
}

fn start_seconds(stat: &str, system: &str) -> Option<f64> {
    let booted: f64 = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(booted + stat_field(stat, 22)? / TICKS_PER_SECOND)
}

fn status_number(status: &str, key: &str) -> Option<f64> {
    let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// A line of `/proc/self/status` that is given in kB.
fn status_bytes(status: &str, key: &str) -> Option<f64> {
    Some(status_number(status, key)? * 1024.0)
}

/// The soft limit; `unlimited` is no number and left out.
fn max_fds(limits: &str) -> Option<f64> {
    let rest = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// Newer kernels tell the number as the folder's size; older ones say 0, and it is counted.
fn open_fds() -> Option<f64> {
    let folder = "/proc/self/fd";
    let told = fs::metadata(folder).ok()?.len();
    let number = match usize::try_from(told).ok()? {
        // The folder that is read is open itself.
        0 => fs::read_dir(folder).ok()?.count().saturating_sub(1),
        told => told,
    };
    u32::try_from(number).ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp)]
    use super::*;

    const STAT: &str = "4242 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 12345 999 77 rest";

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        assert_eq!(cpu_seconds(STAT), Some(3.0));
        assert_eq!(start_seconds(STAT, "cpu 1 2\nbtime 1000\n"), Some(1123.45));
    }

    #[test]
    fn status_and_limits_are_read_by_their_keys() {
        let status = "VmRSSx:\t  2048 kB\nVmRSS:\t     10 kB\nThreads:\t9\n";
        assert_eq!(status_bytes(status, "VmRSS:"), Some(10_240.0));
        assert_eq!(status_number(status, "Threads:"), Some(9.0));
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024                 4096   files\n";
        assert_eq!(max_fds(limits), Some(1024.0));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for junk in [
            "",
            "x",
            ")",
            "1 (a) S",
            "btime x\nMax open files unlimited x",
        ] {
            assert_eq!(cpu_seconds(junk), None, "{junk}");
            assert_eq!(start_seconds(junk, junk), None, "{junk}");
            assert_eq!(status_bytes(junk, "VmRSS:"), None, "{junk}");
            assert_eq!(max_fds(junk), None, "{junk}");
        }
    }

    #[test]
    fn this_process_tells_every_row() {
        let mut page = String::new();
        render(&mut page);
        for metric in ROWS {
            let line = page
                .lines()
                .find(|line| line.starts_with(metric.name))
                .unwrap_or_default();
            let value: f64 = line
                .rsplit(' ')
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(-1.0);
            assert!(value >= 0.0, "{}: {line:?}", metric.name);
        }
    }
}
