//! Requests over the WebSocket that are wrong in one field, or asked by somebody who may not:
//! each is answered once, and the socket stays.

use lapak::gateway::auth::Role;
use serde_json::Value;
use uuid::Uuid;

use super::house::{House, LIVE, SKU, house, somebody};
use super::socket::Socket;

/// Type of the answer, its code, and the field it names; empty where it names none.
type Wanted = (&'static str, &'static str, &'static str);

const HELD: Wanted = ("held", "", "");
const BAD_ID: Wanted = ("refused", "invalid", "id");
const BAD_QTY: Wanted = ("refused", "invalid", "qty");
const BAD_DROP: Wanted = ("refused", "invalid", "drop");
const BAD_SKU: Wanted = ("refused", "invalid", "sku");
const FORBIDDEN: Wanted = ("refused", "forbidden", "");

/// What a viewer asks. `ID`, `DROP` and `SKU` stand for good ones.
#[rustfmt::skip]
const OF_A_VIEWER: &[(&str, &str, Wanted)] = &[
    ("nothing wrong", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":2}"#, HELD),
    ("qty missing is 1", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU"}"#, HELD),
    ("unknown field", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","colour":1}"#, HELD),
    ("price of one's own", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","price":1}"#, HELD),
    ("qty 0", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":0}"#, BAD_QTY),
    ("qty -0", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":-0}"#, BAD_QTY),
    ("qty -1", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":-1}"#, BAD_QTY),
    ("qty 1.5", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":1.5}"#, BAD_QTY),
    ("qty text", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":"1"}"#, BAD_QTY),
    ("qty 1e0", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":1e0}"#, BAD_QTY),
    ("qty 2^32", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":4294967296}"#, BAD_QTY),
    ("qty 2^32-1", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":4294967295}"#, BAD_QTY),
    ("qty 2^63", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":9223372036854775808}"#, BAD_QTY),
    ("qty 1e400", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":99999999999999999999999999}"#, BAD_QTY),
    ("qty null", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":null}"#, BAD_QTY),
    ("qty true", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":true}"#, BAD_QTY),
    ("qty list", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":[1]}"#, BAD_QTY),
    ("qty twice", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","qty":1,"qty":2}"#, BAD_QTY),
    ("drop twice", r#"{"type":"book","id":"ID","drop":"DROP","drop":"DROP","sku":"SKU"}"#, BAD_DROP),
    ("id twice", r#"{"type":"book","id":"ID","id":"ID","drop":"DROP","sku":"SKU"}"#, BAD_ID),
    ("type twice", r#"{"type":"book","type":"cancel","id":"ID","drop":"DROP","sku":"SKU"}"#, ("refused", "invalid", "type")),
    ("id no UUID", r#"{"type":"book","id":"satu","drop":"DROP","sku":"SKU"}"#, BAD_ID),
    ("id a number", r#"{"type":"book","id":7,"drop":"DROP","sku":"SKU"}"#, ("error", "invalid", "id")),
    ("no id", r#"{"type":"book","drop":"DROP","sku":"SKU"}"#, ("error", "invalid", "id")),
    ("id of 300 letters", r#"{"type":"book","id":"LONG","drop":"DROP","sku":"SKU"}"#, ("error", "invalid", "id")),
    ("id 25 hours old", r#"{"type":"book","id":"OLD","drop":"DROP","sku":"SKU"}"#, BAD_ID),
    ("id from the future", r#"{"type":"book","id":"FUTURE","drop":"DROP","sku":"SKU"}"#, BAD_ID),
    ("no drop", r#"{"type":"book","id":"ID","sku":"SKU"}"#, BAD_DROP),
    ("drop no id", r#"{"type":"book","id":"ID","drop":"../../etc","sku":"SKU"}"#, BAD_DROP),
    ("drop of 300 letters", r#"{"type":"book","id":"ID","drop":"LONG","sku":"SKU"}"#, BAD_DROP),
    ("drop unknown", r#"{"type":"book","id":"ID","drop":"ID","sku":"SKU"}"#, ("refused", "drop_not_found", "")),
    ("drop of another live", r#"{"type":"book","id":"ID","drop":"OTHER","sku":"SKU"}"#, ("refused", "drop_not_found", "")),
    ("drop of another shop", r#"{"type":"book","id":"ID","drop":"FOREIGN","sku":"SKU"}"#, ("refused", "drop_not_found", "")),
    ("no sku", r#"{"type":"book","id":"ID","drop":"DROP"}"#, BAD_SKU),
    ("sku empty", r#"{"type":"book","id":"ID","drop":"DROP","sku":""}"#, BAD_SKU),
    ("sku of 300 letters", r#"{"type":"book","id":"ID","drop":"DROP","sku":"LONG"}"#, BAD_SKU),
    ("sku with NUL", r#"{"type":"book","id":"ID","drop":"DROP","sku":"KAOS\u0000M"}"#, BAD_SKU),
    ("sku with a line break", r#"{"type":"book","id":"ID","drop":"DROP","sku":"KAOS\nM"}"#, BAD_SKU),
    ("sku an object", r#"{"type":"book","id":"ID","drop":"DROP","sku":{"$ne":1}}"#, BAD_SKU),
    ("flag a text", r#"{"type":"book","id":"ID","drop":"DROP","sku":"SKU","accept_partial":"yes"}"#, ("refused", "invalid", "accept_partial")),
    ("cancel without booking", r#"{"type":"cancel","id":"ID"}"#, ("refused", "invalid", "booking")),
    ("cancel a stranger's", r#"{"type":"cancel","id":"ID","booking":"ID"}"#, ("refused", "not_yours", "")),
    ("cancel qty -1", r#"{"type":"cancel","id":"ID","booking":"ID","qty":-1}"#, BAD_QTY),
    ("leave where one does not wait", r#"{"type":"wait.leave","id":"ID","drop":"DROP"}"#, ("refused", "not_held", "")),
    ("unknown type", r#"{"type":"buy","id":"ID"}"#, ("error", "unknown_type", "")),
    ("type in capitals", r#"{"type":"BOOK","id":"ID","drop":"DROP","sku":"SKU"}"#, ("error", "unknown_type", "")),
    ("connect again", r#"{"type":"connect"}"#, ("error", "already_connected", "")),
    ("refresh without token", r#"{"type":"refresh"}"#, ("error", "invalid", "token")),
    ("role in the body", r#"{"type":"drop.pause","id":"ID","drop":"DROP","role":"admin"}"#, FORBIDDEN),
    ("shop in the body", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":1,"reason":"x","shop":"toko-b"}"#, FORBIDDEN),
    ("settings of a viewer", r#"{"type":"settings.change","id":"ID","settings":{"max_bookings":0}}"#, FORBIDDEN),
];

/// What a host or an admin asks: numbers at the ends of their types, texts that are none.
#[rustfmt::skip]
const OF_AN_ADMIN: &[(&str, &str, Wanted)] = &[
    ("price 2^64-1", r#"{"type":"drop.open","id":"ID","sku":"SKU","price":18446744073709551615}"#, ("refused", "invalid", "price")),
    ("price negative", r#"{"type":"drop.open","id":"ID","sku":"SKU","price":-1}"#, ("refused", "invalid", "price")),
    ("price a fraction", r#"{"type":"drop.open","id":"ID","sku":"SKU","price":0.5}"#, ("refused", "invalid", "price")),
    ("units 0", r#"{"type":"drop.open","id":"ID","sku":"SKU","units":0}"#, ("refused", "invalid", "units")),
    ("units a word", r#"{"type":"drop.open","id":"ID","sku":"SKU","units":"many"}"#, ("refused", "invalid", "units")),
    ("units all", r#"{"type":"drop.open","id":"ID","sku":"SKU","units":"all"}"#, ("done", "", "")),
    ("mode unknown", r#"{"type":"drop.open","id":"ID","sku":"SKU","mode":"hidden"}"#, ("refused", "invalid", "mode")),
    ("timeout 2^32-1", r#"{"type":"drop.open","id":"ID","sku":"SKU","booking_timeout_min":4294967295}"#, ("refused", "invalid", "booking_timeout_min")),
    ("timeout 0", r#"{"type":"drop.open","id":"ID","sku":"SKU","booking_timeout_min":0}"#, ("refused", "invalid", "booking_timeout_min")),
    ("end before its beginning", r#"{"type":"drop.open","id":"ID","sku":"SKU","ends_at_ms":1}"#, ("refused", "invalid", "ends_at_ms")),
    ("end at the end of time", r#"{"type":"drop.open","id":"ID","sku":"SKU","ends_at_ms":18446744073709551615}"#, ("done", "", "")),
    ("opens at the end of time", r#"{"type":"drop.open","id":"ID","sku":"SKU","opens_at_ms":18446744073709551615}"#, ("done", "", "")),
    ("ends before it opens", r#"{"type":"drop.open","id":"ID","sku":"SKU","opens_at_ms":18446744073709551615,"ends_at_ms":18446744073709551615}"#, ("refused", "invalid", "ends_at_ms")),
    ("sku unknown", r#"{"type":"drop.open","id":"ID","sku":"TIDAK-ADA"}"#, BAD_SKU),
    ("extend 0", r#"{"type":"drop.extend","id":"ID","drop":"DROP","minutes":0}"#, ("refused", "invalid", "minutes")),
    ("extend 2^32-1", r#"{"type":"drop.extend","id":"ID","drop":"DROP","minutes":4294967295}"#, ("refused", "invalid", "minutes")),
    ("change of a foreign drop", r#"{"type":"drop.change","id":"ID","drop":"FOREIGN","price":1}"#, ("refused", "drop_not_found", "")),
    ("stock 2^32-1", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":4294967295,"reason":"x"}"#, BAD_QTY),
    ("stock 0", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":0,"reason":"x"}"#, BAD_QTY),
    ("stock negative", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":-5,"reason":"x"}"#, BAD_QTY),
    ("no reason", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":1}"#, ("refused", "invalid", "reason")),
    ("empty reason", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":1,"reason":"  "}"#, ("refused", "invalid", "reason")),
    ("reason with NUL", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":1,"reason":"a\u0000b"}"#, ("refused", "invalid", "reason")),
    ("reason of 600 letters", r#"{"type":"stock.add","id":"ID","sku":"SKU","qty":1,"reason":"LONGLONG"}"#, ("refused", "invalid", "reason")),
    ("some set aside", r#"{"type":"drop.open","id":"ID","sku":"SKU","units":1,"mode":"carved"}"#, ("done", "", "")),
    ("below what is promised", r#"{"type":"stock.set","id":"ID","sku":"SKU","on_hand":0,"reason":"x"}"#, ("refused", "below_committed", "")),
    ("restrict nobody", r#"{"type":"customer.restrict","id":"ID","customer":"","restricted":true}"#, ("refused", "invalid", "customer")),
    ("delta 2^31-1", r#"{"type":"reputation.adjust","id":"ID","customer":"a","delta":2147483647,"reason":"x"}"#, ("refused", "invalid", "delta")),
    ("delta -2^31", r#"{"type":"reputation.adjust","id":"ID","customer":"a","delta":-2147483648,"reason":"x"}"#, ("refused", "invalid", "delta")),
    ("no skus", r#"{"type":"sku.activate","id":"ID","skus":[],"active":true}"#, ("refused", "invalid", "skus")),
    ("skus no list", r#"{"type":"sku.activate","id":"ID","skus":"SKU","active":true}"#, ("refused", "invalid", "skus")),
    ("setting unknown", r#"{"type":"settings.change","id":"ID","settings":{"colour":1}}"#, ("refused", "invalid", "colour")),
    ("setting 2^64-1", r#"{"type":"settings.change","id":"ID","settings":{"booking_timeout_ms":18446744073709551615}}"#, ("refused", "invalid", "booking_timeout_ms")),
    ("setting a text", r#"{"type":"settings.change","id":"ID","settings":{"vat_bp":"11%"}}"#, ("refused", "invalid", "vat_bp")),
    ("setting twice", r#"{"type":"settings.change","id":"ID","settings":{"vat_bp":0,"vat_bp":1}}"#, ("refused", "invalid", "vat_bp")),
    ("settings no object", r#"{"type":"settings.change","id":"ID","settings":[1]}"#, ("refused", "invalid", "settings")),
    ("booking unknown", r#"{"type":"booking.cancel","id":"ID","booking":"ID","reason":"x"}"#, ("refused", "not_yours", "")),
];

/// A `UUIDv7` of another time.
fn id_at(house: &House, shift_ms: i64) -> Uuid {
    let at = house
        .app
        .clock
        .now_ms()
        .checked_add_signed(shift_ms)
        .unwrap();
    let seconds = uuid::Timestamp::from_unix_time(at / 1_000, 0, 0, 0);
    Uuid::new_v7(seconds)
}

fn filled(house: &House, template: &str) -> String {
    const HOUR_MS: i64 = 3_600_000;
    template
        .replace("LONGLONG", &"x".repeat(600))
        .replace("LONG", &"x".repeat(300))
        .replace("OLD", &id_at(house, -25 * HOUR_MS).to_string())
        .replace("FUTURE", &id_at(house, 180_000).to_string())
        .replace("OTHER", &house.other_drop.to_string())
        .replace("FOREIGN", &house.foreign_drop.to_string())
        .replace("DROP", &house.drop.to_string())
        .replace("SKU", SKU)
        .replace("ID", &Uuid::now_v7().to_string())
}

fn check(case: &str, told: &Value, (kind, code, field): Wanted) {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    assert_eq!(
        (text("type"), text("code"), text("field")),
        (kind, code, field),
        "{case}: {told}"
    );
    if !code.is_empty() {
        assert!(!text("message").is_empty(), "{case}: no sentence in {told}");
    }
}

fn run(table: &[(&str, &str, Wanted)], role: Role) {
    let house = house();
    house.run(async {
        for (case, template, wanted) in table {
            let token = house.token(&somebody(), role);
            let mut socket = Socket::connect(LIVE, Some(&token)).await;
            let request = filled(house, template);
            socket.say(&request).await;
            let told = match socket.verdict().await {
                super::socket::Heard::Object(told) => told,
                other => panic!("{case}: {other:?}"),
            };
            check(case, &told, *wanted);
            // The socket is as good as before.
            socket.say(r#"{"type":"ping"}"#).await;
            let pong = socket.verdict().await;
            assert!(
                matches!(&pong, super::socket::Heard::Object(o) if o["type"] == "pong"),
                "{case}: {pong:?}"
            );
        }
        house.is_well("bad requests").await;
    });
}

#[test]
fn of_a_viewer() {
    run(OF_A_VIEWER, Role::Viewer);
}

#[test]
fn of_an_admin() {
    run(OF_AN_ADMIN, Role::Admin);
}

#[test]
fn a_guest_who_books_is_told_to_sign_in_and_goes_on_watching() {
    let house = house();
    house.run(async {
        let mut guest = Socket::connect(LIVE, None).await;
        let told = guest.ask(&super::house::book(house.drop)).await;
        check("guest", &told, ("refused", "unauthorized", ""));
        let told = guest.ask(&super::house::book(house.drop)).await;
        check("guest again", &told, ("refused", "unauthorized", ""));
    });
}

#[test]
fn one_id_with_two_bodies_is_a_conflict() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        let request = super::house::book(house.drop);
        let first = socket.ask(&request).await;
        let again = socket.ask(&request).await;
        assert_eq!(
            (&first["replayed"], &again["replayed"]),
            (&false.into(), &true.into())
        );
        assert_eq!(first["booking"], again["booking"]);
        let other = request.replace(r#""sku""#, r#""qty":2,"sku""#);
        let told = socket.ask(&other).await;
        check("other body", &told, ("refused", "idempotency_conflict", ""));
    });
}

#[test]
fn who_talks_too_much_is_told_to_wait_and_then_sent_away() {
    let house = house();
    house.run(async {
        let token = house.token(&somebody(), Role::Viewer);
        let mut socket = Socket::connect(LIVE, Some(&token)).await;
        // Far more than the burst and three times the rate over ten seconds.
        for _ in 0..2_000 {
            socket.say(r#"{"type":"buy","id":"x"}"#).await;
        }
        let (mut limited, mut end) = (false, None);
        while end.is_none() {
            match socket.hear().await {
                super::socket::Heard::Object(told) if told["code"] == "rate_limited" => {
                    assert!(told["retry_ms"].as_u64().is_some_and(|ms| ms > 0), "{told}");
                    limited = true;
                }
                super::socket::Heard::Object(_) => {}
                other => end = Some(other),
            }
        }
        assert!(limited);
        assert_eq!(end, Some(super::socket::Heard::Close(4429)));
        house.is_well("a flood").await;
    });
}
