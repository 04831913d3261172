//! Whether a waiting customer is there (B10): one who has been without a connection for a while
//! is passed over once, and gets a shorter offer.

use std::time::Duration;

use super::app::Shared;
use crate::broadcast::Person;
use crate::domain::{Actor, Command, CustomerId, Request, Role, ShopId};

/// Somebody has come; if they had been reported away, they are back.
pub(super) fn arrived(app: &Shared, shop: &ShopId, customer: Option<&CustomerId>) {
    let Some(customer) = customer else { return };
    let person = (shop.clone(), customer.clone());
    if app.hub.note_back(&person) {
        let app2 = app.clone();
        app.house.spawn_connection(
            "presence",
            async move { report(&app2, person, false).await },
        );
    }
}

/// Somebody's last connection has gone.
pub(super) fn left(app: &Shared, person: Person) {
    if !app.hub.waits(&person) || app.house.stopping().is_cancelled() {
        return;
    }
    let (app, house) = (app.clone(), app.house.clone());
    house.spawn_connection("presence", async move {
        let while_away = Duration::from_millis(app.config.away_after_ms);
        let stopping = app.house.stopping().clone();
        if stopping
            .run_until_cancelled(tokio::time::sleep(while_away))
            .await
            .is_none()
        {
            return;
        }
        if !app.hub.is_here(&person) && app.hub.waits(&person) && app.hub.note_away(&person) {
            report(&app, person, true).await;
        }
    });
}

async fn report(app: &Shared, (shop, customer): Person, absent: bool) {
    let by = Actor {
        role: Role::System,
        name: customer.clone(),
    };
    let command = Command::SeeCustomer { customer, absent };
    let request = Request {
        by,
        key: None,
        command,
    };
    // If it is lost, the customer is served as one who is there: nothing worse.
    if let Err(failure) = app.engine.submit(&shop, request).await {
        tracing::debug!(%failure, "presence was not noted");
    }
}
