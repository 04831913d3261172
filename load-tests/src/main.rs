//! Runs a load scenario against a server of its own on this machine, prints what it measured,
//! and fails if anything was not as it must be.

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use load_tests::peer::Which;
use load_tests::scenario::{
    crash, drain, engine, expiry_storm, fanout, flash_drop, growth, idle, long_live, nodes,
    nuisance, outage, posting, ready, reconnect_storm, slow, watch,
};
use load_tests::{Report, Run, fleet, instructions, peer};

#[derive(Parser)]
#[command(
    version,
    about = "Load scenarios that check themselves. Exit code 1: something lied."
)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
    #[command(flatten)]
    run: Run,
}

#[derive(Subcommand)]
#[command(rename_all = "snake_case")]
enum Scenario {
    /// Everybody taps at once for a few units.
    FlashDrop(flash_drop::Options),
    /// A steady show: bookings, checkouts, payments, cancels, expiries.
    LongLive(long_live::Options),
    /// Everybody's line breaks, and everybody comes back.
    ReconnectStorm(reconnect_storm::Options),
    /// A rolling restart under load.
    Drain(drain::Options),
    /// kill -9 under load, again and again.
    Crash(crash::Options),
    /// SIGTERM under load.
    Stop(crash::Options),
    /// Restart with a long journal.
    Ready(ready::Options),
    /// Thousands of bookings end at once while others wait.
    ExpiryStorm(expiry_storm::Options),
    /// One publisher's changes, ten thousand viewers.
    Fanout(fanout::Options),
    /// The same by the floor: the least a server can do.
    Floor(fanout::Options),
    /// The same by a naive server: a task for each connection.
    Naive(fanout::Options),
    /// The same by nginx with nchan, if it is installed.
    Nchan(fanout::Options),
    /// The same by NATS, if it is installed.
    Nats(fanout::Options),
    /// Fan-out by ours, the floor and every peer, several times: medians and ratios.
    Bench(fanout::BenchOptions),
    /// Instructions of what everything is made of, compared with the committed figures.
    Instructions(instructions::Options),
    /// Viewers who only watch, also of servers that run already.
    Watch(watch::Options),
    /// Memory of connections that are told nothing.
    Idle,
    /// Some viewers never read.
    #[command(alias = "slow")]
    SlowViewers(slow::Options),
    /// Bookings decided a second, and what each costs.
    Engine(engine::Options),
    /// What things cost as there is more of everything.
    Growth(growth::Options),
    /// A burst of bookings posted to the ledger.
    Posting(posting::Options),
    /// The ledger goes away under load, again and again.
    Outage(outage::Options),
    /// Several nodes on one Redis: taps, kills, a Redis that forgets, and what it costs.
    Nodes(nodes::Options),
    /// Clients that mean no good.
    Nuisance,
    /// Viewers of another scenario: told over standard input.
    #[command(hide = true)]
    Crew,
    /// What `instructions` counts.
    #[command(hide = true)]
    Work {
        /// Which.
        which: instructions::Work,
        /// How often.
        times: usize,
    },
    /// A peer of another scenario: told over standard input.
    #[command(hide = true)]
    Peer {
        /// Which.
        which: Which,
    },
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

fn main() -> ExitCode {
    let Cli { scenario, run } = Cli::parse();
    // These two are threads with an event loop of their own; nothing else may run beside them.
    let done = match scenario {
        Scenario::Crew => fleet::crew_process().map(|()| true),
        Scenario::Peer { which } => peer::peer_process(which).map(|()| true),
        Scenario::Work { which, times } => instructions::work(which, times).map(|()| true),
        scenario => told(scenario, &run),
    };
    match done {
        Ok(clean) => ExitCode::from(u8::from(!clean)),
        Err(error) => {
            eprintln!("load-tests: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn told(scenario: Scenario, run: &Run) -> Result<bool> {
    run.check()?;
    let mut report = go(scenario, run).await?;
    run.tell(&mut report)?;
    Ok(report.is_clean())
}

async fn go(scenario: Scenario, run: &Run) -> Result<Report> {
    match scenario {
        Scenario::FlashDrop(options) => flash_drop::run(run, &options).await,
        Scenario::LongLive(options) => long_live::run(run, &options).await,
        Scenario::ReconnectStorm(options) => reconnect_storm::run(run, &options).await,
        Scenario::Drain(options) => drain::run(run, &options).await,
        Scenario::Crash(options) => crash::run(run, &options).await,
        Scenario::Stop(options) => crash::stop(run, &options).await,
        Scenario::Ready(options) => ready::run(run, &options).await,
        Scenario::ExpiryStorm(options) => expiry_storm::run(run, &options).await,
        Scenario::Fanout(options) => fanout::run(run, &options).await,
        Scenario::Floor(options) => fanout::peer(run, &options, Which::Floor).await,
        Scenario::Naive(options) => fanout::peer(run, &options, Which::Naive).await,
        Scenario::Nchan(options) => fanout::peer(run, &options, Which::Nchan).await,
        Scenario::Nats(options) => fanout::peer(run, &options, Which::Nats).await,
        Scenario::Bench(options) => fanout::bench(run, &options).await,
        Scenario::Instructions(options) => instructions::run(run, &options),
        Scenario::Watch(options) => watch::run(run, &options).await,
        Scenario::Idle => idle::run(run).await,
        Scenario::SlowViewers(options) => slow::run(run, &options).await,
        Scenario::Engine(options) => engine::run(run, &options).await,
        Scenario::Growth(options) => growth::run(run, &options).await,
        Scenario::Posting(options) => posting::run(run, &options).await,
        Scenario::Outage(options) => outage::run(run, &options).await,
        Scenario::Nodes(options) => nodes::run(&run.lapak(), &options).await,
        Scenario::Nuisance => nuisance::run(run).await,
        Scenario::Crew | Scenario::Peer { .. } | Scenario::Work { .. } => Ok(Report::new("never")),
        Scenario::WriteBookings { state, count } => {
            ready::write_bookings(&state, count).await?;
            Ok(Report::new("written"))
        }
    }
}
