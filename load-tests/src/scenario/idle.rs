//! What a connection costs that watches and is told nothing.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use lapak::domain::Settings;

use super::audience;
use crate::report::count;
use crate::stage::{Bench, Ground, enough_files, names};
use crate::{Client, Report, Server};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Connections.
    #[arg(long, default_value_t = 10_000)]
    pub viewers: usize,
}

/// Connects everybody; bytes of resident memory that each costs, and the connections.
pub async fn connect(
    ground: &Ground,
    server: &Server,
    viewers: usize,
) -> Result<(f64, Vec<Client>)> {
    // The first ones pay for what is there once: threads, arenas, code that is paged in.
    let mut clients = audience(ground, server.address, &names("first", 100)).await?;
    let before = server.resident()?;
    let mut more = audience(ground, server.address, &names("v", viewers)).await?;
    for client in &mut more {
        client.settle(|_| {}).await?;
    }
    let grown = server.resident()?.saturating_sub(before);
    clients.append(&mut more);
    let each = count(usize::try_from(grown)?) / count(viewers);
    Ok((each, clients))
}

/// Runs it.
pub async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    enough_files(options.viewers + 100)?;
    let ground = Ground::new(lapak, &[])?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench
        .found(Settings::default(), &[("A", Some(1_000))])
        .await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut report = Report::new(format!("idle: {} connections", options.viewers));
    let (each, clients) = connect(&ground, &server, options.viewers).await?;
    report.figure("resident bytes per idle connection", each.round(), "B");
    drop(clients);
    server.stop().await?;
    Ok(report)
}
