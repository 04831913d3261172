//! One way to speak to both databases: the same statements with `$1..$n`, values as cells, and
//! many rows in one statement. Text of statements is made of names in this program only; values
//! are always bound (S-24).

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow, PgSslMode};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous,
    SqliteValueRef,
};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, Decode, PgConnection, Row as _, Sqlite,
    SqliteConnection, TypeInfo, ValueRef,
};

use super::cell::{Cell, Kind, Row, Text};
use super::{Config, Error, Ledger, config};

/// The file's name in the state folder.
pub(super) const FILE: &str = "ledger.sqlite";
/// Rows of one statement for SQLite: statements of few lengths are kept prepared.
const CHUNKS: [usize; 4] = [256, 64, 8, 1];
/// What the one who posts may keep of the file in memory, in KiB: rows of a customer belong
/// anywhere in their index.
const CACHE_KIB: i64 = 16 * 1024;

/// A connection of its own, for one owner.
pub(super) enum Db {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

pub(super) fn postgres_options(config: &Config) -> Result<PgConnectOptions, Error> {
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

fn sqlite_options(config: &Config, dir: &Path, create: bool) -> SqliteConnectOptions {
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

impl Db {
    /// Opens a connection; `create` makes a SQLite file that is not there.
    pub(super) async fn open(config: &Config, dir: &Path, create: bool) -> Result<Self, Error> {
        let bound = Duration::from_millis(config.timeout_ms);
        let opened = async {
            Ok::<_, Error>(match config.kind {
                config::Kind::Sqlite => {
                    if !create && !dir.join(FILE).exists() {
                        return Err(Error::Missing(dir.join(FILE).display().to_string()));
                    }
                    let options = sqlite_options(config, dir, create)
                        .pragma("cache_size", (-CACHE_KIB).to_string())
                        // How to take back a statement of many rows; else it is a file.
                        .pragma("temp_store", "MEMORY");
                    Self::Sqlite(options.connect().await?)
                }
                config::Kind::Postgres => {
                    Self::Postgres(postgres_options(config)?.connect().await?)
                }
            })
        };
        let late = |_| Error::Down("no connection in time".into());
        tokio::time::timeout(bound, opened).await.map_err(late)?
    }

    /// Begins a transaction that may write; for SQLite it takes the write lock now.
    pub(super) async fn begin(&mut self) -> Result<Tx<'_>, Error> {
        Ok(match self {
            Self::Sqlite(db) => Tx::Sqlite(db.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(db) => Tx::Postgres(db.begin().await?),
        })
    }

    /// Asks outside a transaction.
    pub(super) async fn fetch(
        &mut self,
        sql: &str,
        args: Vec<Cell>,
    ) -> Result<Vec<Vec<Cell>>, Error> {
        match self {
            Self::Sqlite(db) => sqlite_fetch(db, sql, args).await,
            Self::Postgres(db) => postgres_fetch(db, sql, args).await,
        }
    }

    /// Runs statements without values, as migrations are.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<(), Error> {
        match self {
            Self::Sqlite(db) => {
                sqlx::raw_sql(sql).execute(db).await?;
            }
            Self::Postgres(db) => {
                sqlx::raw_sql(sql).execute(db).await?;
            }
        }
        Ok(())
    }

    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

impl Ledger {
    /// The books for questions, without a connection yet: they are opened when asked.
    pub fn lazy(config: &Config, dir: &Path) -> Result<Self, Error> {
        let bound = Duration::from_millis(config.timeout_ms);
        Ok(match config.kind {
            config::Kind::Sqlite => {
                let options = PoolOptions::new()
                    .max_connections(config.connections)
                    .acquire_timeout(bound);
                let path = dir.join(FILE);
                let pool = options.connect_lazy_with(sqlite_options(config, dir, false));
                Self::Sqlite { pool, path }
            }
            config::Kind::Postgres => {
                let options = PoolOptions::new()
                    .max_connections(config.connections)
                    .acquire_timeout(bound);
                let pool = options.connect_lazy_with(postgres_options(config)?);
                Self::Postgres { pool }
            }
        })
    }

    /// The same where books are there already: [`Error::Missing`] if there are none.
    pub async fn existing(config: &Config, dir: &Path) -> Result<Self, Error> {
        super::schema::open(config, dir, super::Migrate::No).await?;
        Self::lazy(config, dir)
    }

    /// Asks.
    pub(super) async fn fetch(&self, sql: &str, args: Vec<Cell>) -> Result<Vec<Vec<Cell>>, Error> {
        match self {
            Self::Sqlite { pool, .. } => sqlite_fetch(&mut *pool.acquire().await?, sql, args).await,
            Self::Postgres { pool } => postgres_fetch(&mut *pool.acquire().await?, sql, args).await,
        }
    }

    pub(super) async fn begin(&self) -> Result<Tx<'static>, Error> {
        Ok(match self {
            Self::Sqlite { pool, .. } => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres { pool } => Tx::Postgres(pool.begin().await?),
        })
    }
}

/// A transaction; dropped without a commit, nothing of it happened.
pub(super) enum Tx<'a> {
    Sqlite(sqlx::Transaction<'a, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'a, sqlx::Postgres>),
}

/// What an insert does where the key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Leaves what is there.
    Ignore,
    /// Puts the new values.
    Replace,
}

impl Tx<'_> {
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    pub(super) async fn fetch(
        &mut self,
        sql: &str,
        args: Vec<Cell>,
    ) -> Result<Vec<Vec<Cell>>, Error> {
        match self {
            Self::Sqlite(tx) => sqlite_fetch(&mut *tx, sql, args).await,
            Self::Postgres(tx) => postgres_fetch(&mut *tx, sql, args).await,
        }
    }

    /// Runs a statement; gives how many rows it changed.
    pub(super) async fn execute(&mut self, sql: &str, args: Vec<Cell>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let args = sqlite_args(args)?;
                let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), args);
                query.execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                let args = postgres_args(args)?;
                let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), args);
                query.execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    /// Inserts rows; gives how many were written. No key may come twice among the rows of a
    /// [`Conflict::Replace`].
    pub(super) async fn insert<R: Row>(
        &mut self,
        rows: Vec<R>,
        conflict: Conflict,
    ) -> Result<u64, Error> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(tx) => sqlite_insert(&mut *tx, rows, conflict).await,
            Self::Postgres(tx) => postgres_insert(&mut *tx, rows, conflict).await,
        }
    }

    /// The rows whose first two columns are among `keys`.
    pub(super) async fn load<R: Row>(&mut self, keys: Vec<(Text, Text)>) -> Result<Vec<R>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let columns = columns::<R>("t.");
        let (one, two) = (R::COLUMNS[0].0, R::COLUMNS[1].0);
        let found = match self {
            Self::Sqlite(tx) => {
                // The keys lead, so that each is one look into the table's index.
                let sql = format!(
                    "SELECT {columns} FROM json_each($1) k CROSS JOIN {} t \
                     ON t.\"{one}\" = k.value ->> 0 AND t.\"{two}\" = k.value ->> 1",
                    R::NAME
                );
                let keys: Vec<[&str; 2]> = keys.iter().map(|(a, b)| [&**a, &**b]).collect();
                let keys =
                    serde_json::to_string(&keys).map_err(|e| Error::Strange(e.to_string()))?;
                sqlite_fetch(&mut *tx, &sql, vec![Cell::Text(keys.into())]).await?
            }
            Self::Postgres(tx) => {
                let sql = format!(
                    "SELECT {columns} FROM UNNEST($1::text[], $2::text[]) AS k(a, b) \
                     JOIN {} t ON t.\"{one}\" = k.a AND t.\"{two}\" = k.b",
                    R::NAME
                );
                let (a, b): (Vec<&str>, Vec<&str>) = keys.iter().map(|(a, b)| (&**a, &**b)).unzip();
                let mut args = PgArguments::default();
                args.add(a).map_err(sqlx::Error::Encode)?;
                args.add(b).map_err(sqlx::Error::Encode)?;
                let query = sqlx::query_with(AssertSqlSafe(sql), args);
                let rows = query.fetch_all(&mut **tx).await?;
                rows.iter().map(postgres_cells).collect::<Result<_, _>>()?
            }
        };
        found.into_iter().map(R::from_cells).collect()
    }
}

/// A row's columns, quoted, for a SELECT or INSERT.
pub(super) fn columns<R: Row>(prefix: &str) -> String {
    let names: Vec<String> = R::COLUMNS
        .iter()
        .map(|(name, _)| format!("{prefix}\"{name}\""))
        .collect();
    names.join(", ")
}

fn on_conflict<R: Row>(conflict: Conflict) -> String {
    let quoted = |(name, _): &(&str, Kind)| format!("\"{name}\"");
    let (keys, rest) = R::COLUMNS.split_at(R::KEYS);
    if conflict == Conflict::Ignore {
        return "ON CONFLICT DO NOTHING".to_owned();
    }
    let keys: Vec<String> = keys.iter().map(quoted).collect();
    let sets: Vec<String> = rest
        .iter()
        .map(|(name, _)| format!("\"{name}\" = excluded.\"{name}\""))
        .collect();
    format!(
        "ON CONFLICT ({}) DO UPDATE SET {}",
        keys.join(", "),
        sets.join(", ")
    )
}

async fn sqlite_insert<R: Row>(
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
                row.into_cells(|cell| sqlite_arg(&mut args, cell))?;
            }
            let query = sqlx::query_with(AssertSqlSafe(sql), args);
            written += query.execute(&mut *db).await?.rows_affected();
        }
    }
    Ok(written)
}

async fn postgres_insert<R: Row>(
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

fn sqlite_args(cells: Vec<Cell>) -> Result<SqliteArguments, Error> {
    let mut args = SqliteArguments::default();
    for cell in cells {
        sqlite_arg(&mut args, cell)?;
    }
    Ok(args)
}

fn sqlite_arg(args: &mut SqliteArguments, cell: Cell) -> Result<(), Error> {
    let added = match cell {
        Cell::Null => args.add(None::<i64>),
        Cell::Int(n) => args.add(n),
        Cell::Text(text) => args.add(text),
        Cell::Bytes(bytes) => args.add(bytes),
    };
    Ok(added.map_err(sqlx::Error::Encode)?)
}

fn postgres_args(cells: Vec<Cell>) -> Result<PgArguments, Error> {
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

async fn sqlite_fetch(
    db: &mut SqliteConnection,
    sql: &str,
    args: Vec<Cell>,
) -> Result<Vec<Vec<Cell>>, Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), sqlite_args(args)?);
    let rows: Vec<SqliteRow> = query.fetch_all(db).await?;
    rows.iter().map(sqlite_cells).collect()
}

async fn postgres_fetch(
    db: &mut PgConnection,
    sql: &str,
    args: Vec<Cell>,
) -> Result<Vec<Vec<Cell>>, Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), postgres_args(args)?);
    let rows: Vec<PgRow> = query.fetch_all(db).await?;
    rows.iter().map(postgres_cells).collect()
}

fn sqlite_cells(row: &SqliteRow) -> Result<Vec<Cell>, Error> {
    let cells = (0..row.len()).map(|n| sqlite_cell(row.try_get_raw(n)?));
    cells.collect()
}

fn sqlite_cell(value: SqliteValueRef<'_>) -> Result<Cell, Error> {
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

fn postgres_cells(row: &PgRow) -> Result<Vec<Cell>, Error> {
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
