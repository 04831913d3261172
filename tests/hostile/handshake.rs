//! Who may come in: the upgrade, the first message, tokens that are none, refreshes.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use lapak::gateway::auth::Role;
use serde_json::{Value, json};

use super::house::{
    FOREIGN_LIVE, FOREIGN_SHOP, House, LIVE, OTHER_LIVE, SECRET, SHOP, house, somebody,
};
use super::raw::ask;
use super::socket::{Heard, Socket};

/// Signs any claims with any key and header.
fn signed(secret: &str, header: &Header, claims: &Value) -> String {
    encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn kid(name: &str) -> Header {
    Header {
        kid: Some(name.to_owned()),
        ..Header::new(Algorithm::HS256)
    }
}

fn claims(house: &House, changes: &Value) -> Value {
    let exp = house.app.clock.now_ms() / 1_000 + 3_600;
    let mut claims = json!({"sub": somebody(), "shop": SHOP, "role": "viewer", "exp": exp});
    for (name, value) in changes.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    claims
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = [
            chunk[0],
            chunk.get(1).copied().unwrap_or(0),
            chunk.get(2).copied().unwrap_or(0),
        ];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for letter in 0..=chunk.len() {
            let at = (bits >> (18 - 6 * letter)) & 63;
            text.push(char::from(LETTERS[at as usize]));
        }
    }
    text
}

/// Every token that must not be believed, as name, token, close code.
#[rustfmt::skip]
fn bad_tokens(house: &House) -> Vec<(&'static str, String, u16)> {
    let now = house.app.clock.now_ms() / 1_000;
    let good = claims(house, &json!({}));
    let own = |changes: Value| signed(SECRET, &kid("k1"), &claims(house, &changes));
    let bare = |header: &Value| {
        let parts = [header.to_string(), good.to_string()].map(|part| base64url(part.as_bytes()));
        format!("{}.{}.", parts[0], parts[1])
    };
    let token = house.token(&somebody(), Role::Viewer);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let upside_down: String = signature.chars().rev().collect();
    vec![
        ("no token at all", String::new(), 4401),
        ("not three parts", "abc".into(), 4401),
        ("dots", "..".into(), 4401),
        ("not base64", "%%%.%%%.%%%".into(), 4401),
        ("signature cut off", format!("{head}."), 4401),
        ("signature turned round", format!("{head}.{upside_down}"), 4401),
        ("signed by a stranger", signed("another secret that is long enough too", &kid("k1"), &good), 4401),
        ("signed with the empty secret", signed("", &kid("k1"), &good), 4401),
        ("alg none", bare(&json!({"alg": "none", "typ": "JWT"})), 4401),
        ("alg None", bare(&json!({"alg": "None", "kid": "k1"})), 4401),
        ("alg NONE", bare(&json!({"alg": "NONE", "kid": "k1"})), 4401),
        ("alg HS384", signed(SECRET, &Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS384) }, &good), 4401),
        ("unknown key", signed(SECRET, &kid("k2"), &good), 4401),
        ("key as a path", signed(SECRET, &kid("../../../dev/null"), &good), 4401),
        ("key by address", signed(SECRET, &Header { jku: Some("https://evil.example/k".into()), ..kid("k1") }, &good), 4401),
        ("expired", own(json!({"exp": now - 60})), 4401),
        ("not yet valid", own(json!({"nbf": now + 600})), 4401),
        ("no exp", own(json!({"exp": null})), 4401),
        ("exp a text", own(json!({"exp": "tomorrow"})), 4401),
        ("exp a fraction", own(json!({"exp": 1e10 + 0.5})), 4401),
        ("no sub", own(json!({"sub": null})), 4401),
        ("sub empty", own(json!({"sub": ""})), 4401),
        ("sub with a line break", own(json!({"sub": "a\nb"})), 4401),
        ("sub with NUL", own(json!({"sub": "a\u{0}b"})), 4401),
        ("sub of 65 letters", own(json!({"sub": "x".repeat(65)})), 4401),
        ("role unknown", own(json!({"role": "root"})), 4401),
        ("role a list", own(json!({"role": ["admin"]})), 4401),
        ("lives a text", own(json!({"lives": LIVE})), 4401),
        ("longer than 4 KiB", own(json!({"x": "x".repeat(4_096)})), 4401),
        ("another shop's", house.token_of(FOREIGN_SHOP, &somebody(), Role::Viewer, None), 4404),
        ("another shop's admin", house.token_of(FOREIGN_SHOP, &somebody(), Role::Admin, None), 4404),
        ("for another live", house.token_of(SHOP, &somebody(), Role::Viewer, Some(&[OTHER_LIVE])), 4403),
        ("for no live", house.token_of(SHOP, &somebody(), Role::Host, Some(&[])), 4403),
        ("a machine's", house.token(&somebody(), Role::Service), 4403),
    ]
}

#[test]
fn tokens_that_are_not_believed() {
    let house = house();
    house.run(async {
        for (case, token, code) in bad_tokens(house) {
            let mut socket = Socket::open(LIVE).await;
            socket.greet(Some(&token)).await;
            assert_eq!(socket.hear().await, Heard::Close(code), "{case}");
        }
        house.is_well("bad tokens").await;
    });
}

#[test]
fn the_same_tokens_over_http() {
    let house = house();
    house.run(async {
        for (case, token, code) in bad_tokens(house).into_iter().skip(1) {
            let status = match code {
                4403 => 403,
                4404 => 404,
                _ => 401,
            };
            let bearer = format!("Bearer {}", token.replace(['\n', '\0'], ""));
            let path = format!("/v1/lives/{LIVE}/snapshot");
            let answer = ask("GET", &path, &[("authorization", &bearer)], "").await;
            assert_eq!(answer.status, status, "{case}: {answer:?}");
            let body = answer.json();
            assert!(body["code"].is_string(), "{case}: {body}");
        }
        house.is_well("bad tokens over HTTP").await;
    });
}

#[test]
fn first_messages_that_are_no_greeting() {
    #[rustfmt::skip]
    let table = [
        ("a ping", r#"{"type":"ping"}"#, 4401),
        ("a request", r#"{"type":"book","id":"0190a5d8-7c6e-7000-8000-000000000000","drop":"x","sku":"x"}"#, 4401),
        ("a refresh", r#"{"type":"refresh","token":"x"}"#, 4401),
        ("an unknown type", r#"{"type":"hello"}"#, 4401),
        ("a request that is wrong", r#"{"type":"book"}"#, 4400),
        ("no JSON", "halo", 4400),
        ("token a number", r#"{"type":"connect","token":7}"#, 4400),
        ("token twice", r#"{"type":"connect","token":"a","token":"b"}"#, 4400),
        ("resume a text", r#"{"type":"connect","resume":"1:2"}"#, 4400),
        ("resume without seq", r#"{"type":"connect","resume":{"epoch":1}}"#, 4400),
        ("resume negative", r#"{"type":"connect","resume":{"epoch":1,"seq":-1}}"#, 4400),
        ("lang a list", r#"{"type":"connect","lang":["id"]}"#, 4400),
        ("two greetings in one frame", "{\"type\":\"connect\"}\n{\"type\":\"connect\"}", 4400),
    ];
    let house = house();
    house.run(async {
        for (case, text, code) in table {
            let mut socket = Socket::open(LIVE).await;
            socket.say(text).await;
            assert_eq!(socket.hear().await, Heard::Close(code), "{case}");
        }
        for (case, live) in [
            ("unknown live", "tidak-ada"),
            ("foreign live", FOREIGN_LIVE),
            ("long", &"x".repeat(200)),
        ] {
            let mut socket = Socket::open(live).await;
            socket
                .greet(Some(&house.token(&somebody(), Role::Viewer)))
                .await;
            assert_eq!(socket.hear().await, Heard::Close(4404), "{case}");
        }
        let mut silent = Socket::open(LIVE).await;
        assert_eq!(silent.hear().await, Heard::Close(4401), "silence");
        house.is_well("bad greetings").await;
    });
}

#[test]
fn what_may_be_strange_in_a_greeting() {
    #[rustfmt::skip]
    let table = [
        ("an unknown field", r#"{"type":"connect","colour":"red"}"#),
        ("a language nobody speaks", r#"{"type":"connect","lang":"tlh"}"#),
        ("a position of the future", r#"{"type":"connect","resume":{"epoch":1,"seq":18446744073709551615}}"#),
        ("another epoch", r#"{"type":"connect","resume":{"epoch":18446744073709551615,"seq":1}}"#),
    ];
    let house = house();
    house.run(async {
        for (case, text) in table {
            let mut socket = Socket::open(LIVE).await;
            socket.say(text).await;
            let Heard::Object(welcome) = socket.hear().await else {
                panic!("{case}")
            };
            assert_eq!(
                (&welcome["type"], &welcome["recovered"]),
                (&json!("welcome"), &json!(false)),
                "{case}"
            );
            assert!(welcome["snapshot"].is_object(), "{case}");
        }
    });
}

#[test]
fn a_refresh_renews_and_never_changes_who_one_is() {
    let house = house();
    house.run(async {
        let me = somebody();
        let table = [
            ("one's own", house.token(&me, Role::Viewer), Ok(())),
            (
                "another person's",
                house.token(&somebody(), Role::Viewer),
                Err(4403),
            ),
            ("a higher role", house.token(&me, Role::Admin), Err(4403)),
            (
                "another shop's",
                house.token_of(FOREIGN_SHOP, &me, Role::Viewer, None),
                Err(4403),
            ),
            (
                "for another live",
                house.token_of(SHOP, &me, Role::Viewer, Some(&[OTHER_LIVE])),
                Err(4403),
            ),
            (
                "forged",
                signed(
                    "another secret that is long enough too",
                    &kid("k1"),
                    &claims(house, &json!({"sub": me})),
                ),
                Err(4401),
            ),
        ];
        for (case, token, wanted) in table {
            let mut socket = Socket::connect(LIVE, Some(&house.token(&me, Role::Viewer))).await;
            let refresh = json!({"type": "refresh", "token": token});
            socket.say(&refresh.to_string()).await;
            match (socket.verdict().await, wanted) {
                (Heard::Object(told), Ok(())) => assert_eq!(told["type"], "refreshed", "{case}"),
                (heard, Err(code)) => assert_eq!(heard, Heard::Close(code), "{case}"),
                (heard, _) => panic!("{case}: {heard:?}"),
            }
        }
        let mut guest = Socket::connect(LIVE, None).await;
        let refresh = json!({"type": "refresh", "token": house.token(&me, Role::Admin)});
        guest.say(&refresh.to_string()).await;
        assert_eq!(
            guest.verdict().await,
            Heard::Close(4403),
            "a guest becomes nobody by a refresh"
        );
        house.is_well("refreshes").await;
    });
}

#[test]
fn upgrades_that_are_none() {
    const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    const UPGRADE: (&str, &str) = ("upgrade", "websocket");
    const CONNECTION: (&str, &str) = ("connection", "upgrade");
    const VERSION: (&str, &str) = ("sec-websocket-version", "13");
    let path = format!("/v1/lives/{LIVE}/ws");
    #[rustfmt::skip]
    let table: &[(&str, &str, &[(&str, &str)], u16)] = &[
        ("plain GET", "GET", &[], 426),
        ("version 8", "GET", &[CONNECTION, UPGRADE, ("sec-websocket-version", "8"), KEY], 426),
        ("version 14", "GET", &[CONNECTION, UPGRADE, ("sec-websocket-version", "14"), KEY], 426),
        ("two versions", "GET", &[CONNECTION, UPGRADE, VERSION, VERSION, KEY], 426),
        ("h2c", "GET", &[CONNECTION, ("upgrade", "h2c"), VERSION, KEY], 426),
        ("no key", "GET", &[CONNECTION, UPGRADE, VERSION], 400),
        ("two keys", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, KEY], 400),
        ("a short key", "GET", &[CONNECTION, UPGRADE, VERSION, ("sec-websocket-key", "YQ==")], 400),
        ("POST", "POST", &[CONNECTION, UPGRADE, VERSION, KEY], 405),
        ("foreign origin", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "https://evil.example")], 403),
        ("origin null", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "null")], 403),
        ("origin by suffix", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "https://listed.example.evil.com")], 403),
        ("origin by prefix", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "https://evil-listed.example")], 403),
        ("origin with another scheme", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "http://listed.example")], 403),
        ("origin with a port", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "https://listed.example:444")], 403),
        ("origin twice", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "https://listed.example"), ("origin", "https://listed.example")], 403),
        ("origin empty", "GET", &[CONNECTION, UPGRADE, VERSION, KEY, ("origin", "")], 403),
    ];
    let house = house();
    house.run(async {
        for (case, method, headers, status) in table {
            let bytes = bare_request(method, &path, headers);
            let answer = super::raw::send(&bytes).await;
            assert_eq!(answer.status, *status, "{case}: {answer:?}");
            if *status == 426 {
                assert_eq!(answer.header("sec-websocket-version"), Some("13"), "{case}");
            }
        }
        house.is_well("bad upgrades").await;
    });
}

/// Without the `Connection: close` that would be a second `Connection` here; the line is closed by
/// a second request instead.
fn bare_request(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", house().address);
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    text.into_bytes()
}

#[test]
fn pages_of_the_shops_own_site_may_come_in() {
    let house = house();
    let path = format!("/v1/lives/{LIVE}/ws");
    let foreign = format!("/v1/lives/{FOREIGN_LIVE}/ws");
    house.run(async {
        for (case, path, origin, status) in [
            ("on the list of all", &path, "https://listed.example", 101),
            ("on the shop's list", &path, "https://toko-a.example", 101),
            (
                "on another shop's list",
                &foreign,
                "https://toko-a.example",
                403,
            ),
        ] {
            let text = format!(
                "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                 sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 sec-websocket-extensions: permessage-deflate\r\norigin: {origin}\r\n\r\n",
                house.address
            );
            // A closed half tells the server that nothing more comes.
            let bytes = [text.into_bytes(), super::socket::frame(0x88, &[])].concat();
            let answer = super::raw::send(&bytes).await;
            assert_eq!(answer.status, status, "{case}: {answer:?}");
            assert_eq!(
                answer.header("sec-websocket-extensions"),
                None,
                "{case}: no compression"
            );
        }
    });
}
