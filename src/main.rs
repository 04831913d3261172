//! `lapak`: reads the command line, calls the library, turns errors into exit codes (sysexits).

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use lapak::commands::{self, Failure};
use lapak::config::Config;
use lapak::demo;

#[derive(Parser)]
#[command(
    version,
    about = "Live-shopping booking server: decides every tap in one atomic step."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(Place),
    /// Run a shop with a live, drops and simulated viewers, and print links to it.
    Demo(demo::Options),
    /// Import a Shopify product CSV into a shop.
    Import(commands::ImportOptions),
    /// Print tokens, one a line.
    Token(commands::TokenOptions),
    /// Fold the journal, compare it with the engine's state, the invariants and the ledger.
    Audit(commands::AuditOptions),
    /// Bring back a lost journal from the ledger, or a lost ledger from the journal.
    Rebuild(commands::RebuildOptions),
    /// Make the ledger's tables, or bring them up to date.
    Migrate(commands::StatePlace),
    /// Read the settings and say whether they can be used.
    CheckConfig(Place),
    /// Print the settings that are in force, secrets left out.
    PrintConfig(Place),
}

/// Where the settings and the state are.
#[derive(Args)]
struct Place {
    /// Settings; the defaults are those of config/default.toml.
    #[arg(long)]
    config: Option<PathBuf>,
}

impl Place {
    fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(self.config.as_deref())?)
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            // sysexits: 64 is a wrong command line; --help and --version are not wrong.
            return if error.use_stderr() {
                ExitCode::from(64)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match run(cli.command) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("lapak: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Serve(place) => {
            runtime()?.block_on(commands::serve(place.load()?))?;
        }
        Command::Demo(options) => runtime()?.block_on(demo::run(options))?,
        Command::Import(options) => runtime()?.block_on(commands::import(options))?,
        Command::Token(options) => commands::token(&options)?,
        Command::Rebuild(options) => runtime()?.block_on(commands::rebuild(&options))?,
        Command::Migrate(place) => runtime()?.block_on(commands::migrate(&place))?,
        Command::Audit(options) => {
            return Ok(if runtime()?.block_on(commands::audit(&options))? {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            });
        }
        Command::CheckConfig(place) => {
            commands::check(&place.load()?)?;
            commands::say("ok")?;
        }
        Command::PrintConfig(place) => commands::say(place.load()?.print()?.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    built
        .context("cannot start the runtime")
        .map_err(Failure::io)
}
