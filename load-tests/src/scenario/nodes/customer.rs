//! A customer or viewer who is at one node or another, and goes to another when a line breaks. What
//! was asked is asked again with its id until there is an answer that says what was done.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::street::Doors;
use crate::client::{PATIENCE, may_be_asked_again, pause};
use crate::scenario::Chance;
use crate::scenario::load::{Asked, Story};
use crate::{Client, Heard};

/// How long a customer waits on one line before trying another.
const TIRED: Duration = Duration::from_secs(15);

/// Available units by drop.
pub(super) type Seen = HashMap<String, u64>;

/// Who it is, and how it went so far.
#[derive(Debug)]
pub(super) struct Customer {
    token: String,
    doors: Doors,
    chance: Chance,
    client: Option<Client>,
    /// What it was shown last.
    pub(super) seen: Seen,
    /// The last position seen, on any node.
    pub(super) position: (u64, u64),
    /// What was wrong with what came.
    pub(super) faults: Vec<String>,
    /// How often the line was another one.
    pub(super) moves: usize,
    /// How often a node that welcomed was behind what had been seen.
    pub(super) behind: usize,
    /// How often a request had to be sent again.
    pub(super) again: usize,
    /// What was asked and told.
    pub(super) asked: Vec<Asked>,
}

impl Customer {
    /// Not connected yet.
    pub(super) fn new(token: String, doors: Doors, seed: u64) -> Self {
        Self {
            token,
            doors,
            chance: Chance::new(seed),
            client: None,
            seen: Seen::new(),
            position: (0, 0),
            faults: Vec::new(),
            moves: 0,
            behind: 0,
            again: 0,
            asked: Vec::new(),
        }
    }

    /// The line, a new one if need be.
    async fn line(&mut self) -> Result<&mut Client> {
        let began = Instant::now();
        while self.client.is_none() {
            ensure!(began.elapsed() < PATIENCE, "nobody lets this customer in");
            let resume = (self.position != (0, 0)).then_some(self.position);
            if let Some(door) = self.doors.any(&mut self.chance)
                && let Ok(Ok(client)) =
                    timeout(TIRED, Client::connect(door, Some(&self.token), resume)).await
            {
                note(&client.welcome, &mut self.seen);
                self.client = Some(client);
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.client
            .as_mut()
            .ok_or_else(|| anyhow::anyhow!("no line"))
    }

    /// Goes away from a node, and remembers what it was shown.
    fn lose(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        self.position = self.position.max(client.position);
        for fault in &client.faults {
            if fault.starts_with("welcomed at") {
                self.behind += 1;
            } else {
                self.faults.push(fault.clone());
            }
        }
        self.moves += 1;
        client.cut();
    }

    /// Asks until it is known what was done.
    pub(super) async fn ask(&mut self, request: Value) -> Result<Value> {
        let began = Instant::now();
        let id = request["id"].as_str().unwrap_or_default().to_owned();
        self.asked.push(Asked {
            request: request.clone(),
            answer: None,
        });
        loop {
            ensure!(began.elapsed() < PATIENCE * 2, "no answer to {request}");
            self.line().await?.answers.remove(&id);
            let Some(client) = &mut self.client else {
                continue;
            };
            let seen = &mut self.seen;
            let asking = client.ask_aside(&request, |message| note(message, seen));
            let Ok(Ok(answer)) = timeout(TIRED, asking).await else {
                self.lose();
                self.again += 1;
                continue;
            };
            if may_be_asked_again(&answer) {
                sleep(pause(&answer)).await;
                self.again += 1;
                continue;
            }
            if let Some(newest) = self.asked.last_mut() {
                newest.answer = Some(answer.clone());
            }
            return Ok(answer);
        }
    }

    /// Watches until it is told to end, on whatever node there is, and then until it was shown all
    /// that it has to be.
    pub(super) async fn watch(&mut self, mut over: watch::Receiver<Option<Seen>>) -> Result<()> {
        let mut deadline = None;
        loop {
            let wanted = over.borrow_and_update().clone();
            self.line().await?;
            if let Some(wanted) = wanted {
                if wanted
                    .iter()
                    .all(|(drop, left)| self.seen.get(drop) == Some(left))
                {
                    return Ok(());
                }
                let late = *deadline.get_or_insert_with(|| Instant::now() + PATIENCE);
                let seen = &self.seen;
                ensure!(
                    Instant::now() < late,
                    "a viewer stays at {seen:?}, not {wanted:?}"
                );
            }
            let Some(client) = &mut self.client else {
                continue;
            };
            let heard = tokio::select! {
                heard = client.next() => heard,
                changed = over.changed() => { changed?; continue }
                () = sleep(TIRED) => continue,
            };
            match heard {
                Ok(Heard::Message(message)) => note(&message, &mut self.seen),
                Ok(Heard::Closed(_)) | Err(_) => self.lose(),
            }
        }
    }

    /// Is there, and has heard all that was said.
    pub(super) async fn arrive(&mut self) -> Result<()> {
        self.line().await?;
        if let Some(client) = &mut self.client {
            let seen = &mut self.seen;
            client.settle(|message| note(message, seen)).await?;
        }
        Ok(())
    }

    /// What it did and was told.
    pub(super) fn story(mut self) -> Story {
        self.lose();
        Story {
            token: self.token,
            asked: self.asked,
            faults: self.faults,
            drained: false,
            closed: None,
        }
    }
}

/// Takes in every drop that a message tells the available units of.
fn note(message: &Value, seen: &mut Seen) {
    match message {
        Value::Object(fields) => {
            if let (Some(drop), Some(left)) =
                (message["drop"].as_str(), message["available"].as_u64())
            {
                seen.insert(drop.to_owned(), left);
            }
            fields.values().for_each(|inner| note(inner, seen));
        }
        Value::Array(items) => items.iter().for_each(|inner| note(inner, seen)),
        _ => {}
    }
}

/// The drops of something that a node shows.
pub(super) fn drops_of(shown: &Value) -> Seen {
    let mut seen = Seen::new();
    note(shown, &mut seen);
    seen
}
