//! From text to rows: finds the separator and the header, numbers the lines, keeps the limits.

use csv::{ReaderBuilder, StringRecord};

use super::Limits;
use super::error::Error;
use super::header::{Column, Columns};

/// Tried in this order; the one under which the header names the most known columns is taken.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Put below the last line. If it does not come back as a row of its own, a quote was left open.
const END: &str = "\u{1}end\u{1}";

/// The rows of a file below its header. Blank rows are left out.
pub(super) struct Sheet {
    pub(super) columns: Columns,
    pub(super) rows: Vec<Row>,
}

/// One row, and the line of the file on which it begins.
pub(super) struct Row {
    pub(super) line: u64,
    record: StringRecord,
}

impl Sheet {
    /// The cell without space around it; empty when the column or the field is not there.
    pub(super) fn cell<'a>(&self, row: &'a Row, column: Column) -> &'a str {
        let position = self.columns.position(column);
        position
            .and_then(|at| row.record.get(at))
            .unwrap_or("")
            .trim()
    }

    /// Content beyond the last column: a separator stands unquoted somewhere, and every field
    /// after it is in the wrong place.
    pub(super) fn out_of_step(&self, row: &Row) -> bool {
        row.record
            .iter()
            .skip(self.columns.width)
            .any(|field| !field.trim().is_empty())
    }
}

/// Reads the header and all rows.
pub(super) fn sheet_of(mut text: String, limits: &Limits) -> Result<Sheet, Error> {
    text.push('\n');
    text.push_str(END);
    let known = |&separator: &u8| {
        let header = Records::new(&text, separator, limits).header();
        header.map_or(0, |columns| columns.known())
    };
    let best = SEPARATORS.iter().map(known).max().unwrap_or(0);
    let separator = SEPARATORS
        .into_iter()
        .find(|separator| known(separator) == best);
    let mut records = Records::new(&text, separator.unwrap_or(b','), limits);
    let columns = records.header()?;
    columns.check()?;
    let rows = records.rows()?;
    Ok(Sheet { columns, rows })
}

struct Records<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    limits: &'a Limits,
}

impl<'a> Records<'a> {
    fn new(text: &'a str, separator: u8, limits: &'a Limits) -> Self {
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(separator)
            .from_reader(text.as_bytes());
        Self {
            text,
            reader,
            limits,
        }
    }

    /// The first row that is neither blank nor a spreadsheet's `sep=;`.
    fn header(&mut self) -> Result<Columns, Error> {
        while let Some(row) = self.next()? {
            let first = row.record.get(0).unwrap_or("").trim();
            if !first.to_ascii_lowercase().starts_with("sep=") {
                return Ok(Columns::of(row.record.iter()));
            }
        }
        Err(Error::NoHeader)
    }

    fn rows(&mut self) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next()? {
            if rows.len() == self.limits.rows {
                let (what, limit) = ("the number of rows", self.limits.rows);
                return Err(Error::TooLarge {
                    what,
                    limit,
                    line: Some(row.line),
                });
            }
            rows.push(row);
        }
        Ok(rows)
    }

    /// The next row that is not blank; `None` at the end.
    fn next(&mut self) -> Result<Option<Row>, Error> {
        loop {
            let (line, start) = self.place();
            let mut record = StringRecord::new();
            if !matches!(self.reader.read_record(&mut record), Ok(true)) {
                return Err(Error::MalformedCsv { line });
            }
            let at_end = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
            if at_end >= self.text.len() {
                let closed = start + END.len() == self.text.len();
                return if closed {
                    Ok(None)
                } else {
                    Err(Error::MalformedCsv { line })
                };
            }
            if record
                .iter()
                .any(|field| field.len() > self.limits.field_bytes)
            {
                let (what, limit) = ("a field (bytes)", self.limits.field_bytes);
                return Err(Error::TooLarge {
                    what,
                    limit,
                    line: Some(line),
                });
            }
            if record.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some(Row { line, record }));
            }
        }
    }

    /// Line and byte at which the next row begins. The reader passes over blank lines only when it
    /// reads on, so they are counted here.
    fn place(&self) -> (u64, usize) {
        let position = self.reader.position();
        let byte = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(byte..).unwrap_or_default();
        let blank = rest.iter().take_while(|&&byte| byte == b'\n').count();
        (position.line() + blank as u64, byte + blank)
    }
}
