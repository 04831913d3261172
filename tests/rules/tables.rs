//! The scenario tables of `tests/rules/scenarios`, played on every subject, each also with a
//! restart after every line.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::scenario::Play;
use super::subject::Subject;

/// A table that is lost would prove nothing.
const SCENARIOS_LEAST: usize = 270;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Restarts {
    None,
    /// In the middle of each scenario.
    Middle,
    /// After every line.
    Always,
}

/// A scenario: its title, and its lines by number.
struct Scenario {
    title: String,
    lines: Vec<(usize, String)>,
}

fn tables() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules/scenarios");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files
        .filter(|f| f.extension().is_some_and(|e| e == "scn"))
        .collect();
    files.sort();
    files
}

/// Divides a table into scenarios; comments go.
fn read(text: &str) -> Result<Vec<Scenario>, String> {
    let mut scenarios: Vec<Scenario> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if let Some(title) = line.strip_prefix("scenario ") {
            scenarios.push(Scenario {
                title: title.trim().to_owned(),
                lines: Vec::new(),
            });
        } else if !line.is_empty() {
            let scenario = scenarios
                .last_mut()
                .ok_or(format!("{}: no scenario yet", i + 1))?;
            scenario.lines.push((i + 1, line.to_owned()));
        }
    }
    Ok(scenarios)
}

fn play(scenario: &Scenario, subject: Subject, restarts: Restarts) -> Result<(), (usize, String)> {
    let mut play = Play::new(subject);
    for (i, (number, line)) in scenario.lines.iter().enumerate() {
        let middle = restarts == Restarts::Middle && i == scenario.lines.len() / 2;
        if middle || restarts == Restarts::Always {
            play.restart();
        }
        // A panic of the rules is told with its line, too.
        let done = catch_unwind(AssertUnwindSafe(|| play.line(line)));
        let done = done.unwrap_or_else(|_| Err("panics".into()));
        done.map_err(|what| (*number, format!("{line}\n    {what}")))?;
    }
    Ok(())
}

fn play_all(subject: fn() -> Subject, restarts: Restarts) {
    let (mut wrong, mut played, mut lines) = (Vec::new(), 0, 0);
    for file in tables() {
        let name = file
            .strip_prefix(env!("CARGO_MANIFEST_DIR"))
            .unwrap_or(&file)
            .display();
        match read(&fs::read_to_string(&file).unwrap()) {
            Err(what) => wrong.push(format!("{name}:{what}")),
            Ok(scenarios) => {
                for scenario in scenarios {
                    played += 1;
                    lines += scenario.lines.len();
                    if let Err((line, what)) = play(&scenario, subject(), restarts) {
                        wrong.push(format!("{name}:{line}: {}\n    {what}", scenario.title));
                    }
                }
            }
        }
    }
    println!("{played} scenarios, {lines} lines, restarts: {restarts:?}");
    assert!(
        wrong.is_empty(),
        "{} scenarios do not hold:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        played >= SCENARIOS_LEAST,
        "only {played} scenarios were found"
    );
}

#[test]
fn tables_hold_on_the_domain() {
    play_all(Subject::domain, Restarts::None);
}

#[test]
fn tables_hold_on_the_domain_with_a_restart_in_the_middle() {
    play_all(Subject::domain, Restarts::Middle);
}

#[test]
fn tables_hold_on_the_domain_with_restarts_everywhere() {
    play_all(Subject::domain, Restarts::Always);
}

#[test]
fn tables_hold_on_the_embedded_engine_with_a_restart_in_the_middle() {
    play_all(Subject::embedded, Restarts::Middle);
}

#[test]
fn tables_hold_on_two_nodes_with_a_restart_in_the_middle() {
    play_all(Subject::nodes, Restarts::Middle);
}

#[test]
fn a_wrong_table_is_told_by_line_and_word() {
    let wrong = [
        ("sku KAOS tracked stok 3", "not understood: stok 3"),
        ("bok b1 alice KAOS", "no such word: \"bok\""),
        ("wait soon", "no duration"),
        ("stock KAOS -> available 1", "there is no SKU KAOS"),
        ("cancel b1", "no booking \"b1\" yet"),
        ("settings penalty", "must follow \"penalty\""),
        ("reputation alice -> 90", "but it is 100"),
        ("waiting D -> budi x1", "but it is nobody"),
        ("sku A digital tracked", "is refused digital_cannot_track"),
        ("live a by king", "no such role"),
    ];
    for (line, words) in wrong {
        let found = Play::new(Subject::domain()).line(line).unwrap_err();
        assert!(found.contains(words), "{line}: {found}");
    }
    let early = read("wait 1m").err().unwrap();
    assert_eq!(early, "1: no scenario yet");
}
