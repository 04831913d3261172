//! Databases for tests: a SQLite file in the test's folder, and a private PostgreSQL where one is
//! installed, started once for all tests, ended with the test process.
#![allow(clippy::disallowed_methods, reason = "tests look for programs")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::ledger::{Config, Kind, Url};

/// Where a test keeps its books.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    File,
    Server,
}

/// A server of this process.
struct Server {
    _dir: tempfile::TempDir,
    port: u16,
}

static SERVER: OnceLock<Option<Server>> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let known = std::env::split_paths(&path).chain(
        (13..=18)
            .rev()
            .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))),
    );
    known.map(|dir| dir.join(name)).find(|path| path.is_file())
}

fn server() -> Option<&'static Server> {
    SERVER.get_or_init(start).as_ref()
}

/// A program that ends when the thread that started it does. PostgreSQL does not run as root:
/// then it is run as nobody.
fn as_somebody(program: &Path, dir: &Path) -> Command {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0);
    let mut command = Command::new("setpriv");
    if root {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL", "--"]);
    command.arg(program).current_dir(dir);
    command
}

fn start() -> Option<Server> {
    let (initdb, postgres) = (program("initdb")?, program("postgres")?);
    let dir = tempfile::Builder::new().prefix("books").tempdir().unwrap();
    let open = Command::new("chmod")
        .arg("777")
        .arg(dir.path())
        .status()
        .unwrap();
    assert!(open.success());
    let data = dir.path().join("data");
    let made = as_somebody(&initdb, dir.path())
        .args([
            "--auth=trust",
            "--username=lapak",
            "--no-sync",
            "--locale=C",
            "--encoding=UTF8",
            "-D",
        ])
        .arg(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success(), "initdb");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut serve = as_somebody(&postgres, dir.path());
    serve
        .arg("-D")
        .arg(&data)
        .args([
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
        ])
        .arg(format!("unix_socket_directories={}", dir.path().display()))
        .args(["-c", "fsync=off"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // It lives as long as the thread that started it: as this process.
    std::thread::spawn(move || {
        let mut child = serve.spawn().unwrap();
        let _ = child.wait();
        loop {
            std::thread::park();
        }
    });
    Some(Server { _dir: dir, port })
}

fn options(port: u16) -> String {
    format!("postgres://lapak@127.0.0.1:{port}/postgres?sslmode=disable")
}

async fn connection(port: u16) -> sqlx::PgConnection {
    use sqlx::Connection;
    // It may still be starting.
    for _ in 0..1_500 {
        if let Ok(connection) = sqlx::PgConnection::connect(&options(port)).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("PostgreSQL does not answer")
}

impl Place {
    /// A file, and a server if there can be one; where everything has to hold there must be one.
    pub(super) fn all() -> Vec<Self> {
        let server = server().map(|_| Self::Server);
        let needed = std::env::var_os("CI").is_some();
        assert!(
            server.is_some() || !needed,
            "no PostgreSQL: scripts/install-test-tools.sh installs it"
        );
        std::iter::once(Self::File).chain(server).collect()
    }

    /// Settings for books that do not exist yet.
    pub(super) async fn fresh(self) -> Config {
        let Self::Server = self else {
            return Config::default();
        };
        let port = server().unwrap().port;
        let name = format!("books_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut db = connection(port).await;
        let sql = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut db)
            .await
            .unwrap();
        Config {
            kind: Kind::Postgres,
            url: Url::new(format!(
                "postgres://lapak@127.0.0.1:{port}/{name}?sslmode=disable"
            )),
            ..Config::default()
        }
    }

    /// Takes everything away, as somebody would by mistake.
    pub(super) async fn empty(self, config: &Config, dir: &Path) {
        match self {
            Self::File => {
                for end in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(dir.join(format!("ledger.sqlite{end}")));
                }
            }
            Self::Server => {
                use sqlx::Connection;
                let mut db = sqlx::PgConnection::connect(&config.url().unwrap())
                    .await
                    .unwrap();
                let sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
                sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
            }
        }
    }
}
