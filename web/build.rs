//! Builds the pages with npm and Vite on a copy of the sources in `OUT_DIR`; the source tree is never written.
//!
//! `LAPAK_WEB_DIST=<folder>` embeds a ready folder instead. When npm is absent or fails, one plain page
//! that says what is missing is embedded, with a warning, so that the server still builds and runs.

// Cargo speaks to a build script through the environment and in no other way.
#![allow(clippy::disallowed_methods)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What the Vite build reads; everything else (tests, development server) stays where it is.
const SOURCES: [&str; 8] = [
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
    "vite.embed.config.ts",
    "app",
    "pages",
];

fn main() {
    println!("cargo:rerun-if-env-changed=LAPAK_WEB_DIST");
    println!("cargo:rerun-if-changed=build.rs");
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let dist = out.join("dist");
    let made = match env::var_os("LAPAK_WEB_DIST") {
        Some(ready) => embed_ready(Path::new(&ready), &dist),
        None => build(&out, &dist),
    };
    if let Err(why) = made {
        println!(
            "cargo:warning=the pages are not built, a page that says so is embedded instead: {why}"
        );
        // A file that never exists: the next build tries again.
        println!("cargo:rerun-if-changed={}", out.join("try-again").display());
        if let Err(error) = embed_unbuilt(&dist, &why) {
            println!("cargo:error=cannot write {}: {error}", dist.display());
        }
    }
}

fn embed_ready(ready: &Path, dist: &Path) -> Result<(), String> {
    println!("cargo:rerun-if-changed={}", ready.display());
    if !ready.join("watch.html").is_file() {
        return Err(format!(
            "LAPAK_WEB_DIST={} holds no watch.html",
            ready.display()
        ));
    }
    renew(dist)
        .and_then(|()| copy(ready, dist))
        .map_err(|error| format!("{}: {error}", ready.display()))
}

fn build(out: &Path, dist: &Path) -> Result<(), String> {
    let work = out.join("npm");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    for source in SOURCES {
        let (from, to) = (here.join(source), work.join(source));
        let copied = if from.is_dir() {
            renew(&to).and_then(|()| copy(&from, &to))
        } else {
            fs::copy(&from, &to).map(drop)
        };
        copied.map_err(|error| format!("{}: {error}", from.display()))?;
    }
    install(&work)?;
    run(&work, &["run", "--silent", "build"])?;
    renew(dist)
        .and_then(|()| copy(&work.join("dist"), dist))
        .map_err(|error| format!("dist: {error}"))
}

/// `npm ci`, unless what is installed is what the lock file names.
fn install(work: &Path) -> Result<(), String> {
    let (stamp, lock) = (work.join("installed.lock"), work.join("package-lock.json"));
    let wanted = fs::read(&lock).map_err(|error| format!("package-lock.json: {error}"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(work, &["ci", "--ignore-scripts", "--no-audit", "--no-fund"])?;
    fs::write(&stamp, wanted).map_err(|error| format!("{}: {error}", stamp.display()))
}

fn run(work: &Path, arguments: &[&str]) -> Result<(), String> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let shown = arguments.join(" ");
    let output = Command::new(npm)
        .args(arguments)
        .current_dir(work)
        .env_remove("NODE_ENV")
        .output()
        .map_err(|error| format!("cannot run npm (Node 20.19 or newer brings it): {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(12)
        .collect();
    Err(format!("npm {shown} failed: {}", lines.join(" | ")))
}

fn embed_unbuilt(dist: &Path, why: &str) -> io::Result<()> {
    renew(dist)?;
    let why = why
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lapak: pages not built</title>\
         <h1>The pages are not in this build</h1>\
         <p>The server works, but its pages need Node (20.19 or newer) with npm when it is built. \
         Install it and build again, or set <code>LAPAK_WEB_DIST</code> to a folder with built pages.</p>\
         <pre>{why}</pre></html>\n"
    );
    fs::write(dist.join("unbuilt.html"), page)
}

/// An empty folder at `path`.
fn renew(path: &Path) -> io::Result<()> {
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    fs::create_dir_all(path)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
