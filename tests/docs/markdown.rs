//! As much of Markdown as these documents use.

use std::collections::BTreeSet;

/// A document.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn read(path: String) -> Self {
        let text = crate::files::read(&path);
        Self { path, text }
    }

    /// A path relative to this page, as a path of the repository.
    pub(crate) fn beside(&self, relative: &str) -> String {
        let mut parts: Vec<&str> = self.path.split('/').collect();
        parts.pop();
        for part in relative.split('/') {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

/// Lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

/// Lines of fenced blocks of a language.
pub(crate) fn fenced(text: &str, language: &str) -> Vec<String> {
    let (mut lines, mut inside) = (Vec::new(), None);
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), inside) {
            (Some(name), None) => inside = Some(name.trim() == language),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) => lines.push(line.to_owned()),
            (None, _) => {}
        }
    }
    lines
}

/// What stands between backticks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    let lines = prose(text).flat_map(|line| line.split('`').skip(1).step_by(2));
    lines.map(Into::into).collect()
}

/// Targets of links and pictures.
pub(crate) fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        for part in line.split("](").skip(1) {
            let target = part.split(')').next().unwrap();
            found.push(target.split(' ').next().unwrap().to_owned());
        }
    }
    found
}

/// Anchors of the headings, as GitHub makes them.
pub(crate) fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// Whether a code span names a file or folder of the repository.
pub(crate) fn is_path(span: &str) -> bool {
    const ROOTS: &[&str] = &[
        "src/",
        "tests/",
        "docs/",
        "config/",
        "web/",
        "scripts/",
        "load-tests/",
        "benches/",
        ".ci/",
    ];
    const BUILT: &[&str] = &["web/dist", "web/node_modules"];
    let plain = span
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    plain
        && ROOTS.iter().any(|root| span.starts_with(root))
        && !BUILT.iter().any(|b| span.starts_with(b))
}

/// Whether a code span looks like a test's name: a sentence of at least three words.
pub(crate) fn is_test_name(span: &str) -> bool {
    let small = span
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let words = span.split('_').count();
    let metric = span.starts_with("lapak_") || span.starts_with("process_");
    let unit = ["_ms", "_max", "_min", "_s", "_seconds", "_bytes", "_burst"];
    small && words >= 4 && !metric && !unit.iter().any(|end| span.ends_with(end))
}
