//! A shop: its whole state, and the one place where requests are decided.
//!
//! Deciding is *check, then emit*: a rule reads the state, refuses or goes on, and from then on
//! only emits events; each is applied at once, so that later steps of the same decision (a
//! release that feeds a waiter) see it. What is released is promoted before the decision ends.

mod apply;
mod booking;
mod draft;
mod drops;
mod follow_up;
mod orders;
mod people;
mod read;
mod release;
mod restore;
mod skus;
mod stock;
mod time;
mod verify;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::answer::Answer;
use super::booking::Booking;
use super::command::{Actor, CommandName, Request, RequestKey};
use super::count::Count;
use super::customer::Customer;
use super::drop::Drop;
use super::event::Event;
use super::id::{BookingId, CustomerId, DropId, LiveId, OrderId, PaymentId, RequestId, SkuId};
use super::live::Live;
use super::many::Many;
use super::order::{Checkout, Order, OrderState};
use super::payment::Payment;
use super::rejection::Rejection;
use super::rising::Rising;
use super::settings::Settings;
use super::sku::Sku;
use super::time::{ANSWER_AHEAD_MS, ANSWER_KEPT_MS, Millis};
use draft::{Draft, Touched};
use indexmap::Equivalent;
pub use read::parts;
pub use time::Due;
pub use verify::Violation;

/// What a request came to: accepted with an answer, or refused with a reason.
pub type Outcome = Result<Answer, Rejection>;

/// All that is true of one shop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shop {
    /// The time of the last decision; time never runs backwards here.
    pub now: Millis,
    /// What the shop has set.
    pub settings: Arc<Settings>,
    /// Its SKUs.
    pub skus: Many<SkuId, Sku>,
    /// Its lives.
    pub lives: BTreeMap<LiveId, Live>,
    /// Its drops, also settled ones.
    pub drops: BTreeMap<DropId, Drop>,
    /// Its bookings: held ones, and ended ones for as long as answers are kept.
    pub bookings: Many<BookingId, Booking>,
    /// Its customers.
    pub customers: Many<CustomerId, Customer>,
    /// Its checkouts: open ones, and left ones for as long as answers are kept.
    pub checkouts: BTreeMap<OrderId, Checkout>,
    /// Its orders: open ones, and those that are over for 30 days.
    pub orders: BTreeMap<OrderId, Order>,
    /// What gateways have told, for as long as the order is kept, and what names no order.
    pub payments: BTreeMap<PaymentId, Payment>,
    /// Answers by caller and request id, oldest first: they are only ever added at the end and
    /// forgotten from the front.
    pub answers: Many<(CustomerId, RequestId), Kept>,
    /// The next waitlist ticket.
    pub next_ticket: u64,
    /// What becomes due, soonest first.
    due: Rising<(Millis, Due)>,
    /// Drops that somebody waits for.
    waited: BTreeSet<DropId>,
    /// Drops that have ended and are not settled.
    ending: BTreeSet<DropId>,
    /// Orders that were paid too late and wait for units, first come first.
    late: BTreeSet<(Millis, OrderId)>,
    /// Orders that somebody still has to do something for.
    pub open_orders: BTreeSet<OrderId>,
    /// How many orders stand where, of those that are kept.
    pub orders_by_state: BTreeMap<OrderState, u32>,
    /// How many of them money is owed back for.
    pub owing: u32,
    /// Orders that are over, by when that became so.
    orders_by_age: BTreeSet<(Millis, OrderId)>,
    /// Ended bookings by age.
    ended_by_age: VecDeque<(Millis, BookingId)>,
    /// What the decision under way has touched; empty between decisions.
    touched: Touched,
}

/// Under what an answer is kept, for looking it up without a name of one's own.
#[derive(Hash)]
struct Asked<'a>(&'a CustomerId, RequestId);

impl<'a> Asked<'a> {
    fn of(request: &'a Request, key: RequestKey) -> Self {
        Self(&request.by.name, RequestId(key.id))
    }
}

impl Equivalent<(CustomerId, RequestId)> for Asked<'_> {
    fn equivalent(&self, (name, id): &(CustomerId, RequestId)) -> bool {
        self.1 == *id && self.0 == name
    }
}

/// An answer that is kept for its request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The hash of the body it answered.
    pub body: u64,
    /// When it was given.
    pub at: Millis,
    /// The answer or refusal.
    pub outcome: Outcome,
}

/// A decision: what the journal keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// When it was made, by the shop's time.
    pub at: Millis,
    /// Who asked.
    pub by: Actor,
    /// The request id, if there is one.
    pub key: Option<RequestKey>,
    /// What was asked for.
    pub command: CommandName,
    /// What the caller is told.
    pub outcome: Outcome,
    /// What is true now. Empty if refused.
    pub events: Vec<Event>,
    /// The counters of all that was touched.
    pub counts: Vec<Count>,
}

/// What [`Shop::decide`] came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// A new decision, to be kept in the journal.
    Decided(Decision),
    /// The answer this request id got before (D.7 E-15, E-16). Nothing to keep.
    Replayed(Outcome),
    /// The request id itself is no good. Nothing to keep.
    BadId(Rejection),
}

/// A decision of the journal does not fit the state it is applied to.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the fold of the journal differs from what was recorded: {0}")]
pub struct Divergence(pub String);

impl Shop {
    /// Decides a request at `now` (or at the shop's own time, if that is later). What is due by
    /// then must have been decided before: see [`Shop::due`].
    pub fn decide(&mut self, now: Millis, request: &Request) -> Verdict {
        let now = now.max(self.now);
        if let Some(verdict) = self.known(now, request) {
            return verdict;
        }
        let mut draft = Draft::new(self, now, &request.by);
        let outcome = draft.run(&request.command);
        if outcome.is_ok() {
            draft.follow_up();
        }
        let events = draft.into_events();
        debug_assert!(
            outcome.is_ok() || events.is_empty(),
            "a refusal changes nothing"
        );
        let decision = Decision {
            at: now,
            by: request.by.clone(),
            key: request.key,
            command: request.command.name(),
            outcome,
            events,
            counts: self.counts(),
        };
        self.close(&decision);
        Verdict::Decided(decision)
    }

    /// Applies a decision of the journal, and checks that it leaves behind what it says.
    pub fn replay(&mut self, decision: &Decision) -> Result<(), Divergence> {
        for event in &decision.events {
            self.apply(decision.at, event);
        }
        let counts = self.counts();
        self.close(decision);
        if counts == decision.counts {
            Ok(())
        } else {
            Err(Divergence(format!(
                "recorded {:?}, folded {counts:?}",
                decision.counts
            )))
        }
    }

    fn close(&mut self, decision: &Decision) {
        self.now = decision.at;
        if let Some(key) = decision.key {
            let kept = Kept {
                body: key.body,
                at: decision.at,
                outcome: decision.outcome.clone(),
            };
            self.remember(decision.by.name.clone(), key.id, kept);
        }
    }

    fn known(&self, now: Millis, request: &Request) -> Option<Verdict> {
        let key = request.key?;
        if let Some(kept) = self.answers.get(&Asked::of(request, key)) {
            return Some(if kept.body == key.body {
                Verdict::Replayed(kept.outcome.clone())
            } else {
                Verdict::BadId(Rejection::IdempotencyConflict)
            });
        }
        // An id may be minted ahead of the decision, so it must become too old before the answer
        // can have been forgotten, not when its own day is over: else a late retry books twice.
        let fits = minted_at(key.id).is_none_or(|at| {
            at.plus(ANSWER_KEPT_MS - ANSWER_AHEAD_MS) >= now && at <= now.plus(ANSWER_AHEAD_MS)
        });
        (!fits).then_some(Verdict::BadId(Rejection::Invalid("id")))
    }
}

/// The time inside a `UUIDv7`; other UUIDs carry none.
fn minted_at(id: u128) -> Option<Millis> {
    let version = (id >> 76) & 0xf;
    (version == 7).then(|| Millis(u64::try_from(id >> 80).unwrap_or(u64::MAX)))
}
