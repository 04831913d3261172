//! An audit is clean after random programs, and names each thing that is wrong.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::{Answer, BookingEnd, Event, Millis};
use crate::engine::codec::{encode_entry, encode_snapshot};
use crate::engine::program::Program;
use crate::engine::store::Row;

/// Writes decisions of a shop as they are, also wrong ones.
fn write(dir: &Path, shop: &ShopId, decisions: &[Decision]) {
    let mut store = Store::open(dir).unwrap();
    let partition = Partition::of(shop);
    let mut position = store.position(partition).max(Position { epoch: 1, seq: 0 });
    let encode = |decision| {
        let mut payload = Vec::new();
        encode_entry(shop, decision, &mut payload);
        position = position.next();
        (position, payload)
    };
    let entries: Vec<_> = decisions.iter().map(encode).collect();
    let rows: Vec<_> = entries
        .iter()
        .map(|(position, payload)| Row {
            partition,
            position: *position,
            payload,
        })
        .collect();
    store.append(&rows).unwrap();
}

/// A program with at least one booking that was made and released by its customer.
fn program() -> Program {
    let mut program = Program::new(11);
    (0..300).for_each(|_| program.step());
    program
}

fn checks(report: &Report) -> Vec<&str> {
    report
        .differences
        .iter()
        .map(|d| d.check.as_str())
        .collect()
}

/// Audits the program's decisions after `change` was made to them.
fn audited(change: impl FnOnce(&mut Vec<Decision>)) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let program = program();
    let mut decisions = program.decisions.clone();
    change(&mut decisions);
    write(dir.path(), &program.id, &decisions);
    audit(dir.path()).unwrap()
}

#[test]
fn random_programs_are_clean_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (mut entries, mut refusals, mut held) = (0, 0, 0);
    for seed in 0..12 {
        let mut program = Program::new(seed);
        (0..200).for_each(|_| program.step());
        write(dir.path(), &program.id, &program.decisions);
        entries += program.decisions.len() as u64;
        refusals += program
            .decisions
            .iter()
            .filter(|d| d.outcome.is_err())
            .count() as u64;
        let bookings = program.shop.bookings.values();
        held += bookings
            .filter(|b| b.state == crate::domain::BookingState::Held)
            .count() as u64;
    }
    let report = audit(dir.path()).unwrap();
    assert_eq!(report.differences, []);
    assert!(report.is_clean());
    assert_eq!((report.entries, report.refusals), (entries, refusals));
    assert_eq!((report.shops, report.bookings_held), (12, held));
    assert!(report.units.stock_in > 12 * 55 && report.units.difference == 0);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["units"]["difference"], 0);
    assert!(report.to_string().ends_with("clean\n"), "{report}");
}

#[test]
fn an_audit_runs_beside_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let program = program();
    write(dir.path(), &program.id, &program.decisions);
    let store = Store::open(dir.path()).unwrap();
    assert!(audit(dir.path()).unwrap().is_clean());
    drop(store);
}

#[test]
fn a_decision_that_leaves_something_else_behind_is_named() {
    let mut changed = 0;
    let report = audited(|decisions| {
        changed = decisions
            .iter()
            .rposition(|d| !d.counts.is_empty())
            .unwrap();
        decisions[changed].counts.pop();
    });
    assert!(!report.is_clean());
    assert_eq!(checks(&report), ["journal"]);
    assert_eq!(report.differences[0].position, format!("1:{}", changed + 1));
    assert!(report.to_string().ends_with("NOT CLEAN\n"), "{report}");
}

#[test]
fn a_booking_made_twice_is_named() {
    let report = audited(|decisions| {
        let made = decisions
            .iter()
            .position(|d| matches!(d.outcome, Ok(Answer::Held { .. })));
        let again = decisions[made.unwrap()].clone();
        decisions.insert(made.unwrap() + 1, again);
    });
    assert!(checks(&report).contains(&"I-6"), "{report}");
    assert!(checks(&report).contains(&"I-11"), "{report}");
}

#[test]
fn a_cancel_after_the_deadline_is_named() {
    let report = audited(|decisions| {
        let last = decisions.len() - 1;
        for (at, decision) in decisions.iter_mut().enumerate() {
            for event in &mut decision.events {
                if let Event::Released { end, .. } = event
                    && *end == BookingEnd::Cancelled
                    && at < last
                {
                    decision.at = Millis(decision.at.0 + 10_000_000);
                    return;
                }
            }
        }
        panic!("the program cancels something");
    });
    assert!(checks(&report).contains(&"I-7"), "{report}");
}

#[test]
fn a_booking_after_the_end_of_its_drop_is_named() {
    let report = audited(|decisions| {
        let booked = decisions
            .iter()
            .position(|d| matches!(d.outcome, Ok(Answer::Held { .. })));
        let booked = booked.unwrap();
        let drop = decisions[booked]
            .events
            .iter()
            .find_map(|event| match event {
                Event::Booked { drop, .. } => Some(*drop),
                _ => None,
            });
        let end = decisions[booked].at;
        for event in decisions.iter_mut().flat_map(|d| &mut d.events) {
            if let Event::DropMade {
                drop: made,
                ends_at,
                ..
            }
            | Event::DropChanged {
                drop: made,
                ends_at,
                ..
            } = event
                && Some(*made) == drop
            {
                *ends_at = Some(end);
            }
        }
    });
    assert!(checks(&report).contains(&"I-7"), "{report}");
}

#[test]
fn a_snapshot_that_differs_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let program = program();
    write(dir.path(), &program.id, &program.decisions);
    let mut shops = program.shops();
    for shop in shops.values_mut() {
        shop.customers.values_mut().for_each(|c| c.reputation = 1);
    }
    let mut store = Store::open(dir.path()).unwrap();
    let partition = Partition::of(&program.id);
    let position = store.position(partition);
    store
        .save_snapshot(partition, position, &encode_snapshot(&shops))
        .unwrap();
    let report = audit(dir.path()).unwrap();
    assert_eq!(checks(&report), ["restart"]);
    assert!(
        report.differences[0].found.contains("customers"),
        "{report}"
    );
}

#[test]
fn what_is_not_there_cannot_be_audited() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(audit(dir.path()).unwrap_err().code(), "journal_io");
}

/// A journal that was trimmed after two snapshots, and its entries as a ledger keeps them.
fn trimmed(dir: &Path, program: &Program) -> Vec<Kept> {
    let partition = Partition::of(&program.id);
    let (first, rest) = program.decisions.split_at(program.decisions.len() / 2);
    for some in [first, rest] {
        write(dir, &program.id, some);
        crate::engine::snapshot::refresh(dir, partition).unwrap();
    }
    let reader = Store::reader(dir).unwrap();
    let sealed = reader.sealed(partition, Position::START, 0, 100_000);
    let own = |sealed: crate::journal::Sealed| Kept {
        partition,
        position: sealed.entry.position,
        payload: sealed.payload,
        crc: sealed.crc,
    };
    let kept: Vec<Kept> = sealed.unwrap().unwrap().into_iter().map(own).collect();
    let last = kept.last().unwrap();
    let mut trimmer = Store::trimmer(dir).unwrap();
    let posted = (last.position, last.crc);
    let cut = trimmer.begin(partition, posted, Millis(u64::MAX)).unwrap();
    let removed = trimmer.piece(&mut cut.unwrap(), 100_000).unwrap();
    assert_eq!(removed, first.len() as u64 - 1);
    kept
}

/// Audits a partition with what was kept elsewhere.
fn fed(dir: &Path, partition: Partition, kept: &[Kept]) -> Report {
    let reader = Store::reader(dir).unwrap();
    let mut report = Report::default();
    let mut audit = Audit::new(&reader, partition, &mut report).unwrap();
    for some in kept.chunks(50) {
        if audit.wants().is_none() || !audit.feed(some).unwrap() {
            break;
        }
    }
    audit.finish().unwrap();
    report
}

#[test]
fn a_trimmed_journal_is_proved_from_the_ledger_or_from_its_older_snapshot() {
    let (dir, program) = (tempfile::tempdir().unwrap(), program());
    let partition = Partition::of(&program.id);
    let kept = trimmed(dir.path(), &program);
    let half = program.decisions.len() / 2;

    let report = fed(dir.path(), partition, &kept);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.entries, kept.len() as u64);
    assert_eq!(report.trimmed[0].entries, half as u64 - 1);
    assert_eq!(report.trimmed[0].trusted, None);
    let reader = Store::reader(dir.path()).unwrap();
    let mut folding = Folding::new(&reader, partition).unwrap();
    folding.feed(&kept).unwrap();
    let last = kept.last().unwrap().position;
    assert_eq!(folding.until(last).unwrap(), program.shops());

    let report = audit(dir.path()).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.entries, (kept.len() - half) as u64);
    assert_eq!(report.trimmed[0].trusted, Some(format!("1:{half}")));
    assert!(
        report
            .to_string()
            .contains("the proof begins with the snapshot")
    );
    let folding = Folding::new(&reader, partition).unwrap();
    assert_eq!(folding.until(last).unwrap_err().code(), "journal_trimmed");

    let mut wrong = kept.clone();
    wrong[half / 2].payload[1] ^= 1;
    let report = fed(dir.path(), partition, &wrong);
    assert_eq!(checks(&report), ["journal"], "{report}");
    assert_eq!(
        report.differences[0].position,
        format!("1:{}", half / 2 + 1)
    );
    assert_eq!(report.trimmed[0].trusted, Some(format!("1:{half}")));
}
