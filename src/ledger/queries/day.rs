//! Days of the calendar as numbers: day 0 is 1970-01-01.

const DAYS_OF_400_YEARS: i64 = 146_097;

/// The number of a date written `2026-11-22`; none if there is no such date.
pub fn days_of(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let shaped = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    if !shaped || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let days = count(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    // A day that does not exist is the number of another one.
    (date(days) == text).then_some(days)
}

/// Years begin in March here, so that the day that is now and then there is the last of a year.
fn count(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year
        - 719_468
}

/// The date of a number.
pub fn date(days: i64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (
        days.div_euclid(DAYS_OF_400_YEARS),
        days.rem_euclid(DAYS_OF_400_YEARS),
    );
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_each_other() {
        assert_eq!(days_of("1970-01-01"), Some(0));
        assert_eq!(days_of("2000-03-01"), Some(11_017));
        assert_eq!(days_of("2026-11-22"), Some(20_779));
        for day in -1_000..60_000 {
            let text = date(day);
            assert_eq!(days_of(&text), Some(day), "{text}");
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "26-1-1",
            "2026-1-01",
            "x",
            "2026-00-10",
            "+026-01-01",
        ] {
            assert_eq!(days_of(bad), None, "{bad}");
        }
    }
}
