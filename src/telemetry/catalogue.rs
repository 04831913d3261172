//! The catalogue: what a row says, and the macro that makes a table of rows and its handles in one.
//!
//! The tables themselves stand in the files of the groups (`connections`, `broadcast`, …). Nowhere
//! else is a metric named; dashboards, alerts and `docs/METRICS.md` are tested against the catalogue.

use super::instrument::Kind;

/// What a metric counts or measures. Base units only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time; the name ends in `_seconds`, before a counter's `_total`.
    Seconds,
    /// Memory, disk or traffic; the name ends in `_bytes`.
    Bytes,
    /// Things, named by the plural in the metric's name.
    Things,
    /// 1 for yes and 0 for no, or a constant 1 whose labels say it all.
    Flag,
}

impl Unit {
    /// The word used in the printed catalogue.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Things => "count",
            Self::Flag => "0 or 1",
        }
    }
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name, `lapak_…` (or `process_…`, where Prometheus' convention gives the name).
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its unit.
    pub unit: Unit,
    /// One or two sentences: what is counted, and when.
    pub help: &'static str,
    /// Label names.
    pub labels: &'static [&'static str],
    /// Number of label combinations.
    pub combinations: usize,
    /// Upper bounds of a histogram's buckets without +Inf, rising; empty for the other kinds.
    pub buckets: &'static [f64],
}

impl Metric {
    /// Number of series that a scrape of it gives.
    pub fn series(&self) -> usize {
        match self.kind {
            // The buckets, +Inf, sum and count.
            Kind::Histogram => self.combinations * (self.buckets.len() + 3),
            Kind::Counter | Kind::Gauge => self.combinations,
        }
    }
}

/// Bounds for what a person waits for: 0.5 ms to 10 s.
pub const LATENCY: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Bounds for work inside the process: 10 µs to 1 s.
pub const WORK: &[f64] = &[
    0.000_01, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25,
    1.0,
];

/// Bounds for the life of a connection: 1 s to 8 h.
pub const LIFETIME: &[f64] = &[1.0, 10.0, 60.0, 300.0, 900.0, 3_600.0, 10_800.0, 28_800.0];

/// Bounds for numbers of events or entries: 0 to 10,000.
pub const COUNTS: &[f64] = &[
    0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0,
];

/// The bounds a row was given, or none.
pub(crate) const fn bounds(given: &[&'static [f64]]) -> &'static [f64] {
    match given {
        [bounds] => bounds,
        _ => &[],
    }
}

/// Declares one group: a struct of handles, the rows of the catalogue, and how to register them.
///
/// The doc comment of a field is the metric's help. Grammar of a field:
/// `name: Instrument = "metric_name", Unit;` and for histograms `…, Unit, BUCKETS;`.
macro_rules! group {
    ($(#[doc = $about:literal])+ pub struct $Group:ident {
        $($(#[doc = $help:literal])+ $field:ident: $Type:ty = $name:literal, $Unit:ident $(, $buckets:ident)?;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug)]
        pub struct $Group {
            $($(#[doc = $help])+ #[doc = concat!("\n\n`", $name, "`")] pub $field: $Type,)+
        }

        impl $Group {
            /// This group's rows of the catalogue.
            pub(crate) const ROWS: &'static [$crate::telemetry::catalogue::Metric] = &[
                $($crate::telemetry::catalogue::Metric {
                    name: $name,
                    kind: <$Type as $crate::telemetry::instrument::Instrument>::KIND,
                    unit: $crate::telemetry::catalogue::Unit::$Unit,
                    help: concat!($($help),+).trim_ascii(),
                    labels: <$Type as $crate::telemetry::instrument::Instrument>::LABELS,
                    combinations: <$Type as $crate::telemetry::instrument::Instrument>::COMBINATIONS,
                    buckets: $crate::telemetry::catalogue::bounds(&[$($crate::telemetry::catalogue::$buckets)?]),
                }),+
            ];

            /// Registers every row and keeps the handles.
            pub(crate) fn register(recorder: &metrics_exporter_prometheus::PrometheusRecorder) -> Self {
                use $crate::telemetry::instrument::Instrument;
                Self { $($field: <$Type>::register(recorder, $name)),+ }
            }

            #[cfg(test)]
            pub(crate) fn touch(&self) {
                use $crate::telemetry::instrument::Instrument;
                $(self.$field.touch();)+
            }
        }
    };
}
pub(crate) use group;
