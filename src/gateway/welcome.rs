//! What somebody is shown when they come: the live as it stands, what is their own, and for a
//! host what a host sees besides. Also the body of `GET …/snapshot`.

use serde_json::{Value, json};

use super::app::App;
use super::auth::{Identity, Role};
use crate::broadcast::Audience;
use crate::domain::{CustomerId, LiveId, ShopId};
use crate::engine::Failure;
use crate::mirror::LiveView;
use crate::protocol::rows;

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
    Ok(rows::me(
        &seen.value,
        who.role.as_str(),
        &view.live.spec.currency,
        drop_row,
    ))
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
    if who.is_some_and(|who| matches!(who.role, Role::Moderator | Role::Host | Role::Admin)) {
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
