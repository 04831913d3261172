//! What the back office asks of the books: a SKU's way, a customer, an order, days, the proof, the
//! audit trail. The same as CSV is for admins only, and stands in the audit trail (S-23, S-35).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::Shared;
use super::auth::{Identity, Role};
use super::listener::Peer;
use super::lives::invalid;
use super::problem::Problem;
use crate::domain::ShopId;
use crate::journal::Partition;
use crate::ledger::queries::{EXPORT, PAGE, Sheet, days_of};
use crate::ledger::trail::Access;
use crate::ledger::{self, Ledger};

/// The end of a path that asks for CSV.
const CSV: &str = ".csv";
/// How long counts of views are told again: counting reads whole tables.
const VIEWS_AGE: Duration = Duration::from_secs(30);
/// The most days of one question.
const DAYS_MAX: i64 = 1_100;

type Views = Vec<(&'static str, u64)>;

/// The books, and what was counted of them lately.
pub struct Books {
    ledger: Ledger,
    views: Mutex<HashMap<String, (Duration, Views)>>,
}

impl Books {
    /// The books for the gateway's questions.
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            views: Mutex::new(HashMap::new()),
        }
    }

    async fn views(&self, shop: &str, now: Duration) -> Result<Views, Problem> {
        let known = self
            .views
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(shop)
            .cloned();
        if let Some((at, views)) = known
            && now.saturating_sub(at) < VIEWS_AGE
        {
            return Ok(views);
        }
        let views = self.ledger.views_of(shop).await.map_err(down)?;
        let mut all = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| now.saturating_sub(*at) < VIEWS_AGE);
        all.insert(shop.to_owned(), (now, views.clone()));
        Ok(views)
    }
}

/// Where a page begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct From {
    cursor: Option<String>,
}

/// Which days.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Days {
    from: Option<String>,
    to: Option<String>,
    /// Minutes that the shop's clock is ahead of UTC.
    ahead_min: i64,
}

/// Who asks, of which shop, and in which shape.
struct Asked {
    who: Identity,
    shop: ShopId,
    csv: bool,
}

impl Asked {
    async fn new(
        app: &Shared,
        peer: &Peer,
        headers: &HeaderMap,
        (shop, least): (&str, Role),
        csv: bool,
    ) -> Result<Self, Problem> {
        let (least, what) = if csv {
            (Role::Admin, "export")
        } else {
            (least, "ledger.read")
        };
        let asked = (shop, least);
        let (who, shop) = app.privileged(headers, peer, asked, what).await?;
        Ok(Self { who, shop, csv })
    }

    fn shop(&self) -> &str {
        self.shop.as_str()
    }

    fn limit(&self) -> u32 {
        if self.csv { EXPORT } else { PAGE }
    }

    /// A sheet in the shape that was asked for.
    async fn answer(&self, app: &Shared, sheet: &Sheet, name: &str) -> Result<Response, Problem> {
        if self.csv {
            self.export(app, sheet, name).await
        } else {
            Ok(Json(sheet.json()).into_response())
        }
    }

    async fn export(&self, app: &Shared, sheet: &Sheet, name: &str) -> Result<Response, Problem> {
        let access = Access {
            shop: self.shop(),
            at_ms: app.clock.now_ms(),
            role: self.who.role.as_str(),
            actor: &self.who.sub,
            what: "export",
            subject: name,
            outcome: "ok",
        };
        // What cannot be noted is not given (S-38).
        app.books.ledger.note(&access).await.map_err(down)?;
        let mut response = sheet.csv().into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
        headers.insert(header::CONTENT_TYPE, kind);
        let file = name.split('/').next().unwrap_or("lapak");
        let disposition = format!("attachment; filename=\"{file}.csv\"");
        if let Ok(value) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
        Ok(response)
    }
}

fn plain(name: &str) -> (&str, bool) {
    match name.strip_suffix(CSV) {
        Some(plain) => (plain, true),
        None => (name, false),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn down(error: ledger::Error) -> Problem {
    if let ledger::Error::Setting { key, .. } = error {
        return Problem::new("invalid", "The cursor is none of ours.").with("field", key);
    }
    tracing::warn!(%error, code = error.code(), "a question to the ledger failed");
    Problem::new(
        "ledger_down",
        "The ledger does not answer now. Bookings are not affected.",
    )
    .with("retry_ms", 5_000)
}

fn nothing(what: &'static str) -> Problem {
    Problem::new("not_found", what)
}

/// `GET /v1/shops/{shop}/ledger/skus/{sku}?cursor=`: where its units went, newest first.
pub(super) async fn sku(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, sku)): Path<(String, String)>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (sku, csv) = plain(&sku);
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), csv).await?;
    let sheet = app
        .books
        .ledger
        .sku_history(asked.shop(), sku, from.cursor.as_deref(), asked.limit())
        .await
        .map_err(down)?;
    asked.answer(&app, &sheet, &format!("sku/{sku}")).await
}

/// `GET /v1/shops/{shop}/ledger/customers/{customer}`: standing, bookings, orders, reputation. As
/// CSV the bookings.
pub(super) async fn customer(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, customer)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (customer, csv) = plain(&customer);
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), csv).await?;
    let books = &app.books.ledger;
    if csv {
        let sheet = books.bookings_of(asked.shop(), customer, EXPORT).await;
        let name = format!("customer/{customer}");
        return asked.export(&app, &sheet.map_err(down)?, &name).await;
    }
    let found = books.customer(asked.shop(), customer).await.map_err(down)?;
    let found = found.ok_or_else(|| nothing("The ledger knows no such customer."))?;
    Ok(Json(found).into_response())
}

/// `GET /v1/shops/{shop}/ledger/orders/{order}`: the order's story. As CSV its steps.
pub(super) async fn order(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path((shop, order)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (order, csv) = plain(&order);
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), csv).await?;
    let books = &app.books.ledger;
    if csv {
        let sheet = books.steps_of(asked.shop(), order, EXPORT).await;
        let name = format!("order/{order}");
        return asked.export(&app, &sheet.map_err(down)?, &name).await;
    }
    let found = books.order(asked.shop(), order).await.map_err(down)?;
    let found = found.ok_or_else(|| nothing("The ledger knows no such order."))?;
    Ok(Json(found).into_response())
}

/// `GET /v1/shops/{shop}/ledger/days?from=&to=&ahead_min=`, also with `days.csv`: totals of each day.
pub(super) async fn days(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    Query(days): Query<Days>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let csv = uri.path().ends_with(CSV);
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), csv).await?;
    let today = i64::try_from(app.clock.now_ms() / 86_400_000).unwrap_or(0);
    let day = |text: &Option<String>, none: i64, field| match text {
        None => Ok(none),
        Some(text) => days_of(text).ok_or_else(|| invalid(field, "A day reads 2026-11-22.")),
    };
    let to = day(&days.to, today + 1, "to")?;
    let from = day(&days.from, to - 31, "from")?;
    if from > to || to - from > DAYS_MAX {
        return Err(invalid("from", "These are no days, or too many."));
    }
    if !(-840..=840).contains(&days.ahead_min) {
        return Err(invalid("ahead_min", "No clock is that far from UTC."));
    }
    let sheet = app
        .books
        .ledger
        .days(asked.shop(), from, to, days.ahead_min)
        .await
        .map_err(down)?;
    asked.answer(&app, &sheet, "days").await
}

/// `GET /v1/shops/{shop}/ledger/proof`: units in, out and in every bucket, and the views that
/// must be empty.
pub(super) async fn proof(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), false).await?;
    let books = &app.books.ledger;
    let sheet = books.balances(asked.shop()).await.map_err(down)?;
    let views = app.books.views(asked.shop(), app.clock.monotonic()).await?;
    let cursors = books.cursors().await.map_err(down)?;
    let partition = Partition::of(&asked.shop);
    let at = cursors.get(partition.index()).copied().unwrap_or_default();
    let behind = app.engine.settings(&asked.shop).await.ok().map(|seen| {
        let now = seen.position;
        let same = now.epoch == at.position.epoch;
        now.seq
            .saturating_sub(if same { at.position.seq } else { 0 })
    });
    let views: Vec<Value> = views
        .iter()
        .map(|(name, rows)| json!({"name": name, "rows": rows}))
        .collect();
    let posted = (at.entries > 0).then_some(at.at_ms);
    Ok(Json(json!({
        "at": [{"partition": partition.0, "epoch": at.position.epoch, "seq": at.position.seq}],
        "skus": sheet.objects(),
        "views": views,
        "posted_ms": posted,
        "lag_entries": behind,
    }))
    .into_response())
}

/// The SKUs of the proof as CSV.
pub(super) async fn proof_csv(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Host), true).await?;
    let sheet = app
        .books
        .ledger
        .balances(asked.shop())
        .await
        .map_err(down)?;
    asked.export(&app, &sheet, "proof").await
}

/// `GET /v1/shops/{shop}/ledger/audit-trail?cursor=`, also with `audit-trail.csv`: who did or tried
/// what, newest first.
pub(super) async fn trail(
    State(app): State<Shared>,
    Extension(peer): Extension<Peer>,
    Path(shop): Path<String>,
    Query(from): Query<From>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let csv = uri.path().ends_with(CSV);
    let asked = Asked::new(&app, &peer, &headers, (&shop, Role::Admin), csv).await?;
    let sheet = app
        .books
        .ledger
        .audit_trail(asked.shop(), from.cursor.as_deref(), asked.limit())
        .await
        .map_err(down)?;
    asked.answer(&app, &sheet, "audit-trail").await
}
