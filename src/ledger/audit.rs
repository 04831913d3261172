//! Comparing the books with a fold of the journal: balances, reputations, bookings, orders. The
//! fold has to end where the books do.

use std::collections::{HashMap, HashSet};

use super::cell::{Cell, Row, Text};
use super::db::columns;
use super::tables::{Balance, BookingRow, CustomerRow, OrderRow};
use super::{Error, Ledger, cursor::signed};
use crate::domain::{Shop, ShopId, SkuId};

/// Rows of one question.
const PAGE: i64 = 5_000;

/// Something in the books that the journal does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The shop.
    pub shop: Option<String>,
    /// What was compared.
    pub check: &'static str,
    /// What was found.
    pub found: String,
}

impl Ledger {
    /// Compares shops with the books; gives what differs.
    pub async fn compare<S: std::hash::BuildHasher>(
        &self,
        shops: &HashMap<ShopId, Shop, S>,
    ) -> Result<Vec<Wrong>, Error> {
        let mut wrong = Vec::new();
        for (id, shop) in shops {
            let mut find = |check, found| {
                wrong.push(Wrong {
                    shop: Some(id.to_string()),
                    check,
                    found,
                });
            };
            self.compare_stock(id, shop, &mut find).await?;
            self.compare_people(id, shop, &mut find).await?;
            self.compare_bookings(id, shop, &mut find).await?;
            self.compare_orders(id, shop, &mut find).await?;
        }
        Ok(wrong)
    }

    /// All rows of a shop, a page at a time.
    async fn rows<R: Row>(
        &self,
        shop: &ShopId,
        end: &str,
        mut each: impl FnMut(R),
    ) -> Result<(), Error> {
        let id = R::COLUMNS[1].0;
        let sql = format!(
            "SELECT {} FROM {} WHERE shop = $1 AND \"{id}\" > $2 {end} ORDER BY \"{id}\" LIMIT {PAGE}",
            columns::<R>(""),
            R::NAME
        );
        let mut after = Text::default();
        loop {
            let args = vec![Cell::Text(shop.shared()), Cell::Text(after.clone())];
            let rows = self.fetch(&sql, args).await?;
            let full = rows.len() == usize::try_from(PAGE).unwrap_or(0);
            if let Some(Cell::Text(last)) = rows.last().and_then(|row| row.get(1)) {
                after.clone_from(last);
            }
            for cells in rows {
                each(R::from_cells(cells)?);
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn compare_stock(
        &self,
        id: &ShopId,
        shop: &Shop,
        find: &mut impl FnMut(&'static str, String),
    ) -> Result<(), Error> {
        let mut seen = HashSet::new();
        self.rows(id, "", |row: Balance| {
            let sku = SkuId::new(&row.sku).ok();
            let sku = sku.and_then(|sku| shop.skus.get(&sku));
            let b = sku.map(|sku| sku.buckets).unwrap_or_default();
            let engine = [
                i64::from(b.available),
                i64::from(b.drop_reserved),
                i64::from(b.booked),
                i64::from(b.allocated),
                i64::from(b.sold),
                i64::from(b.shortage),
                signed(b.stock_in),
                signed(b.stock_out),
            ];
            let books = [
                row.available,
                row.drop_reserved,
                row.booked,
                row.allocated,
                row.sold,
                row.shortage,
                row.stock_in,
                row.stock_out,
            ];
            if engine != books {
                let found = format!("{}: engine {engine:?}, ledger {books:?}", row.sku);
                find("ledger stock", found);
            }
            seen.insert(row.sku);
        })
        .await?;
        for (sku, state) in shop.skus.iter() {
            if state.buckets != crate::domain::sku::Buckets::default()
                && !seen.contains(sku.as_str())
            {
                find("ledger stock", format!("{sku} has no balance"));
            }
        }
        Ok(())
    }

    async fn compare_people(
        &self,
        id: &ShopId,
        shop: &Shop,
        find: &mut impl FnMut(&'static str, String),
    ) -> Result<(), Error> {
        let mut seen: HashMap<Text, i64> = HashMap::new();
        self.rows(id, "", |row: CustomerRow| {
            seen.insert(row.customer, row.reputation);
        })
        .await?;
        for (customer, state) in shop.customers.iter() {
            let (engine, books) = (
                i64::from(state.reputation),
                seen.remove(customer.as_str()).unwrap_or(100),
            );
            if engine != books {
                let found = format!("{customer}: engine {engine}, ledger {books}");
                find("ledger reputation", found);
            }
        }
        // The engine forgets nobody who is not at their first reputation.
        for (customer, books) in seen.into_iter().filter(|(_, books)| *books != 100) {
            let found = format!("{customer}: ledger {books}, and the engine knows nobody");
            find("ledger reputation", found);
        }
        Ok(())
    }

    async fn compare_bookings(
        &self,
        id: &ShopId,
        shop: &Shop,
        find: &mut impl FnMut(&'static str, String),
    ) -> Result<(), Error> {
        let held = shop.bookings.iter().filter(|(_, booking)| booking.qty > 0);
        let mut held: HashMap<String, (i64, i64)> = held
            .map(|(id, b)| (id.to_string(), (i64::from(b.qty), signed(b.deadline.0))))
            .collect();
        self.rows(id, "AND held > 0", |row: BookingRow| {
            let books = (row.held, row.deadline_ms);
            let engine = held.remove(&*row.booking);
            if engine != Some(books) {
                let found = format!("{}: engine {engine:?}, ledger {books:?}", row.booking);
                find("ledger bookings", found);
            }
        })
        .await?;
        for booking in held.into_keys() {
            find("ledger bookings", format!("{booking} is not in the ledger"));
        }
        Ok(())
    }

    async fn compare_orders(
        &self,
        id: &ShopId,
        shop: &Shop,
        find: &mut impl FnMut(&'static str, String),
    ) -> Result<(), Error> {
        let mut orders: HashMap<String, _> = shop
            .orders
            .iter()
            .map(|(id, order)| (id.to_string(), order))
            .collect();
        self.rows(id, "", |row: OrderRow| {
            // The engine forgets orders that were over for long.
            let Some(order) = orders.remove(&*row.order_id) else {
                return;
            };
            let engine = (
                order.state.as_str(),
                signed(order.captured),
                signed(order.refund_due),
                signed(order.refunded),
            );
            let books = (&*row.state, row.captured, row.refund_due, row.refunded);
            if engine != books {
                let found = format!("{}: engine {engine:?}, ledger {books:?}", row.order_id);
                find("ledger orders", found);
            }
        })
        .await?;
        for order in orders.into_keys() {
            find("ledger orders", format!("{order} is not in the ledger"));
        }
        Ok(())
    }
}
