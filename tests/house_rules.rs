//! The rules of the house that no compiler knows. Which room may use which, and which crate stays
//! where, is held by the tests of the documents; here are the rest: the order of the rooms, the
//! size and shape of files, dependencies that are needed, codes that everybody knows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lapak::gateway::problem::CODES;
use lapak::protocol::Lang;
use lapak::protocol::words::refusal;

/// The longest file, in lines without its tests.
const LINES_MAX: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder, by its path in the repository.
fn rust_files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(
                    path.strip_prefix(root())
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Files that are compiled for tests only: named so by the file above them.
fn test_files() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in rust_files("src") {
        let folder = match path.strip_suffix(".rs") {
            Some("src/lib" | "src/main") => "src",
            Some(folder) => folder,
            None => continue,
        };
        let text = read(&path);
        for after in text.split("#[cfg(test)]\n").skip(1) {
            if let Some(name) = after
                .strip_prefix("mod ")
                .and_then(|rest| rest.split_once(';'))
            {
                found.insert(format!("{folder}/{}", name.0));
            }
        }
    }
    found
}

/// Whether a file belongs to tests.
fn is_test(path: &str, tests: &BTreeSet<String>) -> bool {
    tests
        .iter()
        .any(|test| path.starts_with(&format!("{test}.")) || path.starts_with(&format!("{test}/")))
}

/// A file without the tests at its end.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[test]
fn a_room_uses_only_rooms_above_it() {
    let map = read("docs/ARCHITECTURE.md");
    let rows = map
        .lines()
        .skip_while(|line| !line.starts_with("| room |"))
        .skip(2);
    let mut above: Vec<String> = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        for used in cells[2].split(", ").filter(|name| *name != "–") {
            assert!(
                above.iter().any(|room| room == used),
                "{} uses {used}, which is not above it",
                cells[0]
            );
        }
        above.push(cells[0].trim_matches('`').to_owned());
    }
    assert!(above.len() > 10, "the map can be read");
    let rooms = rust_files("src").into_iter().filter_map(|path| {
        let name = path.strip_prefix("src/")?.strip_suffix(".rs")?.to_owned();
        (!name.contains('/') && name != "lib" && name != "main").then_some(name)
    });
    for room in rooms {
        assert!(above.contains(&room), "{room} is not in the map");
    }
}

#[test]
fn files_are_short() {
    let tests = test_files();
    for path in rust_files("src") {
        if is_test(&path, &tests) {
            continue;
        }
        let lines = without_tests(&read(&path)).lines().count();
        assert!(
            lines <= LINES_MAX,
            "{path} has {lines} lines, {LINES_MAX} are allowed"
        );
    }
}

#[test]
fn files_say_what_they_are_and_stand_where_they_belong() {
    for folder in ["src", "tests"] {
        for path in rust_files(folder) {
            let text = read(&path);
            assert!(text.starts_with("//!"), "{path} does not say what it is");
            for bad in [
                "mod.rs",
                "utils.rs",
                "util.rs",
                "helpers.rs",
                "common.rs",
                "misc.rs",
            ] {
                assert!(
                    path.rsplit('/').next() != Some(bad),
                    "{path}: a name that says nothing"
                );
            }
            // A folder of src has the file of its name beside it.
            let folder = path.rsplit_once('/').unwrap().0;
            let beside = root().join(format!("{folder}.rs"));
            assert!(
                folder == "src" || !folder.starts_with("src") || beside.exists(),
                "{path}: no {folder}.rs"
            );
        }
    }
}

#[test]
fn the_domain_knows_no_clock_no_files_and_no_wire() {
    for path in rust_files("src/domain") {
        for word in [
            "serde",
            "tokio",
            "tracing",
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "std::time",
            "async ",
            "HashSet::new",
        ] {
            let text = read(&path);
            let code = without_tests(&text)
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                assert!(!line.contains(word), "{path}: {line}");
            }
        }
    }
}

#[test]
fn every_dependency_is_used() {
    let manifest = read("Cargo.toml");
    let section = manifest
        .split("\n[dependencies]\n")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    let code: String = rust_files("src").iter().map(|path| read(path)).collect();
    for line in section
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
    {
        let name = line
            .split(['=', '.', ' '])
            .next()
            .unwrap()
            .replace('-', "_");
        let named = [
            format!("{name}::"),
            format!("use {name};"),
            format!("{name} as "),
        ];
        assert!(
            named.iter().any(|word| code.contains(word)),
            "{name} is in Cargo.toml and nowhere else"
        );
    }
}

/// All texts between quotes that follow a word.
fn quoted_after(text: &str, word: &str) -> BTreeSet<String> {
    let rests = text.split(word).skip(1);
    rests
        .filter_map(|rest| {
            rest.trim_start()
                .strip_prefix('"')?
                .split('"')
                .next()
                .map(Into::into)
        })
        .collect()
}

/// A code without a status would be answered as our own mistake (500), one without a sentence as
/// "refused" and no more.
#[test]
fn every_code_has_a_status_and_a_sentence() {
    let refused = quoted_after(&read("src/domain/rejection.rs"), "=>");
    assert!(
        refused.len() > 15 && refused.contains("sold_out"),
        "the rejections can be read"
    );
    let mut codes = refused.clone();
    for path in rust_files("src/gateway") {
        let text = read(&path);
        let text = without_tests(&text);
        codes.extend(quoted_after(text, "Problem::new("));
        codes.extend(quoted_after(text, "refuse("));
    }
    for code in &codes {
        assert!(
            CODES.iter().any(|(known, _)| known == code),
            "{code} has no status"
        );
    }
    let told = [
        "unauthorized",
        "forbidden",
        "invalid",
        "rate_limited",
        "stale_epoch",
        "unknown_type",
        "already_connected",
    ];
    let no_words = refusal("no code of ours", Lang::En);
    for code in refused.iter().map(String::as_str).chain(told) {
        for lang in [Lang::Id, Lang::Ms, Lang::En] {
            assert!(!refusal(code, lang).is_empty(), "{code}");
        }
        assert_ne!(refusal(code, Lang::En), no_words, "{code} has no sentence");
    }
}

/// What is only true where this was written.
#[test]
fn nothing_names_a_place_outside_the_repository() {
    let mut files: Vec<String> = ["src", "tests", "web/src"]
        .iter()
        .flat_map(|folder| rust_files(folder))
        .collect();
    files.extend(["Cargo.toml", "clippy.toml", "config/default.toml"].map(Into::into));
    let places = ["work", "root", "home"].map(|folder| format!("/{folder}/"));
    for path in &files {
        let text = read(path);
        for place in &places {
            assert!(!text.contains(place), "{path} names {place}");
        }
    }
}
