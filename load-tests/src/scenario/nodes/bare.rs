//! A booking script by hand, on a plain connection: what the engine's way is compared with.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

const SCRIPT: &str = include_str!("bare.lua");
/// About as many bytes as a booking's request has.
const BODY: [u8; 150] = [b'x'; 150];

/// A connection.
pub(super) struct Bare {
    stream: BufReader<TcpStream>,
    digest: String,
    /// So many were booked, five of a customer.
    booked: usize,
}

impl Bare {
    /// Connects, loads the script, and opens a drop.
    pub(super) async fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let mut bare = Self {
            stream: BufReader::new(stream),
            digest: String::new(),
            booked: 0,
        };
        bare.digest = bare.call(&["SCRIPT", "LOAD", SCRIPT]).await?;
        let drop = ["open", "1", "available", "1000000000", "price", "99000"];
        bare.call(&[&["HSET", "bare:{d}:drop"], &drop[..]].concat())
            .await?;
        Ok(bare)
    }

    async fn call(&mut self, words: &[&str]) -> Result<String> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        self.stream.write_all(&packed(&words)).await?;
        self.answer().await
    }

    /// Books so many, with so many on their way at a time, and a time between two such rounds; each by
    /// a script call of its own. A server that is asked seldom needs more for each: it sleeps in between,
    /// and its caches are cold.
    pub(super) async fn book(
        &mut self,
        count: usize,
        together: usize,
        every: Duration,
    ) -> Result<()> {
        let keys = ["ids", "drop", "units", "bookings", "deadlines", "events"];
        let keys: Vec<String> = keys.iter().map(|key| format!("bare:{{d}}:{key}")).collect();
        let (mut left, mut next) = (count, Instant::now());
        while left > 0 {
            let early = next.saturating_duration_since(Instant::now());
            if !early.is_zero() {
                // The runtime's timer knows whole milliseconds only.
                tokio::task::block_in_place(|| std::thread::sleep(early));
            }
            next += every;
            let some = left.min(together);
            let mut bytes = Vec::new();
            for _ in 0..some {
                self.booked += 1;
                let (id, who) = (
                    Uuid::now_v7().to_string(),
                    format!("bare-{}", self.booked / 5),
                );
                let mut call: Vec<&[u8]> = vec![b"EVALSHA", self.digest.as_bytes(), b"6"];
                call.extend(keys.iter().map(String::as_bytes));
                call.extend([id.as_bytes(), who.as_bytes(), b"1", b"10", &BODY, b"600000"]);
                bytes.extend(packed(&call));
            }
            self.stream.write_all(&bytes).await?;
            for _ in 0..some {
                let said = self.answer().await?;
                ensure!(said.starts_with("held"), "the bare script says {said}");
            }
            left -= some;
        }
        Ok(())
    }

    /// One answer, its parts with blanks between.
    async fn answer(&mut self) -> Result<String> {
        let (mut open, mut parts) = (1_usize, Vec::new());
        while open > 0 {
            open -= 1;
            let mut line = String::new();
            self.stream.read_line(&mut line).await?;
            let line = line.trim_end();
            let (kind, rest) = line.split_at_checked(1).context("no answer")?;
            match kind {
                "*" => open += rest.parse::<usize>()?,
                "$" => {
                    let mut bytes = vec![0; rest.parse::<usize>()? + 2];
                    self.stream.read_exact(&mut bytes).await?;
                    parts.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
                }
                "+" | ":" => parts.push(rest.to_owned()),
                _ => bail!("Redis says {line}"),
            }
        }
        Ok(parts.join(" "))
    }
}

fn packed(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
