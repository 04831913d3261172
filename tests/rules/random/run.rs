//! Runs a program on the real shop and on the model, side by side.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lapak::domain::shop::{Outcome, Verdict};
use lapak::domain::{
    Actor, BookingId, Command, CustomerId, Decision, Event, Millis, OrderState, Request,
    RequestKey, Role, Shop, ShopId,
};

use super::check::Ledger;
use super::program::{Id, Step};
use crate::rules::model::{How, Model, Seen};
use crate::rules::subject::{Nodes, violations};

const START_MS: u64 = 1_700_000_000_000;
/// How often all nodes are compared, and not only the one that was asked last.
const ALL_EVERY: u64 = 8;
/// How often the whole journal is replayed and the state put back.
const EVERY: u64 = 80;

/// What happened in programs that held.
#[derive(Debug, Default, Clone)]
pub(super) struct Run {
    pub(super) steps: u64,
    pub(super) decided: u64,
    pub(super) accepted: u64,
    pub(super) promoted: u64,
    pub(super) expired: u64,
    pub(super) replayed: u64,
    /// Orders by what was reached: placed, paid, finished, late, given up, returned.
    pub(super) orders: BTreeMap<OrderState, u64>,
    pub(super) placed: u64,
}

impl Run {
    pub(super) fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.decided += other.decided;
        self.accepted += other.accepted;
        self.promoted += other.promoted;
        self.expired += other.expired;
        self.replayed += other.replayed;
        self.placed += other.placed;
        for (state, times) in &other.orders {
            *self.orders.entry(*state).or_default() += times;
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} decided, {} accepted, {} promoted, {} expired, {} replayed",
            self.steps, self.decided, self.accepted, self.promoted, self.expired, self.replayed
        )?;
        write!(f, "; {} orders", self.placed)?;
        for (state, times) in &self.orders {
            write!(f, ", {times} {}", state.as_str())?;
        }
        Ok(())
    }
}

/// Runs a program; the error says at which step what was wrong. A panic is an error too.
pub(super) fn run(program: &[Step]) -> Result<Run, String> {
    let mut pair = Pair::default();
    for (i, step) in program.iter().enumerate() {
        let done = catch_unwind(AssertUnwindSafe(|| pair.step(step)));
        let done = done.unwrap_or_else(|panic| Err(format!("panic: {}", words(&*panic))));
        done.map_err(|what| format!("at step {i}: {what}"))?;
    }
    pair.rebuild()?;
    Ok(pair.told)
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The same with nodes beside the shop and the model, as a shop of its own. Their clock does not run
/// backwards, so steps in which it would are left out.
pub(super) fn run_beside(
    program: &[Step],
    nodes: &mut Nodes,
    shop: &ShopId,
    start: Millis,
) -> Result<Run, String> {
    let mut pair = Pair {
        clock: start.0,
        beside: Some((nodes, shop.clone())),
        ..Pair::default()
    };
    for (i, step) in program.iter().enumerate() {
        if !matches!(step, Step::Back(_)) {
            pair.step(step)
                .map_err(|what| format!("at step {i}: {what}"))?;
        }
    }
    pair.compare_journals()?;
    Ok(pair.told)
}

/// The shop and the model.
struct Pair<'a> {
    /// Nodes that are asked the same, under the name of a shop.
    beside: Option<(&'a mut Nodes, ShopId)>,
    shop: Shop,
    model: Model,
    clock: u64,
    asked: HashMap<u64, Request>,
    journal: Vec<Decision>,
    ledger: Ledger,
    told: Run,
}

impl Default for Pair<'_> {
    fn default() -> Self {
        Self {
            beside: None,
            shop: Shop::default(),
            model: Model::default(),
            clock: START_MS,
            asked: HashMap::new(),
            journal: Vec::new(),
            ledger: Ledger::default(),
            told: Run::default(),
        }
    }
}

impl Pair<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        self.told.steps += 1;
        match step {
            Step::Pass(ms) => self.clock += ms,
            Step::Back(ms) => self.clock -= ms,
            Step::Ask { .. } | Step::Cancel { .. } | Step::Order { .. } | Step::Again { .. } => {}
        }
        let before = self.journal.len();
        self.drain()?;
        if let Some((nodes, shop)) = &mut self.beside
            && self.journal.len() > before
        {
            nodes.advance(shop, Millis(self.clock));
        }
        if let Some(request) = self.request(step) {
            let outcome = self.decide(&request)?;
            if let Some((nodes, shop)) = &mut self.beside {
                let told = nodes.submit(shop, Millis(self.clock), &request);
                if told != outcome {
                    let asked = &request.command;
                    return Err(format!(
                        "{asked:?}\n    shop:  {outcome:?}\n    nodes: {told:?}"
                    ));
                }
            }
        }
        if self.beside.is_some() {
            // What a request makes due at once, nodes decide at the end of the same turn.
            self.drain()?;
        }
        self.compare()?;
        if self.told.steps.is_multiple_of(EVERY) {
            self.rebuild()
        } else {
            Ok(())
        }
    }

    fn request(&mut self, step: &Step) -> Option<Request> {
        match step {
            Step::Pass(_) | Step::Back(_) => None,
            Step::Ask {
                serial,
                by,
                id,
                command,
            } => {
                let key = key(*serial, *id, self.clock);
                let command = absolute(command, self.clock);
                let request = Request {
                    by: by.clone(),
                    key,
                    command,
                };
                self.asked.insert(*serial, request.clone());
                Some(request)
            }
            Step::Cancel { serial, nth, qty } => {
                let mut held: Vec<BookingId> = self
                    .shop
                    .drops
                    .values()
                    .flat_map(|d| d.held.iter().copied())
                    .collect();
                held.sort();
                let booking = *held.get(nth % held.len().max(1))?;
                let name = self.shop.bookings.get(&booking).unwrap().customer.clone();
                let by = Actor {
                    role: Role::Viewer,
                    name,
                };
                let key = key(*serial, Id::V7(0), self.clock);
                let request = Request {
                    by,
                    key,
                    command: Command::Cancel { booking, qty: *qty },
                };
                self.asked.insert(*serial, request.clone());
                Some(request)
            }
            Step::Order {
                serial,
                nth,
                other,
                wish,
            } => {
                let (by, command) =
                    super::ordering::command(&self.shop, self.clock, *nth, *other, wish)?;
                let key = key(*serial, Id::V7(0), self.clock);
                let request = Request { by, key, command };
                self.asked.insert(*serial, request.clone());
                Some(request)
            }
            // Shrinking may have taken away what is to be asked again.
            Step::Again { serial, altered } => {
                let mut request = self.asked.get(serial)?.clone();
                if *altered {
                    request.key.as_mut()?.body += 1 << 32;
                }
                Some(request)
            }
        }
    }

    /// Everything that is due is decided first, by the same system command in both.
    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..1_000 {
            let due = self.shop.due(Millis(self.clock));
            let ought = self.model.due(self.clock);
            if due != ought {
                return Err(format!("due: shop {due:?}, model {ought:?}"));
            }
            let Some(command) = due else { return Ok(()) };
            let name = CustomerId::new("system").unwrap();
            let by = Actor {
                role: Role::System,
                name,
            };
            let _ = self.decide(&Request {
                by,
                key: None,
                command,
            })?;
        }
        Err(format!(
            "time stands still: {:?} stays due",
            self.shop.due(Millis(self.clock))
        ))
    }

    fn decide(&mut self, request: &Request) -> Result<Outcome, String> {
        let (how, outcome, decision) = match self.shop.decide(Millis(self.clock), request) {
            Verdict::Decided(d) => (How::Decided, d.outcome.clone(), Some(d)),
            Verdict::Replayed(outcome) => (How::Replayed, outcome, None),
            Verdict::BadId(reason) => (How::BadId, Err(reason), None),
        };
        let ought = self.model.decide(self.clock, request);
        if (how, &outcome) != (ought.0, &ought.1) {
            let asked = &request.command;
            return Err(format!(
                "{asked:?}\n    shop:  {how:?} {outcome:?}\n    model: {ought:?}"
            ));
        }
        self.tell(how, &outcome);
        let Some(decision) = decision else {
            return Ok(outcome);
        };
        self.ledger.fold(&decision)?;
        for event in &decision.events {
            match event {
                Event::Booked { origin, .. } if *origin != lapak::domain::Origin::Tap => {
                    self.told.promoted += 1;
                }
                Event::Released {
                    end: lapak::domain::BookingEnd::Expired,
                    ..
                } => {
                    self.told.expired += 1;
                }
                Event::OrderPlaced(_) => self.told.placed += 1,
                Event::OrderMoved { to, .. } => *self.told.orders.entry(*to).or_default() += 1,
                _ => {}
            }
        }
        self.journal.push(decision);
        Ok(outcome)
    }

    fn tell(&mut self, how: How, outcome: &Outcome) {
        self.told.decided += u64::from(how == How::Decided);
        self.told.accepted += u64::from(how == How::Decided && outcome.is_ok());
        self.told.replayed += u64::from(how == How::Replayed);
    }

    fn compare(&self) -> Result<(), String> {
        if let Some(violation) = violations(&self.shop).first() {
            return Err(format!("violation {violation}"));
        }
        if let Some(waiter) = self.model.eligible_waiter() {
            return Err(format!(
                "I-10: units are free and this waiter could have them: {waiter:?}"
            ));
        }
        self.ledger.compare(&self.shop)?;
        if let Some((nodes, shop)) = &self.beside {
            let all = self.told.steps.is_multiple_of(ALL_EVERY);
            let mut theirs = if all {
                nodes.shop(shop)
            } else {
                nodes.asked(shop)
            };
            // What was asked without a trace has moved their time.
            theirs.now = self.shop.now;
            if theirs != self.shop {
                return Err(format!(
                    "nodes have another state:\n{theirs:?}\n{:?}",
                    self.shop
                ));
            }
        }
        match Seen::of_shop(&self.shop).differs(&Seen::of_model(&self.model)) {
            Some(difference) => Err(format!("different state{difference}")),
            None => Ok(()),
        }
    }

    /// Every node's journal has the decisions of the shop, each as it was made.
    fn compare_journals(&self) -> Result<(), String> {
        let Some((nodes, shop)) = &self.beside else {
            return Ok(());
        };
        // Until every node has come to the end.
        let _ = nodes.shop(shop);
        let kept = |decision: &&Decision| decision.outcome.is_ok() || decision.key.is_some();
        let ours: Vec<&Decision> = self.journal.iter().filter(kept).collect();
        for theirs in nodes.decisions(shop) {
            let differ = ours.iter().zip(&theirs).position(|(a, b)| **a != *b);
            if let Some(at) = differ {
                return Err(format!("entry {at}:\n{:?}\n{:?}", ours[at], theirs[at]));
            }
            if ours.len() != theirs.len() {
                return Err(format!(
                    "{} entries, a node has {}",
                    ours.len(),
                    theirs.len()
                ));
            }
        }
        Ok(())
    }

    /// A replay of the journal, and a state put back from its parts, are the state itself.
    fn rebuild(&self) -> Result<(), String> {
        let mut replayed = Shop::default();
        for decision in &self.journal {
            replayed
                .replay(decision)
                .map_err(|e| format!("replay: {e}"))?;
        }
        if replayed != self.shop {
            return Err(format!("replayed differs:\n{replayed:?}\n{:?}", self.shop));
        }
        let back = super::check::put_back(&self.shop);
        if back != self.shop {
            return Err(format!("put back differs:\n{back:?}\n{:?}", self.shop));
        }
        Ok(())
    }
}

fn key(serial: u64, id: Id, clock: u64) -> Option<RequestKey> {
    let number = u128::from(serial);
    let id = match id {
        Id::None => return None,
        Id::V4 => (4 << 76) | number,
        Id::V7(offset) => {
            (u128::from(clock.saturating_add_signed(offset)) << 80) | (7 << 76) | number
        }
    };
    Some(RequestKey { id, body: serial })
}

/// Makes the relative times of a command absolute.
fn absolute(command: &Command, clock: u64) -> Command {
    let mut command = command.clone();
    let shift = |at: &mut Option<Millis>| *at = at.map(|at| at.plus(clock));
    match &mut command {
        Command::OpenDrop(spec) => {
            shift(&mut spec.opens_at);
            shift(&mut spec.ends_at);
        }
        Command::ChangeDrop { ends_at, .. } => shift(ends_at),
        Command::Forget { before } => *before = Millis(clock - before.0),
        _ => {}
    }
    command
}
