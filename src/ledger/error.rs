//! What can be wrong with the books.

use crate::journal::{Partition, Position};

/// Why the books could not do what they were asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database does not answer, is locked, full or gone; later it may be there again.
    #[error("the ledger cannot be reached: {0}")]
    Down(String),
    /// There is no ledger where one was, or never was one.
    #[error("there is no ledger in {0}; `lapak rebuild` makes it from the journal")]
    Missing(String),
    /// What had been posted is not there any more.
    #[error(
        "the ledger has partition {partition} posted up to {found}, and it was at {known}: it was emptied or \
         replaced; nothing is posted until `lapak rebuild` has posted the journal again"
    )]
    Emptied {
        /// The partition.
        partition: Partition,
        /// How far it is posted now.
        found: Position,
        /// How far it was posted.
        known: Position,
    },
    /// The journal does not have what was posted.
    #[error(
        "the ledger has partition {partition} posted up to {posted}, and the journal {journal}: \
         the journal was lost, cut or replaced; `lapak rebuild` brings it back from the ledger"
    )]
    Ahead {
        /// The partition.
        partition: Partition,
        /// How far it is posted.
        posted: Position,
        /// What the journal has there, in words.
        journal: String,
    },
    /// The ledger does not reach to where the journal begins.
    #[error(
        "the ledger has partition {partition} posted up to {posted}, and the journal was trimmed up to \
         {begins}: the ledger was emptied, or is too old a copy; restore one that reaches that far, then \
         `lapak rebuild`"
    )]
    Behind {
        /// The partition.
        partition: Partition,
        /// How far it is posted.
        posted: Position,
        /// The last entry that was trimmed.
        begins: Position,
    },
    /// The database is of another version of this program, or not ours.
    #[error("the ledger has version {found}; this program knows {known}: {hint}")]
    Version {
        /// What was found.
        found: i64,
        /// What this program writes.
        known: i64,
        /// What to do.
        hint: &'static str,
    },
    /// The file or database belongs to something else.
    #[error("{0} is not a ledger of ours")]
    Foreign(String),
    /// A setting is not usable.
    #[error("{key} {wanted}")]
    Setting {
        /// Which.
        key: &'static str,
        /// What it has to be.
        wanted: String,
    },
    /// Another process has posted meanwhile; the cursor is to be read again.
    #[error("another process posts to this ledger")]
    Moved,
    /// What is stored is not what was written.
    #[error("the ledger holds something strange: {0}")]
    Strange(String),
    /// The database refuses: a defect of this program, or rights that are missing.
    #[error("the ledger's database refused: {0}")]
    Refused(String),
}

impl Error {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Down(_) => "ledger_down",
            Self::Missing(_) => "ledger_missing",
            Self::Emptied { .. } => "ledger_emptied",
            Self::Ahead { .. } => "ledger_ahead",
            Self::Behind { .. } => "ledger_behind",
            Self::Version { .. } => "ledger_version",
            Self::Foreign(_) => "ledger_foreign",
            Self::Setting { .. } => "ledger_setting",
            Self::Moved => "ledger_moved",
            Self::Strange(_) => "ledger_strange",
            Self::Refused(_) => "ledger_refused",
        }
    }

    /// Whether it may pass by itself.
    pub fn passes(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Moved)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(db) => {
                let text = db.message().to_owned();
                let code = db
                    .code()
                    .map(std::borrow::Cow::into_owned)
                    .unwrap_or_default();
                match code.as_str() {
                    // PostgreSQL: no such table, schema, database.
                    "42P01" | "3F000" | "3D000" => Self::Missing(text),
                    // 42: no right to it, or a statement that is wrong.
                    code if code.len() == 5 && code.starts_with("42") => Self::Refused(text),
                    // 22 and 23: values that do not fit.
                    code if code.len() == 5
                        && (code.starts_with("22") || code.starts_with("23")) =>
                    {
                        Self::Refused(text)
                    }
                    // SQLite: a plain error; a constraint.
                    "1" if text.starts_with("no such table") => Self::Missing(text),
                    "1" | "19" | "787" | "1811" | "2067" | "1555" => Self::Refused(text),
                    "26" => Self::Foreign(text),
                    _ => Self::Down(text),
                }
            }
            E::Configuration(_) => Self::Refused(error.to_string()),
            E::ColumnDecode { .. } | E::Decode(_) | E::ColumnNotFound(_) => {
                Self::Strange(error.to_string())
            }
            _ => Self::Down(error.to_string()),
        }
    }
}
