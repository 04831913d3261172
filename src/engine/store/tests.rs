//! The store on real files: what was appended is there again; what is damaged is refused with
//! its place.

#![allow(clippy::unwrap_used)]

mod damage;
mod files;
mod trim;

use std::collections::HashMap;

use super::*;
use crate::domain::{Shop, ShopId};
use crate::engine::codec::{encode_entry, encode_snapshot};
use crate::engine::program::Program;
use crate::engine::snapshot;

/// A position in the first epoch.
fn at(seq: u64) -> Position {
    Position { epoch: 1, seq }
}

/// Appends a program's decisions, some at a commit, as of position 1.
fn append(store: &mut Store, program: &Program) {
    let partition = Partition::of(&program.id);
    let mut position = store.position(partition).max(at(0));
    for decisions in program.decisions.chunks(7) {
        let mut payloads = Vec::new();
        for decision in decisions {
            let mut payload = Vec::new();
            encode_entry(&program.id, decision, &mut payload);
            position = position.next();
            payloads.push((position, payload));
        }
        let rows: Vec<_> = payloads
            .iter()
            .map(|(position, payload)| Row {
                partition,
                position: *position,
                payload,
            })
            .collect();
        store.append(&rows).unwrap();
    }
}

fn lived(seed: u64, steps: usize) -> Program {
    let mut program = Program::new(seed);
    (0..steps).for_each(|_| program.step());
    program
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_restart_gives_the_state_that_was_left() {
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let program = lived(seed, 150);
        append(&mut Store::open(dir.path()).unwrap(), &program);
        let mut store = Store::open(dir.path()).unwrap();
        let loaded = store.load(Partition::of(&program.id)).unwrap();
        assert_eq!(loaded.shops, program.shops(), "seed {seed}");
        assert_eq!(loaded.position, at(program.decisions.len() as u64));
        assert_eq!(
            (loaded.snapshot, loaded.replayed),
            (None, program.decisions.len() as u64)
        );
    }
}

#[test]
fn a_restart_starts_from_the_newest_snapshot_and_goes_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut program = lived(5, 100);
    let partition = Partition::of(&program.id);
    append(&mut Store::open(dir.path()).unwrap(), &program);
    let first = snapshot::refresh(dir.path(), partition).unwrap().unwrap();
    assert_eq!(first, at(program.decisions.len() as u64));
    assert_eq!(snapshot::refresh(dir.path(), partition).unwrap(), None);

    let done = program.decisions.len();
    (0..50).for_each(|_| program.step());
    let tail = program.decisions.split_off(done);
    program.decisions = tail;
    let mut store = Store::open(dir.path()).unwrap();
    append(&mut store, &program);
    let loaded = store.load(partition).unwrap();
    assert_eq!(loaded.snapshot, Some(first));
    assert_eq!(loaded.replayed, program.decisions.len() as u64);
    assert_eq!(loaded.shops, program.shops());
}

#[test]
fn several_shops_share_a_partition() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let mut of_partition: HashMap<Partition, HashMap<ShopId, Shop>> = HashMap::new();
    for seed in 0..40 {
        let program = lived(seed, 20);
        append(&mut store, &program);
        of_partition
            .entry(Partition::of(&program.id))
            .or_default()
            .extend(program.shops());
    }
    for partition in Partition::all() {
        let expected = of_partition.remove(&partition).unwrap_or_default();
        assert_eq!(store.load(partition).unwrap().shops, expected);
        if let Some(position) = snapshot::refresh(dir.path(), partition).unwrap() {
            let loaded = store.load(partition).unwrap();
            assert_eq!((loaded.snapshot, loaded.shops), (Some(position), expected));
        }
    }
}

#[test]
fn entries_are_read_after_a_position() {
    let dir = tempfile::tempdir().unwrap();
    let program = lived(2, 40);
    let partition = Partition::of(&program.id);
    let mut store = Store::open(dir.path()).unwrap();
    append(&mut store, &program);
    let reader = Store::reader(dir.path()).unwrap();
    let all = reader.read(partition, Position::START, 10_000).unwrap();
    let decisions: Vec<_> = all.iter().map(|entry| &*entry.decision).collect();
    assert_eq!(decisions, program.decisions.iter().collect::<Vec<_>>());
    let some = store.read(partition, at(5), 3).unwrap();
    assert_eq!(some, all[5..8]);
    let last = at(all.len() as u64);
    assert_eq!(store.read(partition, last, 3).unwrap(), []);
    assert_eq!(
        store
            .read(Partition((partition.0 + 1) % 16), Position::START, 9)
            .unwrap(),
        []
    );

    let verified = reader.verify(partition).unwrap();
    assert_eq!(
        (verified.entries, verified.position),
        (all.len() as u64, last)
    );
    assert!(store.size_bytes() > verified.bytes);
}

#[test]
fn an_append_that_is_out_of_order_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let row = |partition, position| Row {
        partition: Partition(partition),
        position,
        payload: b"x",
    };
    assert_eq!(
        code(store.append(&[row(0, at(1)), row(0, at(3))])),
        "journal_order"
    );
    assert_eq!(code(store.append(&[row(16, at(1))])), "journal_order");
    assert_eq!(code(store.append(&[row(0, at(0))])), "journal_order");
    let far = Position {
        epoch: 1 << 63,
        seq: 1,
    };
    assert_eq!(code(store.append(&[row(0, far)])), "journal_order");
    assert_eq!(store.position(Partition(0)), Position::START);
    store.append(&[]).unwrap();
    let later = Position { epoch: 4, seq: 9 };
    store
        .append(&[row(0, at(1)), row(1, at(1)), row(0, at(2)), row(0, later)])
        .unwrap();
    assert_eq!(store.position(Partition(0)), later);
    assert_eq!(code(store.append(&[row(0, at(3))])), "journal_order");
    assert_eq!(store.verify(Partition(0)).unwrap().entries, 3);
}

#[test]
fn a_snapshot_must_be_of_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    for position in [Position::START, at(1)] {
        assert_eq!(
            code(store.save_snapshot(Partition(0), position, b"")),
            "journal_order"
        );
    }
}

#[test]
fn two_snapshots_of_a_partition_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let program = lived(9, 30);
    let partition = Partition::of(&program.id);
    let mut store = Store::open(dir.path()).unwrap();
    append(&mut store, &program);
    let bytes = encode_snapshot(&program.shops());
    for seq in [3, 5, 4, 5] {
        store.save_snapshot(partition, at(seq), &bytes).unwrap();
    }
    let db = schema::SNAPSHOTS.open(dir.path()).unwrap();
    let kept = |table| {
        let sql = format!("SELECT group_concat(seq) FROM (SELECT seq FROM {table} ORDER BY seq)");
        db.query_row(&sql, [], |row| row.get::<_, String>(0))
            .unwrap()
    };
    assert_eq!(
        (kept("snapshots"), kept("parts")),
        ("4,5".into(), "4,5".into())
    );
}

#[test]
fn a_snapshot_of_many_parts_comes_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let partition = Partition(3);
    store
        .append(&[Row {
            partition,
            position: at(1),
            payload: b"x",
        }])
        .unwrap();
    for length in [0, 1, 4 << 20, (4 << 20) + 1, 9 << 20] {
        let bytes: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[1] ^ 7).collect();
        store.save_snapshot(partition, at(1), &bytes).unwrap();
        let db = schema::SNAPSHOTS.open_to_read(dir.path()).unwrap();
        let heads = snapshots::heads(&db, partition).unwrap();
        let head = heads[0].as_ref().unwrap();
        assert!(
            snapshots::bytes(&db, partition, head).unwrap().unwrap() == bytes,
            "{length}"
        );
    }
}
