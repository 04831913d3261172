//! What was really decided: the journal read back, folded from its first entry, and compared
//! with what the server would start from.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use lapak::domain::shop::Outcome;
use lapak::domain::{CustomerId, Decision, Event, Shop, ShopId};
use lapak::engine::store::Store;
use lapak::journal::{Partition, Position};

use crate::stage::SHOP;

/// The record of the scenarios' shop.
#[derive(Debug, Default)]
pub struct Record {
    /// Every decision with its position, in order.
    pub decisions: Vec<(Position, Decision)>,
    /// The shop after all of them.
    pub shop: Shop,
    /// What does not fit: request ids decided twice, invariants, a snapshot of another state.
    pub faults: Vec<String>,
}

impl Record {
    /// Reads a state folder, also beside a server that runs.
    pub fn read(state: &Path) -> Result<Self> {
        let id = ShopId::new(SHOP)?;
        let partition = Partition::of(&id);
        let reader = Store::reader(state)?;
        let mut record = Self::default();
        reader.replay(partition, |position, shop, decision| {
            if shop == id {
                record.take(position, decision);
            }
            Ok(())
        })?;
        for violation in record.shop.violations() {
            record.faults.push(violation.to_string());
        }
        let loaded = reader.load(partition)?;
        let last = record.decisions.last().map(|(position, _)| *position);
        let same_end = last == Some(loaded.position);
        if same_end && loaded.shops.get(&id) != Some(&record.shop) {
            record
                .faults
                .push("a restart would begin with another state".into());
        }
        record.check_keys();
        Ok(record)
    }

    fn take(&mut self, position: Position, decision: Decision) {
        if let Err(divergence) = self.shop.replay(&decision) {
            self.faults.push(format!("{position}: {divergence}"));
        }
        self.decisions.push((position, decision));
    }

    fn check_keys(&mut self) {
        let mut seen: HashMap<(&CustomerId, u128), Position> = HashMap::new();
        for (position, decision) in &self.decisions {
            let Some(key) = decision.key else { continue };
            if let Some(first) = seen.insert((&decision.by.name, key.id), *position) {
                let who = &decision.by.name;
                self.faults.push(format!(
                    "a request of {who} is decided at {first} and {position}"
                ));
            }
        }
    }

    /// The outcome of every request by its id.
    pub fn outcomes(&self) -> HashMap<u128, &Outcome> {
        let keyed = self.decisions.iter();
        keyed
            .filter_map(|(_, d)| Some((d.key?.id, &d.outcome)))
            .collect()
    }

    /// Units that were booked of a drop, and units that were given back.
    pub fn units_of(&self, drop: u128) -> (u64, u64) {
        let events = self.decisions.iter().flat_map(|(_, d)| &d.events);
        events.fold((0, 0), |(booked, released), event| match event {
            Event::Booked { drop: of, qty, .. } if of.0 == drop => {
                (booked + u64::from(*qty), released)
            }
            Event::Released { drop: of, qty, .. } if of.0 == drop => {
                (booked, released + u64::from(*qty))
            }
            _ => (booked, released),
        })
    }
}
