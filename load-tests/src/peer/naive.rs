//! The naive server: what one writes first. axum, its `WebSocket`s with their own buffers, a task
//! that sends and one that reads for each connection, and a broadcast channel between them.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as Control;

use anyhow::Result;
use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, Sender};

use super::Publish;

/// Messages that a slow viewer may be behind.
const BEHIND_MAX: usize = 1_024;

pub(super) fn run(mut control: Control) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))))?;
    writeln!(control, "{}", listener.local_addr()?)?;
    let (news, _) = broadcast::channel::<Utf8Bytes>(BEHIND_MAX);
    let chat = |State(news): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(|socket| watch(socket, news))
    };
    let app = Router::new()
        .route("/ws", any(chat))
        .with_state(news.clone());
    runtime.spawn(async move { axum::serve(listener, app).await });
    for line in BufReader::new(control).lines() {
        let publish: Publish = serde_json::from_str(&line?)?;
        for message in publish.messages() {
            // Nobody may be there to hear it.
            let _ = news.send(message.into());
        }
    }
    Ok(())
}

async fn watch(socket: WebSocket, news: Sender<Utf8Bytes>) {
    let (mut outgoing, mut incoming) = socket.split();
    let mut news = news.subscribe();
    let mut sending = tokio::spawn(async move {
        while let Ok(message) = news.recv().await {
            if outgoing.send(Message::Text(message)).await.is_err() {
                break;
            }
        }
    });
    tokio::select! {
        _ = &mut sending => {}
        () = async { while let Some(Ok(_)) = incoming.next().await {} } => sending.abort(),
    }
}
