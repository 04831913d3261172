//! The body of a turn as bytes: a kind, then requests or entries, each behind its length.
//!
//! ```text
//! 1  (length, request)…                                    see codec::encode_request
//! 2  end: epoch, number, checksum · last: 0 or 1 · (epoch, number, checksum, length, payload)…
//! ```
//! Numbers are little-endian: lengths and checksums 4 bytes, epochs and numbers 8.

use std::sync::Arc;

use crate::domain::{Request, ShopId};
use crate::engine::codec::{self, CodecError};
use crate::engine::store::Link;
use crate::engine::turn::{Entries, What};
use crate::journal::{Entry, Partition, Position, Sealed};

const REQUESTS: u8 = 1;
const ENTRIES: u8 = 2;

/// Begins a body of requests.
pub(super) fn requests() -> Vec<u8> {
    vec![REQUESTS]
}

/// Adds a request to a body.
pub(super) fn push(body: &mut Vec<u8>, shop: &ShopId, request: &Request) {
    let at = body.len();
    body.extend_from_slice(&[0; 4]);
    codec::encode_request(shop, request, body);
    let length = u32::try_from(body.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(place) = body.get_mut(at..at + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// A body of entries that lead up to `end`; `last` if no turn with more of them follows.
pub(super) fn entries(sealed: &[Sealed], end: Link, last: bool) -> Vec<u8> {
    let mut body = vec![ENTRIES];
    put_link(&mut body, end.position, end.crc);
    body.push(u8::from(last));
    for one in sealed {
        put_link(&mut body, one.entry.position, one.crc);
        let length = u32::try_from(one.payload.len()).unwrap_or(u32::MAX);
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&one.payload);
    }
    body
}

fn put_link(body: &mut Vec<u8>, position: Position, crc: u32) {
    body.extend_from_slice(&position.epoch.to_le_bytes());
    body.extend_from_slice(&position.seq.to_le_bytes());
    body.extend_from_slice(&crc.to_le_bytes());
}

/// Reads a body; nobody on this node waits for its requests.
pub(super) fn read(partition: Partition, body: &[u8]) -> Result<What, CodecError> {
    let mut rest = Rest(body);
    match rest.take::<1>()? {
        [REQUESTS] => {
            let mut list = Vec::new();
            while !rest.0.is_empty() {
                let (shop, request) = codec::decode_request(rest.counted()?)?;
                list.push((shop, Box::new(request), None));
            }
            Ok(What::Requests(list))
        }
        [ENTRIES] => {
            let end = rest.link()?;
            let last = rest.take::<1>()? != [0];
            let mut sealed = Vec::new();
            while !rest.0.is_empty() {
                let Link { position, crc } = rest.link()?;
                let payload = rest.counted()?.to_vec();
                let (shop, decision) = codec::decode_entry(&payload)?;
                let decision = Arc::new(decision);
                let entry = Entry {
                    partition,
                    position,
                    shop,
                    decision,
                };
                sealed.push(Sealed {
                    entry,
                    payload,
                    crc,
                });
            }
            Ok(What::Entries(Entries { sealed, end, last }))
        }
        [kind] => Err(CodecError::Tag {
            what: "a turn",
            tag: kind,
        }),
    }
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(CodecError::Short)?;
        self.0 = tail;
        Ok(*head)
    }

    fn counted(&mut self) -> Result<&'a [u8], CodecError> {
        let length = usize::try_from(u32::from_le_bytes(self.take()?)).unwrap_or(usize::MAX);
        let (head, tail) = self.0.split_at_checked(length).ok_or(CodecError::Short)?;
        self.0 = tail;
        Ok(head)
    }

    fn link(&mut self) -> Result<Link, CodecError> {
        let position = Position {
            epoch: u64::from_le_bytes(self.take()?),
            seq: u64::from_le_bytes(self.take()?),
        };
        let crc = u32::from_le_bytes(self.take()?);
        Ok(Link { position, crc })
    }
}
