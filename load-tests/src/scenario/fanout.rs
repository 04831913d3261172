//! One publisher's changes to many viewers: at a fixed rate, with latency from the plan, and in
//! saturation, where frames wait and are joined. `peer` does the same with another server.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::delivery::{BURST_MAX, Boarded, Delivered, Subject};
use crate::fleet::unpacked;
use crate::peer::Which;
use crate::report::Table;
use crate::run::Watch;
use crate::stage::enough_server_files;
use crate::{Report, Run};

/// Options of the scenario.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Deliveries a second, over all viewers.
    #[arg(long, default_value_t = 20_000)]
    pub rate: u64,
    /// Messages that wait for every viewer at once in saturation, up to 64; 0: no saturation.
    #[arg(long, default_value_t = 64)]
    pub burst: u64,
    /// Bytes of a peer's message at the fixed rate.
    #[arg(long, default_value_t = 200)]
    pub bytes: usize,
    /// Bytes of a peer's message in saturation; ours are those of a drop's news.
    #[arg(long, default_value_t = 420)]
    pub burst_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rate: 20_000,
            burst: 64,
            bytes: 200,
            burst_bytes: 420,
        }
    }
}

/// What a server came to.
pub(super) struct Outcome {
    pub(super) boarded: Boarded,
    pub(super) steady: Delivered,
    pub(super) saturated: Option<Delivered>,
}

/// Runs it on our server.
pub async fn run(run: &Run, options: &Options) -> Result<Report> {
    let subject = Subject::lapak(run).await?;
    told(run, options, subject).await
}

/// Runs it on a peer.
pub async fn peer(run: &Run, options: &Options, which: Which) -> Result<Report> {
    let subject = Subject::peer(which, run).await?;
    told(run, options, subject).await
}

async fn told(run: &Run, options: &Options, subject: Subject) -> Result<Report> {
    let viewers = run.viewers(10_000);
    let mut report = Report::new(format!(
        "fan-out by {}{}: {viewers} viewers, {} deliveries a second",
        subject.name(),
        subject.place(run),
        options.rate
    ));
    let outcome = deliver(run, options, subject, &mut report).await?;
    report.figure(
        "connections a second",
        outcome.boarded.a_second.round(),
        "/s",
    );
    report.figure("server CPU per connection", outcome.boarded.each_us, "µs");
    report.figure(
        "resident bytes per idle connection",
        outcome.boarded.idle_bytes.round(),
        "B",
    );
    let mut told = |name: &str, delivered: &Delivered| {
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        report.figure(
            format!("{name}: deliveries"),
            delivered.deliveries as f64,
            "",
        );
        report.figure(
            format!("{name}: deliveries a second"),
            delivered.a_second.round(),
            "/s",
        );
        report.figure(
            format!("{name}: server CPU per delivery"),
            delivered.each_us,
            "µs",
        );
        if let Some(redis) = delivered.redis_us {
            report.figure(format!("{name}: Redis of it"), redis, "µs");
        }
        report.figure(
            format!("{name}: bytes of a delivery"),
            delivered.bytes.round(),
            "B",
        );
    };
    told("fixed rate", &outcome.steady);
    if let Some(saturated) = &outcome.saturated {
        told("saturation", saturated);
    }
    report.latency(
        "planned change to frame",
        &unpacked(&outcome.steady.tally.late),
    );
    Ok(report)
}

/// The whole of it.
pub(super) async fn deliver(
    run: &Run,
    options: &Options,
    mut subject: Subject,
    report: &mut Report,
) -> Result<Outcome> {
    let (viewers, length) = (run.viewers(10_000), run.length(20));
    enough_server_files(viewers)?;
    let burst = options.burst.min(BURST_MAX as u64) / 2 * 2;
    let (mut fleet, boarded) = subject.board(viewers, run.clients).await?;
    let watch = Watch::over_process(subject.pid(), subject.name());
    let steady = subject
        .steady(&mut fleet, viewers, options.rate, length, options.bytes)
        .await?;
    steady.tally.confess(report);
    let saturated = if burst > 0 {
        let length = length.min(Duration::from_secs(10));
        let saturated = subject
            .saturated(&mut fleet, burst, length, options.burst_bytes)
            .await?;
        saturated.tally.confess(report);
        Some(saturated)
    } else {
        None
    };
    watch.end(report).await?;
    drop(fleet);
    subject.end(report).await?;
    Ok(Outcome {
        boarded,
        steady,
        saturated,
    })
}

/// Options of the comparison.
#[derive(Debug, Clone, Args)]
pub struct BenchOptions {
    /// How often each is run; medians are shown.
    #[arg(long, default_value_t = 3)]
    pub times: usize,
    /// Of each.
    #[command(flatten)]
    pub fanout: Options,
}

/// Ours and every peer that is installed, one after the other, several times.
pub async fn bench(run: &Run, options: &BenchOptions) -> Result<Report> {
    let peers = [Which::Floor, Which::Naive, Which::Nchan, Which::Nats];
    let viewers = run.viewers(10_000);
    let mut report = Report::new(format!(
        "bench: {viewers} viewers, {} deliveries a second, medians of {}",
        options.fanout.rate, options.times
    ));
    let mut outcomes: Vec<(&str, Vec<Outcome>)> = vec![("lapak", Vec::new())];
    for which in peers {
        if crate::peer::is_installed(which) {
            outcomes.push((which.name(), Vec::new()));
        } else {
            report.note(format!(
                "{} is not installed: see load-tests/README.md",
                which.name()
            ));
        }
    }
    for _ in 0..options.times.max(1) {
        for (name, all) in &mut outcomes {
            let which = peers.into_iter().find(|which| which.name() == *name);
            let subject = match which {
                None => Subject::lapak(run).await?,
                Some(which) => Subject::peer(which, run).await?,
            };
            let mut own = Report::new(*name);
            match deliver(run, &options.fanout, subject, &mut own).await {
                Ok(outcome) => all.push(outcome),
                // What a peer cannot is worth a note; what we cannot is a failure.
                Err(error) if which.is_some() => report.note(format!("{name}: {error:#}")),
                Err(error) => return Err(error),
            }
            if which.is_none() {
                own.lies.into_iter().for_each(|lie| report.lie(lie));
            }
        }
    }
    report.tables = tables(&outcomes);
    for table in &report.tables.clone() {
        let cost = |name: &str| table.rows.iter().find(|(row, _)| row == name)?.1[0];
        if let (Some(ours), Some(floor)) = (cost("lapak"), cost(Which::Floor.name())) {
            report.figure(format!("{}: ours / floor", table.title), ours / floor, "×");
        }
    }
    Ok(report)
}

fn tables(outcomes: &[(&str, Vec<Outcome>)]) -> Vec<Table> {
    let floor = outcomes
        .iter()
        .find(|(name, _)| *name == Which::Floor.name());
    let floor = |of: &dyn Fn(&Outcome) -> Option<f64>| floor.and_then(|(_, all)| median(all, of));
    let steady = |o: &Outcome| Some(o.steady.each_us);
    let joined = |o: &Outcome| o.saturated.as_ref().map(|one| one.each_us);
    let mut rows = (Vec::new(), Vec::new());
    for (name, all) in outcomes {
        let (cost, joint) = (median(all, &steady), median(all, &joined));
        let over = |cost: Option<f64>, floor: Option<f64>| Some(cost? / floor?);
        let late = |n: usize| {
            median(all, &|o: &Outcome| {
                o.steady.late_ms.map(|ms| [ms.0, ms.1][n])
            })
        };
        rows.0.push((
            (*name).to_owned(),
            vec![
                cost,
                over(cost, floor(&steady)),
                late(0),
                late(1),
                median(all, &|o: &Outcome| Some(o.boarded.idle_bytes.round())),
                median(all, &|o: &Outcome| Some(o.boarded.each_us)),
            ],
        ));
        rows.1.push((
            (*name).to_owned(),
            vec![
                joint,
                over(joint, floor(&joined)),
                median(all, &|o: &Outcome| {
                    o.saturated.as_ref().map(|one| one.a_second.round())
                }),
                median(all, &|o: &Outcome| {
                    o.saturated.as_ref().map(|one| one.bytes.round())
                }),
            ],
        ));
    }
    let columns = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        Table {
            title: "at a fixed rate".into(),
            columns: columns(&[
                "server",
                "CPU µs per delivery",
                "× floor",
                "p50 ms",
                "p99 ms",
                "idle B",
                "µs per connection",
            ]),
            rows: rows.0,
        },
        Table {
            title: "in saturation".into(),
            columns: columns(&[
                "server",
                "CPU µs per delivery",
                "× floor",
                "deliveries/s",
                "bytes",
            ]),
            rows: rows.1,
        },
    ]
}

/// The median of what was measured; none if nothing was.
fn median(all: &[Outcome], of: &dyn Fn(&Outcome) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = all.iter().filter_map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
