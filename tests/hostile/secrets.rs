//! A planted token is in no log and no answer, whatever way it was sent.

use lapak::gateway::auth::Role;
use serde_json::json;
use uuid::Uuid;

use super::house::{LIVE, SECRET, house, somebody};
use super::raw::ask;
use super::socket::Socket;

#[test]
fn tokens_and_secrets_are_never_logged() {
    let house = house();
    let (good, stray) = (
        house.token(&somebody(), Role::Host),
        "eyJhbGciOiJIUzI1NiJ9.PLANTED-CANARY.x",
    );
    house.run(async {
        let mut bodies = Vec::new();
        for token in [&*good, stray] {
            let mut socket = Socket::open(LIVE).await;
            socket.greet(Some(token)).await;
            let _ = socket.hear().await;
            let refresh = json!({"type": "refresh", "token": token});
            socket.say(&refresh.to_string()).await;
            let _ = socket.verdict().await;
            let bearer = format!("Bearer {token}");
            let id = Uuid::now_v7().to_string();
            let headers = [
                ("authorization", &*bearer),
                ("idempotency-key", &*id),
                ("content-type", "application/json"),
            ];
            let paths = [
                ("GET", format!("/v1/lives/{LIVE}/snapshot"), ""),
                (
                    "GET",
                    format!("/v1/lives/{LIVE}/snapshot?token={token}"),
                    "",
                ),
                ("GET", format!("/{token}"), ""),
                ("POST", format!("/v1/lives/{LIVE}/commands"), "{"),
                (
                    "POST",
                    format!("/v1/lives/{LIVE}/bookings"),
                    r#"{"drop":1}"#,
                ),
            ];
            for (method, path, body) in paths {
                bodies.push(ask(method, &path, &headers, body).await.body);
            }
            let twice = [("authorization", &*bearer), ("authorization", &*bearer)];
            bodies.push(ask("GET", "/v1/shops/toko-a/skus", &twice, "").await.body);
        }
        house.is_well("planted tokens").await;
        let (log, signature) = (house.logged(), good.rsplit('.').next().unwrap());
        assert!(log.contains("a token was refused"), "the log is kept");
        for secret in [&*good, signature, "PLANTED-CANARY", SECRET] {
            assert!(!log.contains(secret), "{secret} is in the log");
            assert!(
                bodies.iter().all(|body| !body.contains(secret)),
                "{secret} is in an answer"
            );
        }
    });
}
