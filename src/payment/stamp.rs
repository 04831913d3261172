//! Times as gateways write them, in Unix milliseconds.

/// The zone of western Indonesia (WIB) is seven hours ahead of UTC, and has no summer time.
const WIB_MINUTES: i64 = 7 * 60;
/// Days of a year that is no leap year, before each month.
const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// `2021-06-23 14:02:42` in western Indonesia.
pub(super) fn wib(text: &str) -> Option<u64> {
    let (date, clock) = text.split_once(' ')?;
    moment(date, clock, WIB_MINUTES)
}

/// `2022-10-22T06:30:05.86474Z`, or with an offset like `+07:00` (RFC 3339).
pub(super) fn rfc3339(text: &str) -> Option<u64> {
    let (date, rest) = text.split_once('T')?;
    if let Some(clock) = rest.strip_suffix('Z') {
        return moment(date, clock, 0);
    }
    let (clock, offset) = rest.split_at_checked(rest.len().checked_sub(6)?)?;
    let (sign, offset) = offset.split_at_checked(1)?;
    let (hours, minutes) = offset.split_once(':')?;
    let minutes = number(hours, 2, 23)? * 60 + number(minutes, 2, 59)?;
    match sign {
        "+" => moment(date, clock, minutes),
        "-" => moment(date, clock, -minutes),
        _ => None,
    }
}

fn moment(date: &str, clock: &str, ahead_minutes: i64) -> Option<u64> {
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4, 9_999)?;
    let month = number(parts.next()?, 2, 12)?;
    let day = number(parts.next()?, 2, 31)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut times = clock.split(':');
    let hour = number(times.next()?, 2, 23)?;
    let minute = number(times.next()?, 2, 59)?;
    let second = number(times.next()?, 2, 59)?;
    let whole = parts.next().is_none() && times.next().is_none();
    if !whole || day == 0 || day > days_of(year, month)? {
        return None;
    }
    let minutes = (days(year, month, day) * 24 + hour) * 60 + minute - ahead_minutes;
    u64::try_from((minutes * 60 + second) * 1_000 + thousandths(fraction)?).ok()
}

/// Digits, exactly so many, up to a value.
fn number(text: &str, digits: usize, most: i64) -> Option<i64> {
    let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = text.parse().ok().filter(|value| *value <= most);
    value.filter(|_| fits)
}

fn thousandths(fraction: &str) -> Option<i64> {
    let fits = (1..=9).contains(&fraction.len());
    let digits = fits && fraction.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| format!("{fraction:0<3}").get(..3)?.parse().ok())?
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_of(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(28 + i64::from(is_leap(year))),
        _ => None,
    }
}

/// Days since 1 January 1970.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
    let months = usize::try_from(month - 1).map_or(0, |at| BEFORE.get(at).copied().unwrap_or(0));
    let leap_day = i64::from(month > 2 && is_leap(year));
    years + months + leap_day + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_zone() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00Z", 951_825_600_000),
            ("2020-01-09T11:27:19Z", 1_578_569_239_000),
            ("2022-10-22T06:30:05.86474Z", 1_666_420_205_864),
            ("2021-12-02T21:52:21.566+07:00", 1_638_456_741_566),
            ("2021-12-02T09:22:21.5-05:30", 1_638_456_741_500),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(rfc3339(text), Some(ms), "{text}");
        }
        assert_eq!(wib("2020-01-09 18:27:19"), Some(1_578_569_239_000));
        assert_eq!(wib("2100-03-01 07:00:00"), Some(4_107_542_400_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2021-06-23",
            "2021-06-23T14:02",
            "2021-06-23T14:02:42",
            "2021-6-23T14:02:42Z",
            "2021-02-29T14:02:42Z",
            "2021-13-01T14:02:42Z",
            "2021-00-01T14:02:42Z",
            "2021-01-00T14:02:42Z",
            "2021-06-23T24:00:00Z",
            "2021-06-23T14:60:00Z",
            "2021-06-23T14:02:42.Z",
            "2021-06-23T14:02:42.1234567890Z",
            "2021-06-23T14:02:42+7:00",
            "2021-06-23T14:02:42*07:00",
            "2021-06-23T14:02:42:00Z",
            "-021-06-23T14:02:42Z",
            "2021-06-23-01T14:02:42Z",
            "1969-12-31T23:59:59Z",
            "２０21-06-23T14:02:42Z",
            "2021-06-23T14:02:42é7:00",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
        assert_eq!(wib("2021-06-23T14:02:42"), None);
    }
}
