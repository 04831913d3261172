//! Frames as bytes: a crew reads a hundred thousand of them a second, so it looks for the few
//! fields that prove something and does not build a tree of each.

/// Opcode of a text frame.
pub(super) const TEXT: u8 = 1;
/// Opcode of a binary frame.
pub(super) const BINARY: u8 = 2;
/// Opcode of a close.
pub(super) const CLOSE: u8 = 8;
/// Opcode of a ping.
pub(super) const PING: u8 = 9;

/// Hands on every whole frame (opcode, payload); how many bytes they took.
pub(super) fn whole(bytes: &[u8], mut each: impl FnMut(u8, &[u8])) -> usize {
    let mut taken = 0;
    while let Some((opcode, head, length)) = header(&bytes[taken..]) {
        let begin = taken + head;
        let Some(payload) = bytes.get(begin..begin + length) else {
            break;
        };
        each(opcode, payload);
        taken = begin + length;
    }
    taken
}

/// Opcode, length of the header, length of the payload; none if the header is not whole.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let opcode = bytes.first()? & 0x0f;
    match bytes.get(1)? & 0x7f {
        126 => {
            let long = bytes.get(2..4)?;
            Some((
                opcode,
                4,
                usize::from(u16::from_be_bytes([long[0], long[1]])),
            ))
        }
        127 => {
            let long: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
            Some((opcode, 10, usize::try_from(u64::from_be_bytes(long)).ok()?))
        }
        short => Some((opcode, 2, usize::from(short))),
    }
}

/// The number behind a key such as `"s":`, looked for from the left.
pub(super) fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let at = text.windows(key.len()).position(|part| part == key)? + key.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut value = None;
    for digit in digits {
        value = Some(
            value
                .unwrap_or(0_u64)
                .wrapping_mul(10)
                .wrapping_add(u64::from(digit - b'0')),
        );
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_or_not_there() {
        let long = vec![b'x'; 300];
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x82, 126, 1, 44];
        bytes.extend_from_slice(&long);
        for cut in 0..=bytes.len() {
            let mut heard = Vec::new();
            let taken = whole(&bytes[..cut], |opcode, payload| {
                heard.push((opcode, payload.len()));
            });
            let whole = usize::from(cut >= 4) + usize::from(cut == bytes.len());
            assert_eq!(heard.len(), whole);
            assert_eq!(taken, [0, 4, bytes.len()][whole]);
        }
    }

    #[test]
    fn numbers_are_found_by_their_key() {
        let text = br#"{"type":"stock","epoch":1,"p":47,"s":4730,"items":[]}"#;
        assert_eq!(number(text, b"\"p\":"), Some(47));
        assert_eq!(number(text, b"\"s\":"), Some(4730));
        assert_eq!(number(text, b"\"none\":"), None);
    }
}
