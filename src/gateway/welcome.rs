//! What somebody is shown when they come: the live as it stands, what is their own, and for a
//! host what a host sees besides. Also the body of `GET …/snapshot`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::app::App;
use super::auth::{Identity, Role};
use super::paying;
use crate::broadcast::Audience;
use crate::domain::{CustomerId, LiveId, ShopId};
use crate::engine::Failure;
use crate::journal::Position;
use crate::mirror::LiveView;
use crate::protocol::rows;

/// How long somebody who is ahead of this node waits for it at most, and how often it is looked.
const CATCH_UP_MAX: Duration = Duration::from_secs(2);
const CATCH_UP_LOOK: Duration = Duration::from_millis(5);
/// How clients space their attempts to come back: the first wait,
const RECONNECT_BASE_MS: u64 = 500;
/// and the longest.
const RECONNECT_CAP_MS: u64 = 20_000;

/// Where somebody who has seen everything up to `from` goes on without a snapshot: in the same
/// epoch, and not ahead of us. Who runs the live sees rows (bookings, waiters, the catalog) of
/// which no history is kept, so they always start anew.
pub(super) fn resumes(
    from: Option<Position>,
    now: Position,
    who: Option<&Identity>,
) -> Option<Position> {
    from.filter(|from| from.epoch == now.epoch && *from <= now && !runs_the_live(who))
}

/// Waits until this node has seen what somebody has who comes from another: never an older snapshot.
/// Not for long; and alone there is nobody else to come from.
pub(super) async fn caught_up(app: &App, shop: &ShopId, from: Option<Position>) {
    let Some(from) = from.filter(|_| app.engine.is_among_nodes()) else {
        return;
    };
    let until = Instant::now() + CATCH_UP_MAX;
    while app.mirror.position(shop) < from && Instant::now() < until {
        tokio::time::sleep(CATCH_UP_LOOK).await;
    }
}

fn runs_the_live(who: Option<&Identity>) -> bool {
    who.is_some_and(|who| matches!(who.role, Role::Moderator | Role::Host | Role::Admin))
}

/// The first message of a connection, without what it shows.
pub(super) fn message(app: &App, live: &LiveId, recovered: bool) -> Value {
    json!({
        "type": "welcome",
        "connection": Uuid::new_v4().to_string(),
        "live": live.as_str(),
        "server_now_ms": app.clock.now_ms(),
        "recovered": recovered,
        "reconnect": {
            "base_ms": RECONNECT_BASE_MS,
            "cap_ms": RECONNECT_CAP_MS,
            "spread_ms": app.config.drain_spread_ms,
        },
    })
}

/// What is the customer's own; null for a guest.
pub(super) async fn me(
    app: &App,
    shop: &ShopId,
    who: Option<&Identity>,
    view: &LiveView,
) -> Result<Value, Failure> {
    let Some(who) = who else {
        return Ok(Value::Null);
    };
    let Ok(customer) = CustomerId::new(&who.sub) else {
        return Ok(Value::Null);
    };
    let seen = app.engine.customer(shop, &customer).await?;
    let drop_row = |drop| app.mirror.drop_row(shop, drop);
    let currency = &view.live.spec.currency;
    let mut me = rows::me(&seen.value, who.role.as_str(), currency, drop_row);
    me["methods"] = json!(paying::methods(app, shop));
    Ok(me)
}

/// Everything, for a connection that starts anew.
pub(super) async fn snapshot(
    app: &App,
    live: &LiveId,
    who: Option<&Identity>,
    view: &LiveView,
    audience: &Audience,
    me: Value,
) -> Result<Value, Failure> {
    let mut snapshot = rows::snapshot(live, view, audience.viewers());
    snapshot["me"] = me;
    if runs_the_live(who) {
        let seen = app.engine.host(&view.shop).await?;
        let sku_of = |drop| {
            let row = app.mirror.drop_row(&view.shop, drop);
            row.map_or_else(String::new, |row| row.sku.to_string())
        };
        let host = rows::host(
            &seen.value,
            &view.live.spec.currency,
            audience.booked_total(),
            audience.connections(),
            sku_of,
        );
        if let (Some(to), Value::Object(from)) = (snapshot.as_object_mut(), host) {
            to.extend(from);
        }
    }
    Ok(snapshot)
}

/// The body of `GET /v1/lives/{live}/snapshot`.
pub(super) async fn standing(
    app: &App,
    live: &LiveId,
    shop: &ShopId,
    who: Option<&Identity>,
) -> Result<Option<Value>, Failure> {
    let audience = app.hub.audience(live, shop);
    let Some(view) = audience.view() else {
        return Ok(None);
    };
    let me = me(app, shop, who, &view).await?;
    let snapshot = snapshot(app, live, who, &view, &audience, me).await?;
    Ok(Some(json!({
        "position": crate::protocol::to_client::position(view.position),
        "server_now_ms": app.clock.now_ms(),
        "snapshot": snapshot,
    })))
}
