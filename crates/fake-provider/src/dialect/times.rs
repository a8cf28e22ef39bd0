//! Times as providers write them.

/// As Go writes durations: `976ms`, `2.812s`, `6m0s`, `1h0m20s`. Rounded up to milliseconds.
pub(crate) fn go_duration(secs: f64) -> String {
    let millis = millis(secs);
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let seconds = rest as f64 / 1000.0;
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Rounded up; a hair above a whole one is the noise of fractions.
pub(crate) fn millis(secs: f64) -> u64 {
    (secs * 1000.0 - 1e-6).ceil().max(0.0) as u64
}

/// Rounded up.
pub(crate) fn whole_secs(secs: f64) -> u64 {
    millis(secs).div_ceil(1000)
}

/// `2026-11-21T15:43:14Z`; `unix` in seconds.
pub(crate) fn rfc3339(unix: u64) -> String {
    let ([year, month, day], [hour, minute, second]) = civil(unix);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The date of HTTP headers (RFC 9110, 5.6.7): `Sat, 21 Nov 2026 15:43:14 GMT`; `unix` in seconds.
pub(crate) fn http_date(unix: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let ([year, month, day], [hour, minute, second]) = civil(unix);
    let name = DAYS[(unix / 86_400 % 7) as usize];
    let month = MONTHS[month as usize - 1];
    format!("{name}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Year, month, day and hour, minute, second of the Gregorian calendar (Hinnant, `civil_from_days`).
fn civil(unix: u64) -> ([u64; 3], [u64; 3]) {
    let days = unix / 86_400 + 719_468;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + days / 146_097 * 400 + u64::from(month <= 2);
    ([year, month, day], [unix / 3600 % 24, unix / 60 % 60, unix % 60])
}

#[cfg(test)]
mod tests {
    use super::{go_duration, http_date, rfc3339, whole_secs};

    #[test]
    fn durations_are_written_as_in_published_replies() {
        for (secs, text) in [
            (0.0, "0ms"),
            (0.976, "976ms"),
            (2.812, "2.812s"),
            (8.71, "8.71s"),
            (20.0, "20s"),
            (360.0, "6m0s"),
            (3620.5, "1h0m20.5s"),
        ] {
            assert_eq!(go_duration(secs), text);
        }
        assert_eq!(whole_secs(0.001), 1);
        assert_eq!(whole_secs(2.0), 2);
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(rfc3339(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(rfc3339(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
