//! The handles that other rooms hold: counter, gauge, histogram, and families of them by label.
//!
//! A handle is one atomic behind a pointer. It is made once, when the registry is built; touching it
//! looks up no name and allocates nothing, so it may stand on the path of every decision and frame.

use std::marker::PhantomData;
use std::time::Duration;

use metrics::{Key, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::label::Labels;

/// What Prometheus calls the type of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts of values under each bound.
    Histogram,
}

impl Kind {
    /// The word of a `# TYPE` line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Something that the catalogue can register under a name: a handle, or a family of handles.
pub(crate) trait Instrument: Sized {
    /// Its type.
    const KIND: Kind;
    /// The names of its labels, in order.
    const LABELS: &'static [&'static str];
    /// How many label combinations it has: 1 without labels.
    const COMBINATIONS: usize;

    /// Registers every combination of labels, so that each exists from the first scrape on: a counter
    /// that appears with its first event hides that event from `increase()`.
    fn register(recorder: &PrometheusRecorder, name: &'static str) -> Self;

    /// Gives every combination a value.
    #[cfg(test)]
    fn touch(&self);
}

/// A plain handle, made for one key. Only the three kinds of this file implement it.
pub trait Handle: Sized {
    /// Its type.
    const HANDLE_KIND: Kind;
    /// Registers it.
    fn make(recorder: &PrometheusRecorder, key: &Key) -> Self;
    /// Gives it a value.
    #[cfg(test)]
    fn touch_one(&self);
}

const METADATA: Metadata<'static> = Metadata::new("lapak", Level::INFO, None);

/// Events since the start of the process.
#[derive(Clone, Debug)]
pub struct Counter(metrics::Counter);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.0.increment(1);
    }

    /// `events` more.
    pub fn add(&self, events: u64) {
        self.0.increment(events);
    }
}

impl Handle for Counter {
    const HANDLE_KIND: Kind = Kind::Counter;
    fn make(recorder: &PrometheusRecorder, key: &Key) -> Self {
        Self(recorder.register_counter(key, &METADATA))
    }
    #[cfg(test)]
    fn touch_one(&self) {
        self.add(2);
    }
}

/// A value as it is now.
#[derive(Clone, Debug)]
pub struct Gauge(metrics::Gauge);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: f64) {
        self.0.set(value);
    }

    /// Sets the value to a number of things.
    pub fn set_count(&self, count: usize) {
        self.0.set(approximate(count));
    }

    /// Sets the value to a time span, in seconds.
    pub fn set_duration(&self, span: Duration) {
        self.0.set(span.as_secs_f64());
    }

    /// Sets the value to 1 or 0.
    pub fn set_flag(&self, on: bool) {
        self.0.set(if on { 1.0 } else { 0.0 });
    }

    /// One more.
    pub fn increment(&self) {
        self.0.increment(1.0);
    }

    /// One less.
    pub fn decrement(&self) {
        self.0.decrement(1.0);
    }

    /// `count` more.
    pub fn add_count(&self, count: usize) {
        self.0.increment(approximate(count));
    }

    /// `count` less.
    pub fn sub_count(&self, count: usize) {
        self.0.decrement(approximate(count));
    }

    /// One more until the returned guard is dropped, also when the task that holds it is cancelled.
    #[must_use = "dropping the guard takes the one away again"]
    pub fn hold(&self) -> Held {
        self.increment();
        Held(self.clone())
    }
}

impl Handle for Gauge {
    const HANDLE_KIND: Kind = Kind::Gauge;
    fn make(recorder: &PrometheusRecorder, key: &Key) -> Self {
        Self(recorder.register_gauge(key, &METADATA))
    }
    #[cfg(test)]
    fn touch_one(&self) {
        self.set(0.5);
    }
}

/// One unit of a [`Gauge`], given back when dropped.
#[derive(Debug)]
pub struct Held(Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.decrement();
    }
}

/// Values counted under the bounds that the catalogue gives the metric.
///
/// A recorded value takes 8 bytes until the next scrape or upkeep ([`super::keep_up`]) sorts it in.
#[derive(Clone, Debug)]
pub struct Histogram(metrics::Histogram);

impl Histogram {
    /// Records a value in the unit of the metric.
    pub fn record(&self, value: f64) {
        self.0.record(value);
    }

    /// Records a time span, in seconds.
    pub fn record_duration(&self, span: Duration) {
        self.0.record(span.as_secs_f64());
    }

    /// Records a number of things.
    pub fn record_count(&self, count: usize) {
        self.0.record(approximate(count));
    }
}

impl Handle for Histogram {
    const HANDLE_KIND: Kind = Kind::Histogram;
    fn make(recorder: &PrometheusRecorder, key: &Key) -> Self {
        Self(recorder.register_histogram(key, &METADATA))
    }
    #[cfg(test)]
    fn touch_one(&self) {
        self.record(0.3);
    }
}

impl<H: Handle> Instrument for H {
    const KIND: Kind = H::HANDLE_KIND;
    const LABELS: &'static [&'static str] = &[];
    const COMBINATIONS: usize = 1;

    fn register(recorder: &PrometheusRecorder, name: &'static str) -> Self {
        H::make(recorder, &Key::from_static_name(name))
    }

    #[cfg(test)]
    fn touch(&self) {
        self.touch_one();
    }
}

/// One handle for each combination of the labels `L`, kept in a row and found by index.
#[derive(Debug)]
pub struct Family<H, L> {
    handles: Box<[H]>,
    labels: PhantomData<fn(L)>,
}

impl<H: Handle, L: Labels> Family<H, L> {
    /// The handle of one combination of labels.
    pub fn of(&self, labels: L) -> &H {
        // `Labels::index` is below COUNT for every value, and `register` made COUNT handles.
        &self.handles[labels.index()]
    }

    /// Every handle, in the order of the labels.
    pub fn all(&self) -> impl Iterator<Item = &H> {
        self.handles.iter()
    }
}

impl<H: Handle, L: Labels> Instrument for Family<H, L> {
    const KIND: Kind = H::HANDLE_KIND;
    const LABELS: &'static [&'static str] = L::NAMES;
    const COMBINATIONS: usize = L::COUNT;

    fn register(recorder: &PrometheusRecorder, name: &'static str) -> Self {
        let handle = |index| {
            let pairs = L::NAMES.iter().zip(L::texts(index));
            let labels: Vec<_> = pairs
                .map(|(name, text)| metrics::Label::new(*name, text))
                .collect();
            H::make(recorder, &Key::from_parts(name, labels))
        };
        Self {
            handles: (0..L::COUNT).map(handle).collect(),
            labels: PhantomData,
        }
    }

    #[cfg(test)]
    fn touch(&self) {
        self.all().for_each(Handle::touch_one);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count above 2^53 may be off by one on a graph"
)]
fn approximate(count: usize) -> f64 {
    count as f64
}
