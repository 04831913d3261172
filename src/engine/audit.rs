//! Folds the whole journal again, from its first entry, and compares: with what each decision
//! said it left behind, with the invariants of D.8, and with the state a restart would have.
//! Reads only, so it also runs beside a server.

mod astray;
mod report;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::Path;

use super::store::{Error, Fold, Kept, Loaded, Reader, Store, Whole};
use crate::domain::id::RequestId;
use crate::domain::{Decision, Shop, ShopId};
use crate::journal::{Partition, Position};
pub use astray::{ASTRAY, Astray, Few, Revoked, astray};
pub use report::{Before, Difference, Report, Units};
use tally::Tally;

/// Audits the journal in a state directory. An error means that it could not be read at all;
/// everything that is wrong in it is in the report. What was trimmed is taken on trust.
pub fn audit(dir: &Path) -> Result<Report, Error> {
    let reader = Store::reader(dir)?;
    let mut report = Report::default();
    for partition in Partition::all() {
        Audit::new(&reader, partition, &mut report)?.finish()?;
    }
    Ok(report)
}

/// A partition's shops as they were after an entry, folded from the first one.
pub struct Folding<'a> {
    whole: Whole<'a>,
    fold: Fold,
}

impl<'a> Folding<'a> {
    /// Starts before the first entry.
    pub fn new(reader: &'a Reader, partition: Partition) -> Result<Self, Error> {
        Ok(Self {
            whole: Whole::new(reader, partition)?,
            fold: Fold::new(partition, HashMap::new()),
        })
    }

    /// After which entry others are wanted that were trimmed; none if the journal has the rest.
    pub fn wants(&self) -> Option<Position> {
        self.whole.wants()
    }

    /// Takes entries that were trimmed and kept elsewhere.
    pub fn feed(&mut self, kept: &[Kept]) -> Result<(), Error> {
        let fold = &mut self.fold;
        self.whole.feed(kept, |position, shop, decision| {
            fold.replay(position, shop, &decision)
        })
    }

    /// The shops after the entry at `until`.
    pub fn until(self, until: Position) -> Result<HashMap<ShopId, Shop>, Error> {
        let mut fold = self.fold;
        self.whole.rest(|position, shop, decision| {
            if position > until {
                return Ok(());
            }
            fold.replay(position, shop, &decision)
        })?;
        Ok(fold.into_shops())
    }
}

/// The audit of one partition. What was trimmed may be given to it first.
pub struct Audit<'a> {
    partition: Partition,
    whole: Whole<'a>,
    /// What a restart would have, unless the journal is damaged.
    loaded: Option<Loaded>,
    facts: Facts<'a>,
}

/// What entries have said so far.
struct Facts<'a> {
    partition: Partition,
    report: &'a mut Report,
    fold: Fold,
    /// None if entries from the first on are not there to be counted.
    tallies: Option<HashMap<ShopId, Tally>>,
    position: Position,
}

impl<'a> Audit<'a> {
    /// Reads what a restart would have. A server that runs goes on meanwhile; the fold then stops
    /// where this has stopped.
    pub fn new(
        reader: &'a Reader,
        partition: Partition,
        report: &'a mut Report,
    ) -> Result<Self, Error> {
        let mut facts = Facts {
            partition,
            report,
            fold: Fold::new(partition, HashMap::new()),
            tallies: Some(HashMap::new()),
            position: Position::START,
        };
        let whole = Whole::new(reader, partition)?;
        let loaded = match reader.load(partition) {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                facts.damaged(error)?;
                None
            }
        };
        Ok(Self {
            partition,
            whole,
            loaded,
            facts,
        })
    }

    /// After which entry others are wanted that were trimmed; none if the journal has the rest.
    pub fn wants(&self) -> Option<Position> {
        self.whole.wants()
    }

    /// Takes entries that were trimmed and kept in the ledger. What is not what was trimmed is a
    /// finding; then nothing more is to be fed.
    pub fn feed(&mut self, kept: &[Kept]) -> Result<bool, Error> {
        let Self { whole, facts, .. } = self;
        match whole.feed(kept, |at, shop, decision| facts.entry(at, shop, &decision)) {
            Ok(()) => Ok(true),
            Err(error) => {
                facts.damaged(error)?;
                Ok(false)
            }
        }
    }

    /// Folds the journal's own entries and compares.
    pub fn finish(mut self) -> Result<(), Error> {
        self.begin()?;
        let Self {
            partition,
            whole,
            loaded,
            mut facts,
        } = self;
        let until = loaded.as_ref().map(|loaded| loaded.position);
        let folded = whole.rest(|position, shop, decision| {
            if until.is_some_and(|until| position > until) {
                return Ok(());
            }
            facts.entry(position, shop, &decision)
        });
        let whole = folded.is_ok();
        if let Err(error) = folded {
            facts.damaged(error)?;
        }
        let Facts {
            report,
            fold,
            tallies,
            position,
            ..
        } = facts;
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
                if let Some(tally) = tallies.as_ref().and_then(|tallies| tallies.get(id)) {
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

    /// Says how what was trimmed is proved; by the older snapshot, if it was not given.
    fn begin(&mut self) -> Result<(), Error> {
        let (until, entries) = self.whole.floor();
        let mut from = None;
        if self.whole.wants().is_some() {
            let Some((position, shops)) = self.whole.skip()? else {
                // Without a snapshot nothing could be loaded either, which was said.
                return Ok(());
            };
            self.facts.fold = Fold::new(self.partition, shops);
            self.facts.tallies = None;
            (self.facts.position, from) = (position, Some(position));
        }
        if entries > 0 {
            self.facts
                .report
                .trimmed(self.partition, until, entries, from);
        }
        Ok(())
    }
}

impl Facts<'_> {
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
        if let Some(tallies) = &mut self.tallies {
            let tally = tallies.entry(shop.clone()).or_default();
            tally.entry(decision, finding);
        }
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
            Error::Trimmed { partition, until } => {
                let what = "what comes after it is not there to start from".to_owned();
                self.report.find(partition, until, None, "journal", what);
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
