//! What can be wrong with a journal.

use std::path::{Path, PathBuf};

use crate::journal::{Partition, Position};

/// Why the store could not do what it was asked. Nothing of a failed append is visible; after
/// an [`Error::Io`] from it the rows may still be on disk, so whoever must know loads again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process uses this state, or holds its database.
    #[error("{0} is in use by another process")]
    InUse(String),
    /// The file system or the disk does not let us: full, not readable, not there.
    #[error("{0}")]
    Io(String),
    /// The file is not a journal of ours.
    #[error("{} is not ours: {what}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// The file is of another version of this program.
    #[error("{} has version {found}; this program knows {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version this program writes.
        known: i64,
    },
    /// The database does not take a setting that answers depend on.
    #[error("{setting} is {found}, but must be {wanted}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// What is stored is not what was written. Never skipped.
    #[error("partition {partition} is damaged at {position}: {what}")]
    Damaged {
        /// Where.
        partition: Partition,
        /// The first entry that is wrong, or the last good one before what is missing.
        position: Position,
        /// How it shows.
        what: String,
    },
    /// The database file's own structure is broken.
    #[error("the database file is corrupt: {0}")]
    Corrupt(String),
    /// What was asked for was removed after it was posted to the ledger.
    #[error(
        "partition {partition} has no entries up to {until} any more: they were trimmed and are in the \
         ledger; `lapak rebuild` brings them back if they are needed to start from"
    )]
    Trimmed {
        /// The partition.
        partition: Partition,
        /// The last entry that was removed.
        until: Position,
    },
    /// The caller asked for something that is out of order.
    #[error("{position} of partition {partition} is out of order after {last}")]
    Order {
        /// The partition.
        partition: Partition,
        /// What was given.
        position: Position,
        /// What is stored last.
        last: Position,
    },
    /// Anything else the database says; a defect of this program.
    #[error("the database refused: {0}")]
    Sql(rusqlite::Error),
}

impl Error {
    /// A stable code for logs, exits and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "journal_in_use",
            Self::Io(_) => "journal_io",
            Self::Foreign { .. } => "journal_foreign",
            Self::Version { .. } => "journal_version",
            Self::Setting { .. } => "journal_setting",
            Self::Damaged { .. } => "journal_damaged",
            Self::Corrupt(_) => "journal_corrupt",
            Self::Trimmed { .. } => "journal_trimmed",
            Self::Order { .. } => "journal_order",
            Self::Sql(_) => "journal_sql",
        }
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io(format!("{}: {error}", path.display()))
    }

    pub(super) fn trimmed(partition: Partition, until: Position) -> Self {
        Self::Trimmed { partition, until }
    }

    pub(super) fn damaged(
        partition: Partition,
        position: Position,
        what: impl Into<String>,
    ) -> Self {
        Self::Damaged {
            partition,
            position,
            what: what.into(),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
                Self::InUse(format!("the database ({error})"))
            }
            Some(
                Code::DiskFull
                | Code::SystemIoFailure
                | Code::CannotOpen
                | Code::ReadOnly
                | Code::PermissionDenied
                | Code::NoLargeFileSupport
                | Code::OutOfMemory,
            ) => Self::Io(error.to_string()),
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}
