//! One WebSocket client that believes nothing: every frame it gets is checked against the wire
//! contract, every request must be answered once.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use uuid::Uuid;

use crate::{http, stage};

/// How long anything may take before a scenario gives up. Not a speed that is asked for.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// How long who was turned away waits before the next attempt.
const AGAIN: Duration = Duration::from_millis(50);

/// What came.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A message.
    Message(Value),
    /// The connection has ended, with the close code if there was one.
    Closed(Option<u16>),
}

/// A connection that has been greeted.
#[derive(Debug)]
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    waiting: VecDeque<Value>,
    /// The close that came, also if nobody waited to hear of it.
    closed: Option<Heard>,
    /// How the server greeted.
    pub welcome: Value,
    /// Epoch and number of the last position seen.
    pub position: (u64, u64),
    /// What was wrong with what came.
    pub faults: Vec<String>,
    /// How often each request was answered.
    pub answers: HashMap<String, u32>,
}

/// A socket that has not greeted; `buffer` bytes of it are the system's for what comes in.
pub async fn open(to: SocketAddr, live: &str) -> Result<WebSocketStream<TcpStream>> {
    upgrade(http::connect(to).await?, to, live).await
}

/// Makes a WebSocket of a connection.
pub async fn upgrade(
    stream: TcpStream,
    to: SocketAddr,
    live: &str,
) -> Result<WebSocketStream<TcpStream>> {
    let mut small = WebSocketConfig::default();
    small.read_buffer_size = 4 * 1024;
    small.write_buffer_size = 0;
    let url = format!("ws://{to}/v1/lives/{live}/ws");
    let (socket, _) = client_async_with_config(url, stream, Some(small)).await?;
    Ok(socket)
}

fn no_room(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref(),
        Some(tungstenite::Error::Http(response)) if response.status() == 503
    )
}

impl Client {
    /// Connects and greets, going on from a position if one is given.
    pub async fn connect(
        to: SocketAddr,
        token: Option<&str>,
        resume: Option<(u64, u64)>,
    ) -> Result<Self> {
        let socket = timeout(PATIENCE, open(to, stage::LIVE)).await??;
        Self::greet(socket, token, resume).await
    }

    /// The same, and again while there is no room (503): the server may not know yet that the line
    /// before has broken.
    pub async fn come_back(
        to: SocketAddr,
        token: Option<&str>,
        resume: Option<(u64, u64)>,
    ) -> Result<Self> {
        let began = Instant::now();
        loop {
            match Self::connect(to, token, resume).await {
                Err(error) if no_room(&error) && began.elapsed() < PATIENCE => sleep(AGAIN).await,
                come => return come,
            }
        }
    }

    /// Greets on a socket.
    pub async fn greet(
        mut socket: WebSocketStream<TcpStream>,
        token: Option<&str>,
        resume: Option<(u64, u64)>,
    ) -> Result<Self> {
        let mut hello = json!({"type": "connect", "lang": "en"});
        if let Some(token) = token {
            hello["token"] = json!(token);
        }
        if let Some((epoch, seq)) = resume {
            hello["resume"] = json!({"epoch": epoch, "seq": seq});
        }
        socket.send(Message::text(hello.to_string())).await?;
        let mut client = Self {
            socket,
            waiting: VecDeque::new(),
            closed: None,
            welcome: Value::Null,
            position: resume.unwrap_or_default(),
            faults: Vec::new(),
            answers: HashMap::new(),
        };
        match client.raw().await? {
            Heard::Message(welcome) if welcome["type"] == "welcome" => client.take_welcome(welcome),
            other => bail!("no welcome but {other:?}"),
        }
        Ok(client)
    }

    fn take_welcome(&mut self, welcome: Value) {
        let at = &welcome["position"];
        let here = (number(&at["epoch"]), number(&at["seq"]));
        if here < self.position {
            self.faults
                .push(format!("welcomed at {here:?}, behind {:?}", self.position));
        }
        // Who is recovered is brought from the old position to this one by a frame.
        if welcome["recovered"] != true {
            self.position = here;
        }
        self.welcome = welcome;
    }

    /// Sends a message.
    pub async fn send(&mut self, message: &Value) -> Result<()> {
        let text = message.to_string();
        timeout(PATIENCE, self.socket.send(Message::text(text))).await??;
        Ok(())
    }

    /// The next message, checked.
    pub async fn next(&mut self) -> Result<Heard> {
        let heard = self.raw().await?;
        if let Heard::Message(message) = &heard {
            self.check(message);
        }
        Ok(heard)
    }

    async fn raw(&mut self) -> Result<Heard> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(Heard::Message(message));
            }
            if let Some(closed) = &self.closed {
                return Ok(closed.clone());
            }
            let next = timeout(PATIENCE, self.socket.next()).await;
            match next.context("nothing comes any more")? {
                Some(Ok(Message::Text(text))) => {
                    for line in text.lines() {
                        self.waiting.push_back(serde_json::from_str(line)?);
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    self.closed = Some(Heard::Closed(frame.map(|frame| frame.code.into())));
                    // Reading on lets the closing handshake finish.
                    let _ = timeout(Duration::from_secs(1), self.socket.next()).await;
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Heard::Closed(None)),
            }
        }
    }

    fn check(&mut self, message: &Value) {
        if let Some(id) = message["id"].as_str() {
            let times = self.answers.entry(id.to_owned()).or_default();
            *times += 1;
            if *times > 1 {
                self.faults
                    .push(format!("answered {times} times: {message}"));
            }
        }
        match message["type"].as_str() {
            Some("stock") => self.check_stock(message),
            Some("resync") => self.take_welcome(message.clone()),
            _ => {}
        }
    }

    /// Frames cover (p, s]: none may leave a gap behind what was seen, none may lead back.
    fn check_stock(&mut self, frame: &Value) {
        let epoch = number(&frame["epoch"]);
        let (p, s) = ((epoch, number(&frame["p"])), (epoch, number(&frame["s"])));
        // Of a later epoch, from its beginning: everything that has changed since is in it.
        let anew = p.1 == 0 && epoch > self.position.0;
        if self.position < p && !anew {
            self.faults
                .push(format!("a gap: at {:?}, then {frame}", self.position));
        }
        if s < self.position {
            self.faults
                .push(format!("backwards: at {:?}, then {frame}", self.position));
        }
        self.position = self.position.max(s);
    }

    /// Asks, and waits for the answer. Other messages are handed to `aside`.
    pub async fn ask_aside(
        &mut self,
        request: &Value,
        mut aside: impl FnMut(&Value),
    ) -> Result<Value> {
        self.send(request).await?;
        let id = request["id"].as_str().context("a request without id")?;
        loop {
            match self.next().await? {
                Heard::Message(message) if message["id"] == id => return Ok(message),
                Heard::Message(message) => aside(&message),
                Heard::Closed(code) => bail!("closed ({code:?}) before the answer"),
            }
        }
    }

    /// Asks, and waits for the answer.
    pub async fn ask(&mut self, request: &Value) -> Result<Value> {
        self.ask_aside(request, |_| {}).await
    }

    /// Asks, and again with the same id while what became of it is unknown, or it was surely not
    /// done. Other messages are handed to `aside`.
    pub async fn ask_until_known(
        &mut self,
        request: &Value,
        mut aside: impl FnMut(&Value),
    ) -> Result<Value> {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask_aside(request, &mut aside).await?;
            if !may_be_asked_again(&answer) || Instant::now() > until {
                return Ok(answer);
            }
            sleep(pause(&answer)).await;
            // The next answer is to another question.
            let id = request["id"].as_str().unwrap_or_default();
            self.answers.remove(id);
        }
    }

    /// Waits until everything that was said before this call has been heard: whatever the
    /// server had for us by now is in, also a second answer.
    pub async fn settle(&mut self, mut aside: impl FnMut(&Value)) -> Result<()> {
        self.send(&json!({"type": "ping"})).await?;
        loop {
            match self.next().await? {
                Heard::Message(message) if message["type"] == "pong" => return Ok(()),
                Heard::Message(message) => aside(&message),
                Heard::Closed(code) => bail!("closed ({code:?}) instead of a pong"),
            }
        }
    }

    /// A host's command that must be done.
    pub async fn done(&mut self, mut command: Value) -> Result<Value> {
        command["id"] = json!(new_id());
        let answer = self.ask(&command).await?;
        ensure!(answer["type"] == "done", "{command} came to {answer}");
        Ok(answer)
    }

    /// Lets go without a word, as a lost line does.
    pub fn cut(self) {
        drop(self.socket);
    }
}

/// A request id.
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// A number of a message; 0 if it is none.
pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

/// An outcome that is not known, or surely was not decided: the same id may be sent again.
pub fn may_be_asked_again(answer: &Value) -> bool {
    answer["type"] == "unknown"
        || answer["code"] == "stale_epoch"
        || answer["code"] == "rate_limited"
}

/// How long an answer wants one to wait before asking again.
pub fn pause(answer: &Value) -> Duration {
    Duration::from_millis(number(&answer["retry_ms"]).clamp(20, 1_000))
}

/// A refusal that a node made by what it knew: it is in no journal.
pub fn from_memory(answer: &Value) -> bool {
    answer["from_memory"] == true
}

/// A booking of one unit.
pub fn book(drop: &str, sku: &str) -> Value {
    json!({"type": "book", "id": new_id(), "drop": drop, "sku": sku, "qty": 1})
}
