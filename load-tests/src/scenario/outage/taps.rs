//! A steady load that does not wait for the server: every viewer books when it is due, and what
//! it waits is counted from then.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::client::{PATIENCE, book};
use crate::scenario::audience;
use crate::stage::{Ground, names};
use crate::{Client, Report};

/// How often one viewer books: as often as the limits of people leave alone.
const EVERY: Duration = Duration::from_secs(1);

/// One booking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    /// When it was to be sent.
    pub(super) due: Instant,
    /// From then to its answer.
    pub(super) took: Duration,
}

#[derive(Debug, Default)]
struct Story {
    taps: Vec<Tap>,
    faults: Vec<String>,
}

/// The load under way.
pub(super) struct Taps {
    stop: watch::Sender<bool>,
    answered: Arc<AtomicU64>,
    viewers: JoinSet<Result<Story>>,
}

impl Taps {
    /// Connects so many viewers; each books once a second, at instants spread over it.
    pub(super) async fn begin(
        ground: &Ground,
        to: SocketAddr,
        viewers: u32,
        drop: &str,
        sku: &str,
    ) -> Result<Self> {
        let names = names("v", usize::try_from(viewers)?);
        let clients = audience(ground, to, &names).await?;
        let (stop, stopped) = watch::channel(false);
        let (answered, mut tasks) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
        let (mut first, apart) = (Instant::now(), EVERY / viewers.max(1));
        for client in clients {
            let shelf = (drop.to_owned(), sku.to_owned());
            tasks.spawn(live(
                client,
                shelf,
                first,
                stopped.clone(),
                Arc::clone(&answered),
            ));
            first += apart;
        }
        Ok(Self {
            stop,
            answered,
            viewers: tasks,
        })
    }

    /// Lets time pass, and so many bookings be answered from now.
    pub(super) async fn go_on(&self, time: Duration, bookings: u64) -> Result<()> {
        let (until, enough) = (Instant::now() + time, self.answered() + bookings);
        sleep_until(until).await;
        while self.answered() < enough {
            ensure!(
                until.elapsed() < PATIENCE,
                "bookings are not answered any more"
            );
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// No more bookings; every one that was sent is answered.
    pub(super) async fn end(mut self, report: &mut Report) -> Result<Vec<Tap>> {
        self.stop.send_replace(true);
        let mut taps = Vec::new();
        while let Some(story) = self.viewers.join_next().await {
            let story = story??;
            taps.extend(story.taps);
            story.faults.into_iter().for_each(|fault| report.lie(fault));
        }
        Ok(taps)
    }
}

async fn live(
    mut client: Client,
    (drop, sku): (String, String),
    mut due: Instant,
    mut stopped: watch::Receiver<bool>,
    answered: Arc<AtomicU64>,
) -> Result<Story> {
    let mut story = Story::default();
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stop| *stop) => break,
            () = sleep_until(due) => {}
        }
        let answer = client.ask(&book(&drop, &sku)).await?;
        let took = due.elapsed();
        story.taps.push(Tap { due, took });
        answered.fetch_add(1, Ordering::Relaxed);
        if answer["type"] != "held" {
            story.faults.push(format!("no booking but {answer}"));
        }
        due += EVERY;
    }
    client.settle(|_| {}).await?;
    story.faults.append(&mut client.faults);
    Ok(story)
}
