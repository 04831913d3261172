//! A private Prometheus: a free port, a temporary folder, ended by its own handle.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::tools::{repository, start};

/// How long anything that Prometheus does by itself may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running Prometheus with the project's alert rules.
pub(crate) struct Prometheus {
    child: Child,
    base: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it on a target (`host:port` of a `/metrics`) as job `lapak`, and waits until the target
    /// was read twice, so that rates have values.
    pub(crate) async fn watching(target: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        let rules = repository("config/alerts.yml");
        let text = format!(
            "global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}\n\
             rule_files: ['{}']\n\
             scrape_configs: [{{job_name: lapak, static_configs: [{{targets: ['{target}']}}]}}]\n",
            rules.display()
        );
        std::fs::write(&config, text).unwrap();
        let arguments = [
            format!("--config.file={}", config.display()),
            format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ),
            "--web.listen-address=127.0.0.1:0".to_owned(),
        ];
        let mut child = start("prometheus", "prometheus", &arguments);
        let port = listening_port(&mut child);
        let base = format!("http://127.0.0.1:{port}/api/v1");
        let client = reqwest::Client::new();
        let prometheus = Self {
            child,
            base,
            client,
            _folder: folder,
        };
        prometheus
            .until("the target was read twice", async || {
                let seen = prometheus
                    .query("count_over_time(up{job=\"lapak\"}[1m]) >= 2 and up == 1")
                    .await;
                seen.is_ok_and(|samples| !samples.is_empty())
            })
            .await;
        prometheus
    }

    /// The samples that a query gives now, or why Prometheus does not take it.
    pub(crate) async fn query(&self, query: &str) -> Result<Vec<Value>, String> {
        let data = self.get("query", &[("query", query)]).await?;
        match data["resultType"].as_str() {
            Some("vector") => Ok(data["result"].as_array().cloned().unwrap_or_default()),
            kind => Err(format!("{kind:?} is no result for a panel")),
        }
    }

    /// How many series a selector matches.
    pub(crate) async fn series(&self, selector: &str) -> Result<usize, String> {
        let data = self.get("series", &[("match[]", selector)]).await?;
        Ok(data.as_array().map_or(0, Vec::len))
    }

    /// The rules, as Prometheus read them.
    pub(crate) async fn rules(&self) -> Vec<Value> {
        let data = self.get("rules", &[]).await.unwrap();
        let groups = data["groups"].as_array().unwrap();
        groups
            .iter()
            .flat_map(|group| group["rules"].as_array().unwrap().clone())
            .collect()
    }

    /// Asks again and again until it is so.
    pub(crate) async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let begin = Instant::now();
        while !so().await {
            assert!(
                begin.elapsed() < PATIENCE,
                "waited {PATIENCE:?} in vain until {what}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The `data` of an answer of the HTTP API.
    async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let mut url = reqwest::Url::parse(&format!("{}/{path}", self.base)).unwrap();
        url.query_pairs_mut().extend_pairs(parameters);
        let answer = self
            .client
            .get(url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let body: Value = answer.json().await.map_err(|error| error.to_string())?;
        match body["status"].as_str() {
            Some("success") => Ok(body["data"].clone()),
            _ => Err(body["error"].to_string()),
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the port out of what Prometheus says when it starts to listen. A thread goes on reading, so
/// that its standard error never fills up.
fn listening_port(child: &mut Child) -> u16 {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (sender, receiver) = mpsc::sync_channel(64);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let port = line
                .split_once("address=127.0.0.1:")
                .map(|(_, rest)| rest.trim());
            // Before it listens, the address as it was asked for is said too, with port 0.
            let port = port
                .and_then(|text| text.parse().ok())
                .filter(|port| *port != 0);
            // Nobody listens any more once the port is known.
            let _ = sender.send((port, line));
        }
    });
    let mut said = String::new();
    let begin = Instant::now();
    while let Ok((port, line)) = receiver.recv_timeout(PATIENCE.saturating_sub(begin.elapsed())) {
        if let Some(port) = port {
            return port;
        }
        said.push_str(&line);
        said.push('\n');
    }
    let _ = child.kill();
    panic!("prometheus does not listen:\n{said}");
}
