//! A private PostgreSQL that a scenario starts itself, in a folder of its own and behind a socket
//! there, so that it can be killed and started again.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::client::PATIENCE;

/// A server and its folder. Its first process dies with this handle, and the others with that.
#[derive(Debug)]
pub struct Postgres {
    child: Option<Child>,
    program: PathBuf,
    dir: TempDir,
}

/// A program of PostgreSQL, on the path or where systems put it.
#[allow(clippy::disallowed_methods, reason = "a scenario looks for a program")]
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let versions = (13..=18).rev();
    let usual = versions.map(|n| PathBuf::from(format!("/usr/lib/postgresql/{n}/bin")));
    std::env::split_paths(&path)
        .chain(usual)
        .map(|dir| dir.join(name))
        .find(|path| path.is_file())
}

/// Whether there is a PostgreSQL on this machine.
pub fn is_installed() -> bool {
    program("initdb").is_some() && program("postgres").is_some()
}

/// A program in a folder. PostgreSQL does not run as root: then it runs as nobody.
fn as_somebody(program: &Path, dir: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    if std::fs::metadata("/proc/self")?.uid() == 0 {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(program)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

impl Postgres {
    /// Makes one and starts it.
    pub async fn start() -> Result<Self> {
        let initdb = program("initdb").context("there is no initdb on this machine")?;
        let program = program("postgres").context("there is no postgres on this machine")?;
        let dir = tempfile::Builder::new().prefix("lapak-books-").tempdir()?;
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777))?;
        let made = as_somebody(&initdb, dir.path())?
            .args(["--auth=trust", "--username=lapak", "--no-sync"])
            .args(["--locale=C", "--encoding=UTF8", "-D", "data"])
            .status()
            .await?;
        ensure!(made.success(), "initdb: {made}");
        let mut server = Self {
            child: None,
            program,
            dir,
        };
        server.again().await?;
        Ok(server)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        let socket = self.dir.path().display();
        format!("postgres://lapak@localhost/postgres?sslmode=disable&host={socket}")
    }

    /// A connection.
    pub async fn connect(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(&self.url()).await?)
    }

    /// Starts it, also after a kill, and waits until it answers.
    pub async fn again(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // It may refuse to start while a process of the one before still ends.
            let ended = match &mut self.child {
                Some(child) => child.try_wait()?.is_some(),
                None => true,
            };
            if ended {
                self.child = Some(self.spawn()?);
            }
            if let Ok(connection) = self.connect().await {
                connection.close().await?;
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "PostgreSQL does not answer");
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn spawn(&self) -> Result<Child> {
        let mut command = as_somebody(&self.program, self.dir.path())?;
        let socket = format!("unix_socket_directories={}", self.dir.path().display());
        command.args(["-D", "data", "-c", "listen_addresses=", "-c", &socket]);
        Ok(command.spawn()?)
    }

    /// `kill -9` of all its processes at once.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.child.take().context("it does not run")?;
        let pid = child.id().context("it has ended by itself")?;
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        // One of them may have ended by itself meanwhile: then `kill` is not content.
        let _ = Command::new("kill")
            .args(["-9", &pid.to_string()])
            .args(children.split_whitespace())
            .stderr(Stdio::null())
            .status()
            .await?;
        child.kill().await?;
        Ok(())
    }
}
