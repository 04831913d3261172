//! The books of the scenario: asked by a connection of our own, taken away and brought back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use lapak::ledger::{Config, Kind, Url};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};

use crate::client::PATIENCE;
use crate::postgres::Postgres;

/// How far the books are, in entries.
const POSTED: &str = "SELECT CAST(COALESCE(SUM(entries), 0) AS BIGINT) FROM cursor";
/// Where every entry is.
const PLACES: &str = "SELECT \"partition\", epoch, seq FROM entry ORDER BY 1, 2, 3";

/// Partition, epoch and number of an entry.
pub(super) type Place = (i64, i64, i64);

/// Where the books are.
#[derive(Debug)]
pub(super) enum Books {
    /// A file, and who locks it.
    File {
        path: PathBuf,
        lock: Option<SqliteConnection>,
    },
    /// A server of ours.
    Server(Box<Postgres>),
}

/// A connection that asks.
#[derive(Debug)]
pub(super) enum Asking {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Books {
    /// The file in a state folder, or a new server.
    pub(super) async fn open(state: &Path, postgres: bool) -> Result<Self> {
        Ok(if postgres {
            Self::Server(Box::new(Postgres::start().await?))
        } else {
            let (path, lock) = (state.join("ledger.sqlite"), None);
            Self::File { path, lock }
        })
    }

    /// The server's settings for them.
    pub(super) fn config(&self) -> Config {
        match self {
            Self::File { .. } => Config::default(),
            Self::Server(server) => Config {
                kind: Kind::Postgres,
                url: Url::new(server.url()),
                ..Config::default()
            },
        }
    }

    /// The same as a piece of the settings' file.
    pub(super) fn toml(&self) -> String {
        match self {
            Self::File { .. } => String::new(),
            Self::Server(server) => {
                format!(
                    "[ledger]\nkind = \"postgres\"\nurl = \"{}\"\n",
                    server.url()
                )
            }
        }
    }

    pub(super) async fn ask(&self) -> Result<Asking> {
        Ok(match self {
            Self::File { path, .. } => Asking::File(open(path).await?),
            Self::Server(server) => Asking::Server(server.connect().await?),
        })
    }

    /// Takes them away: an exclusive lock, or `kill -9`.
    pub(super) async fn take_away(&mut self) -> Result<()> {
        match self {
            Self::File { path, lock } => {
                let mut db = open(path).await?;
                sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut db).await?;
                *lock = Some(db);
                Ok(())
            }
            Self::Server(server) => server.kill().await,
        }
    }

    /// Brings them back; they answer when this returns.
    pub(super) async fn bring_back(&mut self) -> Result<()> {
        match self {
            Self::File { lock, .. } => {
                if let Some(mut db) = lock.take() {
                    sqlx::raw_sql("ROLLBACK").execute(&mut db).await?;
                    db.close().await?;
                }
                Ok(())
            }
            Self::Server(server) => server.again().await,
        }
    }

    /// Ends a server of ours.
    pub(super) async fn end(self) -> Result<()> {
        match self {
            Self::File { .. } => Ok(()),
            Self::Server(mut server) => server.kill().await,
        }
    }
}

async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE);
    Ok(options.connect().await?)
}

impl Asking {
    /// Entries posted so far.
    pub(super) async fn posted(&mut self) -> Result<i64> {
        let (posted,): (i64,) = match self {
            Self::File(db) => sqlx::query_as(POSTED).fetch_one(db).await?,
            Self::Server(db) => sqlx::query_as(POSTED).fetch_one(db).await?,
        };
        Ok(posted)
    }

    /// Waits until a posting has been committed, and returns at once.
    pub(super) async fn commit(&mut self) -> Result<()> {
        let before = self.posted().await?;
        tokio::time::timeout(PATIENCE, async {
            while self.posted().await? == before {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            Ok(())
        })
        .await?
    }

    /// Where every entry is, in order.
    pub(super) async fn places(&mut self) -> Result<Vec<Place>> {
        Ok(match self {
            Self::File(db) => sqlx::query_as(PLACES).fetch_all(db).await?,
            Self::Server(db) => sqlx::query_as(PLACES).fetch_all(db).await?,
        })
    }
}
