//! The registry: all handles, the recorder behind them, and the page that Prometheus reads.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use metrics::{KeyName, Recorder, SharedString};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::bookings::Bookings;
use super::broadcast::Broadcast;
use super::catalogue::Metric;
use super::commands::Commands;
use super::connections::Connections;
use super::instrument::Kind;
use super::journal::Journal;
use super::ledger::Ledger;
use super::node::{Drain, Runtime};
use super::nodes::Nodes;
use super::orders::Orders;
use super::payments::Payments;
use super::process;

/// The media type of the page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long a page is served again before it is made anew, so that many scrapers cost as much as one.
const PAGE_AGE_MAX: Duration = Duration::from_secs(1);

const GROUPS: &[&[Metric]] = &[
    Connections::ROWS,
    Broadcast::ROWS,
    Commands::ROWS,
    Bookings::ROWS,
    Orders::ROWS,
    Payments::ROWS,
    Journal::ROWS,
    Ledger::ROWS,
    Nodes::ROWS,
    Runtime::ROWS,
    Drain::ROWS,
    process::ROWS,
];

/// Every metric of the server.
pub fn catalogue() -> impl Iterator<Item = &'static Metric> {
    GROUPS.iter().copied().flatten()
}

/// All handles, by group.
#[derive(Debug)]
pub struct Metrics {
    /// Who is connected, who came, left and came back.
    pub connections: Connections,
    /// Ticks, frames and deliveries.
    pub broadcast: Broadcast,
    /// Commands and decisions.
    pub commands: Commands,
    /// Bookings, expiry, waitlist, reputation, invariants.
    pub bookings: Bookings,
    /// Orders.
    pub orders: Orders,
    /// What payment gateways told.
    pub payments: Payments,
    /// The record and the feed.
    pub journal: Journal,
    /// The books.
    pub ledger: Ledger,
    /// Nodes that share their order of requests.
    pub nodes: Nodes,
    /// The async runtime.
    pub runtime: Runtime,
    /// Stopping.
    pub drain: Drain,
}

/// A registry with every metric of the catalogue in it from the start, at 0.
///
/// The process has one ([`super::registry`]); tests make their own.
#[derive(Debug)]
pub struct Registry {
    metrics: Metrics,
    exporter: PrometheusHandle,
    page: Mutex<Option<Page>>,
}

#[derive(Debug)]
struct Page {
    /// On the clock of whoever asks for pages.
    made: Duration,
    text: Bytes,
}

impl Registry {
    /// Registers the whole catalogue.
    pub fn new() -> Self {
        let recorder = recorder();
        let metrics = Metrics {
            connections: Connections::register(&recorder),
            broadcast: Broadcast::register(&recorder),
            commands: Commands::register(&recorder),
            bookings: Bookings::register(&recorder),
            orders: Orders::register(&recorder),
            payments: Payments::register(&recorder),
            journal: Journal::register(&recorder),
            ledger: Ledger::register(&recorder),
            nodes: Nodes::register(&recorder),
            runtime: Runtime::register(&recorder),
            drain: Drain::register(&recorder),
        };
        Self {
            metrics,
            exporter: recorder.handle(),
            page: Mutex::new(None),
        }
    }

    /// The handles.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The page of `/metrics`, at most a second old by `now`, a monotonic time as `Clock::monotonic`
    /// tells. Whoever comes while it is made waits for it.
    pub fn render(&self, now: Duration) -> Bytes {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        match &*page {
            Some(page) if now.saturating_sub(page.made) < PAGE_AGE_MAX => page.text.clone(),
            _ => {
                let text = self.render_now();
                *page = Some(Page {
                    made: now,
                    text: text.clone(),
                });
                text
            }
        }
    }

    /// The page as of now.
    fn render_now(&self) -> Bytes {
        let mut text = self.exporter.render();
        process::render(&mut text);
        Bytes::from(text)
    }

    /// Sorts recorded values into their buckets. Call it every few seconds, or memory grows while
    /// nobody scrapes; [`super::keep_up`] does.
    pub fn upkeep(&self) {
        self.exporter.run_upkeep();
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}

/// A recorder that knows the help of every metric and the buckets of every histogram.
fn recorder() -> PrometheusRecorder {
    let histograms = catalogue().filter(|metric| metric.kind == Kind::Histogram);
    // An empty list of buckets is the only error there is; a test holds that the catalogue has none.
    let builder = histograms
        .copied()
        .try_fold(PrometheusBuilder::new(), |builder, metric| {
            builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), metric.buckets)
        })
        .unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    for metric in catalogue() {
        let name = KeyName::from_const_str(metric.name);
        let help = SharedString::const_str(metric.help);
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram => recorder.describe_histogram(name, None, help),
        }
    }
    recorder
}

/// The catalogue as the Markdown of `docs/METRICS.md`.
pub fn catalogue_text() -> String {
    let mut text = String::from(
        "# Metrics\n\n\
         Printed from the catalogue in `src/telemetry/`; a test holds that both are the same. Every series\n\
         exists from the first scrape on, and no label grows with shops, customers or SKUs.\n\n\
         | Metric | Type | Unit | Labels | Series | Meaning |\n|---|---|---|---|---|---|\n",
    );
    for metric in catalogue() {
        let labels: Vec<_> = metric
            .labels
            .iter()
            .map(|label| format!("`{label}`"))
            .collect();
        let labels = if labels.is_empty() {
            "–".to_owned()
        } else {
            labels.join(", ")
        };
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {labels} | {} | {} |",
            metric.name,
            metric.kind.word(),
            metric.unit.word(),
            metric.series(),
            metric.help
        );
    }
    text
}

#[cfg(test)]
impl Metrics {
    /// Gives every series a value.
    pub(crate) fn touch(&self) {
        self.connections.touch();
        self.broadcast.touch();
        self.commands.touch();
        self.bookings.touch();
        self.orders.touch();
        self.payments.touch();
        self.journal.touch();
        self.ledger.touch();
        self.nodes.touch();
        self.runtime.touch();
        self.drain.touch();
    }
}

#[cfg(test)]
mod tests;
