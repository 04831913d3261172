//! Clients that mean no good. Each gets what the wire contract says, and the others notice
//! nothing.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use lapak::domain::Settings;
use lapak::gateway::auth::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use super::audience;
use crate::client::PATIENCE;
use crate::raw::{BINARY, Raw, TEXT, header};
use crate::report::{as_micros, count, micros};
use crate::stage::{Bench, Ground, LIVE, names};
use crate::{Client, Report, Run, http};

/// Far more than anybody may send.
const HUGE: usize = 64 << 20;
/// The parts it is sent in.
const PART: usize = 64 << 10;

/// Where a nuisance goes, and what it may use.
struct Scene {
    to: SocketAddr,
    good: String,
    forged: String,
    expired: String,
    none: String,
    foreign: String,
    service: String,
    other: String,
}

type Act = Pin<Box<dyn Future<Output = Result<String>> + Send>>;
/// A name, what must come of it (one of several words), and the act.
type Case = (&'static str, &'static [&'static str], fn(Scene) -> Act);

/// Runs it.
pub async fn run(run: &Run) -> Result<Report> {
    let settings = [
        ("listener", "header_timeout_ms", 3_000),
        ("gateway", "connect_timeout_ms", 3_000),
        ("gateway", "ping_every_ms", 1_000),
        ("gateway", "silence_max_ms", 8_000),
        ("limits", "body_timeout_ms", 3_000),
    ];
    let ground = run.ground(&settings)?;
    let bench = Bench::open(&ground.state(), &lapak::clock::Clock::default())?;
    bench.found(Settings::default(), &[("A", Some(10))]).await?;
    bench.close().await?;
    let server = ground.serve().await?;
    let mut report = Report::new(format!("nuisance: {} kinds", CASES.len()));
    let viewers = audience(&ground, server.address, &names("good", run.viewers(50))).await?;
    let (stop, stopped) = watch::channel(false);
    let mut watching = JoinSet::new();
    for viewer in viewers {
        watching.spawn(behave(viewer, stopped.clone()));
    }
    let mut acts = JoinSet::new();
    for (number, (name, expected, act)) in CASES.iter().enumerate() {
        // Each is somebody else: one person may not have so many sockets.
        let act = act(scene(
            &ground,
            server.address,
            &format!("nuisance-{number}"),
        )?);
        acts.spawn(async move { (name, expected, timeout(PATIENCE, act).await) });
    }
    while let Some(done) = acts.join_next().await {
        let (name, expected, outcome) = done?;
        let got = outcome
            .context("nothing came of it")
            .and_then(|outcome| outcome);
        let got = got.unwrap_or_else(|error| format!("{error:#}"));
        report.check(expected.contains(&&*got), || {
            format!("{name}: {got}, not {expected:?}")
        });
    }
    stop.send_replace(true);
    let mut pongs = micros();
    while let Some(one) = watching.join_next().await {
        match one? {
            Ok(told) => pongs.add(&told)?,
            Err(error) => report.lie(format!("a viewer who behaves noticed: {error:#}")),
        }
    }
    report.check(!pongs.is_empty(), || "nobody watched".into());
    report.check(!server.log().contains("panicked"), || {
        format!("a panic: {}", server.log())
    });
    report.figure("kinds of nuisance", count(CASES.len()), "");
    report.latency("ping to pong of the others", &pongs);
    let (status, _) = server.stop().await?;
    report.check(status.success(), || {
        format!("the server stopped with {status}")
    });
    Ok(report)
}

/// Asks for a sign of life again and again; any ending is noticed.
async fn behave(
    mut client: Client,
    stopped: watch::Receiver<bool>,
) -> Result<hdrhistogram::Histogram<u64>> {
    let mut told = micros();
    let mut beat = interval(Duration::from_millis(200));
    while !*stopped.borrow() {
        beat.tick().await;
        let asked = Instant::now();
        client.settle(|_| {}).await?;
        told.saturating_record(as_micros(asked.elapsed()).max(1));
    }
    ensure!(client.faults.is_empty(), "{:?}", client.faults);
    Ok(told)
}

fn scene(ground: &Ground, to: SocketAddr, sub: &str) -> Result<Scene> {
    let good = ground.token(Role::Viewer, sub)?;
    let (head, signature) = good.rsplit_once('.').context("no token")?;
    let turned: String = signature.chars().rev().collect();
    let claims = head.split('.').nth(1).context("no token")?;
    // {"alg":"none","typ":"JWT"}
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    Ok(Scene {
        to,
        forged: format!("{head}.{turned}"),
        expired: ground.token_until(Role::Viewer, sub, ground.now_ms() - 60_000)?,
        none,
        foreign: ground.foreign_token(sub)?,
        service: ground.token(Role::Service, sub)?,
        other: ground.token(Role::Viewer, "somebody-else")?,
        good,
    })
}

async fn first(to: SocketAddr, live: &str, opcode: u8, payload: &[u8]) -> Result<String> {
    let mut raw = Raw::open(to, live).await?;
    raw.outgoing.frame(opcode, payload).await?;
    Ok(raw.incoming.ending().await)
}

async fn hello(to: SocketAddr, live: &str, token: &str) -> Result<String> {
    let mut raw = Raw::open(to, live).await?;
    raw.outgoing.hello(token).await?;
    Ok(raw.incoming.ending().await)
}

async fn later(scene: Scene, bytes: Vec<u8>) -> Result<String> {
    let mut raw = Raw::greeted(scene.to, &scene.good).await?;
    raw.outgoing.bytes(&bytes).await?;
    Ok(raw.incoming.ending().await)
}

fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [header(opcode, payload.len()), payload.to_vec()].concat()
}

/// Sends and sends, whatever is said meanwhile.
async fn huge(mut raw: Raw) -> Result<String> {
    let sending = tokio::spawn(async move {
        let part = vec![b' '; PART];
        let mut sent = raw.outgoing.bytes(&header(TEXT, HUGE)).await;
        for _ in 0..HUGE / PART {
            if sent.is_err() {
                break;
            }
            sent = raw.outgoing.bytes(&part).await;
        }
        // Kept open, so that it is the server who ends it.
        raw.outgoing
    });
    let ending = raw.incoming.ending().await;
    drop(sending.await?);
    Ok(ending)
}

/// A byte every so often, until the server has enough.
async fn dribble(mut raw: Raw, bytes: Vec<u8>) -> Result<String> {
    let dribbling = async {
        for byte in bytes {
            if raw.outgoing.bytes(&[byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
        std::future::pending::<String>().await
    };
    tokio::select! {
        ending = raw.incoming.ending() => Ok(ending),
        never = dribbling => Ok(never),
    }
}

async fn http_dribble(to: SocketAddr) -> Result<String> {
    let (mut incoming, mut outgoing) = http::connect(to).await?.into_split();
    let dribbling = async {
        for byte in format!("GET / HTTP/1.1\r\nhost: {to}\r\nx: {}", "y".repeat(1_000)).bytes() {
            if outgoing.write_all(&[byte]).await.is_err() {
                break;
            }
            sleep(Duration::from_millis(250)).await;
        }
        std::future::pending::<()>().await;
    };
    let mut said = Vec::new();
    tokio::select! {
        // A reset is an end like any other.
        _ = incoming.read_to_end(&mut said) => {}
        () = dribbling => {}
    }
    Ok(status_of(&said))
}

fn status_of(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    said.split(' ')
        .nth(1)
        .map_or_else(|| "cut".to_owned(), |status| format!("status {status}"))
}

async fn http_status(to: SocketAddr, request: String) -> Result<String> {
    Ok(format!(
        "status {}",
        http::raw(to, request.as_bytes()).await?.status
    ))
}

fn post(scene: &Scene, token: &str, length: usize, body: &str) -> String {
    format!(
        "POST /v1/lives/{LIVE}/bookings HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         idempotency-key: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}",
        scene.to,
        crate::client::new_id()
    )
}

async fn silent(to: SocketAddr) -> Result<String> {
    let mut stream = http::connect(to).await?;
    let mut said = Vec::new();
    // A reset is an end like any other.
    let _ = stream.read_to_end(&mut said).await;
    Ok(status_of(&said))
}

/// More messages in ten seconds than any page sends.
async fn flood(scene: Scene) -> Result<String> {
    let Raw {
        mut incoming,
        mut outgoing,
    } = Raw::greeted(scene.to, &scene.good).await?;
    let flooding = async move {
        let ping = whole(TEXT, br#"{"type":"ping"}"#);
        while outgoing.bytes(&ping).await.is_ok() {}
        std::future::pending::<String>().await
    };
    tokio::select! {
        ending = incoming.ending() => Ok(ending),
        never = flooding => Ok(never),
    }
}

async fn unknown_type(scene: Scene) -> Result<String> {
    let mut raw = Raw::greeted(scene.to, &scene.good).await?;
    raw.outgoing.frame(TEXT, br#"{"type":"dance"}"#).await?;
    raw.outgoing.frame(TEXT, br#"{"type":"ping"}"#).await?;
    let mut heard = Vec::new();
    while let Some((opcode, payload)) = raw.incoming.frame().await? {
        if opcode == TEXT {
            heard.push(String::from_utf8(payload)?);
        }
        let all = heard.join("\n");
        if all.contains("\"pong\"") {
            return Ok(if all.contains("unknown_type") {
                "told"
            } else {
                "not told"
            }
            .into());
        }
    }
    Ok("closed".into())
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("nothing after the upgrade", &["close 4401"], |s| Box::pin(async move {
        Ok(Raw::open(s.to, LIVE).await?.incoming.ending().await) })),
    ("binary first", &["close 4400"], |s| Box::pin(async move { first(s.to, LIVE, BINARY, &[7; 99]).await })),
    ("no JSON first", &["close 4400"], |s| Box::pin(async move { first(s.to, LIVE, TEXT, b"hello").await })),
    ("a ping first", &["close 4401"], |s| Box::pin(async move {
        first(s.to, LIVE, TEXT, br#"{"type":"ping"}"#).await })),
    ("a first frame of 9 KiB", &["close 4400"], |s| Box::pin(async move {
        hello(s.to, LIVE, &"x".repeat(9 << 10)).await })),
    ("64 MiB first", &["close 4400"], |s| Box::pin(async move { huge(Raw::open(s.to, LIVE).await?).await })),
    ("a byte now and then first", &["close 4401"], |s| Box::pin(async move {
        dribble(Raw::open(s.to, LIVE).await?, whole(TEXT, &[b' '; 100])).await })),
    ("a forged token", &["close 4401"], |s| Box::pin(async move { hello(s.to, LIVE, &s.forged).await })),
    ("an expired token", &["close 4401"], |s| Box::pin(async move { hello(s.to, LIVE, &s.expired).await })),
    ("a token with alg none", &["close 4401"], |s| Box::pin(async move { hello(s.to, LIVE, &s.none).await })),
    ("no token but text", &["close 4401"], |s| Box::pin(async move { hello(s.to, LIVE, "🎟").await })),
    ("a token of another shop", &["close 4404"], |s| Box::pin(async move { hello(s.to, LIVE, &s.foreign).await })),
    ("a machine's token", &["close 4403"], |s| Box::pin(async move { hello(s.to, LIVE, &s.service).await })),
    ("a live that is not", &["close 4404"], |s| Box::pin(async move { hello(s.to, "no-such-live", &s.good).await })),
    ("64 MiB", &["close 4400"], |s| Box::pin(async move { huge(Raw::greeted(s.to, &s.good).await?).await })),
    ("a byte now and then", &["cut"], |s| Box::pin(async move {
        dribble(Raw::greeted(s.to, &s.good).await?, whole(TEXT, &[b' '; 100])).await })),
    ("no pong", &["cut"], |s| Box::pin(async move {
        Ok(Raw::greeted(s.to, &s.good).await?.incoming.ending().await) })),
    ("binary", &["close 4400"], |s| Box::pin(later(s, whole(BINARY, &[0, 255, 7])))),
    ("text that is no UTF-8", &["close 4400"], |s| Box::pin(later(s, whole(TEXT, &[0xff, 0xfe])))),
    ("no JSON", &["close 4400"], |s| Box::pin(later(s, whole(TEXT, b"{\"type\":")))),
    ("JSON that nests", &["close 4400"], |s| Box::pin(later(s, whole(TEXT, "[".repeat(2_000).as_bytes())))),
    ("33 objects", &["close 4400"], |s| Box::pin(later(s, whole(TEXT, "{\"type\":\"ping\"}\n".repeat(33).as_bytes())))),
    ("5 KiB of a viewer", &["close 4400"], |s| Box::pin(later(s, whole(TEXT, &[b' '; 5 << 10])))),
    ("an opcode that is none", &["close 4400"], |s| Box::pin(later(s, whole(0xb, b"?")))),
    ("a frame without a mask", &["close 4400"], |s| Box::pin(later(s, vec![0x81, 2, b'{', b'}']))),
    ("a flood", &["close 4429"], |s| Box::pin(flood(s))),
    ("an unknown type", &["told"], |s| Box::pin(unknown_type(s))),
    ("a refresh that is forged", &["close 4401"], |s| Box::pin(async move {
        let refresh = json!({"type": "refresh", "token": s.forged}).to_string();
        later(s, whole(TEXT, refresh.as_bytes())).await })),
    ("a refresh for somebody else", &["close 4403"], |s| Box::pin(async move {
        let refresh = json!({"type": "refresh", "token": s.other}).to_string();
        later(s, whole(TEXT, refresh.as_bytes())).await })),
    ("HTTP: nothing at all", &["cut", "status 408"], |s| Box::pin(async move { silent(s.to).await })),
    ("HTTP: a byte now and then", &["cut", "status 408"], |s| Box::pin(async move { http_dribble(s.to).await })),
    ("HTTP: binary junk", &["status 400"], |s| Box::pin(async move {
        http_status(s.to, "\u{0}\u{1}\u{2} junk\r\n\r\n".into()).await })),
    ("HTTP: headers of 64 KiB", &["status 431"], |s| Box::pin(async move {
        http_status(s.to, format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(PART))).await })),
    ("HTTP: a body of 64 MiB", &["status 413"], |s| Box::pin(async move {
        let request = post(&s, &s.good, HUGE, &" ".repeat(PART)); http_status(s.to, request).await })),
    ("HTTP: a body that does not come", &["status 408"], |s| Box::pin(async move {
        let request = post(&s, &s.good, 100, "{"); http_status(s.to, request).await })),
    ("HTTP: a forged token", &["status 401"], |s| Box::pin(async move {
        let request = post(&s, &s.forged, 2, "{}"); http_status(s.to, request).await })),
    ("HTTP: a token of another shop", &["status 404"], |s| Box::pin(async move {
        let request = post(&s, &s.foreign, 2, "{}"); http_status(s.to, request).await })),
];
