//! Texts that are no messages: the connection is closed with 4400, and nobody else notices.

use lapak::gateway::auth::Role;

use super::house::{LIVE, book, house, somebody};
use super::socket::{Heard, Socket};

const MALFORMED: Heard = Heard::Close(4400);

#[test]
fn what_is_no_json_object_with_a_type_closes() {
    let deep = format!(
        "{}1{}",
        r#"{"type":"book","a":"#.to_owned() + &"[".repeat(8),
        "]".repeat(8) + "}"
    );
    let bottomless = "[".repeat(4_000);
    #[rustfmt::skip]
    let table: &[(&str, &str)] = &[
        ("broken off", r#"{"type":"book""#),
        ("no JSON", "halo"),
        ("HTTP", "GET / HTTP/1.1"),
        ("empty object", "{}"),
        ("a list", r#"[{"type":"ping"}]"#),
        ("a text", r#""ping""#),
        ("a number", "1"),
        ("null", "null"),
        ("type a number", r#"{"type":5}"#),
        ("type null", r#"{"type":null}"#),
        ("type a list", r#"{"type":["ping"]}"#),
        ("two objects without a line break", r#"{"type":"ping"}{"type":"ping"}"#),
        ("trailing comma", r#"{"type":"ping",}"#),
        ("comment", r#"{"type":"ping"} // hi"#),
        ("single quotes", "{'type':'ping'}"),
        ("NaN", r#"{"type":"book","qty":NaN}"#),
        ("leading zero", r#"{"type":"book","qty":01}"#),
        ("lone surrogate", r#"{"type":"ping","x":"\ud800"}"#),
        ("raw control character", "{\"type\":\"ping\",\"x\":\"\u{1}\"}"),
        ("byte order mark", "\u{feff}{\"type\":\"ping\"}"),
        ("nested too deep", &deep),
        ("bottomless", &bottomless),
        ("nothing", ""),
        ("only line breaks", "\n\n\n"),
        ("a good one and a bad one", "{\"type\":\"ping\"}\n{"),
    ];
    let house = house();
    house.run(async {
        for (case, text) in table {
            let token = house.token(&somebody(), Role::Viewer);
            let mut socket = Socket::connect(LIVE, Some(&token)).await;
            socket.say(text).await;
            let mut end = socket.verdict().await;
            // What was good before the bad one is answered.
            while matches!(end, Heard::Object(_)) {
                end = socket.verdict().await;
            }
            assert_eq!(end, MALFORMED, "{case}");
        }
        house.is_well("malformed messages").await;
    });
}

/// A ping of exactly this many bytes.
fn ping_of(bytes: usize) -> String {
    let (head, tail) = (r#"{"type":"ping","x":""#, r#""}"#);
    format!(
        "{head}{}{tail}",
        "x".repeat(bytes - head.len() - tail.len())
    )
}

#[test]
fn sizes_end_where_they_are_said_to() {
    let (small, large) = (4 * 1024, 64 * 1024);
    #[rustfmt::skip]
    let table = [
        ("viewer, 4 KiB", Role::Viewer, small, true),
        ("viewer, one more", Role::Viewer, small + 1, false),
        ("viewer, 64 KiB and one", Role::Viewer, large + 1, false),
        ("viewer, 1 MiB", Role::Viewer, 1 << 20, false),
        ("moderator, 4 KiB and one", Role::Moderator, small + 1, false),
        ("host, 64 KiB", Role::Host, large, true),
        ("host, one more", Role::Host, large + 1, false),
        ("admin, 64 KiB", Role::Admin, large, true),
    ];
    let house = house();
    house.run(async {
        for (case, role, bytes, fits) in table {
            let token = house.token(&somebody(), role);
            let mut socket = Socket::connect(LIVE, Some(&token)).await;
            socket.say(&ping_of(bytes)).await;
            let heard = socket.verdict().await;
            if fits {
                assert!(
                    matches!(&heard, Heard::Object(o) if o["type"] == "pong"),
                    "{case}: {heard:?}"
                );
            } else {
                assert_eq!(heard, MALFORMED, "{case}");
            }
        }
        house.is_well("large messages").await;
    });
}

#[test]
fn a_frame_holds_many_objects_but_not_endlessly_many() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        let (first, second) = (book(house.drop), r#"{"type":"ping"}"#);
        socket.say(&format!("{first}\n\n{second}\n")).await;
        let kinds = [socket.verdict().await, socket.verdict().await].map(|heard| match heard {
            Heard::Object(told) => told["type"].as_str().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        });
        assert_eq!(kinds, ["held", "pong"]);
        socket.say(&vec![second; 33].join("\n")).await;
        assert_eq!(socket.verdict().await, MALFORMED);
        house.is_well("many objects").await;
    });
}
