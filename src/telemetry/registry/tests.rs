//! What the catalogue promises, held against itself, a rendered page and `promtool`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::telemetry::{CloseCode, Decision, Role, Transport, Unit};

/// The most series a node may have, whatever its users do.
const SERIES_MAX: usize = 2_000;

#[test]
fn names_are_well_formed_and_unique() {
    let mut seen = BTreeSet::new();
    for metric in catalogue() {
        let Metric {
            name, kind, unit, ..
        } = metric;
        assert!(seen.insert(name), "{name} stands twice in the catalogue");
        assert!(
            name.starts_with("lapak_") || name.starts_with("process_"),
            "{name}: prefix"
        );
        let plain = |c: char| c.is_ascii_lowercase() || c == '_';
        assert!(
            name.chars().all(plain) && !name.contains("__") && !name.ends_with('_'),
            "{name}"
        );
        assert_eq!(
            name.ends_with("_total"),
            *kind == Kind::Counter,
            "{name}: _total is for counters"
        );
        let base = name.strip_suffix("_total").unwrap_or(name);
        assert_eq!(
            base.ends_with("_seconds"),
            *unit == Unit::Seconds,
            "{name}: unit"
        );
        assert_eq!(
            base.ends_with("_bytes"),
            *unit == Unit::Bytes,
            "{name}: unit"
        );
        for suffix in ["_count", "_sum", "_bucket"] {
            assert!(
                !base.ends_with(suffix),
                "{name}: {suffix} belongs to histograms' own series"
            );
        }
    }
}

#[test]
fn every_metric_has_help_and_every_histogram_rising_buckets() {
    for metric in catalogue() {
        let Metric {
            name,
            kind,
            help,
            buckets,
            ..
        } = metric;
        assert!(
            help.len() > 7 && help.ends_with('.'),
            "{name}: help {help:?}"
        );
        assert_eq!(help.trim(), *help, "{name}: help has blanks around it");
        assert_eq!(
            !buckets.is_empty(),
            *kind == Kind::Histogram,
            "{name}: buckets"
        );
        assert!(
            buckets.windows(2).all(|pair| pair[0] < pair[1]),
            "{name}: {buckets:?}"
        );
        assert!(
            buckets.iter().all(|bound| bound.is_finite()),
            "{name}: {buckets:?}"
        );
    }
}

#[test]
fn no_label_grows_with_users() {
    let growing = [
        "shop", "customer", "user", "live", "sku", "drop", "booking", "token", "address", "ip",
    ];
    for metric in catalogue() {
        for label in metric.labels {
            assert!(!growing.contains(label), "{}: label {label}", metric.name);
        }
    }
    let series: usize = catalogue().map(Metric::series).sum();
    assert!(
        series <= SERIES_MAX,
        "{series} series, at most {SERIES_MAX} wanted"
    );
}

#[test]
fn an_untouched_registry_shows_every_series_of_the_catalogue() {
    let registry = Registry::new();
    let page = text(&registry);
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    for line in page
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        *rows.entry(owner(line)).or_default() += 1;
    }
    let wanted: BTreeMap<&str, usize> = catalogue()
        .map(|metric| (metric.name, metric.series()))
        .collect();
    assert_eq!(rows, wanted);
}

#[test]
fn what_is_recorded_is_what_is_shown() {
    let registry = Registry::new();
    let metrics = registry.metrics();
    let open = metrics.connections.open.of((Role::Host, Transport::Sse));
    let held = open.hold();
    metrics
        .connections
        .closed
        .of(CloseCode::from_code(4104))
        .add(3);
    metrics
        .commands
        .decisions
        .of(Decision::ACCEPTED)
        .increment();
    metrics
        .commands
        .decisions
        .of(Decision::refused("sold_out"))
        .add(2);
    metrics
        .commands
        .decisions
        .of(Decision::refused("a code of tomorrow"))
        .increment();
    metrics
        .bookings
        .expiry_lateness
        .record_duration(Duration::from_millis(20));
    let page = text(&registry);
    for line in [
        "lapak_connections{role=\"host\",transport=\"sse\"} 1",
        "lapak_connections{role=\"viewer\",transport=\"sse\"} 0",
        "lapak_connections_closed_total{code=\"4104\"} 3",
        "lapak_decisions_total{outcome=\"accepted\",code=\"ok\"} 1",
        "lapak_decisions_total{outcome=\"refused\",code=\"sold_out\"} 2",
        "lapak_decisions_total{outcome=\"refused\",code=\"other\"} 1",
        "lapak_expiry_lateness_seconds_bucket{le=\"0.01\"} 0",
        "lapak_expiry_lateness_seconds_bucket{le=\"0.025\"} 1",
        "lapak_expiry_lateness_seconds_count 1",
    ] {
        assert!(
            page.lines().any(|have| have == line),
            "{line} is not in\n{page}"
        );
    }
    drop(held);
    assert!(text(&registry).contains("lapak_connections{role=\"host\",transport=\"sse\"} 0\n"));
}

#[test]
fn scrapes_within_a_second_share_a_page() {
    let registry = Registry::new();
    let expired = |ms| {
        let page = registry.render(Duration::from_millis(ms));
        let page = std::str::from_utf8(&page).unwrap();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("lapak_booking_expired_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(expired(5_000), 0);
    registry.metrics().bookings.expired.increment();
    assert_eq!(expired(5_999), 0);
    assert_eq!(expired(6_000), 1);
}

#[test]
fn promtool_finds_nothing_to_say_about_the_page() {
    let registry = Registry::new();
    registry.metrics().touch();
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is not in PATH: install the package `prometheus` (scripts/install-test-tools.sh)");
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(&registry.render_now())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.trim().is_empty(),
        "promtool: {said}"
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, no configuration"
)]
fn the_printed_catalogue_is_the_one_in_docs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
    let wanted = catalogue_text();
    if std::env::var_os("LAPAK_BLESS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let have = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        have, wanted,
        "docs/METRICS.md is old: run this test with LAPAK_BLESS=1"
    );
}

fn text(registry: &Registry) -> String {
    String::from_utf8(registry.render_now().to_vec()).unwrap()
}

/// The metric of the catalogue that a line of the page belongs to.
fn owner(line: &str) -> &'static str {
    let name = line.split(['{', ' ']).next().unwrap();
    let histogram = |metric: &&Metric| {
        let rest = name.strip_prefix(metric.name);
        metric.kind == Kind::Histogram && matches!(rest, Some("_bucket" | "_sum" | "_count"))
    };
    let found = catalogue()
        .find(|metric| metric.name == name)
        .or_else(|| catalogue().find(histogram));
    found
        .unwrap_or_else(|| panic!("{line}: not in the catalogue"))
        .name
}
