//! Why a file as a whole cannot be read. Each has a stable code; where there is one, the line.

/// The file cannot be used. Nothing of it was taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a byte, or nothing but blank space.
    #[error("the file is empty")]
    EmptyFile,
    /// Another kind of file, recognised by its first bytes.
    #[error("this is {what}, not a CSV file: save or export it as CSV (UTF-8) first")]
    NotText {
        /// What it looks like, with its article.
        what: &'static str,
    },
    /// Neither UTF-8 nor an encoding that can be told for sure.
    #[error("line {line} is not UTF-8 text: save the file as CSV (UTF-8) and try again")]
    NotUtf8 {
        /// The first line that cannot be read.
        line: u64,
    },
    /// The first line names no column of a product export.
    #[error("the first line is not a header of a product export: no known column name in it")]
    NoHeader,
    /// A column that no product can be read without.
    #[error("the column \"{column}\" is missing: export products, not inventory or orders")]
    MissingColumn {
        /// The older of its two names.
        column: &'static str,
    },
    /// Over one of the limits.
    #[error("{what} is larger than the limit of {limit}{}", at(*line))]
    TooLarge {
        /// `the file (bytes)`, `the number of rows`, `a field (bytes)`.
        what: &'static str,
        /// The limit that was passed.
        limit: usize,
        /// Where, when it is one place.
        line: Option<u64>,
    },
    /// A quoted field that begins in this row is never closed.
    #[error("a quoted field of the row that begins on line {line} is never closed")]
    MalformedCsv {
        /// The line on which the row begins.
        line: u64,
    },
    /// The file could not be read from where it is.
    #[error("the file cannot be read: {0}")]
    Read(#[from] std::io::Error),
}

impl Error {
    /// The stable code, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotText { .. } => "not_text",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NoHeader => "no_header",
            Self::MissingColumn { .. } => "missing_column",
            Self::TooLarge { .. } => "too_large",
            Self::MalformedCsv { .. } => "malformed_csv",
            Self::Read(_) => "unreadable_file",
        }
    }

    /// The line the error is about, counted from 1.
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::NotUtf8 { line } | Self::MalformedCsv { line } => Some(*line),
            Self::TooLarge { line, .. } => *line,
            Self::EmptyFile
            | Self::NotText { .. }
            | Self::NoHeader
            | Self::MissingColumn { .. }
            | Self::Read(_) => None,
        }
    }
}

fn at(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}
