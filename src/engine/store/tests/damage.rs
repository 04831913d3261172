//! Damage inside the files: refused where it is, never skipped.

use rusqlite::{Connection, params};

use super::*;
use crate::domain::Decision;

/// A journal with one program in it, and a connection that may do anything to it.
struct Hurt {
    dir: tempfile::TempDir,
    program: Program,
    partition: Partition,
}

impl Hurt {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let program = lived(8, 120);
        let partition = Partition::of(&program.id);
        append(&mut Store::open(dir.path()).unwrap(), &program);
        Self {
            dir,
            program,
            partition,
        }
    }

    fn journal(&self) -> Connection {
        Connection::open(self.dir.path().join("journal.sqlite")).unwrap()
    }

    fn snapshots(&self) -> Connection {
        Connection::open(self.dir.path().join("snapshots.sqlite")).unwrap()
    }

    fn run(&self, sql: &str) {
        assert!(self.journal().execute(sql, []).unwrap() > 0, "{sql}");
    }

    fn load(&self) -> Result<Loaded, Error> {
        Store::open(self.dir.path()).unwrap().load(self.partition)
    }

    /// Where loading, walking and reading all say that the damage is.
    fn place(&self) -> Position {
        let Err(Error::Damaged {
            partition,
            position,
            ..
        }) = self.load()
        else {
            panic!("loads, though damaged");
        };
        assert_eq!(partition, self.partition);
        let reader = Store::reader(self.dir.path()).unwrap();
        for found in [
            reader.verify(partition).map(drop),
            reader.read(partition, Position::START, 10_000).map(drop),
        ] {
            assert!(
                matches!(found, Err(Error::Damaged { position: other, .. }) if other == position)
            );
        }
        position
    }

    fn payload(&self, seq: u64) -> Vec<u8> {
        let sql = "SELECT payload FROM entries WHERE seq = ?1";
        self.journal()
            .query_row(sql, [signed(seq)], |row| row.get(0))
            .unwrap()
    }

    fn set_payload(&self, seq: u64, payload: &[u8]) {
        let sql = "UPDATE entries SET payload = ?2 WHERE seq = ?1";
        self.journal()
            .execute(sql, params![signed(seq), payload])
            .unwrap();
    }
}

#[test]
fn a_flipped_bit_in_any_region_of_an_entry_is_refused() {
    let hurt = Hurt::new();
    let payload = hurt.payload(20);
    for byte in 0..payload.len() {
        let mut flipped = payload.clone();
        flipped[byte] ^= 1 << (byte % 8);
        hurt.set_payload(20, &flipped);
        let reader = Store::reader(hurt.dir.path()).unwrap();
        let found = reader.load(hurt.partition);
        assert!(
            matches!(found, Err(Error::Damaged { position, .. }) if position == at(20)),
            "byte {byte}: {found:?}"
        );
    }
    hurt.set_payload(20, &payload);
    assert_eq!(hurt.load().unwrap().shops, hurt.program.shops());
}

#[test]
fn an_altered_checksum_is_refused() {
    let hurt = Hurt::new();
    hurt.run("UPDATE entries SET crc = crc - 1 WHERE seq = 7");
    assert_eq!(hurt.place(), at(7));
}

#[test]
fn a_missing_entry_in_the_middle_is_refused() {
    let hurt = Hurt::new();
    hurt.run("DELETE FROM entries WHERE seq = 30");
    assert_eq!(hurt.place(), at(29));
}

#[test]
fn a_missing_beginning_is_refused() {
    let hurt = Hurt::new();
    hurt.run("DELETE FROM entries WHERE seq < 4");
    assert_eq!(hurt.place(), at(4));
}

#[test]
fn a_gap_that_was_closed_is_refused() {
    let hurt = Hurt::new();
    hurt.run("DELETE FROM entries WHERE seq = 30");
    for seq in 31..40 {
        hurt.run(&format!(
            "UPDATE entries SET seq = {} WHERE seq = {seq}",
            seq - 1
        ));
    }
    assert_eq!(hurt.place(), at(30));
}

#[test]
fn swapped_entries_are_refused() {
    let hurt = Hurt::new();
    hurt.run("UPDATE entries SET seq = 100000 WHERE seq = 12");
    hurt.run("UPDATE entries SET seq = 12 WHERE seq = 13");
    hurt.run("UPDATE entries SET seq = 13 WHERE seq = 100000");
    assert_eq!(hurt.place(), at(12));
}

#[test]
fn an_entry_of_another_partition_is_refused() {
    let hurt = Hurt::new();
    let other = (hurt.partition.0 + 1) % PARTITIONS;
    hurt.run(&format!(
        "UPDATE entries SET partition = {other} WHERE seq = 1"
    ));
    assert_eq!(hurt.place(), at(2));
    let mut store = Store::open(hurt.dir.path()).unwrap();
    assert_eq!(code(store.load(Partition(other))), "journal_damaged");
}

#[test]
fn a_shop_in_the_wrong_partition_is_refused() {
    let hurt = Hurt::new();
    let wrong = Partition((hurt.partition.0 + 1) % PARTITIONS);
    let mut store = Store::open(hurt.dir.path()).unwrap();
    let payload = hurt.payload(1);
    store
        .append(&[Row {
            partition: wrong,
            position: at(1),
            payload: &payload,
        }])
        .unwrap();
    let found = store.load(wrong).unwrap_err();
    assert!(
        found.to_string().contains("belongs to partition"),
        "{found}"
    );
}

/// Appends an entry with a good checksum that cannot be.
fn appended(hurt: &Hurt, payload: &[u8]) -> Error {
    let mut store = Store::open(hurt.dir.path()).unwrap();
    let position = store.position(hurt.partition).next();
    store
        .append(&[Row {
            partition: hurt.partition,
            position,
            payload,
        }])
        .unwrap();
    let found = store.load(hurt.partition).unwrap_err();
    assert!(matches!(&found, Error::Damaged { position: place, .. } if *place == position));
    found
}

fn appended_decision(hurt: &Hurt, decision: &Decision) -> Error {
    let mut payload = Vec::new();
    encode_entry(&hurt.program.id, decision, &mut payload);
    appended(hurt, &payload)
}

#[test]
fn an_entry_that_cannot_be_decoded_is_refused() {
    for payload in [&b""[..], b"\x02abc", b"\x01"] {
        appended(&Hurt::new(), payload);
    }
}

#[test]
fn an_entry_that_does_not_fit_the_state_is_refused() {
    let hurt = Hurt::new();
    let counted = hurt
        .program
        .decisions
        .iter()
        .rfind(|d| !d.counts.is_empty())
        .unwrap();
    let mut wrong = counted.clone();
    (wrong.key, wrong.events) = (None, Vec::new());
    let found = appended_decision(&hurt, &wrong);
    assert!(found.to_string().contains("differs"), "{found}");
}

#[test]
fn an_entry_that_would_overflow_a_counter_is_refused_without_a_panic() {
    let hurt = Hurt::new();
    let mut wrong = hurt.program.decisions[0].clone();
    let sku = crate::domain::SkuId::new("shirt").unwrap();
    wrong.key = None;
    wrong.events = vec![crate::domain::Event::Repaid { sku, qty: u32::MAX }];
    let found = appended_decision(&hurt, &wrong);
    assert!(found.to_string().contains("cannot be applied"), "{found}");
}

/// Two snapshots, the newest after every entry.
fn with_snapshots() -> Hurt {
    let hurt = Hurt::new();
    let mut half = Program::new(8);
    while half.decisions.len() < 60 {
        half.step();
    }
    let done = half.decisions.len() as u64;
    let mut store = Store::open(hurt.dir.path()).unwrap();
    store
        .save_snapshot(hurt.partition, at(done), &encode_snapshot(&half.shops()))
        .unwrap();
    let last = store.position(hurt.partition);
    let bytes = encode_snapshot(&hurt.program.shops());
    store.save_snapshot(hurt.partition, last, &bytes).unwrap();
    drop(store);
    let loaded = hurt.load().unwrap();
    assert_eq!((loaded.snapshot, loaded.replayed), (Some(last), 0));
    hurt
}

fn newest(hurt: &Hurt) -> u64 {
    hurt.program.decisions.len() as u64
}

#[test]
fn a_flipped_bit_in_a_snapshot_falls_back_and_says_so() {
    let hurt = with_snapshots();
    let read = "SELECT bytes FROM parts WHERE seq = ?1";
    let last = signed(newest(&hurt));
    let db = hurt.snapshots();
    let bytes: Vec<u8> = db.query_row(read, [last], |row| row.get(0)).unwrap();
    for byte in (0..bytes.len()).step_by(bytes.len() / 40) {
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << (byte % 8);
        db.execute(
            "UPDATE parts SET bytes = ?2 WHERE seq = ?1",
            params![last, flipped],
        )
        .unwrap();
        let loaded = Store::reader(hurt.dir.path())
            .unwrap()
            .load(hurt.partition)
            .unwrap();
        assert_eq!(loaded.passed_over.len(), 1, "byte {byte}");
        assert!(
            loaded
                .snapshot
                .is_some_and(|older| older < at(newest(&hurt))),
            "byte {byte}"
        );
        assert!(loaded.shops == hurt.program.shops(), "byte {byte}");
    }
}

#[test]
fn without_a_good_snapshot_the_journal_is_folded_from_its_beginning() {
    for sql in [
        "UPDATE parts SET bytes = zeroblob(length(bytes))",
        "DELETE FROM parts",
        "UPDATE parts SET part = part + 1",
        "UPDATE snapshots SET crc = crc - 1",
        "UPDATE snapshots SET chain = -1",
        "UPDATE snapshots SET size = size + 1",
        "UPDATE snapshots SET size = -1",
        "UPDATE snapshots SET partition = partition, epoch = 2",
    ] {
        let hurt = with_snapshots();
        hurt.snapshots().execute(sql, []).unwrap();
        let loaded = hurt.load().unwrap();
        assert_eq!(
            (loaded.snapshot, loaded.passed_over.len()),
            (None, 2),
            "{sql}"
        );
        assert_eq!(loaded.shops, hurt.program.shops(), "{sql}");
    }
}

#[test]
fn a_journal_that_ends_before_its_snapshot_is_refused() {
    let hurt = with_snapshots();
    let last = newest(&hurt);
    hurt.run(&format!("DELETE FROM entries WHERE seq > {}", last - 3));
    let found = hurt.load().unwrap_err();
    assert!(matches!(found, Error::Damaged { position, .. } if position == at(last - 3)));
}

#[test]
fn a_snapshot_of_another_history_is_refused() {
    let hurt = with_snapshots();
    let last = newest(&hurt);
    hurt.run(&format!(
        "UPDATE entries SET crc = crc - 1 WHERE seq = {last}"
    ));
    assert_eq!(code(hurt.load()), "journal_damaged");
}
