//! What a scenario found: figures, tables, charts, and lies. The table in the terminal, the JSON
//! and the page are all made of this one struct.

mod chart;
mod compare;
mod page;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

pub use compare::{compare, read};

/// Most lies that are told in full.
const LIES_MAX: usize = 20;
/// Where a curve of quantiles is read.
const QUANTILES: [f64; 12] = [
    0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0,
];

/// One number, with what it is and its unit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
}

/// Figures side by side: the first column names the row.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns, with their units.
    pub columns: Vec<String>,
    /// A name and as many values as there are further columns; none where nothing was measured.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
}

/// How late what came was: milliseconds by quantile.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Curve {
    /// Of what.
    pub name: String,
    /// Quantile (0 to 1) and milliseconds.
    pub points: Vec<(f64, f64)>,
}

/// Something over the time of the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Series {
    /// Of what, with its unit.
    pub name: String,
    /// Seconds since the beginning, and how much.
    pub points: Vec<(f64, f64)>,
}

/// A scenario's outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Which.
    pub scenario: String,
    /// How it was run: options, machine, version.
    pub run: BTreeMap<String, String>,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// Figures side by side.
    pub tables: Vec<Table>,
    /// Latencies.
    pub curves: Vec<Curve>,
    /// What happened over time.
    pub series: Vec<Series>,
    /// What stands out and is no lie: growth that is not flat, what was not installed.
    pub notes: Vec<String>,
    /// What was not as it must be; empty if all is well.
    pub lies: Vec<String>,
    /// How many lies there were, also those left out above.
    pub lies_total: usize,
}

impl Report {
    /// Nothing measured, nothing wrong.
    pub fn new(scenario: impl Into<String>) -> Self {
        Self {
            scenario: scenario.into(),
            run: BTreeMap::new(),
            figures: Vec::new(),
            tables: Vec::new(),
            curves: Vec::new(),
            series: Vec::new(),
            notes: Vec::new(),
            lies: Vec::new(),
            lies_total: 0,
        }
    }

    /// Adds a number.
    pub fn figure(&mut self, name: impl Into<String>, value: f64, unit: &str) {
        let (name, unit) = (name.into(), unit.to_owned());
        self.figures.push(Figure { name, value, unit });
    }

    /// A number by its name.
    pub fn value(&self, name: &str) -> Option<f64> {
        let found = self.figures.iter().find(|figure| figure.name == name);
        found.map(|figure| figure.value)
    }

    /// Adds the usual quantiles of a histogram of microseconds, in milliseconds, and its curve.
    pub fn latency(&mut self, name: &str, micros: &Histogram<u64>) {
        if micros.is_empty() {
            return;
        }
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            let ms = in_ms(micros.value_at_quantile(quantile));
            self.figure(format!("{name} {label}"), ms, "ms");
        }
        let points = QUANTILES
            .iter()
            .map(|q| (*q, in_ms(micros.value_at_quantile(*q))));
        let (name, points) = (name.to_owned(), points.collect());
        self.curves.push(Curve { name, points });
    }

    /// Adds what stands out.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Notes a lie if something is not as it must be.
    pub fn check(&mut self, holds: bool, lie: impl FnOnce() -> String) {
        if !holds {
            self.lie(lie());
        }
    }

    /// Notes a lie.
    pub fn lie(&mut self, lie: impl Into<String>) {
        self.lies_total += 1;
        if self.lies.len() < LIES_MAX {
            self.lies.push(lie.into());
        }
    }

    /// Whether everything was as it must be.
    pub fn is_clean(&self) -> bool {
        self.lies_total == 0
    }

    /// Everything as one page that needs nothing beside it.
    pub fn page(&self) -> String {
        page::page(self)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.scenario)?;
        for Figure { name, value, unit } in &self.figures {
            writeln!(f, "  {name:<52} {:>14} {unit}", shown(*value))?;
        }
        self.tables
            .iter()
            .try_for_each(|table| write!(f, "{table}"))?;
        for note in &self.notes {
            writeln!(f, "  note {note}")?;
        }
        for lie in &self.lies {
            writeln!(f, "  LIE  {lie}")?;
        }
        match self.lies_total {
            0 => write!(f, "  all as it must be"),
            n => write!(f, "  {n} lies"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n  {}", self.title)?;
        let first = self.rows.iter().map(|(name, _)| name.chars().count());
        let first = first
            .chain(self.columns.first().map(|name| name.chars().count()))
            .max();
        let first = first.unwrap_or_default();
        let width = |column: &String| column.chars().count().max(9);
        for (n, column) in self.columns.iter().enumerate() {
            match n {
                0 => write!(f, "  {column:<first$}")?,
                _ => write!(f, "  {column:>0$}", width(column))?,
            }
        }
        writeln!(f)?;
        for (name, values) in &self.rows {
            write!(f, "  {name:<first$}")?;
            for (value, column) in values.iter().zip(self.columns.iter().skip(1)) {
                let value = value.map_or("–".to_owned(), shown);
                write!(f, "  {value:>0$}", width(column))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// A number for people: thousands apart, as many digits as mean something.
pub fn shown(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 || value.fract() == 0.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let plain = format!("{value:.digits$}");
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut apart = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    format!("{sign}{apart}{rest}")
}

/// A histogram of microseconds up to ten minutes. One takes 170 KB: of thousands of viewers
/// each keeps its durations, and one is made of all ([`times`]); else clients do nothing but make room for seconds.
pub fn micros() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3)
        .unwrap_or_else(|_| unreachable!("the bounds are constants that fit"))
}

/// The histogram of some times.
pub fn times<'a>(all: impl IntoIterator<Item = &'a Duration>) -> Histogram<u64> {
    let mut told = micros();
    for time in all {
        told.saturating_record(as_micros(*time).max(1));
    }
    told
}

/// Says how far a scenario has come, on standard error.
pub fn say(text: impl fmt::Display) {
    eprintln!("· {text}");
}

/// A duration in microseconds, for a histogram.
pub fn as_micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn in_ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn count(n: usize) -> f64 {
    n as f64
}

/// Microseconds of processor time for each of so many.
pub fn per(spent: std::time::Duration, of: usize) -> f64 {
    spent.as_secs_f64() * 1e6 / count(of.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_by_people() {
        for (value, text) in [
            (0.0, "0"),
            (12.5, "12.5"),
            (-1_234.0, "-1,234"),
            (1_000_000.4, "1,000,000"),
            (0.123, "0.12"),
        ] {
            assert_eq!(shown(value), text);
        }
    }
}
