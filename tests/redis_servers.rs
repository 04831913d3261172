//! The way to real servers: alone, behind Sentinels, in a cluster; with passwords, permissions
//! and TLS; what is checked of them at a start; and that a primary which moves is followed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "redis_servers/checking.rs"]
mod checking;
#[path = "redis_servers/following.rs"]
mod following;
#[path = "redis_servers/importing.rs"]
mod importing;
#[path = "redis_servers/letting_in.rs"]
mod letting_in;
#[path = "redis_servers/one.rs"]
mod one;
#[path = "fixtures/redis.rs"]
mod redis_fixture;

use lapak::engine::redis::{Connection, Connector, Keys, Purpose, RedisConfig, Trouble};
use lapak::journal::Partition;
use lapak::secret::Secret;
use redis::{Value, cmd, from_redis_value};

/// Settings for servers on this machine, with short times.
fn config(urls: Vec<String>) -> RedisConfig {
    RedisConfig {
        urls,
        connect_ms: 1_000,
        answer_ms: 1_000,
        ..RedisConfig::default()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes())
}

/// Connects to a partition's primary, as often as it takes.
async fn connected(connector: &Connector, partition: Partition, purpose: Purpose) -> Connection {
    let mut pause = lapak::engine::redis::Pause::default();
    for _ in 0..60 {
        match connector.connect(partition, purpose).await {
            Ok(connection) => return connection,
            Err(trouble) => {
                assert!(!trouble.needs_somebody(), "{trouble}");
                tokio::time::sleep(pause.next()).await;
            }
        }
    }
    panic!("no connection to partition {partition}")
}

/// Appends as an engine would; the entry's id.
async fn append(connection: &mut Connection, partition: Partition) -> Result<String, Trouble> {
    let keys = Keys::of("lapak", partition);
    let mut add = cmd("XADD");
    add.arg(&keys.requests).arg("*").arg("request").arg("bytes");
    let id = connection.call(&add).await?;
    Ok(from_redis_value(id).unwrap())
}

/// How many entries a partition has.
async fn count(connection: &mut Connection, partition: Partition) -> u64 {
    let keys = Keys::of("lapak", partition);
    let mut ask = cmd("XLEN");
    ask.arg(&keys.requests);
    from_redis_value(connection.call(&ask).await.unwrap()).unwrap()
}

/// Waits for what comes behind an entry.
async fn next(connection: &mut Connection, after: &str, block_ms: u64) -> Result<Value, Trouble> {
    let keys = Keys::of("lapak", Partition(0));
    let mut read = cmd("XREAD");
    read.arg("BLOCK").arg(block_ms);
    read.arg("STREAMS").arg(&keys.requests).arg(after);
    connection.call(&read).await
}
