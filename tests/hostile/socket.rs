//! A WebSocket client that may say anything: well-formed messages, and frames that no library
//! would send.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::house::house;
use super::raw::PATIENCE;

/// The last frame of a text message.
pub(super) const TEXT: u8 = 0x81;
/// Any frame but the first, not the last.
pub(super) const CONTINUES: u8 = 0x00;
/// The last frame of a message that began before.
pub(super) const ENDS: u8 = 0x80;

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    /// One object of a text frame.
    Object(Value),
    /// It closed, with this code.
    Close(u16),
    /// It hung up without saying why.
    Gone,
}

/// An upgraded connection.
pub(super) struct Socket {
    stream: TcpStream,
    bytes: Vec<u8>,
    waiting: Vec<Value>,
}

impl Socket {
    /// Upgrades, and says nothing.
    pub(super) async fn open(live: &str) -> Self {
        Self::open_saying(live, &[]).await
    }

    /// Upgrades, with these bytes right behind the request.
    pub(super) async fn open_saying(live: &str, more: &[u8]) -> Self {
        let mut stream = TcpStream::connect(house().address).await.unwrap();
        let hello = format!(
            "GET /v1/lives/{live}/ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            house().address
        );
        let said = [hello.as_bytes(), more].concat();
        stream.write_all(&said).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        assert!(
            head.starts_with(b"HTTP/1.1 101"),
            "{}",
            String::from_utf8_lossy(&head)
        );
        Self {
            stream,
            bytes: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Upgrades, greets, and waits for the welcome.
    pub(super) async fn connect(live: &str, token: Option<&str>) -> Self {
        let mut socket = Self::open(live).await;
        socket.greet(token).await;
        let heard = socket.hear().await;
        assert!(
            matches!(&heard, Heard::Object(o) if o["type"] == "welcome"),
            "{heard:?}"
        );
        socket
    }

    /// Says `connect`.
    pub(super) async fn greet(&mut self, token: Option<&str>) {
        let hello = serde_json::json!({"type": "connect", "token": token, "lang": "en"});
        self.say(&hello.to_string()).await;
    }

    /// Sends a text.
    pub(super) async fn say(&mut self, text: &str) {
        self.write(&frame(TEXT, text.as_bytes())).await;
    }

    /// Sends bytes. A server that has hung up already is asked for its reasons by `hear`.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Sends a request and waits for its answer: the object with its id, or an error.
    pub(super) async fn ask(&mut self, request: &str) -> Value {
        let asked: Value = serde_json::from_str(request).unwrap();
        self.say(request).await;
        loop {
            match self.hear().await {
                Heard::Object(told) if told["id"] == asked["id"] => return told,
                Heard::Object(told) if told["type"] == "error" => return told,
                Heard::Object(_) => {}
                other => panic!("{request}: {other:?}"),
            }
        }
    }

    /// The next object that answers something, or the end.
    pub(super) async fn verdict(&mut self) -> Heard {
        loop {
            match self.hear().await {
                Heard::Object(told) if is_news(&told) => {}
                other => return other,
            }
        }
    }

    /// The next thing the server says.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            if !self.waiting.is_empty() {
                return Heard::Object(self.waiting.remove(0));
            }
            let Some((first, payload)) = self.frame().await else {
                return Heard::Gone;
            };
            match first & 0x0f {
                1 => {
                    let text = String::from_utf8(payload).unwrap();
                    let objects = text
                        .split('\n')
                        .map(|line| serde_json::from_str(line).unwrap());
                    self.waiting.extend(objects);
                }
                8 => {
                    let code = payload.get(..2).map(|b| u16::from_be_bytes([b[0], b[1]]));
                    return Heard::Close(code.unwrap_or(1005));
                }
                _ => {}
            }
        }
    }

    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, from, to)) = whole(&self.bytes) {
                let payload = self.bytes[from..to].to_vec();
                self.bytes.drain(..to);
                return Some((first, payload));
            }
            let mut buffer = vec![0; 16 * 1024];
            match timeout(PATIENCE, self.stream.read(&mut buffer))
                .await
                .expect("a word or an end")
            {
                Ok(0) | Err(_) => return None,
                Ok(read) => self.bytes.extend_from_slice(&buffer[..read]),
            }
        }
    }
}

/// What everybody is told anyway.
fn is_news(told: &Value) -> bool {
    let kind = told["type"].as_str().unwrap_or_default();
    [
        "welcome", "stock", "drop", "viewers", "ticker", "activity", "booking",
    ]
    .contains(&kind)
}

/// First byte, and where the payload of the first frame begins and ends, once it is all there.
fn whole(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (first, short) = (*bytes.first()?, usize::from(*bytes.get(1)? & 0x7f));
    let (from, length) = match short {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            10,
            usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        length => (2, length),
    };
    (bytes.len() >= from + length).then_some((first, from, from + length))
}

/// A masked frame; the mask of zeros leaves the payload readable.
pub(super) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with(first, 0x80, payload)
}

/// The same without a mask, which no client may send.
pub(super) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with(first, 0, payload)
}

fn frame_with(first: u8, mask: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match u16::try_from(payload.len()) {
        Ok(short @ 0..126) => bytes.push(mask | u8::try_from(short).unwrap()),
        Ok(middle) => {
            bytes.push(mask | 126);
            bytes.extend(middle.to_be_bytes());
        }
        Err(_) => {
            bytes.push(mask | 127);
            bytes.extend((payload.len() as u64).to_be_bytes());
        }
    }
    if mask != 0 {
        bytes.extend([0; 4]);
    }
    bytes.extend(payload);
    bytes
}
