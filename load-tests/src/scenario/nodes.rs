//! Several nodes on one Redis and one PostgreSQL: everybody taps at once, nodes are killed, Redis
//! loses what it had, and what all of it costs.

mod bare;
mod crowd;
mod customer;
mod figures;
mod flush;
mod inside;
mod kill;
mod storm;
mod taps;

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::Report;
pub use crate::redis::Kind;
use crate::{redis as shared, street};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches of the command line"
)]
pub struct Options {
    /// Kill nodes under load.
    #[arg(long)]
    pub kill: bool,
    /// Redis loses what it had, under load.
    #[arg(long, conflicts_with = "kill")]
    pub flush: bool,
    /// What a booking costs Redis, beside a script by hand.
    #[arg(long, conflicts_with_all = ["kill", "flush"])]
    pub figures: bool,
    /// Everybody watches, then taps at once: more viewers than one server may have.
    #[arg(long, conflicts_with_all = ["kill", "flush", "figures"])]
    pub crowd: bool,
    /// With `--crowd`: how many of them tap; all by default.
    #[arg(long)]
    pub taps: Option<usize>,
    /// With `--crowd`: client processes; as many as are needed by default, 0: a thread of this one.
    #[arg(long)]
    pub clients: Option<usize>,
    /// How the servers stand together.
    #[arg(long, value_enum, default_value_t = Kind::Redis)]
    pub redis: Kind,
    /// Nodes.
    #[arg(long, default_value_t = 3)]
    pub nodes: usize,
    /// Connections that tap.
    #[arg(long, default_value_t = 3_000)]
    pub viewers: usize,
    /// Units of each drop.
    #[arg(long, default_value_t = 50)]
    pub units: u32,
    /// Drops, one after the other.
    #[arg(long, default_value_t = 10)]
    pub rounds: usize,
    /// With `--kill`: how often.
    #[arg(long, default_value_t = 20)]
    pub times: usize,
    /// With `--kill`: milliseconds between two kills.
    #[arg(long, default_value_t = 2_000)]
    pub every_ms: u64,
    /// With `--kill` and `--flush`: customers at a time.
    #[arg(long, default_value_t = 40)]
    pub customers: usize,
    /// With `--flush`: answers between two steps, so that each falls into a load.
    #[arg(long, default_value_t = 300)]
    pub between: usize,
    /// With `--flush`: milliseconds in which every node has to notice.
    #[arg(long, default_value_t = 2_000)]
    pub notice_ms: u64,
    /// With `--kill`: Redis stands still for 3 s at every fifth kill.
    #[arg(long)]
    pub freeze: bool,
    /// With `--kill`: Redis forgets its scripts, again and again, all the time.
    #[arg(long)]
    pub forget: bool,
    /// With `--kill`: Redis is killed and started again at every fifth kill, with AOF always.
    #[arg(long)]
    pub power: bool,
    /// With `--kill`: while a node is away, Redis is emptied or put back to the file of
    /// the kill before, in turn.
    #[arg(long)]
    pub lose: bool,
    /// With `--kill`: a node stands still for 8 s at every fifth kill, and then goes on.
    #[arg(long)]
    pub stall: bool,
    /// Seed of whom and when.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// With `--figures`: bookings of each measurement.
    #[arg(long, default_value_t = 4_000)]
    pub bookings: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kill: false,
            flush: false,
            figures: false,
            crowd: false,
            taps: None,
            clients: None,
            redis: Kind::Redis,
            nodes: 3,
            viewers: 3_000,
            units: 50,
            rounds: 10,
            times: 20,
            every_ms: 2_000,
            customers: 40,
            between: 300,
            notice_ms: 2_000,
            freeze: false,
            forget: false,
            power: false,
            lose: false,
            stall: false,
            seed: 1,
            bookings: 4_000,
        }
    }
}

/// Runs it.
pub async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    if options.kill {
        kill::run(lapak, options).await
    } else if options.flush {
        flush::run(lapak, options).await
    } else if options.figures {
        figures::run(lapak, options).await
    } else if options.crowd {
        crowd::run(lapak, options).await
    } else {
        taps::run(lapak, options).await
    }
}
