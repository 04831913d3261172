//! What a role is needed for and was refused at the door stands in the audit trail, and what was done
//! stands there by the command's name (S-35).

use std::time::Duration;

use lapak::gateway::auth::Role;
use serde_json::Value;
use uuid::Uuid;

use super::house::{FOREIGN_SHOP, LIVE, SHOP, house, somebody};
use super::raw::{PATIENCE, ask};
use super::socket::Socket;

async fn get(path: &str, token: &str) -> Value {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer)];
    let answer = ask("GET", path, &headers, "").await;
    answer.json()
}

/// The newest rows of a shop's trail.
async fn trail(shop: &str) -> Vec<Value> {
    let admin = house().token_of(shop, "pemilik", Role::Admin, None);
    let path = format!("/v1/shops/{shop}/ledger/audit-trail");
    let sheet = get(&path, &admin).await;
    sheet["rows"].as_array().cloned().unwrap_or_default()
}

/// The rows of a shop's trail that `fits`, as soon as there are `count`.
async fn rows(shop: &str, count: usize, fits: impl Fn(&Value) -> bool) -> Vec<Value> {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let rows: Vec<Value> = trail(shop)
                .await
                .into_iter()
                .filter(|row| fits(row))
                .collect();
            if rows.len() >= count {
                return rows;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let Ok(rows) = found.await else {
        panic!("never {count} rows in {:#?}", trail(shop).await);
    };
    rows
}

fn is(row: &Value, role: &str, actor: &str, what: &str, outcome: &str) -> bool {
    let words = [
        ("role", role),
        ("actor", actor),
        ("what", what),
        ("outcome", outcome),
    ];
    words.iter().all(|(name, word)| row[*name] == *word)
}

#[test]
fn a_refusal_at_the_door_stands_in_the_audit_trail() {
    let house = house();
    house.run(async {
        let name = somebody();
        let viewer = house.token(&name, Role::Viewer);
        let settings = format!("/v1/shops/{SHOP}/settings");
        assert_eq!(get(&settings, &viewer).await["code"], "forbidden");
        let found = rows(SHOP, 1, |row| {
            is(row, "viewer", &name, "settings.read", "forbidden")
        });
        assert_eq!(found.await[0]["after"], "from 127.0.0.1");

        // Another shop's admin: in the trail of their own shop, whether the other exists or not.
        let foreign = house.token_of(FOREIGN_SHOP, &name, Role::Admin, None);
        for shop in [SHOP, "tidak-ada"] {
            let path = format!("/v1/shops/{shop}/ledger/days.csv");
            assert_eq!(get(&path, &foreign).await["code"], "not_found");
            let told = format!("from 127.0.0.1; in {shop}");
            let fits = |row: &Value| {
                is(row, "admin", &name, "export", "not_found") && row["after"] == told
            };
            rows(FOREIGN_SHOP, 1, fits).await;
        }

        // Nobody that is known: in the trail of the shop that was meant, without what was shown.
        let stray = "eyJhbGciOiJIUzI1NiJ9.PLANTED-CANARY.x";
        assert_eq!(get(&settings, stray).await["code"], "unauthorized");
        rows(SHOP, 1, |row| {
            is(row, "none", "-", "settings.read", "unauthorized")
        })
        .await;
        let all = serde_json::to_string(&trail(SHOP).await).unwrap();
        assert!(!all.contains("PLANTED-CANARY"), "{all}");
        assert_eq!(
            get("/v1/shops/tidak-ada/settings", stray).await["code"],
            "unauthorized"
        );

        // Commands, over both wires.
        let pause = format!(
            r#"{{"type":"drop.pause","id":"{}","drop":"{}"}}"#,
            Uuid::now_v7(),
            house.drop
        );
        let mut socket = Socket::connect(LIVE, Some(&viewer)).await;
        socket.say(&pause).await;
        let told = |from: &'static str, name: String| {
            let after = format!("{from}; in {LIVE}");
            move |row: &Value| {
                is(row, "viewer", &name, "drop.pause", "forbidden") && row["after"] == after
            }
        };
        rows(SHOP, 1, told("from a socket", name.clone())).await;
        let (bearer, id) = (format!("Bearer {viewer}"), Uuid::now_v7().to_string());
        let headers = [
            ("authorization", &*bearer),
            ("idempotency-key", &*id),
            ("content-type", "application/json"),
        ];
        let body = format!(r#"{{"type":"drop.pause","drop":"{}"}}"#, house.drop);
        ask(
            "POST",
            &format!("/v1/lives/{LIVE}/commands"),
            &headers,
            &body,
        )
        .await;
        rows(SHOP, 1, told("from 127.0.0.1", name.clone())).await;

        // Who goes on and on is noted ten times, and others still are.
        let eager = somebody();
        let token = house.token(&eager, Role::Moderator);
        for _ in 0..30 {
            assert_eq!(get(&settings, &token).await["code"], "forbidden");
        }
        let last = somebody();
        get(&settings, &house.token(&last, Role::Viewer)).await;
        rows(SHOP, 1, |row| row["actor"] == *last).await;
        let noted = rows(SHOP, 10, |row| row["actor"] == *eager).await;
        assert_eq!(noted.len(), 10);
        house.is_well("refusals at the door").await;
    });
}

#[test]
fn what_was_done_stands_in_the_audit_trail_by_its_name() {
    let house = house();
    house.run(async {
        house.fresh_drop().await;
        let found = rows(SHOP, 1, |row| row["what"] == "drop.open").await;
        assert_eq!(found[0]["outcome"], "ok");
        assert!(
            found[0]["after"].as_str().unwrap().contains("DropMade"),
            "{found:?}"
        );
    });
}
