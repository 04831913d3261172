//! A WebSocket by hand, for what no proper client would send.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::{http, stage};

/// Opcode of a text frame.
pub const TEXT: u8 = 1;
/// Opcode of a binary frame.
pub const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// A socket that was upgraded; what comes and what goes do not wait for each other.
#[derive(Debug)]
pub struct Raw {
    /// What comes.
    pub incoming: Incoming,
    /// What goes.
    pub outgoing: Outgoing,
}

/// The side that reads.
#[derive(Debug)]
pub struct Incoming(OwnedReadHalf);

/// The side that writes.
#[derive(Debug)]
pub struct Outgoing(OwnedWriteHalf);

impl Raw {
    /// Upgrades a connection to a live.
    pub async fn open(to: SocketAddr, live: &str) -> Result<Self> {
        let mut stream = http::connect(to).await?;
        let request = format!(
            "GET /v1/lives/{live}/ws HTTP/1.1\r\nhost: {to}\r\nconnection: Upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let head = head(&mut stream).await?;
        ensure!(head.starts_with("HTTP/1.1 101"), "no upgrade: {head}");
        let (incoming, outgoing) = stream.into_split();
        Ok(Self {
            incoming: Incoming(incoming),
            outgoing: Outgoing(outgoing),
        })
    }

    /// Upgrades, greets, and waits for the welcome.
    pub async fn greeted(to: SocketAddr, token: &str) -> Result<Self> {
        let mut raw = Self::open(to, stage::LIVE).await?;
        raw.outgoing.hello(token).await?;
        let (opcode, payload) = raw.incoming.frame().await?.context("closed")?;
        let text = String::from_utf8_lossy(&payload);
        ensure!(
            opcode == TEXT && text.contains("\"welcome\""),
            "no welcome: {text}"
        );
        Ok(raw)
    }
}

async fn head(stream: &mut TcpStream) -> Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

impl Incoming {
    /// The next frame: opcode and payload; none at the end.
    pub async fn frame(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let Ok(first) = self.0.read_u8().await else {
            return Ok(None);
        };
        let length = match self.0.read_u8().await? {
            126 => u64::from(self.0.read_u16().await?),
            127 => self.0.read_u64().await?,
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length)?];
        self.0.read_exact(&mut payload).await?;
        Ok(Some((first & 0x0f, payload)))
    }

    /// Reads to the end; how it ended, in words: `close 4401`, or `cut` without a close frame.
    pub async fn ending(&mut self) -> String {
        while let Ok(Some((opcode, payload))) = self.frame().await {
            if let (CLOSE, [high, low, ..]) = (opcode, &*payload) {
                return format!("close {}", u16::from_be_bytes([*high, *low]));
            }
        }
        "cut".to_owned()
    }
}

impl Outgoing {
    /// Bytes as they are.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write_all(bytes).await?)
    }

    /// One whole frame, as clients must mask them.
    pub async fn frame(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        let mut frame = header(opcode, payload.len());
        // A mask of zeros changes nothing, and is a mask.
        frame.extend_from_slice(payload);
        self.bytes(&frame).await
    }

    /// `connect` with a token.
    pub async fn hello(&mut self, token: &str) -> Result<()> {
        let hello = json!({"type": "connect", "token": token}).to_string();
        self.frame(TEXT, hello.as_bytes()).await
    }
}

/// The header of a masked frame of so many bytes.
pub fn header(opcode: u8, length: usize) -> Vec<u8> {
    let mut header = vec![0x80 | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => header.push(0x80 | short),
        (_, Ok(middle)) => {
            header.push(0x80 | 0x7e);
            header.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            header.push(0x80 | 127);
            header.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    header.extend_from_slice(&[0; 4]);
    header
}
