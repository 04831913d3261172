//! From bytes to text: UTF-8 with or without mark, UTF-16, and Windows-1252 when it is plainly that.

use std::io::Read;

use super::error::Error;

/// Something to tell about the whole file: a code and a sentence.
pub(super) type FileRemark = Option<(&'static str, String)>;

/// First bytes of files that people take for a CSV.
const OTHER_KINDS: [(&[u8], &str); 5] = [
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"\xD0\xCF\x11\xE0", "an old Excel workbook"),
    (b"\x1F\x8B", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"{\\rtf", "an RTF document"),
];

/// What Windows-1252 has at 0x80–0x9F; NUL where it has nothing.
const WINDOWS_1252: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
    '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Reads everything, at most `limit` bytes, as text with `\n` as its only line end.
pub(super) fn text_of(input: impl Read, limit: usize) -> Result<(String, FileRemark), Error> {
    let mut bytes = Vec::new();
    input.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let what = "the file (bytes)";
        return Err(Error::TooLarge {
            what,
            limit,
            line: None,
        });
    }
    let (text, remark) = decode(bytes)?;
    if text.trim().is_empty() {
        return Err(Error::EmptyFile);
    }
    Ok((one_line_end(text), remark))
}

fn decode(bytes: Vec<u8>) -> Result<(String, FileRemark), Error> {
    for (start, what) in OTHER_KINDS {
        if bytes.starts_with(start) {
            return Err(Error::NotText { what });
        }
    }
    let remark = |name| Some(("encoding", format!("the file is not UTF-8; read as {name}")));
    match bytes[..] {
        [0xEF, 0xBB, 0xBF, ..] => return utf8(bytes[3..].to_vec()),
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => return Err(Error::NotUtf8 { line: 1 }),
        [0xFF, 0xFE, ref rest @ ..] => {
            return Ok((utf16(rest, u16::from_le_bytes)?, remark("UTF-16")));
        }
        [0xFE, 0xFF, ref rest @ ..] => {
            return Ok((utf16(rest, u16::from_be_bytes)?, remark("UTF-16")));
        }
        [a, 0, b, 0, ..] if a != 0 && b != 0 => {
            return Ok((utf16(&bytes, u16::from_le_bytes)?, remark("UTF-16")));
        }
        [0, a, 0, b, ..] if a != 0 && b != 0 => {
            return Ok((utf16(&bytes, u16::from_be_bytes)?, remark("UTF-16")));
        }
        _ => {}
    }
    utf8(bytes)
}

fn utf8(bytes: Vec<u8>) -> Result<(String, FileRemark), Error> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, None)),
        Err(not) => {
            let good = not.utf8_error().valid_up_to();
            let bytes = not.into_bytes();
            let why = "the file is not UTF-8; read as Windows-1252: check letters with accents";
            match windows_1252(&bytes) {
                Some(text) => Ok((text, Some(("encoding", why.to_owned())))),
                None => Err(Error::NotUtf8 {
                    line: line_at(&bytes, good),
                }),
            }
        }
    }
}

/// Text in Windows-1252, if the bytes are plausibly that: nothing undefined in it, few letters
/// beyond ASCII, and none of them a correct UTF-8 sequence (that would be a damaged UTF-8 file).
fn windows_1252(bytes: &[u8]) -> Option<String> {
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let damaged_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if damaged_utf8 || bytes.contains(&0) || high > bytes.len() / 10 {
        return None;
    }
    bytes
        .iter()
        .map(|&byte| match byte {
            0x80..=0x9F => Some(WINDOWS_1252[usize::from(byte - 0x80)]).filter(|&c| c != '\0'),
            _ => Some(char::from(byte)),
        })
        .collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Error> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let broken = |text: &str| Error::NotUtf8 {
        line: line_at(text.as_bytes(), text.len()),
    };
    for c in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        match c {
            Ok(c) => text.push(c),
            Err(_) => return Err(broken(&text)),
        }
    }
    if odd.is_empty() {
        Ok(text)
    } else {
        Err(broken(&text))
    }
}

fn line_at(bytes: &[u8], end: usize) -> u64 {
    bytes[..end].split(|&byte| byte == b'\n').count() as u64
}

/// `\r\n` and a lone `\r` become `\n`, so that lines are counted as an editor counts them.
fn one_line_end(text: String) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text
    }
}
