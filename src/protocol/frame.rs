//! A message as it is handed round: encoded once, with the header of a WebSocket text frame
//! already in front, so that one buffer is written to ten thousand sockets as it is.

use std::ops::Deref;

use bytes::Bytes;
use serde::Serialize;

/// The longest header of a frame that a server sends: it masks nothing.
const HEADER_MAX: usize = 10;
/// Room for most messages, so that encoding them asks for memory once.
const USUAL: usize = 512;
/// First byte of a text that is one frame.
const TEXT: u8 = 0x81;

/// One encoded message, shared by all who get it. It reads as its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Header and text.
    wire: Bytes,
    /// Bytes of the header.
    header: u8,
}

impl Frame {
    /// Encodes a message. Ours always serialise: no map with odd keys, no float.
    pub fn of(message: &impl Serialize) -> Self {
        let mut bytes = Vec::with_capacity(USUAL);
        bytes.resize(HEADER_MAX, 0);
        match serde_json::to_writer(&mut bytes, message) {
            Ok(()) => Self::with_header(bytes),
            Err(_) => Self::default(),
        }
    }

    /// Takes bytes that have room for a header in front.
    fn with_header(mut bytes: Vec<u8>) -> Self {
        let length = bytes.len() - HEADER_MAX;
        let (header, at) = header(TEXT, length);
        let begins = HEADER_MAX - at;
        if let Some(room) = bytes.get_mut(begins..HEADER_MAX) {
            room.copy_from_slice(&header[..at]);
        }
        bytes.shrink_to_fit();
        Self {
            wire: Bytes::from(bytes).slice(begins..),
            header: u8::try_from(at).unwrap_or(0),
        }
    }

    /// What is written to a WebSocket.
    pub fn wire(&self) -> &Bytes {
        &self.wire
    }
}

impl Deref for Frame {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.wire.get(usize::from(self.header)..).unwrap_or(&[])
    }
}

/// The header of an unmasked frame with this first byte, and how many of its bytes count.
pub fn header(first: u8, length: usize) -> ([u8; HEADER_MAX], usize) {
    let mut header = [0; HEADER_MAX];
    header[0] = first;
    let at = match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => {
            header[1] = short;
            2
        }
        (_, Ok(middle)) => {
            header[1] = 126;
            header[2..4].copy_from_slice(&middle.to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(length as u64).to_be_bytes());
            HEADER_MAX
        }
    };
    (header, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_stands_in_front_of_the_text() {
        for (length, begins) in [
            (0, &[0x81, 2][..]),
            (123, &[0x81, 125]),
            (124, &[0x81, 126, 0, 126]),
            (65_533, &[0x81, 126, 0xff, 0xff]),
            (65_534, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = "x".repeat(length);
            let frame = Frame::of(&text);
            assert_eq!(&*frame, format!("\"{text}\"").as_bytes());
            assert_eq!(frame.wire().len(), begins.len() + length + 2);
            assert!(frame.wire().starts_with(begins), "{length}");
        }
    }

    #[test]
    fn no_message_is_no_bytes() {
        assert!(Frame::default().is_empty() && Frame::default().wire().is_empty());
    }
}
