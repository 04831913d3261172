//! Prices as people and programs write them, to whole minor units. Never a float, never a guess.

use super::currency::Currency;
use super::text::quoted;

/// The largest price: what every reader of JSON can still hold exactly.
const PRICE_MAX: u64 = (1 << 53) - 1;

/// Why an amount is not a price in this currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Missing,
    Unreadable,
    Negative,
    Decimals,
    Ambiguous,
    OtherCurrency,
    TooLarge,
}

impl Fault {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Missing => "price_missing",
            Self::Unreadable => "price_unreadable",
            Self::Negative => "price_negative",
            Self::Decimals => "price_decimals",
            Self::Ambiguous => "price_ambiguous",
            Self::OtherCurrency => "price_currency",
            Self::TooLarge => "price_too_large",
        }
    }

    /// A sentence for the report.
    pub(super) fn why(self, text: &str, currency: Currency) -> String {
        let (price, code, decimals) = (quoted(text), currency.code(), currency.exponent());
        match self {
            Self::Missing => "it has no price".to_owned(),
            Self::Unreadable => format!("the price {price} is not an amount"),
            Self::Negative => format!("the price {price} is negative"),
            Self::Decimals => format!(
                "the price {price} has more decimals than {code} has here ({decimals}); is the file in another currency?"
            ),
            Self::Ambiguous => format!("the price {price} can be read as thousands or as decimals"),
            Self::OtherCurrency => format!("the price {price} is not in {code}"),
            Self::TooLarge => format!("the price {price} is too large"),
        }
    }
}

/// `1,234.50`, `1.234,50`, `Rp 99.000`, `Rp99.000,-`, `RM 5`, `(5.00)`: the amount in minor units.
pub(super) fn minor_units(text: &str, currency: Currency) -> Result<u64, Fault> {
    if text.is_empty() {
        return Err(Fault::Missing);
    }
    let is_digit = |c: char| c.is_ascii_digit();
    let (Some(first), Some(last)) = (text.find(is_digit), text.rfind(is_digit)) else {
        return Err(Fault::Unreadable);
    };
    let negative = surroundings(&text[..first], &text[last + 1..], currency)?;
    let below_one = starts_below_one(&text[..first], currency.exponent())?;
    let (whole, decimals) = parts(&text[first..=last], below_one, currency.exponent())?;
    let units = scaled(&whole, decimals, currency.exponent())?;
    if negative && units > 0 {
        return Err(Fault::Negative);
    }
    Ok(units)
}

/// `.50` and `$.50` have nothing before the point; in `Rp.500` the point belongs to the word.
fn starts_below_one(before: &str, exponent: u8) -> Result<bool, Fault> {
    let Some(sign) = before.strip_suffix(['.', ',']) else {
        return Ok(false);
    };
    match (sign.ends_with(char::is_alphabetic), exponent) {
        (false, _) => Ok(true),
        (true, 0) => Ok(false),
        (true, _) => Err(Fault::Ambiguous),
    }
}

/// Reads what stands before and after the digits: true when it makes the amount negative.
fn surroundings(before: &str, after: &str, currency: Currency) -> Result<bool, Fault> {
    let before = before.trim();
    let after = after.trim();
    let dashes = ['-', '–', '−'];
    let accounting = before.starts_with('(') && after.ends_with(')');
    let trailing = after.len() <= 3 && !after.is_empty() && after.trim_matches(dashes).is_empty();
    // "Rp 99.000,-": a dash after the separator stands for "no sen".
    let after = after
        .trim_start_matches(['.', ','])
        .trim_start_matches(dashes);
    let signed = before.contains(dashes);
    for word in before.split_whitespace().chain(after.split_whitespace()) {
        let word = word.trim_matches(['-', '–', '−', '+', '(', ')', '.', ',']);
        match (word.is_empty(), currency.is_meant_by(word)) {
            (true, _) | (false, Some(true)) => {}
            (false, Some(false)) => return Err(Fault::OtherCurrency),
            (false, None) => return Err(Fault::Unreadable),
        }
    }
    Ok(accounting || trailing || signed)
}

/// Splits the digits into whole and decimals, thousands separators taken out.
fn parts(number: &str, below_one: bool, exponent: u8) -> Result<(String, &str), Fault> {
    if below_one {
        return Ok((String::new(), number));
    }
    let (whole, decimals) = match decimal_separator(number, exponent)? {
        Some(at) => (&number[..at], &number[at + 1..]),
        None => (number, ""),
    };
    let separators: Vec<char> = whole.chars().filter(|c| !c.is_ascii_digit()).collect();
    let known = |c: &char| matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{A0}' | '\u{202F}');
    let same = separators.windows(2).all(|pair| pair[0] == pair[1]);
    let mut groups = whole.split(|c: char| !c.is_ascii_digit());
    let leading = groups.next().unwrap_or("").len();
    let grouped = (1..=3).contains(&leading) && groups.all(|group| group.len() == 3);
    let plain = separators.is_empty() || (separators.iter().all(known) && same && grouped);
    if !plain || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Unreadable);
    }
    Ok((
        whole.chars().filter(char::is_ascii_digit).collect(),
        decimals,
    ))
}

/// Where the decimals begin. With one separator and three digits behind it, `1,234` and (in a
/// currency without decimals) `99.000` are thousands; `1.234` dollars could be either.
fn decimal_separator(number: &str, exponent: u8) -> Result<Option<usize>, Fault> {
    let marks: Vec<(usize, char)> = number
        .char_indices()
        .filter(|(_, c)| matches!(c, '.' | ','))
        .collect();
    let Some(&(at, mark)) = marks.last() else {
        return Ok(None);
    };
    let of_its_kind = marks.iter().filter(|(_, c)| *c == mark).count();
    if of_its_kind < marks.len() {
        return if of_its_kind == 1 {
            Ok(Some(at))
        } else {
            Err(Fault::Unreadable)
        };
    }
    if of_its_kind > 1 {
        return Ok(None);
    }
    let whole = &number[..at];
    let thousands = number.len() - at == 4
        && (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && whole.bytes().all(|byte| byte.is_ascii_digit())
        && exponent != 3;
    match (thousands, mark) {
        (true, '.') if exponent > 0 => Err(Fault::Ambiguous),
        (true, _) => Ok(None),
        (false, _) => Ok(Some(at)),
    }
}

fn scaled(whole: &str, decimals: &str, exponent: u8) -> Result<u64, Fault> {
    let decimals = decimals.trim_end_matches('0');
    let exponent = usize::from(exponent);
    if decimals.len() > exponent {
        return Err(Fault::Decimals);
    }
    let digits = format!("{whole}{decimals:0<exponent$}");
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    let units = digits.parse().map_err(|_| Fault::TooLarge)?;
    if units > PRICE_MAX {
        Err(Fault::TooLarge)
    } else {
        Ok(units)
    }
}

#[cfg(test)]
mod tests {
    use super::Fault::{
        Ambiguous, Decimals, Missing, Negative, OtherCurrency, TooLarge, Unreadable,
    };
    use super::*;

    const RP: Currency = Currency::IDR;
    const RM: Currency = Currency::MYR;

    #[test]
    fn amounts_become_minor_units() {
        let rows = [
            ("99000", RP, 99_000),
            ("99000.00", RP, 99_000),
            ("99.000", RP, 99_000),
            ("99,000", RP, 99_000),
            ("1.250.000", RP, 1_250_000),
            ("1,250,000.00", RP, 1_250_000),
            ("Rp 99.000", RP, 99_000),
            ("Rp99.000,-", RP, 99_000),
            ("Rp. 99.000,00", RP, 99_000),
            ("Rp.500", RP, 500),
            ("99000 IDR", RP, 99_000),
            ("9.99", RM, 999),
            ("1,234.50", RM, 123_450),
            ("1.234,50", RM, 123_450),
            ("1 234,50", RM, 123_450),
            ("1'234.50", RM, 123_450),
            ("1\u{A0}234,5", RM, 123_450),
            ("RM 5", RM, 500),
            ("RM39.90", RM, 3_990),
            ("1,234", RM, 123_400),
            ("0.500", RM, 50),
            (".5", RM, 50),
            ("RM .50", RM, 50),
            ("5.", RM, 500),
            ("9.9900", RM, 999),
            ("$1,234.5", Currency::USD, 123_450),
            ("US$ 7", Currency::USD, 700),
            ("USD 7.00", Currency::USD, 700),
            ("0", RM, 0),
            ("-0.00", RM, 0),
            ("+5", RM, 500),
            ("007", RP, 7),
            ("9007199254740991", RP, 9_007_199_254_740_991),
        ];
        for (text, currency, units) in rows {
            assert_eq!(
                minor_units(text, currency),
                Ok(units),
                "{text} {}",
                currency.code()
            );
        }
    }

    #[test]
    fn what_is_no_exact_price_has_its_reason() {
        let rows = [
            ("", RP, Missing),
            ("gratis", RP, Unreadable),
            ("99rb", RP, Unreadable),
            ("1e5", RP, Unreadable),
            ("10-20", RP, Unreadable),
            ("10 - 20", RP, Unreadable),
            ("1.2.3", RP, Unreadable),
            ("1,23,456", RM, Unreadable),
            ("1,234,5", RM, Unreadable),
            ("1.234.567,89.0", RM, Unreadable),
            ("50%", RP, Unreadable),
            ("٣", RP, Unreadable),
            ("-5", RP, Negative),
            ("(5.00)", RM, Negative),
            ("5-", RP, Negative),
            ("Rp -5", RP, Negative),
            ("9.99", RP, Decimals),
            ("0.5", RP, Decimals),
            ("9.999,5", RP, Decimals),
            ("9.9999", RM, Decimals),
            ("1.234", RM, Ambiguous),
            ("RM.50", RM, Ambiguous),
            ("US$ 5", RP, OtherCurrency),
            ("Rp 5", RM, OtherCurrency),
            ("5 SGD", RM, OtherCurrency),
            ("9007199254740992", RP, TooLarge),
            ("99999999999999999999999", RM, TooLarge),
        ];
        for (text, currency, fault) in rows {
            assert_eq!(
                minor_units(text, currency),
                Err(fault),
                "{text} {}",
                currency.code()
            );
        }
    }
}
