//! What Redis answers, read; and places, marks and links as the texts that stand there.

use redis::Value;

use super::Raw;
use crate::clock::Reading;
use crate::engine::redis::trouble::Trouble;
use crate::engine::store::Link;
use crate::engine::turn::{Mark, Place};
use crate::journal::Position;

/// Redis said something that these scripts do not say.
pub(super) fn strange(what: &str) -> Trouble {
    Trouble::Refused(what.to_owned())
}

pub(super) fn list(value: Value) -> Result<std::vec::IntoIter<Value>, Trouble> {
    match value {
        Value::Array(list) => Ok(list.into_iter()),
        _ => Err(strange("an answer that is no list")),
    }
}

pub(super) fn raws(epoch: u64, value: Option<Value>) -> Result<Vec<Raw>, Trouble> {
    let found = raws_of_any(value)?;
    if found.iter().all(|raw| raw.place.epoch == epoch) {
        Ok(found)
    } else {
        Err(strange("turns of another epoch"))
    }
}

pub(super) fn raws_of_any(value: Option<Value>) -> Result<Vec<Raw>, Trouble> {
    let Some(Value::Array(list)) = value else {
        return Err(strange("turns that are no list"));
    };
    let turns = list.into_iter().map(raw);
    turns
        .collect::<Option<_>>()
        .ok_or_else(|| strange("a turn that was not written here"))
}

fn raw(value: Value) -> Option<Raw> {
    let Value::Array(parts) = value else {
        return None;
    };
    let [id, Value::Array(fields)] = <[Value; 2]>::try_from(parts).ok()? else {
        return None;
    };
    let id = text(Some(id))?;
    let (epoch, index) = id.split_once('-')?;
    let fields = <[Value; 12]>::try_from(fields).ok()?;
    let [_, before, _, nonce, _, time, _, suspect, _, mark, _, body] = fields;
    let Value::BulkString(body) = body else {
        return None;
    };
    Some(Raw {
        place: Place {
            epoch: epoch.parse().ok()?,
            index: index.parse().ok()?,
            nonce: nonce_from(&text(Some(nonce))?)?,
        },
        before: nonce_from(&text(Some(before))?)?,
        at: Reading {
            now_ms: number(Some(time))?,
            suspect: number(Some(suspect))? == 1,
        },
        mark: mark_from(&text(Some(mark))?),
        body,
    })
}

pub(super) fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

pub(super) fn number(value: Option<Value>) -> Option<u64> {
    match value? {
        Value::Int(number) => u64::try_from(number).ok(),
        other => text(Some(other))?.parse().ok(),
    }
}

pub(super) fn nonce_text(nonce: u64) -> String {
    format!("{nonce:016x}")
}

pub(super) fn nonce_from(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

pub(super) fn link_text(link: Link) -> String {
    format!("{} {} {}", link.position.epoch, link.position.seq, link.crc)
}

pub(super) fn link_from(text: &str) -> Option<Link> {
    let mut words = text.split(' ').map(|word| word.parse::<u64>().ok());
    let position = Position {
        epoch: words.next()??,
        seq: words.next()??,
    };
    let crc = u32::try_from(words.next()??).ok()?;
    Some(Link { position, crc })
}

pub(super) fn mark_text(mark: &Mark) -> String {
    let Place {
        epoch,
        index,
        nonce,
    } = mark.place;
    format!(
        "{epoch} {index} {} {}",
        nonce_text(nonce),
        link_text(mark.link())
    )
}

fn mark_from(text: &str) -> Option<Mark> {
    let mut words = text.splitn(4, ' ');
    let place = Place {
        epoch: words.next()?.parse().ok()?,
        index: words.next()?.parse().ok()?,
        nonce: nonce_from(words.next()?)?,
    };
    let Link { position, crc } = link_from(words.next()?)?;
    Some(Mark {
        place,
        position,
        crc,
    })
}
