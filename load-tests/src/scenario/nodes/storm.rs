//! Bookings at several nodes while something is done to them or to what they share; then everything
//! that was told is held against what every node has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use lapak::gateway::auth::Role;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::customer::{Customer, Seen, drops_of};
use super::street::Street;
use crate::Report;
use crate::client::{book, from_memory, new_id};
use crate::journal::Record;
use crate::report::count;
use crate::scenario::flash_drop::essence;
use crate::scenario::load::{Asked, Story};
use crate::scenario::{Chance, each, host};
use crate::stage::Ground;

/// Units of the drop that has few.
pub(super) const FEW: u32 = 10;
/// Requests of one customer: as many as may be made at once.
const REQUESTS: usize = 5;
/// Viewers who stay from the beginning to the end.
const WATCHERS: usize = 24;

/// A drop and its SKU.
type Shelf = (String, String);

/// Customers and viewers at work.
pub(super) struct Storm {
    going: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    over: watch::Sender<Option<Seen>>,
    slots: JoinSet<Result<Vec<Customer>>>,
    watchers: JoinSet<Result<Customer>>,
    few: Shelf,
}

/// The SKUs of a storm.
pub(super) const SKUS: [(&str, Option<u32>); 2] = [("PLENTY", Some(900_000)), ("FEW", Some(FEW))];

impl Storm {
    /// Opens two drops; so many customers at a time begin, and when one is done the next comes.
    pub(super) async fn begin(street: &Street, customers: usize, name: &str) -> Result<Self> {
        let mut shelves = Vec::new();
        let door = street.doors.any(&mut Chance::new(1)).context("no node")?;
        let mut host = host(&street.ground, door, "host").await?;
        for (sku, _) in SKUS {
            let opened = host.done(json!({"type": "drop.open", "sku": sku})).await?;
            let drop = opened["drop"].as_str().context("no drop")?;
            shelves.push((drop.to_owned(), sku.to_owned()));
        }
        let few = shelves.pop().context("no drop")?;
        let plenty = shelves.pop().context("no drop")?;
        let (over, until) = watch::channel(None);
        let mut storm = Self {
            going: Arc::new(AtomicBool::new(true)),
            done: Arc::default(),
            over,
            slots: JoinSet::new(),
            watchers: JoinSet::new(),
            few: few.clone(),
        };
        for number in 0..WATCHERS {
            let token = street
                .ground
                .token(Role::Viewer, &format!("{name}-watch-{number}"))?;
            let seed = u64::try_from(number)? + 900;
            let mut customer = Customer::new(token, street.doors.clone(), seed);
            let until = until.clone();
            storm.watchers.spawn(async move {
                customer.watch(until).await?;
                Ok(customer)
            });
        }
        for slot in 0..customers {
            let tokens = tokens(&street.ground, &format!("{name}-{slot}"))?;
            let (going, done) = (Arc::clone(&storm.going), Arc::clone(&storm.done));
            let (doors, plenty, few) = (street.doors.clone(), plenty.clone(), few.clone());
            storm.slots.spawn(async move {
                let mut all = Vec::new();
                for (number, token) in tokens.into_iter().enumerate() {
                    if !going.load(Ordering::Relaxed) {
                        break;
                    }
                    let seed = u64::try_from(slot * 1_000 + number)?;
                    let mut customer = Customer::new(token, doors.clone(), seed);
                    buy(
                        &mut customer,
                        &plenty,
                        &few,
                        Chance::new(seed + 7),
                        &going,
                        &done,
                    )
                    .await?;
                    all.push(customer);
                }
                Ok(all)
            });
        }
        Ok(storm)
    }

    /// How many answers there were so far.
    pub(super) fn answered(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until so many more answers were given.
    pub(super) async fn until_more(&self, more: usize) -> Result<()> {
        let goal = self.answered() + more;
        let began = std::time::Instant::now();
        while self.answered() < goal {
            anyhow::ensure!(
                began.elapsed() < Duration::from_mins(1),
                "nobody is answered any more"
            );
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Lets everybody finish, and holds what they were told against what every node has.
    pub(super) async fn end(mut self, street: &Street, report: &mut Report) -> Result<()> {
        self.going.store(false, Ordering::Relaxed);
        let mut customers = Vec::new();
        while let Some(slot) = self.slots.join_next().await {
            match slot? {
                Ok(all) => customers.extend(all),
                Err(error) => report.lie(format!("a customer gave up: {error:#}")),
            }
        }
        street.until_following().await?;
        let entries = street.until_equal(report).await?;
        street.until_shown_equal(report).await?;
        let record = Record::read(&street.node(0)?.state)?;
        for fault in &record.faults {
            report.lie(format!("journal: {fault}"));
        }
        let shown = street.shown().await?;
        let truth = drops_of(shown.first().context("no node")?);
        report.check(truth.len() >= SKUS.len(), || {
            format!("drops are not shown: {shown:?}")
        });
        self.over.send_replace(Some(truth));
        let (mut moves, mut behind, mut again) = (0, 0, 0);
        while let Some(watcher) = self.watchers.join_next().await {
            match watcher? {
                Ok(watcher) => {
                    (moves, behind) = (moves + watcher.moves, behind + watcher.behind);
                    for fault in watcher.story().faults {
                        report.lie(format!("a viewer: {fault}"));
                    }
                }
                Err(error) => report.lie(format!("a viewer gave up: {error:#}")),
            }
        }
        for customer in &customers {
            (moves, behind) = (moves + customer.moves, behind + customer.behind);
            again += customer.again;
        }
        let stories: Vec<Story> = customers.into_iter().map(Customer::story).collect();
        let (told, held) = compare(&record, &stories, report);
        let few: uuid::Uuid = self.few.0.parse()?;
        let (booked, released) = record.units_of(few.as_u128());
        report.check(booked.saturating_sub(released) <= u64::from(FEW), || {
            format!("{booked} booked and {released} given back of {FEW}")
        });
        let told_again = each(stories, |story| ask_again(street, story)).await?;
        told_again
            .into_iter()
            .flatten()
            .for_each(|lie| report.lie(lie));
        report.figure("answers, each asked again at the end", count(told), "");
        report.figure("  of them held", count(held), "");
        report.figure(
            "requests sent again before there was an answer",
            count(again),
            "",
        );
        report.figure("lines that moved to another node", count(moves), "");
        report.figure("  welcomed by a node that was behind", count(behind), "");
        report.figure("entries in each journal", count(entries), "");
        Ok(())
    }
}

/// Asks everything that was answered again, at any node: the answer is the same.
async fn ask_again(street: &Street, story: Story) -> Result<Vec<String>> {
    let seed = u64::try_from(story.asked.len())? + 3;
    let mut customer = Customer::new(story.token, street.doors.clone(), seed);
    let mut lies = story.faults;
    for Asked { request, answer } in story.asked {
        // What was refused from memory may be answered otherwise by now.
        let Some(first) = answer.filter(|answer| !from_memory(answer)) else {
            continue;
        };
        let now = customer.ask(request).await?;
        if now["replayed"] != true || essence(&first) != essence(&now) {
            lies.push(format!("told {first}, and asked again {now}"));
        }
    }
    lies.extend(customer.story().faults);
    Ok(lies)
}

/// Enough customers, one after the other, for any storm.
fn tokens(ground: &Ground, name: &str) -> Result<Vec<String>> {
    (0..400)
        .map(|n| ground.token(Role::Viewer, &format!("{name}-{n}")))
        .collect()
}

async fn buy(
    customer: &mut Customer,
    plenty: &Shelf,
    few: &Shelf,
    mut chance: Chance,
    going: &AtomicBool,
    done: &AtomicUsize,
) -> Result<()> {
    let mut held: Option<String> = None;
    for step in 0..REQUESTS {
        if !going.load(Ordering::Relaxed) {
            break;
        }
        sleep(Duration::from_millis(chance.below(80))).await;
        let request = match (step, &held) {
            (1, _) => book(&few.0, &few.1),
            (3, Some(booking)) => json!({"type": "cancel", "id": new_id(), "booking": booking}),
            _ => book(&plenty.0, &plenty.1),
        };
        let answer = customer.ask(request).await?;
        if let Some(booking) = answer["booking"].as_str() {
            held = Some(booking.to_owned());
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Every answer is what the journal has; gives how many there were, and how many held.
fn compare(record: &Record, stories: &[Story], report: &mut Report) -> (usize, usize) {
    let outcomes = record.outcomes();
    let (mut told, mut held) = (0, 0);
    for asked in stories.iter().flat_map(|story| &story.asked) {
        let Some(answer) = &asked.answer else {
            continue;
        };
        told += 1;
        let id: Option<uuid::Uuid> = asked.request["id"].as_str().and_then(|id| id.parse().ok());
        let decided = id.and_then(|id| outcomes.get(&id.as_u128()));
        let good = answer["type"] != "refused";
        held += usize::from(answer["type"] == "held");
        let fits = match decided {
            Some(outcome) => outcome.is_ok() == good,
            None => from_memory(answer),
        };
        report.check(fits, || {
            format!("told {answer}, the journal has {decided:?}")
        });
    }
    (told, held)
}
