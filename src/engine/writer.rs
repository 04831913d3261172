//! The one writer of the journal: takes what all partitions have decided, commits it in one
//! transaction, and only then lets answers and facts go (group commit).

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::store::{Error, Row, Store};
use super::turn::{Caller, Place};
use crate::engine::{Failure, Reply};
use crate::journal::{Entry, Partition, Position};
use crate::telemetry::metrics;

/// What partitions hand over; the sender waits when the writer is this many behind.
pub(super) const WORK_MAX: usize = 64;
/// About how many entries one commit takes at most.
const COMMIT_ENTRIES: usize = 4_096;
/// Bytes of a booking's entry, about.
const PAYLOAD_USUAL: usize = 192;
/// Every how many commits the files are measured: asking the system costs as much as a booking.
const SIZE_EVERY: u32 = 64;

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
    /// The turn that the entries lead up to, where turns have places.
    pub(super) turn: Option<Place>,
    /// Answers to give once all this is durable.
    pub(super) replies: Vec<(Caller, Reply)>,
    /// Questions to answer then.
    pub(super) told: Vec<Box<dyn FnOnce() + Send>>,
}

impl Batch {
    /// Makes room for what so many requests may come to.
    pub(super) fn reserve(&mut self, requests: usize) {
        self.payloads.reserve(requests * PAYLOAD_USUAL);
        self.ends.reserve(requests);
        self.entries.reserve(requests);
        self.replies.reserve(requests);
    }

    /// Adds an entry; `encode` writes its payload, which is given back.
    pub(super) fn push(
        &mut self,
        entry: Entry,
        encode: impl FnOnce(&Entry, &mut Vec<u8>),
    ) -> &[u8] {
        let from = self.payloads.len();
        encode(&entry, &mut self.payloads);
        self.ends.push(self.payloads.len());
        self.entries.push(entry);
        self.payloads.get(from..).unwrap_or_default()
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
        for ((reply, _), _) in self.replies {
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
    let mut commits = 0_u32;
    while let Some(first) = work.blocking_recv() {
        let (batches, snapshot) = gather(first, &mut work);
        if let Err(error) = commit(&mut store, &batches) {
            metrics().journal.failures.increment();
            batches.into_iter().for_each(Batch::give_up);
            return Err(error);
        }
        for batch in batches {
            publish(batch, feed);
        }
        // After what it was made of: a snapshot of entries that are not there is refused.
        if let Some((partition, position, state)) = snapshot {
            store.save_snapshot(partition, position, &state)?;
        }
        if commits.is_multiple_of(SIZE_EVERY) {
            let bytes = usize::try_from(store.size_bytes()).unwrap_or(usize::MAX);
            metrics().journal.size.set_count(bytes);
        }
        commits = commits.wrapping_add(1);
    }
    Ok(())
}

type Snapshot = (Partition, Position, Vec<u8>);

/// What waits, up to the bound of one commit or a snapshot, which is for after the commit.
fn gather(first: Work, work: &mut mpsc::Receiver<Work>) -> (Vec<Batch>, Option<Snapshot>) {
    let (mut batches, mut entries) = (Vec::new(), 0);
    let mut next = Some(first);
    while let Some(one) = next {
        match one {
            Work::Snapshot {
                partition,
                position,
                state,
            } => return (batches, Some((partition, position, state))),
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
    (batches, None)
}

fn commit(store: &mut Store, batches: &[Batch]) -> Result<(), Error> {
    let rows: Vec<Row<'_>> = batches.iter().flat_map(Batch::rows).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let turns = batches.iter().filter_map(|batch| {
        let partition = batch.entries.first()?.partition;
        Some((partition, batch.turn?))
    });
    let began = Instant::now();
    store.append_turns(&rows, turns)?;
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
    let now = Instant::now();
    let took = &metrics().commands.decision_duration;
    for ((reply, sent), what) in batch.replies {
        took.record_duration(now.saturating_duration_since(sent));
        let _ = reply.send(Ok(what));
    }
    for tell in batch.told {
        tell();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{codec, program::Program};

    /// At a stop a partition hands over its last decisions and its snapshot in one breath.
    #[test]
    fn a_snapshot_waits_for_the_entries_it_was_made_of() {
        let dir = tempfile::tempdir().unwrap();
        let program = Program::new(1);
        let partition = Partition::of(&program.id);
        let mut batch = Batch::default();
        let mut position = Position { epoch: 1, seq: 0 };
        for decision in &program.decisions {
            position = position.next();
            let entry = Entry {
                partition,
                position,
                shop: program.id.clone(),
                decision: Arc::new(decision.clone()),
            };
            batch.push(entry, |entry, payload| {
                codec::encode_entry(&entry.shop, &entry.decision, payload);
            });
        }
        let state = codec::encode_snapshot(&program.shops());
        let (to, work) = mpsc::channel(2);
        to.try_send(Work::Batch(batch)).ok().unwrap();
        let snapshot = Work::Snapshot {
            partition,
            position,
            state,
        };
        to.try_send(snapshot).ok().unwrap();
        drop(to);
        let (feed, _entries) = mpsc::channel(8);
        run(Store::open(dir.path()).unwrap(), work, &feed).unwrap();
        let loaded = Store::reader(dir.path()).unwrap().load(partition).unwrap();
        assert_eq!((loaded.snapshot, loaded.replayed), (Some(position), 0));
        assert_eq!(loaded.shops, program.shops());
    }
}
