//! Random programs posted to the books: what is there afterwards is the fold of the journal, in
//! SQLite and, where a PostgreSQL can be started, there too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod program;
mod server;

use std::collections::HashMap;
use std::path::Path;

use super::cell::Row;
use super::tables::TrailHead;
use super::{Config, Error, Ledger, Migrate, Poster};
use crate::domain::{Shop, ShopId};
use crate::journal::{Partition, Position, Sealed};
use program::story;
use server::Place;

/// Posts entries in runs of `run`.
async fn post(poster: &mut Poster, entries: &[Sealed], run: usize) {
    for run in entries.chunks(run) {
        poster.post(run).await.unwrap();
    }
}

async fn views(ledger: &Ledger) {
    let full: Vec<_> = ledger.views().await.unwrap();
    // The stories hold payments that name no order, and days pass in them.
    let allowed = |view: &str| view == "v_payment_unmatched";
    let full: Vec<_> = full
        .into_iter()
        .filter(|(view, rows)| *rows > 0 && !allowed(view))
        .collect();
    assert!(full.is_empty(), "{full:?}");
}

async fn agrees(ledger: &Ledger, id: &ShopId, shop: &Shop) {
    views(ledger).await;
    let shops = HashMap::from([(id.clone(), shop.clone())]);
    let wrong = ledger.compare(&shops).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ledger.verify_trail().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_books_are_the_fold_of_the_journal() {
    for place in Place::all() {
        for seed in 1..=6_u64 {
            let dir = tempfile::tempdir().unwrap();
            let config = place.fresh().await;
            let story = story(seed, 900);
            let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
                .await
                .unwrap();
            let run = [1, 7, 64, 4_096][usize::try_from(seed % 4).unwrap()];
            post(&mut poster, &story.entries, run).await;
            let ledger = Ledger::lazy(&config, dir.path()).unwrap();
            agrees(&ledger, &story.id, &story.shop).await;
            ledger.close().await;
        }
    }
}

/// I-14: posting any suffix again changes nothing.
#[tokio::test]
async fn posting_again_changes_nothing() {
    for place in Place::all() {
        let dir = tempfile::tempdir().unwrap();
        let config = place.fresh().await;
        let story = story(11, 600);
        let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut poster, &story.entries, 50).await;
        let ledger = Ledger::lazy(&config, dir.path()).unwrap();
        let before = everything(&ledger).await;
        for from in [0, 1, story.entries.len() / 2, story.entries.len() - 1] {
            let again = poster.post(&story.entries[from..]).await.unwrap();
            assert_eq!(again.entries, 0);
            // A poster that starts anew knows it too.
            poster = Poster::open(&config, dir.path(), Migrate::No)
                .await
                .unwrap();
            post(&mut poster, &story.entries[from..], 13).await;
        }
        assert_eq!(everything(&ledger).await, before);
        agrees(&ledger, &story.id, &story.shop).await;
        ledger.close().await;
    }
}

/// Every row of every table that follows from the journal.
async fn everything(ledger: &Ledger) -> Vec<String> {
    let mut all = Vec::new();
    for table in [
        "entry",
        "movement",
        "balance",
        "sku",
        "drop_",
        "booking",
        "step",
        "order_",
        "order_line",
        "payment",
        "money",
        "reputation_entry",
        "customer",
        "settings",
        "audit_trail",
        "cursor",
    ] {
        let rows = ledger
            .fetch(&format!("SELECT * FROM {table}"), Vec::new())
            .await
            .unwrap();
        let mut rows: Vec<String> = rows.iter().map(|row| format!("{table} {row:?}")).collect();
        rows.sort();
        all.extend(rows);
    }
    all
}

/// Two that post the same journal do not post it twice.
#[tokio::test]
async fn two_posters_do_not_post_twice() {
    for place in Place::all() {
        let dir = tempfile::tempdir().unwrap();
        let config = place.fresh().await;
        let story = story(5, 300);
        let mut one = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        let mut two = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut one, &story.entries[..100], 100).await;
        let moved = two.post(&story.entries[..150]).await.unwrap_err();
        assert!(matches!(moved, Error::Moved), "{moved}");
        two.reopen().await.unwrap();
        post(&mut two, &story.entries, 64).await;
        let ledger = Ledger::lazy(&config, dir.path()).unwrap();
        agrees(&ledger, &story.id, &story.shop).await;
        ledger.close().await;
    }
}

/// A database that was emptied is not taken for a new one.
#[tokio::test]
async fn an_emptied_ledger_is_noticed() {
    for place in Place::all() {
        let dir = tempfile::tempdir().unwrap();
        let config = place.fresh().await;
        let story = story(3, 200);
        let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut poster, &story.entries[..100], 100).await;
        place.empty(&config, dir.path()).await;
        let error = poster.post(&story.entries[100..]).await.unwrap_err();
        let again = poster.reopen().await.unwrap_err();
        assert!(
            matches!(again, Error::Missing(_) | Error::Emptied { .. }),
            "{error}; {again}"
        );
        assert!(again.to_string().contains("lapak rebuild"), "{again}");
        // What another has posted again is as good as what was there.
        let mut repair = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut repair, &story.entries[..100], 100).await;
        poster.reopen().await.unwrap();
        post(&mut poster, &story.entries, 100).await;
        let ledger = Ledger::lazy(&config, dir.path()).unwrap();
        agrees(&ledger, &story.id, &story.shop).await;
        ledger.close().await;
    }
}

/// S-24: names are kept as they are, whatever they look like.
#[tokio::test]
async fn names_are_kept_literally() {
    for place in Place::all() {
        let dir = tempfile::tempdir().unwrap();
        let config = place.fresh().await;
        let story = program::of_shop("'); DROP TABLE entry; --", 2, 120);
        let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut poster, &story.entries, 40).await;
        let ledger = Ledger::lazy(&config, dir.path()).unwrap();
        agrees(&ledger, &story.id, &story.shop).await;
        ledger.close().await;
    }
}

/// S-35: a row that was edited, removed or put in is named.
#[tokio::test]
async fn an_edited_trail_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::default();
    let story = story(4, 200);
    let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
        .await
        .unwrap();
    post(&mut poster, &story.entries, 100).await;
    let ledger = Ledger::lazy(&config, dir.path()).unwrap();
    let db = rusqlite_of(dir.path());
    let refused = db.execute("UPDATE audit_trail SET actor = 'nobody' WHERE n = 5", []);
    assert!(refused.unwrap_err().to_string().contains("append-only"));
    db.execute_batch("DROP TRIGGER audit_trail_no_update; DROP TRIGGER audit_trail_no_delete")
        .unwrap();
    db.execute("UPDATE audit_trail SET actor = 'nobody' WHERE n = 5", [])
        .unwrap();
    let wrong = ledger.verify_trail().await.unwrap();
    assert_eq!(wrong.iter().map(|w| w.1).collect::<Vec<_>>(), [5]);
    db.execute("UPDATE audit_trail SET actor = 'admin' WHERE n = 5", [])
        .unwrap();
    let last: i64 = db
        .query_row("SELECT MAX(n) FROM audit_trail", [], |row| row.get(0))
        .unwrap();
    db.execute("DELETE FROM audit_trail WHERE n IN (7, ?1)", [last])
        .unwrap();
    let wrong: Vec<i64> = ledger
        .verify_trail()
        .await
        .unwrap()
        .iter()
        .map(|w| w.1)
        .collect();
    assert_eq!(wrong, [7, last]);
    db.execute("UPDATE trail_head SET n = 6", []).unwrap();
    let wrong = ledger.verify_trail().await.unwrap();
    assert!(wrong.iter().any(|w| w.2.contains("goes on")), "{wrong:?}");
}

/// What is written between two questions of an audit is no fault.
#[tokio::test]
async fn a_trail_that_grows_is_no_fault() {
    for place in Place::all() {
        let dir = tempfile::tempdir().unwrap();
        let config = place.fresh().await;
        let story = story(4, 200);
        let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
            .await
            .unwrap();
        post(&mut poster, &story.entries[..100], 100).await;
        let ledger = Ledger::lazy(&config, dir.path()).unwrap();
        let sql = "SELECT shop, n, hash FROM trail_head";
        let head = ledger.fetch(sql, Vec::new()).await.unwrap().remove(0);
        let head = TrailHead::from_cells(head).unwrap();
        post(&mut poster, &story.entries, 100).await;
        let (now, mut wrong) = (ledger.fetch(sql, Vec::new()).await.unwrap(), Vec::new());
        assert!(TrailHead::from_cells(now[0].clone()).unwrap().n > head.n);
        ledger.verify_shop(&head, &mut wrong).await.unwrap();
        assert!(wrong.is_empty(), "{wrong:?}");
        ledger.close().await;
    }
}

fn rusqlite_of(dir: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(dir.join(super::db::FILE)).unwrap()
}

/// A lock that somebody else holds is waited out; a transaction that broke off left nothing.
#[tokio::test]
async fn a_locked_ledger_is_caught_up_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config {
        timeout_ms: 100,
        ..Config::default()
    };
    let story = story(9, 400);
    let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
        .await
        .unwrap();
    post(&mut poster, &story.entries[..150], 50).await;
    let db = rusqlite_of(dir.path());
    for _ in 0..3 {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let error = poster.post(&story.entries).await.unwrap_err();
        assert!(error.passes(), "{error}");
        db.execute_batch("COMMIT").unwrap();
        poster.reopen().await.unwrap();
    }
    // In the middle of a run: the books refuse a row, and nothing of the run is there.
    db.execute_batch(
        "CREATE TRIGGER stumble BEFORE INSERT ON step WHEN NEW.n > 2 BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    .unwrap();
    let at = poster.at(Partition::of(&story.id));
    poster.post(&story.entries).await.unwrap_err();
    db.execute_batch("DROP TRIGGER stumble").unwrap();
    poster.reopen().await.unwrap();
    assert_eq!(poster.at(Partition::of(&story.id)), at);
    post(&mut poster, &story.entries, 77).await;
    let ledger = Ledger::lazy(&config, dir.path()).unwrap();
    agrees(&ledger, &story.id, &story.shop).await;
    let end = story.entries.last().unwrap().entry.position;
    assert_ne!(end, Position::START);
    let at = ledger.cursors().await.unwrap()[Partition::of(&story.id).index()];
    assert_eq!((at.position, at.entries), (end, story.entries.len() as u64));
}
