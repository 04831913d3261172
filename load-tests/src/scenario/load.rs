//! A load of bookings, cancels and waits that remembers what it was told, so that after a
//! restart it can ask everything again and compare.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::flash_drop::essence;
use super::{Chance, each, tokens};
use crate::client::{book, from_memory, may_be_asked_again, new_id};
use crate::stage::{Ground, names};
use crate::{Client, Heard, Report};

/// Requests of one client: as many as a customer may make at once.
const REQUESTS: usize = 5;

/// The two drops of the load: one with plenty, one that makes people wait.
#[derive(Debug, Clone)]
pub struct Shelf {
    /// Drop and SKU with plenty.
    pub plenty: (String, String),
    /// Drop and SKU with a few.
    pub few: (String, String),
}

/// One request and its answer, if one came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What was asked.
    pub request: Value,
    /// What was told.
    pub answer: Option<Value>,
}

/// What a client did and was told until its line broke.
#[derive(Debug)]
pub struct Story {
    /// Its token.
    pub token: String,
    /// In order.
    pub asked: Vec<Asked>,
    /// What was wrong with what came.
    pub faults: Vec<String>,
    /// Whether the hint to come back was heard.
    pub drained: bool,
    /// How the connection ended; `None` within for a line that broke.
    pub closed: Option<Option<u16>>,
}

/// A load under way.
pub struct Load {
    stories: JoinSet<Result<Story>>,
}

/// Connects so many new customers and lets them begin.
pub async fn begin(
    ground: &Ground,
    to: SocketAddr,
    name: &str,
    clients: usize,
    shelf: &Shelf,
) -> Result<Load> {
    let tokens = tokens(ground, &names(name, clients))?;
    let connected = each(tokens, |token| async move {
        let client = Client::connect(to, Some(&token), None).await?;
        Ok((client, token))
    })
    .await?;
    let mut stories = JoinSet::new();
    for (number, (client, token)) in connected.into_iter().enumerate() {
        let chance = Chance::new(u64::try_from(number)? + 7);
        stories.spawn(live(client, token, shelf.clone(), chance));
    }
    Ok(Load { stories })
}

impl Load {
    /// Waits until every line has broken.
    pub async fn end(mut self) -> Result<Vec<Story>> {
        let mut all = Vec::new();
        while let Some(story) = self.stories.join_next().await {
            all.push(story??);
        }
        Ok(all)
    }
}

async fn live(
    mut client: Client,
    token: String,
    shelf: Shelf,
    mut chance: Chance,
) -> Result<Story> {
    let mut story = Story {
        token,
        asked: Vec::new(),
        faults: Vec::new(),
        drained: false,
        closed: None,
    };
    for step in 0..REQUESTS {
        sleep(Duration::from_millis(chance.below(60))).await;
        let request = request(step, &story, &shelf, &mut chance);
        let sent = client.send(&request).await.is_ok();
        story.asked.push(Asked {
            request,
            answer: None,
        });
        if !sent || !story.hear_answer(&mut client).await? {
            break;
        }
    }
    while story.closed.is_none() {
        story.hear(&mut client).await?;
    }
    story.faults.append(&mut client.faults);
    Ok(story)
}

impl Story {
    /// Listens until the newest request is answered; false if the line broke before.
    async fn hear_answer(&mut self, client: &mut Client) -> Result<bool> {
        while self
            .asked
            .last()
            .is_some_and(|newest| newest.answer.is_none())
        {
            if self.closed.is_some() {
                return Ok(false);
            }
            self.hear(client).await?;
        }
        Ok(true)
    }

    async fn hear(&mut self, client: &mut Client) -> Result<()> {
        match client.next().await? {
            Heard::Closed(code) => self.closed = Some(code),
            Heard::Message(message) if message["type"] == "drain" => self.drained = true,
            Heard::Message(message) => {
                if let Some(newest) = self.asked.last_mut()
                    && message["id"] == newest.request["id"]
                {
                    newest.answer = Some(message);
                }
            }
        }
        Ok(())
    }

    /// The booking this customer was told of last.
    fn booking(&self) -> Option<String> {
        let held = self
            .asked
            .iter()
            .rev()
            .filter_map(|one| one.answer.as_ref());
        held.filter_map(|answer| answer["booking"].as_str())
            .map(Into::into)
            .next()
    }
}

fn request(step: usize, story: &Story, shelf: &Shelf, chance: &mut Chance) -> Value {
    let Shelf { plenty, few } = shelf;
    let cancel = |booking: String| json!({"type": "cancel", "id": new_id(), "booking": booking});
    match (step, story.booking()) {
        (1, _) => {
            let mut wait = book(&few.0, &few.1);
            wait["join_waitlist"] = json!(true);
            wait
        }
        (2, Some(booking)) if chance.below(2) == 0 => cancel(booking),
        (3, _) => json!({"type": "wait.leave", "id": new_id(), "drop": few.0, "sku": few.1}),
        (4, Some(booking)) => cancel(booking),
        _ => {
            let mut more = book(&plenty.0, &plenty.1);
            more["qty"] = json!(1 + chance.below(3));
            more
        }
    }
}

/// Asks everything again with its ids: what was answered must be answered the same, as a replay;
/// what was not must be answered now. Gives how many answers had been acknowledged.
pub async fn ask_again(to: SocketAddr, stories: Vec<Story>, report: &mut Report) -> Result<usize> {
    let acknowledged = stories.iter().flat_map(|story| &story.asked);
    let acknowledged = acknowledged.filter(|one| one.answer.is_some()).count();
    for story in &stories {
        for fault in &story.faults {
            report.lie(fault.clone());
        }
    }
    let lies = each(stories, |story| async move { again(to, story).await }).await?;
    lies.into_iter().flatten().for_each(|lie| report.lie(lie));
    Ok(acknowledged)
}

async fn again(to: SocketAddr, story: Story) -> Result<Vec<String>> {
    let mut client = Client::connect(to, Some(&story.token), None).await?;
    let mut lies = Vec::new();
    for Asked { request, answer } in story.asked {
        let now = client.ask_until_known(&request, |_| {}).await?;
        match answer {
            Some(first)
                // What a node refused by what it knew may be answered otherwise by now.
                if !may_be_asked_again(&first)
                    && !from_memory(&first)
                    && (now["replayed"] != true || essence(&first) != essence(&now)) =>
            {
                lies.push(format!("acknowledged {first}, after the restart {now}"));
            }
            None if now["type"] == "unknown" || now["code"] == "rate_limited" => {
                bail!("no answer even now: {now}");
            }
            Some(_) | None => {}
        }
    }
    client.settle(|_| {}).await?;
    lies.append(&mut client.faults);
    Ok(lies)
}
