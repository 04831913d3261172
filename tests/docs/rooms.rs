//! The map of rooms in `docs/ARCHITECTURE.md`, and what source files use.

use std::collections::{BTreeMap, BTreeSet};

/// Each room with the rooms it may use, from the table with the columns room, what it is, uses.
pub(crate) fn map(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| room |"))
        .skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let uses = cells.last().unwrap().split(',').map(str::trim);
            let uses = uses.filter(|name| *name != "–").map(Into::into).collect();
            (cells[0].trim_matches('`').to_owned(), uses)
        })
        .collect()
}

/// The room of a source file; none for the two roots of the crate, and for files of tests.
pub(crate) fn room_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("src/")?;
    let room = rest.split('/').next()?.trim_end_matches(".rs");
    let of_tests =
        path.contains("/tests") || path.ends_with("/any.rs") || path.ends_with("/program.rs");
    (!matches!(room, "main" | "lib") && !of_tests).then(|| room.to_owned())
}

/// The text before its test module.
pub(crate) fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let tests = line.starts_with("#[cfg(test)]");
        if tests
            && lines
                .clone()
                .take(4)
                .any(|next| next.starts_with("mod ") && next.ends_with('{'))
        {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// Whether a file imports a module of our own by this name.
pub(crate) fn imports_room(text: &str, name: &str) -> bool {
    let imports = text.lines().filter(|line| line.starts_with("use crate::"));
    imports.into_iter().any(|line| {
        line.match_indices(name).any(|(at, _)| {
            let alone = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            let after = &line[at + name.len()..];
            alone(line[..at].chars().next_back())
                && (after.starts_with([',', ';', '}']) || after.starts_with("::{self"))
        })
    })
}

/// Whether a path of a crate is written in code, not in a comment.
pub(crate) fn names_crate(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    code(text).any(|line| {
        line.match_indices(&path).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
    })
}

/// Rooms named as `crate::room` or within `use crate::{…}`.
pub(crate) fn rooms_used(text: &str) -> BTreeSet<String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
        {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => used.extend(firsts(list)),
            None => drop(used.insert(word(rest))),
        }
    }
    used
}

/// First words of the items of a list that goes to its closing brace.
fn firsts(list: &str) -> BTreeSet<String> {
    let (mut depth, mut fresh, mut found) = (0, true, BTreeSet::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && c.is_alphabetic() => {
                found.insert(word(&list[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}
