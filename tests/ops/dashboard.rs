//! Every query of every dashboard: run by a real Prometheus, naming only what the catalogue has.

use std::collections::BTreeSet;

use lapak::telemetry::catalogue;
use serde_json::Value;

use crate::prometheus::Prometheus;
use crate::selector::selectors;
use crate::target::RegistryTarget;
use crate::tools::{file, repository};

/// What Grafana puts in place of its variables.
const VARIABLES: &[(&str, &str)] = &[
    ("$__rate_interval", "1m"),
    ("$quantile", "0.99"),
    ("$instance", ".+"),
    ("$job", ".+"),
];

const DASHBOARD: &str = "config/grafana/dashboards/lapak-live.json";

/// A query and where it stands.
struct Asked {
    place: String,
    query: String,
}

#[tokio::test]
async fn every_query_of_the_dashboard_is_answered_from_the_catalogue() {
    let target = RegistryTarget::start().await;
    check_dashboard(&target.address.to_string()).await;
}

/// Checks the dashboard against a target, `host:port` of a `/metrics`.
pub(crate) async fn check_dashboard(target: &str) {
    let prometheus = Prometheus::watching(target).await;
    let asked = queries();
    assert!(asked.len() > 50, "only {} queries found", asked.len());
    for Asked { place, query } in &asked {
        let samples = prometheus
            .query(query)
            .await
            .unwrap_or_else(|error| panic!("{place}: {error}: {query}"));
        // A query that compares may rightly have nothing to show.
        let compares = [">", "<", "=="].iter().any(|sign| query.contains(sign));
        assert!(
            compares || !samples.is_empty(),
            "{place} shows nothing: {query}"
        );
        for selector in selectors(query) {
            assert!(
                selector.metric().is_some(),
                "{place}: {} is not in the catalogue",
                selector.name
            );
            for choice in selector.choices() {
                let series = prometheus.series(&choice).await.unwrap();
                assert!(series > 0, "{place}: nothing matches {choice}");
            }
        }
    }
}

#[test]
fn every_metric_is_on_the_dashboard() {
    let shown: BTreeSet<_> = queries()
        .iter()
        .flat_map(|asked| selectors(&asked.query))
        .filter_map(|selector| selector.metric())
        .map(|metric| metric.name)
        .collect();
    let hidden: Vec<_> = catalogue()
        .map(|metric| metric.name)
        .filter(|name| !shown.contains(name))
        .collect();
    assert!(hidden.is_empty(), "nobody sees {hidden:?}");
}

#[test]
fn a_load_of_the_dashboard_asks_only_for_what_is_seen() {
    let dashboard = dashboard();
    let rows: Vec<_> = panels(&dashboard)
        .into_iter()
        .filter(|panel| panel["type"] == "row")
        .collect();
    let open: Vec<_> = rows
        .iter()
        .filter(|row| row["collapsed"] == false)
        .map(|row| &row["title"])
        .collect();
    assert_eq!(open, ["Overview", "Live sale"]);
    let closed = rows.iter().filter(|row| row["collapsed"] == true);
    for row in closed {
        assert!(
            !row["panels"].as_array().unwrap().is_empty(),
            "{} is empty",
            row["title"]
        );
    }
}

#[test]
fn panels_are_numbered_once_do_not_overlap_and_use_the_provisioned_source() {
    let dashboard = dashboard();
    let panels = panels(&dashboard);
    let numbers: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers.len(), panels.len());
    let source = file("config/grafana/provisioning/datasources/prometheus.yml");
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let uid = panel["datasource"]["uid"].as_str().unwrap();
        assert!(
            source.contains(&format!("uid: {uid}\n")),
            "{}: source {uid}",
            panel["title"]
        );
    }
    for list in [&dashboard["panels"]]
        .into_iter()
        .chain(panels.iter().map(|panel| &panel["panels"]))
    {
        let boxes: Vec<_> = list.as_array().into_iter().flatten().map(area).collect();
        for (number, one) in boxes.iter().enumerate() {
            assert!(one.2 <= 24, "a panel leaves the page: {one:?}");
            let overlaps =
                |two: &&Area| one.0 < two.2 && two.0 < one.2 && one.1 < two.3 && two.1 < one.3;
            assert!(
                boxes[number + 1..].iter().find(overlaps).is_none(),
                "something lies on {one:?}"
            );
        }
    }
}

/// Left, top, right, bottom.
type Area = (u64, u64, u64, u64);

fn area(panel: &Value) -> Area {
    let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
    (at("x"), at("y"), at("x") + at("w"), at("y") + at("h"))
}

fn dashboard() -> Value {
    serde_json::from_str(&file(DASHBOARD)).unwrap()
}

/// All panels, those in closed rows too.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = dashboard["panels"].as_array().unwrap();
    let nested = top
        .iter()
        .flat_map(|panel| panel["panels"].as_array().into_iter().flatten());
    top.iter().chain(nested).collect()
}

/// Every query: of panels, of annotations and of variables.
fn queries() -> Vec<Asked> {
    let dashboards = std::fs::read_dir(repository("config/grafana/dashboards")).unwrap();
    assert_eq!(
        dashboards.count(),
        1,
        "another dashboard: these tests look at {DASHBOARD} only"
    );
    let dashboard = dashboard();
    let mut asked = Vec::new();
    for panel in panels(&dashboard) {
        for target in panel["targets"].as_array().into_iter().flatten() {
            asked.push(ask(&panel["title"], &target["expr"]));
        }
    }
    for annotation in dashboard["annotations"]["list"].as_array().unwrap() {
        asked.push(ask(&annotation["name"], &annotation["expr"]));
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        let Some(query) = variable["query"]["query"].as_str() else {
            continue;
        };
        // label_values(SELECTOR, LABEL) is Grafana's own; Prometheus knows the selector.
        let inner = query
            .strip_prefix("label_values(")
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap();
        let (selector, _) = inner.rsplit_once(',').unwrap();
        asked.push(ask(&variable["name"], &Value::from(selector)));
    }
    asked
}

fn ask(place: &Value, query: &Value) -> Asked {
    let put = |text: String, (variable, value): &(&str, &str)| text.replace(variable, value);
    let query = VARIABLES
        .iter()
        .fold(query.as_str().unwrap().to_owned(), put);
    assert!(
        !query.contains('$'),
        "{place}: an unknown variable in {query}"
    );
    Asked {
        place: place.to_string(),
        query,
    }
}
