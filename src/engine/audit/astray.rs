//! Journals that were set aside because the other nodes went on without what they had: where each
//! parts from the journal that holds, and whose bookings and orders do not hold.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Error, Reader, Store};
use crate::domain::{Decision, Event, Shop, ShopId};
use crate::engine::store::Link;
use crate::journal::{Partition, Sealed};

/// What the folders of such journals begin with, in the state folder.
pub const ASTRAY: &str = "astray-";
/// Names of each kind that are listed; all are counted.
const LISTED_MAX: usize = 10;
/// Entries of one step.
const STEP: usize = 2_000;

/// A journal that was set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Astray {
    /// Its folder.
    pub folder: String,
    /// What of it does not hold, by partition.
    pub revoked: Vec<Revoked>,
    /// Why it cannot be read, if it cannot.
    pub unread: Option<String>,
}

/// Entries of a partition that do not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revoked {
    /// The partition.
    pub partition: u16,
    /// The last entry that both journals have, as `epoch:seq`.
    pub after: String,
    /// The last that does not hold.
    pub until: String,
    /// How many do not.
    pub entries: u64,
    /// Bookings that were made in them, and not again since.
    pub bookings: Few,
    /// Orders, likewise.
    pub orders: Few,
    /// Whose requests are among them.
    pub customers: Few,
}

/// How many there are, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Few {
    /// All.
    pub count: u64,
    /// At most ten.
    pub first: Vec<String>,
}

impl Few {
    fn of(names: &BTreeSet<String>) -> Self {
        Self {
            count: names.len() as u64,
            first: names.iter().take(LISTED_MAX).cloned().collect(),
        }
    }
}

/// Looks at every journal that was set aside in a state folder, beside the one that holds.
pub fn astray(dir: &Path) -> Result<Vec<Astray>, Error> {
    let holds = Store::reader(dir)?;
    let all = folders(dir).into_iter().map(|folder| {
        let name = folder.file_name().unwrap_or_default();
        let mut found = Astray {
            folder: name.to_string_lossy().into_owned(),
            ..Astray::default()
        };
        match all_revoked(&holds, &folder) {
            Ok(revoked) => found.revoked = revoked,
            Err(error) => found.unread = Some(error.to_string()),
        }
        found
    });
    Ok(all.collect())
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(ASTRAY));
    let mut folders: Vec<_> = named.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn all_revoked(holds: &Reader, folder: &Path) -> Result<Vec<Revoked>, Error> {
    let aside = Store::reader(folder)?;
    let all = Partition::all().map(|partition| revoked(holds, &aside, partition));
    all.filter_map(Result::transpose).collect()
}

fn revoked(holds: &Reader, aside: &Reader, partition: Partition) -> Result<Option<Revoked>, Error> {
    let (after, first) = parting(holds, aside, partition)?;
    if first.is_empty() {
        return Ok(None);
    }
    let shops = holds.load(partition)?.shops;
    let (mut told, mut at, mut some) = (Told::default(), after, first);
    while let Some(last) = some.last() {
        at = link(last);
        for one in &some {
            told.entry(&shops, &one.entry.shop, &one.entry.decision);
        }
        some = after_link(aside, partition, at)?;
    }
    Ok(Some(Revoked {
        partition: partition.0,
        after: after.position.to_string(),
        until: at.position.to_string(),
        entries: told.entries,
        bookings: Few::of(&told.bookings),
        orders: Few::of(&told.orders),
        customers: Few::of(&told.customers),
    }))
}

/// The last entry that both have, and some entries behind it. What was trimmed of the one that holds
/// is in the ledger, and so on every node.
fn parting(
    holds: &Reader,
    aside: &Reader,
    partition: Partition,
) -> Result<(Link, Vec<Sealed>), Error> {
    let begins = aside.begins(partition)?;
    let mut at = Link {
        position: begins.after,
        crc: begins.crc,
    };
    loop {
        let mut some = after_link(aside, partition, at)?;
        match some.last().map(link) {
            None => return Ok((at, some)),
            // A checksum stands for all that was before it.
            Some(last) if has(holds, partition, last)? => at = last,
            Some(_) => {
                let mut both = 0;
                for one in &some {
                    if !has(holds, partition, link(one))? {
                        break;
                    }
                    (at, both) = (link(one), both + 1);
                }
                some.drain(..both);
                return Ok((at, some));
            }
        }
    }
}

fn has(holds: &Reader, partition: Partition, link: Link) -> Result<bool, Error> {
    match holds.link(partition, link.position) {
        Ok(found) => Ok(found == link),
        Err(Error::Trimmed { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

fn link(one: &Sealed) -> Link {
    Link {
        position: one.entry.position,
        crc: one.crc,
    }
}

fn after_link(aside: &Reader, partition: Partition, at: Link) -> Result<Vec<Sealed>, Error> {
    let found = aside.sealed(partition, at.position, at.crc, STEP)?;
    Ok(found.unwrap_or_default())
}

/// What is told of entries that do not hold.
#[derive(Default)]
struct Told {
    entries: u64,
    bookings: BTreeSet<String>,
    orders: BTreeSet<String>,
    customers: BTreeSet<String>,
}

impl Told {
    fn entry(&mut self, shops: &HashMap<ShopId, Shop>, id: &ShopId, decision: &Decision) {
        self.entries += 1;
        let shop = shops.get(id);
        for event in &decision.events {
            match event {
                Event::Booked {
                    booking, customer, ..
                } if !shop.is_some_and(|shop| shop.bookings.contains_key(booking)) => {
                    self.bookings.insert(format!("{id} {booking}"));
                    self.customers.insert(format!("{id} {customer}"));
                }
                Event::OrderPlaced(placed)
                    if !shop.is_some_and(|shop| shop.orders.contains_key(&placed.order)) =>
                {
                    self.orders.insert(format!("{id} {}", placed.order));
                    self.customers.insert(format!("{id} {}", placed.customer));
                }
                _ => {}
            }
        }
        if decision.key.is_some() {
            self.customers.insert(format!("{id} {}", decision.by.name));
        }
    }
}

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.unread {
            return writeln!(f, "{}: set aside; it cannot be read: {why}", self.folder);
        }
        if self.revoked.is_empty() {
            return writeln!(f, "{}: set aside; all of it holds", self.folder);
        }
        for one in &self.revoked {
            writeln!(
                f,
                "{}: partition {}: {} entries after {} up to {} do not hold",
                self.folder, one.partition, one.entries, one.after, one.until
            )?;
            for (what, few) in [
                ("bookings", &one.bookings),
                ("orders", &one.orders),
                ("customers", &one.customers),
            ] {
                let more = few.count - few.first.len() as u64;
                write!(f, "  {:<9} {:>6}", what, few.count)?;
                for name in &few.first {
                    write!(f, "  {name}")?;
                }
                writeln!(f, "{}", if more > 0 { "  …" } else { "" })?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::codec;
    use crate::engine::program::Program;
    use crate::engine::store::Row;
    use crate::journal::Position;

    /// Writes decisions as a journal that begins with an epoch's first entry.
    fn write(dir: &Path, shop: &ShopId, decisions: &[Decision], from: Position) {
        let (partition, mut position) = (Partition::of(shop), from);
        let mut store = Store::open(dir).unwrap();
        for decision in decisions {
            position = position.next();
            let mut payload = Vec::new();
            codec::encode_entry(shop, decision, &mut payload);
            let row = Row {
                partition,
                position,
                payload: &payload,
            };
            store.append(&[row]).unwrap();
        }
    }

    fn program() -> Program {
        let mut program = Program::new(3);
        (0..300).for_each(|_| program.step());
        program
    }

    /// The other nodes went on without the first booking; this node had it, and more.
    #[test]
    fn what_does_not_hold_is_told_by_name() {
        let program = program();
        let dir = tempfile::tempdir().unwrap();
        let aside = dir.path().join("astray-1-9");
        std::fs::create_dir(&aside).unwrap();
        let start = Position { epoch: 1, seq: 0 };
        let booked = |decision: &Decision| {
            let events = decision.events.iter();
            events
                .filter(|event| matches!(event, Event::Booked { .. }))
                .count()
        };
        let first = program
            .decisions
            .iter()
            .position(|one| booked(one) > 0)
            .unwrap();
        write(dir.path(), &program.id, &program.decisions[..first], start);
        write(&aside, &program.id, &program.decisions, start);
        let found = astray(dir.path()).unwrap();
        let [one] = &found[..] else {
            panic!("{found:?}")
        };
        let [revoked] = &one.revoked[..] else {
            panic!("{found:?}")
        };
        let after = Position {
            epoch: 1,
            seq: first as u64,
        };
        assert_eq!((&*one.folder, &one.unread), ("astray-1-9", &None));
        assert_eq!(revoked.partition, Partition::of(&program.id).0);
        assert_eq!(revoked.after, after.to_string());
        assert_eq!(revoked.entries, (program.decisions.len() - first) as u64);
        let all: usize = program.decisions.iter().map(booked).sum();
        assert_eq!(revoked.bookings.count, all as u64);
        assert!(revoked.customers.count > 0 && revoked.bookings.first.len() <= LISTED_MAX);
        let text = one.to_string();
        assert!(
            text.contains("do not hold") && text.contains(&revoked.bookings.first[0]),
            "{text}"
        );
    }

    #[test]
    fn what_the_ledger_brought_back_holds_again() {
        let program = program();
        let dir = tempfile::tempdir().unwrap();
        let aside = dir.path().join("astray-1-9");
        std::fs::create_dir(&aside).unwrap();
        let start = Position { epoch: 1, seq: 0 };
        write(dir.path(), &program.id, &program.decisions, start);
        write(&aside, &program.id, &program.decisions[..4], start);
        let found = astray(dir.path()).unwrap();
        assert_eq!((found.len(), &found[0].revoked), (1, &Vec::new()));
    }
}
