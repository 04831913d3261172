//! Alert rules: read by promtool, proved case by case, and run by a real Prometheus.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::prometheus::Prometheus;
use crate::selector::selectors;
use crate::target::RegistryTarget;
use crate::tools::{file, repository, run};

/// Series that are Prometheus' own.
const OF_PROMETHEUS: &[&str] = &["up"];

#[test]
fn promtool_takes_rules_and_configuration() {
    promtool(&["check", "config", "config/prometheus.yml"]);
    promtool(&["check", "rules", "config/alerts.yml"]);
}

#[test]
fn every_alert_fires_when_it_must_and_not_when_it_nearly_must() {
    promtool(&["test", "rules", "config/alerts.test.yml"]);
}

#[tokio::test]
async fn every_rule_runs_on_the_catalogue_and_says_what_to_do() {
    let target = RegistryTarget::start().await;
    check_rules(&target.address.to_string()).await;
}

/// Checks the rules against a target, `host:port` of a `/metrics`.
pub(crate) async fn check_rules(target: &str) {
    let prometheus = Prometheus::watching(target).await;
    prometheus
        .until("every rule was evaluated", async || {
            prometheus
                .rules()
                .await
                .iter()
                .all(|rule| rule["health"] != "unknown")
        })
        .await;
    let rules = prometheus.rules().await;
    let recorded: BTreeSet<_> = rules
        .iter()
        .filter(|rule| rule["type"] == "recording")
        .map(|rule| rule["name"].as_str().unwrap())
        .collect();
    for rule in &rules {
        let name = &rule["name"];
        assert_eq!(rule["health"], "ok", "{name}: {}", rule["lastError"]);
        let query = rule["query"].as_str().unwrap();
        prometheus
            .query(query)
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        for selector in selectors(query) {
            let known = recorded.contains(selector.name.as_str())
                || OF_PROMETHEUS.contains(&selector.name.as_str())
                || selector.metric().is_some();
            assert!(known, "{name}: {} is not in the catalogue", selector.name);
            // What rules record appears after their first evaluation with values.
            prometheus
                .until(
                    &format!("something matches {} of {name}", selector.text),
                    async || prometheus.series(&selector.text).await.unwrap() > 0,
                )
                .await;
        }
    }
    let alerts: Vec<_> = rules
        .iter()
        .filter(|rule| rule["type"] == "alerting")
        .collect();
    assert!(alerts.len() > 10, "only {} alerts", alerts.len());
    alerts.into_iter().for_each(check_words);
}

/// An alert says how urgent it is, what is the matter, where to read on; and has its proof.
fn check_words(alert: &Value) {
    let name = alert["name"].as_str().unwrap();
    let severity = alert["labels"]["severity"].as_str().unwrap_or_default();
    assert!(
        ["page", "ticket"].contains(&severity),
        "{name}: severity {severity:?}"
    );
    for annotation in ["summary", "description"] {
        let text = alert["annotations"][annotation]
            .as_str()
            .unwrap_or_default();
        assert!(text.len() > 10, "{name}: {annotation} {text:?}");
    }
    let proof = file("config/alerts.test.yml");
    assert!(
        proof.contains(&format!("- name: {name}\n")),
        "{name} has no case in alerts.test.yml"
    );
    let firing = format!("ALERTS{{alertname=\"{name}\",alertstate=\"firing\"");
    assert!(
        proof.contains(&firing),
        "{name} fires in no case of alerts.test.yml"
    );
    check_runbook(
        name,
        alert["annotations"]["runbook"].as_str().unwrap_or_default(),
    );
}

/// The section exists, as GitHub makes anchors of headings.
fn check_runbook(name: &str, runbook: &str) {
    let anchor = runbook.strip_prefix("docs/OPERATIONS.md#");
    let anchor = anchor.unwrap_or_else(|| panic!("{name}: runbook {runbook:?}"));
    let operations = repository("docs/OPERATIONS.md");
    if operations.exists() {
        let text = std::fs::read_to_string(operations).unwrap();
        let headings = text.lines().filter(|line| line.starts_with('#'));
        let anchors: BTreeSet<_> = headings
            .map(|line| {
                line.trim_start_matches('#')
                    .trim()
                    .to_lowercase()
                    .replace(' ', "-")
            })
            .collect();
        assert!(
            anchors.contains(anchor),
            "{name}: docs/OPERATIONS.md has no section #{anchor}"
        );
    }
}

fn promtool(arguments: &[&str]) {
    let mut arguments = arguments.to_vec();
    let path = repository(arguments.pop().unwrap());
    arguments.push(path.to_str().unwrap());
    let (passed, said) = run("promtool", "prometheus", &arguments);
    assert!(passed, "promtool {arguments:?}:\n{said}");
}
