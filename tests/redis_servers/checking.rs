//! What is found at the start of a node, on real servers.

use lapak::clock::{Clock, ClockConfig};
use lapak::engine::redis::checks::{Severity, check};
use lapak::engine::redis::config::Acknowledge;

use super::redis_fixture::{Aof, Options, Program, Server};
use super::*;

async fn found(
    server: &Server,
    acknowledge: Acknowledge,
    clock: &Clock,
) -> Vec<(&'static str, Severity)> {
    let config = RedisConfig {
        acknowledge,
        ..config(vec![server.url()])
    };
    let connector = Connector::new(&config).unwrap();
    let findings = check(&connector, clock).await.unwrap();
    for finding in &findings {
        assert!(finding.to_string().contains(&server.port().to_string()));
    }
    findings.iter().map(|f| (f.code, f.severity)).collect()
}

fn clock() -> Clock {
    Clock::system(ClockConfig::default())
}

#[tokio::test]
async fn a_server_as_it_should_be_is_passed_and_left_as_it_was() {
    for program in Program::all() {
        let server = Server::durable(program);
        for acknowledge in [
            Acknowledge::Always,
            Acknowledge::Everysec,
            Acknowledge::Memory,
        ] {
            assert_eq!(found(&server, acknowledge, &clock()).await, []);
        }
        assert_eq!(server.ask(&["DBSIZE"]), "0");
    }
}

#[tokio::test]
async fn settings_that_lose_requests_are_refused() {
    use Severity::{Refuse, Warn};
    let server = Server::start(Options {
        aof: Aof::Everysec,
        lines: vec!["maxmemory-policy allkeys-lru".into()],
        ..Options::default()
    });
    let eviction = ("redis_eviction", Refuse);
    let everysec = found(&server, Acknowledge::Everysec, &clock()).await;
    assert_eq!(everysec, [eviction]);
    let always = found(&server, Acknowledge::Always, &clock()).await;
    assert_eq!(always, [eviction, ("redis_fsync", Refuse)]);
    server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    server.ask(&["CONFIG", "SET", "appendonly", "no"]);
    let everysec = found(&server, Acknowledge::Everysec, &clock()).await;
    assert_eq!(everysec, [("redis_aof", Refuse)]);
    assert_eq!(found(&server, Acknowledge::Memory, &clock()).await, []);
    let replica = Server::start(Options {
        lines: vec![format!("replicaof 127.0.0.1 {}", server.port())],
        ..Options::default()
    });
    super::redis_fixture::until("replicated", || replica.info("master_link_status") == "up");
    let alone = found(&server, Acknowledge::Memory, &clock()).await;
    assert_eq!(alone, [("redis_replicas", Warn)]);
}

#[tokio::test]
async fn a_clock_that_differs_is_told() {
    let server = Server::plain();
    let wrong = Clock::manual(1_700_000_000_000);
    let told = found(&server, Acknowledge::Memory, &wrong).await;
    assert_eq!(told, [("redis_clock", Severity::Warn)]);
}

/// A managed service that gives no CONFIG: what INFO tells is used, the rest is said.
#[tokio::test]
async fn where_config_is_forbidden_it_is_said_what_was_not_seen() {
    let server = Server::start(Options {
        aof: Aof::Everysec,
        lines: vec!["rename-command CONFIG \"\"".into()],
        ..Options::default()
    });
    let told = found(&server, Acknowledge::Everysec, &clock()).await;
    assert_eq!(told, [("redis_unchecked", Severity::Warn)]);
    let server = Server::start(Options {
        lines: vec![
            "rename-command CONFIG \"\"".into(),
            "maxmemory-policy volatile-ttl".into(),
        ],
        ..Options::default()
    });
    let told = found(&server, Acknowledge::Everysec, &clock()).await;
    let known = [
        ("redis_eviction", Severity::Refuse),
        ("redis_aof", Severity::Refuse),
        ("redis_unchecked", Severity::Warn),
    ];
    assert_eq!(told, known);
}

#[tokio::test]
async fn a_server_that_takes_no_writes_now_is_tried_again_later() {
    let server = Server::start(Options {
        lines: vec!["min-replicas-to-write 1".into()],
        ..Options::default()
    });
    let connector = Connector::new(&config(vec![server.url()])).unwrap();
    let trouble = check(&connector, &clock()).await.unwrap_err();
    assert_eq!(trouble.code(), "not_ready", "{trouble}");
    assert!(!trouble.needs_somebody());
}
