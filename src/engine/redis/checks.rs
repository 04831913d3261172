//! What must be so at the servers before a node may decide anything with them. A finding says
//! what is wrong in words that an operator can act on; `docs/OPERATIONS.md` has the same table.

mod facts;

use std::fmt;

use facts::Facts;

use super::config::{Acknowledge, Mode, RedisConfig};
use super::connect::{Connector, Purpose};
use super::keys::Keys;
use super::trouble::Trouble;
use crate::clock::Clock;
use crate::journal::Partition;

/// By how much the clocks of server and node may differ, in milliseconds.
const CLOCK_APART_MS: u64 = 2_000;
/// The oldest Redis: streams that are trimmed by id.
const REDIS_LEAST: (u32, u32) = (6, 2);
/// The oldest Valkey there is.
const VALKEY_LEAST: (u32, u32) = (7, 2);

/// What follows from a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// The node starts, and somebody should look.
    Warn,
    /// The node must not start.
    Refuse,
}

/// Something about a server that is not as it should be, or could not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable word.
    pub code: &'static str,
    /// What follows.
    pub severity: Severity,
    /// Which server.
    pub server: String,
    /// What it is and what to do.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.text, self.server, self.code)
    }
}

/// Looks at every primary that has a partition, the gravest finding first. An error means that
/// the look itself failed: by its [`Trouble`], it is tried again or not.
pub async fn check(connector: &Connector, clock: &Clock) -> Result<Vec<Finding>, Trouble> {
    let config = connector.config();
    let mut seen = Vec::new();
    let mut findings = Vec::new();
    for partition in Partition::all() {
        let mut server = connector.connect(partition, Purpose::Call).await?;
        if seen.contains(server.address()) {
            continue;
        }
        seen.push(server.address().clone());
        let key = Keys::of(&config.prefix, partition).check;
        let facts = facts::ask(&mut server, &key, clock).await?;
        findings.extend(judge(&facts, config));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(findings)
}

/// What follows from what is known of a server.
fn judge(facts: &Facts, config: &RedisConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |code, severity, text: String| {
        findings.push(Finding {
            code,
            severity,
            server: facts.server.clone(),
            text,
        });
    };
    version(facts, &mut find);
    eviction(facts, &mut find);
    durability(facts, config.acknowledge, &mut find);
    replicas(facts, config.mode, &mut find);
    permissions(facts, &mut find);
    if let Some(ahead) = facts
        .ahead_ms
        .filter(|ms| ms.unsigned_abs() > CLOCK_APART_MS)
    {
        let text = format!(
            "the server's clock is {ahead} ms ahead of ours: while they are more than \
             {CLOCK_APART_MS} ms apart no expiry is decided; run a time daemon on both"
        );
        find("redis_clock", Severity::Warn, text);
    }
    let unseen = [
        ("maxmemory-policy", facts.eviction.is_none()),
        (
            "appendonly",
            facts.aof.is_none() && config.acknowledge != Acknowledge::Memory,
        ),
        (
            "appendfsync",
            facts.fsync.is_none() && config.acknowledge != Acknowledge::Memory,
        ),
        (
            "min-replicas-to-write",
            facts.replicas_needed.is_none() && config.mode != Mode::Standalone,
        ),
        ("the clock", facts.ahead_ms.is_none()),
        ("the version", facts.version.is_none()),
    ];
    let unseen: Vec<_> = unseen
        .iter()
        .filter(|(_, hidden)| *hidden)
        .map(|(name, _)| *name)
        .collect();
    if !unseen.is_empty() {
        let text = format!(
            "we may not ask for {}: make sure that they are as docs/OPERATIONS.md says, or allow \
             this user CONFIG GET, INFO and TIME",
            unseen.join(", ")
        );
        find("redis_unchecked", Severity::Warn, text);
    }
    findings
}

fn version(facts: &Facts, find: &mut impl FnMut(&'static str, Severity, String)) {
    let (name, least) = if facts.valkey {
        ("Valkey", VALKEY_LEAST)
    } else {
        ("Redis", REDIS_LEAST)
    };
    if let Some((major, minor)) = facts.version.filter(|version| *version < least) {
        let text = format!(
            "{name} {major}.{minor} is too old, {}.{} is the oldest",
            least.0, least.1
        );
        find("redis_version", Severity::Refuse, text);
    }
}

fn eviction(facts: &Facts, find: &mut impl FnMut(&'static str, Severity, String)) {
    if let Some(policy) = facts
        .eviction
        .as_deref()
        .filter(|policy| *policy != "noeviction")
    {
        let text = format!(
            "maxmemory-policy is {policy}: a full server would throw requests away; set noeviction"
        );
        find("redis_eviction", Severity::Refuse, text);
    }
}

/// Does the server write before it acknowledges, as the setting wants?
fn durability(
    facts: &Facts,
    wanted: Acknowledge,
    find: &mut impl FnMut(&'static str, Severity, String),
) {
    if wanted != Acknowledge::Memory && facts.aof == Some(false) {
        let text = "appendonly is no: a restart of the server forgets what it acknowledged; set it \
                    to yes, or set redis.acknowledge to \"memory\" if that is meant";
        find("redis_aof", Severity::Refuse, text.to_owned());
        return;
    }
    let fits = match wanted {
        Acknowledge::Always => &["always"][..],
        Acknowledge::Everysec => &["always", "everysec"],
        Acknowledge::Memory => return,
    };
    if let Some(fsync) = facts.fsync.as_deref().filter(|fsync| !fits.contains(fsync)) {
        let text = format!(
            "appendfsync is {fsync}, and redis.acknowledge wants {}: set one as the other",
            fits.join(" or ")
        );
        find("redis_fsync", Severity::Refuse, text);
    }
    if wanted == Acknowledge::Always && facts.fsync_rests == Some(true) {
        let text = "no-appendfsync-on-rewrite is yes: while the file is rewritten, acknowledgements \
                    are not on disk; set it to no";
        find("redis_fsync_rests", Severity::Warn, text.to_owned());
    }
    if facts.aof_well == Some(false) {
        let text = "the server's last write to its file failed: look at its disk and its log; after \
                    a full disk it may need appendonly switched off and on again";
        find("redis_disk", Severity::Warn, text.to_owned());
    }
}

fn replicas(facts: &Facts, mode: Mode, find: &mut impl FnMut(&'static str, Severity, String)) {
    let Some(count) = facts.replicas else { return };
    if count == 0 && mode != Mode::Standalone {
        let text = "the primary has no replica now: if it is lost, nobody takes over";
        find("redis_no_replica", Severity::Warn, text.to_owned());
    }
    if count > 0 && facts.replicas_needed == Some(0) {
        let text = format!(
            "{count} replicas and min-replicas-to-write 0: a primary that is cut off goes on \
             acknowledging what its successor will not have; set it to 1, with \
             min-replicas-max-lag of a few seconds"
        );
        find("redis_replicas", Severity::Warn, text);
    }
}

fn permissions(facts: &Facts, find: &mut impl FnMut(&'static str, Severity, String)) {
    if let Some(why) = &facts.no_scripts {
        let text = format!("scripts cannot be run (EVAL and EVALSHA): {why}");
        find("redis_scripts", Severity::Refuse, text);
    }
    if !facts.forbidden.is_empty() {
        let text = format!(
            "the user may not do all that is needed: {}; docs/OPERATIONS.md has its ACL",
            facts.forbidden.join("; ")
        );
        find("redis_permission", Severity::Refuse, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server as it should be, with a replica.
    fn good() -> Facts {
        Facts {
            server: "host:6379".into(),
            valkey: false,
            version: Some((7, 0)),
            eviction: Some("noeviction".into()),
            aof: Some(true),
            aof_well: Some(true),
            fsync: Some("always".into()),
            fsync_rests: Some(false),
            replicas: Some(1),
            replicas_needed: Some(1),
            ahead_ms: Some(-2_000),
            forbidden: Vec::new(),
            no_scripts: None,
        }
    }

    fn found(
        acknowledge: Acknowledge,
        mode: Mode,
        change: impl FnOnce(&mut Facts),
    ) -> Vec<(&'static str, Severity)> {
        let mut facts = good();
        change(&mut facts);
        let config = RedisConfig {
            mode,
            acknowledge,
            ..RedisConfig::default()
        };
        let findings = judge(&facts, &config);
        findings
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect()
    }

    #[test]
    fn a_good_server_is_passed() {
        for acknowledge in [
            Acknowledge::Always,
            Acknowledge::Everysec,
            Acknowledge::Memory,
        ] {
            for mode in [Mode::Standalone, Mode::Sentinel, Mode::Cluster] {
                assert_eq!(found(acknowledge, mode, |_| {}), []);
            }
        }
    }

    #[test]
    fn what_loses_requests_is_refused() {
        use Severity::{Refuse, Warn};
        let always = |change: fn(&mut Facts)| found(Acknowledge::Always, Mode::Sentinel, change);
        let table: [(fn(&mut Facts), _); 16] = [
            (|f| f.version = Some((6, 1)), ("redis_version", Refuse)),
            (|f| f.version = Some((5, 9)), ("redis_version", Refuse)),
            (
                |f| (f.valkey, f.version) = (true, Some((7, 1))),
                ("redis_version", Refuse),
            ),
            (
                |f| f.eviction = Some("allkeys-lru".into()),
                ("redis_eviction", Refuse),
            ),
            (
                |f| f.eviction = Some("volatile-lru".into()),
                ("redis_eviction", Refuse),
            ),
            (|f| f.aof = Some(false), ("redis_aof", Refuse)),
            (
                |f| f.fsync = Some("everysec".into()),
                ("redis_fsync", Refuse),
            ),
            (|f| f.fsync = Some("no".into()), ("redis_fsync", Refuse)),
            (|f| f.fsync_rests = Some(true), ("redis_fsync_rests", Warn)),
            (|f| f.aof_well = Some(false), ("redis_disk", Warn)),
            (|f| f.replicas = Some(0), ("redis_no_replica", Warn)),
            (|f| f.replicas_needed = Some(0), ("redis_replicas", Warn)),
            (|f| f.ahead_ms = Some(2_001), ("redis_clock", Warn)),
            (|f| f.ahead_ms = Some(-2_001), ("redis_clock", Warn)),
            (
                |f| f.no_scripts = Some("no".into()),
                ("redis_scripts", Refuse),
            ),
            (
                |f| f.forbidden.push("XADD: no".into()),
                ("redis_permission", Refuse),
            ),
        ];
        for (change, known) in table {
            assert_eq!(always(change), [known]);
        }
    }

    #[test]
    fn what_is_wanted_decides_what_is_enough() {
        let no_file = |f: &mut Facts| (f.aof, f.fsync) = (Some(false), Some("everysec".into()));
        let everysec = |f: &mut Facts| f.fsync = Some("everysec".into());
        assert_eq!(found(Acknowledge::Memory, Mode::Cluster, no_file), []);
        assert_eq!(found(Acknowledge::Everysec, Mode::Cluster, everysec), []);
        let refused = [("redis_aof", Severity::Refuse)];
        assert_eq!(
            found(Acknowledge::Everysec, Mode::Cluster, no_file),
            refused
        );
    }

    #[test]
    fn what_cannot_be_seen_is_said_once() {
        let hidden = found(Acknowledge::Always, Mode::Cluster, |f| {
            *f = Facts {
                server: f.server.clone(),
                ..Facts::default()
            }
        });
        assert_eq!(hidden, [("redis_unchecked", Severity::Warn)]);
    }
}
