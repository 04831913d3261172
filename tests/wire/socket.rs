//! A WebSocket as a client holds it.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use crate::house::{Check, PATIENCE};

/// One WebSocket. What comes and is not waited for yet is kept in order.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    kept: VecDeque<Value>,
    check: Check,
}

impl Socket {
    /// Opens one at an address.
    pub(crate) async fn open(url: &str, check: Check) -> Self {
        let (stream, _) = timeout(PATIENCE, connect_async(url))
            .await
            .unwrap()
            .unwrap();
        Self {
            stream,
            kept: VecDeque::new(),
            check,
        }
    }

    /// Says one object.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string()).await;
    }

    /// Says a text as it is.
    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// Says bytes, which no client should.
    pub(crate) async fn send_bytes(&mut self, bytes: Vec<u8>) {
        self.stream.send(Message::binary(bytes)).await.unwrap();
    }

    /// The first object, kept or still to come, of which this is true; the others are kept.
    pub(crate) async fn until(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&is) {
            return self.kept.remove(at).unwrap();
        }
        loop {
            let before = self.kept.len();
            if let Err((code, reason)) = self.read().await {
                panic!(
                    "waited for {what}: closed {code} {reason}, kept {:?}",
                    self.kept
                );
            }
            if let Some(at) = (before..self.kept.len()).find(|at| is(&self.kept[*at])) {
                return self.kept.remove(at).unwrap();
            }
        }
    }

    /// Sends a request, with a fresh id if it has none, and waits for its answer.
    pub(crate) async fn ask(&mut self, mut request: Value) -> Value {
        if request.get("id").is_none() {
            request["id"] = json!(Uuid::now_v7().to_string());
        }
        self.send(&request).await;
        let id = request["id"].clone();
        self.until(&format!("the answer to {request}"), |m| m["id"] == id)
            .await
    }

    /// What has come and was not waited for.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Value> {
        self.kept.iter()
    }

    /// Reads on until the server closes; code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Err(end) = self.read().await {
                return end;
            }
        }
    }

    /// Closes it and waits until it is closed.
    pub(crate) async fn leave(mut self) {
        self.stream.close(None).await.unwrap();
        while let Some(Ok(_)) = timeout(PATIENCE, self.stream.next()).await.unwrap() {}
    }

    async fn read(&mut self) -> Result<(), (u16, String)> {
        let frame = timeout(PATIENCE, self.stream.next()).await;
        let frame = frame.unwrap_or_else(|_| panic!("nothing comes; kept {:?}", self.kept));
        match frame {
            Some(Ok(Message::Text(text))) => {
                for line in text.split('\n') {
                    let object: Value = serde_json::from_str(line).unwrap();
                    (self.check)(&object);
                    self.kept.push_back(object);
                }
                Ok(())
            }
            Some(Ok(Message::Close(Some(frame)))) => {
                Err((frame.code.into(), frame.reason.to_string()))
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err((1006, error.to_string())),
            None => Err((1006, String::new())),
        }
    }
}
