//! The rows that are kept up to date, as they stand while a run of entries is posted. Read from
//! the books when first needed, written back once a run, thrown away after any error.

use std::collections::{HashMap, HashSet};

use crate::domain::Decision;
use crate::domain::event::Event;
use crate::journal::Sealed;
use crate::ledger::Error;
use crate::ledger::cell::{Cell, Row};
use crate::ledger::db::{Conflict, Tx, columns};
use crate::ledger::tables::{
    Balance, BookingRow, CustomerRow, DropRow, LineRow, OrderRow, PaymentRow, SkuRow,
};

/// Rows of one table that are remembered between runs; more are forgotten.
const KEPT_MAX: usize = 50_000;

/// Shop and id.
pub(super) type Key = (String, String);

/// Rows of a table, by shop and id.
pub(super) struct Kept<R> {
    rows: HashMap<Key, R>,
    dirty: HashSet<Key>,
}

impl<R> Default for Kept<R> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            dirty: HashSet::new(),
        }
    }
}

impl<R: Row + Clone> Kept<R> {
    pub(super) fn get(&self, key: &Key) -> Option<&R> {
        self.rows.get(key)
    }

    /// To be changed; it is written back.
    pub(super) fn change(&mut self, key: &Key) -> Option<&mut R> {
        let row = self.rows.get_mut(key)?;
        if !self.dirty.contains(key) {
            self.dirty.insert(key.clone());
        }
        Some(row)
    }

    pub(super) fn put(&mut self, key: Key, row: R) {
        self.dirty.insert(key.clone());
        self.rows.insert(key, row);
    }

    async fn load(
        &mut self,
        tx: &mut Tx<'_>,
        wanted: HashSet<Key>,
        key: impl Fn(&R) -> Key,
    ) -> Result<(), Error> {
        if self.rows.len() > KEPT_MAX {
            self.rows.clear();
        }
        let missing = wanted
            .into_iter()
            .filter(|key| !self.rows.contains_key(key));
        for row in tx.load::<R>(missing.collect()).await? {
            self.rows.insert(key(&row), row);
        }
        Ok(())
    }

    async fn write(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let dirty = std::mem::take(&mut self.dirty);
        let rows = dirty.iter().filter_map(|key| self.rows.get(key).cloned());
        tx.insert(rows.collect(), Conflict::Replace).await?;
        Ok(())
    }
}

/// What is known of a shop as a whole.
#[derive(Default)]
pub(super) struct ShopState {
    /// Settings in force, as text.
    pub(super) settings: Option<String>,
}

/// All rows that are kept up to date.
#[derive(Default)]
pub(super) struct State {
    shops: HashMap<String, ShopState>,
    pub(super) skus: Kept<SkuRow>,
    pub(super) balances: Kept<Balance>,
    pub(super) drops: Kept<DropRow>,
    pub(super) bookings: Kept<BookingRow>,
    pub(super) orders: Kept<OrderRow>,
    pub(super) payments: Kept<PaymentRow>,
    pub(super) customers: Kept<CustomerRow>,
    pub(super) lines: HashMap<Key, Vec<LineRow>>,
    changed_lines: HashSet<Key>,
    /// Balances as they were before the entry in hand.
    pub(super) before: HashMap<Key, Balance>,
}

/// What a run of entries speaks of.
#[derive(Default)]
struct Wanted {
    bookings: HashSet<Key>,
    orders: HashSet<Key>,
    payments: HashSet<Key>,
    customers: HashSet<Key>,
}

impl State {
    pub(super) fn shop(&mut self, shop: &str) -> &mut ShopState {
        self.shops.entry(shop.to_owned()).or_default()
    }

    /// Lines of an order, to be changed.
    pub(super) fn change_lines(&mut self, key: &Key) -> Option<&mut Vec<LineRow>> {
        let lines = self.lines.get_mut(key)?;
        self.changed_lines.insert(key.clone());
        Some(lines)
    }

    pub(super) fn put_lines(&mut self, key: Key, lines: Vec<LineRow>) {
        self.changed_lines.insert(key.clone());
        self.lines.insert(key, lines);
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
            let shop = sealed.entry.shop.as_str();
            if !self.shops.contains_key(shop) {
                self.load_shop(tx, shop).await?;
            }
            wanted.gather(shop, &sealed.entry.decision);
        }
        if self.lines.len() > KEPT_MAX {
            self.lines.clear();
        }
        let lines = wanted
            .orders
            .iter()
            .filter(|key| !self.lines.contains_key(key));
        for row in tx.load::<LineRow>(lines.cloned().collect()).await? {
            let key = (row.shop.clone(), row.order_id.clone());
            self.lines.entry(key).or_default().push(row);
        }
        for lines in self.lines.values_mut() {
            lines.sort_by_key(|line| line.line);
        }
        let key = |row: &BookingRow| (row.shop.clone(), row.booking.clone());
        self.bookings.load(tx, wanted.bookings, key).await?;
        let key = |row: &OrderRow| (row.shop.clone(), row.order_id.clone());
        self.orders.load(tx, wanted.orders, key).await?;
        let key = |row: &PaymentRow| (row.shop.clone(), row.payment.clone());
        self.payments.load(tx, wanted.payments, key).await?;
        let key = |row: &CustomerRow| (row.shop.clone(), row.customer.clone());
        self.customers.load(tx, wanted.customers, key).await
    }

    async fn load_shop(&mut self, tx: &mut Tx<'_>, shop: &str) -> Result<(), Error> {
        for row in of_shop::<SkuRow>(tx, shop).await? {
            let key = (row.shop.clone(), row.sku.clone());
            self.skus.rows.insert(key, row);
        }
        for row in of_shop::<Balance>(tx, shop).await? {
            let key = (row.shop.clone(), row.sku.clone());
            self.balances.rows.insert(key, row);
        }
        for row in of_shop::<DropRow>(tx, shop).await? {
            let key = (row.shop.clone(), row.drop_id.clone());
            self.drops.rows.insert(key, row);
        }
        let sql = "SELECT body FROM settings WHERE shop = $1 ORDER BY epoch DESC, seq DESC LIMIT 1";
        let found = tx.fetch(sql, vec![Cell::Text(shop.to_owned())]).await?;
        let settings = match found
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next())
        {
            Some(Cell::Text(body)) => Some(body),
            _ => None,
        };
        self.shops.insert(shop.to_owned(), ShopState { settings });
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
        let changed = std::mem::take(&mut self.changed_lines);
        let lines = changed.iter().filter_map(|key| self.lines.get(key));
        let lines: Vec<LineRow> = lines.flatten().cloned().collect();
        tx.insert(lines, Conflict::Replace).await?;
        Ok(())
    }
}

async fn of_shop<R: Row>(tx: &mut Tx<'_>, shop: &str) -> Result<Vec<R>, Error> {
    let sql = format!(
        "SELECT {} FROM {} WHERE shop = $1",
        columns::<R>(""),
        R::NAME
    );
    let rows = tx.fetch(&sql, vec![Cell::Text(shop.to_owned())]).await?;
    rows.into_iter().map(R::from_cells).collect()
}

impl Wanted {
    fn gather(&mut self, shop: &str, decision: &Decision) {
        let key = |id: String| (shop.to_owned(), id);
        for event in &decision.events {
            match event {
                Event::Released { booking, .. } | Event::Extended { booking, .. } => {
                    self.bookings.insert(key(booking.to_string()));
                }
                Event::OrderPlaced(placed) => {
                    let bookings = placed.lines.iter().filter_map(|line| line.booking);
                    self.bookings.extend(bookings.map(|id| key(id.to_string())));
                }
                Event::OrderMoved { order, .. }
                | Event::OrderChecking { order, .. }
                | Event::Allocated { order, .. }
                | Event::Unallocated { order, .. }
                | Event::Sold { order, .. }
                | Event::Returned { order, .. }
                | Event::RefundOwed { order, .. }
                | Event::Refunded { order, .. } => {
                    self.orders.insert(key(order.to_string()));
                }
                Event::PaymentStarted { order, payment, .. } => {
                    self.orders.insert(key(order.to_string()));
                    self.payments.insert(key(payment.as_str().to_owned()));
                }
                Event::PaymentNoted { order, payment, .. } => {
                    self.orders.extend(order.map(|id| key(id.to_string())));
                    self.payments.insert(key(payment.as_str().to_owned()));
                }
                Event::ReputationChanged { customer, .. }
                | Event::CustomerRestricted { customer, .. }
                | Event::CustomerGrouped { customer, .. } => {
                    self.customers.insert(key(customer.as_str().to_owned()));
                }
                _ => {}
            }
        }
    }
}
