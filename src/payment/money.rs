//! Amounts as gateways write them, in minor units.

use crate::catalog::Currency;

/// Most digits of an amount: 10^15 of anything is no payment.
const DIGITS_MAX: usize = 15;

/// Minor units of an amount like `10000.00` or `150000`: digits, and decimals after one dot. What
/// a currency's minor unit cannot hold has to be zeros: 10000.50 rupiah is no amount (rupiah are
/// whole here).
pub(super) fn minor(text: &str, currency: Currency) -> Option<u64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=DIGITS_MAX).contains(&whole.len()) && decimals.len() <= DIGITS_MAX;
    // A zero in front has no meaning: it is a sign that two texts were parted elsewhere.
    let fits = fits && (whole == "0" || !whole.starts_with('0'));
    if !fits || !digits(whole) || !digits(decimals) {
        return None;
    }
    let kept = usize::from(currency.exponent());
    let (minor, rest) = decimals.split_at(kept.min(decimals.len()));
    if rest.bytes().any(|byte| byte != b'0') {
        return None;
    }
    format!("{whole}{minor:0<kept$}").parse().ok()
}

/// The currency of a code in capital letters.
pub(super) fn currency(code: &str) -> Option<Currency> {
    Currency::of(code).filter(|currency| currency.code() == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_by_the_currency() {
        for (text, code, minor_units) in [
            ("10000.00", "IDR", 10_000),
            ("10000", "IDR", 10_000),
            ("0", "IDR", 0),
            ("154600.0", "IDR", 154_600),
            ("10000.000000", "IDR", 10_000),
            ("12.5", "MYR", 1_250),
            ("12", "MYR", 1_200),
            ("12.340", "USD", 1_234),
            ("999999999999999", "IDR", 999_999_999_999_999),
        ] {
            let currency = currency(code).unwrap();
            assert_eq!(minor(text, currency), Some(minor_units), "{text} {code}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e4",
            "10,000",
            "10.000,00",
            "10000.50",
            "10000.001",
            "1 ",
            "01",
            "00",
            " 1",
            "1.0.0",
            "1_000",
            "0x10",
            "NaN",
            "1000000000000000",
            "１０",
        ] {
            assert_eq!(minor(text, Currency::IDR), None, "{text:?}");
        }
        assert_eq!(minor("1.005", Currency::USD), None);
    }

    #[test]
    fn currencies_are_codes_in_capitals() {
        assert_eq!(currency("IDR"), Some(Currency::IDR));
        for text in ["", "idr", "Rp", "XXX", "IDRX"] {
            assert_eq!(currency(text), None, "{text}");
        }
    }
}
