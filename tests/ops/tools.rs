//! The programs that these tests run, and the files they look at.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A path of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the repository.
pub(crate) fn file(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Starts a program; its standard error can be read. Says which package has it when it is absent.
pub(crate) fn start(program: &str, package: &str, arguments: &[String]) -> Child {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "cannot start {program} ({error}): install the package `{package}` \
                 (scripts/install-test-tools.sh does)"
            )
        })
}

/// Runs a program to its end; answers whether it succeeded and all it said.
pub(crate) fn run(program: &str, package: &str, arguments: &[&str]) -> (bool, String) {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let output = start(program, package, &arguments)
        .wait_with_output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}
