//! Making the tables, and knowing whose they are and of which version.

use std::path::Path;

use super::cell::Cell;
use super::db::Db;
use super::{Config, Error};

/// What makes version n + 1 of version n, and says so in the database.
const SQLITE: &[&str] = &[
    include_str!("migrations/sqlite/0001_ledger.sql"),
    include_str!("migrations/sqlite/0002_step_of_booking.sql"),
];
const POSTGRES: &[&str] = &[
    include_str!("migrations/postgres/0001_ledger.sql"),
    include_str!("migrations/postgres/0002_step_of_booking.sql"),
];
/// Marks the SQLite file as ours.
const APPLICATION_ID: i64 = 0x4c70_6b6c;

/// Whether opening may make or change tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// It may.
    Yes,
    /// The tables must be there in our version.
    No,
}

/// Opens the books of a state folder. With [`Migrate::Yes`] what is not there is made.
pub(super) async fn open(config: &Config, dir: &Path, migrate: Migrate) -> Result<Db, Error> {
    let may = migrate == Migrate::Yes;
    let mut db = Db::open(config, dir, may).await?;
    let known = i64::try_from(SQLITE.len()).unwrap_or(i64::MAX);
    let found = version(&mut db).await?;
    match found {
        0 if !may => return Err(Error::Missing(place(config, dir))),
        found if found > known || (found < known && !may) => {
            let hint = if found > known {
                "it was written by a newer program"
            } else {
                "`lapak migrate` brings it up to date"
            };
            return Err(Error::Version { found, known, hint });
        }
        _ => {}
    }
    for step in usize::try_from(found).unwrap_or(usize::MAX)..SQLITE.len() {
        step_up(&mut db, step).await?;
    }
    Ok(db)
}

async fn step_up(db: &mut Db, step: usize) -> Result<(), Error> {
    let (begin, sql) = if db.is_sqlite() {
        ("BEGIN IMMEDIATE", SQLITE[step])
    } else {
        // Two starts at once: the second waits, and finds the tables there.
        (
            "BEGIN; SELECT pg_advisory_xact_lock(1281385836)",
            POSTGRES[step],
        )
    };
    db.script(begin).await?;
    if version(db).await? == i64::try_from(step).unwrap_or(i64::MAX) {
        db.script(sql).await?;
    }
    db.script("COMMIT").await
}

/// 0 = nothing is there.
async fn version(db: &mut Db) -> Result<i64, Error> {
    if !db.is_sqlite() {
        let there = one(db, "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'lapak_schema'").await?;
        if there == 0 {
            return Ok(0);
        }
        return one(db, "SELECT COALESCE(MAX(version), 0) FROM lapak_schema").await;
    }
    let id = one(db, "SELECT application_id FROM pragma_application_id").await?;
    let tables = one(db, "SELECT COUNT(*) FROM sqlite_schema").await?;
    if id != APPLICATION_ID && (id != 0 || tables > 0) {
        return Err(Error::Foreign(super::db::FILE.to_owned()));
    }
    one(db, "SELECT user_version FROM pragma_user_version").await
}

async fn one(db: &mut Db, sql: &str) -> Result<i64, Error> {
    match db
        .fetch(sql, Vec::new())
        .await?
        .first()
        .and_then(|row| row.first())
    {
        Some(Cell::Int(n)) => Ok(*n),
        other => Err(Error::Strange(format!("{other:?} is no number"))),
    }
}

/// Where the books are, for people; no secret.
pub(super) fn place(config: &Config, dir: &Path) -> String {
    match config.kind {
        super::Kind::Sqlite => dir.join(super::db::FILE).display().to_string(),
        super::Kind::Postgres => match super::db::postgres_options(config) {
            Ok(options) => format!(
                "PostgreSQL on {}:{}, database {}",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or("(default)")
            ),
            Err(_) => "PostgreSQL".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn books_of_the_first_version_are_brought_up_to_date() {
        let (config, dir) = (Config::default(), tempfile::tempdir().unwrap());
        let mut db = Db::open(&config, dir.path(), true).await.unwrap();
        step_up(&mut db, 0).await.unwrap();
        assert_eq!(version(&mut db).await.unwrap(), 1);
        let refused = open(&config, dir.path(), Migrate::No).await.err().unwrap();
        assert!(matches!(refused, Error::Version { found: 1, .. }));
        let mut db = open(&config, dir.path(), Migrate::Yes).await.unwrap();
        let known = i64::try_from(SQLITE.len()).unwrap();
        assert_eq!(version(&mut db).await.unwrap(), known);
        open(&config, dir.path(), Migrate::No).await.unwrap();
    }
}
