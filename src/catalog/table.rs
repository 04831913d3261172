//! From text to rows: finds the separator and the header, numbers the lines, keeps the limits.

use csv::{ReaderBuilder, StringRecord};

use super::Limits;
use super::error::Error;
use super::header::{COLUMNS, Column, Columns};

/// Tried in this order; the one under which the header names the most known columns is taken.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Put below the last line. If it does not come back as a row of its own, a quote was left open.
const END: &str = "\u{1}end\u{1}";

/// The rows of a file below its header. Blank rows are left out.
pub(super) struct Sheet {
    pub(super) columns: Columns,
    pub(super) rows: Vec<Row>,
}

/// One row, and the line of the file on which it begins. Only the cells of known columns are kept,
/// one after the other: a hostile row of a million commas costs no more than any other.
pub(super) struct Row {
    pub(super) line: u64,
    /// Content beyond the last column: a separator stands unquoted somewhere, and every field
    /// after it is in the wrong place.
    pub(super) out_of_step: bool,
    cells: Box<str>,
    ends: [u32; COLUMNS.len()],
}

impl Row {
    fn of(line: u64, record: &StringRecord, columns: &Columns) -> Self {
        let mut cells = String::new();
        let mut ends = [0; COLUMNS.len()];
        for (end, column) in ends.iter_mut().zip(COLUMNS) {
            let at = columns.position(column);
            cells.push_str(at.and_then(|at| record.get(at)).unwrap_or("").trim());
            *end = u32::try_from(cells.len()).unwrap_or(u32::MAX);
        }
        let mut beyond = record.iter().skip(columns.width);
        let out_of_step = beyond.any(|field| !field.trim().is_empty());
        Self {
            line,
            out_of_step,
            cells: cells.into(),
            ends,
        }
    }

    /// The cell without space around it; empty when the column or the field is not there.
    pub(super) fn cell(&self, column: Column) -> &str {
        let at = column as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.cells
            .get(start as usize..self.ends[at] as usize)
            .unwrap_or("")
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
    let rows = records.rows(&columns)?;
    Ok(Sheet { columns, rows })
}

struct Records<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    limits: &'a Limits,
    record: StringRecord,
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
            record: StringRecord::new(),
        }
    }

    /// The first row that is neither blank nor a spreadsheet's `sep=;`.
    fn header(&mut self) -> Result<Columns, Error> {
        while self.next()?.is_some() {
            let first = self.record.get(0).unwrap_or("").trim();
            if !first.to_ascii_lowercase().starts_with("sep=") {
                return Ok(Columns::of(self.record.iter()));
            }
        }
        Err(Error::NoHeader)
    }

    fn rows(&mut self, columns: &Columns) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        while let Some(line) = self.next()? {
            if rows.len() == self.limits.rows {
                let (what, limit) = ("the number of rows", self.limits.rows);
                return Err(Error::TooLarge {
                    what,
                    limit,
                    line: Some(line),
                });
            }
            rows.push(Row::of(line, &self.record, columns));
        }
        Ok(rows)
    }

    /// Puts the next row that is not blank into `record` and says on which line it begins; `None`
    /// at the end.
    fn next(&mut self) -> Result<Option<u64>, Error> {
        loop {
            let (line, start) = self.place();
            let is_row = self.reader.read_record(&mut self.record);
            let (_, end) = self.place();
            let closed = end < self.text.len() || start + END.len() == self.text.len();
            if !closed || !matches!(is_row, Ok(true)) {
                return Err(Error::MalformedCsv { line });
            }
            if end >= self.text.len() {
                return Ok(None);
            }
            let mut fields = self.record.iter();
            if fields.any(|field| field.len() > self.limits.field_bytes) {
                let (what, limit) = ("a field (bytes)", self.limits.field_bytes);
                return Err(Error::TooLarge {
                    what,
                    limit,
                    line: Some(line),
                });
            }
            if self.record.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some(line));
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
