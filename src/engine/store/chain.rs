//! The chain of entries: each carries a checksum over itself and the checksum before it, so
//! that walking from any trusted point proves that nothing was altered, lost or moved.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::Error;
use crate::journal::{Partition, Position};

/// An entry's place and checksum: where the chain has got to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::engine) struct Link {
    pub(in crate::engine) position: Position,
    pub(in crate::engine) crc: u32,
}

impl Link {
    /// The link of the entry that comes after this one.
    pub(in crate::engine) fn then(
        self,
        partition: Partition,
        position: Position,
        payload: &[u8],
    ) -> Self {
        // One piece after the other, but handed over at once: each piece costs by itself.
        let mut place = [0; 22];
        place[..4].copy_from_slice(&self.crc.to_le_bytes());
        place[4..6].copy_from_slice(&partition.0.to_le_bytes());
        place[6..14].copy_from_slice(&position.epoch.to_le_bytes());
        place[14..].copy_from_slice(&position.seq.to_le_bytes());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&place);
        hasher.update(payload);
        Self {
            position,
            crc: hasher.finalize(),
        }
    }
}

/// SQLite's integers are signed: epochs and numbers are kept within them.
pub(super) fn signed(n: u64) -> Option<i64> {
    i64::try_from(n).ok()
}

/// The same for asking: nothing is stored above.
pub(super) fn capped(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Where the entries that were trimmed end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Floor {
    /// The last of them: the chain goes on from here, and this is taken on trust.
    pub(super) link: Link,
    /// How many there were.
    pub(super) entries: u64,
}

/// Where a partition's journal begins; the default if nothing was trimmed.
pub(super) fn floor(db: &Connection, partition: Partition) -> Result<Floor, Error> {
    let mut query =
        db.prepare_cached("SELECT epoch, seq, crc, entries FROM floors WHERE partition = ?1")?;
    let found = query
        .query_row([partition.0], |row| {
            let link = place(row)?.zip(unsigned(row, 2)?);
            let entries = u64::try_from(row.get::<_, i64>(3)?).ok();
            Ok(link.zip(entries))
        })
        .optional()?;
    let Some(found) = found else {
        return Ok(Floor::default());
    };
    let ((position, crc), entries) = found.ok_or_else(|| {
        let what = "where it was trimmed to is no place";
        Error::damaged(partition, Position::START, what)
    })?;
    Ok(Floor {
        link: Link { position, crc },
        entries,
    })
}

/// The last entry at or before a position, also the last that was trimmed. [`Error::Trimmed`]
/// before that one.
pub(super) fn link_at(db: &Connection, partition: Partition, at: Position) -> Result<Link, Error> {
    let mut query = db.prepare_cached(
        "SELECT epoch, seq, crc FROM entries
         WHERE partition = ?1 AND (epoch, seq) <= (?2, ?3)
         ORDER BY epoch DESC, seq DESC LIMIT 1",
    )?;
    let found = query
        .query_row(
            params![partition.0, capped(at.epoch), capped(at.seq)],
            |row| Ok(place(row)?.zip(unsigned(row, 2)?)),
        )
        .optional()?;
    let Some(found) = found else {
        let floor = floor(db, partition)?.link;
        return if floor.position <= at {
            Ok(floor)
        } else {
            Err(Error::trimmed(partition, floor.position))
        };
    };
    let (position, crc) =
        found.ok_or_else(|| Error::damaged(partition, at, "a place or checksum is no number"))?;
    Ok(Link { position, crc })
}

/// Walks at most `max` entries after `from`, checks each against the chain, and hands it on.
/// Moves `from` along; gives how many there were. One short read: a walk of many calls never
/// keeps the writer from tidying its file.
pub(super) fn walk(
    db: &Connection,
    partition: Partition,
    from: &mut Link,
    max: usize,
    mut each: impl FnMut(Position, &[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut query = db.prepare_cached(
        "SELECT epoch, seq, crc, payload FROM entries
         WHERE partition = ?1 AND (epoch, seq) > (?2, ?3) ORDER BY epoch, seq LIMIT ?4",
    )?;
    let (epoch, seq) = (capped(from.position.epoch), capped(from.position.seq));
    let max = i64::try_from(max).unwrap_or(i64::MAX);
    let mut rows = query.query(params![partition.0, epoch, seq, max])?;
    let mut count = 0;
    while let Some(row) = rows
        .next()
        .map_err(|error| unread(partition, from.position, error))?
    {
        let bad = |what: &str| Error::damaged(partition, from.position.next(), what);
        let position = place(row)?.ok_or_else(|| bad("its place is no number"))?;
        if !position.follows(from.position) {
            let what = format!("the entries between it and {position} are missing");
            return Err(gap(db, partition, from.position, from.position, &what));
        }
        let payload = row
            .get_ref(3)?
            .as_blob()
            .map_err(|_| bad("its payload is no bytes"))?;
        let link = from.then(partition, position, payload);
        if unsigned(row, 2)? != Some(link.crc) {
            let what = "its checksum does not fit it or the entry before it";
            return Err(gap(db, partition, from.position, position, what));
        }
        each(position, payload)?;
        *from = link;
        count += 1;
    }
    Ok(count)
}

/// Damage, unless what would follow `from` was trimmed, perhaps just now.
fn gap(db: &Connection, partition: Partition, from: Position, at: Position, what: &str) -> Error {
    match floor(db, partition) {
        Ok(floor) if from < floor.link.position => Error::trimmed(partition, floor.link.position),
        _ => Error::damaged(partition, at, what),
    }
}

/// A page that cannot be read is damage with a place.
fn unread(partition: Partition, after: Position, error: rusqlite::Error) -> Error {
    match Error::from(error) {
        Error::Corrupt(what) => Error::damaged(partition, after, format!("after it, {what}")),
        other => other,
    }
}

/// Columns 0 and 1 as a position; none if they are no such numbers.
pub(super) fn place(row: &Row<'_>) -> rusqlite::Result<Option<Position>> {
    let number = |column| row.get_ref(column).map(|value| value.as_i64().ok());
    let (epoch, seq) = (number(0)?, number(1)?);
    Ok(epoch
        .and_then(|n| u64::try_from(n).ok())
        .zip(seq.and_then(|n| u64::try_from(n).ok()))
        .map(|(epoch, seq)| Position { epoch, seq }))
}

/// A column as a checksum; none if it is no such number.
pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u32>> {
    Ok(row
        .get_ref(column)?
        .as_i64()
        .ok()
        .and_then(|n| u32::try_from(n).ok()))
}
