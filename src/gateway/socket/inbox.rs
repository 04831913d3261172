//! Reads what a client says (RFC 6455): frames out of bytes, messages out of frames.
//!
//! Bytes are read into a buffer that all sockets of a loop share; here stays only what is not a
//! whole frame yet, or not to be looked at yet. So a connection that says nothing keeps nothing.

use bytes::BytesMut;

/// Bytes of the longest payload of a frame that is no message: ping, pong, close.
const CONTROL_MAX: usize = 125;

/// What a client said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A whole message.
    Text(String),
    /// To be given back.
    Ping(Vec<u8>),
    /// A sign of life.
    Pong,
    /// Good-bye, with the payload to say it back with.
    Close(Vec<u8>),
}

/// What no client may say: the connection is closed with 4400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// What was said and is not understood yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// Bytes behind the last whole frame.
    pub(super) waiting: BytesMut,
    /// A message whose first fragments have come.
    begun: Option<Vec<u8>>,
}

/// A frame's first bytes, understood.
struct Head {
    last: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Where the payload begins.
    begins: usize,
    payload: usize,
}

impl Inbox {
    /// With what came behind the handshake.
    pub(super) fn with(waiting: &[u8]) -> Self {
        Self {
            waiting: BytesMut::from(waiting),
            begun: None,
        }
    }

    /// The next thing said at the beginning of `bytes`, and how many of them it took; none if it
    /// is not all there. Fragments are put together on the way. `longest` is a message's bytes.
    pub(super) fn next(
        &mut self,
        bytes: &mut [u8],
        longest: usize,
    ) -> Result<(usize, Option<Heard>), Malformed> {
        let mut used = 0;
        while let Some(rest) = bytes.get_mut(used..) {
            let Some(head) = Head::read(rest)? else {
                break;
            };
            if head.payload > longest.saturating_sub(self.begun.as_ref().map_or(0, Vec::len)) {
                return Err(Malformed);
            }
            let Some(payload) = rest.get_mut(head.begins..head.begins + head.payload) else {
                break;
            };
            unmask(payload, head.mask);
            used += head.begins + head.payload;
            if let Some(heard) = self.frame(&head, payload)? {
                return Ok((used, Some(heard)));
            }
        }
        Ok((used, None))
    }

    fn frame(&mut self, head: &Head, payload: &[u8]) -> Result<Option<Heard>, Malformed> {
        match (head.opcode, self.begun.as_mut()) {
            (0x8, _) => good_bye(payload).map(|said| Some(Heard::Close(said))),
            (0x9, _) => Ok(Some(Heard::Ping(payload.to_vec()))),
            (0xa, _) => Ok(Some(Heard::Pong)),
            (0x0, Some(begun)) => {
                begun.extend_from_slice(payload);
                if !head.last {
                    return Ok(None);
                }
                let whole = self.begun.take().unwrap_or_default();
                text(whole).map(Some)
            }
            (0x1, None) if head.last => text(payload.to_vec()).map(Some),
            (0x1, None) => {
                self.begun = Some(payload.to_vec());
                Ok(None)
            }
            // A binary message, a continuation of nothing, a message within a message, an opcode
            // that means nothing.
            _ => Err(Malformed),
        }
    }
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let (Some(&first), Some(&second)) = (bytes.first(), bytes.get(1)) else {
            return Ok(None);
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let control = opcode & 0x08 != 0;
        let short = usize::from(second & 0x7f);
        // No extension was agreed on, clients mask, and what is no message is short and whole.
        if first & 0x70 != 0 || second & 0x80 == 0 || (control && (!last || short > CONTROL_MAX)) {
            return Err(Malformed);
        }
        let (head, payload) = match short {
            126 => (8, long(bytes.get(2..4))),
            127 => (14, long(bytes.get(2..10))),
            _ => (6, Some(short)),
        };
        let (Some(payload), Some(mask)) = (payload, bytes.get(head - 4..head)) else {
            return Ok(None);
        };
        Ok(Some(Self {
            last,
            opcode,
            mask: mask.try_into().unwrap_or_default(),
            begins: head,
            payload,
        }))
    }
}

/// A length in network order; one that is beyond this machine is beyond every limit.
fn long(bytes: Option<&[u8]>) -> Option<usize> {
    let sum = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    let length = bytes?.iter().fold(0, sum);
    Some(usize::try_from(length).map_or(MOST, |length| length.min(MOST)))
}

/// Far above every limit, and nothing overflows by adding to it.
const MOST: usize = usize::MAX / 4;

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from(u32::from_ne_bytes(mask)) * 0x1_0000_0001;
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes(chunk.try_into().unwrap_or_default()) ^ wide;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    let rest = chunks.into_remainder().iter_mut();
    rest.zip(mask.iter().cycle()).for_each(|(b, m)| *b ^= m);
}

fn text(bytes: Vec<u8>) -> Result<Heard, Malformed> {
    String::from_utf8(bytes)
        .map(Heard::Text)
        .map_err(|_| Malformed)
}

/// What to say back to a good-bye: the same, or 1002 to a code that nobody may say.
fn good_bye(payload: &[u8]) -> Result<Vec<u8>, Malformed> {
    let (code, reason) = match payload {
        [] => return Ok(Vec::new()),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        [_] => return Err(Malformed),
    };
    std::str::from_utf8(reason).map_err(|_| Malformed)?;
    Ok(match code {
        1000..=1003 | 1007..=1014 | 3000..=4999 => payload.to_vec(),
        _ => 1002_u16.to_be_bytes().to_vec(),
    })
}

#[cfg(test)]
mod tests;
