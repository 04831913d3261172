//! The private Redis or Valkey that nodes share, and what may be done to it.

#[allow(clippy::unused_self, reason = "names are asked of what has them")]
#[allow(unreachable_pub, reason = "tests have it as a room of their own")]
#[allow(clippy::disallowed_methods, reason = "it is made for tests")]
#[path = "../../tests/fixtures/redis.rs"]
mod fixture;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use fixture::{Aof, Cluster, Options, Program, Sentinels, Server};
use lapak::domain::ShopId;
use lapak::engine::redis::config::{Acknowledge, Mode};
use lapak::engine::redis::{RedisConfig, keys};
use lapak::journal::Partition;
use tempfile::TempDir;

use crate::stage::SHOP;
use crate::usage;

/// How the servers stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// One redis-server.
    Redis,
    /// One valkey-server.
    Valkey,
    /// A primary and a replica, watched by three Sentinels.
    Sentinel,
    /// Three primaries with a replica each.
    Cluster,
}

/// The servers.
#[derive(Debug)]
pub(crate) struct Redis {
    servers: Servers,
    acknowledge: Acknowledge,
}

#[derive(Debug)]
enum Servers {
    One(Box<Server>),
    Watched(Box<Sentinels>),
    Cluster(Box<Cluster>),
}

impl Redis {
    /// Starts them, with an append-only file that is written as `acknowledge` says.
    pub(crate) fn start(kind: Kind, acknowledge: Acknowledge) -> Self {
        let options = Options {
            program: if kind == Kind::Valkey {
                Program::Valkey
            } else {
                Program::Redis
            },
            aof: match acknowledge {
                Acknowledge::Always => Aof::Always,
                Acknowledge::Everysec => Aof::Everysec,
                Acknowledge::Memory => Aof::None,
            },
            ..Options::default()
        };
        let servers = match kind {
            Kind::Redis | Kind::Valkey => Servers::One(Box::new(Server::start(options))),
            Kind::Sentinel => Servers::Watched(Box::new(Sentinels::start(&options))),
            Kind::Cluster => Servers::Cluster(Box::new(Cluster::start(&options))),
        };
        Self {
            servers,
            acknowledge,
        }
    }

    /// A node's settings for them.
    pub(crate) fn config(&self) -> RedisConfig {
        let (mode, urls, master) = match &self.servers {
            Servers::One(server) => (Mode::Standalone, vec![server.url()], ""),
            Servers::Watched(all) => (Mode::Sentinel, all.urls(), Sentinels::NAME),
            Servers::Cluster(all) => (Mode::Cluster, all.urls(), ""),
        };
        RedisConfig {
            mode,
            urls,
            master: master.to_owned(),
            acknowledge: self.acknowledge,
            ..RedisConfig::default()
        }
    }

    /// The same as a section of a file.
    pub(crate) fn section(&self) -> Result<String> {
        let config = serde_json::to_value(self.config())?;
        let line = |key: &str| format!("{key} = {}\n", config[key]);
        let mut text = "[redis]\n".to_owned();
        for key in ["mode", "urls", "master", "acknowledge"] {
            text.push_str(&line(key));
        }
        Ok(text)
    }

    fn all(&self) -> Vec<&Server> {
        match &self.servers {
            Servers::One(server) => vec![server],
            Servers::Watched(all) => all.servers.iter().collect(),
            Servers::Cluster(all) => all.servers.iter().collect(),
        }
    }

    /// Where the servers that take requests listen.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.primaries().into_iter().map(Server::port).collect()
    }

    fn primaries(&self) -> Vec<&Server> {
        match &self.servers {
            Servers::One(server) => vec![server],
            Servers::Watched(all) => all.servers.iter().take(1).collect(),
            Servers::Cluster(all) => all.servers.iter().take(3).collect(),
        }
    }

    /// The only server.
    pub(crate) fn one(&self) -> Result<&Server> {
        match &self.servers {
            Servers::One(server) => Ok(server),
            _ => anyhow::bail!("for one server only"),
        }
    }

    fn one_mut(&mut self) -> Result<&mut Server> {
        match &mut self.servers {
            Servers::One(server) => Ok(server),
            _ => anyhow::bail!("for one server only"),
        }
    }

    /// Says something to every primary.
    pub(crate) fn say(&self, words: &[&str]) -> Vec<String> {
        let all = self.primaries();
        all.into_iter().map(|server| server.ask(words)).collect()
    }

    /// The port of the only server.
    pub(crate) fn port(&self) -> Result<u16> {
        Ok(self.one()?.port())
    }

    /// CPU time of all servers so far, replicas included; not known once one of them was lost.
    pub(crate) fn cpu(&self) -> Result<Option<Duration>> {
        let pids = self.all().into_iter().map(|server| {
            let pid = server.info("process_id");
            pid.parse().ok().map(usage::cpu).transpose()
        });
        pids.sum()
    }

    /// The last epoch that any partition has opened.
    pub(crate) fn epoch(&self) -> u64 {
        let words = ["--scan", "--pattern", "lapak:{*}:head"];
        let mut last = 0;
        for server in self.primaries() {
            for key in server.ask(&words).lines() {
                let epoch = server.ask(&["HGET", key.trim(), "epoch"]);
                last = last.max(epoch.parse().unwrap_or_default());
            }
        }
        last
    }

    /// Every server stands still for a while.
    pub(crate) fn freeze(&self, time: Duration) {
        let all = self.primaries();
        for server in &all {
            server.freeze();
        }
        std::thread::sleep(time);
        for server in &all {
            server.thaw();
        }
    }

    /// A failover: Sentinels are asked for one, a cluster loses the primary that has the shop.
    pub(crate) fn fail_over(&mut self) -> Result<()> {
        match &mut self.servers {
            Servers::One(_) => anyhow::bail!("one server has nobody to fail over to"),
            Servers::Watched(all) => all.fail_over(),
            Servers::Cluster(all) => {
                let shop = Partition::of(&ShopId::new(SHOP)?);
                let slot = usize::from(keys::slot(shop));
                all.lose(slot * 3 / usize::from(keys::SLOTS));
            }
        }
        Ok(())
    }

    /// Power cut, and back with what the files have.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.one_mut()?.restart();
        Ok(())
    }

    /// A copy of the files as they are now.
    pub(crate) fn copy_files(&self) -> Result<TempDir> {
        let copy = tempfile::tempdir()?;
        let from = self.one()?.dir().join(FILES);
        copy_folder(&from, &copy.path().join(FILES))?;
        Ok(copy)
    }

    /// Power cut, and back with files of an earlier time.
    pub(crate) fn restart_with(&mut self, files: &TempDir) -> Result<()> {
        let server = self.one_mut()?;
        server.kill();
        let place = server.dir().join(FILES);
        std::fs::remove_dir_all(&place)?;
        copy_folder(&files.path().join(FILES), &place)?;
        server.restart();
        Ok(())
    }
}

/// Where Redis keeps its append-only files.
const FILES: &str = "appendonlydir";

/// Copies the files of a folder, and of those in it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    ensure!(from.is_dir(), "{} is no folder", from.display());
    std::fs::create_dir_all(to)?;
    for found in std::fs::read_dir(from)? {
        let found = found?;
        let place: PathBuf = to.join(found.file_name());
        if found.file_type()?.is_dir() {
            copy_folder(&found.path(), &place)?;
        } else {
            std::fs::copy(found.path(), &place)?;
        }
    }
    Ok(())
}
