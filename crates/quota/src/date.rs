//! Moments as providers write them, in seconds since 1970.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The three forms of RFC 9110, section 5.6.7, of which two are obsolete but must be read.
pub(crate) fn http(text: &str) -> Option<f64> {
    let parts: Vec<&str> =
        text.split([' ', ',', '-', ':']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT and Sunday, 06-Nov-94 08:49:37 GMT
        [_, day, month, year, hour, minute, second, "GMT"] => {
            let year: i64 = year.parse().ok()?;
            // Two digits, counted from 1970 as every provider is younger.
            let year = if year < 70 {
                year + 2000
            } else if year < 100 {
                year + 1900
            } else {
                year
            };
            moment([year, month_number(month)?, day.parse().ok()?], [hour, minute, second])
        }
        // Sun Nov  6 08:49:37 1994
        [_, month, day, hour, minute, second, year] => {
            let date = [year.parse().ok()?, month_number(month)?, day.parse().ok()?];
            moment(date, [hour, minute, second])
        }
        _ => None,
    }
}

/// RFC 3339: `2026-11-21T15:04:05.25Z` or with an offset.
pub(crate) fn rfc3339(text: &str) -> Option<f64> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')?;
    let (time, zone) = time.split_at(end);
    let date: Vec<i64> = date.split('-').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let clock: Vec<&str> = time.split(':').collect();
    let local = moment(date.try_into().ok()?, clock.try_into().ok()?)?;
    Some(local - offset(zone)?)
}

fn month_number(name: &str) -> Option<i64> {
    let name = name.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == name).map(|index| index as i64 + 1)
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<f64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0.0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1.0, rest),
        ("-", rest) => (-1.0, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    Some(sign * (below(hours, 24.0)? * 3600.0 + below(minutes, 60.0)? * 60.0))
}

fn moment([year, month, day]: [i64; 3], [hour, minute, second]: [&str; 3]) -> Option<f64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // A leap second is written as 60.
    let clock = below(hour, 24.0)? * 3600.0 + below(minute, 60.0)? * 60.0 + below(second, 61.0)?;
    Some(days(year, month, day) as f64 * 86_400.0 + clock)
}

fn below(text: &str, end: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (0.0..end).contains(number))
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March, so that the leap day is the last.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_http_dates_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(http(text), Some(784_111_777.0), "{text}");
        }
        assert_eq!(http("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800.0));
    }

    #[test]
    fn rfc3339_is_read_with_fractions_and_offsets() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0.0),
            ("2024-02-29T12:34:56.5Z", 1_709_210_096.5),
            ("2024-02-29t12:34:56z", 1_709_210_096.0),
            ("2024-02-29T14:34:56+02:00", 1_709_210_096.0),
            ("2024-02-29T07:04:56-05:30", 1_709_210_096.0),
        ] {
            assert_eq!(rfc3339(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_absent() {
        for text in [
            "",
            "0",
            "-1",
            "soon",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nob 1994 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "2024-13-01T00:00:00Z",
            "2024-02-29T12:34Z",
            "2024-02-29T12:34:56",
            "2024-02-29T12:34:56é",
            "2024-02-29T12:34:56+é",
            "99999999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(http(text), None, "{text}");
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}
