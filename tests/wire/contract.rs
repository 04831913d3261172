//! The documents against the server: every route, every message type, every code, and no other.

use std::collections::BTreeSet;

use lapak::gateway::problem::CODES;
use lapak::protocol::Close;
use lapak::protocol::asked::Asked;
use reqwest::Method;
use serde_json::Value;

use crate::house::{House, LIVE};
use crate::schema::{asyncapi, matches, messages, openapi, payload, told};

const PROTOCOL: &str = include_str!("../../docs/PROTOCOL.md");

#[test]
fn every_route_is_documented_and_no_other() {
    let source = include_str!("../../src/gateway/router.rs");
    let public = source.split("pub fn internal_router").next().unwrap();
    let mut routes = BTreeSet::new();
    for route in public.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        let handler = route.split(',').nth(1).unwrap();
        for method in ["get", "post", "put", "patch", "delete"] {
            if handler.contains(&format!("{method}(")) {
                routes.insert(format!("{method} {path}"));
            }
        }
    }
    let mut documented = BTreeSet::new();
    for (path, methods) in openapi()["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        documented.extend(
            methods
                .filter(|name| *name != "parameters")
                .map(|method| format!("{method} {path}")),
        );
    }
    assert_eq!(routes, documented);
    assert!(routes.len() >= 19, "the routes were not found: {routes:?}");
    let channel = asyncapi()["channels"]["live"]["address"].as_str().unwrap();
    assert!(routes.contains(&format!("get {channel}")));
    let missing: Vec<_> = routes
        .iter()
        .filter(|route| !PROTOCOL.contains(route.split(' ').nth(1).unwrap()))
        .collect();
    assert!(missing.is_empty(), "not in PROTOCOL.md: {missing:?}");
}

#[tokio::test]
async fn every_route_answers() {
    let house = House::new(told).await;
    let mut seen = 0;
    for (path, methods) in openapi()["paths"].as_object().unwrap() {
        let Some(get) = methods.get("get") else {
            continue;
        };
        let url = path
            .replace("{live}", LIVE)
            .replace("{shop}", crate::house::SHOP)
            .replace("{file}", "none.js");
        let answer = house.http(Method::GET, &url).send().await.unwrap();
        let status = answer.status().as_u16();
        let known = get["responses"].get(status.to_string()).is_some();
        assert!(
            known || (get["responses"].get("4XX").is_some() && (400..500).contains(&status)),
            "{path} {status}"
        );
        seen += 1;
    }
    assert!(seen > 12);
    let served: Value = house
        .http(Method::GET, "/openapi.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(&served, openapi());
    let lives: Value = house
        .http(Method::GET, "/v1/lives")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    matches(openapi(), "Lives", &lives);
    assert_eq!(lives["lives"][0]["live"], LIVE);
    let ready: Value = house
        .http(Method::GET, "/readyz")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    matches(openapi(), "Health", &ready);
    house.stop().await;
}

#[test]
fn every_message_type_is_documented() {
    let said: BTreeSet<_> = kinds(messages("say", false));
    let asked = Asked::TYPES
        .into_iter()
        .chain(["connect", "refresh", "ping", "resync"])
        .collect();
    assert_eq!(said, asked);
    let all = [
        messages("told", false),
        messages("say", true),
        messages("say", false),
    ]
    .concat();
    for kind in kinds(all) {
        assert!(
            PROTOCOL.contains(&format!("`{kind}`")),
            "PROTOCOL.md does not name {kind}"
        );
    }
    let channel: BTreeSet<_> = asyncapi()["channels"]["live"]["messages"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let used = [
        messages("told", false),
        messages("say", true),
        messages("say", false),
    ]
    .concat();
    assert_eq!(channel, used.into_iter().map(str::to_owned).collect());
}

fn kinds(messages: Vec<&'static str>) -> BTreeSet<&'static str> {
    messages
        .into_iter()
        .map(|name| {
            payload(name)["properties"]["type"]["const"]
                .as_str()
                .unwrap()
        })
        .collect()
}

/// `| code | status | …` rows of PROTOCOL.md.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = PROTOCOL
        .split(&format!("\n## {heading}"))
        .nth(1)
        .unwrap_or_else(|| panic!("no section {heading}"));
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| code"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[test]
fn every_code_stands_in_the_table_with_its_status() {
    let rows = table("6. Codes");
    let documented: BTreeSet<_> = rows
        .iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), row[1].to_owned()))
        .collect();
    let unused = ["auth_required", "managed_by_shared_inventory", "cooldown"];
    let known: BTreeSet<_> = CODES
        .iter()
        .filter(|(code, _)| !unused.contains(code))
        .map(|(code, status)| ((*code).to_owned(), status.as_u16().to_string()))
        .collect();
    assert_eq!(documented, known);
    let refusals = asyncapi()["components"]["schemas"]["RefusalCode"]["enum"]
        .as_array()
        .unwrap();
    let order: Vec<_> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let places: Vec<_> = refusals
        .iter()
        .map(|code| {
            order
                .iter()
                .position(|row| row == code)
                .expect("a code without a row")
        })
        .collect();
    assert!(
        places.is_sorted(),
        "the table is not in the order of precedence"
    );
}

#[test]
fn every_close_code_stands_in_the_table() {
    let documented: BTreeSet<u16> = table("7. Close codes")
        .iter()
        .map(|row| row[0].parse().unwrap())
        .collect();
    for close in [
        Close::Normal,
        Close::Restart,
        Close::Full,
        Close::TooSlow,
        Close::Malformed,
        Close::Unauthorized,
        Close::Forbidden,
        Close::LiveNotFound,
        Close::Expired,
        Close::Abuse { retry_ms: 1 },
    ] {
        assert!(documented.contains(&close.code()), "{close:?}");
    }
}

#[test]
fn a_schema_that_stands_in_both_documents_is_the_same() {
    let (one, other) = (
        &asyncapi()["components"]["schemas"],
        &openapi()["components"]["schemas"],
    );
    let both: Vec<_> = one
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| other.get(*name).is_some())
        .collect();
    assert!(both.len() >= 15, "{both:?}");
    for name in both {
        assert_eq!(one[name], other[name], "{name}");
    }
}
