//! What restarts: one server, or nodes of one Redis, one after the other.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context, Result};
use lapak::clock::Clock;
use lapak::domain::Settings;
use lapak::engine::redis::config::Acknowledge;

use crate::journal::Record;
use crate::redis::Kind;
use crate::stage::Bench;
use crate::street::{Doors, Street};
use crate::{Ground, Report, Run, Server};

const SKUS: [(&str, Option<u32>); 1] = [("MANY", None)];

/// Who serves.
pub(super) enum Houses {
    One {
        ground: Box<Ground>,
        server: Option<Box<Server>>,
        doors: Doors,
    },
    Street(Box<Street>),
}

impl Houses {
    pub(super) async fn open(run: &Run, nodes: usize) -> Result<Self> {
        if nodes > 1 {
            let (lapak, kind) = (run.lapak(), run.redis.unwrap_or(Kind::Redis));
            let street = Street::open(&lapak, kind, Acknowledge::Everysec, nodes, &SKUS, &[]);
            return Ok(Self::Street(Box::new(street.await?)));
        }
        let ground = run.ground(&[])?;
        let bench = Bench::open(&ground.state(), &Clock::default())?;
        bench.found(Settings::default(), &SKUS).await?;
        bench.close().await?;
        let server = ground.serve().await?;
        let doors = Doors::default();
        doors.set(0, Some(server.address));
        Ok(Self::One {
            ground: Box::new(ground),
            server: Some(Box::new(server)),
            doors,
        })
    }

    pub(super) fn ground(&self) -> &Ground {
        match self {
            Self::One { ground, .. } => ground,
            Self::Street(street) => &street.ground,
        }
    }

    /// Where those who come back may go.
    pub(super) fn doors(&self) -> Doors {
        match self {
            Self::One { doors, .. } => doors.clone(),
            Self::Street(street) => street.doors.clone(),
        }
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        match self {
            Self::One { server, .. } => server.iter().map(|server| server.address).collect(),
            Self::Street(street) => street.addresses(),
        }
    }

    /// SIGTERM, wait until it has ended, start again; how it ended and after how long.
    pub(super) async fn restart(&mut self, time: usize) -> Result<(ExitStatus, Duration)> {
        match self {
            Self::One {
                ground,
                server,
                doors,
            } => {
                doors.set(0, None);
                let ended = server.take().context("it does not run")?.stop().await?;
                let again = ground.serve().await?;
                doors.set(0, Some(again.address));
                *server = Some(Box::new(again));
                Ok(ended)
            }
            Self::Street(street) => {
                let node = time % street.nodes.len();
                let ended = street.stop(node).await?;
                street.start(node).await?;
                Ok(ended)
            }
        }
    }

    /// Stops all, and gives what was decided: one journal, the same on every node.
    pub(super) async fn close(self, report: &mut Report) -> Result<Record> {
        match self {
            Self::One { ground, server, .. } => {
                let (status, _) = server.context("it does not run")?.stop().await?;
                report.check(status.success(), || format!("it stopped with {status}"));
                crate::scenario::audit(&ground, report).await
            }
            Self::Street(mut street) => {
                street.check_alive(report);
                street.until_following().await?;
                street.until_equal(report).await?;
                street.until_shown_equal(report).await?;
                street.close(report).await?;
                let record = Record::read(&street.node(0)?.state)?;
                for fault in &record.faults {
                    report.lie(format!("journal: {fault}"));
                }
                Ok(record)
            }
        }
    }
}
