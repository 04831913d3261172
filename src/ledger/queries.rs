//! What the back office asks of the books. Every question names its shop; pages go on behind a
//! cursor (the key of the last row), so that a page costs the same wherever it is.

mod day;

use serde_json::{Map, Value, json};

use super::cell::Cell;
use super::{Error, Ledger};
pub use day::{date, days_of};

/// Rows of a page.
pub const PAGE: u32 = 200;
/// Rows of an export.
pub const EXPORT: u32 = 50_000;

/// Rows of one kind, newest first where they have a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Names of the columns; `after.x` is told as `x` within `after`.
    pub columns: Vec<&'static str>,
    /// Values, in the order of the columns.
    pub rows: Vec<Vec<Value>>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl Sheet {
    /// Rows as objects.
    pub fn objects(&self) -> Vec<Value> {
        let object = |row: &Vec<Value>| {
            let (mut all, mut after) = (Map::new(), Map::new());
            for (name, value) in self.columns.iter().zip(row) {
                match name.strip_prefix("after.") {
                    Some(name) => after.insert(name.to_owned(), value.clone()),
                    None => all.insert((*name).to_owned(), value.clone()),
                };
            }
            if !after.is_empty() {
                all.insert("after".to_owned(), Value::Object(after));
            }
            Value::Object(all)
        };
        self.rows.iter().map(object).collect()
    }

    /// `{"rows": […], "next": …}`.
    pub fn json(&self) -> Value {
        json!({"rows": self.objects(), "next": self.next})
    }
}

/// A cursor is the numbers of a key, with dashes between them.
fn key<const N: usize>(cursor: Option<&str>) -> Result<[i64; N], Error> {
    let Some(text) = cursor else {
        return Ok([i64::MAX; N]);
    };
    let numbers: Vec<i64> = text
        .split('-')
        .filter_map(|part| part.parse().ok())
        .collect();
    let wrong = |_| Error::Setting {
        key: "cursor",
        wanted: "has to be `next` of the page before".to_owned(),
    };
    <[i64; N]>::try_from(numbers).map_err(wrong)
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Int(n) => n.into(),
        Cell::Text(text) => text.as_ref().into(),
        Cell::Null | Cell::Bytes(_) => Value::Null,
    }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.into())
}

impl Ledger {
    /// A question for `limit` rows of these columns; the first `keys` numbers are the cursor.
    async fn sheet(
        &self,
        columns: &[&'static str],
        sql: &str,
        mut args: Vec<Cell>,
        keys: usize,
        limit: u32,
    ) -> Result<Sheet, Error> {
        args.push(Cell::Int(i64::from(limit) + 1));
        let mut rows = self.fetch(sql, args).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > most;
        rows.truncate(most);
        let next = rows.last().filter(|_| more && keys > 0).map(|row| {
            let key = row.iter().take(keys).map(|cell| match cell {
                Cell::Int(n) => n.to_string(),
                _ => String::new(),
            });
            key.collect::<Vec<_>>().join("-")
        });
        Ok(Sheet {
            columns: columns.to_vec(),
            rows: rows
                .into_iter()
                .map(|row| row.into_iter().map(value).collect())
                .collect(),
            next,
        })
    }

    /// Where a SKU's units went, newest first.
    pub async fn sku_history(
        &self,
        shop: &str,
        sku: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Sheet, Error> {
        let columns = [
            "epoch",
            "seq",
            "n",
            "partition",
            "at_ms",
            "cause",
            "reason",
            "actor",
            "customer",
            "booking",
            "order",
            "drop",
            "reference",
            "available",
            "drop_reserved",
            "booked",
            "allocated",
            "sold",
            "shortage",
            "outside",
            "after.available",
            "after.drop_reserved",
            "after.booked",
            "after.allocated",
            "after.sold",
            "after.shortage",
        ];
        let sql = "SELECT epoch, seq, n, \"partition\", at_ms, cause, reason, actor, customer, \
             booking, order_id, drop_id, COALESCE(order_id, booking, drop_id), available, \
             drop_reserved, booked, allocated, sold, shortage, outside, after_available, \
             after_drop_reserved, after_booked, after_allocated, after_sold, after_shortage \
             FROM movement WHERE shop = $1 AND sku = $2 AND (epoch, seq, n) < ($3, $4, $5) \
             ORDER BY epoch DESC, seq DESC, n DESC LIMIT $6";
        let [epoch, seq, n] = key(cursor)?;
        let place = [epoch, seq, n].map(Cell::Int);
        let mut args = vec![text(shop), text(sku)];
        args.extend(place);
        self.sheet(&columns, sql, args, 3, limit).await
    }

    /// A customer's bookings, newest first.
    pub async fn bookings_of(
        &self,
        shop: &str,
        customer: &str,
        limit: u32,
    ) -> Result<Sheet, Error> {
        let columns = [
            "booking",
            "drop",
            "sku",
            "qty",
            "held",
            "price",
            "origin",
            "booked_ms",
            "deadline_ms",
            "state",
            "reason",
            "ended_ms",
        ];
        let sql = "SELECT booking, drop_id, sku, qty, held, price, origin, booked_ms, \
             deadline_ms, state, reason, ended_ms FROM booking \
             WHERE shop = $1 AND customer = $2 ORDER BY booked_ms DESC, booking DESC LIMIT $3";
        let args = vec![text(shop), text(customer)];
        self.sheet(&columns, sql, args, 0, limit).await
    }

    /// A customer's standing, bookings, orders and changes of reputation.
    pub async fn customer(&self, shop: &str, customer: &str) -> Result<Option<Value>, Error> {
        let args = || vec![text(shop), text(customer)];
        let bookings = self.bookings_of(shop, customer, PAGE).await?;
        let columns = [
            "order",
            "origin",
            "state",
            "placed_ms",
            "since_ms",
            "currency",
            "total",
            "captured",
            "refund_due",
            "refunded",
            "reason",
        ];
        let sql = "SELECT order_id, origin, state, placed_ms, since_ms, currency, placed_total, \
             captured, refund_due, refunded, reason FROM order_ \
             WHERE shop = $1 AND customer = $2 ORDER BY placed_ms DESC, order_id DESC LIMIT $3";
        let orders = self.sheet(&columns, sql, args(), 0, PAGE).await?;
        let columns = [
            "epoch", "seq", "n", "at_ms", "cause", "booking", "order", "nominal", "applied",
            "after", "reason",
        ];
        let sql = "SELECT epoch, seq, n, at_ms, cause, booking, order_id, nominal, applied, \
             after, reason FROM reputation_entry WHERE shop = $1 AND customer = $2 \
             ORDER BY epoch DESC, seq DESC, n DESC LIMIT $3";
        let reputation = self.sheet(&columns, sql, args(), 0, PAGE).await?;
        let columns = ["reputation", "restricted", "group"];
        let sql = "SELECT reputation, restricted, group_ FROM customer \
             WHERE shop = $1 AND customer = $2 LIMIT $3";
        let known = self.sheet(&columns, sql, args(), 0, 1).await?;
        let sheets = [&bookings, &orders, &reputation, &known];
        if sheets.iter().all(|sheet| sheet.rows.is_empty()) {
            return Ok(None);
        }
        let standing = known.objects().into_iter().next();
        Ok(Some(json!({
            "customer": customer,
            "standing": standing.unwrap_or_else(|| json!({"reputation": 100, "restricted": 0, "group": null})),
            "bookings": bookings.objects(),
            "orders": orders.objects(),
            "reputation": reputation.objects(),
        })))
    }

    /// What happened to an order, oldest first.
    pub async fn steps_of(&self, shop: &str, order: &str, limit: u32) -> Result<Sheet, Error> {
        let columns = [
            "epoch", "seq", "n", "at_ms", "what", "actor", "line", "qty", "amount", "state",
            "reason",
        ];
        let sql = "SELECT epoch, seq, n, at_ms, what, actor, line, qty, amount, state, reason \
             FROM step WHERE shop = $1 AND order_id = $2 ORDER BY epoch, seq, n LIMIT $3";
        self.sheet(&columns, sql, vec![text(shop), text(order)], 0, limit)
            .await
    }

    /// An order's story: what it is, its lines, payments, money, and every step.
    pub async fn order(&self, shop: &str, order: &str) -> Result<Option<Value>, Error> {
        let args = || vec![text(shop), text(order)];
        let columns = [
            "order",
            "customer",
            "origin",
            "state",
            "placed_ms",
            "since_ms",
            "deadline_ms",
            "currency",
            "vat_bp",
            "total",
            "captured",
            "refund_due",
            "refunded",
            "secured",
            "reason",
        ];
        let sql = "SELECT order_id, customer, origin, state, placed_ms, since_ms, deadline_ms, \
             currency, vat_bp, placed_total, captured, refund_due, refunded, secured, reason \
             FROM order_ WHERE shop = $1 AND order_id = $2 LIMIT $3";
        let found = self.sheet(&columns, sql, args(), 0, 1).await?;
        let Some(head) = found.objects().into_iter().next() else {
            return Ok(None);
        };
        let columns = [
            "line",
            "sku",
            "booking",
            "drop",
            "price",
            "ordered",
            "qty",
            "allocated",
            "sold",
            "returned",
        ];
        let sql = "SELECT line, sku, booking, drop_id, price, ordered, qty, allocated, sold, \
             returned FROM order_line WHERE shop = $1 AND order_id = $2 ORDER BY line LIMIT $3";
        let lines = self.sheet(&columns, sql, args(), 0, PAGE).await?;
        let columns = [
            "payment", "method", "status", "amount", "currency", "captured", "first_ms", "last_ms",
        ];
        let sql = "SELECT payment, method, status, amount, currency, captured, first_ms, last_ms \
             FROM payment WHERE shop = $1 AND order_id = $2 ORDER BY first_ms, payment LIMIT $3";
        let payments = self.sheet(&columns, sql, args(), 0, PAGE).await?;
        let columns = ["at_ms", "kind", "amount", "payment", "note"];
        let sql = "SELECT at_ms, kind, amount, payment, note FROM money \
             WHERE shop = $1 AND order_id = $2 ORDER BY epoch, seq, n LIMIT $3";
        let money = self.sheet(&columns, sql, args(), 0, PAGE).await?;
        let steps = self.steps_of(shop, order, PAGE).await?;
        Ok(Some(json!({
            "order": head,
            "lines": lines.objects(),
            "payments": payments.objects(),
            "money": money.objects(),
            "steps": steps.objects(),
        })))
    }

    /// Totals of each day from `from` to `to` (days since 1970, both in), in a zone that is so
    /// many minutes ahead of UTC. Days on which nothing happened are left out.
    pub async fn days(
        &self,
        shop: &str,
        from: i64,
        to: i64,
        ahead_min: i64,
    ) -> Result<Sheet, Error> {
        const DAY_MS: i64 = 86_400_000;
        let columns = [
            "day",
            "bookings",
            "units_booked",
            "orders",
            "ordered",
            "captured",
            "owed",
            "refunded",
        ];
        let sql = "SELECT day, SUM(bookings), SUM(units), SUM(orders), SUM(ordered), \
               SUM(captured), SUM(owed), SUM(refunded) FROM (\
             SELECT (booked_ms + $2) / 86400000 AS day, 1 AS bookings, qty AS units, 0 AS orders, \
               0 AS ordered, 0 AS captured, 0 AS owed, 0 AS refunded FROM booking \
               WHERE shop = $1 AND booked_ms >= $3 AND booked_ms < $4 \
             UNION ALL \
             SELECT (placed_ms + $2) / 86400000, 0, 0, 1, placed_total, 0, 0, 0 FROM order_ \
               WHERE shop = $1 AND placed_ms >= $3 AND placed_ms < $4 \
             UNION ALL \
             SELECT (at_ms + $2) / 86400000, 0, 0, 0, 0, \
               CASE WHEN kind = 'captured' THEN amount ELSE 0 END, \
               CASE WHEN kind = 'owed' THEN amount ELSE 0 END, \
               CASE WHEN kind = 'refunded' THEN amount ELSE 0 END FROM money \
               WHERE shop = $1 AND at_ms >= $3 AND at_ms < $4) d \
             GROUP BY day ORDER BY day LIMIT $5";
        // A sum of 64-bit numbers is a number of any size in PostgreSQL.
        let sql = [
            "bookings", "units", "orders", "ordered", "captured", "owed", "refunded",
        ]
        .iter()
        .fold(sql.to_owned(), |sql, name| {
            sql.replace(
                &format!("SUM({name})"),
                &format!("CAST(SUM({name}) AS BIGINT)"),
            )
        });
        let ahead = ahead_min * 60_000;
        let args = vec![
            text(shop),
            Cell::Int(ahead),
            Cell::Int(from * DAY_MS - ahead),
            Cell::Int((to + 1) * DAY_MS - ahead),
        ];
        let mut sheet = self.sheet(&columns, &sql, args, 0, EXPORT).await?;
        for row in &mut sheet.rows {
            if let Some(day) = row.first_mut()
                && let Some(n) = day.as_i64()
            {
                *day = date(n).into();
            }
        }
        Ok(sheet)
    }

    /// Every SKU with what came in, went out, and is in each bucket; the difference is 0.
    pub async fn balances(&self, shop: &str) -> Result<Sheet, Error> {
        let columns = [
            "sku",
            "title",
            "tracked",
            "in",
            "out",
            "available",
            "drop_reserved",
            "booked",
            "allocated",
            "sold",
            "shortage",
            "difference",
        ];
        // Of what is not counted the world gives as many as are promised.
        let sql = "SELECT s.sku, s.title, s.tracked, \
             CASE WHEN s.tracked = 1 THEN b.stock_in \
               ELSE b.drop_reserved + b.booked + b.allocated + b.sold END, \
             CASE WHEN s.tracked = 1 THEN b.stock_out ELSE 0 END, \
             CASE WHEN s.tracked = 1 THEN b.available ELSE NULL END, \
             b.drop_reserved, b.booked, b.allocated, b.sold, b.shortage, \
             b.available + b.drop_reserved + b.booked + b.allocated + b.sold - b.shortage \
               + b.outside \
             FROM balance b JOIN sku s ON s.shop = b.shop AND s.sku = b.sku \
             WHERE b.shop = $1 ORDER BY s.sku LIMIT $2";
        self.sheet(&columns, sql, vec![text(shop)], 0, EXPORT).await
    }

    /// What people with a role did or tried, newest first.
    pub async fn audit_trail(
        &self,
        shop: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Sheet, Error> {
        let columns = [
            "n",
            "at_ms",
            "role",
            "actor",
            "request",
            "what",
            "before",
            "after_",
            "outcome",
            "partition",
            "epoch",
            "seq",
            "hash",
        ];
        let sql = "SELECT n, at_ms, role, actor, request, what, \"before\", \"after\", outcome, \
             \"partition\", epoch, seq, hash FROM audit_trail \
             WHERE shop = $1 AND n < $2 ORDER BY n DESC LIMIT $3";
        let [n] = key(cursor)?;
        let mut sheet = self
            .sheet(&columns, sql, vec![text(shop), Cell::Int(n)], 1, limit)
            .await?;
        if let Some(name) = sheet.columns.get_mut(7) {
            *name = "after";
        }
        Ok(sheet)
    }
}
