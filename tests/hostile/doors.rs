//! The table of doors: every route and every request, tried by every role. The table is
//! `doors.txt`; what the router or the protocol has beyond it fails here.

use lapak::domain::command::OrderSpec;
use lapak::domain::{
    Actor, Command, CustomerId, DropId, Method, OrderId, OrderOrigin, PaymentId, Request,
    Role as Actors, Secured, ShopId, SkuId,
};
use lapak::gateway::auth::Role;
use lapak::protocol::asked::Asked;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::house::{ENDPOINT, FOREIGN_SHOP, House, LIVE, SHOP, SKU, book, house, somebody};
use super::raw::{self, Answer};
use super::socket::{Heard, Socket};

const TABLE: &str = include_str!("doors.txt");
const ROUTER: &str = include_str!("../../src/gateway/router.rs");

/// Who knocks, in the order of the columns.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Anon,
    Is(Role),
    Expired,
    Foreign,
}

const COLUMNS: [Who; 8] = [
    Who::Anon,
    Who::Is(Role::Viewer),
    Who::Is(Role::Moderator),
    Who::Is(Role::Host),
    Who::Is(Role::Admin),
    Who::Is(Role::Service),
    Who::Expired,
    Who::Foreign,
];

impl Who {
    fn token(self, sub: &str) -> Option<String> {
        let house = house();
        match self {
            Self::Anon => None,
            Self::Is(role) => Some(house.token(sub, role)),
            Self::Foreign => Some(house.token_of(FOREIGN_SHOP, sub, Role::Admin, None)),
            Self::Expired => {
                let identity = lapak::gateway::auth::Identity {
                    sub: sub.to_owned(),
                    shop: SHOP.to_owned(),
                    role: Role::Admin,
                    lives: None,
                    exp_ms: house.app.clock.now_ms() - 60_000,
                };
                Some(house.app.auth.issue(&identity).unwrap())
            }
        }
    }

    /// Whether this one has a booking to give back.
    fn may_book(self) -> bool {
        matches!(self, Self::Is(role) if role != Role::Service)
    }
}

/// A line of the table: the door's words, and a cell for each of [`COLUMNS`].
struct Row {
    door: Vec<&'static str>,
    cells: Vec<&'static str>,
}

fn rows(kind: &str) -> Vec<Row> {
    let lines = TABLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let rows = lines.map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (door, cells) = words.split_at(words.len() - COLUMNS.len());
        Row {
            door: door.to_vec(),
            cells: cells.to_vec(),
        }
    });
    rows.filter(|row| row.door[0] == kind).collect()
}

/// Method and path of every route of the public router, as its source has them.
pub(super) fn routes() -> Vec<(String, String)> {
    routes_of(ROUTER.split("pub fn internal_router").next().unwrap())
}

fn routes_of(source: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for route in source.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        let handlers = route.split_once(path).unwrap().1;
        let handlers = handlers.split(".with_state").next().unwrap();
        for method in ["get", "post", "put", "patch", "delete", "any"] {
            let is_named = |(at, _): (usize, &str)| {
                handlers[..at]
                    .chars()
                    .next_back()
                    .is_some_and(|c| !c.is_alphanumeric() && c != '_')
            };
            if handlers.match_indices(&format!("{method}(")).any(is_named) {
                found.push((method.to_uppercase(), path.to_owned()));
            }
        }
    }
    found
}

#[test]
fn every_route_and_every_request_is_in_the_table() {
    let listed = |kind: &str| -> Vec<(String, String)> {
        rows(kind)
            .iter()
            .map(|row| (row.door[1].to_owned(), row.door[2].to_owned()))
            .collect()
    };
    let (public, internal) = (
        routes(),
        routes_of(ROUTER.split("pub fn internal_router").nth(1).unwrap()),
    );
    assert!(
        public.len() > 15 && internal.len() > 2,
        "the router can be read"
    );
    for (kind, routes) in [("PUBLIC", public), ("INTERNAL", internal)] {
        let listed = listed(kind);
        for route in &routes {
            assert!(
                listed.contains(route),
                "{kind} {route:?} is not in doors.txt"
            );
        }
        for route in &listed {
            assert!(
                routes.contains(route),
                "{kind} {route:?} is in doors.txt and nowhere else"
            );
        }
    }
    let asked: Vec<&str> = rows("WS").iter().map(|row| row.door[1]).collect();
    for kind in Asked::TYPES {
        assert!(asked.contains(&kind), "{kind} is not in doors.txt");
    }
    let known = |kind: &str| {
        let plain = kind.split('+').next().unwrap();
        plain == "connect" || Asked::TYPES.contains(&plain)
    };
    for kind in asked {
        assert!(known(kind), "{kind} is in doors.txt and nowhere else");
    }
}

#[test]
fn every_role_at_every_route() {
    let house = house();
    house.run(async {
        for (kind, address) in [("PUBLIC", house.address), ("INTERNAL", house.internal)] {
            for row in rows(kind) {
                for (who, cell) in COLUMNS.iter().zip(&row.cells) {
                    let (method, path) = (row.door[1], row.door[2]);
                    let answer = knock(address, method, path, *who).await;
                    let case = format!("{kind} {method} {path} by {who:?}");
                    assert_eq!(answer.status.to_string(), **cell, "{case}: {answer:?}");
                }
            }
        }
        house.is_well("the doors").await;
    });
}

async fn knock(address: std::net::SocketAddr, method: &str, path: &str, who: Who) -> Answer {
    let (sub, id) = (somebody(), Uuid::now_v7().to_string());
    let booking = if who.may_book() && path.contains("{booking}") {
        held(&sub, house().drop).await
    } else {
        id.clone()
    };
    let own_order = (who.may_book() || method == "GET") && path.contains("{order}");
    let order = if own_order {
        order(&sub, "").await
    } else {
        id.clone()
    };
    let own_checkout = who.may_book() && path.contains("{checkout}");
    let checkout = if own_checkout {
        checkout(&sub).await
    } else {
        id.clone()
    };
    // Whoever may end a live ends one of its own.
    let of_shop = path.contains("{shop}/lives");
    let own = format!("siaran-{sub}");
    let live = if of_shop { &own } else { LIVE };
    if of_shop && method == "DELETE" {
        let path = format!("/v1/shops/{SHOP}/lives/{own}");
        let admin = Who::Is(Role::Admin).token(&somebody());
        let made = send(address, "PUT", &path, admin, &id, r#"{"title":"Siaran"}"#).await;
        assert_eq!(made.status, 200, "{made:?}");
    }
    let real = path
        .replace("{live}", live)
        .replace("{shop}", SHOP)
        .replace("{file}", "tidak-ada.js")
        .replace("{endpoint}", ENDPOINT)
        .replace("{payment}", "0123456789abcdef01234567")
        .replace("{booking}", &booking)
        .replace("{checkout}", &checkout)
        .replace("{order}", &order)
        .replace("{drop}", &house().drop.to_string());
    let (drop, sku) = (house().drop.to_string(), SKU);
    let body = match path.rsplit('/').next() {
        Some("{live}") if method == "PUT" => json!({"title": "Siaran"}).to_string(),
        Some("bookings") => json!({"drop": drop, "sku": sku}).to_string(),
        Some("checkouts") if who.may_book() => {
            json!({"bookings": [held(&sub, house().drop).await]}).to_string()
        }
        Some("checkouts") => json!({"bookings": [id.clone()]}).to_string(),
        Some("payments") => json!({"method": "transfer"}).to_string(),
        Some("commands") => json!({"type": "book", "drop": drop, "sku": sku}).to_string(),
        _ => String::new(),
    };
    send(address, method, &real, who.token(&sub), &id, &body).await
}

async fn send(
    address: std::net::SocketAddr,
    method: &str,
    path: &str,
    token: Option<String>,
    id: &str,
    body: &str,
) -> Answer {
    let bearer = token
        .map(|token| format!("Bearer {token}"))
        .unwrap_or_default();
    let mut headers = vec![
        ("idempotency-key", id),
        ("content-type", "application/json"),
    ];
    if !bearer.is_empty() {
        headers.push(("authorization", &bearer));
    }
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&raw::request(method, path, &headers, body))
        .await
        .unwrap();
    // The head is enough, and events never end.
    let mut said = Vec::new();
    while !said.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut buffer = vec![0; 4_096];
        let read = tokio::time::timeout(raw::PATIENCE, stream.read(&mut buffer)).await;
        let read = read.expect("an answer").unwrap();
        assert!(
            read > 0,
            "{method} {path}: {}",
            String::from_utf8_lossy(&said)
        );
        said.extend_from_slice(&buffer[..read]);
    }
    Answer::of(&said)
}

/// A booking of this customer.
async fn held(sub: &str, drop: DropId) -> String {
    let token = house().token(sub, Role::Viewer);
    let mut socket = Socket::connect(LIVE, Some(&token)).await;
    let held = socket.ask(&book(drop)).await;
    held["booking"]
        .as_str()
        .unwrap_or_else(|| panic!("{held}"))
        .to_owned()
}

/// A request that would be accepted from somebody who may ask it, on things of its own.
async fn request(kind: &str, sub: &str, who: Who) -> Value {
    let house = house();
    let drop = house.fresh_drop().await;
    let d = drop.to_string();
    let mut request = match kind {
        "book" => json!({"drop": d, "sku": SKU}),
        "cancel" if who.may_book() => json!({"booking": held(sub, drop).await}),
        "cancel" => json!({"booking": Uuid::now_v7().to_string()}),
        "booking.cancel" => json!({"booking": held(&somebody(), drop).await, "reason": "x"}),
        "drop.open" => json!({"sku": SKU, "units": 5}),
        "drop.change" => json!({"drop": d, "price": 40_000}),
        "drop.extend" => json!({"drop": d, "minutes": 1}),
        "drop.resume" => {
            pause(house, drop).await;
            json!({"drop": d})
        }
        "stock.add" => json!({"sku": SKU, "qty": 1, "reason": "x"}),
        "stock.set" => json!({"sku": SKU, "on_hand": 100_000, "reason": "x"}),
        "stock.set+force" => json!({"sku": SKU, "on_hand": 100_000, "reason": "x", "force": true}),
        "customer.restrict" => json!({"customer": somebody(), "restricted": true}),
        "reputation.adjust" => json!({"customer": somebody(), "delta": -1, "reason": "x"}),
        "sku.activate" => json!({"skus": [SKU], "active": true}),
        "checkout.start" if who.may_book() => json!({"bookings": [held(sub, drop).await]}),
        "checkout.start" => json!({"bookings": [Uuid::now_v7().to_string()]}),
        "checkout.place" if who.may_book() => json!({"checkout": checkout(sub).await}),
        "checkout.place" => json!({"checkout": Uuid::now_v7().to_string()}),
        "payment.start" => json!({"order": order(sub, "").await, "method": "transfer"}),
        "order.cancel" => json!({"order": order(sub, "").await}),
        "order.place" => json!({"customer": somebody(), "currency": "IDR", "origin": "web",
            "lines": [{"sku": SKU, "qty": 1}]}),
        "order.pay" => json!({"order": order(&somebody(), "").await, "amount": 1}),
        "order.confirm" => json!({"order": order(&somebody(), "").await, "secured": "cod"}),
        "order.ship" => json!({"order": order(&somebody(), "confirm").await}),
        "order.finish" | "order.refuse" => {
            json!({"order": order(&somebody(), "confirm ship").await})
        }
        "order.cancel+other" => json!({"order": order(&somebody(), "").await, "reason": "x"}),
        "order.return" => json!({"order": order(&somebody(), "confirm ship finish").await,
            "line": 0, "qty": 1, "restock": true, "reason": "x"}),
        "order.refund" => json!({"order": order(&somebody(), "overpay").await, "amount": 1}),
        "settings.change" => json!({"settings": {"vat_bp": 0}}),
        _ => json!({"drop": d}),
    };
    request["type"] = json!(kind.split('+').next());
    request["id"] = json!(Uuid::now_v7().to_string());
    request
}

async fn pause(house: &House, drop: DropId) {
    decided(house, Actors::Host, "penjual", Command::PauseDrop { drop }).await;
}

/// Has the engine decide something, past the doors.
async fn decided(house: &House, role: Actors, name: &str, command: Command) {
    let by = Actor {
        role,
        name: CustomerId::new(name).unwrap(),
    };
    let request = Request {
        by,
        key: None,
        command,
    };
    let shop = ShopId::new(SHOP).unwrap();
    let reply = house.app.engine.submit(&shop, request).await.unwrap();
    reply.outcome.unwrap();
}

/// A checkout of this customer that is under way.
async fn checkout(sub: &str) -> String {
    let booking = held(sub, house().drop).await.parse().unwrap();
    let checkout = OrderId(Uuid::now_v7().as_u128());
    let command = Command::StartCheckout {
        checkout,
        bookings: vec![booking],
    };
    decided(house(), Actors::Viewer, sub, command).await;
    checkout.to_string()
}

/// An order of this customer, to which these things were done.
async fn order(sub: &str, done: &str) -> String {
    let order = OrderId(Uuid::now_v7().as_u128());
    let spec = OrderSpec {
        order,
        customer: CustomerId::new(sub).unwrap(),
        origin: OrderOrigin::Web,
        currency: "IDR".into(),
        lines: vec![(SkuId::new(SKU).unwrap(), 1, Some(50_000))],
    };
    decided(
        house(),
        Actors::Admin,
        "kantor",
        Command::TakeOrder(Box::new(spec)),
    )
    .await;
    for step in done.split_whitespace() {
        let command = match step {
            "confirm" => Command::ConfirmOrder {
                order,
                secured: Secured::Cod,
            },
            "ship" => Command::ShipOrder { order },
            "finish" => Command::FinishOrder { order },
            "overpay" => Command::ReceivePayment {
                order,
                payment: PaymentId::new(&format!("manual/{order}")).unwrap(),
                amount: 60_000,
                method: Method::Transfer,
                reference: "x".into(),
            },
            other => panic!("no such step: {other}"),
        };
        decided(house(), Actors::Host, "penjual", command).await;
    }
    order.to_string()
}

#[test]
fn requests_over_the_websocket() {
    let house = house();
    house.run(async {
        for row in rows("WS") {
            let kind = row.door[1];
            for (who, cell) in COLUMNS.iter().zip(&row.cells) {
                let case = format!("{kind} by {who:?}");
                let sub = somebody();
                let mut socket = Socket::open(LIVE).await;
                socket.greet(who.token(&sub).as_deref()).await;
                let met = match socket.hear().await {
                    Heard::Close(code) => code.to_string(),
                    Heard::Object(_) if kind == "connect" => "ok".to_owned(),
                    Heard::Object(_) => {
                        let request = request(kind, &sub, *who).await;
                        outcome(&socket.ask(&request.to_string()).await)
                    }
                    Heard::Gone => "gone".to_owned(),
                };
                assert_eq!(met, *cell, "{case}");
            }
        }
        house.is_well("the requests").await;
    });
}

fn outcome(told: &Value) -> String {
    match told["type"].as_str() {
        Some("refused" | "error") => told["code"].as_str().unwrap_or_default().to_owned(),
        _ => "ok".to_owned(),
    }
}

#[test]
fn the_same_requests_over_http() {
    let house = house();
    house.run(async {
        for row in rows("WS")
            .into_iter()
            .filter(|row| row.door[1] != "connect")
        {
            let kind = row.door[1];
            for (who, cell) in COLUMNS.iter().zip(&row.cells) {
                let sub = somebody();
                let mut body = request(kind, &sub, *who).await;
                let id = body["id"].as_str().unwrap().to_owned();
                body.as_object_mut().unwrap().remove("id");
                let path = format!("/v1/lives/{LIVE}/commands");
                let token = who.token(&sub);
                let answer =
                    send(house.address, "POST", &path, token, &id, &body.to_string()).await;
                let status = match *cell {
                    "ok" => 200,
                    "unauthorized" | "4401" => 401,
                    "forbidden" | "4403" => 403,
                    "not_yours" | "4404" => 404,
                    _ => 409,
                };
                assert_eq!(answer.status, status, "{kind} by {who:?}: {answer:?}");
            }
        }
        house.is_well("the commands").await;
    });
}
