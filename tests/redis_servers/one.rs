//! One server: asked, waited on, frozen, killed, started again.

use super::redis_fixture::{Options, Program, Server, until};
use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_is_asked_and_waited_on() {
    for program in Program::all() {
        let server = Server::start(Options {
            program,
            ..Options::default()
        });
        let connector = Connector::new(&config(vec![server.url()])).unwrap();
        for partition in Partition::all() {
            let mut asking = connector.connect(partition, Purpose::Call).await.unwrap();
            append(&mut asking, partition).await.unwrap();
            assert_eq!(count(&mut asking, partition).await, 1);
            assert_eq!(asking.address().port, server.port());
        }
        // Held back for longer than an answer may take otherwise.
        let patient = Purpose::Wait { block_ms: 1_500 };
        let mut tail = connector.connect(Partition(0), patient).await.unwrap();
        assert_eq!(next(&mut tail, "$", 1_500).await, Ok(Value::Nil));
        let mut asking = connector
            .connect(Partition(0), Purpose::Call)
            .await
            .unwrap();
        let (seen, id) = tokio::join!(next(&mut tail, "$", 1_500), async {
            until("waited on", || server.info("blocked_clients") == "1");
            append(&mut asking, Partition(0)).await
        });
        let text = format!("{:?}", seen.unwrap());
        assert!(text.contains(&id.unwrap()), "{text}");
    }
}

#[tokio::test]
async fn silence_is_unknown_and_before_a_request_it_is_nothing() {
    let server = Server::plain();
    let connector = Connector::new(&RedisConfig {
        connect_ms: 300,
        answer_ms: 300,
        ..config(vec![server.url()])
    })
    .unwrap();
    let mut asking = connector
        .connect(Partition(3), Purpose::Call)
        .await
        .unwrap();
    server.freeze();
    let trouble = append(&mut asking, Partition(3)).await.unwrap_err();
    assert!(
        trouble.is_unknown() && trouble.ends_connection(),
        "{trouble}"
    );
    let trouble = connector.connect(Partition(3), Purpose::Call).await;
    let trouble = trouble.unwrap_err();
    assert_eq!(trouble.code(), "unreachable", "{trouble}");
    assert!(!trouble.is_unknown());
    server.thaw();
    // What was called unknown has been done: that is why it is not called failed.
    let mut again = connected(&connector, Partition(3), Purpose::Call).await;
    assert_eq!(count(&mut again, Partition(3)).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_found_again_with_what_it_acknowledged() {
    for program in Program::all() {
        let mut server = Server::durable(program);
        let connector = Connector::new(&config(vec![server.url()])).unwrap();
        let patient = Purpose::Wait { block_ms: 20_000 };
        let mut asking = connector
            .connect(Partition(0), Purpose::Call)
            .await
            .unwrap();
        let mut tail = connector.connect(Partition(0), patient).await.unwrap();
        for _ in 0..20 {
            append(&mut asking, Partition(0)).await.unwrap();
        }
        let (waiting, ()) = tokio::join!(next(&mut tail, "$", 20_000), async {
            until("waited on", || server.info("blocked_clients") == "1");
            server.kill();
        });
        assert!(waiting.unwrap_err().ends_connection());
        assert!(append(&mut asking, Partition(0)).await.is_err());
        let nobody = connector.connect(Partition(0), Purpose::Call).await;
        assert_eq!(nobody.unwrap_err().code(), "unreachable");
        server.restart();
        let mut again = connected(&connector, Partition(0), Purpose::Call).await;
        assert_eq!(count(&mut again, Partition(0)).await, 20);
    }
}

#[tokio::test]
async fn a_replica_is_not_taken_for_the_primary() {
    let primary = Server::plain();
    let replica = Server::start(Options {
        lines: vec![format!("replicaof 127.0.0.1 {}", primary.port())],
        ..Options::default()
    });
    let connector = Connector::new(&config(vec![replica.url()])).unwrap();
    let trouble = connector.connect(Partition(0), Purpose::Call).await;
    assert_eq!(trouble.unwrap_err().code(), "moved");
    // A primary that becomes a replica says so at the next write.
    let connector = Connector::new(&config(vec![primary.url()])).unwrap();
    let mut asking = connector
        .connect(Partition(0), Purpose::Call)
        .await
        .unwrap();
    let port = replica.port().to_string();
    replica.ask(&["REPLICAOF", "NO", "ONE"]);
    primary.ask(&["REPLICAOF", "127.0.0.1", &port]);
    let trouble = append(&mut asking, Partition(0)).await.unwrap_err();
    assert_eq!(trouble.code(), "moved", "{trouble}");
    assert!(!trouble.is_unknown() && trouble.ends_connection());
    // Also inside a script.
    let mut script = cmd("EVAL");
    script
        .arg("return redis.call('SET', KEYS[1], '1')")
        .arg(1)
        .arg("lapak:{p0g}:x");
    let mut direct = connected_anyway(&primary).await;
    let error = redis::aio::ConnectionLike::req_packed_command(&mut direct, &script).await;
    assert!(format!("{error:?}").contains("READONLY"), "{error:?}");
}

async fn connected_anyway(server: &Server) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(server.url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
