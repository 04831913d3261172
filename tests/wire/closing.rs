//! Every close code a client can meet, and limits.

use std::convert::Infallible;
use std::net::SocketAddr;

use lapak::clock::Clock;
use lapak::gateway::auth::{Identity, Role};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::house::{House, LIVE, PATIENCE, SHOP};
use crate::schema::told;
use crate::socket::Socket;

async fn code(house: &House, first: &str) -> u16 {
    let mut socket = house.socket().await;
    socket.send_text(first).await;
    socket.closed().await.0
}

#[tokio::test]
async fn who_may_not_come_in_is_told_by_the_code() {
    let house = House::new(told).await;
    let narrow = |shop: &str, role, lives: Option<Vec<String>>| {
        let exp_ms = house.clock.now_ms() + 60_000;
        let identity = Identity {
            sub: "alice".into(),
            shop: shop.into(),
            role,
            lives,
            exp_ms,
        };
        json!({"type": "connect", "token": house.token_of(&identity)}).to_string()
    };
    let expired = house.token_until("alice", Role::Viewer, house.clock.now_ms() - 60_000);
    for (first, expected) in [
        (
            json!({"type": "connect", "token": "a.b.c"}).to_string(),
            4401,
        ),
        (
            json!({"type": "connect", "token": expired}).to_string(),
            4401,
        ),
        (json!({"type": "ping"}).to_string(), 4401),
        (json!({"type": "connect", "token": 7}).to_string(), 4400),
        ("hello".to_owned(), 4400),
        (
            format!(
                "{{\"type\":\"connect\",\"token\":\"{}\"}}",
                "x".repeat(9_000)
            ),
            4400,
        ),
        (narrow("toko-lain", Role::Viewer, None), 4404),
        (
            narrow(SHOP, Role::Viewer, Some(vec!["another".into()])),
            4403,
        ),
        (narrow(SHOP, Role::Service, None), 4403),
    ] {
        assert_eq!(code(&house, &first).await, expected, "{first:.80}");
    }
    let url = house.url("/v1/lives/nowhere/ws").replace("http", "ws");
    let mut socket = Socket::open(&url, told).await;
    socket.send(&json!({"type": "connect"})).await;
    assert_eq!(socket.closed().await.0, 4404);
    let lives = Some(vec![LIVE.into()]);
    let (_, welcome) = house
        .connect(serde_json::from_str(&narrow(SHOP, Role::Viewer, lives)).unwrap())
        .await;
    assert_eq!(welcome["snapshot"]["me"]["customer"], "alice");
    house.stop().await;
}

#[tokio::test]
async fn silence_and_a_shop_without_guests_end_with_4401() {
    let house = House::with(told, Clock::default(), |config| {
        config.gateway.guests_may_watch = false;
        config.gateway.connect_timeout_ms = 50;
    })
    .await;
    assert_eq!(house.socket().await.closed().await.0, 4401);
    assert_eq!(code(&house, r#"{"type":"connect"}"#).await, 4401);
    house.stop().await;
}

#[tokio::test]
async fn junk_and_too_much_end_with_4400() {
    let house = House::new(told).await;
    let deep = format!(
        "{{\"type\":\"ping\",\"a\":{}{}}}",
        "[".repeat(9),
        "]".repeat(9)
    );
    let long = json!({"type": "ping", "a": "x".repeat(5_000)}).to_string();
    let many = "{\"type\":\"ping\"}\n".repeat(33);
    for junk in [
        "{",
        "[]",
        "7",
        "{}",
        r#"{"type":7}"#,
        "",
        &deep,
        &long,
        &many,
        &"x".repeat(70_000),
    ] {
        let mut alice = house.enter("alice", Role::Viewer).await;
        alice.send_text(junk).await;
        assert_eq!(alice.closed().await.0, 4400, "{junk:.40}");
    }
    let mut alice = house.enter("alice", Role::Viewer).await;
    alice.send_bytes(vec![0, 1, 2]).await;
    assert_eq!(alice.closed().await.0, 4400);
    let mut host = house.enter("melati", Role::Host).await;
    host.send_text(&long).await;
    host.until("pong", |m| m["type"] == "pong").await;
    house.stop().await;
}

#[tokio::test]
async fn a_token_is_renewed_in_band_and_must_be_of_the_same_person() {
    let house = House::new(told).await;
    let mut alice = house.enter("alice", Role::Viewer).await;
    let exp_ms = (house.clock.now_ms() / 1_000 + 3_600) * 1_000;
    let fresh = house.token_until("alice", Role::Viewer, exp_ms);
    alice
        .send(&json!({"type": "refresh", "token": fresh}))
        .await;
    assert_eq!(
        alice.until("refreshed", |m| m["type"] == "refreshed").await["exp_ms"],
        exp_ms
    );
    alice
        .send(&json!({"type": "refresh", "token": house.token("alice", Role::Host)}))
        .await;
    assert_eq!(alice.closed().await.0, 4403);
    let mut alice = house.enter("alice", Role::Viewer).await;
    alice
        .send(&json!({"type": "refresh", "token": "junk"}))
        .await;
    assert_eq!(alice.closed().await.0, 4401);
    house.stop().await;
}

#[tokio::test]
async fn with_an_expired_token_nothing_is_done_until_it_is_renewed() {
    let clock = Clock::manual(1_800_000_000_000);
    let house = House::with(told, clock, |_| ()).await;
    house.sku("GAMIS", 3).await;
    let drop = house.open("GAMIS", None).await;
    let short = house.token_until("alice", Role::Viewer, house.clock.now_ms() + 2_000);
    let (mut alice, _) = house.connect(json!({"token": short, "lang": "en"})).await;
    house.clock.advance(3_000);
    let book =
        json!({"type": "book", "id": Uuid::new_v4().to_string(), "drop": drop, "sku": "GAMIS"});
    let refused = alice.ask(book.clone()).await;
    assert_eq!(
        (&refused["code"], &refused["reason"]),
        (&json!("unauthorized"), &json!("token_expired"))
    );
    alice
        .send(&json!({"type": "refresh", "token": house.token("alice", Role::Viewer)}))
        .await;
    alice.until("refreshed", |m| m["type"] == "refreshed").await;
    assert_eq!(alice.ask(book).await["type"], "held");
    house.clock.advance(90_000_000);
    // The clock is looked at whenever something happens on the line.
    alice.send(&json!({"type": "ping"})).await;
    assert_eq!(alice.closed().await, (4408, "token expired".into()));
    house.stop().await;
}

#[tokio::test]
async fn too_many_of_anything_is_refused_with_a_wait() {
    // The time stands still, so no bucket fills again.
    let house = House::with(told, Clock::manual(1_800_000_000_000), |config| {
        config.limits = lapak::gateway::limits::Limits {
            exempt_loopback: true,
            ..Default::default()
        };
    })
    .await;
    house.sku("GAMIS", 99).await;
    let drop = house.open("GAMIS", None).await;
    let mut alice = house.enter("alice", Role::Viewer).await;
    let book =
        || json!({"type": "book", "id": Uuid::new_v4().to_string(), "drop": drop, "sku": "GAMIS"});
    for _ in 0..5 {
        assert_eq!(alice.ask(book()).await["type"], "held");
    }
    let refused = alice.ask(book()).await;
    assert_eq!(
        (&refused["code"], &refused["retry_ms"]),
        (&json!("rate_limited"), &json!(500))
    );
    for _ in 6..20 {
        alice.send(&json!({"type": "ping"})).await;
        alice.until("pong", |m| m["type"] == "pong").await;
    }
    let refused = alice.ask(book()).await;
    assert_eq!(
        (&refused["code"], &refused["retry_ms"]),
        (&json!("rate_limited"), &json!(100))
    );
    alice.send(&json!({"type": "ping"})).await;
    let error = alice.until("rate_limited", |m| m["type"] == "error").await;
    assert_eq!(
        (&error["code"], &error["retry_ms"]),
        (&json!("rate_limited"), &json!(100))
    );
    let flood: String = "{\"type\":\"ping\"}\n".repeat(30);
    for _ in 0..10 {
        alice.send_text(&flood).await;
    }
    assert_eq!(alice.closed().await, (4429, "retry_ms=60000".into()));

    // A host opens a row of drops: that is no tapping.
    let mut host = house.enter("melati", Role::Host).await;
    for _ in 0..8 {
        let open = json!({"type": "drop.open", "id": Uuid::new_v4().to_string(), "sku": "GAMIS"});
        assert_eq!(host.ask(open).await["type"], "done");
    }
    let mut sockets: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..5 {
        let (socket, welcome) = house
            .connect(json!({"token": house.token("budi", Role::Viewer)}))
            .await;
        kept.push(socket);
        sockets.push(welcome["connection"].clone());
    }
    sockets.dedup();
    assert_eq!(sockets.len(), 5, "each connection has a name of its own");
    let connect =
        json!({"type": "connect", "token": house.token("budi", Role::Viewer)}).to_string();
    assert_eq!(
        code(&house, &connect).await,
        4429,
        "the sixth of one customer"
    );
    house.stop().await;
}

/// How many frames of news and of pings one hears who never says a word, until the line is cut.
async fn mute(address: SocketAddr, connect: Value) -> (usize, usize) {
    let mut line = TcpStream::connect(address).await.unwrap();
    let upgrade = format!(
        "GET /v1/lives/{LIVE}/ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let connect = connect.to_string();
    let length = u16::try_from(connect.len()).unwrap().to_be_bytes();
    // A text, its length in two bytes, under a mask of zeros.
    let frame = [&[0x81, 0xfe][..], &length, &[0; 4], connect.as_bytes()].concat();
    line.write_all(&[upgrade.as_bytes(), &frame].concat())
        .await
        .unwrap();
    let mut said = Vec::new();
    // A line that is cut may end in a reset.
    let _ = line.read_to_end(&mut said).await;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let (mut rest, mut news, mut pings) = (&said[end.unwrap() + 4..], 0, 0);
    while let [first, short, more @ ..] = rest {
        news += usize::from(*first == 0x81);
        pings += usize::from(*first == 0x89);
        let (extra, length) = match short {
            126 => (2, usize::from(u16::from_be_bytes([more[0], more[1]]))),
            127 => panic!("nothing is so long"),
            short => (0, usize::from(*short)),
        };
        rest = more.get(extra + length..).unwrap_or_default();
    }
    (news, pings)
}

/// News without end; and who says something, whatever it is, is not given up.
async fn news_and_pings(host: &mut Socket, viewer: &mut Socket) -> Infallible {
    loop {
        let more = json!({"type": "stock.add", "sku": "GAMIS", "qty": 1, "reason": "more"});
        assert_eq!(host.ask(more).await["type"], "done");
        viewer.send(&json!({"type": "ping"})).await;
        viewer.until("pong", |m| m["type"] == "pong").await;
    }
}

/// News spare a silent line some pings, never its end.
#[tokio::test]
async fn who_never_answers_is_given_up_also_while_there_are_news() {
    let house = House::with(told, Clock::default(), |config| {
        config.gateway.ping_every_ms = 500;
        config.gateway.silence_max_ms = 3_000;
    })
    .await;
    house.sku("GAMIS", 1).await;
    house.open("GAMIS", None).await;
    let mut alice = house.enter("alice", Role::Viewer).await;
    let mut host = house.enter("melati", Role::Host).await;
    let address = house.url("").trim_start_matches("http://").parse().unwrap();
    let connect = json!({"type": "connect", "token": house.token("bisu", Role::Viewer)});
    let given_up = async {
        tokio::select! {
            heard = mute(address, connect) => heard,
            never = news_and_pings(&mut host, &mut alice) => match never {},
        }
    };
    let (news, pings) = timeout(PATIENCE, given_up).await.expect("it is given up");
    assert!(news > 2 && pings > 0, "{news} texts, {pings} pings");
    house.stop().await;
}
