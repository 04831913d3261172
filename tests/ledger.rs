//! The ledger and the journal, each lost and brought back from the command line by `lapak
//! rebuild`, with the real server; and the ledger going away under a small load.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use lapak::clock::Clock;
use lapak::domain::{Millis, Settings};
use lapak::engine::store::Store;
use lapak::gateway::auth::Role;
use lapak::jobs::{settle, trim};
use lapak::ledger::{Config, Ledger, Migrate, Poster};
use load_tests::client::{PATIENCE, book};
use load_tests::postgres::{self, Postgres};
use load_tests::scenario::{flash_drop::essence, host, outage};
use load_tests::stage::Bench;
use load_tests::{Client, Ground, Run, Server, http};
use serde_json::{Value, json};
use tokio::process::Command;

const DATA: i32 = 65;
const IO: i32 = 74;

fn lapak() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_lapak"))
}

/// Whether there is a PostgreSQL; where everything has to hold there must be one.
#[allow(clippy::disallowed_methods, reason = "CI says so in the environment")]
fn has_postgres() -> bool {
    let needed = std::env::var_os("CI").is_some();
    let there = postgres::is_installed();
    assert!(
        there || !needed,
        "no PostgreSQL: scripts/install-test-tools.sh installs it"
    );
    there
}

/// Runs `lapak` on the ground's settings: its status, standard output and standard error.
async fn run(ground: &Ground, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(lapak());
    command.args(words).arg("--config").arg(ground.config());
    let ended = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output());
    let ended = ended.await.expect("it does not end").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let status = ended.status.code().unwrap();
    (status, text(ended.stdout), text(ended.stderr))
}

async fn rebuild(ground: &Ground) -> Value {
    let (status, out, err) = run(ground, &["rebuild", "--json"]).await;
    assert_eq!(status, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

/// The audit finds nothing; what it says of the books.
async fn audit(ground: &Ground) -> Value {
    let (status, out, err) = run(ground, &["audit", "--json"]).await;
    assert_eq!(status, 0, "{out}{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    report["ledger"].clone()
}

/// Asks again until it is so.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let held = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(held.await.is_ok(), "never: {what}");
}

/// Deletes a database of the state folder.
fn delete(ground: &Ground, name: &str) {
    for end in ["", "-wal", "-shm"] {
        let path = ground.state().join(format!("{name}.sqlite{end}"));
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// A shop with a drop, a viewer, and the bookings that the viewer made.
struct Shop {
    ground: Ground,
    drop: String,
    asked: Vec<(Value, Value)>,
}

impl Shop {
    async fn open(settings: &str) -> (Self, Server) {
        // One viewer books it all, more often than people do.
        let often = ("limits", "bookings_burst", 100);
        let ground = Ground::new(lapak(), &[often]).unwrap();
        ground.add_settings(settings).unwrap();
        let bench = Bench::open(&ground.state(), &Clock::default()).unwrap();
        let found = bench.found(Settings::default(), &[("MANY", Some(100))]);
        found.await.unwrap();
        bench.close().await.unwrap();
        let server = ground.serve().await.unwrap();
        let mut host = host(&ground, server.address, "host").await.unwrap();
        let open = json!({"type": "drop.open", "sku": "MANY"});
        let opened = host.done(open).await.unwrap();
        let drop = opened["drop"].as_str().unwrap().to_owned();
        let asked = Vec::new();
        let mut shop = Self {
            ground,
            drop,
            asked,
        };
        for _ in 0..3 {
            shop.book(&server).await;
        }
        (shop, server)
    }

    async fn viewer(&self, server: &Server) -> Client {
        let token = self.ground.token(Role::Viewer, "ani").unwrap();
        let viewer = Client::connect(server.address, Some(&token), None);
        viewer.await.unwrap()
    }

    async fn book(&mut self, server: &Server) {
        let request = book(&self.drop, "MANY");
        let answer = self.viewer(server).await.ask(&request).await.unwrap();
        assert_eq!(answer["type"], "held", "{answer}");
        self.asked.push((request, answer));
    }

    /// Every booking is still the one it was.
    async fn still_held(&self, server: &Server) {
        let mut viewer = self.viewer(server).await;
        for (request, answer) in &self.asked {
            let now = viewer.ask(request).await.unwrap();
            assert_eq!(now["replayed"], true, "{now}");
            assert_eq!(essence(&now), essence(answer));
        }
    }

    /// Everything decided is in the books.
    async fn posted(&self) {
        until("everything posted", async || {
            let books = audit(&self.ground).await;
            books["behind"] == 0 && books["entries"].as_u64() > Some(0)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_ledger_is_made_again_from_the_journal() {
    let (shop, server) = Shop::open("").await;
    server.stop().await.unwrap();
    let whole = rebuild(&shop.ground).await;
    let before = audit(&shop.ground).await;
    assert_eq!(
        (&whole["restored"], &before["behind"]),
        (&json!(0), &json!(0))
    );

    delete(&shop.ground, "ledger");
    assert_eq!(audit(&shop.ground).await, Value::Null, "there is none");
    let done = rebuild(&shop.ground).await;
    assert_eq!(done["posted"], before["entries"]);
    assert_eq!(
        (&done["restored"], &done["epoch"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(done["bookings_held"], 3);
    assert_eq!(audit(&shop.ground).await, before);

    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_journal_is_refused_and_brought_back_from_the_ledger() {
    let (mut shop, server) = Shop::open("").await;
    server.stop().await.unwrap();
    rebuild(&shop.ground).await;
    let before = audit(&shop.ground).await;

    delete(&shop.ground, "journal");
    delete(&shop.ground, "snapshots");
    for _ in 0..2 {
        let (status, out, err) = run(&shop.ground, &["serve"]).await;
        assert_eq!(status, IO, "{out}{err}");
        assert!(err.contains("`lapak rebuild`"), "{err}");
    }
    let done = rebuild(&shop.ground).await;
    assert_eq!(done["restored"], before["entries"]);
    assert_eq!(
        (&done["posted"], &done["bookings_held"]),
        (&json!(0), &json!(3))
    );
    assert!(done["epoch"].as_u64() > Some(0), "{done}");
    assert_eq!(audit(&shop.ground).await, before);

    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
    shop.book(&server).await;
    server.stop().await.unwrap();
    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
    shop.posted().await;
}

/// Two stops, each of which leaves a snapshot; then everything that may go is trimmed. Gives how many
/// entries that was.
async fn trimmed(shop: &mut Shop) -> u64 {
    for _ in 0..2 {
        let server = shop.ground.serve().await.unwrap();
        shop.book(&server).await;
        server.stop().await.unwrap();
    }
    rebuild(&shop.ground).await;
    let state = shop.ground.state();
    let ledger = Ledger::existing(&Config::default(), &state).await.unwrap();
    let gone = trim::trim(&state, &ledger, Millis(u64::MAX), async || false).await;
    ledger.close().await;
    gone.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_journal_restarts_is_proved_and_brought_back_whole() {
    let (mut shop, server) = Shop::open("").await;
    server.stop().await.unwrap();
    let gone = trimmed(&mut shop).await;
    assert!(gone > 3, "{gone}");
    let (_, out, _) = run(&shop.ground, &["audit", "--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["trimmed"][0]["entries"], gone);
    assert_eq!(report["trimmed"][0]["trusted"], Value::Null);
    assert_eq!(report["entries"], report["ledger"]["entries"]);
    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
    shop.book(&server).await;
    // Beside a server too.
    shop.posted().await;
    server.stop().await.unwrap();

    // Nothing to start from: what was trimmed is needed again.
    delete(&shop.ground, "snapshots");
    drop(Store::open(&shop.ground.state()).unwrap());
    let (status, out, err) = run(&shop.ground, &["serve"]).await;
    assert_eq!(status, IO, "{out}{err}");
    assert!(err.contains("`lapak rebuild`"), "{err}");
    let done = rebuild(&shop.ground).await;
    assert_eq!(
        (&done["refilled"], &done["restored"]),
        (&json!(gone), &json!(0))
    );
    assert_eq!(done["epoch"], Value::Null);
    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
    server.stop().await.unwrap();

    // And the whole journal, when it is lost after it was trimmed.
    assert!(trimmed(&mut shop).await > gone);
    let before = audit(&shop.ground).await;
    delete(&shop.ground, "journal");
    delete(&shop.ground, "snapshots");
    let done = rebuild(&shop.ground).await;
    assert_eq!(done["restored"], before["entries"]);
    assert_eq!(audit(&shop.ground).await, before);
    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
    shop.book(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_lost_beside_a_trimmed_journal_is_said_and_bookings_go_on() {
    let (mut shop, server) = Shop::open("").await;
    server.stop().await.unwrap();
    let gone = trimmed(&mut shop).await;
    delete(&shop.ground, "ledger");
    let (status, out, _) = run(&shop.ground, &["audit", "--json"]).await;
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (status, &report["trimmed"][0]["entries"]),
        (0, &json!(gone))
    );
    let trusted = report["trimmed"][0]["trusted"].as_str().unwrap();
    assert_eq!(trusted, format!("1:{}", gone + 1));

    let server = shop.ground.serve().await.unwrap();
    until("it is noticed", async || {
        let metrics = http::get(server.internal, "/metrics").await.unwrap();
        let mut lines = metrics.text.lines();
        lines.any(|line| line == "lapak_ledger_broken 1") && server.log().contains("was trimmed")
    })
    .await;
    shop.still_held(&server).await;
    shop.book(&server).await;
    server.stop().await.unwrap();
    let (status, out, err) = run(&shop.ground, &["rebuild"]).await;
    assert_eq!(status, DATA, "{out}{err}");
    assert!(err.contains("was trimmed up to"), "{err}");
}

async fn failures(server: &Server) -> u64 {
    let metrics = http::get(server.internal, "/metrics").await.unwrap();
    let mut lines = metrics.text.lines();
    let found = lines.find_map(|line| line.strip_prefix("lapak_ledger_failures_total "));
    found.unwrap().trim().parse().unwrap()
}

/// The ledger is emptied under the server: it says so and names the command, bookings go on, and
/// the command repairs it while the server runs.
async fn emptied(settings: &str, empty: impl AsyncFnOnce(&Ground)) {
    let (mut shop, server) = Shop::open(settings).await;
    shop.posted().await;
    let shows = async |line: &str| {
        let metrics = http::get(server.internal, "/metrics").await.unwrap();
        metrics.text.lines().any(|found| found.trim() == line)
    };
    assert!(shows("lapak_ledger_broken 0").await);

    empty(&shop.ground).await;
    until("it is noticed", async || {
        shows("lapak_ledger_broken 1").await && server.log().contains("`lapak rebuild`")
    })
    .await;
    shop.book(&server).await;
    assert!(shows("lapak_ledger_up 0").await, "{}", server.log());
    // It tries again and again, and says it once.
    let before = failures(&server).await;
    until("it tries again", async || {
        failures(&server).await >= before + 2
    })
    .await;
    let said = server.log().matches("bookings go on").count();
    assert_eq!(said, 1, "{}", server.log());

    let done = rebuild(&shop.ground).await;
    assert_eq!(
        (&done["restored"], &done["bookings_held"]),
        (&json!(0), &json!(4))
    );
    until("it goes on by itself", async || {
        shows("lapak_ledger_broken 0").await && shows("lapak_ledger_up 1").await
    })
    .await;
    shop.book(&server).await;
    shop.posted().await;
    server.stop().await.unwrap();
    audit(&shop.ground).await;
    let server = shop.ground.serve().await.unwrap();
    shop.still_held(&server).await;
}

/// `rebuild` beside a server that begins to post again while it works.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_posts_meanwhile_is_passed_over() {
    let (shop, server) = Shop::open("").await;
    server.stop().await.unwrap();
    delete(&shop.ground, "ledger");
    let (config, state) = (Config::default(), shop.ground.state());
    let reader = Store::reader(&state).unwrap();
    let one = Poster::open(&config, &state, Migrate::Yes).await;
    let two = Poster::open(&config, &state, Migrate::Yes).await;
    let (mut one, mut two) = (one.unwrap(), two.unwrap());
    assert!(settle::catch_up(&reader, &mut one).await.unwrap() > 0);
    assert_eq!(settle::catch_up(&reader, &mut two).await.unwrap(), 0);
    assert_eq!(audit(&shop.ground).await["behind"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_deleted_under_the_server_is_noticed_and_repaired() {
    emptied("", async |ground| delete(ground, "ledger")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_rows_are_deleted_under_the_server_is_noticed_and_repaired() {
    use sqlx::{Connection, Row, SqliteConnection};
    emptied("", async |ground| {
        let path = ground.state().join("ledger.sqlite");
        let url = format!("sqlite://{}", path.display());
        let mut db = SqliteConnection::connect(&url).await.unwrap();
        // Triggers keep what is appended; somebody took them away too.
        let sql = "SELECT CASE type WHEN 'trigger' THEN 'DROP TRIGGER ' || name \
                   ELSE 'DELETE FROM ' || name END \
                   FROM sqlite_schema WHERE type IN ('trigger', 'table') \
                   ORDER BY type DESC, name";
        let rows = sqlx::raw_sql(sql).fetch_all(&mut db).await.unwrap();
        let mut all = vec!["BEGIN IMMEDIATE".to_owned()];
        all.extend(rows.iter().map(|row| row.get::<String, _>(0)));
        all.push("COMMIT".to_owned());
        let sql = sqlx::AssertSqlSafe(all.join(";"));
        sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_emptied_under_the_server_is_noticed_and_repaired() {
    if !has_postgres() {
        return;
    }
    let mut server = Postgres::start().await.unwrap();
    let settings = format!(
        "[ledger]\nkind = \"postgres\"\nurl = \"{}\"\n",
        server.url()
    );
    emptied(&settings, async |_| {
        let mut db = server.connect().await.unwrap();
        let sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public";
        sqlx::raw_sql(sql).execute(&mut db).await.unwrap();
    })
    .await;
    server.kill().await.unwrap();
}

async fn gone(postgres: bool) {
    let options = outage::Options {
        times: 2,
        between: 1,
        postgres,
    };
    let run = Run::of(lapak()).with_viewers(30).with_seconds(1);
    let report = outage::run(&run, &options).await.unwrap();
    assert!(report.is_clean(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_books_notices_a_locked_ledger_and_every_entry_is_posted_once() {
    gone(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_books_notices_a_killed_postgres_and_every_entry_is_posted_once() {
    if has_postgres() {
        gone(true).await;
    }
}
