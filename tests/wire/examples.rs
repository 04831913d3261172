//! The examples of docs/PROTOCOL.md, in their order, against a real server. A client's example is
//! sent; the answer has exactly the fields of the example that follows, and the same `type` and
//! `code`. A `curl` line is asked over HTTP. Whatever the server says elsewhere fits its schema.
//!
//! Ids and times of the page stand for those of the run: `booking` and `drop` ids are learned from
//! the answers (one that no answer made is made before it is used), request ids are fresh, points
//! in time are moved to now.

use std::collections::HashMap;

use lapak::clock::Clock;
use lapak::config::Config;
use lapak::gateway::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{House, LIVE, SHOP};
use crate::schema::{matches, openapi, said, told};
use crate::socket::Socket;

const PROTOCOL: &str = include_str!("../../docs/PROTOCOL.md");
/// The present of the page.
const PAGE_NOW_MS: u64 = 1_796_700_000_000;
/// The drop that is open from the beginning, by the page's own id.
const OPEN: &str = "0197a1c2-7c00-7000-8000-00000000d001";

/// A fenced block: the words after the fence, and the text.
fn blocks() -> Vec<(Vec<&'static str>, &'static str)> {
    let mut all = Vec::new();
    let mut rest = PROTOCOL;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (words, after) = after.split_once('\n').unwrap();
        let (text, after) = after.split_once("\n```").expect("a block without an end");
        all.push((words.split_whitespace().collect(), text));
        rest = after;
    }
    all
}

fn objects(text: &str) -> Vec<Value> {
    let read = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    read.map(|object| object.unwrap_or_else(|error| panic!("{error} in {text}")))
        .collect()
}

/// What runs, and what the ids of the page are in it.
struct Stage {
    house: House,
    sockets: HashMap<&'static str, Socket>,
    ids: HashMap<String, String>,
    position: Value,
}

impl Stage {
    async fn set() -> Self {
        // Whether a refusal is decided or known would depend on how quickly one follows the other.
        let decided = |config: &mut Config| config.journal.refuse_from_memory = false;
        let house = House::with(told, Clock::default(), decided).await;
        house.sku("HIJAB-01", 3).await;
        house.sku("GAMIS-02", 20).await;
        house.open_as(OPEN.parse().unwrap(), "HIJAB-01", None).await;
        let ids = HashMap::from([(OPEN.to_owned(), OPEN.to_owned())]);
        Self {
            house,
            sockets: HashMap::new(),
            ids,
            position: Value::Null,
        }
    }

    fn token(&self, role: &str) -> String {
        match role {
            "viewer" => self.house.token("alice", Role::Viewer),
            "host" => self.house.token("melati", Role::Host),
            "admin" => self.house.token("ana", Role::Admin),
            other => panic!("no such role: {other}"),
        }
    }

    /// Makes a page's object one of this run.
    async fn translate(&mut self, role: &'static str, mut object: Value) -> Value {
        let names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
        for name in names {
            let value = object[&name].clone();
            match name.as_str() {
                "token" => object[name] = json!(self.token(role)),
                "id" => object[name] = json!(Uuid::now_v7().to_string()),
                "resume" => object[name] = self.position.clone(),
                "drop" | "booking" | "checkout" | "order" => {
                    let id = self.id(&name, value.as_str().unwrap()).await;
                    object[name] = json!(id);
                }
                "bookings" if value.is_array() => {
                    for (at, booking) in value.as_array().unwrap().iter().enumerate() {
                        object[&name][at] =
                            json!(self.id("booking", booking.as_str().unwrap()).await);
                    }
                }
                _ if name.ends_with("_at_ms") => {
                    let moved = value.as_u64().unwrap() - PAGE_NOW_MS + self.house.clock.now_ms();
                    object[name] = json!(moved);
                }
                _ => {}
            }
        }
        object
    }

    async fn id(&mut self, kind: &str, page: &str) -> String {
        if let Some(known) = self.ids.get(page) {
            return known.clone();
        }
        let made = if kind == "drop" {
            self.house.open("GAMIS-02", None).await
        } else {
            let mut budi = self.house.enter("budi", Role::Viewer).await;
            let held = budi
                .ask(json!({"type": "book", "drop": OPEN, "sku": "HIJAB-01"}))
                .await;
            held["booking"]
                .as_str()
                .unwrap_or_else(|| panic!("{held}"))
                .to_owned()
        };
        self.ids.insert(page.to_owned(), made.clone());
        made
    }

    /// An answer is as on the page; its ids are what the page's ids mean from now on.
    fn learn(&mut self, page: &Value, answer: &Value) {
        let fields = |object: &Value| {
            object
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            fields(page),
            fields(answer),
            "\npage   {page}\nanswer {answer}"
        );
        for name in [
            "type",
            "code",
            "event",
            "message",
            "status",
            "recovered",
            "qty",
            "field",
        ] {
            assert_eq!(
                page[name], answer[name],
                "{name}\npage   {page}\nanswer {answer}"
            );
        }
        for name in ["drop", "booking", "checkout", "order"] {
            if let (Some(page), Some(real)) = (page[name].as_str(), answer[name].as_str()) {
                self.ids.insert(page.to_owned(), real.to_owned());
            }
        }
    }

    async fn say(&mut self, role: &'static str, object: Value) -> Value {
        let object = self.translate(role, object).await;
        if object["type"] == "connect" {
            let (mut socket, welcome) = self.house.connect(object).await;
            if welcome["recovered"] == true {
                let stock = socket.until("stock", |m| m["type"] == "stock").await;
                assert_eq!(
                    (&stock["p"], &stock["s"]),
                    (&self.position["seq"], &welcome["position"]["seq"])
                );
            }
            self.position = welcome["position"].clone();
            self.sockets.insert(role, socket);
            return welcome;
        }
        if !self.sockets.contains_key(role) {
            let (socket, _) = self
                .house
                .connect(json!({"token": self.token(role), "lang": "en"}))
                .await;
            self.sockets.insert(role, socket);
        }
        let socket = self.sockets.get_mut(role).unwrap();
        if object.get("id").is_some() {
            return socket.ask(object).await;
        }
        socket.send(&object).await;
        socket
            .until("what is no answer by id", |m| {
                ["refreshed", "pong", "resync"]
                    .iter()
                    .any(|kind| m["type"] == *kind)
            })
            .await
    }

    /// Asks what a `curl` line asks; none for a stream.
    async fn curl(&mut self, line: &str) -> Option<Value> {
        let words = words(line);
        let mut words = words.iter().map(String::as_str);
        assert_eq!(words.next(), Some("curl"));
        let (mut method, mut url, mut body, mut headers) = (Method::GET, None, None, Vec::new());
        while let Some(word) = words.next() {
            match word {
                "-s" => {}
                "-sN" => return None,
                "-X" => method = words.next().unwrap().parse().unwrap(),
                "-d" => body = Some(objects(words.next().unwrap()).remove(0)),
                "-H" => headers.push(words.next().unwrap().split_once(": ").unwrap()),
                word => url = Some(word.strip_prefix("$URL").unwrap().to_owned()),
            }
        }
        let mut path = url.unwrap();
        for (page, real) in &self.ids {
            path = path.replace(page, real);
        }
        let mut request = self.house.http(method, &path);
        for (name, value) in headers {
            let value = value
                .replace("$TOKEN", &self.token("viewer"))
                .replace("$HOST_TOKEN", &self.token("host"))
                .replace("$ADMIN_TOKEN", &self.token("admin"))
                .replace("$(uuidgen)", &Uuid::new_v4().to_string());
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(self.translate("viewer", body).await.to_string());
        }
        Some(request.send().await.unwrap().json().await.unwrap())
    }
}

/// The words of a shell line: single and double quotes, and lines joined by a backslash.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut word) = (Vec::new(), None, None::<String>);
    for sign in line.replace("\\\n", " ").chars() {
        match (quote, sign) {
            (None, '\'' | '"') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (Some(open), sign) if open == sign => quote = None,
            (None, sign) if sign.is_whitespace() => words.extend(word.take()),
            (_, sign) => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    words
}

#[tokio::test]
async fn every_example_of_the_page_is_true() {
    let mut stage = Stage::set().await;
    let (mut sent, mut asked, mut checked) = (0, 0, 0);
    let mut answer: Option<Value> = None;
    for (words, text) in blocks() {
        match words.as_slice() {
            ["json", "client", role, rest @ ..] => {
                assert!(
                    answer.is_none(),
                    "no answer stands after the example before {text}"
                );
                let example = objects(text).remove(0);
                if rest.is_empty() {
                    said(&example);
                }
                answer = Some(stage.say(role, example).await);
                sent += 1;
            }
            ["json", "server"] => {
                for example in objects(text) {
                    told(&example);
                    checked += 1;
                    if let Some(answer) = answer.take() {
                        stage.learn(&example, &answer);
                    }
                }
            }
            ["sh"] => {
                assert!(
                    answer.is_none(),
                    "no answer stands after the example before {text}"
                );
                answer = stage.curl(text).await;
                asked += 1;
            }
            ["json", "http", schema] => {
                let example = objects(text).remove(0);
                let answer = answer.take().expect("nothing was asked");
                for object in [&example, &answer] {
                    matches(openapi(), schema, object);
                }
                stage.learn(&example, &answer);
                checked += 1;
            }
            ["text"] => {}
            other => panic!("a block that nobody checks: {other:?}"),
        }
    }
    assert!(answer.is_none());
    assert!(
        sent >= 25 && asked >= 10 && checked >= 45,
        "{sent} {asked} {checked}"
    );
    assert!(PROTOCOL.contains(LIVE) && PROTOCOL.contains(SHOP));
    stage.house.stop().await;
}
