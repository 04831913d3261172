//! Bad requests over HTTP, sent as bytes: each with its status and code.

use lapak::gateway::auth::Role;
use uuid::Uuid;

use super::house::{LIVE, SKU, house, somebody};
use super::raw::{ask, request, send};

const JSON: (&str, &str) = ("content-type", "application/json");

#[test]
fn paths_and_methods() {
    let long = format!("/v1/lives/{}", "x".repeat(2_100));
    let long_query = format!("/v1/lives?q={}", "x".repeat(2_100));
    #[rustfmt::skip]
    let table: &[(&str, &str, u16, &str)] = &[
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/lives/", 404, "not_found"),
        ("GET", "/healthz/", 404, "not_found"),
        ("GET", "//healthz", 404, "not_found"),
        ("GET", "/HEALTHZ", 404, "not_found"),
        ("GET", "/%68ealthz", 404, "not_found"),
        ("GET", "/healthz%00", 404, "not_found"),
        ("GET", "/v1/%2e%2e/healthz", 404, "not_found"),
        ("GET", "/v1/../healthz", 404, "not_found"),
        ("GET", "/metrics", 404, "not_found"),
        ("GET", "/admin/", 404, "not_found"),
        ("GET", "/.env", 404, "not_found"),
        ("GET", "/.git/config", 404, "not_found"),
        ("GET", "/assets/", 404, "not_found"),
        ("GET", "/assets/..", 404, "not_found"),
        ("GET", "/assets/%2e%2e", 404, "not_found"),
        ("GET", "/assets/../Cargo.toml", 404, "not_found"),
        ("GET", "/assets/%2e%2e%2fCargo.toml", 404, "not_found"),
        ("GET", "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd", 404, "not_found"),
        ("GET", "/assets/..%5c..%5cwindows%5cwin.ini", 404, "not_found"),
        ("GET", "/assets/%252e%252e%252fetc%252fpasswd", 404, "not_found"),
        ("GET", "/assets/....//etc/passwd", 404, "not_found"),
        ("GET", "/assets/%2fetc%2fpasswd", 404, "not_found"),
        ("GET", "/assets/x%00.js", 404, "not_found"),
        ("GET", "/assets/%c0%ae%c0%ae%c0%afetc", 400, "malformed"),
        ("GET", "/v1/lives/%ff/snapshot", 400, "malformed"),
        ("GET", "/v1/lives/tidak-ada/snapshot", 404, "live_not_found"),
        ("GET", "/v1/lives/%00/snapshot", 404, "live_not_found"),
        ("GET", "/v1/lives/tidak-ada/events", 404, "live_not_found"),
        ("GET", &long, 414, "uri_too_long"),
        ("GET", &long_query, 414, "uri_too_long"),
        ("POST", "/", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("DELETE", "/v1/lives", 405, "method_not_allowed"),
        ("PUT", "/v1/lives/live-a/bookings", 405, "method_not_allowed"),
        ("GET", "/v1/lives/live-a/bookings", 405, "method_not_allowed"),
        ("GET", "/v1/lives/live-a/commands", 405, "method_not_allowed"),
        ("TRACE", "/", 405, "method_not_allowed"),
        ("FETCH", "/v1/lives", 405, "method_not_allowed"),
        ("OPTIONS", "/v1/lives", 405, "method_not_allowed"),
    ];
    let house = house();
    house.run(async {
        for (method, path, status, code) in table {
            let answer = ask(method, path, &[], "").await;
            assert_eq!(answer.status, *status, "{method} {path}: {answer:?}");
            assert_eq!(answer.json()["code"], **code, "{method} {path}: {answer:?}");
            assert_eq!(
                answer.header("allow").is_some(),
                *status == 405,
                "{method} {path}: {answer:?}"
            );
        }
        house.is_well("bad paths").await;
    });
}

#[test]
fn a_booking_that_is_wrong() {
    let house = house();
    let drop = house.drop;
    let good = format!(r#"{{"drop":"{drop}","sku":"{SKU}"}}"#);
    let body = |extra: &str| format!(r#"{{"drop":"{drop}","sku":"{SKU}",{extra}}}"#);
    let token = house.token(&somebody(), Role::Viewer);
    let bearer = format!("Bearer {token}");
    // `key` stands for an id of the case's own.
    let (who, key) = (("authorization", &*bearer), ("idempotency-key", "*"));
    let large = body(&format!(r#""x":"{}""#, "x".repeat(64 * 1024)));
    let deep = body(&format!(r#""x":{}1{}"#, "[".repeat(9), "]".repeat(9)));
    let basic = ("authorization", "Basic YWxpY2U6cGFzcw==");
    #[rustfmt::skip]
    let table: &[(&str, &[(&str, &str)], String, u16, &str)] = &[
        ("no token", &[key, JSON], good.clone(), 401, "unauthorized"),
        ("no token and nothing else right", &[], "{".into(), 401, "unauthorized"),
        ("Basic", &[basic, key, JSON], good.clone(), 401, "unauthorized"),
        ("two tokens", &[who, who, key, JSON], good.clone(), 401, "unauthorized"),
        ("empty token", &[("authorization", "Bearer "), key, JSON], good.clone(), 401, "unauthorized"),
        ("token in the query only", &[key, JSON], good.clone(), 401, "unauthorized"),
        ("no key", &[who, JSON], good.clone(), 422, "invalid"),
        ("key no UUID", &[who, ("idempotency-key", "satu"), JSON], good.clone(), 422, "invalid"),
        ("two keys", &[who, key, ("idempotency-key", "0190a5d8-7c6e-4000-8000-000000000000"), JSON], good.clone(), 422, "invalid"),
        ("no content type", &[who, key], good.clone(), 415, "unsupported_media_type"),
        ("text/plain", &[who, key, ("content-type", "text/plain")], good.clone(), 415, "unsupported_media_type"),
        ("a form", &[who, key, ("content-type", "application/x-www-form-urlencoded")], "drop=1".into(), 415, "unsupported_media_type"),
        ("broken off", &[who, key, JSON], r#"{"drop":"#.into(), 422, "invalid"),
        ("a list", &[who, key, JSON], "[]".into(), 422, "invalid"),
        ("empty body", &[who, key, JSON], String::new(), 422, "invalid"),
        ("duplicate key", &[who, key, JSON], body(r#""qty":1,"qty":2"#), 400, "malformed"),
        ("nested too deep", &[who, key, JSON], deep, 422, "invalid"),
        ("too large", &[who, key, JSON], large, 413, "too_large"),
        ("qty 0", &[who, key, JSON], body(r#""qty":0"#), 422, "invalid"),
        ("qty -1", &[who, key, JSON], body(r#""qty":-1"#), 422, "invalid"),
        ("qty 1e0", &[who, key, JSON], body(r#""qty":1e0"#), 422, "invalid"),
        ("qty text", &[who, key, JSON], body(r#""qty":"1""#), 422, "invalid"),
        ("qty 2^63", &[who, key, JSON], body(r#""qty":9223372036854775808"#), 422, "invalid"),
        ("sku with NUL", &[who, key, JSON], format!(r#"{{"drop":"{drop}","sku":"a\u0000"}}"#), 422, "invalid"),
        ("no sku", &[who, key, JSON], format!(r#"{{"drop":"{drop}"}}"#), 422, "invalid"),
        ("foreign origin", &[who, key, JSON, ("origin", "https://evil.example")], good.clone(), 403, "origin_not_allowed"),
        ("origin null", &[who, key, JSON, ("origin", "null")], good.clone(), 403, "origin_not_allowed"),
    ];
    house.run(async {
        for (case, headers, body, status, code) in table {
            let path = format!("/v1/lives/{LIVE}/bookings");
            let path = if case.contains("query") {
                format!("{path}?token={token}")
            } else {
                path
            };
            let id = Uuid::now_v7().to_string();
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| (*name, if *value == "*" { &*id } else { *value }))
                .collect();
            let answer = ask("POST", &path, &headers, body).await;
            assert_eq!(answer.status, *status, "{case}: {answer:?}");
            assert_eq!(answer.json()["code"], **code, "{case}: {answer:?}");
            if *status == 401 {
                assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{case}");
            }
        }
        // The same id books once, whatever was sent before.
        let path = format!("/v1/lives/{LIVE}/bookings");
        let id = Uuid::now_v7().to_string();
        let key = ("idempotency-key", &*id);
        let held = ask("POST", &path, &[who, key, JSON], &good).await;
        assert_eq!(
            (held.status, &held.json()["type"]),
            (200, &"held".into()),
            "{held:?}"
        );
        let again = ask("POST", &path, &[who, key, JSON], &good).await;
        assert_eq!(again.json()["booking"], held.json()["booking"]);
        let other = ask("POST", &path, &[who, key, JSON], &body(r#""qty":2"#)).await;
        assert_eq!(
            (other.status, &other.json()["code"]),
            (409, &"idempotency_conflict".into())
        );
        house.is_well("bad bookings").await;
    });
}

#[test]
fn commands_and_queries_that_are_wrong() {
    let house = house();
    let bearer = format!("Bearer {}", house.token(&somebody(), Role::Admin));
    let who = ("authorization", &*bearer);
    let commands = format!("/v1/lives/{LIVE}/commands");
    #[rustfmt::skip]
    let table: &[(&str, &str, &str, &str, u16, &str)] = &[
        ("no type", "POST", &commands, "{}", 422, "invalid"),
        ("type unknown", "POST", &commands, r#"{"type":"drop.destroy"}"#, 400, "unknown_type"),
        ("type a number", "POST", &commands, r#"{"type":1}"#, 422, "invalid"),
        ("sku unknown", "POST", &commands, r#"{"type":"drop.open","sku":"TIDAK-ADA"}"#, 422, "invalid"),
        ("not tracked", "POST", &commands, r#"{"type":"stock.add","sku":"TIDAK-ADA","qty":1,"reason":"x"}"#, 422, "invalid"),
        ("live of another shop's name", "PUT", "/v1/shops/toko-a/lives/live-b", r#"{"title":"x"}"#, 422, "invalid"),
        ("live without a title", "PUT", "/v1/shops/toko-a/lives/x", "{}", 422, "invalid"),
        ("live with a script for a video", "PUT", "/v1/shops/toko-a/lives/x", r#"{"title":"x","video":{"kind":"hls","url":"javascript:alert(1)"}}"#, 422, "invalid"),
        ("live with a colour that is a style", "PUT", "/v1/shops/toko-a/lives/x", r#"{"title":"x","accent":"red;}body{"}"#, 422, "invalid"),
        ("live with a link that is none", "PUT", "/v1/shops/toko-a/lives/x", r#"{"title":"x","links":[{"label":"x","url":"http://a"}]}"#, 422, "invalid"),
        ("live of 65 letters", "PUT", &format!("/v1/shops/toko-a/lives/{}", "x".repeat(65)), r#"{"title":"x"}"#, 422, "invalid"),
        ("an end of no live", "DELETE", "/v1/shops/toko-a/lives/tidak-ada", "", 404, "live_not_found"),
        ("query too long", "GET", &format!("/v1/shops/toko-a/skus?query={}", "x".repeat(129)), "", 422, "invalid"),
        ("cursor no SKU", "GET", "/v1/shops/toko-a/skus?cursor=%00", "", 422, "invalid"),
        ("query twice", "GET", "/v1/shops/toko-a/skus?query=a&query=b", "", 400, "malformed"),
        ("query no UTF-8", "GET", "/v1/shops/toko-a/skus?query=%ff", "", 200, ""),
    ];
    house.run(async {
        for (case, method, path, body, status, code) in table {
            let id = Uuid::now_v7().to_string();
            let answer = ask(method, path, &[who, ("idempotency-key", &id), JSON], body).await;
            assert_eq!(answer.status, *status, "{case}: {answer:?}");
            assert_eq!(
                answer.json()["code"].as_str().unwrap_or(""),
                *code,
                "{case}: {answer:?}"
            );
        }
        house.is_well("bad commands").await;
    });
}

/// Bytes that are no request, or could be taken for two. Nothing after the first answer is ever
/// answered: what a proxy took for a body can never become a request of somebody else.
#[test]
fn bytes_on_the_line() {
    let house = house();
    let host = house.address;
    let many: String = (0..65).map(|n| format!("x-{n}: 1\r\n")).collect();
    let huge = "x".repeat(20_000);
    let smuggled = "GET /v1/lives HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let post = format!("POST /v1/lives/{LIVE}/bookings HTTP/1.1\r\nhost: {host}\r\n");
    #[rustfmt::skip]
    let table: Vec<(&str, String, &[u16])> = vec![
        ("nothing", "\r\n\r\n".into(), &[0]),
        ("garbage", "\u{1}\u{2}\u{3}\u{4}\r\n\r\n".into(), &[400]),
        ("a TLS hello", "\u{16}\u{3}\u{1}\u{0}\u{5}hello\r\n\r\n".into(), &[400]),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(), &[0, 400, 505]),
        ("HTTP/3.0", format!("GET / HTTP/3.0\r\nhost: {host}\r\n\r\n"), &[400, 505]),
        ("no version", "GET /\r\n\r\n".into(), &[400]),
        ("a space in the path", format!("GET /a b HTTP/1.1\r\nhost: {host}\r\n\r\n"), &[400]),
        ("a folded header", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: a\r\n b\r\n\r\n"), &[400]),
        ("a space before the colon", format!("GET / HTTP/1.1\r\nhost : {host}\r\n\r\n"), &[400]),
        ("NUL in a header", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: a\0b\r\n\r\n"), &[400]),
        ("no host", "GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n".into(), &[400]),
        ("two hosts", format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\nconnection: close\r\n\r\n"), &[400]),
        ("65 headers", format!("GET / HTTP/1.1\r\nhost: {host}\r\n{many}\r\n"), &[431]),
        ("20 KB of header", format!("GET / HTTP/1.1\r\nhost: {host}\r\nx: {huge}\r\n\r\n"), &[431]),
        ("20 KB of path", format!("GET /{huge} HTTP/1.1\r\nhost: {host}\r\n\r\n"), &[414, 431]),
        ("length and chunks", format!("{post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"), &[401]),
        ("chunks and length", format!("{post}transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n{smuggled}"), &[401]),
        ("two lengths", format!("{post}content-length: 4\r\ncontent-length: 5\r\n\r\nabcde{smuggled}"), &[400]),
        ("length with a sign", format!("{post}content-length: +4\r\n\r\nabcd{smuggled}"), &[400]),
        ("length in hex", format!("{post}content-length: 0x4\r\n\r\nabcd{smuggled}"), &[400]),
        ("length 2^64", format!("{post}content-length: 18446744073709551616\r\n\r\n"), &[400]),
        ("length of 64 MiB", format!("{post}content-length: 67108864\r\nconnection: close\r\n\r\n"), &[413]),
        ("chunked twice", format!("{post}transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("chunked in two headers", format!("{post}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("packed and chunked", format!("{post}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("a bare line feed in a header", format!("GET /healthz HTTP/1.1\r\nhost: {host}\nx: 1\r\nconnection: close\r\n\r\n"), &[200, 400]),
        ("chunked last but one", format!("{post}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("chunked spelt oddly", format!("{post}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("chunks in HTTP/1.0", format!("POST /v1/lives HTTP/1.0\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"), &[400]),
        ("a chunk of nonsense", format!("{post}connection: close\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n\r\n"), &[400]),
    ];
    house.run(async {
        for (case, bytes, allowed) in table {
            let answer = send(bytes.as_bytes()).await;
            assert!(allowed.contains(&answer.status), "{case}: {answer:?}");
            assert!(
                !answer.rest.contains("HTTP/1.1"),
                "{case}: two answers: {answer:?}"
            );
            assert_eq!(answer.header("server"), None, "{case}");
        }
        house.is_well("bytes on the line").await;
    });
}

#[test]
fn a_client_that_is_slow_or_silent_is_hung_up_on() {
    let house = house();
    house.run(async {
        let silent = send(b"");
        let stuck = send(b"GET / HTTP/1.1\r\nhost: x\r\nx-");
        let (silent, stuck) = tokio::join!(silent, stuck);
        assert_eq!(silent.status, 0, "{silent:?}");
        assert!([0, 408].contains(&stuck.status), "{stuck:?}");
        house.is_well("slow clients").await;
    });
}

#[test]
fn spoofed_headers_change_nothing() {
    let house = house();
    house.run(async {
        let bearer = format!("Bearer {}", house.token(&somebody(), Role::Viewer));
        let spoofs = [
            ("x-shop-id", "toko-b"),
            ("x-role", "admin"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-http-method-override", "POST"),
            ("x-original-url", "/v1/shops/toko-a/settings"),
        ];
        for (name, value) in spoofs {
            let headers = [("authorization", &*bearer), (name, value)];
            let answer = ask("GET", "/v1/shops/toko-a/settings", &headers, "").await;
            assert_eq!(answer.status, 403, "{name}: {answer:?}");
            let answer = ask("GET", "/v1/shops/toko-b/skus", &headers, "").await;
            assert_eq!(answer.status, 404, "{name}: {answer:?}");
        }
        let bytes = request("GET", "/healthz", &[], "");
        assert_eq!(send(&bytes).await.status, 200);
    });
}
