//! Frames that no library would send.

use lapak::gateway::auth::Role;

use super::house::{LIVE, house, somebody};
use super::socket::{CONTINUES, ENDS, Heard, Socket, TEXT, frame, unmasked};

const PING: &[u8] = br#"{"type":"ping"}"#;

/// What has to come back.
enum Wanted {
    Pong,
    Malformed,
    /// The peer said good-bye; it is said back.
    GoodBye(u16),
    /// It said it in a way that nobody may.
    Violation,
}

#[rustfmt::skip]
fn cases() -> Vec<(&'static str, Vec<u8>, Wanted)> {
    use Wanted::{GoodBye, Malformed, Pong, Violation};
    let (half, rest) = PING.split_at(7);
    let close = |body: &[u8]| frame(0x88, body);
    vec![
        ("whole", frame(TEXT, PING), Pong),
        ("two fragments", [frame(0x01, half), frame(ENDS, rest)].concat(), Pong),
        ("a ping between fragments", [frame(0x01, half), frame(0x89, b"x"), frame(ENDS, rest)].concat(), Pong),
        ("empty fragments", [frame(0x01, b""), frame(CONTINUES, b""), frame(ENDS, PING)].concat(), Pong),
        ("a pong nobody asked for", [frame(0x8a, b"x"), frame(TEXT, PING)].concat(), Pong),
        ("binary", frame(0x82, PING), Malformed),
        ("binary junk", frame(0x82, &[0xff; 100]), Malformed),
        ("text that is no UTF-8", frame(TEXT, b"{\"type\":\"ping\",\"x\":\"\xff\xfe\"}"), Malformed),
        ("a continuation of nothing", frame(ENDS, PING), Malformed),
        ("a text within a text", [frame(0x01, half), frame(TEXT, PING)].concat(), Malformed),
        ("fragments over the limit", [frame(0x01, &[b' '; 40_000]), frame(ENDS, &[b' '; 40_000])].concat(), Malformed),
        ("RSV1, as if compressed", frame(TEXT | 0x40, PING), Malformed),
        ("RSV2", frame(TEXT | 0x20, PING), Malformed),
        ("RSV3", frame(TEXT | 0x10, PING), Malformed),
        ("opcode 3", frame(0x83, PING), Malformed),
        ("opcode 11", frame(0x8b, b""), Malformed),
        ("no mask", unmasked(TEXT, PING), Malformed),
        ("a ping of 126 bytes", frame(0x89, &[b'x'; 126]), Malformed),
        ("a ping in fragments", frame(0x09, b"x"), Malformed),
        ("a length of 2^63", [&[TEXT, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], PING].concat(), Malformed),
        ("a length of 64 MiB", [&[TEXT, 0xff, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0][..], PING].concat(), Malformed),
        ("close without a code", close(b""), GoodBye(1005)),
        ("close 1000", close(&[0x03, 0xe8]), GoodBye(1000)),
        ("close 4999 with a reason", close(b"\x13\x87dadah"), GoodBye(4999)),
        ("close of one byte", close(&[0x03]), Malformed),
        ("close 1005, which is never sent", close(&[0x03, 0xed]), Violation),
        ("close 0", close(&[0, 0]), Violation),
        ("close 999", close(&[0x03, 0xe7]), Violation),
        ("close with a reason that is no UTF-8", close(&[0x03, 0xe8, 0xff, 0xfe]), Malformed),
        ("HTTP instead of frames", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), Malformed),
        ("junk", vec![0xff; 4_096], Malformed),
    ]
}

#[test]
fn each_gets_its_close_and_nobody_else_notices() {
    let house = house();
    house.run(async {
        for (case, bytes, wanted) in cases() {
            let token = house.token(&somebody(), Role::Viewer);
            let mut socket = Socket::connect(LIVE, Some(&token)).await;
            socket.write(&bytes).await;
            let heard = socket.verdict().await;
            match wanted {
                Wanted::Pong => {
                    assert!(
                        matches!(&heard, Heard::Object(o) if o["type"] == "pong"),
                        "{case}: {heard:?}"
                    );
                }
                Wanted::Malformed => assert_eq!(heard, Heard::Close(4400), "{case}"),
                Wanted::GoodBye(code) => assert_eq!(heard, Heard::Close(code), "{case}"),
                Wanted::Violation => assert_eq!(heard, Heard::Close(1002), "{case}"),
            }
        }
        house.is_well("bad frames").await;
    });
}

#[test]
fn the_same_before_anybody_has_greeted() {
    let house = house();
    house.run(async {
        for (case, bytes, wanted) in cases() {
            let mut socket = Socket::open(LIVE).await;
            socket.write(&bytes).await;
            let heard = socket.verdict().await;
            match wanted {
                // A ping is no greeting.
                Wanted::Pong => assert_eq!(heard, Heard::Close(4401), "{case}"),
                Wanted::Malformed => assert_eq!(heard, Heard::Close(4400), "{case}"),
                Wanted::GoodBye(code) => assert_eq!(heard, Heard::Close(code), "{case}"),
                Wanted::Violation => assert_eq!(heard, Heard::Close(1002), "{case}"),
            }
        }
        house.is_well("bad first frames").await;
    });
}

#[test]
fn what_is_said_right_behind_the_handshake_is_heard() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let hello = serde_json::json!({"type": "connect", "token": token}).to_string();
        let said = [frame(TEXT, hello.as_bytes()), frame(TEXT, PING)].concat();
        // All of it, and cut in the middle of the second message.
        for cut in [said.len(), said.len() - 9] {
            let (now, later) = said.split_at(cut);
            let mut socket = Socket::open_saying(LIVE, now).await;
            socket.write(later).await;
            assert!(
                matches!(socket.hear().await, Heard::Object(o) if o["type"] == "welcome"),
                "welcome"
            );
            let heard = socket.verdict().await;
            assert!(
                matches!(&heard, Heard::Object(o) if o["type"] == "pong"),
                "{heard:?}"
            );
        }
    });
}

#[test]
fn of_pings_that_come_together_the_last_is_answered_and_nothing_else_is_lost() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        let pings: Vec<u8> = (0..10_000_u32)
            .flat_map(|number| frame(0x89, &number.to_be_bytes()))
            .collect();
        socket.write(&pings).await;
        socket.write(&frame(TEXT, PING)).await;
        let heard = socket.verdict().await;
        assert!(
            matches!(&heard, Heard::Object(o) if o["type"] == "pong"),
            "{heard:?}"
        );
        house.is_well("a flood of pings").await;
    });
}

#[test]
fn sixty_four_mebibytes_are_not_read() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        socket.write(&frame(TEXT, &vec![b' '; 64 << 20])).await;
        let heard = socket.verdict().await;
        // It may hang up while we still talk, and then its last word is lost on the way.
        assert!(
            matches!(heard, Heard::Close(4400) | Heard::Gone),
            "{heard:?}"
        );
        house.is_well("64 MiB").await;
    });
}
