//! Opening the two database files: whose they are, which version, and the settings that what
//! we promise depends on, each read back after it was set.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::Error;

/// One of the two files.
pub(super) struct Schema {
    /// Its name in the state's directory.
    pub(super) file: &'static str,
    /// Marks it as ours.
    application_id: i64,
    /// `synchronous`, as SQLite numbers it.
    synchronous: (&'static str, i64),
    /// What makes version n + 1 of version n.
    migrations: &'static [&'static str],
    /// What a reader of an older file puts up for itself in place of what is not there yet.
    stand_in: &'static str,
}

/// The journal. A commit is on disk when it returns.
pub(super) const JOURNAL: Schema = Schema {
    file: "journal.sqlite",
    application_id: 0x4c70_6b6a,
    synchronous: ("FULL", 2),
    migrations: &[
        "CREATE TABLE entries (
            partition INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            payload BLOB NOT NULL,
            crc INTEGER NOT NULL,
            PRIMARY KEY (partition, epoch, seq)
        ) WITHOUT ROWID, STRICT;",
        // Of each partition the last entry that was trimmed, and how many were; and the turn of the
        // sequencer that the last entry leads up to.
        "CREATE TABLE floors (
            partition INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            entries INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE turns (
            partition INTEGER PRIMARY KEY,
            epoch INTEGER NOT NULL,
            turn INTEGER NOT NULL,
            nonce INTEGER NOT NULL
        ) STRICT;",
    ],
    stand_in: "CREATE TEMP TABLE floors (partition, epoch, seq, crc, entries)",
};

/// Snapshots, in a file of their own: writing a hundred megabytes must not hold up a commit of
/// the journal. They can always be made again, so a commit need not be on disk at once.
pub(super) const SNAPSHOTS: Schema = Schema {
    file: "snapshots.sqlite",
    application_id: 0x4c70_6b73,
    synchronous: ("NORMAL", 1),
    migrations: &["CREATE TABLE snapshots (
            partition INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            chain INTEGER NOT NULL,
            size INTEGER NOT NULL,
            crc INTEGER NOT NULL,
            PRIMARY KEY (partition, epoch, seq)
        ) WITHOUT ROWID, STRICT;
        CREATE TABLE parts (
            partition INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            part INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            PRIMARY KEY (partition, epoch, seq, part)
        ) STRICT;"],
    stand_in: "",
};

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Schema {
    fn known(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }

    /// Opens the file for writing; makes it if it is not there, and brings it up to date.
    pub(super) fn open(&self, dir: &Path) -> Result<Connection, Error> {
        let mut db = self.connect(
            dir,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        let version = self.version(dir, &db)?;
        self.settle(&db)?;
        self.migrate(&mut db, version)?;
        Ok(db)
    }

    /// Opens the file for reading only, beside a process that writes it. One of an older version
    /// is read as it is.
    pub(super) fn open_to_read(&self, dir: &Path) -> Result<Connection, Error> {
        let db = self.connect(dir, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let version = self.version(dir, &db)?;
        if version == self.known() {
            Ok(db)
        } else if version > 0 {
            db.execute_batch(self.stand_in)?;
            Ok(db)
        } else {
            let path = dir.join(self.file);
            Err(Error::Version {
                path,
                found: version,
                known: self.known(),
            })
        }
    }

    fn connect(&self, dir: &Path, flags: OpenFlags) -> Result<Connection, Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(dir.join(self.file), flags)?;
        db.busy_timeout(BUSY_TIMEOUT)?;
        Ok(db)
    }

    /// Checks whose file it is and that its version is not newer than ours.
    fn version(&self, dir: &Path, db: &Connection) -> Result<i64, Error> {
        let path = dir.join(self.file);
        let id = number(db, "application_id").map_err(|error| match error {
            Error::Corrupt(what) => Error::Foreign {
                path: path.clone(),
                what,
            },
            other => other,
        })?;
        let tables: i64 =
            db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if id != self.application_id && (id != 0 || tables > 0) {
            let what = format!("a database of application {id:#x}");
            return Err(Error::Foreign { path, what });
        }
        let found = number(db, "user_version")?;
        if found < 0 || found > self.known() {
            return Err(Error::Version {
                path,
                found,
                known: self.known(),
            });
        }
        Ok(found)
    }

    fn settle(&self, db: &Connection) -> Result<(), Error> {
        let mode: String = db.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Error::Setting {
                setting: "journal_mode",
                wanted: "wal",
                found: mode,
            });
        }
        let (wanted, number_wanted) = self.synchronous;
        db.pragma_update(None, "synchronous", wanted)?;
        let found = number(db, "synchronous")?;
        if found != number_wanted {
            let found = found.to_string();
            return Err(Error::Setting {
                setting: "synchronous",
                wanted,
                found,
            });
        }
        db.pragma_update(None, "trusted_schema", false)?;
        Ok(())
    }

    fn migrate(&self, db: &mut Connection, version: i64) -> Result<(), Error> {
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        let Some(steps @ [_, ..]) = self.migrations.get(done..) else {
            return Ok(());
        };
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in steps {
            tx.execute_batch(step)?;
        }
        tx.pragma_update(None, "application_id", self.application_id)?;
        tx.pragma_update(None, "user_version", self.known())?;
        Ok(tx.commit()?)
    }
}

fn number(db: &Connection, pragma: &str) -> Result<i64, Error> {
    Ok(db.pragma_query_value(None, pragma, |row| row.get(0))?)
}
