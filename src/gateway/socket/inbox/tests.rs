//! Frames whole, in fragments, and in whatever pieces the network makes of them.

use bytes::Buf;
use proptest::prelude::*;

use super::*;

fn frame(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        middle @ 126..65_536 => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(u16::try_from(middle).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    let masked = payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m);
    bytes.extend(masked);
    bytes
}

/// All that is heard of bytes that come in pieces of so many.
fn heard(bytes: &[u8], piece: usize, longest: usize) -> Result<Vec<Heard>, Malformed> {
    let (mut inbox, mut all) = (Inbox::default(), Vec::new());
    for piece in bytes.chunks(piece) {
        let mut waiting = std::mem::take(&mut inbox.waiting);
        waiting.extend_from_slice(piece);
        loop {
            let (used, said) = inbox.next(&mut waiting, longest)?;
            waiting.advance(used);
            match said {
                Some(said) => all.push(said),
                None => break,
            }
        }
        inbox.waiting = waiting;
    }
    Ok(all)
}

#[test]
fn a_message_longer_than_allowed_is_refused_by_its_head() {
    let mut head = frame(0x81, [0; 4], &[b'x'; 4_097]);
    head.truncate(8);
    assert_eq!(heard(&head, 8, 4_096), Err(Malformed));
    assert!(heard(&head, 8, 4_097).is_ok());
    let half = [b'x'; 3_000];
    let two = [frame(0x01, [1; 4], &half), frame(0x80, [2; 4], &half)].concat();
    assert_eq!(heard(&two, 100, 5_999), Err(Malformed));
    assert!(heard(&two, 100, 6_000).is_ok());
}

#[test]
fn a_good_bye_is_said_back() {
    for (said, back) in [
        (&b""[..], Ok(&b""[..])),
        (b"\x03\xe8bye", Ok(b"\x03\xe8bye")),
        (b"\x13\x87", Ok(b"\x13\x87")),
        (b"\x03\xed", Ok(b"\x03\xea")),
        (b"\x13\x88", Ok(b"\x03\xea")),
        (b"\x03", Err(Malformed)),
        (b"\x03\xe8\xff", Err(Malformed)),
    ] {
        let expected = back.map(|back| vec![Heard::Close(back.to_vec())]);
        assert_eq!(heard(&frame(0x88, [7; 4], said), 1, 100), expected);
    }
}

proptest! {
    #[test]
    fn however_it_is_cut_it_is_the_same(
        texts in prop::collection::vec((".{0,300}", any::<[u8; 4]>(), 0..5_usize), 0..6),
        piece in 1..200_usize,
    ) {
        let (mut bytes, mut said) = (Vec::new(), Vec::new());
        for (text, mask, fragments) in texts {
            let whole = text.as_bytes();
            let size = (whole.len() / (fragments + 1)).max(1);
            let mut parts: Vec<&[u8]> = whole.chunks(size).collect();
            if parts.is_empty() {
                parts.push(b"");
            }
            let last = parts.len() - 1;
            for (at, part) in parts.into_iter().enumerate() {
                let opcode = u8::from(at == 0);
                let fin = if at == last { 0x80 } else { 0 };
                if at > 0 {
                    bytes.extend(frame(0x89, mask, b"between"));
                    said.push(Heard::Ping(b"between".to_vec()));
                }
                bytes.extend(frame(fin | opcode, mask, part));
            }
            said.push(Heard::Text(text));
        }
        prop_assert_eq!(heard(&bytes, piece, 4_096), Ok(said));
    }

    #[test]
    fn no_bytes_make_it_panic_or_keep_more_than_a_message(bytes in prop::collection::vec(any::<u8>(), 0..2_000), piece in 1..100_usize) {
        let _ = heard(&bytes, piece, 1_000);
    }
}
