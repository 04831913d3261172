//! The accept loop against real sockets. Nothing here waits for a time to pass: each test waits
//! for what the other end does, and time-outs are only ever too short, never too long.

use std::sync::Arc;

use axum::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::StatusCode;
use axum::routing::{any, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::clock::Clock;
use crate::gateway::limits::Limits;
use crate::lifecycle::StopBounds;

/// Longer than any healthy run takes; it only ends a test that hangs.
const PATIENCE: Duration = Duration::from_mins(1);

struct House {
    address: SocketAddr,
    limiter: Limiter,
    lifecycle: Lifecycle,
    /// Gets a word whenever `/slow` has been entered.
    entered: mpsc::Receiver<()>,
    /// Lets `/slow` answer.
    release: Arc<Notify>,
}

fn house(config: impl FnOnce(&mut ListenerConfig), limits: impl FnOnce(&mut Limits)) -> House {
    let mut settings = ListenerConfig {
        listen: ([127, 0, 0, 1], 0).into(),
        ..ListenerConfig::default()
    };
    let mut rules = Limits {
        exempt_loopback: true,
        ..Limits::default()
    };
    config(&mut settings);
    limits(&mut rules);
    let (limiter, lifecycle) = (Limiter::new(rules, Clock::default()), Lifecycle::new());
    let listener = Listener::bind(settings, limiter.clone(), lifecycle.clone()).unwrap();
    let address = listener.address();
    let (told, entered) = mpsc::channel(8);
    let release = Arc::new(Notify::new());
    lifecycle.spawn(
        "listener",
        listener.serve(app(told, Arc::clone(&release), limiter.clone())),
    );
    House {
        address,
        limiter,
        lifecycle,
        entered,
        release,
    }
}

fn app(told: mpsc::Sender<()>, release: Arc<Notify>, limiter: Limiter) -> Router {
    let slow = move || async move {
        let _ = told.send(()).await;
        release.notified().await;
        "done at last"
    };
    let socket = move |Extension(peer): Extension<Peer>, upgrade: WebSocketUpgrade| async move {
        let hold = peer
            .hold(&limiter)
            .map_err(|_| StatusCode::TOO_MANY_REQUESTS)?;
        Ok::<_, StatusCode>(upgrade.on_upgrade(|mut socket| async move {
            let _hold = hold;
            while let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            }
        }))
    };
    Router::new()
        .route(
            "/",
            get(|Extension(peer): Extension<Peer>| async move { peer.ip.to_string() }),
        )
        .route("/slow", get(slow))
        .route("/socket", any(socket))
}

impl House {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.lifecycle.stop();
        assert_eq!(self.lifecycle.run(StopBounds::default()).await, Ok(()));
    }
}

/// Sends bytes and reads until the server closes; a reset counts as a close.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> String {
    let _ = stream.write_all(bytes).await;
    read_to_end(stream).await
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

/// One request on a connection that stays open; reads until `end` arrives.
async fn ask(stream: &mut TcpStream, path: &str, end: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(stream, end).await
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = String::new();
    while !answer.ends_with(end) {
        let mut buffer = [0; 1024];
        let read = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .expect("an answer")
            .unwrap();
        assert!(read > 0, "closed after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    answer
}

const KEEP: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const CLOSE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_is_answered_and_knows_its_peer() {
    let house = house(|_| {}, |_| {});
    let mut stream = house.connect().await;
    assert!(
        ask(&mut stream, "/", "127.0.0.1")
            .await
            .starts_with("HTTP/1.1 200")
    );
    assert!(
        ask(&mut stream, "/", "127.0.0.1")
            .await
            .starts_with("HTTP/1.1 200"),
        "kept alive"
    );
    house.stop().await;
}

#[tokio::test]
async fn a_forwarded_address_is_believed_only_from_a_configured_proxy() {
    for (proxies, client) in [
        (vec![], "127.0.0.1"),
        (vec!["127.0.0.0/8".to_owned()], "203.0.113.9"),
    ] {
        let house = house(|config| config.proxies = proxies, |_| {});
        let mut stream = house.connect().await;
        let request = CLOSE.replace(
            "Host: x",
            "Host: x\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9",
        );
        let answer = send(&mut stream, request.as_bytes()).await;
        assert!(answer.ends_with(client), "{answer}");
        house.stop().await;
    }
}

#[tokio::test]
async fn who_is_slow_or_silent_is_closed() {
    let house = house(|config| config.header_timeout_ms = 20, |_| {});
    for sent in [
        "",
        "G",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ] {
        let mut stream = house.connect().await;
        let answer = send(&mut stream, sent.as_bytes()).await;
        assert!(
            !answer.contains("200 OK"),
            "{sent:?} was answered {answer:?}"
        );
    }
    // Served once and then closed for being silent, unless this machine was too busy to ask in time.
    let mut answer = String::new();
    while answer.is_empty() {
        let mut idle = house.connect().await;
        answer = send(&mut idle, KEEP.as_bytes()).await;
    }
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    house.stop().await;
}

#[tokio::test]
async fn who_drips_a_byte_at_a_time_is_closed() {
    let house = house(|config| config.header_timeout_ms = 50, |_| {});
    let (mut reader, mut writer) = house.connect().await.into_split();
    let drip = async {
        while writer.write_all(b"x").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let mut answer = Vec::new();
    let closed = async {
        let _ = reader.read_to_end(&mut answer).await;
    };
    let race = async {
        tokio::select! { () = drip => {}, () = closed => {} }
    };
    timeout(PATIENCE, race).await.expect("the server closes");
    house.stop().await;
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_431() {
    let house = house(|_| {}, |_| {});
    let with = |lines: String| CLOSE.replace("Host: x", &format!("Host: x{lines}"));
    let lines =
        |count: usize| (0..count).fold(String::new(), |all, n| format!("{all}\r\nx-{n}: 1"));
    let sized = |bytes: usize| with(format!("\r\nx-large: {}", "a".repeat(bytes)));
    for (case, request, status) in [
        ("64 lines", with(lines(62)), "200"),
        ("65 lines", with(lines(63)), "431"),
        ("15 KiB", sized(15 * 1024), "200"),
        ("over 16 KiB", sized(16 * 1024), "431"),
        ("a megabyte", sized(1 << 20), "431"),
    ] {
        let mut stream = house.connect().await;
        let _ = stream.write_all(request.as_bytes()).await;
        let answer = read_to_end(&mut stream).await;
        // A client still sending when it is cut may lose the answer to a reset.
        let lost = answer.is_empty() && request.len() > 64 * 1024;
        assert!(
            lost || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{case}: {answer}"
        );
    }
    house.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_400_and_closed() {
    let house = house(|_| {}, |_| {});
    for junk in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = house.connect().await;
        let answer = send(&mut stream, junk).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
            "{junk:?}: {answer}"
        );
    }
    let mut stream = house.connect().await;
    assert!(
        send(&mut stream, CLOSE.as_bytes())
            .await
            .starts_with("HTTP/1.1 200")
    );
    house.stop().await;
}

#[tokio::test]
async fn over_the_cap_hundreds_are_refused_and_those_inside_are_served() {
    let house = house(|_| {}, |limits| limits.sockets_max = 3.try_into().unwrap());
    let mut inside = Vec::new();
    for _ in 0..3 {
        let mut stream = house.connect().await;
        ask(&mut stream, "/", "127.0.0.1").await;
        inside.push(stream);
    }
    for _ in 0..300 {
        let answer = read_to_end(&mut house.connect().await).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(
            answer.contains("\"code\":\"overloaded\"") && answer.contains("retry-after: 5\r\n"),
            "{answer}"
        );
    }
    for stream in &mut inside {
        assert!(
            ask(stream, "/", "127.0.0.1")
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    inside.pop();
    while house.limiter.connections() > 2 {
        tokio::task::yield_now().await;
    }
    let answer = send(&mut house.connect().await, CLOSE.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    house.stop().await;
}

#[tokio::test]
async fn one_address_cannot_take_the_room_of_all() {
    let limits = |limits: &mut Limits| {
        limits.exempt_loopback = false;
        limits.address_sockets_max = 2.try_into().unwrap();
    };
    let house = house(|_| {}, limits);
    let mut inside = [house.connect().await, house.connect().await];
    for stream in &mut inside {
        ask(stream, "/", "127.0.0.1").await;
    }
    let answer = read_to_end(&mut house.connect().await).await;
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("rate_limited"),
        "{answer}"
    );
    assert_eq!(
        house.limiter.connections(),
        2,
        "a refused one gives its room back"
    );
    house.stop().await;
}

#[tokio::test]
async fn a_drain_closes_the_idle_and_finishes_what_is_in_flight() {
    let mut house = house(|_| {}, |_| {});
    let (mut fresh, mut idle, mut busy) = (
        house.connect().await,
        house.connect().await,
        house.connect().await,
    );
    ask(&mut idle, "/", "127.0.0.1").await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    house.entered.recv().await.unwrap();
    house.lifecycle.stop();
    assert_eq!(read_to_end(&mut idle).await, "");
    assert_eq!(read_to_end(&mut fresh).await, "");
    if let Ok(mut late) = TcpStream::connect(house.address).await {
        assert_eq!(
            send(&mut late, CLOSE.as_bytes()).await,
            "",
            "nobody is served any more"
        );
    }
    house.release.notify_one();
    let answer = read_to_end(&mut busy).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done at last"),
        "{answer}"
    );
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
    house.stop().await;
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut() {
    let mut house = house(|config| config.drain_ms = 0, |_| {});
    let mut busy = house.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    house.entered.recv().await.unwrap();
    house.lifecycle.stop();
    assert_eq!(read_to_end(&mut busy).await, "");
    house.stop().await;
}

#[tokio::test]
async fn an_upgraded_socket_keeps_its_room_until_it_ends() {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::Message;
    let house = house(|_| {}, |limits| limits.sockets_max = 1.try_into().unwrap());
    let url = format!("ws://{}/socket", house.address);
    let (mut socket, _) = tokio_tungstenite::client_async(url, house.connect().await)
        .await
        .unwrap();
    for _ in 0..3 {
        socket.send(Message::text("halo")).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("halo"));
        assert_eq!(house.limiter.connections(), 1);
        let answer = read_to_end(&mut house.connect().await).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    socket.close(None).await.unwrap();
    drop(socket);
    while house.limiter.connections() > 0 {
        tokio::task::yield_now().await;
    }
    house.stop().await;
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let _inside = runtime.enter();
    let bind = |config| {
        Listener::bind(
            config,
            Limiter::new(Limits::default(), Clock::default()),
            Lifecycle::new(),
        )
    };
    let bad = ListenerConfig {
        proxies: vec!["everybody".into()],
        ..ListenerConfig::default()
    };
    assert!(matches!(bind(bad), Err(Error::Proxy(_))));
    let foreign = ListenerConfig {
        listen: ([192, 0, 2, 1], 80).into(),
        ..ListenerConfig::default()
    };
    assert!(matches!(bind(foreign), Err(Error::Bind { .. })));
    assert!(toml::from_str::<ListenerConfig>("listen = 'localhost'").is_err());
    assert!(toml::from_str::<ListenerConfig>("header_timeout = 5").is_err());
}
