//! A reader of server-sent events, as small as the format allows.

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use serde_json::Value;
use tokio::time::timeout;

use crate::house::{Check, House, LIVE, PATIENCE};
use crate::schema;

/// One open stream of events.
pub(crate) struct Events {
    bytes: BoxStream<'static, Vec<u8>>,
    text: String,
    check: Check,
    /// The last `id:` that was seen.
    pub(crate) last_id: String,
}

impl Events {
    /// Opens the live's events, as a guest without a token.
    pub(crate) async fn open(house: &House, token: Option<&str>, last_id: Option<&str>) -> Self {
        let mut request = house.http(Method::GET, &format!("/v1/lives/{LIVE}/events"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self::over(
            answer
                .bytes_stream()
                .map(|chunk| chunk.unwrap_or_default().to_vec()),
        )
    }

    fn over(bytes: impl Stream<Item = Vec<u8>> + Send + 'static) -> Self {
        Self {
            bytes: bytes.boxed(),
            text: String::new(),
            check: schema::told,
            last_id: String::new(),
        }
    }

    /// The next message; none when the server has ended the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(message) = self.event(&event) {
                    return Some(message);
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.bytes.next())
                .await
                .expect("nothing comes")?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    fn event(&mut self, event: &str) -> Option<Value> {
        let mut data = None;
        for line in event.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => id.clone_into(&mut self.last_id),
                Some(("data", text)) => data = Some(serde_json::from_str(text).unwrap()),
                _ => assert!(line.starts_with(':'), "an unknown line: {line}"),
            }
        }
        data.as_ref().inspect(|message| (self.check)(message));
        data
    }

    /// The next message of which this is true; others are passed over.
    pub(crate) async fn until(&mut self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before {what}"));
            if is(&message) {
                return message;
            }
        }
    }
}
