//! A primary that moves is followed: a failover by Sentinels, a moved slot, a lost node.

use std::collections::BTreeMap;

use lapak::engine::redis::config::Mode;

use super::redis_fixture::{Aof, Cluster, Options, Program, Sentinels, until};
use super::*;

fn options(program: Program) -> Options {
    Options {
        program,
        aof: Aof::Always,
        ..Options::default()
    }
}

fn by_sentinels(sentinels: &Sentinels) -> RedisConfig {
    RedisConfig {
        mode: Mode::Sentinel,
        master: Sentinels::NAME.into(),
        ..config(sentinels.urls())
    }
}

/// Asks until the trouble comes that a node hears whose primary is none any more.
async fn until_it_ends(asking: &mut Connection) -> Trouble {
    for _ in 0..500 {
        if let Err(trouble) = append(asking, Partition(0)).await
            && trouble.ends_connection()
        {
            return trouble;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("it is still primary")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_by_sentinels_is_followed() {
    let sentinels = Sentinels::start(&options(Program::Redis));
    let connector = Connector::new(&by_sentinels(&sentinels)).unwrap();
    let patient = Purpose::Wait { block_ms: 20_000 };
    let mut asking = connector
        .connect(Partition(0), Purpose::Call)
        .await
        .unwrap();
    let mut tail = connector.connect(Partition(0), patient).await.unwrap();
    assert_eq!(asking.address().port, sentinels.servers[0].port());
    append(&mut asking, Partition(0)).await.unwrap();

    let (waiting, ()) = tokio::join!(next(&mut tail, "$", 20_000), async {
        until("waited on", || {
            sentinels.servers[0].info("blocked_clients") == "1"
        });
        tokio::task::block_in_place(|| sentinels.fail_over());
    });
    let trouble = waiting.unwrap_err();
    assert!(trouble.ends_connection(), "{trouble}");
    until_it_ends(&mut asking).await;
    let mut asking = connected(&connector, Partition(0), Purpose::Call).await;
    assert_eq!(asking.address().port, sentinels.servers[1].port());
    append(&mut asking, Partition(0)).await.unwrap();
    assert!(count(&mut asking, Partition(0)).await >= 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_primary_behind_sentinels_is_followed_also_without_one_of_them() {
    let mut sentinels = Sentinels::start(&options(Program::Redis));
    let connector = Connector::new(&by_sentinels(&sentinels)).unwrap();
    let mut asking = connector
        .connect(Partition(0), Purpose::Call)
        .await
        .unwrap();
    append(&mut asking, Partition(0)).await.unwrap();
    sentinels.servers[0].kill();
    assert!(append(&mut asking, Partition(0)).await.is_err());
    sentinels.wait_for_primary(1);
    // The Sentinel that was asked so far goes too; the others know.
    sentinels.sentinels[0].kill();
    let asking = connected(&connector, Partition(0), Purpose::Call).await;
    assert_eq!(asking.address().port, sentinels.servers[1].port());
}

#[tokio::test]
async fn a_name_that_sentinels_do_not_know_is_said() {
    let sentinels = Sentinels::start(&options(Program::Redis));
    let connector = Connector::new(&RedisConfig {
        master: "another".into(),
        ..by_sentinels(&sentinels)
    })
    .unwrap();
    let trouble = connector.connect(Partition(0), Purpose::Call).await;
    let trouble = trouble.unwrap_err();
    assert_eq!(trouble.code(), "not_ready");
    assert!(trouble.to_string().contains("\"another\""), "{trouble}");
}

fn in_cluster(urls: Vec<String>) -> RedisConfig {
    RedisConfig {
        mode: Mode::Cluster,
        ..config(urls)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_found_in_a_cluster_and_followed_when_they_move() {
    for program in Program::all() {
        let mut cluster = Cluster::start(&options(program));
        // One seed is enough.
        let connector = Connector::new(&in_cluster(vec![cluster.servers[5].url()])).unwrap();
        let mut ports: BTreeMap<u16, u16> = BTreeMap::new();
        for partition in Partition::all() {
            let mut asking = connector.connect(partition, Purpose::Call).await.unwrap();
            append(&mut asking, partition).await.unwrap();
            *ports.entry(asking.address().port).or_default() += 1;
        }
        let primaries: Vec<u16> = cluster.servers[..3]
            .iter()
            .map(|s| ports[&s.port()])
            .collect();
        assert_eq!(primaries, [5, 6, 5]);

        let mut asking = connector
            .connect(Partition(0), Purpose::Call)
            .await
            .unwrap();
        cluster.move_slot(lapak::engine::redis::keys::slot(Partition(0)), 0, 1);
        let trouble = append(&mut asking, Partition(0)).await.unwrap_err();
        assert_eq!(trouble.code(), "moved", "{trouble}");
        let mut asking = until_at(&connector, Partition(0), cluster.servers[1].port()).await;
        append(&mut asking, Partition(0)).await.unwrap();
        assert_eq!(count(&mut asking, Partition(0)).await, 2);

        let mut lost = connector
            .connect(Partition(15), Purpose::Call)
            .await
            .unwrap();
        cluster.lose(2);
        assert!(append(&mut lost, Partition(15)).await.is_err());
        // The seed is gone as well: others were learned of.
        let next_primary = cluster.servers[5].port();
        let mut asking = until_at(&connector, Partition(15), next_primary).await;
        assert_eq!(count(&mut asking, Partition(15)).await, 1);
        cluster.servers[5].kill();
        connected(&connector, Partition(0), Purpose::Call).await;
    }
}

/// Nodes hear of a move one after the other: until then the old owner is named.
async fn until_at(connector: &Connector, partition: Partition, port: u16) -> Connection {
    for _ in 0..500 {
        let connection = connected(connector, partition, Purpose::Call).await;
        if connection.address().port == port {
            return connection;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("partition {partition} does not come to {port}")
}
