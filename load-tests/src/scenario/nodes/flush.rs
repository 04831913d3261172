//! Redis loses what the nodes know, under load: emptied, put back to an older file; then everything
//! is lost but the ledger, and at last a node joins that has nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::engine::redis::Keys;
use lapak::engine::redis::config::Acknowledge;
use lapak::engine::store::Store;
use lapak::journal::Partition;
use lapak::ledger::{Config, Kind, Ledger, Url};
use tokio::time::sleep;

use super::Options;
use super::shared::Redis;
use super::storm::{SKUS, Storm};
use super::street::Street;
use crate::Report;
use crate::client::PATIENCE;
use crate::journal::Record;
use crate::report::say;

/// How often Redis is emptied again and again.
const AGAIN: usize = 4;

/// Runs it.
pub(super) async fn run(lapak: &Path, options: &Options) -> Result<Report> {
    let mut report = Report::new("nodes: Redis emptied, put back, and lost with all nodes");
    let mut street = Street::open(
        lapak,
        options.redis,
        Acknowledge::Everysec,
        options.nodes,
        &SKUS,
        &[],
    )
    .await?;
    let storm = Storm::begin(&street, options.customers, "f").await?;
    storm.until_more(options.between).await?;

    let (cuts_before, before) = (cuts(&street).await?, street.redis.epoch());
    street.redis.say(&["FLUSHALL"]);
    let limit = Duration::from_millis(options.notice_ms);
    noticed(
        &street,
        &mut report,
        "FLUSHALL",
        before,
        (&cuts_before, 16.0),
        limit,
    )
    .await?;
    storm.until_more(options.between).await?;

    // Again and again, as soon as the nodes have agreed and before they have gone on.
    let head = Keys::of("lapak", Partition(0)).head;
    for _ in 0..AGAIN {
        let began = Instant::now();
        while street.redis.say(&["EXISTS", &head]) != ["1"] {
            ensure!(
                began.elapsed() < PATIENCE,
                "the nodes do not agree\n{}",
                street.log(0)
            );
            sleep(Duration::from_millis(1)).await;
        }
        street.redis.say(&["FLUSHALL"]);
    }
    street.until_following().await?;
    storm.until_more(options.between).await?;

    let earlier = street.redis.copy_files()?;
    storm.until_more(options.between).await?;
    let (cuts_before, before) = (cuts(&street).await?, street.redis.epoch());
    // Of the other partitions the older file has all there is.
    tokio::task::block_in_place(|| street.redis.restart_with(&earlier))?;
    noticed(
        &street,
        &mut report,
        "an older file",
        before,
        (&cuts_before, 1.0),
        limit,
    )
    .await?;
    storm.until_more(options.between).await?;
    storm.end(&street, &mut report).await?;
    all_lost(&mut street, &mut report).await?;
    newcomer(&mut street, &mut report).await?;

    // Business goes on with whoever is there.
    let storm = Storm::begin(&street, options.customers, "g").await?;
    storm.until_more(options.between).await?;
    storm.end(&street, &mut report).await?;
    street.close(&mut report).await?;
    Ok(report)
}

async fn cuts(street: &Street) -> Result<Vec<f64>> {
    let mut all = vec![0.0; street.nodes.len()];
    for node in street.running() {
        if let Some(place) = all.get_mut(node) {
            *place = street.metric(node, "lapak_cuts_total").await?;
        }
    }
    Ok(all)
}

/// So many partitions of every node notice soon enough, and all go on in the next epoch.
async fn noticed(
    street: &Street,
    report: &mut Report,
    name: &str,
    before: u64,
    (cuts, partitions): (&[f64], f64),
    limit: Duration,
) -> Result<()> {
    let began = Instant::now();
    let took = street
        .until_metric("lapak_cuts_total", |node, n| {
            n >= cuts.get(node).copied().unwrap_or_default() + partitions
        })
        .await?;
    report.figure(
        format!("{name}: noticed by all after"),
        took.as_secs_f64(),
        "s",
    );
    report.check(took < limit, || format!("{name}: noticed after {took:?}"));
    street.until_following().await?;
    let took = began.elapsed();
    report.figure(format!("{name}: all go on after"), took.as_secs_f64(), "s");
    let epoch = street.redis.epoch();
    report.check(epoch == before + 1, || {
        format!("{name}: epoch {before}, then {epoch}")
    });
    street.check_alive(report);
    say(format!("{name}: {took:?}, epoch {before} to {epoch}"));
    Ok(())
}

/// Nodes and Redis are gone; the ledger alone is left.
async fn all_lost(street: &mut Street, report: &mut Report) -> Result<()> {
    let end = Record::read(&street.node(0)?.state)?;
    posted(street).await?;
    for node in street.running() {
        street.kill(node).await?;
    }
    for node in &street.nodes {
        for found in std::fs::read_dir(&node.state)? {
            let path = found?.path();
            if path.file_name().is_some_and(|name| name != "token.key") {
                std::fs::remove_file(&path)
                    .or_else(|_| std::fs::remove_dir_all(&path))
                    .with_context(|| path.display().to_string())?;
            }
        }
    }
    street.redis = Redis::start(super::shared::Kind::Redis, Acknowledge::Everysec);
    street.rewrite()?;
    let began = Instant::now();
    let count = street.nodes.len().min(2);
    street.nodes.truncate(count);
    street.start_all().await?;
    street.until_following().await?;
    report.figure(
        "all lost: two new nodes serve after",
        began.elapsed().as_secs_f64(),
        "s",
    );
    street.until_equal(report).await?;
    let now = Record::read(&street.node(0)?.state)?;
    report.check(now.shop == end.shop, || {
        "the shop is another one after the ledger brought it back".into()
    });
    report.figure(
        "all lost: decisions brought back",
        crate::report::count(now.decisions.len()),
        "",
    );
    report.check(now.decisions.len() == end.decisions.len(), || {
        format!(
            "{} decisions, then {}",
            end.decisions.len(),
            now.decisions.len()
        )
    });
    Ok(())
}

/// Waits until the ledger has all that the nodes have.
async fn posted(street: &Street) -> Result<()> {
    let config = Config {
        kind: Kind::Postgres,
        url: Url::new(street.postgres.url()),
        ..Config::default()
    };
    let reader = Store::reader(&street.node(0)?.state)?;
    let books = Ledger::existing(&config, &street.node(0)?.state).await?;
    let began = Instant::now();
    loop {
        let cursors = books.cursors().await?;
        let mut behind = false;
        for (partition, cursor) in Partition::all().zip(&cursors) {
            behind |= reader.end(partition)? > cursor.position;
        }
        if !behind {
            books.close().await;
            return Ok(());
        }
        ensure!(began.elapsed() < PATIENCE, "the ledger stays behind");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A node with an empty folder joins those that run.
async fn newcomer(street: &mut Street, report: &mut Report) -> Result<()> {
    let began = Instant::now();
    let node = street.add()?;
    street.start(node).await?;
    street.until_following().await?;
    report.figure(
        "newcomer: follows after",
        began.elapsed().as_secs_f64(),
        "s",
    );
    street.until_equal(report).await?;
    Ok(())
}
