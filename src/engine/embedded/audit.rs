//! Folds the whole journal again, from its first entry, and compares: with what each decision
//! said it left behind, with the invariants of D.8, and with the state a restart would have.
//! Reads only, so it also runs beside a server.

mod report;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use super::store::{Error, Fold, Loaded, Reader, Store};
use crate::domain::id::RequestId;
use crate::domain::{Decision, Shop, ShopId};
use crate::journal::{Partition, Position};
pub use report::{Difference, Report, Units};
use tally::Tally;

/// Audits the journal in a state directory. An error means that it could not be read at all;
/// everything that is wrong in it is in the report.
pub fn audit(dir: &Path) -> Result<Report, Error> {
    let reader = Store::reader(dir)?;
    let mut report = Report::default();
    for partition in Partition::all() {
        Audit::new(&reader, partition, &mut report).run()?;
    }
    Ok(report)
}

/// A partition's shops as they were after an entry, folded from the first one.
pub fn fold_until(
    dir: &Path,
    partition: Partition,
    until: Position,
) -> Result<HashMap<ShopId, Shop>, Error> {
    let reader = Store::reader(dir)?;
    let mut fold = Fold::new(partition, HashMap::new());
    reader.replay(partition, |position, shop, decision| {
        if position > until {
            return Ok(());
        }
        fold.replay(position, shop, &decision)
    })?;
    Ok(fold.into_shops())
}

/// The audit of one partition.
struct Audit<'a> {
    reader: &'a Reader,
    partition: Partition,
    report: &'a mut Report,
    fold: Fold,
    tallies: HashMap<ShopId, Tally>,
    position: Position,
}

impl<'a> Audit<'a> {
    fn new(reader: &'a Reader, partition: Partition, report: &'a mut Report) -> Self {
        Self {
            reader,
            partition,
            report,
            fold: Fold::new(partition, HashMap::new()),
            tallies: HashMap::new(),
            position: Position::START,
        }
    }

    fn run(mut self) -> Result<(), Error> {
        // First what a restart would have: a server that runs goes on meanwhile, and the fold
        // then stops where this has stopped.
        let loaded = match self.reader.load(self.partition) {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                self.damaged(error)?;
                None
            }
        };
        let until = loaded.as_ref().map(|loaded| loaded.position);
        let (reader, partition) = (self.reader, self.partition);
        let folded = reader.replay(partition, |position, shop, decision| {
            if until.is_some_and(|until| position > until) {
                return Ok(());
            }
            self.entry(position, shop, &decision)
        });
        let whole = folded.is_ok();
        if let Err(error) = folded {
            self.damaged(error)?;
        }
        let Self {
            report,
            fold,
            tallies,
            position,
            ..
        } = self;
        let shops = fold.into_shops();
        let mut finding = |shop: Option<&ShopId>, check: &str, found: String| {
            report.find(partition, position, shop, check, found);
        };
        for (id, shop) in &shops {
            // A fold that broke off has left its last shop half-way.
            if whole {
                for violation in shop.violations() {
                    finding(Some(id), violation.invariant, violation.found);
                }
                if let Some(tally) = tallies.get(id) {
                    tally.close(shop, |check, found| finding(Some(id), check, found));
                }
            }
        }
        if let Some(loaded) = loaded.filter(|_| whole) {
            compare(&shops, loaded, finding);
        }
        for shop in shops.values() {
            report.count(shop);
        }
        Ok(())
    }

    fn entry(
        &mut self,
        position: Position,
        shop: ShopId,
        decision: &Decision,
    ) -> Result<(), Error> {
        self.position = position;
        self.report.entries += 1;
        self.report.refusals += u64::from(decision.outcome.is_err());
        let (partition, report) = (self.partition, &mut *self.report);
        let mut finding = |check: &str, found| {
            report.find(partition, position, Some(&shop), check, found);
        };
        if let (Some(key), Some(state)) = (decision.key, self.fold.shop(&shop))
            && state
                .answers
                .contains_key(&(decision.by.name.clone(), RequestId(key.id)))
        {
            let who = &decision.by.name;
            finding(
                "I-11",
                format!("{who}'s request {:032x} is decided twice", key.id),
            );
        }
        let tally = self.tallies.entry(shop.clone()).or_default();
        tally.entry(decision, finding);
        self.fold.replay(position, shop, decision)
    }

    /// Damage is a finding; that the journal cannot be read is not.
    fn damaged(&mut self, error: Error) -> Result<(), Error> {
        match error {
            Error::Damaged {
                partition,
                position,
                what,
            } => {
                self.report.find(partition, position, None, "journal", what);
                Ok(())
            }
            other => Err(other),
        }
    }
}

/// Compares the fold with what a restart would have.
fn compare(
    folded: &HashMap<ShopId, Shop>,
    loaded: Loaded,
    mut finding: impl FnMut(Option<&ShopId>, &str, String),
) {
    for what in loaded.passed_over {
        finding(None, "snapshot", what);
    }
    for (id, shop) in folded {
        match loaded.shops.get(id) {
            None => finding(
                Some(id),
                "restart",
                "would be missing after a restart".into(),
            ),
            Some(other) if other != shop => {
                let parts = differing(shop, other).join(", ");
                let found = format!("would be another after a restart: {parts}");
                finding(Some(id), "restart", found);
            }
            Some(_) => {}
        }
    }
    for id in loaded.shops.keys().filter(|id| !folded.contains_key(*id)) {
        finding(
            Some(id),
            "restart",
            "would be there after a restart, without an entry".into(),
        );
    }
}

/// The parts of two states that differ.
fn differing(one: &Shop, other: &Shop) -> Vec<&'static str> {
    let parts = [
        ("time", one.now == other.now),
        ("settings", one.settings == other.settings),
        ("skus", one.skus == other.skus),
        ("lives", one.lives == other.lives),
        ("drops", one.drops == other.drops),
        ("bookings", one.bookings == other.bookings),
        ("customers", one.customers == other.customers),
        ("answers", one.answers == other.answers),
    ];
    let differ: Vec<_> = parts
        .iter()
        .filter(|(_, same)| !same)
        .map(|(name, _)| *name)
        .collect();
    if differ.is_empty() {
        vec!["indexes"]
    } else {
        differ
    }
}
