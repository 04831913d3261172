//! The rows that are kept up to date, as they stand while a run of entries is posted. Read from
//! the books when first needed, written back once a run, thrown away after any error.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use indexmap::IndexMap;

use super::names::{Named, Names};
use crate::domain::event::Event;
use crate::domain::{Decision, ShopId};
use crate::journal::Sealed;
use crate::ledger::Error;
use crate::ledger::cell::{Cell, Row, Text};
use crate::ledger::db::{Conflict, Tx, columns};
use crate::ledger::tables::{
    Balance, BookingRow, CustomerRow, DropRow, LineRow, OrderRow, PaymentRow, SkuRow,
};

/// Rows of one table that are remembered between runs; more are forgotten.
const KEPT_MAX: usize = 50_000;

/// Shop and id.
pub(super) type Key = (Text, Text);
type Keys = HashSet<Key, RandomState>;

/// Rows of a table, by shop and id, each with whether it is to be written back.
pub(super) struct Kept<R> {
    rows: IndexMap<Key, (R, bool), RandomState>,
    /// Where those are that are to be written back, in the order in which they were changed.
    changed: Vec<usize>,
}

impl<R> Default for Kept<R> {
    fn default() -> Self {
        Self {
            rows: IndexMap::default(),
            changed: Vec::new(),
        }
    }
}

impl<R: Clone> Kept<R> {
    pub(super) fn get(&self, key: &Key) -> Option<&R> {
        self.rows.get(key).map(|(row, _)| row)
    }

    /// To be changed; it is written back.
    pub(super) fn change(&mut self, key: &Key) -> Option<&mut R> {
        let (at, _, (row, changed)) = self.rows.get_full_mut(key)?;
        if !std::mem::replace(changed, true) {
            self.changed.push(at);
        }
        Some(row)
    }

    pub(super) fn put(&mut self, key: Key, row: R) {
        let (at, was) = self.rows.insert_full(key, (row, true));
        if !was.is_some_and(|(_, changed)| changed) {
            self.changed.push(at);
        }
    }

    /// As it stands in the books.
    fn learn(&mut self, key: Key, row: R) {
        self.rows.insert(key, (row, false));
    }

    /// Those of `wanted` that are not known. Called between runs, when nothing waits to be written.
    fn missing(&mut self, wanted: Keys) -> Vec<Key> {
        if self.rows.len() > KEPT_MAX {
            self.rows.clear();
        }
        let mut missing: Vec<Key> = wanted.into_iter().collect();
        missing.retain(|key| !self.rows.contains_key(key));
        missing
    }

    fn take_changed(&mut self) -> Vec<R> {
        let mut rows = Vec::with_capacity(self.changed.len());
        for at in self.changed.drain(..) {
            if let Some((_, (row, changed))) = self.rows.get_index_mut(at) {
                *changed = false;
                rows.push(row.clone());
            }
        }
        rows
    }
}

impl<R: Row + Clone> Kept<R> {
    async fn load(
        &mut self,
        tx: &mut Tx<'_>,
        wanted: Keys,
        key: impl Fn(&R) -> Key,
    ) -> Result<(), Error> {
        for row in tx.load::<R>(self.missing(wanted)).await? {
            self.learn(key(&row), row);
        }
        Ok(())
    }

    async fn write(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.insert(self.take_changed(), Conflict::Replace).await?;
        Ok(())
    }
}

/// What is known of a shop as a whole.
#[derive(Default)]
pub(super) struct ShopState {
    /// Settings in force, as text.
    pub(super) settings: Option<Text>,
}

/// All rows that are kept up to date.
#[derive(Default)]
pub(super) struct State {
    pub(super) names: Names,
    shops: HashMap<Text, ShopState, RandomState>,
    pub(super) skus: Kept<SkuRow>,
    pub(super) balances: Kept<Balance>,
    pub(super) drops: Kept<DropRow>,
    pub(super) bookings: Kept<BookingRow>,
    pub(super) orders: Kept<OrderRow>,
    pub(super) payments: Kept<PaymentRow>,
    pub(super) customers: Kept<CustomerRow>,
    pub(super) lines: Kept<Vec<LineRow>>,
    /// Balances as they were before the entry in hand.
    pub(super) before: Vec<(Key, Balance)>,
}

/// What a run of entries speaks of.
#[derive(Default)]
struct Wanted {
    bookings: Keys,
    orders: Keys,
    payments: Keys,
    customers: Keys,
}

impl State {
    pub(super) fn shop(&mut self, shop: &Text) -> &mut ShopState {
        self.shops.entry(Text::clone(shop)).or_default()
    }

    /// Reads what the entries speak of. All SKUs, balances and drops of a shop at once: an entry
    /// names a drop, the drop a SKU, the SKU its parts.
    pub(super) async fn prepare(
        &mut self,
        tx: &mut Tx<'_>,
        entries: &[&Sealed],
    ) -> Result<(), Error> {
        let mut wanted = Wanted::default();
        for sealed in entries {
            let shop = &sealed.entry.shop;
            if !self.shops.contains_key(shop.as_str()) {
                self.load_shop(tx, &shop.shared()).await?;
            }
            wanted.gather(shop, &sealed.entry.decision, &mut self.names);
        }
        self.load_lines(tx, wanted.orders.clone()).await?;
        let key = |row: &BookingRow| (row.shop.clone(), row.booking.clone());
        self.bookings.load(tx, wanted.bookings, key).await?;
        let key = |row: &OrderRow| (row.shop.clone(), row.order_id.clone());
        self.orders.load(tx, wanted.orders, key).await?;
        let key = |row: &PaymentRow| (row.shop.clone(), row.payment.clone());
        self.payments.load(tx, wanted.payments, key).await?;
        let key = |row: &CustomerRow| (row.shop.clone(), row.customer.clone());
        self.customers.load(tx, wanted.customers, key).await
    }

    async fn load_lines(&mut self, tx: &mut Tx<'_>, orders: Keys) -> Result<(), Error> {
        let mut rows = tx.load::<LineRow>(self.lines.missing(orders)).await?;
        rows.sort_by(|a, b| (&a.shop, &a.order_id, a.line).cmp(&(&b.shop, &b.order_id, b.line)));
        for lines in rows.chunk_by(|a, b| (&a.shop, &a.order_id) == (&b.shop, &b.order_id)) {
            let key = (lines[0].shop.clone(), lines[0].order_id.clone());
            self.lines.learn(key, lines.to_vec());
        }
        Ok(())
    }

    async fn load_shop(&mut self, tx: &mut Tx<'_>, shop: &Text) -> Result<(), Error> {
        for row in of_shop::<SkuRow>(tx, shop).await? {
            let key = (row.shop.clone(), row.sku.clone());
            self.skus.learn(key, row);
        }
        for row in of_shop::<Balance>(tx, shop).await? {
            let key = (row.shop.clone(), row.sku.clone());
            self.balances.learn(key, row);
        }
        for row in of_shop::<DropRow>(tx, shop).await? {
            let key = (row.shop.clone(), row.drop_id.clone());
            self.drops.learn(key, row);
        }
        let sql = "SELECT body FROM settings WHERE shop = $1 ORDER BY epoch DESC, seq DESC LIMIT 1";
        let found = tx.fetch(sql, vec![Cell::Text(Text::clone(shop))]).await?;
        let settings = match found
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next())
        {
            Some(Cell::Text(body)) => Some(body),
            _ => None,
        };
        self.shops.insert(Text::clone(shop), ShopState { settings });
        Ok(())
    }

    /// Writes what has changed.
    pub(super) async fn write(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.skus.write(tx).await?;
        self.balances.write(tx).await?;
        self.drops.write(tx).await?;
        self.bookings.write(tx).await?;
        self.orders.write(tx).await?;
        self.payments.write(tx).await?;
        self.customers.write(tx).await?;
        let lines = self.lines.take_changed().into_iter().flatten();
        tx.insert(lines.collect(), Conflict::Replace).await?;
        Ok(())
    }
}

async fn of_shop<R: Row>(tx: &mut Tx<'_>, shop: &Text) -> Result<Vec<R>, Error> {
    let sql = format!(
        "SELECT {} FROM {} WHERE shop = $1",
        columns::<R>(""),
        R::NAME
    );
    let rows = tx.fetch(&sql, vec![Cell::Text(Text::clone(shop))]).await?;
    rows.into_iter().map(R::from_cells).collect()
}

impl Wanted {
    fn gather(&mut self, shop: &ShopId, decision: &Decision, names: &mut Names) {
        for event in &decision.events {
            match event {
                Event::Released { booking, .. } | Event::Extended { booking, .. } => {
                    self.bookings.insert(key(shop, *booking, names));
                }
                Event::OrderPlaced(placed) => {
                    let bookings = placed.lines.iter().filter_map(|line| line.booking);
                    self.bookings
                        .extend(bookings.map(|id| key(shop, id, names)));
                }
                Event::OrderMoved { order, .. }
                | Event::OrderChecking { order, .. }
                | Event::Allocated { order, .. }
                | Event::Unallocated { order, .. }
                | Event::Sold { order, .. }
                | Event::Returned { order, .. }
                | Event::RefundOwed { order, .. }
                | Event::Refunded { order, .. } => {
                    self.orders.insert(key(shop, *order, names));
                }
                Event::PaymentStarted { order, payment, .. } => {
                    self.orders.insert(key(shop, *order, names));
                    self.payments.insert(key(shop, payment, names));
                }
                Event::PaymentNoted { order, payment, .. } => {
                    self.orders.extend(order.map(|id| key(shop, id, names)));
                    self.payments.insert(key(shop, payment, names));
                }
                Event::ReputationChanged { customer, .. }
                | Event::CustomerRestricted { customer, .. }
                | Event::CustomerGrouped { customer, .. } => {
                    self.customers.insert(key(shop, customer, names));
                }
                _ => {}
            }
        }
    }
}

fn key(shop: &ShopId, id: impl Named, names: &mut Names) -> Key {
    (shop.shared(), id.text(names))
}
