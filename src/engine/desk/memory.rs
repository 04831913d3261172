//! Refusing by what a desk knows already: nobody is asked, and nothing is written.

use std::time::Duration;

use tokio::time::Instant;

use super::Desk;
use crate::clock::Reading;
use crate::domain::{Millis, Request, ShopId};
use crate::engine::Reply;
use crate::telemetry::metrics;

/// How often such a refusal is decided like any other nevertheless, so that the journal, and among
/// nodes the others, hear of it.
const ASK_EVERY: Duration = Duration::from_millis(50);

pub(super) struct Memory {
    allowed: bool,
    /// After this the next refusal is decided like any other.
    ask_at: Instant,
}

impl Memory {
    pub(super) fn new(allowed: bool) -> Self {
        let ask_at = Instant::now();
        Self { allowed, ask_at }
    }
}

impl Desk {
    /// A refusal that this desk is sure of by what it knows: sold out, or over. Never while it does
    /// not follow the turns of the nodes.
    pub(super) fn refusal(
        &mut self,
        shop: &ShopId,
        request: &Request,
        reading: Reading,
    ) -> Option<Reply> {
        if !self.memory.allowed || !self.order.follows() {
            return None;
        }
        let now = Millis(reading.now_ms);
        let known = self.shops.get(shop)?;
        let refusal = known.refusal(now, request)?;
        let moment = Instant::now();
        if moment >= self.memory.ask_at {
            self.memory.ask_at = moment + ASK_EVERY;
            return None;
        }
        metrics().nodes.from_memory.increment();
        Some(Reply {
            position: self.pen.position(),
            at: known.now.max(now),
            outcome: Err(refusal),
            replayed: false,
            from_memory: true,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;
    use tokio::sync::mpsc;

    use crate::clock::Clock;
    use crate::domain::command::DropSpec;
    use crate::domain::*;
    use crate::engine::{Engine, Reply, open};
    use crate::lifecycle::{Lifecycle, StopBounds};

    fn request(role: Role, key: Option<RequestKey>, command: Command) -> Request {
        let name = CustomerId::new("somebody").unwrap();
        let by = Actor { role, name };
        Request { by, key, command }
    }

    /// A drop of a SKU of which there is nothing.
    async fn open_empty(engine: &Engine, shop: &ShopId) -> DropSpec {
        let (live, sku) = (LiveId::new("live").unwrap(), SkuId::new("none").unwrap());
        let drop = DropSpec {
            drop: DropId(1),
            live: live.clone(),
            sku: sku.clone(),
            price: None,
            units: None,
            mode: Mode::Shared,
            opens_at: None,
            ends_at: None,
            per_customer_limit: 0,
            booking_timeout_ms: None,
            pinned: false,
        };
        let spec = LiveSpec {
            title: "Live".into(),
            lang: "id".into(),
            currency: "IDR".into(),
            accent: None,
            video: Video::Demo,
            links: Vec::new(),
        };
        let put_live = Command::PutLive {
            live,
            spec: Arc::new(spec),
        };
        let spec = SkuSpec {
            title: "Kaos".into(),
            image: None,
            price: 1,
            active: true,
            preorder: false,
            physical: true,
            track_stock: true,
            components: Vec::new(),
        };
        let put_sku = Command::PutSku {
            sku,
            spec: Arc::new(spec),
            on_hand: Some(1),
        };
        let open_drop = Command::OpenDrop(Box::new(drop.clone()));
        for command in [put_live, put_sku, open_drop, tap(&drop, 0)] {
            let asked = request(Role::Admin, None, command);
            assert!(engine.submit(shop, asked).await.unwrap().outcome.is_ok());
        }
        drop
    }

    fn tap(drop: &DropSpec, booking: u128) -> Command {
        Command::Book {
            booking: BookingId(booking),
            live: drop.live.clone(),
            drop: drop.drop,
            sku: drop.sku.clone(),
            qty: 1,
            accept_partial: false,
            join_waitlist: false,
        }
    }

    /// Two hundred tap at once for what is sold out, twice with the same ids.
    async fn tapped(allowed: bool) -> [Vec<Reply>; 2] {
        let (dir, house) = (tempfile::tempdir().unwrap(), Lifecycle::new());
        let (feed, mut entries) = mpsc::channel(64);
        house.spawn_core("reader", async move {
            while entries.recv().await.is_some() {}
            Ok::<_, std::convert::Infallible>(())
        });
        let opened = open(dir.path()).unwrap().refusing_from_memory(allowed);
        let engine = opened
            .start(&Clock::manual(1_700_000_000_000), &house, feed)
            .unwrap();
        let shop = ShopId::new("shop").unwrap();
        let drop = open_empty(&engine, &shop).await;
        let mut rounds = [Vec::new(), Vec::new()];
        for round in &mut rounds {
            let taps = (1..=200_u64).map(|n| {
                let id = u128::from(n) | (0x4 << 76);
                let key = Some(RequestKey { id, body: n });
                engine.submit(&shop, request(Role::Viewer, key, tap(&drop, n.into())))
            });
            let replies = join_all(taps).await.into_iter();
            round.extend(replies.map(Result::unwrap));
        }
        for reply in rounds.iter().flatten() {
            assert!(matches!(reply.outcome, Err(Rejection::SoldOut { .. })));
        }
        house.stop();
        house.run(StopBounds::default()).await.unwrap();
        rounds
    }

    #[tokio::test]
    async fn what_is_sold_out_is_refused_from_memory_and_now_and_then_by_an_entry() {
        let [first, second] = tapped(true).await;
        assert!(first.iter().any(|reply| reply.from_memory));
        assert!(first.iter().any(|reply| !reply.from_memory));
        for (before, after) in first.iter().zip(&second) {
            assert_eq!(after.replayed, !before.from_memory, "what is kept stays");
        }
    }

    #[tokio::test]
    async fn where_that_is_not_allowed_every_refusal_is_kept() {
        let [first, second] = tapped(false).await;
        assert!(
            first
                .iter()
                .all(|reply| !reply.from_memory && !reply.replayed)
        );
        assert!(second.iter().all(|reply| reply.replayed));
    }
}
