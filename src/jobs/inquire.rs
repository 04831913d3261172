//! Asks gateways about payments before orders expire (D.5): an order whose time has passed while a
//! payment is under way waits a little; what the gateway answers is as good as its notification.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::{Actor, Command, CustomerId, Event, PaymentId, Request, Role, Shop, ShopId};
use crate::engine::Engine;
use crate::journal::Entry;
use crate::payment::{Gateways, Inquiry};

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
        let gateway = payment.as_str().split('/').next().unwrap_or_default();
        let (Ok(note), Ok(name)) = (notice.note(), CustomerId::new(gateway)) else {
            continue;
        };
        let request = Request {
            by: Actor {
                role: Role::System,
                name,
            },
            key: None,
            command: Command::NotePayment(Box::new(note)),
        };
        if let Err(failure) = engine.submit(&shop, request).await {
            tracing::warn!(%payment, %failure, "a gateway's answer was not noted");
        }
    }
    Ok(())
}
