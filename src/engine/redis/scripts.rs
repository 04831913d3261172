//! The scripts that run inside Redis, and what they answer. Each is one atomic step; none has a
//! rule of the domain in it.

mod texts;

use std::sync::LazyLock;

use redis::{Cmd, Value, cmd};
use tokio::time::Instant;

use super::connect::Connection;
use super::keys::Keys;
use super::trouble::Trouble;
use crate::clock::Reading;
use crate::engine::store::Link;
use crate::engine::turn::{Mark, Place};
use crate::journal::Position;
use crate::telemetry::{ScriptName, metrics};
use texts::{
    link_from, link_text, list, mark_text, nonce_from, nonce_text, number, raws, raws_of_any,
    strange, text,
};

/// The most turns that one answer brings.
pub(super) const MISSED_MAX: usize = 64;

/// A script by name; Redis knows it by the digest of its text.
struct Script {
    name: ScriptName,
    text: &'static str,
    digest: LazyLock<String>,
}

macro_rules! script {
    ($name:ident, $file:literal) => {
        Script {
            name: ScriptName::$name,
            text: include_str!($file),
            digest: LazyLock::new(|| {
                redis::Script::new(include_str!($file))
                    .get_hash()
                    .to_owned()
            }),
        }
    };
}

static TAKE: Script = script!(Take, "lua/take.lua");
static CLAIM: Script = script!(Claim, "lua/claim.lua");
static OPEN: Script = script!(Open, "lua/open.lua");
static TRIM: Script = script!(Trim, "lua/trim.lua");

impl Script {
    /// Calls it; where Redis has forgotten it, its text goes along.
    async fn run(
        &self,
        connection: &mut Connection,
        keys: &[&String],
        args: impl Fn(&mut Cmd),
    ) -> Result<Value, Trouble> {
        let call = |how: &str, what: &str| {
            let mut call = cmd(how);
            call.arg(what).arg(keys.len()).arg(keys);
            args(&mut call);
            call
        };
        let began = Instant::now();
        let answer = match connection.call(&call("EVALSHA", &self.digest)).await {
            Err(Trouble::Unloaded) => connection.call(&call("EVAL", self.text)).await,
            answer => answer,
        };
        let durations = &metrics().nodes.script_duration;
        durations.of(self.name).record_duration(began.elapsed());
        answer
    }
}

/// A turn as it stands in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) place: Place,
    /// The nonce of the turn before.
    pub(super) before: u64,
    pub(super) at: Reading,
    pub(super) mark: Option<Mark>,
    pub(super) body: Vec<u8>,
}

/// What became of a turn that was handed in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It stands behind those that were missed.
    Now {
        index: u64,
        at: Reading,
        missed: Vec<Raw>,
    },
    /// It had been taken before, and is among these.
    Before(Vec<Raw>),
    /// Not taken: these come first.
    Behind(Vec<Raw>),
    /// Not taken: this node's past is not what stands in Redis.
    Cut,
}

/// What a claim came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Claimed {
    /// There is a later epoch.
    Opened,
    /// Look again after so many milliseconds.
    Wait(u64),
    /// This node opens; the shortest journal stands there.
    Open(Position),
}

/// How the partition stands in Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Head {
    /// The last turn.
    pub(in crate::engine) last: Place,
    /// Its time, Unix milliseconds.
    pub(in crate::engine) time: u64,
    /// The past is being settled.
    pub(in crate::engine) closed: bool,
    /// The turn before the first that is kept, and where the journal stood behind it.
    pub(in crate::engine) from: Mark,
}

/// What a turn is handed in with.
pub(super) struct Handed<'a> {
    /// The last turn this node has taken.
    pub(super) known: Place,
    pub(super) nonce: u64,
    pub(super) clock_ms: u64,
    /// None for a clock that is the only one.
    pub(super) tolerance_ms: Option<u64>,
    /// Where this node stood behind a turn, for the others to compare.
    pub(super) mark: Option<Mark>,
    pub(super) body: &'a [u8],
}

pub(super) async fn take(
    connection: &mut Connection,
    keys: &Keys,
    turn: Handed<'_>,
) -> Result<Taken, Trouble> {
    let mark = turn.mark.as_ref().map(mark_text).unwrap_or_default();
    let tolerance = turn
        .tolerance_ms
        .map_or(-1, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
    let names = [&keys.head, &keys.requests];
    let answer = TAKE.run(connection, &names, |call| {
        call.arg(turn.known.epoch)
            .arg(turn.known.index)
            .arg(nonce_text(turn.known.nonce))
            .arg(nonce_text(turn.nonce))
            .arg(turn.clock_ms)
            .arg(tolerance)
            .arg(&mark)
            .arg(turn.body)
            .arg(MISSED_MAX);
    });
    let mut answer = list(answer.await?)?;
    let epoch = turn.known.epoch;
    match text(answer.next()).as_deref() {
        Some("taken") => {
            let index = number(answer.next()).ok_or_else(|| strange("taken without a number"))?;
            let now_ms = number(answer.next()).ok_or_else(|| strange("taken without a time"))?;
            let suspect = number(answer.next()) == Some(1);
            let missed = raws(epoch, answer.next())?;
            let at = Reading { now_ms, suspect };
            Ok(Taken::Now { index, at, missed })
        }
        Some("seen") => Ok(Taken::Before(raws(epoch, answer.next())?)),
        Some("behind") => Ok(Taken::Behind(raws(epoch, answer.next())?)),
        Some("cut") => Ok(Taken::Cut),
        _ => Err(strange("a turn was answered strangely")),
    }
}

pub(super) async fn claim(
    connection: &mut Connection,
    keys: &Keys,
    claim: &Claim<'_>,
) -> Result<Claimed, Trouble> {
    let names = [&keys.head, &keys.claims];
    let answer = CLAIM.run(connection, &names, |call| {
        call.arg(claim.epoch)
            .arg(claim.node)
            .arg(claim.rank)
            .arg(claim.position.epoch)
            .arg(claim.position.seq)
            .arg(claim.window_ms)
            .arg(claim.patience_ms);
    });
    let mut answer = list(answer.await?)?;
    match text(answer.next()).as_deref() {
        Some("opened") => Ok(Claimed::Opened),
        Some("wait") => Ok(Claimed::Wait(number(answer.next()).unwrap_or(50))),
        Some("open") => {
            let place = number(answer.next()).zip(number(answer.next()));
            let (epoch, seq) = place.ok_or_else(|| strange("opened without a place"))?;
            Ok(Claimed::Open(Position { epoch, seq }))
        }
        _ => Err(strange("a claim was answered strangely")),
    }
}

/// How far a node says that it has come.
pub(super) struct Claim<'a> {
    /// The epoch it knows.
    pub(super) epoch: u64,
    pub(super) node: &'a str,
    /// 2: its past has what stands in Redis. 1: it cannot say. 0: it contradicts it.
    pub(super) rank: u8,
    pub(super) position: Position,
    pub(super) window_ms: u64,
    pub(super) patience_ms: u64,
}

/// An epoch to be opened.
pub(super) struct Opening<'a> {
    pub(super) before: u64,
    pub(super) epoch: u64,
    pub(super) node: &'a str,
    /// Stands before the first turn.
    pub(super) nonce: u64,
    pub(super) time_ms: u64,
    /// Where the entries begin that go first.
    pub(super) from: Link,
    /// Bodies of turns of entries, each with its nonce.
    pub(super) bodies: Vec<(u64, Vec<u8>)>,
}

/// Opens an epoch; false if another node was chosen meanwhile.
pub(super) async fn open(
    connection: &mut Connection,
    keys: &Keys,
    opening: &Opening<'_>,
) -> Result<bool, Trouble> {
    let names = [&keys.head, &keys.requests, &keys.claims];
    let answer = OPEN.run(connection, &names, |call| {
        call.arg(opening.before)
            .arg(opening.epoch)
            .arg(opening.node)
            .arg(nonce_text(opening.nonce))
            .arg(opening.time_ms)
            .arg(link_text(opening.from));
        for (nonce, body) in &opening.bodies {
            call.arg(nonce_text(*nonce)).arg(&body[..]);
        }
    });
    let mut answer = list(answer.await?)?;
    Ok(text(answer.next()).as_deref() == Some("opened"))
}

/// Forgets turns up to and with the one behind which the journal stood at `mark`.
pub(super) async fn trim(
    connection: &mut Connection,
    keys: &Keys,
    mark: &Mark,
) -> Result<u64, Trouble> {
    let names = [&keys.head, &keys.requests];
    let answer = TRIM.run(connection, &names, |call| {
        call.arg(mark.place.epoch)
            .arg(mark.place.index)
            .arg(nonce_text(mark.place.nonce))
            .arg(link_text(mark.link()));
    });
    number(Some(answer.await?)).ok_or_else(|| strange("a trim without a number"))
}

/// How the partition stands; none where nothing was ever opened, or all is gone.
pub(super) async fn head(
    connection: &mut Connection,
    keys: &Keys,
) -> Result<Option<Head>, Trouble> {
    let fields = [
        "epoch",
        "index",
        "nonce",
        "time",
        "closed",
        "from",
        "from_index",
        "from_nonce",
    ];
    let mut call = cmd("HMGET");
    call.arg(&keys.head).arg(&fields[..]);
    let found: Vec<Value> = list(connection.call(&call).await?)?.collect();
    let [
        epoch,
        index,
        nonce,
        time,
        closed,
        from,
        from_index,
        from_nonce,
    ] = <[Value; 8]>::try_from(found).map_err(|_| strange("a head of another length"))?;
    let Some(epoch) = number(Some(epoch)) else {
        return Ok(None);
    };
    let read = || {
        let link = link_from(&text(Some(from))?)?;
        Some(Head {
            last: Place {
                epoch,
                index: number(Some(index))?,
                nonce: nonce_from(&text(Some(nonce))?)?,
            },
            time: number(Some(time))?,
            closed: !matches!(closed, Value::Nil),
            from: Mark {
                place: Place {
                    epoch,
                    index: number(Some(from_index))?,
                    nonce: nonce_from(&text(Some(from_nonce))?)?,
                },
                position: link.position,
                crc: link.crc,
            },
        })
    };
    read()
        .map(Some)
        .ok_or_else(|| strange("a head that was not written here"))
}

/// Turns after a place, oldest first, at most [`MISSED_MAX`].
pub(super) async fn after(
    connection: &mut Connection,
    keys: &Keys,
    place: Place,
) -> Result<Vec<Raw>, Trouble> {
    let first = format!("{}-{}", place.epoch, place.index.saturating_add(1));
    let last = format!("{}-{}", place.epoch, u64::MAX);
    let mut call = cmd("XRANGE");
    call.arg(&keys.requests)
        .arg(first)
        .arg(last)
        .arg("COUNT")
        .arg(MISSED_MAX);
    let found = connection.call(&call).await?;
    raws(place.epoch, Some(found))
}

/// The same, waiting for the first; none when none came in time.
pub(super) async fn wait_after(
    connection: &mut Connection,
    keys: &Keys,
    place: Place,
    wait_ms: u64,
) -> Result<Vec<Raw>, Trouble> {
    let mut call = cmd("XREAD");
    call.arg("COUNT")
        .arg(MISSED_MAX)
        .arg("BLOCK")
        .arg(wait_ms)
        .arg("STREAMS")
        .arg(&keys.requests)
        .arg(format!("{}-{}", place.epoch, place.index));
    let found = connection.call(&call).await?;
    let turns = match found {
        Value::Nil => return Ok(Vec::new()),
        Value::Array(mut streams) => match streams.pop() {
            Some(Value::Array(mut stream)) => stream.pop(),
            _ => None,
        },
        // The third protocol answers with a map.
        Value::Map(mut streams) => streams.pop().map(|(_, turns)| turns),
        _ => None,
    };
    let turns = turns.ok_or_else(|| strange("turns that are no list"))?;
    let mut found = raws_of_any(Some(turns))?;
    // What is of a later epoch is for those who have moved to it.
    found.retain(|raw| raw.place.epoch == place.epoch);
    Ok(found)
}
