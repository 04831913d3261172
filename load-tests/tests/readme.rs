//! The commands that the README shows are commands of this program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

#[test]
fn every_command_of_the_readme_parses() {
    let readme = include_str!("../README.md");
    let mut seen = 0;
    for line in readme.lines() {
        let Some((_, words)) = line.split_once("target/release/load-tests ") else {
            continue;
        };
        let words: Vec<&str> = words
            .split_whitespace()
            .take_while(|word| *word != ">")
            // What a loop of the shell puts there.
            .filter(|word| !word.starts_with('$'))
            .collect();
        let output = Command::new(env!("CARGO_BIN_EXE_load-tests"))
            .args(&words)
            .arg("--help")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{line}");
        for flag in words.iter().filter(|word| word.starts_with("--")) {
            assert!(said.contains(flag), "{line}: no {flag}");
        }
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} commands were found");
}

#[test]
fn every_scenario_of_the_readme_is_one() {
    let readme = include_str!("../README.md");
    let (_, table) = readme.split_once("## Scenarios").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let names = rows.flat_map(|row| row.split('|').nth(1).unwrap().split(','));
    for name in names.map(|name| name.trim().trim_matches('`')) {
        let help = Command::new(env!("CARGO_BIN_EXE_load-tests"))
            .args(name.split_whitespace())
            .arg("--help")
            .output()
            .unwrap();
        assert!(help.status.success(), "{name} is no scenario");
    }
}
