//! Passwords, users and their permissions, TLS: who is let in, and what those are told who are
//! not.

use lapak::clock::{Clock, ClockConfig};
use lapak::engine::redis::checks::check;

use super::redis_fixture::{Aof, Authority, Options, Server};
use super::*;

const PASSWORD: &str = "buka-pintu-untuk-semua";

async fn trouble(config: &RedisConfig) -> Trouble {
    let connector = Connector::new(config).unwrap();
    let answer = connector.connect(Partition(0), Purpose::Call).await;
    answer.unwrap_err()
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let server = Server::start(Options {
        password: Some(PASSWORD.into()),
        users: vec!["app on >rahasia ~* +@all".into()],
        ..Options::default()
    });
    let url = vec![server.url()];
    let table = [
        ("", Some(secret("another"))),
        ("", None),
        ("app", Some(secret(PASSWORD))),
        ("nobody", Some(secret("rahasia"))),
    ];
    for (username, password) in table {
        let wrong = RedisConfig {
            username: username.into(),
            password,
            ..config(url.clone())
        };
        let trouble = trouble(&wrong).await;
        assert_eq!(trouble.code(), "password", "{username}: {trouble}");
        assert!(trouble.needs_somebody() && !trouble.is_unknown());
        let text = format!("{trouble} {trouble:?}");
        for hidden in [PASSWORD, "rahasia", "another"] {
            assert!(!text.contains(hidden), "{text}");
        }
    }
    // One is given where none is wanted.
    let open = Server::plain();
    let wrong = RedisConfig {
        password: Some(secret(PASSWORD)),
        ..config(vec![open.url()])
    };
    assert_eq!(trouble(&wrong).await.code(), "password");
}

#[tokio::test]
async fn the_right_password_lets_in_also_from_a_file() {
    let server = Server::start(Options {
        password: Some(PASSWORD.into()),
        ..Options::default()
    });
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("redis.password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let given = RedisConfig {
        password: Some(secret(PASSWORD)),
        ..config(vec![server.url()])
    };
    let from_file = RedisConfig {
        password_file: Some(file.clone()),
        ..config(vec![server.url()])
    };
    for config in [given, from_file] {
        let connector = Connector::new(&config).unwrap();
        let mut asking = connector
            .connect(Partition(0), Purpose::Call)
            .await
            .unwrap();
        append(&mut asking, Partition(0)).await.unwrap();
        assert!(!format!("{connector:?}").contains(PASSWORD));
    }
    let nowhere = RedisConfig {
        password_file: Some(file.with_extension("gone")),
        ..config(vec![server.url()])
    };
    let trouble = Connector::new(&nowhere).unwrap_err();
    assert!(
        trouble.to_string().contains("redis.password_file"),
        "{trouble}"
    );
}

/// The ACL rules as the operators' page gives them.
fn rules_of_the_page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/OPERATIONS.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("```text\nuser lapak on >").unwrap();
    let (rules, _) = rest.split_once("```").unwrap();
    let (_, rules) = rules.split_once(' ').unwrap();
    rules.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn findings(rules: &str) -> Result<Vec<&'static str>, Trouble> {
    let server = Server::start(Options {
        aof: Aof::Everysec,
        users: vec![format!("lapak on >rahasia {rules}")],
        ..Options::default()
    });
    let config = RedisConfig {
        username: "lapak".into(),
        password: Some(secret("rahasia")),
        ..config(vec![server.url()])
    };
    let connector = Connector::new(&config).unwrap();
    let clock = Clock::system(ClockConfig::default());
    let found = check(&connector, &clock).await?;
    Ok(found.iter().map(|finding| finding.code).collect())
}

#[tokio::test]
async fn the_permissions_of_the_page_are_enough_and_none_is_too_many() {
    let rules = rules_of_the_page();
    assert!(
        rules.contains("~lapak:*") && rules.contains("-@all"),
        "{rules}"
    );
    assert_eq!(findings(&rules).await.unwrap(), [""; 0]);
    let granted = rules.split(' ').filter(|rule| rule.starts_with('+'));
    let mut tried = 0;
    for permission in granted {
        let code = match permission {
            // Asked in a cluster only; not asked, the next write tells.
            "+cluster|slots" | "+role" => continue,
            "+eval" | "+evalsha" => "redis_scripts",
            "+config|get" | "+info" => "redis_unchecked",
            _ => "redis_permission",
        };
        let fewer: Vec<&str> = rules
            .split(' ')
            .filter(|rule| *rule != permission)
            .collect();
        let mut found = findings(&fewer.join(" ")).await.unwrap();
        // Inside of scripts the time is needed, and so is ours.
        found.retain(|found| permission != "+time" || *found != "redis_unchecked");
        assert_eq!(found, [code], "{permission}");
        tried += 1;
    }
    assert!(tried > 10, "{rules}");
    // Keys of another house.
    let others = rules.replace("~lapak:*", "~toko:*");
    assert_eq!(findings(&others).await.unwrap(), ["redis_permission"]);
}

#[tokio::test]
async fn a_command_that_is_not_allowed_is_told_as_such() {
    let server = Server::start(Options {
        users: vec!["app on >rahasia ~lapak:* -@all +role +ping".into()],
        ..Options::default()
    });
    let connector = Connector::new(&RedisConfig {
        username: "app".into(),
        password: Some(secret("rahasia")),
        ..config(vec![server.url()])
    })
    .unwrap();
    let mut asking = connector
        .connect(Partition(0), Purpose::Call)
        .await
        .unwrap();
    let trouble = append(&mut asking, Partition(0)).await.unwrap_err();
    assert_eq!(trouble.code(), "forbidden", "{trouble}");
    assert!(trouble.needs_somebody() && !trouble.is_unknown());
}

#[tokio::test]
async fn tls_is_for_servers_of_our_own_authority() {
    let authority = Authority::of_both_sides();
    let server = Server::start(Options {
        tls: Some(authority.clone()),
        ..Options::default()
    });
    let file = |name: &str| Some(authority.file(name));
    let good = RedisConfig {
        ca_file: file("ca.pem"),
        cert_file: file("client.pem"),
        key_file: file("client.key"),
        ..config(vec![server.url()])
    };
    let connector = Connector::new(&good).unwrap();
    for partition in [Partition(0), Partition(15)] {
        let mut asking = connector.connect(partition, Purpose::Call).await.unwrap();
        append(&mut asking, partition).await.unwrap();
    }
    let stranger = Authority::new();
    let wrong = [
        // Public authorities do not know it.
        RedisConfig {
            ca_file: None,
            ..good.clone()
        },
        RedisConfig {
            ca_file: Some(stranger.file("ca.pem")),
            ..good.clone()
        },
        // It does not know us.
        RedisConfig {
            cert_file: None,
            key_file: None,
            ..good.clone()
        },
        // No TLS where it is wanted.
        RedisConfig {
            ca_file: None,
            cert_file: None,
            key_file: None,
            ..config(vec![server.url().replace("rediss", "redis")])
        },
    ];
    for config in wrong {
        let trouble = trouble(&config).await;
        assert_eq!(trouble.code(), "unreachable", "{trouble}");
    }
    let trouble = trouble(&RedisConfig {
        ca_file: None,
        ..good.clone()
    })
    .await;
    assert!(trouble.to_string().contains("certificate"), "{trouble}");
    let nonsense = authority.file("server.csr");
    let unreadable = Connector::new(&RedisConfig {
        key_file: Some(nonsense),
        ..good
    });
    assert_eq!(unreadable.unwrap_err().code(), "setting");
}
