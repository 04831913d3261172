//! Plain text out of cells: bounded, on one line, without characters that steer a terminal or page.

/// The text without control and direction-changing characters, its space collapsed, at most `max`
/// characters (an ellipsis among them when something was cut).
pub(super) fn clean(text: &str, max: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(4 * max));
    let mut gap = false;
    let mut count = 0;
    for c in text.chars().filter(|&c| c.is_whitespace() || is_shown(c)) {
        if c.is_whitespace() {
            gap = count > 0;
            continue;
        }
        count += 1 + usize::from(gap);
        if count > max {
            return cut(&clean, max);
        }
        if std::mem::take(&mut gap) {
            clean.push(' ');
        }
        clean.push(c);
    }
    clean
}

/// At most `max` characters, the last an ellipsis.
fn cut(text: &str, max: usize) -> String {
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A value as the report shows it: short, in quotes.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", clean(value, 40))
}

/// Not a control character, and not one that reorders or hides what stands around it.
fn is_shown(c: char) -> bool {
    let steers = matches!(c,
        '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'
        | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}');
    !c.is_control() && !steers
}

/// Yes or no, as exports and spreadsheets write it; `None` when blank or neither.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "1" | "ya" | "wahr" | "vrai" => Some(true),
        "false" | "no" | "n" | "f" | "0" | "tidak" | "falsch" | "faux" => Some(false),
        _ => None,
    }
}

/// The text without the apostrophe that keeps a spreadsheet from taking it for a number.
pub(super) fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').unwrap_or(text)
}

/// `8.99123E+12`: a long number after a spreadsheet has rounded it.
pub(super) fn is_rounded_number(text: &str) -> bool {
    let Some((digits, power)) = text.split_once(['E', 'e']) else {
        return false;
    };
    let power = power.strip_prefix('+').unwrap_or(power);
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    numeric(power) && digits.contains(['.', ',']) && numeric(&digits.replace(['.', ','], ""))
}
