//! The one writer of the journal: takes what all partitions have decided, commits it in one
//! transaction, and only then lets answers and facts go (group commit).

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::store::{Error, Row, Store};
use crate::engine::{Failure, Reply};
use crate::journal::{Entry, Partition, Position};
use crate::telemetry::metrics;

/// What partitions hand over; the sender waits when the writer is this many behind.
pub(super) const WORK_MAX: usize = 64;
/// About how many entries one commit takes at most.
const COMMIT_ENTRIES: usize = 4_096;

/// Something for the writer.
pub(super) enum Work {
    /// Decisions to be kept, and who waits for that.
    Batch(Batch),
    /// A snapshot to be kept.
    Snapshot {
        partition: Partition,
        position: Position,
        state: Vec<u8>,
    },
}

/// What one partition decided in one turn.
#[derive(Default)]
pub(super) struct Batch {
    /// Encoded entries, one after the other.
    payloads: Vec<u8>,
    /// Where each payload ends.
    ends: Vec<usize>,
    /// The entries themselves, for the readers of the journal.
    pub(super) entries: Vec<Entry>,
    /// Answers to give once all this is durable.
    pub(super) replies: Vec<(oneshot::Sender<Result<Reply, Failure>>, Reply)>,
    /// Questions to answer then.
    pub(super) told: Vec<Box<dyn FnOnce() + Send>>,
}

impl Batch {
    /// Adds an entry; `encode` writes its payload.
    pub(super) fn push(&mut self, entry: Entry, encode: impl FnOnce(&Entry, &mut Vec<u8>)) {
        encode(&entry, &mut self.payloads);
        self.ends.push(self.payloads.len());
        self.entries.push(entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.replies.is_empty() && self.told.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.entries
            .iter()
            .zip(starts.zip(&self.ends))
            .map(|(entry, (from, to))| Row {
                partition: entry.partition,
                position: entry.position,
                payload: &self.payloads[from..*to],
            })
    }

    fn give_up(self) {
        for (reply, _) in self.replies {
            // Who does not wait any more needs no word.
            let _ = reply.send(Err(Failure::Unknown));
        }
    }
}

/// Runs until every partition has gone. An error means that what was decided may not be kept:
/// everybody who waits is told *unknown*, and the house stops.
pub(super) fn run(
    mut store: Store,
    mut work: mpsc::Receiver<Work>,
    feed: &mpsc::Sender<Vec<Entry>>,
) -> Result<(), Error> {
    while let Some(first) = work.blocking_recv() {
        let mut batches = Vec::new();
        let mut next = Some(first);
        let mut entries = 0;
        while let Some(one) = next {
            match one {
                Work::Snapshot {
                    partition,
                    position,
                    state,
                } => {
                    store.save_snapshot(partition, position, &state)?;
                }
                Work::Batch(batch) => {
                    entries += batch.entries.len();
                    batches.push(batch);
                }
            }
            next = if entries < COMMIT_ENTRIES {
                work.try_recv().ok()
            } else {
                None
            };
        }
        if let Err(error) = commit(&mut store, &batches) {
            metrics().journal.failures.increment();
            batches.into_iter().for_each(Batch::give_up);
            return Err(error);
        }
        for batch in batches {
            publish(batch, feed);
        }
        metrics()
            .journal
            .size
            .set_count(usize::try_from(store.size_bytes()).unwrap_or(usize::MAX));
    }
    Ok(())
}

fn commit(store: &mut Store, batches: &[Batch]) -> Result<(), Error> {
    let rows: Vec<Row<'_>> = batches.iter().flat_map(Batch::rows).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let began = Instant::now();
    store.append(&rows)?;
    let journal = &metrics().journal;
    journal.commit_duration.record_duration(began.elapsed());
    journal.commit_entries.record_count(rows.len());
    journal.entries.add(rows.len() as u64);
    Ok(())
}

/// Facts first, so that whoever has an answer finds its facts on the way.
fn publish(batch: Batch, feed: &mpsc::Sender<Vec<Entry>>) {
    if !batch.entries.is_empty() {
        // Without readers the engine goes on deciding; they read the journal when they come.
        let _ = feed.blocking_send(batch.entries);
    }
    for (reply, what) in batch.replies {
        let _ = reply.send(Ok(what));
    }
    for tell in batch.told {
        tell();
    }
}
