//! State folders that are not what they should be: refused with the reason, never skipped over
//! and never written to.

use std::path::Path;

use super::command_line::{check, lapak};

const IO: i32 = 74;
const CONFIG: i32 = 78;
const EXPORT: &str = "Handle,Title,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price\n\
                      kaos,Kaos,K-1,shopify,5,50000\ncelana,Celana,C-1,shopify,3,90000\n";

/// A folder with a shop in it.
fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), EXPORT).unwrap();
    let output = import(folder.path());
    check("a good import", &output, 0, "");
    folder
}

fn import(folder: &Path) -> std::process::Output {
    lapak(
        folder,
        &["import", "x.csv", "--shop", "s", "--state", "toko"],
        &[],
    )
}

fn serve(folder: &Path) -> std::process::Output {
    let variables = [
        ("LAPAK__STATE", "toko"),
        ("LAPAK__LISTENER__LISTEN", "127.0.0.1:0"),
        ("LAPAK__INTERNAL__LISTEN", "127.0.0.1:0"),
    ];
    lapak(folder, &["serve"], &variables)
}

/// The journal of a shop that nobody has open, without the snapshots that would stand for its
/// beginning.
fn journal(folder: &Path) -> rusqlite::Connection {
    for name in [
        "snapshots.sqlite",
        "snapshots.sqlite-wal",
        "snapshots.sqlite-shm",
    ] {
        let _ = std::fs::remove_file(folder.join("toko").join(name));
    }
    rusqlite::Connection::open(folder.join("toko/journal.sqlite")).unwrap()
}

/// Puts something else in the place of the journal.
fn replace_journal(folder: &Path, bytes: &[u8]) {
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("toko/journal.sqlite{beside}")));
    }
    std::fs::write(folder.join("toko/journal.sqlite"), bytes).unwrap();
}

#[test]
fn folders_that_are_none() {
    let folder = shop();
    std::fs::rename(folder.path().join("toko"), folder.path().join("away")).unwrap();
    std::fs::write(folder.path().join("toko"), "a file").unwrap();
    check("import into a file", &import(folder.path()), IO, "toko");
    check("serve from a file", &serve(folder.path()), IO, "toko");
    let token = ["token", "--shop", "s", "--sub", "a", "--state", "toko"];
    check(
        "token from a file",
        &lapak(folder.path(), &token, &[]),
        IO,
        "toko",
    );
}

#[test]
fn a_key_file_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let token = ["token", "--shop", "s", "--sub", "a", "--state", "toko"];
    std::fs::create_dir(folder.path().join("toko")).unwrap();
    for (case, bytes, status) in [
        ("too short", &b"short"[..], CONFIG),
        ("empty", b"", CONFIG),
        ("no text", &[0xff; 64], IO),
    ] {
        std::fs::write(folder.path().join("toko/token.key"), bytes).unwrap();
        check(case, &lapak(folder.path(), &token, &[]), status, "");
    }
}

#[test]
fn a_folder_in_use_is_left_alone() {
    use std::process::{Command, Stdio};
    let folder = shop();
    let mut first = Command::new(env!("CARGO_BIN_EXE_lapak"))
        .current_dir(folder.path())
        .arg("serve")
        .envs([
            ("LAPAK__STATE", "toko"),
            ("LAPAK__LISTENER__LISTEN", "127.0.0.1:0"),
            ("LAPAK__INTERNAL__LISTEN", "127.0.0.1:0"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Its log says when it serves.
    let lines = std::io::BufRead::lines(std::io::BufReader::new(first.stderr.take().unwrap()));
    let mut lines = lines.map_while(Result::ok);
    assert!(lines.any(|line| line.contains("serving")));
    check(
        "import beside a server",
        &import(folder.path()),
        IO,
        "in use",
    );
    check("a second server", &serve(folder.path()), IO, "in use");
    first.kill().unwrap();
    first.wait().unwrap();
    check("import after it", &import(folder.path()), 0, "");
}

#[test]
fn a_flipped_bit_is_refused_with_its_place() {
    let folder = shop();
    let flip =
        "UPDATE entries SET payload = CAST(X'7f' || substr(payload, 2) AS BLOB) WHERE seq = 1";
    assert_eq!(journal(folder.path()).execute(flip, []).unwrap(), 1);
    check("import", &import(folder.path()), IO, "damaged at 1:1");
    check("serve", &serve(folder.path()), IO, "damaged at 1:1");
}

#[test]
fn a_missing_entry_is_refused_with_its_place() {
    let folder = shop();
    let remove = "DELETE FROM entries WHERE seq = 1";
    assert_eq!(journal(folder.path()).execute(remove, []).unwrap(), 1);
    check("serve", &serve(folder.path()), IO, "damaged at");
}

#[test]
fn an_entry_that_belongs_elsewhere_is_refused() {
    let folder = shop();
    let swap = "UPDATE entries SET payload = (SELECT payload FROM entries WHERE seq = 2), \
                crc = (SELECT crc FROM entries WHERE seq = 2) WHERE seq = 1";
    assert_eq!(journal(folder.path()).execute(swap, []).unwrap(), 1);
    check("serve", &serve(folder.path()), IO, "damaged at");
}

#[test]
fn a_newer_version_is_not_touched() {
    let folder = shop();
    journal(folder.path())
        .execute_batch("PRAGMA user_version = 99")
        .unwrap();
    check("import", &import(folder.path()), IO, "version 99");
    check("serve", &serve(folder.path()), IO, "version 99");
    let version: i64 = journal(folder.path())
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[test]
fn files_that_are_no_journal() {
    let junk: Vec<u8> = (0..=255_u8).cycle().take(8_192).collect();
    let cases: [(&str, &[u8]); 3] = [
        ("text", b"not a database at all, and longer than the header of one would have to be, which is a hundred bytes"),
        ("junk", &junk),
        ("a header and no more", b"SQLite format 3\0"),
    ];
    for (case, bytes) in cases {
        let folder = shop();
        replace_journal(folder.path(), bytes);
        check(case, &serve(folder.path()), IO, "lapak:");
        assert_eq!(
            std::fs::read(folder.path().join("toko/journal.sqlite")).unwrap(),
            bytes,
            "{case}: was written to"
        );
    }
}

#[test]
fn a_database_of_somebody_else_is_not_touched() {
    let folder = shop();
    replace_journal(folder.path(), b"");
    let other = journal(folder.path());
    other
        .execute_batch("CREATE TABLE diary(text); PRAGMA application_id = 7")
        .unwrap();
    drop(other);
    check("serve", &serve(folder.path()), IO, "not ours");
}
