//! Who is primary: as Sentinels, a cluster's nodes, and a server itself say.

use redis::{Value, cmd, from_redis_value};

use super::connect::{Address, Connection};
use super::keys::SLOTS;
use super::trouble::Trouble;

/// Asks a Sentinel for the address of the primary that it calls `name`.
pub(super) async fn by_sentinel(sentinel: &mut Connection, name: &str) -> Result<Address, Trouble> {
    let ask = cmd("SENTINEL")
        .arg("get-master-addr-by-name")
        .arg(name)
        .take();
    let told: Option<(String, i64)> = match sentinel.call(&ask).await? {
        Value::Nil => None,
        answer => from_redis_value(answer).ok(),
    };
    let told = told.and_then(|(host, port)| Some((host, u16::try_from(port).ok()?)));
    let Some((host, port)) = told else {
        return Err(Trouble::NotReady(format!(
            "the Sentinel at {} knows no primary named {name:?} (redis.master)",
            sentinel.address()
        )));
    };
    Ok(Address { host, port })
}

/// Asks any node of a cluster for the primary of a slot, and for all primaries.
pub(super) async fn by_cluster(
    node: &mut Connection,
    slot: u16,
) -> Result<(Address, Vec<Address>), Trouble> {
    let answer = node.call(cmd("CLUSTER").arg("SLOTS")).await?;
    let ranges = ranges(answer, node.address())
        .ok_or_else(|| Trouble::Refused(format!("{}: its slots make no sense", node.address())))?;
    let owner = ranges
        .iter()
        .find(|range| range.from <= slot && slot <= range.to);
    let Some(owner) = owner else {
        let what = format!("{}: nobody has slot {slot}", node.address());
        return Err(Trouble::NotReady(what));
    };
    let all = ranges.iter().map(|range| range.primary.clone()).collect();
    Ok((owner.primary.clone(), all))
}

/// Slots that one primary has.
#[derive(Debug, PartialEq, Eq)]
struct Range {
    from: u16,
    to: u16,
    primary: Address,
}

/// Reads the answer of `CLUSTER SLOTS`: from, to, the primary (host, port, …), its replicas. An
/// empty host means the one that was asked; a range whose primary's host is not known is left out.
fn ranges(answer: Value, asked: &Address) -> Option<Vec<Range>> {
    let rows: Vec<Vec<Value>> = from_redis_value(answer).ok()?;
    let mut all = Vec::new();
    for row in rows {
        let mut row = row.into_iter();
        let from = number(row.next()?)?;
        let to = number(row.next()?)?;
        let mut primary = from_redis_value::<Vec<Value>>(row.next()?)
            .ok()?
            .into_iter();
        let host: Option<String> = from_redis_value(primary.next()?).ok()?;
        let port = number(primary.next()?)?;
        if from > to || to >= SLOTS {
            return None;
        }
        let host = match host {
            Some(host) if host == "?" => continue,
            Some(host) if !host.is_empty() => host,
            _ => asked.host.clone(),
        };
        let primary = Address { host, port };
        all.push(Range { from, to, primary });
    }
    Some(all)
}

/// A slot or port; the client library would cut a larger number down to one.
fn number(value: Value) -> Option<u16> {
    u16::try_from(from_redis_value::<i64>(value).ok()?).ok()
}

/// Whether the server itself thinks that it is a primary. One that may not be asked is believed:
/// it will say `READONLY` if it is not.
pub(super) async fn check_role(server: &mut Connection) -> Result<(), Trouble> {
    let answer = match server.call(&cmd("ROLE")).await {
        Err(Trouble::Forbidden(_) | Trouble::Refused(_)) => return Ok(()),
        answer => answer?,
    };
    let role = match answer {
        Value::Array(parts) => parts.into_iter().next(),
        _ => None,
    };
    let role: String = role
        .and_then(|role| from_redis_value(role).ok())
        .unwrap_or_default();
    if role == "master" {
        return Ok(());
    }
    let server = server.address();
    Err(Trouble::Moved(format!(
        "{server} is no primary, its role is {role:?}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Range>> {
        let asked = Address {
            host: "seed".into(),
            port: 1,
        };
        let wire = text.replace('\n', "\r\n");
        ranges(redis::parse_redis_value(wire.as_bytes()).unwrap(), &asked)
    }

    #[test]
    fn slots_are_read_also_without_a_host() {
        let node = "*3\n$4\nhost\n:7\n$1\na\n";
        let empty = "*3\n$0\n\n:8\n$1\nb\n";
        let unnamed = "*2\n$-1\n:9\n";
        let told = format!(
            "*3\n*4\n:0\n:99\n{node}{empty}*3\n:100\n:200\n{empty}*3\n:201\n:16383\n{unnamed}"
        );
        let read = read(&told).unwrap();
        let places: Vec<_> = read
            .iter()
            .map(|range| (range.from, range.to, range.primary.to_string()))
            .collect();
        let known = [
            (0, 99, "host:7"),
            (100, 200, "seed:8"),
            (201, 16_383, "seed:9"),
        ];
        assert_eq!(
            places,
            known.map(|(from, to, name)| (from, to, name.to_owned()))
        );
    }

    #[test]
    fn slots_that_make_no_sense_are_refused() {
        for bad in [
            "$1\na\n",
            "*1\n*1\n:0\n",
            "*1\n*3\n:9\n:3\n*2\n$1\na\n:1\n",
            "*1\n*3\n:0\n:16384\n*2\n$1\na\n:1\n",
            "*1\n*3\n:0\n:5\n*2\n$1\na\n:99999\n",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        let unknown = "*1\n*3\n:0\n:5\n*2\n$1\n?\n:1\n";
        assert_eq!(read(unknown), Some(Vec::new()));
    }
}
