//! Speaking to SQLite: rows by the hundred in one statement, of few lengths.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous,
    SqliteValueRef,
};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Decode, Row as _, Sqlite, SqliteConnection, TypeInfo,
    ValueRef,
};

use super::{Conflict, FILE, columns, on_conflict};
use crate::ledger::cell::{Cell, Row};
use crate::ledger::{Config, Error};

/// Rows of one statement: statements of few lengths are kept prepared.
const CHUNKS: [usize; 4] = [256, 64, 8, 1];

pub(super) fn options(config: &Config, dir: &Path, create: bool) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(dir.join(FILE))
        .create_if_missing(create)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_millis(config.timeout_ms))
        .statement_cache_capacity(256)
        .pragma("trusted_schema", "OFF")
        .log_statements(tracing::log::LevelFilter::Off)
}

pub(super) async fn fetch(
    db: &mut SqliteConnection,
    sql: &str,
    cells: Vec<Cell>,
) -> Result<Vec<Vec<Cell>>, Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), args(cells)?);
    let rows: Vec<SqliteRow> = query.fetch_all(db).await?;
    rows.iter().map(self::cells).collect()
}

pub(super) async fn insert<R: Row>(
    db: &mut SqliteConnection,
    rows: Vec<R>,
    conflict: Conflict,
) -> Result<u64, Error> {
    let (width, mut written) = (R::COLUMNS.len(), 0);
    let (columns, end) = (columns::<R>(""), on_conflict::<R>(conflict));
    let mut left = rows.len();
    let mut rows = rows.into_iter();
    for chunk in CHUNKS {
        // SQLite takes at most 32,766 values.
        while left >= chunk && chunk * width <= 32_766 {
            left -= chunk;
            let tuple = format!("({})", vec!["?"; width].join(","));
            let others = format!(",{tuple}").repeat(chunk - 1);
            let sql = format!(
                "INSERT INTO {} ({columns}) VALUES {tuple}{others} {end}",
                R::NAME
            );
            let mut args = SqliteArguments::default();
            args.reserve(chunk * width, 0);
            for row in rows.by_ref().take(chunk) {
                row.into_cells(|cell| arg(&mut args, cell))?;
            }
            let query = sqlx::query_with(AssertSqlSafe(sql), args);
            written += query.execute(&mut *db).await?.rows_affected();
        }
    }
    Ok(written)
}

pub(super) fn args(cells: Vec<Cell>) -> Result<SqliteArguments, Error> {
    let mut args = SqliteArguments::default();
    for cell in cells {
        arg(&mut args, cell)?;
    }
    Ok(args)
}

fn arg(args: &mut SqliteArguments, cell: Cell) -> Result<(), Error> {
    let added = match cell {
        Cell::Null => args.add(None::<i64>),
        Cell::Int(n) => args.add(n),
        Cell::Text(text) => args.add(text),
        Cell::Bytes(bytes) => args.add(bytes),
    };
    Ok(added.map_err(sqlx::Error::Encode)?)
}

fn cells(row: &SqliteRow) -> Result<Vec<Cell>, Error> {
    let cells = (0..row.len()).map(|n| cell(row.try_get_raw(n)?));
    cells.collect()
}

fn cell(value: SqliteValueRef<'_>) -> Result<Cell, Error> {
    let (text, bytes) = {
        let kind = value.type_info();
        (kind.name() == "TEXT", kind.name() == "BLOB")
    };
    Ok(if value.is_null() {
        Cell::Null
    } else if text {
        Cell::Text(decoded::<&str>(value)?.into())
    } else if bytes {
        Cell::Bytes(decoded(value)?)
    } else {
        Cell::Int(decoded(value)?)
    })
}

fn decoded<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, Error> {
    Ok(T::decode(value).map_err(sqlx::Error::Decode)?)
}
