//! The scenarios. Each is a function from its options to a report.

pub mod crash;
pub mod delivery;
pub mod drain;
pub mod engine;
pub mod expiry_storm;
pub mod fanout;
pub mod flash_drop;
pub mod growth;
pub mod idle;
pub mod load;
pub mod long_live;
pub mod nodes;
pub mod nuisance;
pub mod outage;
pub mod posting;
pub mod ready;
pub mod reconnect_storm;
pub mod slow;
pub mod watch;

use std::future::Future;
use std::net::SocketAddr;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use lapak::gateway::auth::Role;

use crate::report::say;
use crate::{Client, Ground, Report};

/// Sockets that are opened at the same time: fewer than the server lets stand ungreeted.
const OPENING: usize = 256;

/// Connects a viewer for each name.
pub async fn audience(ground: &Ground, to: SocketAddr, names: &[String]) -> Result<Vec<Client>> {
    let tokens = tokens(ground, names)?;
    let clients = each(tokens, |token| async move {
        Client::connect(to, Some(&token), None).await
    })
    .await?;
    say(format!("{} viewers connected", clients.len()));
    Ok(clients)
}

/// A viewer's token for each name.
pub fn tokens(ground: &Ground, names: &[String]) -> Result<Vec<String>> {
    let each = names.iter().map(|name| ground.token(Role::Viewer, name));
    each.collect()
}

/// Does something for every item, some hundred at a time, and keeps their order.
pub async fn each<T, U, F>(items: Vec<T>, job: impl Fn(T) -> F) -> Result<Vec<U>>
where
    F: Future<Output = Result<U>>,
{
    stream::iter(items.into_iter().map(job))
        .buffered(OPENING)
        .try_collect()
        .await
}

/// Connects a host.
pub async fn host(ground: &Ground, to: SocketAddr, name: &str) -> Result<Client> {
    let token = ground.token(Role::Admin, name)?;
    Client::connect(to, Some(&token), None).await
}

/// Reads the journal and runs the audit: both must find nothing.
pub async fn audit(ground: &Ground, report: &mut Report) -> Result<crate::journal::Record> {
    let record = crate::journal::Record::read(&ground.state())?;
    for fault in &record.faults {
        report.lie(format!("journal: {fault}"));
    }
    if let Some(found) = ground.audit().await? {
        report.lie(found);
    }
    Ok(record)
}

/// A small random source: scenarios need variety that a seed repeats (xorshift).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `n`, 0 if `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        if n == 0 { 0 } else { (self.0 >> 11) % n }
    }
}
