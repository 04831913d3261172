//! What a storm left behind, posted to the books: they agree with the shop, and every view that must be
//! empty is. (Money that names no order is looked for by people for a day before it counts.)

use std::collections::HashMap;
use std::sync::Arc;

use lapak::domain::ShopId;
use lapak::engine::codec::encode_entry;
use lapak::journal::{Entry, Partition, Position, Sealed};
use lapak::ledger::{Config, Ledger, Migrate, Poster};

use super::*;

/// Entries that are posted in one transaction.
const RUN: usize = 4_096;

/// Posts a stall's journal to books of its own.
pub(super) fn must_agree(stall: &Stall) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(posted(stall));
}

async fn posted(stall: &Stall) {
    let dir = tempfile::tempdir().unwrap();
    let (config, shop) = (Config::default(), ShopId::new("toko").unwrap());
    let mut poster = Poster::open(&config, dir.path(), Migrate::Yes)
        .await
        .unwrap();
    for run in sealed(&shop, &stall.journal).chunks(RUN) {
        poster.post(run).await.unwrap();
    }
    let ledger = Ledger::lazy(&config, dir.path()).unwrap();
    let shops = HashMap::from([(shop, stall.shop.clone())]);
    let wrong = ledger.compare(&shops).await.unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (view, rows) in ledger.views().await.unwrap() {
        assert_eq!(rows, 0, "{view}");
    }
    ledger.close().await;
}

fn sealed(shop: &ShopId, journal: &[Decision]) -> Vec<Sealed> {
    let mut position = Position { epoch: 1, seq: 0 };
    let seal = |decision: &Decision| {
        position = position.next();
        let mut payload = Vec::new();
        encode_entry(shop, decision, &mut payload);
        let entry = Entry {
            partition: Partition::of(shop),
            position,
            shop: shop.clone(),
            decision: Arc::new(decision.clone()),
        };
        Sealed {
            entry,
            crc: u32::try_from(position.seq).unwrap(),
            payload,
        }
    };
    journal.iter().map(seal).collect()
}
