//! What a scenario found: figures, and lies.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Most lies that are told in full.
const LIES_MAX: usize = 20;

/// One number, with what it is and its unit.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// A scenario's outcome.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Which.
    pub scenario: String,
    /// What was measured.
    pub figures: Vec<Figure>,
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
            figures: Vec::new(),
            lies: Vec::new(),
            lies_total: 0,
        }
    }

    /// Adds a number.
    pub fn figure(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        let name = name.into();
        self.figures.push(Figure { name, value, unit });
    }

    /// Adds the usual quantiles of a histogram of microseconds, in milliseconds.
    pub fn latency(&mut self, name: &str, micros: &Histogram<u64>) {
        for (label, quantile) in [("p50", 0.5), ("p99", 0.99), ("max", 1.0)] {
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            let ms = micros.value_at_quantile(quantile) as f64 / 1_000.0;
            self.figure(format!("{name} {label}"), ms, "ms");
        }
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
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}", self.scenario)?;
        for Figure { name, value, unit } in &self.figures {
            let digits = if value.fract() == 0.0 { 0 } else { 2 };
            writeln!(f, "  {name:<44} {value:>14.digits$} {unit}")?;
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

/// A histogram of microseconds up to ten minutes.
pub fn micros() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3)
        .unwrap_or_else(|_| unreachable!("the bounds are constants that fit"))
}

/// Says how far a scenario has come, on standard error.
pub fn say(text: impl fmt::Display) {
    eprintln!("· {text}");
}

/// A duration in microseconds, for a histogram.
pub fn as_micros(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn count(n: usize) -> f64 {
    n as f64
}
