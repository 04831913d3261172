//! What one viewer of the show does, and what they are told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout_at;
use uuid::Uuid;

use crate::client::{PATIENCE, book, from_memory, new_id};
use crate::scenario::Chance;
use crate::{Client, Heard, http};

/// What is on.
#[derive(Debug, Clone, Default)]
pub(super) struct On {
    /// The drop that is open, and its SKU.
    pub(super) drop: Option<(String, String)>,
    /// When everybody may go.
    pub(super) over: Option<Instant>,
}

/// The plan of all.
pub(super) struct Show {
    pub(super) address: SocketAddr,
    pub(super) began: Instant,
    pub(super) length: Duration,
    pub(super) rate: u32,
    pub(super) width: u32,
    pub(super) checkouts: u64,
    pub(super) cancels: u64,
    pub(super) on: watch::Receiver<On>,
}

/// What was told: to one viewer, then to all.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Each request, and whether it was accepted.
    pub(super) answers: Vec<(u128, bool)>,
    pub(super) held: usize,
    pub(super) refused: usize,
    pub(super) cancelled: usize,
    pub(super) expired: usize,
    pub(super) paid: usize,
    pub(super) unpaid: usize,
    pub(super) taps: Vec<Duration>,
    pub(super) paying: Vec<Duration>,
    pub(super) faults: Vec<String>,
}

impl Told {
    /// One more viewer.
    pub(super) fn take(&mut self, mut one: Self) {
        self.answers.append(&mut one.answers);
        self.held += one.held;
        self.refused += one.refused;
        self.cancelled += one.cancelled;
        self.expired += one.expired;
        self.paid += one.paid;
        self.unpaid += one.unpaid;
        self.taps.append(&mut one.taps);
        self.paying.append(&mut one.paying);
        self.faults.append(&mut one.faults);
    }

    /// News that nobody asked for.
    fn news(&mut self, message: &Value) {
        match (message["type"].as_str(), message["event"].as_str()) {
            (Some("booking"), Some("expired")) => self.expired += 1,
            (Some("order"), Some("paid")) => self.paid += 1,
            _ => {}
        }
    }
}

struct Viewer {
    show: Arc<Show>,
    client: Client,
    token: String,
    chance: Chance,
    told: Told,
}

/// One viewer from the first tap to the end of the show.
pub(super) async fn tell(
    show: Arc<Show>,
    client: Client,
    token: String,
    number: u32,
    chance: Chance,
) -> Result<Told> {
    let mut viewer = Viewer {
        show,
        client,
        token,
        chance,
        told: Told::default(),
    };
    for tap in (number..).step_by(viewer.show.width as usize) {
        let after = Duration::from_secs(1) * tap / viewer.show.rate.max(1);
        if after >= viewer.show.length {
            break;
        }
        let planned = viewer.show.began + after;
        viewer.hear_until(planned).await?;
        viewer.tap(planned).await?;
    }
    let mut on = viewer.show.on.clone();
    let over = loop {
        if let Some(over) = on.borrow_and_update().over {
            break over;
        }
        viewer
            .hear_until(Instant::now() + Duration::from_millis(200))
            .await?;
    };
    viewer.hear_until(over).await?;
    let Viewer {
        mut client,
        mut told,
        ..
    } = viewer;
    client.settle(|message| told.news(message)).await?;
    told.faults.append(&mut client.faults);
    Ok(told)
}

impl Viewer {
    async fn hear_until(&mut self, at: Instant) -> Result<()> {
        while let Ok(heard) = timeout_at(at.into(), self.client.next()).await {
            match heard? {
                Heard::Message(message) => self.told.news(&message),
                Heard::Closed(code) => bail!("closed with {code:?} in the middle of the show"),
            }
        }
        Ok(())
    }

    async fn ask(&mut self, request: &Value) -> Result<Value> {
        let told = &mut self.told;
        let answer = self
            .client
            .ask_until_known(request, |message| told.news(message))
            .await?;
        ensure!(
            answer["type"] != "unknown" && answer["code"] != "rate_limited",
            "{request} came to {answer}"
        );
        let id: Uuid = request["id"].as_str().context("no id")?.parse()?;
        if !from_memory(&answer) {
            told.answers
                .push((id.as_u128(), answer["type"] != "refused"));
        }
        Ok(answer)
    }

    async fn tap(&mut self, planned: Instant) -> Result<()> {
        let Some((drop, sku)) = self.show.on.borrow().drop.clone() else {
            return Ok(());
        };
        let answer = self.ask(&book(&drop, &sku)).await?;
        self.told.taps.push(planned.elapsed());
        if answer["type"] == "refused" {
            self.told.refused += 1;
            let code = answer["code"].as_str().unwrap_or_default();
            if !["sold_out", "drop_not_open"].contains(&code) {
                self.told.faults.push(format!("no booking but {answer}"));
            }
            return Ok(());
        }
        ensure!(answer["type"] == "held", "{answer}");
        self.told.held += 1;
        let booking = answer["booking"].clone();
        match self.chance.below(100) {
            n if n < self.show.checkouts => self.check_out(booking).await,
            n if n < self.show.checkouts + self.show.cancels => {
                let cancel = json!({"type": "cancel", "id": new_id(), "booking": booking});
                let answer = self.ask(&cancel).await?;
                self.told.cancelled += usize::from(answer["type"] == "cancelled");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// On a machine that is too slow the booking may run out first: then there is nothing to pay.
    async fn check_out(&mut self, booking: Value) -> Result<()> {
        let began = Instant::now();
        let checkout = self
            .ask(&json!({"type": "checkout.start", "id": new_id(), "bookings": [booking]}))
            .await?;
        if checkout["type"] != "checkout" {
            return Ok(());
        }
        let place =
            json!({"type": "checkout.place", "id": new_id(), "checkout": checkout["checkout"]});
        let order = self.ask(&place).await?;
        ensure!(order["type"] == "ordered", "{place} came to {order}");
        let start = json!({"type": "payment.start", "id": new_id(), "order": order["order"], "method": "qris"});
        let payment = self.ask(&start).await?;
        ensure!(payment["type"] == "payment", "{start} came to {payment}");
        if self.chance.below(5) == 0 {
            self.told.unpaid += 1;
            return Ok(());
        }
        let name = payment["payment"].as_str().context("no payment")?;
        let before = self.told.paid;
        self.press(name).await?;
        let until = Instant::now() + PATIENCE;
        while self.told.paid == before {
            let heard = timeout_at(until.into(), self.client.next()).await;
            match heard.context("nobody said that it is paid")?? {
                Heard::Message(message) => self.told.news(&message),
                Heard::Closed(code) => bail!("closed with {code:?} before it was paid"),
            }
        }
        self.told.paying.push(began.elapsed());
        Ok(())
    }

    /// The button of the gateway without money.
    async fn press(&self, payment: &str) -> Result<()> {
        let (to, token, body) = (self.show.address, &self.token, r#"{"action":"pay"}"#);
        let request = format!(
            "POST /v1/{payment} HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = http::raw(to, request.as_bytes()).await?;
        ensure!(answer.status == 200, "{payment}: {}", answer.text);
        Ok(())
    }
}
