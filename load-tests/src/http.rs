//! As much HTTP/1.1 as the scenarios need: one request, one connection.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A status and a body.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers and body as they came.
    pub text: String,
}

/// Connects to an address of this machine; any other is refused.
pub async fn connect(to: SocketAddr) -> Result<TcpStream> {
    ensure!(to.ip().is_loopback(), "{to} is not on this machine");
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Asks for a path.
pub async fn get(to: SocketAddr, path: &str) -> Result<Response> {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n\r\n");
    raw(to, request.as_bytes()).await
}

/// Sends bytes, and reads until the server closes.
pub async fn raw(to: SocketAddr, bytes: &[u8]) -> Result<Response> {
    let mut stream = connect(to).await?;
    // A server that refuses early may stop reading: what it says counts, not our broken pipe.
    let _ = stream.write_all(bytes).await;
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all).await;
    ensure!(read.is_ok() || !all.is_empty(), "no answer: {read:?}");
    let text = String::from_utf8_lossy(&all).into_owned();
    let status = text.split(' ').nth(1).context("no status")?.parse()?;
    Ok(Response { status, text })
}
