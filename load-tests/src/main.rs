//! Runs a load scenario against a server of its own on this machine, prints what it measured,
//! and fails if anything was not as it must be.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use load_tests::Report;
use load_tests::scenario::{
    crash, engine, expiry_storm, fanout, flash_drop, idle, nuisance, outage, posting, ready, slow,
};

#[derive(Parser)]
#[command(
    version,
    about = "Load scenarios that check themselves. Exit code 1: something lied."
)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
    /// The server's binary; the one beside this program by default.
    #[arg(long, global = true)]
    lapak: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
enum Scenario {
    /// Everybody taps at once for a few units.
    FlashDrop(flash_drop::Options),
    /// kill -9 under load, again and again.
    Crash(crash::Options),
    /// SIGTERM under load.
    Stop(crash::Options),
    /// Restart with a long journal.
    Ready(ready::Options),
    /// Thousands of bookings end at once while others wait.
    ExpiryStorm(expiry_storm::Options),
    /// One change, ten thousand viewers.
    Fanout(fanout::Options),
    /// Memory of connections that are told nothing.
    Idle(idle::Options),
    /// Viewers who never read.
    Slow(slow::Options),
    /// Bookings decided a second, and what each costs.
    Engine(engine::Options),
    /// A burst of bookings posted to the ledger.
    Posting(posting::Options),
    /// The ledger goes away under load, again and again.
    Outage(outage::Options),
    /// Clients that mean no good.
    Nuisance(nuisance::Options),
    /// Writes bookings into a state folder and waits to be killed (a part of `ready`).
    #[command(hide = true, name = "write-bookings")]
    WriteBookings {
        /// The state folder.
        #[arg(long)]
        state: PathBuf,
        /// How many.
        #[arg(long)]
        count: usize,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let lapak = cli.lapak.unwrap_or_else(load_tests::server::beside);
    match run(cli.scenario, &lapak).await {
        Ok(report) => {
            match serde_json::to_string_pretty(&report) {
                Ok(text) if cli.json => println!("{text}"),
                _ => println!("{report}"),
            }
            ExitCode::from(u8::from(!report.is_clean()))
        }
        Err(error) => {
            eprintln!("load-tests: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(scenario: Scenario, lapak: &std::path::Path) -> Result<Report> {
    match scenario {
        Scenario::FlashDrop(options) => flash_drop::run(lapak, &options).await,
        Scenario::Crash(options) => crash::run(lapak, &options).await,
        Scenario::Stop(options) => crash::stop(lapak, &options).await,
        Scenario::Ready(options) => ready::run(lapak, &options).await,
        Scenario::ExpiryStorm(options) => expiry_storm::run(lapak, &options).await,
        Scenario::Fanout(options) => fanout::run(lapak, &options).await,
        Scenario::Idle(options) => idle::run(lapak, &options).await,
        Scenario::Slow(options) => slow::run(lapak, &options).await,
        Scenario::Engine(options) => engine::run(lapak, &options).await,
        Scenario::Posting(options) => posting::run(lapak, &options).await,
        Scenario::Outage(options) => outage::run(lapak, &options).await,
        Scenario::Nuisance(options) => nuisance::run(lapak, &options).await,
        Scenario::WriteBookings { state, count } => {
            ready::write_bookings(&state, count).await?;
            Ok(Report::new("written"))
        }
    }
}
