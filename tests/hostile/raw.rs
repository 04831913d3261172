//! HTTP as bytes: what a library would not let a client send, and what really comes back.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::house::house;

/// Far longer than anything takes: only a server that never answers gets here.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Answer {
    /// 0 when the server hung up without a word.
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// What came after the body: a second answer, if the bytes were taken for two requests.
    pub(super) rest: String,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// Reads an answer out of all that a connection said.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let (head, after) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length
            .and_then(|(_, n)| n.parse().ok())
            .unwrap_or(after.len());
        let (body, rest) = after.split_at_checked(length).unwrap_or((after, ""));
        let (body, rest) = (body.to_owned(), rest.to_owned());
        Self {
            status: status.unwrap_or(0),
            headers,
            body,
            rest,
        }
    }
}

/// Sends bytes to the public door and reads until the server hangs up.
pub(super) async fn send(bytes: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(house().address).await.unwrap();
    // The server may hang up before it has read all: what it said before counts.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("an answer or an end")
        {
            Ok(0) | Err(_) => return Answer::of(&said),
            Ok(read) => said.extend_from_slice(&buffer[..read]),
        }
    }
}

/// A whole request, with `Connection: close` so that the end of the answer can be seen.
pub(super) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", house().address);
    text.push_str("connection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// Sends one.
pub(super) async fn ask(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    send(&request(method, path, headers, body)).await
}
