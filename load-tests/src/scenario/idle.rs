//! What a connection costs that watches and is told nothing.

use anyhow::Result;
use lapak::domain::Settings;

use super::audience;
use crate::report::count;
use crate::stage::{Bench, Ground, enough_files, names};
use crate::{Client, Report, Run, Server};

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
pub async fn run(run: &Run) -> Result<Report> {
    let viewers = run.viewers(10_000);
    enough_files(viewers + 100)?;
    let ground = run.ground(&[])?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench
        .found(Settings::default(), &[("A", Some(1_000))])
        .await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut report = Report::new(format!("idle: {viewers} connections"));
    let (each, clients) = connect(&ground, &server, viewers).await?;
    report.figure("resident bytes per idle connection", each.round(), "B");
    drop(clients);
    server.stop().await?;
    Ok(report)
}
