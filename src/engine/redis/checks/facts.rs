//! What a server says of itself, as far as we may ask.

use redis::{FromRedisValue, Value, cmd, from_redis_value};

use super::super::connect::Connection;
use super::super::trouble::Trouble;
use crate::clock::Clock;

/// What is known of one primary; none = we may not ask, or were not told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Facts {
    pub(super) server: String,
    pub(super) valkey: bool,
    pub(super) version: Option<(u32, u32)>,
    pub(super) eviction: Option<String>,
    pub(super) aof: Option<bool>,
    pub(super) aof_well: Option<bool>,
    pub(super) fsync: Option<String>,
    pub(super) fsync_rests: Option<bool>,
    pub(super) replicas: Option<u32>,
    pub(super) replicas_needed: Option<u32>,
    /// How far its clock is ahead of ours.
    pub(super) ahead_ms: Option<i64>,
    /// What we may not do, or cannot, each as the server says it.
    pub(super) forbidden: Vec<String>,
    /// Why no script can be run.
    pub(super) no_scripts: Option<String>,
}

/// Tries every command that the engine gives inside a script, on a key that is removed again.
const TRIAL: &str = include_str!("trial.lua");

/// Asks a primary everything. Only what would end the connection or pass by waiting is an error.
pub(super) async fn ask(
    server: &mut Connection,
    key: &str,
    clock: &Clock,
) -> Result<Facts, Trouble> {
    let mut facts = Facts {
        server: server.address().to_string(),
        ..Facts::default()
    };
    info(server, &mut facts).await?;
    facts.eviction = match setting(server, "maxmemory-policy").await? {
        None => facts.eviction.take(),
        told => told,
    };
    facts.fsync = setting(server, "appendfsync").await?;
    let rests = setting(server, "no-appendfsync-on-rewrite").await?;
    facts.fsync_rests = rests.map(|word| word == "yes");
    let needed = setting(server, "min-replicas-to-write").await?;
    facts.replicas_needed = needed.and_then(|number| number.parse().ok());
    facts.ahead_ms = ahead_ms(server, clock).await?;
    trial(server, key, &mut facts).await?;
    Ok(facts)
}

/// An answer, or none if the server does not let us have it.
fn allowed<T: FromRedisValue>(answer: Result<Value, Trouble>) -> Result<Option<T>, Trouble> {
    match answer {
        Ok(value) => Ok(from_redis_value(value).ok()),
        Err(Trouble::Forbidden(_) | Trouble::Refused(_)) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

async fn setting(server: &mut Connection, name: &str) -> Result<Option<String>, Trouble> {
    let answer = server.call(cmd("CONFIG").arg("GET").arg(name)).await;
    let pair: Option<Vec<String>> = allowed(answer)?;
    Ok(pair.and_then(|pair| pair.into_iter().nth(1)))
}

async fn info(server: &mut Connection, facts: &mut Facts) -> Result<(), Trouble> {
    let answer = server.call(&cmd("INFO")).await;
    let text: String = allowed(answer)?.unwrap_or_default();
    facts.read_info(&text);
    Ok(())
}

impl Facts {
    /// Notes what is refused, once.
    fn forbid(&mut self, text: String) {
        if !self.forbidden.contains(&text) {
            self.forbidden.push(text);
        }
    }

    /// Takes what it can from the answer of `INFO`, lines of `name:value`.
    fn read_info(&mut self, text: &str) {
        let lines = text.lines().filter_map(|line| line.split_once(':'));
        let mut redis = None;
        let mut valkey = None;
        for (name, value) in lines {
            match name {
                "redis_version" => redis = version(value),
                "valkey_version" => valkey = version(value),
                "maxmemory_policy" => self.eviction = Some(value.to_owned()),
                "aof_enabled" => self.aof = Some(value == "1"),
                "aof_last_write_status" => self.aof_well = Some(value == "ok"),
                "connected_slaves" => self.replicas = value.parse().ok(),
                _ => {}
            }
        }
        self.valkey = valkey.is_some();
        self.version = valkey.or(redis);
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The answer's way back is taken for half of the time both took.
async fn ahead_ms(server: &mut Connection, clock: &Clock) -> Result<Option<i64>, Trouble> {
    let before = clock.now_ms();
    let answer = server.call(&cmd("TIME")).await;
    let after = clock.now_ms();
    let Some((seconds, micros)) = allowed::<(u64, u64)>(answer)? else {
        return Ok(None);
    };
    let theirs = seconds.saturating_mul(1_000).saturating_add(micros / 1_000);
    let ours = before.midpoint(after);
    Ok(Some(theirs.cast_signed().wrapping_sub(ours.cast_signed())))
}

/// Does what the engine will do.
async fn trial(server: &mut Connection, key: &str, facts: &mut Facts) -> Result<(), Trouble> {
    let digest = redis::Script::new(TRIAL).get_hash().to_owned();
    for (how, what) in [("EVAL", TRIAL), ("EVALSHA", &digest)] {
        match server.call(cmd(how).arg(what).arg(1).arg(key)).await {
            Ok(refused) => {
                for text in from_redis_value::<Vec<String>>(refused).unwrap_or_default() {
                    facts.forbid(for_good(text)?);
                }
            }
            // Of its keys, not of itself.
            Err(Trouble::Forbidden(text)) if text.contains("keys") => {
                facts.forbid(text);
                return Ok(());
            }
            Err(Trouble::Forbidden(text) | Trouble::Refused(text)) => {
                facts.no_scripts = Some(text);
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    let mut read = cmd("XREAD");
    read.arg("COUNT").arg(1).arg("STREAMS").arg(key).arg("0");
    let mut range = cmd("XRANGE");
    range.arg(key).arg("-").arg("+").arg("COUNT").arg(1);
    let mut head = cmd("HMGET");
    head.arg(key).arg("a");
    for command in [read, range, head] {
        match server.call(&command).await {
            // Of another kind, where the trial could not remove what it had made.
            Ok(_) | Err(Trouble::Refused(_)) => {}
            Err(Trouble::Forbidden(text)) => facts.forbid(text),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}

/// What the trial was refused, `COMMAND: CODE text`, unless it will be granted by waiting.
fn for_good(refused: String) -> Result<String, Trouble> {
    let said = refused.split_once(": ").map_or("", |(_, said)| said);
    let code = said.trim_start_matches('-').split(' ').next();
    let code = code.unwrap_or_default().to_owned();
    match Trouble::said(&code, refused) {
        Trouble::Refused(text) | Trouble::Forbidden(text) => Ok(text),
        trouble => Err(trouble),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say_of_themselves_is_read() {
        let redis = "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1\r\n\r\n# Memory\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\naof_last_write_status:ok\r\nconnected_slaves:2\r\n";
        let mut facts = Facts::default();
        facts.read_info(redis);
        let known = Facts {
            version: Some((7, 0)),
            eviction: Some("noeviction".into()),
            aof: Some(true),
            aof_well: Some(true),
            replicas: Some(2),
            ..Facts::default()
        };
        assert_eq!(facts, known);
        let mut valkey = Facts::default();
        valkey.read_info("redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.2\r\n");
        assert!(valkey.valkey);
        assert_eq!(valkey.version, Some((9, 1)));
        assert!(for_good("XADD: ERR may not".into()).is_ok());
        let waits = for_good("DEL: NOREPLICAS Not enough".into()).unwrap_err();
        assert_eq!(waits.code(), "not_ready");
        let mut nothing = Facts::default();
        nothing.read_info("");
        assert_eq!(nothing, Facts::default());
    }

    /// A command that a script gives and the trial does not would be refused in the middle of it.
    #[test]
    fn the_trial_tries_what_the_scripts_do() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/engine/redis/lua");
        let mut scripts = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for after in text.split("redis.call('").skip(1) {
                let (name, _) = after.split_once('\'').unwrap();
                assert!(TRIAL.contains(&format!("try('{name}'")), "{name}");
            }
            scripts += 1;
        }
        assert!(scripts > 0);
    }
}
