//! The bytes of the journal, of snapshots and of requests on their way: written by hand, so that
//! no type of `domain` is ever serialised by derive and an entry written years ago is still read.
//!
//! A payload is a format byte and then fields in a fixed order. Numbers are variable-length
//! (seven bits a byte, lowest first), times are differences from the time written before, and
//! each text or drop id is spelled out once and named by its number afterwards. Every variant
//! has a tag that is never given to another one. Adding a field means a new format byte and a
//! reader for both.

#[cfg(test)]
mod any;
mod event;
mod outcome;
mod request;
mod shop;
#[cfg(test)]
mod tests;
mod value;
mod wire;

pub use request::{decode_request, encode_request};
pub use wire::CodecError;

use std::collections::HashMap;

use crate::domain::{Decision, Shop, ShopId};
use wire::{Code, Reader, Writer};

/// The first byte of an entry's payload. Format 1 knew no orders, format 2 not what the command was
/// called; both are still read.
const ENTRY_FORMAT: u8 = 3;
/// The first byte of a snapshot. An earlier one is passed over: the journal is read instead.
const SNAPSHOT_FORMAT: u8 = 2;

/// Appends an entry's payload to `out`.
pub fn encode_entry(shop: &ShopId, decision: &Decision, out: &mut Vec<u8>) {
    out.push(ENTRY_FORMAT);
    let mut writer = Writer::new(out);
    shop.put(&mut writer);
    decision.put(&mut writer);
}

/// Reads an entry's payload; the bytes must be one whole entry and nothing else. Total: any
/// bytes give a result, and memory stays within a small multiple of their number.
pub fn decode_entry(bytes: &[u8]) -> Result<(ShopId, Decision), CodecError> {
    let mut reader = Reader::new(bytes);
    reader.format(1..=ENTRY_FORMAT)?;
    let entry = (ShopId::take(&mut reader)?, Decision::take(&mut reader)?);
    reader.end()?;
    Ok(entry)
}

/// A partition's shops as one snapshot. Equal shops give equal bytes.
pub fn encode_snapshot<S>(shops: &HashMap<ShopId, Shop, S>) -> Vec<u8> {
    let mut out = vec![SNAPSHOT_FORMAT];
    let mut writer = Writer::new(&mut out);
    let mut sorted: Vec<_> = shops.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| *id);
    writer.count(sorted.len());
    for (id, shop) in sorted {
        id.put(&mut writer);
        shop::put(shop, &mut writer);
    }
    out
}

/// Reads a snapshot; as total as [`decode_entry`].
pub fn decode_snapshot(bytes: &[u8]) -> Result<HashMap<ShopId, Shop>, CodecError> {
    let mut reader = Reader::new(bytes);
    reader.format(SNAPSHOT_FORMAT..=SNAPSHOT_FORMAT)?;
    let count = reader.count()?;
    let mut shops = HashMap::new();
    for _ in 0..count {
        let id = ShopId::take(&mut reader)?;
        if shops.insert(id, shop::take(&mut reader)?).is_some() {
            return Err(CodecError::Range("a shop twice"));
        }
    }
    reader.end()?;
    Ok(shops)
}
