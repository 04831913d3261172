//! Servers of others, started from their own programs where those are installed: nginx with nchan,
//! and NATS. The commands that install them stand in `load-tests/README.md`.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::{Publish, Which};
use crate::client::PATIENCE;

/// Where systems put nginx's modules.
const MODULES: [&str; 3] = [
    "/usr/lib/nginx/modules",
    "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
];
const NCHAN: &str = "ngx_nchan_module.so";

/// A server of others that runs, and the connection that publishes.
pub(super) struct Foreign {
    which: Which,
    address: SocketAddr,
    publisher: TcpStream,
    _dir: TempDir,
}

/// A program on the path.
#[allow(clippy::disallowed_methods, reason = "a scenario looks for a program")]
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let usual = ["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let found = std::env::split_paths(&path)
        .chain(usual)
        .map(|dir| dir.join(name));
    found.into_iter().find(|path| path.is_file())
}

/// The module nchan: where systems put modules, or beside the nginx that would load it.
fn module() -> Option<PathBuf> {
    let nginx = program("nginx")?;
    let beside = nginx.parent()?.parent()?.join("lib/nginx/modules");
    let all = MODULES.iter().map(PathBuf::from).chain([beside]);
    let mut found = all.map(|dir| dir.join(NCHAN));
    found.find(|path| path.is_file())
}

/// Whether a peer can be run here.
pub fn is_installed(which: Which) -> bool {
    match which {
        Which::Floor | Which::Naive => true,
        Which::Nchan => program("nginx").is_some() && module().is_some(),
        Which::Nats => program("nats-server").is_some(),
    }
}

/// A port that was free a moment ago: these programs do not say which one they chose.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

impl Foreign {
    /// Starts it; none if it is a peer of our own.
    pub(super) async fn start(which: Which) -> Result<Option<(Self, Child)>> {
        if matches!(which, Which::Floor | Which::Naive) {
            return Ok(None);
        }
        ensure!(
            is_installed(which),
            "{} is not installed: see load-tests/README.md",
            which.name()
        );
        let dir = tempfile::Builder::new().prefix("lapak-peer-").tempdir()?;
        let (web, plain) = (free_port()?, free_port()?);
        let config = dir.path().join("peer.conf");
        let mut command = if which == Which::Nchan {
            std::fs::write(&config, nginx(&dir, web)?)?;
            let mut command = Command::new(program("nginx").context("no nginx")?);
            command.arg("-c").arg(&config).arg("-p").arg(dir.path());
            command
        } else {
            std::fs::write(&config, nats(web, plain))?;
            let mut command = Command::new(program("nats-server").context("no nats-server")?);
            command.arg("-c").arg(&config);
            command
        };
        let mut child = command.kill_on_drop(true).spawn()?;
        let address = SocketAddr::from(([127, 0, 0, 1], web));
        let publish_to = if which == Which::Nchan { web } else { plain };
        let mut publisher = reach(publish_to, &mut child).await?;
        if which == Which::Nats {
            publisher
                .write_all(b"CONNECT {\"verbose\":false}\r\n")
                .await?;
        }
        Ok(Some((
            Self {
                which,
                address,
                publisher,
                _dir: dir,
            },
            child,
        )))
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn path(&self) -> &'static str {
        if self.which == Which::Nchan {
            "/sub"
        } else {
            "/"
        }
    }

    /// What viewers say when they come: NATS wants to know what they want to hear.
    pub(super) fn hello(&self) -> String {
        match self.which {
            Which::Nats => "CONNECT {\"verbose\":false}\r\nSUB live 1\r\n".to_owned(),
            _ => String::new(),
        }
    }

    pub(super) async fn publish(&mut self, publish: Publish) -> Result<()> {
        let mut bytes = String::new();
        for message in publish.messages() {
            let length = message.len();
            let _ = match self.which {
                Which::Nats => write!(bytes, "PUB live {length}\r\n{message}\r\n"),
                _ => write!(
                    bytes,
                    "POST /pub HTTP/1.1\r\nhost: peer\r\ncontent-length: {length}\r\n\r\n{message}"
                ),
            };
        }
        self.publisher.write_all(bytes.as_bytes()).await?;
        // What is answered is of no interest, but must not pile up.
        let mut answers = vec![0; 16 * 1024];
        while let Ok(Ok(count)) =
            tokio::time::timeout(Duration::from_millis(1), self.publisher.read(&mut answers)).await
        {
            ensure!(count > 0, "{} ended", self.which.name());
            if answers[..count].windows(6).any(|part| part == b"PING\r\n") {
                self.publisher.write_all(b"PONG\r\n").await?;
            }
        }
        Ok(())
    }
}

async fn reach(port: u16, peer: &mut Child) -> Result<TcpStream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(("127.0.0.1", port)).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => ensure!(
                Instant::now() < deadline,
                "the peer does not listen: {error}"
            ),
        }
        let ended = peer.try_wait()?;
        ensure!(ended.is_none(), "the peer ended at once: {ended:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn nginx(dir: &TempDir, port: u16) -> Result<String> {
    let module = module().context("no nchan")?;
    let (module, dir) = (module.display(), dir.path().display());
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temp = temp.map(|name| format!("{name}_temp_path {dir}/{name};"));
    let temp = temp.concat();
    Ok(format!(
        "load_module {module};\ndaemon off;\nmaster_process off;\npid {dir}/pid;\nerror_log {dir}/error crit;\n\
         worker_rlimit_nofile 19900;\nevents {{ worker_connections 19800; }}\n\
         http {{ access_log off; {temp} keepalive_requests 1000000;\n\
         server {{ listen 127.0.0.1:{port} backlog=4096;\n\
         location = /pub {{ nchan_publisher; nchan_channel_id live; nchan_store_messages off; }}\n\
         location = /sub {{ nchan_subscriber websocket; nchan_channel_id live; }} }} }}\n"
    ))
}

fn nats(web: u16, plain: u16) -> String {
    format!(
        "listen: 127.0.0.1:{plain}\nmax_connections: 19800\n\
         websocket {{ listen: \"127.0.0.1:{web}\", no_tls: true, compression: false }}\n"
    )
}
