//! Speaking to PostgreSQL: rows as one list for each column.

use std::str::FromStr;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow, PgSslMode};
use sqlx::{Arguments, AssertSqlSafe, ConnectOptions, PgConnection, Row as _, TypeInfo, ValueRef};

use super::{Conflict, columns, on_conflict};
use crate::ledger::cell::{Cell, Kind, Row, Text};
use crate::ledger::{Config, Error};

pub(in crate::ledger) fn options(config: &Config) -> Result<PgConnectOptions, Error> {
    let wrong = |wanted: &str| Error::Setting {
        key: "ledger.url",
        wanted: wanted.to_owned(),
    };
    // The error of the parser could repeat the password.
    let options = PgConnectOptions::from_str(&config.url()?)
        .map_err(|_| wrong("is no postgres:// URL that can be read"))?;
    let local = options.get_socket().is_some()
        || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&options.get_host())
        || options.get_host().starts_with('/');
    let verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    if !local && !verified && !config.without_tls {
        return Err(wrong(
            "has to say sslmode=verify-full for another machine (S-32), or ledger.without_tls that \
             the network between the two is nobody else's",
        ));
    }
    Ok(options
        .application_name("lapak")
        .options([
            (
                "statement_timeout",
                format!("{}ms", config.timeout_ms.max(1_000) * 12),
            ),
            ("lock_timeout", format!("{}ms", config.timeout_ms)),
        ])
        .log_statements(tracing::log::LevelFilter::Off))
}

pub(super) async fn fetch(
    db: &mut PgConnection,
    sql: &str,
    cells: Vec<Cell>,
) -> Result<Vec<Vec<Cell>>, Error> {
    rows(db, sql, args(cells)?).await
}

/// Asks with pairs of texts, as two lists.
pub(super) async fn fetch_by(
    db: &mut PgConnection,
    sql: &str,
    pairs: &[(Text, Text)],
) -> Result<Vec<Vec<Cell>>, Error> {
    let (one, two): (Vec<&str>, Vec<&str>) = pairs.iter().map(|(a, b)| (&**a, &**b)).unzip();
    let mut args = PgArguments::default();
    args.add(one).map_err(sqlx::Error::Encode)?;
    args.add(two).map_err(sqlx::Error::Encode)?;
    rows(db, sql, args).await
}

async fn rows(
    db: &mut PgConnection,
    sql: &str,
    args: PgArguments,
) -> Result<Vec<Vec<Cell>>, Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), args);
    let rows: Vec<PgRow> = query.fetch_all(db).await?;
    rows.iter().map(cells).collect()
}

pub(super) async fn insert<R: Row>(
    db: &mut PgConnection,
    rows: Vec<R>,
    conflict: Conflict,
) -> Result<u64, Error> {
    let mut columns_of: Vec<Vec<Cell>> = R::COLUMNS.iter().map(|_| Vec::new()).collect();
    for row in rows {
        let mut columns = columns_of.iter_mut();
        row.into_cells(|cell| {
            if let Some(column) = columns.next() {
                column.push(cell);
            }
            Ok(())
        })?;
    }
    let mut args = PgArguments::default();
    let mut places = Vec::new();
    for (n, (column, (_, kind))) in columns_of.iter().zip(R::COLUMNS).enumerate() {
        let name = match kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
        };
        places.push(format!("${}::{name}[]", n + 1));
        let cells = column.iter();
        let added = match kind {
            Kind::Int => args.add(cells.map(as_int).collect::<Vec<_>>()),
            Kind::Text => args.add(cells.map(as_text).collect::<Vec<_>>()),
            Kind::Bytes => args.add(cells.map(as_bytes).collect::<Vec<_>>()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM UNNEST({}) {}",
        R::NAME,
        columns::<R>(""),
        places.join(", "),
        on_conflict::<R>(conflict)
    );
    let query = sqlx::query_with(AssertSqlSafe(sql), args);
    Ok(query.execute(db).await?.rows_affected())
}

pub(super) fn args(cells: Vec<Cell>) -> Result<PgArguments, Error> {
    let mut args = PgArguments::default();
    for cell in cells {
        let added = match cell {
            Cell::Null => args.add(None::<String>),
            Cell::Int(n) => args.add(n),
            Cell::Text(text) => args.add(text),
            Cell::Bytes(bytes) => args.add(bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(args)
}

fn as_int(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(n) => Some(*n),
        _ => None,
    }
}

fn as_text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

fn as_bytes(cell: &Cell) -> Option<&[u8]> {
    match cell {
        Cell::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, Error> {
    let mut cells = Vec::with_capacity(row.len());
    for n in 0..row.len() {
        let value = row.try_get_raw(n)?;
        let kind = value.type_info().name().to_owned();
        cells.push(if value.is_null() {
            Cell::Null
        } else {
            match kind.as_str() {
                "TEXT" | "VARCHAR" | "NAME" => Cell::Text(row.try_get::<&str, _>(n)?.into()),
                "BYTEA" => Cell::Bytes(row.try_get(n)?),
                "INT4" => Cell::Int(i64::from(row.try_get::<i32, _>(n)?)),
                _ => Cell::Int(row.try_get(n)?),
            }
        });
    }
    Ok(cells)
}
