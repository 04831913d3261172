//! Every route on one screen.

use std::sync::Arc;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::{get, post, put};

use super::app::Shared;
use super::origin::ShopOf;
use super::{books, events, health, hooks, lives, office, orders, pages, socket};

/// What strangers reach. Everything else is 404.
pub fn router(app: Shared) -> Router {
    let mut routes = Router::new()
        .route("/", get(pages::home))
        .route("/watch/{live}", get(pages::watch))
        .route("/overlay/{live}", get(pages::overlay))
        .route("/host/{live}", get(pages::host))
        .route("/admin/audit", get(pages::audit))
        .route("/embed.js", get(pages::embed))
        .route("/assets/{file}", get(pages::asset))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(health::openapi))
        .route("/v1/lives", get(lives::list))
        .route("/v1/lives/{live}/ws", get(socket::upgrade))
        .route("/v1/lives/{live}/snapshot", get(lives::snapshot))
        .route("/v1/lives/{live}/events", get(events::stream))
        .route("/v1/lives/{live}/bookings", post(lives::book))
        .route(
            "/v1/lives/{live}/bookings/{booking}/cancel",
            post(lives::cancel),
        )
        .route(
            "/v1/lives/{live}/waits/{drop}",
            axum::routing::delete(lives::leave),
        )
        .route("/v1/lives/{live}/commands", post(lives::command))
        .route("/v1/lives/{live}/checkouts", post(orders::checkout))
        .route(
            "/v1/lives/{live}/checkouts/{checkout}/place",
            post(orders::place),
        )
        .route(
            "/v1/lives/{live}/orders/{order}/payments",
            post(orders::pay),
        )
        .route(
            "/v1/lives/{live}/orders/{order}/cancel",
            post(orders::cancel),
        )
        .route("/v1/shops/{shop}/skus", get(office::skus))
        .route("/v1/shops/{shop}/orders", get(orders::list))
        .route("/v1/shops/{shop}/orders/{order}", get(orders::one))
        .route(
            "/v1/shops/{shop}/lives/{live}",
            put(office::put_live).delete(office::end_live),
        )
        .route("/v1/shops/{shop}/settings", get(office::settings))
        .route("/v1/shops/{shop}/ledger/skus/{sku}", get(books::sku))
        .route(
            "/v1/shops/{shop}/ledger/customers/{customer}",
            get(books::customer),
        )
        .route("/v1/shops/{shop}/ledger/orders/{order}", get(books::order))
        .route("/v1/shops/{shop}/ledger/days", get(books::days))
        .route("/v1/shops/{shop}/ledger/days.csv", get(books::days))
        .route("/v1/shops/{shop}/ledger/proof", get(books::proof))
        .route("/v1/shops/{shop}/ledger/proof.csv", get(books::proof_csv))
        .route("/v1/shops/{shop}/ledger/audit-trail", get(books::trail))
        .route("/v1/shops/{shop}/ledger/audit-trail.csv", get(books::trail))
        .route("/v1/hooks/{endpoint}", post(hooks::notification));
    // Buttons that pay without money are a door only where such a gateway is set up.
    if app.payments.has_sandbox() {
        routes = routes.route("/v1/sandbox/{payment}", post(hooks::press));
    }
    routes.with_state(app)
}

/// What only the machines of the house reach, on a listener of its own (S-33).
pub fn internal_router(app: Shared) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(app)
}

/// Finds the shop a path is about, by its name or by one of its lives; it decides only which list
/// of origins counts.
pub fn shop_of(app: &Shared) -> ShopOf {
    let app = Arc::clone(app);
    Arc::new(move |parts: &Parts| {
        let mut steps = parts.uri.path().strip_prefix("/v1/")?.split('/');
        let (kind, name) = (steps.next()?, steps.next()?);
        match kind {
            "shops" => Some(name.to_owned()),
            "lives" => app.shop_of_live(name),
            _ => None,
        }
    })
}
