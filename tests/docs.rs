//! The documents tell the truth about the repository: what they name exists, what they link to is
//! there, the commands they show parse, and the code keeps to the map of `docs/ARCHITECTURE.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that meets what it did not expect should stop right there"
)]

#[path = "docs/files.rs"]
mod files;
#[path = "docs/markdown.rs"]
mod markdown;
#[path = "docs/rooms.rs"]
mod rooms;

use std::collections::BTreeSet;
use std::process::Command;

use files::{documents, exists, read, rust_files, test_names};
use markdown::{Page, anchors, code_spans, fenced, links};

fn pages() -> Vec<Page> {
    documents().into_iter().map(Page::read).collect()
}

#[test]
fn every_path_and_test_that_the_docs_name_exists() {
    let tests = test_names();
    let mut missing = BTreeSet::new();
    for page in pages() {
        for span in code_spans(&page.text) {
            if markdown::is_path(&span) && !exists(&span) {
                missing.insert(format!("{}: no file {span}", page.path));
            }
            // A long code of the wire looks like a test's name.
            let code = || {
                files::CODES_OF
                    .iter()
                    .any(|path| read(path).contains(&format!("\"{span}\"")))
            };
            if markdown::is_test_name(&span) && !tests.contains(&span) && !code() {
                missing.insert(format!("{}: no test {span}", page.path));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = BTreeSet::new();
    for page in pages() {
        for link in links(&page.text) {
            if link.starts_with("http://") || link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() {
                page.path.clone()
            } else {
                page.beside(file)
            };
            if !exists(&target) {
                broken.insert(format!("{}: {link}: no {target}", page.path));
            } else if !anchor.is_empty() && !anchors(&read(&target)).contains(anchor) {
                broken.insert(format!("{}: {link}: no such heading", page.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_document_can_be_reached_from_the_readme() {
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut todo = vec!["README.md".to_owned()];
    while let Some(path) = todo.pop() {
        let page = Page::read(path);
        for link in links(&page.text) {
            let target = page.beside(link.split('#').next().unwrap());
            if files::is_of(&target, "md") && exists(&target) && reached.insert(target.clone()) {
                todo.push(target);
            }
        }
    }
    let all: BTreeSet<_> = documents().into_iter().collect();
    assert_eq!(
        all.difference(&reached).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

/// Runs every `lapak …` of the docs with `--help` in the place of its arguments' effects, so that an
/// unknown subcommand or flag is an error and nothing else happens.
#[test]
fn every_command_of_the_docs_parses() {
    let mut seen = 0;
    for page in pages() {
        for command in fenced(&page.text, "sh")
            .iter()
            .filter_map(|line| lapak_arguments(line))
        {
            seen += 1;
            let output = Command::new(env!("CARGO_BIN_EXE_lapak"))
                .args(&command)
                .arg("--help")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{}: lapak {command:?}", page.path);
            for flag in command.iter().filter(|word| word.starts_with("--")) {
                assert!(
                    said.contains(flag.as_str()),
                    "{}: lapak {command:?} has no {flag}",
                    page.path
                );
            }
        }
    }
    assert!(seen >= 6, "only {seen} commands were found");
}

/// The words after `lapak` or `cargo run … --` of a command line, up to a comment or a pipe.
fn lapak_arguments(line: &str) -> Option<Vec<String>> {
    let line = line.split(" #").next()?.split('|').next()?;
    let mut words = line
        .split_whitespace()
        .skip_while(|word| word.contains('='));
    let program = words.next()?;
    if program == "cargo" {
        // The load tests' own commands are held by a test of theirs.
        if line.contains("-p load-tests") {
            return None;
        }
        words.find(|word| *word == "--")?;
    } else if program != "lapak" && !program.ends_with("/lapak") {
        return None;
    }
    Some(words.map(Into::into).collect())
}

#[test]
fn every_target_of_make_that_the_docs_name_exists() {
    let makefile = read("Makefile");
    for page in pages() {
        let lines = fenced(&page.text, "sh");
        let spans = code_spans(&page.text);
        for line in lines.iter().chain(&spans) {
            let mut words = line.split_whitespace();
            if words.next() != Some("make") {
                continue;
            }
            for target in words.take_while(|word| !word.starts_with('#')) {
                let known = target.contains('=')
                    || target.starts_with('-')
                    || makefile
                        .lines()
                        .any(|rule| rule.starts_with(&format!("{target}:")));
                assert!(known, "{}: make {target}", page.path);
            }
        }
    }
}

#[test]
fn pictures_are_small_and_shown() {
    let shown: String = pages().iter().map(|page| page.text.clone()).collect();
    let mut count = 0;
    for path in files::under("docs/images") {
        let bytes = files::repository(&path).metadata().unwrap().len();
        assert!(bytes < 200 * 1024, "{path} has {bytes} bytes");
        let name = path.rsplit('/').next().unwrap();
        assert!(shown.contains(name), "no document shows {path}");
        count += 1;
    }
    assert!((1..=6).contains(&count), "{count} pictures");
}

#[test]
fn rooms_use_only_what_the_map_allows() {
    let map = rooms::map(&read("docs/ARCHITECTURE.md"));
    let mut faults = BTreeSet::new();
    for path in rust_files("src") {
        let Some(room) = rooms::room_of(&path) else {
            continue;
        };
        let allowed = map
            .get(&room)
            .unwrap_or_else(|| panic!("{path}: no room {room} in the map"));
        for used in rooms::rooms_used(&rooms::without_tests(&read(&path))) {
            if used != room && !allowed.contains(&used) {
                faults.insert(format!("{path} uses {used}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    for room in map.keys() {
        assert!(
            exists(&format!("src/{room}.rs")),
            "the map has a room {room} that is not there"
        );
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    const OWNERS: &[(&str, &[&str])] = &[
        // Tests of the books lock and damage their file with another hand than their own.
        ("rusqlite", &["src/engine/store", "src/ledger/tests"]),
        ("sqlx", &["src/ledger"]),
        ("axum", &["src/gateway"]),
        ("hyper", &["src/gateway"]),
        ("hyper_util", &["src/gateway"]),
        ("mio", &["src/gateway"]),
        ("tower", &["src/gateway"]),
        ("jsonwebtoken", &["src/gateway"]),
        ("governor", &["src/gateway"]),
        ("dashmap", &["src/mirror", "src/broadcast"]),
        ("metrics_exporter_prometheus", &["src/telemetry"]),
        ("csv", &["src/catalog"]),
        ("lapak_web", &["src/gateway"]),
        ("redis", &["src/engine/redis", "src/engine.rs"]),
    ];
    let mut faults = BTreeSet::new();
    for path in rust_files("src") {
        let text = rooms::without_tests(&read(&path));
        for (name, owners) in OWNERS {
            // Where it is imported from our own crate, it is the room of that name.
            if rooms::names_crate(&text, name)
                && !rooms::imports_room(&text, name)
                && !owners.iter().any(|owner| path.starts_with(owner))
            {
                faults.insert(format!("{path} names {name}"));
            }
        }
        if path.starts_with("src/domain") {
            for name in [
                "serde",
                "tokio",
                "tracing",
                "futures_util",
                "bytes",
                "metrics",
            ] {
                if rooms::names_crate(&text, name) {
                    faults.insert(format!("{path} names {name}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn no_document_names_a_place_outside_the_repository() {
    for page in pages() {
        let folders = ["work", "home", "root", "tmp"].map(|folder| format!("/{folder}/"));
        let others = ["../shared", "file://"].map(str::to_owned);
        for word in folders.iter().chain(&others) {
            assert!(!page.text.contains(word), "{} names {word}", page.path);
        }
    }
}

/// What the readers of Markdown and of source in this test do with hard cases.
#[test]
fn the_readers_read() {
    let text = "A `src/lib.rs` and [x](docs/A.md#b-c).\n```sh\nlapak audit --state s   # why\nFOO=1 lapak serve\n```\n## B: `c`\n";
    assert_eq!(code_spans(text), ["src/lib.rs", "c"]);
    assert_eq!(links(text), ["docs/A.md#b-c"]);
    assert_eq!(anchors(text), BTreeSet::from(["b-c".to_owned()]));
    let commands: Vec<_> = fenced(text, "sh")
        .iter()
        .filter_map(|l| lapak_arguments(l))
        .collect();
    assert_eq!(commands, [vec!["audit", "--state", "s"], vec!["serve"]]);
    assert_eq!(
        lapak_arguments("cargo run --release -- demo"),
        Some(vec!["demo".to_owned()])
    );
    assert_eq!(lapak_arguments("cargo build --release"), None);
    let used =
        rooms::rooms_used("use crate::{clock, engine::{Engine, x}};\nuse crate::mirror::Mirror;");
    assert_eq!(
        used,
        BTreeSet::from(["clock".into(), "engine".into(), "mirror".into()])
    );
}
