//! What was taken, what was not, and why: for machines (serde) and for people (`Display`).

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Remarks kept on what was taken; further ones are only counted.
const NOTES_MAX: usize = 20_000;

/// Rows of the printed table; the serialised report has all.
const PRINTED_MAX: usize = 40;

/// Something to say about one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// The line on which the row begins, counted from 1; 1 for the file as a whole.
    pub line: u64,
    /// The variation's SKU where it is known.
    pub sku: Option<String>,
    /// Stable code, such as `price_missing` or `duplicate_sku`.
    pub code: &'static str,
    /// A sentence for people.
    pub why: String,
}

/// The account of a file: `lines = taken + skipped + pictures`, always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows below the header that are not blank.
    pub lines: u64,
    /// Distinct products.
    pub products: u64,
    /// Rows that are a variation of a product, taken or not.
    pub variations: u64,
    /// Variations taken.
    pub taken: u64,
    /// Rows that only add a picture or text to a product that has variations elsewhere.
    pub pictures: u64,
    /// Rows not taken, by line.
    pub skipped: Vec<Remark>,
    /// Taken, but with a remark, by line; the first 20,000.
    pub notes: Vec<Remark>,
    /// Remarks beyond those kept.
    pub notes_left_out: u64,
}

impl Report {
    pub(super) fn skip(&mut self, line: u64, sku: Option<&str>, code: &'static str, why: String) {
        let sku = sku.map(str::to_owned);
        self.skipped.push(Remark {
            line,
            sku,
            code,
            why,
        });
    }

    pub(super) fn note(&mut self, line: u64, sku: Option<&str>, code: &'static str, why: String) {
        if self.notes.len() < NOTES_MAX {
            let sku = sku.map(str::to_owned);
            self.notes.push(Remark {
                line,
                sku,
                code,
                why,
            });
        } else {
            self.notes_left_out += 1;
        }
    }

    /// Puts the remarks in the order of the file.
    pub(super) fn finish(&mut self, taken: usize) {
        self.taken = taken as u64;
        self.skipped.sort_by_key(|remark| remark.line);
        self.notes.sort_by_key(|remark| remark.line);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("rows", self.lines),
            ("products", self.products),
            ("variations", self.variations),
            ("taken", self.taken),
            ("skipped", self.skipped.len() as u64),
            ("picture rows", self.pictures),
        ];
        for (name, count) in rows {
            writeln!(f, "{name:<13}{count:>8}")?;
        }
        self.print_skipped(f)?;
        self.print_notes(f)
    }
}

impl Report {
    fn print_skipped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.skipped.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\nskipped\n{:>7}  {:<28}  {:<20}  why",
            "line", "sku", "code"
        )?;
        for Remark {
            line,
            sku,
            code,
            why,
        } in self.skipped.iter().take(PRINTED_MAX)
        {
            let sku = sku.as_deref().unwrap_or("–");
            writeln!(f, "{line:>7}  {sku:<28}  {code:<20}  {why}")?;
        }
        match self.skipped.len().saturating_sub(PRINTED_MAX) {
            0 => Ok(()),
            more => writeln!(f, "         … and {more} more"),
        }
    }

    /// Remarks by code, each with its number and the first one as an example.
    fn print_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut codes: BTreeMap<&str, (usize, &Remark)> = BTreeMap::new();
        for note in &self.notes {
            codes.entry(note.code).or_insert((0, note)).0 += 1;
        }
        if codes.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\ntaken with a remark\n{:>7}  {:<20}  the first of them",
            "rows", "code"
        )?;
        for (code, (count, first)) in codes {
            writeln!(
                f,
                "{count:>7}  {code:<20}  line {}: {}",
                first.line, first.why
            )?;
        }
        match self.notes_left_out {
            0 => Ok(()),
            more => writeln!(f, "         … and {more} more"),
        }
    }
}
