//! The WebSocket handshake, checked before axum sees it (S-04).
//!
//! axum answers a wrong version with 400 and does not mind a key sent twice; RFC 6455 wants 426
//! with the version we speak, and a doubled key is a sign of a request smuggled through a proxy.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::problem::Problem;

/// The subprotocol of the wire contract, version 1. A client may leave it out.
pub const SUBPROTOCOL: &str = "lapak.v1.json";

const VERSION: &str = "13";
/// 16 bytes in base64: 22 characters that count, two that fill.
const KEY_LENGTH: usize = 24;

/// Checks the handshake: `upgrade_required` (426) when it is none, or of another version than 13;
/// `malformed` (400) without exactly one well-formed key.
///
/// The subprotocol is not judged: a client that offers only others, or bytes that are no text, is
/// served without one.
pub fn check_upgrade(headers: &HeaderMap) -> Result<(), Problem> {
    if !lists(headers, &header::CONNECTION, "upgrade")
        || !lists(headers, &header::UPGRADE, "websocket")
    {
        return Err(upgrade_required("This path speaks WebSocket."));
    }
    if only(headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|value| value != VERSION) {
        return Err(upgrade_required(
            "Only version 13 of WebSocket is spoken here.",
        ));
    }
    match only(headers, &header::SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key.as_bytes()) => Ok(()),
        _ => Err(Problem::new(
            "malformed",
            "The handshake needs exactly one Sec-WebSocket-Key.",
        )),
    }
}

/// Whether the client offers [`SUBPROTOCOL`]; the answer then names it.
pub fn offers_subprotocol(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|offered| offered.trim_ascii() == SUBPROTOCOL.as_bytes())
}

fn upgrade_required(message: &'static str) -> Problem {
    Problem::new("upgrade_required", message)
        .header(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static(VERSION),
        )
        .header(header::UPGRADE, HeaderValue::from_static("websocket"))
        .header(header::CONNECTION, HeaderValue::from_static("upgrade"))
}

fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The value of a header that is there exactly once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn is_key(key: &[u8]) -> bool {
    key.len() == KEY_LENGTH
        && key.ends_with(b"==")
        && key[..KEY_LENGTH - 2]
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"dGhlIHNhbXBsZSBub25jZQ==";

    fn handshake(changes: &[(&'static str, Option<&[u8]>)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", &b"keep-alive, Upgrade"[..]),
            ("upgrade", b"WebSocket"),
            ("sec-websocket-version", b"13"),
            ("sec-websocket-key", KEY),
        ] {
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
        }
        for (name, value) in changes {
            match value {
                Some(value) => headers.append(*name, HeaderValue::from_bytes(value).unwrap()),
                None => headers.remove(*name).is_some(),
            };
        }
        headers
    }

    fn replaced(name: &'static str, value: &'static [u8]) -> HeaderMap {
        handshake(&[(name, None), (name, Some(value))])
    }

    #[test]
    fn vectors() {
        let (version, key) = ("sec-websocket-version", "sec-websocket-key");
        let table: Vec<(&str, HeaderMap, Option<u16>)> = vec![
            ("as a browser sends it", handshake(&[]), None),
            ("no version", handshake(&[(version, None)]), Some(426)),
            ("version 8", replaced(version, b"8"), Some(426)),
            ("version 12", replaced(version, b"12"), Some(426)),
            ("version 013", replaced(version, b"013"), Some(426)),
            ("version 13, 8", replaced(version, b"13, 8"), Some(426)),
            (
                "two versions",
                handshake(&[(version, Some(b"13"))]),
                Some(426),
            ),
            ("version not text", replaced(version, b"\xff13"), Some(426)),
            ("no key", handshake(&[(key, None)]), Some(400)),
            ("empty key", replaced(key, b""), Some(400)),
            ("two keys", handshake(&[(key, Some(KEY))]), Some(400)),
            (
                "two keys in one",
                replaced(key, b"dGhlIHNhbXBsZSBub25jZQ==, x"),
                Some(400),
            ),
            ("short key", replaced(key, b"dGhlIHNhbXBsZQ=="), Some(400)),
            (
                "key not base64",
                replaced(key, b"dGhlIHNhbXBsZSBub25j!Q=="),
                Some(400),
            ),
            (
                "key not text",
                replaced(key, b"\xffGhlIHNhbXBsZSBub25jZQ=="),
                Some(400),
            ),
            ("no upgrade", handshake(&[("upgrade", None)]), Some(426)),
            ("upgrade to h2c", replaced("upgrade", b"h2c"), Some(426)),
            (
                "no connection",
                handshake(&[("connection", None)]),
                Some(426),
            ),
            (
                "connection close",
                replaced("connection", b"close"),
                Some(426),
            ),
            (
                "other subprotocol",
                handshake(&[("sec-websocket-protocol", Some(b"graphql-ws"))]),
                None,
            ),
            (
                "subprotocol not text",
                handshake(&[("sec-websocket-protocol", Some(b"\xff\xfe,\x80"))]),
                None,
            ),
        ];
        for (case, headers, refused) in table {
            let answer = check_upgrade(&headers)
                .err()
                .map(|problem| problem.status().as_u16());
            assert_eq!(answer, refused, "{case}");
        }
    }

    #[test]
    fn a_wrong_version_is_told_the_right_one() {
        use axum::response::IntoResponse;
        let problem = check_upgrade(&replaced("sec-websocket-version", b"8")).unwrap_err();
        assert_eq!(
            problem.into_response().headers()["sec-websocket-version"],
            "13"
        );
    }

    #[test]
    fn the_subprotocol_is_found_among_others_and_never_panics() {
        for (offered, found) in [
            (&b"lapak.v1.json"[..], true),
            (b"graphql-ws, lapak.v1.json", true),
            (b"lapak.v2.json", false),
            (b"LAPAK.V1.JSON", false),
            (b"\xff\xfe, lapak.v1.json", true),
            (b"\x80\x81", false),
            (b"", false),
        ] {
            let headers = handshake(&[("sec-websocket-protocol", Some(offered))]);
            assert_eq!(offers_subprotocol(&headers), found, "{offered:?}");
        }
        assert!(!offers_subprotocol(&handshake(&[])));
    }
}
