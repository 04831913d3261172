//! KEEPS. The books: every decision of the journal posted as stock movements, bookings, orders,
//! payments, money and reputation, in SQLite beside the journal or in PostgreSQL.
//!
//! * One transaction posts a run of entries and moves the cursor: an entry is in the books
//!   wholly, once, or not yet.
//! * What is appended (entries, movements, steps, money, reputation, the audit trail) is never
//!   changed. What is kept up to date (balances, bookings, orders) can be made again from it.
//! * Views say what must not be: each is empty, or something is wrong.
//! * Entries keep the journal's own bytes, so that a lost journal is made again from here.
//!
//! Nobody waits for the books: they follow the journal, and a booking is answered without them.

pub mod audit;
mod cell;
pub mod config;
mod cursor;
mod db;
mod error;
mod post;
pub mod queries;
mod restore;
mod schema;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;
mod text;
pub mod trail;
pub mod views;

use std::path::PathBuf;

pub use config::{Config, Kind, Url};
pub use cursor::At;
pub use error::Error;
pub use post::{Posted, Poster};
pub use restore::Stored;
pub use schema::Migrate;

/// The books that were configured; clones share their connections.
#[derive(Debug, Clone)]
pub enum Ledger {
    /// A file beside the journal.
    Sqlite {
        /// Its connections.
        pool: sqlx::SqlitePool,
        /// Where it is.
        path: PathBuf,
    },
    /// A server.
    Postgres {
        /// Its connections.
        pool: sqlx::PgPool,
    },
}

impl Ledger {
    /// Ends all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { pool, .. } => pool.close().await,
            Self::Postgres { pool } => pool.close().await,
        }
    }
}
