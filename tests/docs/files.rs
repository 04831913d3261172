//! The repository's files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the codes of the wire are written.
pub(crate) const CODES_OF: &[&str] = &[
    "src/gateway/problem/status.rs",
    "src/domain/rejection.rs",
    "docs/openapi.json",
];

/// A path of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn exists(path: &str) -> bool {
    repository(path).exists()
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under a folder, as paths of the repository, sorted.
pub(crate) fn under(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(repository(&folder)) else {
            continue;
        };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{folder}/{name}");
            match (entry.file_type().unwrap().is_dir(), name.as_str()) {
                (true, "node_modules" | "target" | "dist") => {}
                (true, _) => todo.push(path),
                (false, _) => found.push(path),
            }
        }
    }
    found.sort();
    found
}

/// README and everything written under docs.
pub(crate) fn documents() -> Vec<String> {
    let mut all = vec!["README.md".to_owned(), "load-tests/README.md".to_owned()];
    all.extend(under("docs").into_iter().filter(|path| is_of(path, "md")));
    all
}

/// Whether a path ends in this extension.
pub(crate) fn is_of(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|it| it == extension)
}

pub(crate) fn rust_files(folder: &str) -> Vec<String> {
    let mut files = under(folder);
    files.retain(|path| is_of(path, "rs"));
    files
}

/// Names of all test functions.
pub(crate) fn test_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in [
        "src",
        "tests",
        "web/src",
        "load-tests/src",
        "load-tests/tests",
    ]
    .iter()
    .flat_map(|f| rust_files(f))
    {
        let mut marked = false;
        for line in read(&path).lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                marked = true;
            } else if let Some(rest) = line.split("fn ").nth(1).filter(|_| marked) {
                names.insert(rest.split(['(', '<']).next().unwrap().to_owned());
                marked = false;
            }
        }
    }
    names
}
