//! Trimming: nothing goes that anybody needs, and what is left is proved and loads.

use rusqlite::Connection;

use super::files::copy_files;
use super::*;
use crate::domain::Millis;

const EVER: Millis = Millis(u64::MAX);

/// A journal of one shop with two snapshots, and all entries as a ledger keeps them.
struct Lived {
    dir: tempfile::TempDir,
    program: Program,
    partition: Partition,
    kept: Vec<Kept>,
    snapshots: [u64; 2],
}

impl Lived {
    /// Snapshots after the entries with these numbers.
    fn new(seed: u64, steps: usize, snapshots: impl FnOnce(u64) -> [u64; 2]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = lived(seed, steps);
        let partition = Partition::of(&program.id);
        let mut store = Store::open(dir.path()).unwrap();
        append(&mut store, &program);
        let all = program.decisions.len() as u64;
        let reader = Store::reader(dir.path()).unwrap();
        let sealed = reader.sealed(partition, Position::START, 0, 100_000);
        let own = |sealed: crate::journal::Sealed| Kept {
            partition,
            position: sealed.entry.position,
            payload: sealed.payload,
            crc: sealed.crc,
        };
        let kept: Vec<Kept> = sealed.unwrap().unwrap().into_iter().map(own).collect();
        assert_eq!(kept.len() as u64, all);
        let snapshots = snapshots(all);
        for seq in snapshots {
            let mut shop = Shop::default();
            for decision in program.decisions.iter().take(usize::try_from(seq).unwrap()) {
                shop.replay(decision).unwrap();
            }
            let shops = HashMap::from([(program.id.clone(), shop)]);
            let bytes = encode_snapshot(&shops);
            store.save_snapshot(partition, at(seq), &bytes).unwrap();
        }
        Self {
            dir,
            program,
            partition,
            kept,
            snapshots,
        }
    }

    fn all(&self) -> u64 {
        self.kept.len() as u64
    }

    /// What a ledger that has posted up to an entry says.
    fn posted(&self, seq: u64) -> (Position, u32) {
        let entry = &self.kept[usize::try_from(seq - 1).unwrap()];
        (entry.position, entry.crc)
    }

    /// Trims to the end; gives how many entries went.
    fn trim(&self, posted: (Position, u32), before: Millis, piece: usize) -> u64 {
        let mut trimmer = Store::trimmer(self.dir.path()).unwrap();
        let Some(mut cut) = trimmer.begin(self.partition, posted, before).unwrap() else {
            return 0;
        };
        let mut all = 0;
        loop {
            match trimmer.piece(&mut cut, piece).unwrap() {
                0 => return all,
                some => all += some,
            }
        }
    }

    fn load(&self) -> Result<Loaded, Error> {
        Store::open(self.dir.path()).unwrap().load(self.partition)
    }

    /// The journal begins after `gone` entries, and all others are there and proved.
    fn begins_after(&self, gone: u64) {
        let reader = Store::reader(self.dir.path()).unwrap();
        let trusted = if gone == 0 { Position::START } else { at(gone) };
        let verified = reader.verify(self.partition).unwrap();
        assert_eq!(
            (verified.trusted, verified.entries),
            (trusted, self.all() - gone)
        );
        assert_eq!(verified.position, at(self.all()));
        assert_eq!(reader.begins(self.partition).unwrap().entries, gone);
        let read = reader.read(self.partition, trusted, 100_000).unwrap();
        let gone = usize::try_from(gone).unwrap();
        let read: Vec<_> = read.iter().map(|entry| &*entry.decision).collect();
        let left: Vec<_> = self.program.decisions[gone..].iter().collect();
        assert_eq!(read, left);
    }

    fn snapshots_sql(&self, sql: &str) {
        let db = Connection::open(self.dir.path().join("snapshots.sqlite")).unwrap();
        assert!(db.execute(sql, []).unwrap() > 0, "{sql}");
    }
}

/// A number below a bound, from a state.
fn below(state: &mut u64, bound: u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1);
    (*state >> 33) % bound
}

#[test]
fn nothing_is_trimmed_that_a_cursor_a_snapshot_or_the_days_still_need() {
    let mut trimmed = 0;
    for seed in 0..40 {
        let mut state = seed;
        let kept = Lived::new(seed, 80, |all| {
            let older = 1 + below(&mut state, all - 1);
            [older, older + 1 + below(&mut state, all - older)]
        });
        let mut gone = 0;
        // Cursor and time go on and are sometimes behind; what is gone stays gone.
        for _ in 0..4 {
            let posted = 1 + below(&mut state, kept.all());
            let index = usize::try_from(below(&mut state, kept.all())).unwrap();
            let before = if below(&mut state, 3) == 0 {
                EVER
            } else {
                kept.program.decisions[index].at
            };
            let piece = 1 + usize::try_from(below(&mut state, 30)).unwrap();
            let old = kept.program.decisions.iter().position(|d| d.at >= before);
            let old = old.map_or(kept.all(), |index| index as u64);
            let limit = (posted - 1).min(kept.snapshots[0] - 1).min(old);
            let removed = kept.trim(kept.posted(posted), before, piece);
            assert_eq!(removed, limit.saturating_sub(gone), "seed {seed}");
            gone += removed;
            kept.begins_after(gone);
            let loaded = kept.load().unwrap();
            assert_eq!(loaded.snapshot, Some(at(kept.snapshots[1])));
            assert_eq!(loaded.shops, kept.program.shops(), "seed {seed}");
        }
        trimmed += gone;
        kept.snapshots_sql(&format!(
            "UPDATE parts SET bytes = zeroblob(8) WHERE seq = {}",
            kept.snapshots[1]
        ));
        let loaded = kept.load().unwrap();
        assert_eq!(loaded.snapshot, Some(at(kept.snapshots[0])));
        assert_eq!(loaded.shops, kept.program.shops(), "seed {seed}");
    }
    assert!(trimmed > 500, "{trimmed}");
}

#[test]
fn without_two_good_snapshots_nothing_is_trimmed() {
    for sql in [
        "DELETE FROM snapshots WHERE seq = (SELECT max(seq) FROM snapshots)",
        "UPDATE parts SET bytes = zeroblob(8) WHERE seq = (SELECT max(seq) FROM snapshots)",
        "UPDATE parts SET bytes = zeroblob(8) WHERE seq = (SELECT min(seq) FROM snapshots)",
        "UPDATE snapshots SET crc = crc - 1",
    ] {
        let kept = Lived::new(3, 60, |all| [all / 2, all]);
        kept.snapshots_sql(sql);
        assert_eq!(kept.trim(kept.posted(kept.all()), EVER, 10), 0, "{sql}");
        kept.begins_after(0);
    }
}

#[test]
fn a_ledger_of_another_history_or_an_empty_one_trims_nothing() {
    let kept = Lived::new(4, 60, |all| [all / 2, all]);
    let (position, crc) = kept.posted(kept.all());
    for posted in [
        (position, crc ^ 1),
        (position.next(), crc),
        (Position::START, 0),
    ] {
        assert_eq!(kept.trim(posted, EVER, 10), 0);
    }
    kept.begins_after(0);
}

#[test]
fn what_was_trimmed_is_said_to_be_and_is_never_skipped() {
    let kept = Lived::new(5, 60, |all| [all / 2, all]);
    let gone = kept.trim(kept.posted(kept.all()), EVER, 10);
    assert_eq!(gone, kept.all() / 2 - 1);
    let reader = Store::reader(kept.dir.path()).unwrap();
    for seq in [0, 1, gone - 1] {
        let after = if seq == 0 { Position::START } else { at(seq) };
        assert_eq!(
            code(reader.read(kept.partition, after, 3)),
            "journal_trimmed"
        );
        let sealed = reader.sealed(kept.partition, after, 0, 3).unwrap();
        assert_eq!(sealed, Err(Elsewhere::Begins(at(gone))));
    }
    let (after, crc) = kept.posted(gone);
    let sealed = reader.sealed(kept.partition, after, crc, 3).unwrap();
    assert_eq!(sealed.unwrap()[0].crc, kept.posted(gone + 1).1);
    assert_eq!(
        reader.sealed(kept.partition, after, crc ^ 1, 3).unwrap(),
        Err(Elsewhere::Another)
    );
    // Where it begins is part of the chain: a wrong word is damage.
    let db = Connection::open(kept.dir.path().join("journal.sqlite")).unwrap();
    db.execute("UPDATE floors SET crc = crc - 1", []).unwrap();
    let reader = Store::reader(kept.dir.path()).unwrap();
    assert_eq!(code(reader.verify(kept.partition)), "journal_damaged");
}

#[test]
fn what_was_trimmed_is_put_back_from_the_end_if_nothing_is_left_to_start_from() {
    let kept = Lived::new(6, 60, |all| [all / 2, all]);
    let gone = kept.trim(kept.posted(kept.all()), EVER, 10);
    kept.snapshots_sql("DELETE FROM parts");
    assert_eq!(code(kept.load()), "journal_trimmed");
    let mut store = Store::open(kept.dir.path()).unwrap();
    let gone = usize::try_from(gone).unwrap();
    let before = |index: usize| match index {
        0 => (Position::START, 0),
        n => kept.posted(n as u64),
    };
    let half = gone / 2;
    let mut wrong = kept.kept[half..gone].to_vec();
    wrong[0].payload.push(0);
    for (from, entries) in [
        (before(half), &wrong[..]),
        (before(half - 1), &kept.kept[half..gone]),
        (before(half), &kept.kept[half..gone - 1]),
        (before(0), &[][..]),
    ] {
        let refused = store.refill(kept.partition, from, entries);
        assert_eq!(code(refused), "journal_damaged");
    }
    kept.begins_after(gone as u64);
    store
        .refill(kept.partition, before(half), &kept.kept[half..gone])
        .unwrap();
    kept.begins_after(half as u64);
    store
        .refill(kept.partition, before(0), &kept.kept[..half])
        .unwrap();
    kept.begins_after(0);
    assert_eq!(
        store.load(kept.partition).unwrap().shops,
        kept.program.shops()
    );
}

#[test]
fn a_trim_that_is_cut_off_anywhere_leaves_whole_pieces() {
    let kept = Lived::new(7, 60, |all| [all - 5, all]);
    // What was written so far is in the file itself.
    let db = Connection::open(kept.dir.path().join("journal.sqlite")).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    kept.trim(kept.posted(kept.all()), EVER, 7);
    let wal = std::fs::read(kept.dir.path().join("journal.sqlite-wal")).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for length in (0..wal.len()).step_by(1_021).chain([wal.len()]) {
        let copy = tempfile::tempdir().unwrap();
        copy_files(kept.dir.path(), copy.path());
        std::fs::write(copy.path().join("journal.sqlite-wal"), &wal[..length]).unwrap();
        let mut store = Store::open(copy.path()).unwrap();
        let gone = store.begins(kept.partition).unwrap().entries;
        assert!(gone.is_multiple_of(7) || gone == kept.all() - 6, "{gone}");
        let verified = store.verify(kept.partition).unwrap();
        assert_eq!(verified.entries, kept.all() - gone);
        let loaded = store.load(kept.partition).unwrap();
        assert_eq!(loaded.shops, kept.program.shops());
        seen.insert(gone);
    }
    assert!(
        seen.len() > 3 && seen.contains(&(kept.all() - 6)),
        "{seen:?}"
    );
}

#[test]
fn commits_go_on_beside_a_trim_and_behind_it() {
    let kept = Lived::new(8, 60, |all| [all / 2, all]);
    let mut store = Store::open(kept.dir.path()).unwrap();
    store.load(kept.partition).unwrap();
    let mut trimmer = Store::trimmer(kept.dir.path()).unwrap();
    let posted = kept.posted(kept.all());
    let mut cut = trimmer
        .begin(kept.partition, posted, EVER)
        .unwrap()
        .unwrap();
    let mut position = store.position(kept.partition);
    while trimmer.piece(&mut cut, 5).unwrap() > 0 {
        position = position.next();
        let row = Row {
            partition: kept.partition,
            position,
            payload: b"x",
        };
        store.append(&[row]).unwrap();
    }
    let verified = store.verify(kept.partition).unwrap();
    assert_eq!(
        (verified.position, verified.trusted),
        (position, at(kept.all() / 2 - 1))
    );
}

#[test]
fn a_journal_of_the_version_before_trimming_is_read_and_brought_up_to_date() {
    let kept = Lived::new(9, 40, |all| [all / 2, all]);
    let db = Connection::open(kept.dir.path().join("journal.sqlite")).unwrap();
    db.execute_batch("DROP TABLE floors; DROP TABLE turns; PRAGMA user_version = 1")
        .unwrap();
    kept.begins_after(0);
    assert_eq!(kept.load().unwrap().shops, kept.program.shops());
    assert!(kept.trim(kept.posted(kept.all()), EVER, 100) > 0);
}
