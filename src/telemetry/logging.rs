//! Logs: to standard error, as text for people or as JSON for machines.
//!
//! In JSON control characters are escaped, so a name with a line break in it stays on its line.

use std::io::{IsTerminal, stderr};

use serde::{Deserialize, Serialize};
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::Error;

/// How lines of the log look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The section `[telemetry]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// Which lines are written: `info`, or a list as `warn,lapak::gateway=debug`.
    pub log_filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Text,
            log_filter: "info".to_owned(),
        }
    }
}

impl Config {
    /// Checks the filter without setting anything up, for `check-config`.
    ///
    /// # Errors
    /// [`Error::LogFilter`].
    pub fn check(&self) -> Result<(), Error> {
        self.filter().map(|_| ())
    }

    fn filter(&self) -> Result<EnvFilter, Error> {
        EnvFilter::try_new(&self.log_filter).map_err(|reason: ParseError| Error::LogFilter {
            filter: self.log_filter.clone(),
            reason: reason.to_string(),
        })
    }
}

/// Sets up the logs of this process.
///
/// # Errors
/// [`Error::LogFilter`] for a filter that cannot be read, [`Error::LogsInstalled`] the second time.
pub fn install_logs(config: &Config) -> Result<(), Error> {
    let installed = subscriber(config, stderr, stderr().is_terminal())?.try_init();
    installed.map_err(|_: TryInitError| Error::LogsInstalled)
}

/// What turns events into lines, as the configuration wants them.
fn subscriber<W>(
    config: &Config,
    writer: W,
    colour: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_env_filter(config.filter()?)
        .with_writer(writer);
    Ok(match config.log_format {
        LogFormat::Json => Box::new(lines.json().flatten_event(true).with_ansi(false).finish()),
        LogFormat::Text => Box::new(lines.with_ansi(colour).finish()),
    })
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn in_json_a_name_with_a_line_break_stays_on_its_line() {
        let kept = Kept::default();
        let config = Config {
            log_format: LogFormat::Json,
            ..Config::default()
        };
        let writer = kept.clone();
        let subscriber = subscriber(&config, move || writer.clone(), true).unwrap();
        let name = "budi\n{\"level\":\"ERROR\"}\u{1b}[31m";
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(name, "customer came");
            tracing::debug!("not asked for");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["name"], name);
        assert_eq!(line["message"], "customer came");
        assert_eq!(line["level"], "INFO");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let config = Config {
            log_filter: "lapak=loud".to_owned(),
            ..Config::default()
        };
        let text = config
            .check()
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            text.starts_with("log_filter \"lapak=loud\" cannot be read"),
            "{text:?}"
        );
        assert!(Config::default().check().is_ok());
    }

    #[test]
    fn the_section_refuses_what_it_does_not_know() {
        let read = |text: &str| toml::from_str::<Config>(text).map_err(|error| error.to_string());
        assert_eq!(
            read("log_format = \"json\"").map(|config| config.log_format),
            Ok(LogFormat::Json)
        );
        assert_eq!(read(""), Ok(Config::default()));
        assert!(read("log_format = \"xml\"").is_err());
        assert!(read("log_level = \"info\"").is_err());
    }

    #[test]
    fn the_second_set_up_is_refused() {
        let config = Config {
            log_filter: "off".to_owned(),
            ..Config::default()
        };
        // Another test of this process may have been first.
        let _ = install_logs(&config);
        assert!(matches!(install_logs(&config), Err(Error::LogsInstalled)));
    }
}
