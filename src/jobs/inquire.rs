//! Asks gateways about payments before orders expire (D.5): an order whose time has passed while a
//! payment is under way waits a little; what the gateway answers is as good as its notification.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{Event, PaymentId, Request, Shop, ShopId};
use crate::engine::{Engine, Failure};
use crate::journal::Entry;
use crate::payment::{Gateways, Inquiry};
use crate::telemetry::{NoticeResult, metrics};

/// Most questions that wait; beyond them an order expires without having been asked for.
const QUESTIONS_MAX: usize = 4_096;

/// A payment to ask for.
type Question = (ShopId, PaymentId);

/// Where questions are put.
#[derive(Debug, Clone)]
pub struct Inquiries(mpsc::Sender<Question>);

/// Where they come out.
#[derive(Debug)]
pub struct Waiting(mpsc::Receiver<Question>);

/// Both ends.
pub fn inquiries() -> (Inquiries, Waiting) {
    let (to, from) = mpsc::channel(QUESTIONS_MAX);
    (Inquiries(to), Waiting(from))
}

impl Inquiries {
    /// What a shop was asking for when the server stopped.
    pub fn prime(&self, id: &ShopId, shop: &Shop) {
        let asked = shop.open_orders.iter().filter_map(|id| shop.orders.get(id));
        for order in asked.filter(|order| order.checking) {
            if let Some(active) = order.active() {
                self.ask(id, &active.payment);
            }
        }
    }

    /// What an entry asks for.
    pub fn hear(&self, entry: &Entry) {
        for event in &entry.decision.events {
            if let Event::OrderChecking { payment, .. } = event {
                self.ask(&entry.shop, payment);
            }
        }
    }

    fn ask(&self, shop: &ShopId, payment: &PaymentId) {
        if self.0.try_send((shop.clone(), payment.clone())).is_err() {
            tracing::warn!(%payment, "too many payments to ask for");
        }
    }
}

/// Asks until there is nobody who could put a question.
pub async fn run(
    engine: Engine,
    gateways: Arc<Gateways>,
    mut waiting: Waiting,
) -> Result<(), Infallible> {
    while let Some((shop, payment)) = waiting.0.recv().await {
        let Inquiry::Stands(notice) = gateways.ask(&shop, payment.as_str()) else {
            continue;
        };
        match notice.request() {
            Ok(request) => note(&engine, &shop, &payment, request).await,
            Err(error) => tracing::warn!(%payment, %error, "a gateway's answer cannot be noted"),
        }
    }
    Ok(())
}

/// What the engine does not take is said and counted, as for a notification.
async fn note(engine: &Engine, shop: &ShopId, payment: &PaymentId, request: Request) {
    let result = match engine.submit(shop, request).await {
        Ok(reply) => {
            let Err(rejection) = reply.outcome else {
                return;
            };
            let code = rejection.code();
            tracing::error!(%payment, code, "the engine refused a gateway's answer");
            NoticeResult::Refused
        }
        Err(failure) => {
            tracing::warn!(%payment, %failure, "a gateway's answer was not noted");
            match failure {
                Failure::Unknown => NoticeResult::Unknown,
                Failure::Unavailable { .. } => NoticeResult::Unavailable,
            }
        }
    };
    metrics().payments.notices.of(result).increment();
}
