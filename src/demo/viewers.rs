//! Simulated viewers: real WebSocket clients of the demo that book, cancel, wait, and let
//! bookings run out, as people do.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Names the simulated viewers have, with a number behind.
const NAMES: [&str; 12] = [
    "ayu", "budi", "citra", "dewi", "eka", "farah", "gita", "hana", "indra", "joko", "kiki", "lina",
];

/// Most bytes of an answer that are read.
const ANSWER_MAX: u64 = 16 * 1024;

/// The name of a simulated viewer.
pub(super) fn name(number: u32) -> String {
    let index = usize::try_from(number).unwrap_or(0) % NAMES.len();
    format!("{}{}", NAMES.get(index).unwrap_or(&"tamu"), number + 1)
}

/// Whether a customer is a simulated viewer.
pub(super) fn is_one(customer: &str) -> bool {
    let plain = customer.trim_end_matches(|c: char| c.is_ascii_digit());
    plain.len() < customer.len() && NAMES.contains(&plain)
}

/// Watches and books until `stopping`, coming back when the connection goes.
pub(super) async fn run(
    server: SocketAddr,
    token: String,
    number: u32,
    stopping: CancellationToken,
) {
    let mut chance = Chance(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    loop {
        let life = watch(server, &token, &mut chance);
        let ended = stopping.run_until_cancelled(life).await;
        let pause = Duration::from_millis(500 + chance.below(3_000));
        let rested = stopping
            .run_until_cancelled(tokio::time::sleep(pause))
            .await;
        if ended.is_none() || rested.is_none() {
            return;
        }
    }
}

/// What a viewer sees and has.
#[derive(Default)]
struct Seen {
    /// Drops that take bookings: drop and SKU.
    open: Vec<(String, String)>,
    bookings: Vec<String>,
    /// How many bookings were made.
    made: u32,
    /// What an answer leads to next: from a checkout to an order to a payment.
    next: Option<Value>,
    /// A payment that waits for its button at the gateway without money.
    to_press: Option<String>,
}

async fn watch(server: SocketAddr, token: &str, chance: &mut Chance) -> Option<()> {
    let url = format!("ws://{server}/v1/lives/{}/ws", super::LIVE);
    let mut small = WebSocketConfig::default();
    small.read_buffer_size = 4 * 1024;
    small.write_buffer_size = 0;
    let (mut socket, _) = connect_async_with_config(url, Some(small), true)
        .await
        .ok()?;
    let hello = json!({"type": "connect", "token": token}).to_string();
    socket.send(Message::text(hello)).await.ok()?;
    let mut seen = Seen::default();
    loop {
        let mood = Duration::from_millis(10_000 + chance.below(50_000));
        let next = tokio::time::timeout(mood, socket.next()).await;
        let idle = next.is_err();
        match next {
            Ok(Some(Ok(Message::Text(text)))) => text.lines().for_each(|line| seen.take(line)),
            Ok(Some(Err(_)) | None) => return None,
            Ok(Some(Ok(_))) | Err(_) => {}
        }
        // Most of what arrives makes nobody tap.
        let taps = idle || chance.below(400) == 0;
        let tap = seen
            .next
            .take()
            .or_else(|| taps.then(|| seen.tap(chance)).flatten());
        if let Some(tap) = tap {
            socket.send(Message::text(tap.to_string())).await.ok()?;
        }
        // One in five never pays.
        if let Some(payment) = seen.to_press.take().filter(|_| chance.below(5) > 0) {
            press(server, token, &payment).await;
        }
    }
}

impl Seen {
    fn take(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match message["type"].as_str().unwrap_or_default() {
            "welcome" => {
                let drops = message["snapshot"]["drops"].as_array();
                drops.into_iter().flatten().for_each(|drop| self.drop(drop));
            }
            "drop" => self.drop(&message["drop"]),
            "held" => self.held(&message["booking"]),
            "checkout" => self.next = ask("checkout.place", "checkout", &message["checkout"]),
            "ordered" => {
                self.next = ask("payment.start", "order", &message["order"]).map(|mut ask| {
                    ask["method"] = json!("qris");
                    ask
                });
            }
            "payment" if message["sandbox"] == true => {
                self.to_press = message["payment"].as_str().map(Into::into);
            }
            "booking" if message["event"] == "promoted" => {
                self.bookings
                    .extend(message["booking"].as_str().map(Into::into));
            }
            "booking" => {
                let ended = message["booking"].as_str().unwrap_or_default();
                self.bookings.retain(|booking| booking != ended);
            }
            _ => {}
        }
    }

    /// Every second booking is ordered at once; the others wait for a mood.
    fn held(&mut self, booking: &Value) {
        self.bookings.extend(booking.as_str().map(Into::into));
        self.made += 1;
        if self.made.is_multiple_of(2) {
            let id = Uuid::now_v7().to_string();
            let all = &self.bookings;
            self.next = Some(json!({"type": "checkout.start", "id": id, "bookings": all}));
        }
    }

    fn drop(&mut self, drop: &Value) {
        let (Some(id), Some(sku)) = (drop["drop"].as_str(), drop["sku"].as_str()) else {
            return;
        };
        self.open.retain(|(known, _)| known != id);
        if drop["state"] == "open" {
            self.open.push((id.to_owned(), sku.to_owned()));
        }
    }

    /// Six times in ten a booking, once a cancel, twice a checkout of all there is; else nothing:
    /// what is held runs out.
    fn tap(&mut self, chance: &mut Chance) -> Option<Value> {
        let id = Uuid::now_v7().to_string();
        match chance.below(10) {
            0..=5 if self.bookings.len() < 2 => {
                let pick = usize::try_from(chance.below(self.open.len() as u64)).ok()?;
                let (drop, sku) = self.open.get(pick)?;
                let qty = 1 + chance.below(2);
                Some(
                    json!({"type": "book", "id": id, "drop": drop, "sku": sku, "qty": qty,
                    "accept_partial": true, "join_waitlist": chance.below(2) == 0}),
                )
            }
            6 => {
                let booking = self.bookings.pop()?;
                Some(json!({"type": "cancel", "id": id, "booking": booking}))
            }
            7 | 8 if !self.bookings.is_empty() => {
                Some(json!({"type": "checkout.start", "id": id, "bookings": self.bookings}))
            }
            _ => None,
        }
    }
}

/// A request about one thing.
fn ask(kind: &str, of: &str, id: &Value) -> Option<Value> {
    let mut ask = json!({"type": kind, "id": Uuid::now_v7().to_string()});
    ask[of] = json!(id.as_str()?);
    Some(ask)
}

/// Pays at the gateway without money.
async fn press(server: SocketAddr, token: &str, payment: &str) -> Option<()> {
    let (path, body) = (format!("/v1/{payment}"), r#"{"action":"pay"}"#);
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream
        .take(ANSWER_MAX)
        .read_to_end(&mut answer)
        .await
        .ok()?;
    Some(())
}

/// A small random source: viewers need variety, not secrecy (xorshift).
struct Chance(u64);

impl Chance {
    /// A number below `n`, 0 if `n` is 0.
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        if n == 0 { 0 } else { self.0 % n }
    }
}
