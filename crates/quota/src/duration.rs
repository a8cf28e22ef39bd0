//! Lengths of time as providers write them.

/// Longest that a reply may ask to wait: a monthly quota. Whatever is longer is read as this.
pub(crate) const LONGEST: f64 = 31.0 * 86_400.0;

/// Above this a number of "seconds" is a moment since 1970, as some gateways send it (2001 or later).
const EPOCH: f64 = 1e9;

/// Seconds that may be waited: finite and above zero, at most [`LONGEST`]. Azure sends -1 and 0 for "not known".
pub(crate) fn positive(seconds: f64) -> Option<f64> {
    (seconds.is_finite() && seconds > 0.0).then(|| seconds.min(LONGEST))
}

/// From `now` on, where a number may also be a moment.
pub(crate) fn plain(text: &str, now: f64) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    positive(if number > EPOCH { number - now } else { number })
}

/// `1h2m3.5s`, `976ms`, `6 seconds`, `20`: numbers with units, at the beginning of the text.
///
/// A number alone is in seconds. Covers Go's durations, Google's `46.2s` and prose.
pub(crate) fn units(text: &str) -> Option<f64> {
    let mut rest = text.trim_start();
    let mut total = None;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let Ok(number) = number.parse::<f64>() else { break };
        let after = after.trim_start();
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let Some(unit) = unit_seconds(unit) else {
            // Seconds only if nothing else was said: in "1m 30 requests" the second number is not a time.
            let alone = total.is_none() && unit.is_empty();
            return if alone { positive(number) } else { total.and_then(positive) };
        };
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = next.trim_start();
    }
    total.and_then(positive)
}

fn unit_seconds(word: &str) -> Option<f64> {
    Some(match word.to_ascii_lowercase().as_str() {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_all_units_are_read() {
        for (text, seconds) in [
            ("6m0s", 360.0),
            ("20ms", 0.02),
            ("1s", 1.0),
            ("1h0m0.5s", 3600.5),
            ("7.66s", 7.66),
            ("500us", 0.0005),
            ("500µs", 0.0005),
            ("250000ns", 0.00025),
            ("1d2h", 93_600.0),
            ("46.123456789s", 46.123_456_789),
            ("6 seconds.", 6.0),
            ("976ms. Visit", 0.976),
            ("20s.", 20.0),
            ("2 minutes and", 120.0),
            ("1 hour 30 minutes", 5400.0),
            ("20", 20.0),
            ("20.", 20.0),
        ] {
            let got = units(text).unwrap();
            assert!((got - seconds).abs() < 1e-9, "{text}: {got}");
        }
    }

    #[test]
    fn what_is_no_duration_is_absent() {
        for text in ["", "-1", "0", "0s", "soon", "s", ".", "5 requests", "1e3q", "NaN", "inf"] {
            assert_eq!(units(text), None, "{text}");
            assert_eq!(plain(text, 0.0), None, "{text}");
        }
    }

    #[test]
    fn a_number_too_large_for_seconds_is_a_moment() {
        assert_eq!(plain("1700000030", 1_700_000_000.0), Some(30.0));
        assert_eq!(plain("1700000000", 1_700_000_030.0), None);
        assert_eq!(plain("999999999", 0.0), Some(LONGEST));
    }
}
