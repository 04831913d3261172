//! What hosts are told at a tick: the rows that changed.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{Audience, lock};
use crate::clock::Clock;
use crate::engine::{Engine, Wanted};
use crate::protocol::to_client::encode;
use crate::protocol::{orders, rows};

impl Audience {
    /// Rows as they stand, asked of the engine: absolute, so nothing is lost by conflating.
    pub(super) async fn tell_hosts(&self, engine: &Engine, clock: &Clock, wanted: Wanted) {
        let Ok(seen) = engine.rows(&self.shop, wanted).await else {
            return;
        };
        let drop_row = |id| self.mirror.drop_row(&self.shop, id);
        let sku_of = |id| drop_row(id).map_or_else(String::new, |d| d.sku.to_string());
        let currency = self
            .view()
            .map_or_else(String::new, |v| v.live.spec.currency.to_string());
        let bookings: Vec<Value> = seen
            .value
            .bookings
            .iter()
            .map(|(row, end)| {
                rows::booking(
                    row,
                    &sku_of(row.drop),
                    end.map_or("held", |end| end.as_str()),
                )
            })
            .collect();
        let waiters: Vec<Value> = seen
            .value
            .waiters
            .iter()
            .map(|row| rows::waiter(row, &sku_of(row.drop)))
            .collect();
        let catalog: Vec<Value> = seen
            .value
            .skus
            .iter()
            .map(|row| rows::sku(row, &currency))
            .collect();
        let customers: Vec<Value> = seen.value.customers.iter().map(rows::customer).collect();
        let frame = encode(&json!({
            "type": "activity",
            "epoch": seen.position.epoch,
            "s": seen.position.seq,
            "server_now_ms": clock.now_ms(),
            "bookings": bookings,
            "waiters": waiters,
            "catalog": catalog,
            "customers": customers,
            "orders": orders::rows(&seen.value.orders),
            "orders_by_state": orders::by_state(&seen.value.orders_by_state),
            "booked_total": self.booked_total.load(Ordering::Relaxed),
            "connections": self.connections(),
        }));
        for seat in &lock(&self.seats).hosts {
            seat.send(frame.clone());
        }
    }
}
