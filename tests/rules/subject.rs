//! What the scenario tables are played on. A closed list: to add an engine, add a variant and
//! answer the five questions below.

use lapak::domain::shop::{Outcome, Verdict};
use lapak::domain::{Actor, CustomerId, Decision, Millis, Request, Role, Shop, ShopId};

mod embedded;
mod nodes;

use embedded::Embedded;
pub(crate) use nodes::Nodes;

use crate::redis_fixture::Program;

/// What does not hold of a shop (D.8).
pub(crate) fn violations(shop: &Shop) -> Vec<String> {
    let found = shop.violations().into_iter();
    found.map(|v| v.to_string()).collect()
}

/// Something that decides for one shop.
pub(crate) enum Subject {
    /// The rules themselves.
    Domain(Box<Domain>),
    /// The embedded engine, journal and all.
    Embedded(Box<Embedded>),
    /// Two nodes on one Redis.
    Nodes(Box<Nodes>, ShopId),
}

/// The rules, with a journal to start again from.
#[derive(Default)]
pub(crate) struct Domain {
    shop: Shop,
    journal: Vec<Decision>,
}

impl Subject {
    pub(crate) fn domain() -> Self {
        Self::Domain(Box::default())
    }

    pub(crate) fn embedded() -> Self {
        let shop = ShopId::new("toko").unwrap();
        Self::Embedded(Box::new(Embedded::start(shop, super::scenario::START)))
    }

    pub(crate) fn nodes() -> Self {
        let shop = ShopId::new("toko").unwrap();
        Self::Nodes(
            Box::new(Nodes::start(Program::Redis, super::scenario::START)),
            shop,
        )
    }

    /// Lets time come to `now`, so that all that is due has happened.
    pub(crate) fn advance(&mut self, now: Millis) {
        match self {
            Self::Domain(domain) => domain.drain(now),
            Self::Embedded(engine) => engine.advance(now),
            Self::Nodes(nodes, shop) => nodes.advance(shop, now),
        }
    }

    /// Asks at `now`.
    pub(crate) fn submit(&mut self, now: Millis, request: &Request) -> Outcome {
        match self {
            Self::Domain(domain) => {
                domain.drain(now);
                domain.decide(now, request)
            }
            Self::Embedded(engine) => engine.submit(now, request),
            Self::Nodes(nodes, shop) => nodes.submit(shop, now, request),
        }
    }

    /// A snapshot of the shop.
    pub(crate) fn shop(&self) -> Shop {
        match self {
            Self::Domain(domain) => domain.shop.clone(),
            Self::Embedded(engine) => engine.shop(),
            Self::Nodes(nodes, shop) => nodes.shop(shop),
        }
    }

    /// Stops, and starts again from what was kept.
    pub(crate) fn restart(&mut self) {
        match self {
            Self::Domain(domain) => {
                let mut shop = Shop::default();
                for decision in &domain.journal {
                    shop.replay(decision).expect("the journal fits");
                }
                domain.shop = shop;
            }
            Self::Embedded(engine) => engine.restart(),
            Self::Nodes(nodes, _) => nodes.restart(),
        }
    }
}

impl Domain {
    fn drain(&mut self, now: Millis) {
        while let Some(command) = self.shop.due(now) {
            let by = Actor {
                role: Role::System,
                name: CustomerId::new("system").unwrap(),
            };
            let done = self.decide(
                now,
                &Request {
                    by,
                    key: None,
                    command,
                },
            );
            done.expect("what is due can be done");
        }
    }

    fn decide(&mut self, now: Millis, request: &Request) -> Outcome {
        match self.shop.decide(now, request) {
            Verdict::Decided(decision) => {
                let outcome = decision.outcome.clone();
                self.journal.push(decision);
                outcome
            }
            Verdict::Replayed(outcome) => outcome,
            Verdict::BadId(reason) => Err(reason),
        }
    }
}
