//! QR codes as rows of modules, so that a page draws them without a library.

use qrcodegen::{QrCode, QrCodeEcc};

/// The modules of a QR code, row by row: `1` is dark, `0` is light. Without the quiet zone: who
/// draws it leaves four modules of light around. None if the text is too long for a QR code.
pub fn rows(text: &str) -> Option<Vec<String>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let module = |x, y| if code.get_module(x, y) { '1' } else { '0' };
    let rows = (0..size).map(|y| (0..size).map(|x| module(x, y)).collect());
    Some(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a phone would read.
    fn read_back(rows: &[String]) -> String {
        const ZONE: usize = 4;
        const PIXELS: usize = 4;
        let side = (rows.len() + 2 * ZONE) * PIXELS;
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            let row = (y / PIXELS).checked_sub(ZONE).and_then(|y| rows.get(y));
            let at = (x / PIXELS).checked_sub(ZONE);
            let dark = row
                .zip(at)
                .is_some_and(|(row, at)| row.as_bytes().get(at) == Some(&b'1'));
            if dark { 0 } else { 255 }
        });
        let found = picture.detect_grids();
        assert_eq!(found.len(), 1);
        found[0].decode().unwrap().1
    }

    #[test]
    fn what_is_drawn_is_what_was_said() {
        let long = "0123456789".repeat(40);
        for text in ["x", "000201010212", "Lapak dijual 100% — é", long.as_str()] {
            let rows = rows(text).unwrap();
            assert!(rows.iter().all(|row| row.len() == rows.len()));
            assert_eq!(read_back(&rows), text);
        }
    }

    #[test]
    fn a_novel_is_no_qr_code() {
        assert_eq!(rows(&"x".repeat(5_000)), None);
    }
}
