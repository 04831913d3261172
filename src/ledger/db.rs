//! One way to speak to both databases: the same statements with `$1..$n`, values as cells, and
//! many rows in one statement. Text of statements is made of names in this program only; values
//! are always bound (S-24).

mod postgres;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};

use super::cell::{Cell, Kind, Row, Text};
use super::{Config, Error, Ledger, config};
pub(super) use postgres::options as postgres_options;

/// The file's name in the state folder.
pub(super) const FILE: &str = "ledger.sqlite";
/// What the one who posts may keep of the file in memory, in KiB: rows of a customer belong
/// anywhere in their index.
const CACHE_KIB: i64 = 16 * 1024;

/// A connection of its own, for one owner.
pub(super) enum Db {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
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
                    let options = sqlite::options(config, dir, create)
                        .pragma("cache_size", (-CACHE_KIB).to_string())
                        // How to take back a statement of many rows; else it is a file.
                        .pragma("temp_store", "MEMORY");
                    Self::Sqlite(options.connect().await?)
                }
                config::Kind::Postgres => {
                    Self::Postgres(postgres::options(config)?.connect().await?)
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
            Self::Sqlite(db) => sqlite::fetch(db, sql, args).await,
            Self::Postgres(db) => postgres::fetch(db, sql, args).await,
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
                let pool = options.connect_lazy_with(sqlite::options(config, dir, false));
                Self::Sqlite { pool, path }
            }
            config::Kind::Postgres => {
                let options = PoolOptions::new()
                    .max_connections(config.connections)
                    .acquire_timeout(bound);
                let pool = options.connect_lazy_with(postgres::options(config)?);
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
            Self::Sqlite { pool, .. } => {
                sqlite::fetch(&mut *pool.acquire().await?, sql, args).await
            }
            Self::Postgres { pool } => {
                postgres::fetch(&mut *pool.acquire().await?, sql, args).await
            }
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
            Self::Sqlite(tx) => sqlite::fetch(&mut *tx, sql, args).await,
            Self::Postgres(tx) => postgres::fetch(&mut *tx, sql, args).await,
        }
    }

    /// Runs a statement; gives how many rows it changed.
    pub(super) async fn execute(&mut self, sql: &str, args: Vec<Cell>) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let args = sqlite::args(args)?;
                let query = sqlx::query_with(AssertSqlSafe(sql.to_owned()), args);
                query.execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                let args = postgres::args(args)?;
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
            Self::Sqlite(tx) => sqlite::insert(&mut *tx, rows, conflict).await,
            Self::Postgres(tx) => postgres::insert(&mut *tx, rows, conflict).await,
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
                sqlite::fetch(&mut *tx, &sql, vec![Cell::Text(keys.into())]).await?
            }
            Self::Postgres(tx) => {
                let sql = format!(
                    "SELECT {columns} FROM UNNEST($1::text[], $2::text[]) AS k(a, b) \
                     JOIN {} t ON t.\"{one}\" = k.a AND t.\"{two}\" = k.b",
                    R::NAME
                );
                postgres::fetch_by(&mut *tx, &sql, &keys).await?
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
