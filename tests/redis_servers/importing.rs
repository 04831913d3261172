//! Products come into a shop of several nodes through the nodes' own door: whoever imports is one more
//! node, with a journal of its own that says the same.

use std::path::Path;
use std::process::Command;

use crate::redis_fixture::{Aof, Options, Server};

fn lapak(arguments: &[&str], settings: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lapak"));
    let said = command.args(arguments).arg("--config").arg(settings);
    let said = said.output().unwrap();
    let errors = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(said.stdout).unwrap()
}

#[test]
fn an_import_joins_the_nodes_and_every_node_has_the_products() {
    let (server, folder) = (
        Server::start(Options {
            aof: Aof::Always,
            ..Options::default()
        }),
        tempfile::tempdir().unwrap(),
    );
    let settings = ["one", "two"].map(|name| {
        let (state, file) = (
            folder.path().join(name),
            folder.path().join(format!("{name}.toml")),
        );
        let text = format!(
            "state = {state:?}\n[redis]\nurls = [\"{}\"]\n",
            server.url()
        );
        std::fs::write(&file, text).unwrap();
        file
    });
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog/sample.csv");
    let import = |settings: &Path| {
        let said = lapak(&["import", sample, "--shop", "toko", "--json"], settings);
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        ["made", "changed", "same"].map(|key| report["shop"][key].as_u64().unwrap())
    };
    let [one, two] = &settings;
    let [made, 0, 0] = import(one) else {
        panic!("the shop was not empty")
    };
    assert!(made > 0);
    assert_eq!(
        import(two),
        [0, 0, made],
        "the second node knows the first one's"
    );
    assert_eq!(import(one), [0, 0, made]);
    let entries = |settings: &Path| {
        let said = lapak(&["audit", "--json"], settings);
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        report["entries"].as_u64().unwrap()
    };
    assert_eq!((entries(one), entries(two)), (made, made));
}
