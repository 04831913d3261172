//! The image and the compose file, as far as they can be judged without an engine: they are read, their
//! promises are looked up, and the health check of the image is run for real.

use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use yaml_rust2::{Yaml, YamlLoader};

use crate::tools::{file, repository, run};

/// The port with the metrics, which must stay inside.
const METRICS_PORT: &str = "9464";

/// The settings in the image.
const IMAGE_SETTINGS: &str = "config/container.toml";

/// A compose file: its services, those of them that are nodes, and what it publishes.
type Composed = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    [&'static str; 2],
);

/// The compose files.
const FILES: [Composed; 2] = [
    (
        "docker-compose.yml",
        &["lapak", "prometheus", "grafana"],
        &["lapak"],
        ["lapak 127.0.0.1:8080:8080", "grafana 127.0.0.1:3000:3000"],
    ),
    (
        "docker-compose.nodes.yml",
        &[
            "proxy",
            "lapak-1",
            "lapak-2",
            "redis",
            "postgres",
            "prometheus",
            "grafana",
        ],
        &["lapak-1", "lapak-2"],
        ["proxy 127.0.0.1:8080:8080", "grafana 127.0.0.1:3000:3000"],
    ),
];

#[test]
fn every_service_is_confined() {
    for (path, known, ..) in FILES {
        let compose = yaml(path);
        let services = compose["services"].as_hash().unwrap();
        let names: Vec<_> = services.keys().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names, known);
        for (name, service) in services {
            assert_confined(name.as_str().unwrap(), service);
        }
    }
}

fn assert_confined(name: &str, service: &Yaml) {
    let has = |key: &str| merged(service, key).unwrap_or_else(|| panic!("{name} has no {key}"));
    assert_eq!(has("read_only").as_bool(), Some(true), "{name}");
    assert_eq!(texts(has("cap_drop")), ["ALL"], "{name}");
    assert_eq!(
        texts(has("security_opt")),
        ["no-new-privileges:true"],
        "{name}"
    );
    let user = has("user").as_str().unwrap();
    assert!(
        !user.starts_with('0') && !user.starts_with("root"),
        "{name} runs as {user}"
    );
    let sized = texts(has("tmpfs"))
        .iter()
        .all(|tmpfs| tmpfs.contains("size="));
    assert!(sized, "{name}: tmpfs without a size");
    assert!(has("pids_limit").as_i64().is_some(), "{name}");
    let limits = &has("deploy")["resources"]["limits"];
    assert!(
        !limits["memory"].is_badvalue() && !limits["cpus"].is_badvalue(),
        "{name}"
    );
    assert!(texts(&has("healthcheck")["test"]).len() > 1, "{name}");
    assert!(
        merged(service, "privileged").is_none(),
        "{name} is privileged"
    );
    assert_tag(name, has("image").as_str().unwrap());
}

#[test]
fn nothing_is_published_but_the_server_and_grafana_on_this_machine() {
    for (path, _, nodes, wanted) in FILES {
        let compose = yaml(path);
        let mut published = Vec::new();
        for (name, service) in compose["services"].as_hash().unwrap() {
            let ports = merged(service, "ports").and_then(Yaml::as_vec);
            for port in ports.into_iter().flatten() {
                let (name, port) = (name.as_str().unwrap(), port.as_str().unwrap());
                published.push(format!("{name} {port}"));
            }
        }
        assert_eq!(published, wanted);
        for node in nodes {
            let exposed = merged(&compose["services"][*node], "expose").unwrap();
            assert_eq!(texts(exposed), [METRICS_PORT]);
        }
        let watch = &compose["networks"]["watch"]["internal"];
        assert_eq!(watch.as_bool(), Some(true));
        let prometheus = &compose["services"]["prometheus"]["networks"];
        assert_eq!(texts(prometheus), ["watch"]);
    }
}

#[test]
fn what_nodes_share_is_within_reach_of_nobody_else() {
    let compose = yaml("docker-compose.nodes.yml");
    for network in ["nodes", "data"] {
        let internal = &compose["networks"][network]["internal"];
        assert_eq!(internal.as_bool(), Some(true), "{network}");
    }
    for (service, networks) in [
        ("proxy", &["front", "nodes"][..]),
        ("lapak-1", &["nodes", "data", "watch"]),
        ("lapak-2", &["nodes", "data", "watch"]),
        ("redis", &["data"]),
        ("postgres", &["data"]),
    ] {
        let named = merged(&compose["services"][service], "networks").unwrap();
        assert_eq!(texts(named), networks, "{service}");
    }
    // Compose refuses to start without a password of each.
    let text = file("docker-compose.nodes.yml");
    for secret in ["REDIS_PASSWORD", "POSTGRES_PASSWORD", "TOKEN_SECRET"] {
        assert!(text.contains(&format!("${{{secret}:?")), "{secret}");
        assert!(!text.contains(&format!("${{{secret}}}")), "{secret}");
    }
    // A state folder is one node's.
    let volumes = |node: &str| {
        let named = texts(&compose["services"][node]["volumes"]);
        named[1].split(':').next().unwrap().to_owned()
    };
    assert_ne!(volumes("lapak-1"), volumes("lapak-2"));
}

#[test]
fn the_nodes_find_each_other_the_proxy_and_the_proxy_them() {
    let compose = yaml("docker-compose.nodes.yml");
    let settings: toml::Table = file("config/cluster.toml").parse().unwrap();
    let range = &compose["networks"]["nodes"]["ipam"]["config"][0]["subnet"];
    let proxies = settings["listener"]["proxies"].as_array().unwrap();
    assert_eq!(proxies[0].as_str(), range.as_str());
    assert_eq!(
        settings["redis"]["urls"][0].as_str(),
        Some("redis://redis:6379")
    );
    let proxy = file("config/proxy.conf");
    let targets = yaml("config/prometheus.nodes.yml");
    let targets = texts(&targets["scrape_configs"][0]["static_configs"][0]["targets"]).join(" ");
    for node in ["lapak-1", "lapak-2"] {
        assert!(proxy.contains(&format!("server {node}:8080")), "{node}");
        assert!(
            targets.contains(&format!("{node}:{METRICS_PORT}")),
            "{node}"
        );
    }
    assert!(!proxy.contains(METRICS_PORT));
}

/// What the containers are given is what a server starts with: it looks at it and says so.
#[test]
fn every_server_can_use_the_settings_it_is_given() {
    for (path, _, nodes, _) in FILES {
        let compose = yaml(path);
        for node in nodes {
            let service = &compose["services"][*node];
            // Mounted, or those of the image.
            let mounted = texts(&service["volumes"])[0].split(':').next().unwrap();
            let own = mounted.starts_with('.');
            let settings = repository(if own { mounted } else { IMAGE_SETTINGS });
            let mut check = Command::new(env!("CARGO_BIN_EXE_lapak"));
            check.args(["check-config", "--config"]).arg(settings);
            let environment = merged(service, "environment").and_then(Yaml::as_hash);
            for (name, value) in environment.into_iter().flatten() {
                let value = chosen(value.as_str().unwrap());
                check.env(name.as_str().unwrap(), value);
            }
            let said = check.output().unwrap();
            let why = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success(), "{path}, {node}: {why}");
        }
    }
}

/// A value with every secret that compose asks for in its place.
fn chosen(value: &str) -> String {
    let mut parts = value.split("${");
    let mut whole = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').unwrap();
        whole.push_str("aSecretOfThirtyTwoLettersAndMore1");
        whole.push_str(rest);
    }
    whole
}

/// What Redis is told is what the nodes ask of it.
#[test]
fn redis_keeps_what_the_nodes_count_on() {
    let redis = file("config/redis.conf");
    let lines: Vec<&str> = redis.lines().collect();
    let settings: toml::Table = file("config/cluster.toml").parse().unwrap();
    let fsync = settings["redis"]["acknowledge"].as_str().unwrap();
    for line in [
        "appendonly yes",
        &format!("appendfsync {fsync}"),
        "maxmemory-policy noeviction",
    ] {
        assert!(lines.contains(&line), "{line}");
    }
    let all: lapak::config::Config =
        lapak::config::Config::load(Some(&repository("config/cluster.toml"))).unwrap();
    let (ours, redis) = (&all.ledger, all.redis.as_ref().unwrap());
    assert_eq!(redis.fault(), None);
    // Its address comes from the environment.
    assert_eq!(ours.fault().map(|(key, _)| key), Some("ledger.url"));
}

#[test]
fn prometheus_and_grafana_look_where_things_are() {
    let job = &yaml("config/prometheus.yml")["scrape_configs"][0];
    assert_eq!(job["job_name"].as_str(), Some("lapak"));
    let targets = texts(&job["static_configs"][0]["targets"]).join(" ");
    assert_eq!(targets, format!("lapak:{METRICS_PORT}"));
    let source = &yaml("config/grafana/provisioning/datasources/prometheus.yml")["datasources"][0];
    assert_eq!(source["url"].as_str(), Some("http://prometheus:9090"));
}

#[test]
fn what_is_mounted_exists_and_cannot_be_written() {
    for (path, ..) in FILES {
        let compose = yaml(path);
        let named: Vec<_> = compose["volumes"].as_hash().unwrap().keys().collect();
        let mut mounted = Vec::new();
        for service in compose["services"].as_hash().unwrap().values() {
            for volume in texts(&service["volumes"]) {
                let parts: Vec<_> = volume.split(':').collect();
                if parts[0].starts_with('.') {
                    assert_eq!(parts.get(2), Some(&"ro"), "{volume} can be written");
                    assert!(repository(parts[0]).exists(), "{volume}: does not exist");
                    mounted.push(parts[1].to_owned());
                } else {
                    let known = named.iter().any(|name| name.as_str() == Some(parts[0]));
                    assert!(known, "{volume}: no such volume");
                }
            }
        }
        assert_home(&compose, &mounted);
    }
}

/// Grafana opens with a dashboard that is there.
fn assert_home(compose: &Yaml, mounted: &[String]) {
    let provider = &yaml("config/grafana/provisioning/dashboards/lapak.yml")["providers"][0];
    let folder = provider["options"]["path"].as_str().unwrap();
    assert!(
        mounted.iter().any(|to| to == folder),
        "{folder} is not mounted"
    );
    let environment = &compose["services"]["grafana"]["environment"];
    let home = environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        .as_str()
        .unwrap();
    let home = home.strip_prefix(&format!("{folder}/")).unwrap();
    assert!(
        repository("config/grafana/dashboards").join(home).exists(),
        "{home}"
    );
}

#[test]
fn grafana_knows_no_stranger_and_no_standard_password() {
    for (path, ..) in FILES {
        let compose = yaml(path);
        let environment = &compose["services"]["grafana"]["environment"];
        let set = |name: &str| environment[name].as_str().unwrap();
        assert_eq!(set("GF_AUTH_ANONYMOUS_ENABLED"), "false");
        assert_eq!(set("GF_USERS_ALLOW_SIGN_UP"), "false");
        // `:?` makes compose refuse to start without one.
        let password = set("GF_SECURITY_ADMIN_PASSWORD");
        assert!(password.starts_with("${GRAFANA_PASSWORD:?"), "{password}");
    }
}

#[test]
fn the_image_is_built_from_pinned_parts_and_runs_as_nobody() {
    let text = file("Dockerfile");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let after = |word: &str| -> Vec<&str> {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(word))
            .collect()
    };
    let defaults: Vec<_> = after("ARG ")
        .into_iter()
        .filter_map(|line| line.split_once('='))
        .collect();
    let stages = after("FROM ");
    assert_eq!(stages.len(), 3, "{stages:?}");
    for stage in stages {
        let put = |image: String, (name, value): &(&str, &str)| {
            image.replace(&format!("${{{name}}}"), value)
        };
        let image = stage.split(' ').next().unwrap().to_owned();
        assert_tag("Dockerfile", &defaults.iter().fold(image, put));
    }
    assert!(text.contains("cargo build --release --locked") && text.contains("npm ci"));
    assert_eq!(after("USER ").last(), Some(&"10001:10001"));
    assert_eq!(after("HEALTHCHECK ").len(), 1);
    assert_eq!(after("STOPSIGNAL "), ["SIGTERM"]);
}

#[test]
fn what_the_image_copies_exists() {
    let text = file("Dockerfile");
    let copies = text.lines().filter_map(|line| line.strip_prefix("COPY "));
    for copied in copies.filter(|copy| !copy.starts_with("--from")) {
        let paths: Vec<_> = copied
            .split(' ')
            .filter(|word| !word.starts_with("--"))
            .collect();
        for path in &paths[..paths.len() - 1] {
            assert!(repository(path).exists(), "COPY {path}: does not exist");
        }
    }
}

#[tokio::test]
async fn the_health_check_tells_a_well_server_from_a_sick_one() {
    for (status, healthy) in [
        (StatusCode::OK, true),
        (StatusCode::SERVICE_UNAVAILABLE, false),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/healthz", get(move || async move { status }));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        assert_eq!(check_health(port).await, healthy, "{status}");
        server.abort();
    }
    // A port that nobody listens on: bound, so that nobody else gets it, and never listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    assert!(!check_health(socket.local_addr().unwrap().port()).await);
}

async fn check_health(port: u16) -> bool {
    let script = repository("config/container-health.sh");
    let run = move || {
        run(
            "bash",
            "bash",
            &[script.to_str().unwrap(), "127.0.0.1", &port.to_string()],
        )
    };
    tokio::task::spawn_blocking(run).await.unwrap().0
}

fn yaml(path: &str) -> Yaml {
    let documents = YamlLoader::load_from_str(&file(path));
    let documents = documents.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.into_iter().next().unwrap()
}

/// A key of a service, from itself or from what it merges in by `<<`, and what that merges in.
fn merged<'a>(service: &'a Yaml, key: &str) -> Option<&'a Yaml> {
    if service.is_badvalue() {
        return None;
    }
    let own = &service[key];
    if own.is_badvalue() {
        merged(&service["<<"], key)
    } else {
        Some(own)
    }
}

fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap())
        .collect()
}

/// The image has a tag with a version in it.
fn assert_tag(place: &str, image: &str) {
    let name = Path::new(image).file_name().unwrap().to_str().unwrap();
    let (_, tag) = name
        .split_once(':')
        .unwrap_or_else(|| panic!("{place}: {image} has no tag"));
    let pinned = tag.contains(|c: char| c.is_ascii_digit()) && !tag.contains("latest");
    assert!(pinned, "{place}: {image}");
}
