//! The payload of a QR code for one payment, in the form that `EMVCo` and QRIS give it: tags of two
//! digits, lengths of two digits, values; a CRC at the end.
//!
//! The account is of a made-up scheme (`ID.LAPAK.SANDBOX`), so no bank's app takes it for money.

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Bill<'a> {
    /// Who is paid; at most 25 bytes are shown.
    pub merchant: &'a str,
    /// Minor units.
    pub amount: u64,
    /// Decimals of the currency's minor unit.
    pub decimals: u8,
    /// The currency's number of ISO 4217.
    pub currency: &'a str,
    /// The payment, for the gateway; at most 25 bytes.
    pub reference: &'a str,
}

/// The payload.
pub fn payload(bill: &Bill<'_>) -> String {
    let account = [
        ("00", "ID.LAPAK.SANDBOX"),
        ("02", "LAPAK0000000001"),
        ("03", "UMI"),
    ];
    let mut said = fields(&[
        ("00", "01"),
        // A code for one payment, not a sticker at the till.
        ("01", "12"),
        ("26", &fields(&account)),
        ("52", "5999"),
        ("53", bill.currency),
        ("54", &amount(bill.amount, bill.decimals)),
        ("58", "ID"),
        ("59", short(bill.merchant)),
        ("60", "JAKARTA"),
        ("62", &fields(&[("05", short(bill.reference))])),
    ]);
    // The CRC covers its own tag and length.
    said.push_str("6304");
    let sum = crc(said.as_bytes());
    format!("{said}{sum:04X}")
}

/// Each tag with its length and value; values have at most 99 bytes here.
fn fields(parts: &[(&str, &str)]) -> String {
    let field = |(tag, value): &(&str, &str)| format!("{tag}{:02}{value}", value.len());
    parts.iter().map(field).collect()
}

fn amount(minor: u64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    let digits = format!("{minor:0>width$}", width = decimals + 1);
    match digits.split_at_checked(digits.len() - decimals) {
        Some((whole, rest)) if !rest.is_empty() => format!("{whole}.{rest}"),
        _ => digits,
    }
}

/// At most 25 bytes, of whole characters.
fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(25)).unwrap_or(text)
}

/// CRC-16 with the polynomial 1021 from FFFF (ISO/IEC 13239, as `EMVCo` wants it).
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |sum, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum: u16, _| {
            let carry = sum & 0x8000 != 0;
            (sum << 1) ^ if carry { 0x1021 } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tags and values, read as an app would.
    fn parts(mut text: &str) -> Vec<(&str, &str)> {
        let mut found = Vec::new();
        while !text.is_empty() {
            let length: usize = text[2..4].parse().unwrap();
            found.push((&text[..2], &text[4..4 + length]));
            text = &text[4 + length..];
        }
        found
    }

    #[test]
    fn the_crc_is_that_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0x29B1);
        assert_eq!(crc(b""), 0xFFFF);
    }

    #[test]
    fn a_payload_can_be_read() {
        let bill = Bill {
            merchant: "LAPAK SANDBOX",
            amount: 219_780,
            decimals: 0,
            currency: "360",
            reference: "0123456789abcdef01234567",
        };
        let said = payload(&bill);
        let read = parts(&said);
        let value = |tag: &str| read.iter().find(|(known, _)| *known == tag).unwrap().1;
        assert_eq!((read[0], value("01")), (("00", "01"), "12"));
        assert_eq!(
            (value("53"), value("54"), value("58")),
            ("360", "219780", "ID")
        );
        assert_eq!(value("59"), "LAPAK SANDBOX");
        assert_eq!(parts(value("62")), [("05", bill.reference)]);
        assert_eq!(parts(value("26"))[0], ("00", "ID.LAPAK.SANDBOX"));
        let (before, sum) = said.split_at(said.len() - 4);
        assert_eq!(format!("{:04X}", crc(before.as_bytes())), sum);
        assert_eq!(read.last().unwrap().0, "63");
    }

    #[test]
    fn amounts_have_their_decimals() {
        let written = [
            amount(5, 2),
            amount(0, 0),
            amount(123_456, 2),
            amount(100, 0),
        ];
        assert_eq!(written, ["0.05", "0", "1234.56", "100"]);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(short("LAPAK"), "LAPAK");
        assert_eq!(short(&"é".repeat(20)).len(), 24);
    }
}
