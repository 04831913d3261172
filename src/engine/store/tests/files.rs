//! Files that are not what they should be, processes that end in the middle, and disks that
//! are full.

use std::fs;

use rusqlite::Connection;

use super::*;

fn sql(dir: &Path, file: &str, sql: &str) {
    Connection::open(dir.join(file))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

#[test]
fn the_settings_that_answers_depend_on_are_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let pragma = |name| {
        store
            .db
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    let mode: String = pragma("journal_mode");
    assert_eq!(mode, "wal");
    let pragma = |name| {
        store
            .db
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    };
    let numbers: [i64; 3] = ["synchronous", "user_version", "application_id"].map(pragma);
    assert_eq!(numbers, [2, 2, 0x4c70_6b6a]);
}

#[test]
fn one_store_has_a_directory_for_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(code(Store::open(dir.path())), "journal_in_use");
    drop(store);
    Store::open(dir.path()).unwrap();
}

#[test]
fn another_process_that_holds_the_lock_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let other = File::options()
        .write(true)
        .open(dir.path().join("lock"))
        .unwrap();
    other.lock().unwrap();
    assert_eq!(code(Store::open(dir.path())), "journal_in_use");
}

#[test]
fn a_process_that_ends_without_closing_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let program = lived(4, 60);
    let mut store = Store::open(dir.path()).unwrap();
    append(&mut store, &program);
    // What a killed process leaves behind is what is in its files now.
    let copy = tempfile::tempdir().unwrap();
    copy_files(dir.path(), copy.path());
    let mut left = Store::open(copy.path()).unwrap();
    assert_eq!(
        left.load(Partition::of(&program.id)).unwrap().shops,
        program.shops()
    );
}

pub(super) fn copy_files(from: &Path, to: &Path) {
    for file in [
        "journal.sqlite",
        "journal.sqlite-wal",
        "snapshots.sqlite",
        "snapshots.sqlite-wal",
    ] {
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
}

#[test]
fn a_write_ahead_file_cut_anywhere_gives_whole_commits_from_the_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let program = lived(6, 40);
    let partition = Partition::of(&program.id);
    let mut store = Store::open(dir.path()).unwrap();
    append(&mut store, &program);
    let whole = fs::metadata(dir.path().join("journal.sqlite-wal"))
        .unwrap()
        .len();
    assert!(
        whole > 40_000,
        "the journal is still in its write-ahead file: {whole}"
    );
    let mut seen = std::collections::BTreeSet::new();
    for tenth in 0..=20 {
        let copy = tempfile::tempdir().unwrap();
        copy_files(dir.path(), copy.path());
        let wal = File::options()
            .write(true)
            .open(copy.path().join("journal.sqlite-wal"))
            .unwrap();
        wal.set_len(whole * tenth / 20).unwrap();
        let mut left = Store::open(copy.path()).unwrap();
        let loaded = left.load(partition).unwrap();
        let count = usize::try_from(loaded.replayed).unwrap();
        assert!(
            count % 7 == 0 || count == program.decisions.len(),
            "{count} is no whole commit"
        );
        let mut shop = Shop::default();
        for decision in &program.decisions[..count] {
            shop.replay(decision).unwrap();
        }
        assert_eq!(
            loaded.shops.get(&program.id).cloned().unwrap_or_default(),
            shop
        );
        // It goes on from where it was cut.
        let position = loaded.position.max(at(0)).next();
        left.append(&[Row {
            partition,
            position,
            payload: b"x",
        }])
        .unwrap();
        seen.insert(count);
    }
    assert!(
        seen.len() > 5 && seen.contains(&program.decisions.len()),
        "{seen:?}"
    );
}

#[test]
fn a_newer_version_is_refused_and_left_alone() {
    for (file, known) in [("journal.sqlite", 2), ("snapshots.sqlite", 1)] {
        let dir = tempfile::tempdir().unwrap();
        drop(Store::open(dir.path()).unwrap());
        let newer = known + 1;
        sql(dir.path(), file, &format!("PRAGMA user_version = {newer}"));
        let before = fs::read(dir.path().join(file)).unwrap();
        let found = Store::open(dir.path()).unwrap_err();
        assert!(
            matches!(&found, Error::Version { found: f, known: k, .. } if (*f, *k) == (newer, known))
        );
        assert_eq!(code(Store::reader(dir.path())), "journal_version");
        assert_eq!(fs::read(dir.path().join(file)).unwrap(), before);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    for statement in [
        "PRAGMA application_id = 7",
        "CREATE TABLE entries (mine TEXT)",
        "PRAGMA user_version = -1",
    ] {
        let dir = tempfile::tempdir().unwrap();
        sql(dir.path(), "journal.sqlite", statement);
        let before = fs::read(dir.path().join("journal.sqlite")).unwrap();
        let wanted = if statement.contains("user") {
            "journal_version"
        } else {
            "journal_foreign"
        };
        assert_eq!(code(Store::open(dir.path())), wanted, "{statement}");
        assert_eq!(fs::read(dir.path().join("journal.sqlite")).unwrap(), before);
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    for file in ["journal.sqlite", "snapshots.sqlite"] {
        let dir = tempfile::tempdir().unwrap();
        let text = "sku,title\n".repeat(1_000);
        fs::write(dir.path().join(file), &text).unwrap();
        assert_eq!(code(Store::open(dir.path())), "journal_foreign");
        assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap(), text);
    }
}

#[test]
fn a_directory_instead_of_a_file_is_an_error_with_a_name() {
    for file in ["journal.sqlite", "snapshots.sqlite", "lock"] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(file)).unwrap();
        let found = Store::open(dir.path()).unwrap_err();
        assert_eq!(found.code(), "journal_io");
        assert!(found.to_string().contains(file), "{found}");
    }
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("state"), "").unwrap();
    assert_eq!(code(Store::open(&dir.path().join("state"))), "journal_io");
    assert_eq!(
        code(Store::open(&dir.path().join("state/deeper"))),
        "journal_io"
    );
}

#[test]
fn reading_makes_no_files() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(code(Store::reader(dir.path())), "journal_io");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_an_error_and_the_store_goes_on_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    let pages: i64 = store
        .db
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    store
        .db
        .pragma_update(None, "max_page_count", pages + 3)
        .unwrap();
    let payload = [7; 2_000];
    let partition = Partition(0);
    let row = |seq| Row {
        partition,
        position: at(seq),
        payload: &payload,
    };
    let mut next = 1;
    let full = loop {
        match store.append(&[row(next), row(next + 1)]) {
            Ok(()) => next += 2,
            Err(error) => break error,
        }
    };
    assert_eq!(full.code(), "journal_io");
    assert_eq!(store.position(partition), at(next - 1));
    store
        .db
        .pragma_update(None, "max_page_count", 1_000)
        .unwrap();
    store.append(&[row(next)]).unwrap();
    assert_eq!(store.verify(partition).unwrap().entries, next);
}

#[test]
fn a_page_of_rubbish_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let program = lived(7, 300);
    append(&mut Store::open(dir.path()).unwrap(), &program);
    let path = dir.path().join("journal.sqlite");
    let good = fs::read(&path).unwrap();
    for page in 1..good.len() / 4_096 {
        let mut bad = good.clone();
        bad[page * 4_096..(page + 1) * 4_096].fill(0xa5);
        fs::write(&path, &bad).unwrap();
        let loaded = Store::open(dir.path()).and_then(|mut s| s.load(Partition::of(&program.id)));
        let code = loaded.unwrap_err().code();
        assert!(
            ["journal_damaged", "journal_corrupt"].contains(&code),
            "page {page}: {code}"
        );
    }
    fs::write(&path, &good).unwrap();
    let mut store = Store::open(dir.path()).unwrap();
    assert_eq!(
        store.load(Partition::of(&program.id)).unwrap().shops,
        program.shops()
    );
}
