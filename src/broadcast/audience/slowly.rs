//! What an audience is told once a second: how many watch, who has just booked, where waiters stand.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Audience, lock};
use crate::broadcast::Hub;
use crate::domain::{CustomerId, DropId};
use crate::protocol::ServerMessage;
use crate::telemetry::FrameType;

/// What the slow telling has told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) slow_at: Option<Instant>,
    viewers: usize,
    ahead: HashMap<DropId, HashMap<CustomerId, (u32, u32)>>,
}

impl Audience {
    /// Once a second: how many watch, who has just booked, and where waiters stand.
    pub(super) fn tell_slowly(&self, hub: &Hub, told: &mut Told) {
        told.slow_at = Some(Instant::now());
        let (ticker, queues) = {
            let mut news = lock(&self.news);
            news.viewers_changed = false;
            (
                std::mem::take(&mut news.ticker),
                std::mem::take(&mut news.queues),
            )
        };
        let count = self.viewers();
        let mut lines = Vec::new();
        if told.viewers != count {
            told.viewers = count;
            let viewers = ServerMessage::Viewers {
                count,
                approximate: true,
            };
            lines.push((FrameType::Viewers, viewers.frame()));
        }
        if !ticker.is_empty() {
            let ticker = ServerMessage::Ticker { bookings: &ticker };
            lines.push((FrameType::Ticker, ticker.frame()));
        }
        if !lines.is_empty() {
            let number = self.slow.load().0 + 1;
            self.slow.store(Arc::new((number, lines)));
            self.ring();
        }
        for drop in queues {
            self.tell_waiters(hub, drop, told);
        }
    }

    fn tell_waiters(&self, hub: &Hub, drop: DropId, told: &mut Told) {
        let Some(row) = self.mirror.drop_row(&self.shop, drop) else {
            return;
        };
        let waiters = self.mirror.waiters(&self.shop, drop);
        let before = told.ahead.remove(&drop).unwrap_or_default();
        let (mut ahead_units, mut now) = (0, HashMap::with_capacity(waiters.len()));
        for (customer, qty) in waiters {
            if before.get(&customer) != Some(&(ahead_units, qty)) {
                let (drop, sku) = (row.drop.to_string(), row.sku.to_string());
                let frame = ServerMessage::Waiting {
                    drop: &drop,
                    sku: &sku,
                    qty,
                    ahead_units,
                };
                hub.tell(&self.shop, &customer, &frame.frame());
            }
            now.insert(customer, (ahead_units, qty));
            ahead_units = ahead_units.saturating_add(qty);
        }
        if !now.is_empty() {
            told.ahead.insert(drop, now);
        }
    }
}
