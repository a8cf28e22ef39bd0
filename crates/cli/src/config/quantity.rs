//! Sizes and durations with units.

use std::fmt;
use std::time::Duration;

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub u64);

/// `MB` is a million bytes and `MiB` is 1,048,576: of the two readings of `512MB` the smaller one keeps a limit
/// under both.
const SIZE_UNITS: [(&str, u64); 15] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("t", 1_000_000_000_000),
    ("g", 1_000_000_000),
    ("m", 1_000_000),
    ("k", 1_000),
    ("bytes", 1),
    ("byte", 1),
    ("b", 1),
];

const DURATION_UNITS: [(&str, f64); 6] =
    [("ms", 0.001), ("s", 1.0), ("min", 60.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];

/// Nothing that is waited for takes longer.
const DURATION_MAX: Duration = Duration::from_hours(365 * 24);

impl ByteSize {
    /// Reads `512MB`, `1.5 GiB`, `4096`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text.trim());
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" => 1,
            unit => SIZE_UNITS.iter().find(|(name, _)| *name == unit)?.1,
        };
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Self);
        }
        let bytes = number.parse::<f64>().ok()? * factor as f64;
        (bytes.is_finite() && bytes < u64::MAX as f64).then_some(Self(bytes as u64))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXACT: [(&str, u64); 6] = [
            ("GiB", 1 << 30),
            ("GB", 1_000_000_000),
            ("MiB", 1 << 20),
            ("MB", 1_000_000),
            ("KiB", 1 << 10),
            ("KB", 1_000),
        ];
        match EXACT.iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor)) {
            Some((unit, factor)) => write!(f, "{}{unit}", self.0 / factor),
            None if self.0 < 1 << 20 => write!(f, "{}", self.0),
            None => write!(f, "{:.1}MiB", self.0 as f64 / 1_048_576.0),
        }
    }
}

/// Reads `10m`, `1h30m`, `500ms`, and plain seconds.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return seconds_to_duration(seconds);
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, tail) = split_unit(rest);
        let unit_len = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_len);
        let factor = DURATION_UNITS.iter().find(|(name, _)| *name == unit)?.1;
        seconds += number.parse::<f64>().ok()? * factor;
        rest = next.trim_start();
    }
    if text.is_empty() { None } else { seconds_to_duration(seconds) }
}

/// None for what is negative, not finite, or more than a year.
pub(crate) fn seconds_to_duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= DURATION_MAX)
}

/// In the largest unit that is exact.
pub(crate) fn show_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if time.subsec_nanos() > 0 {
        return format!("{}ms", time.as_millis());
    }
    match seconds {
        0 => "0s".to_owned(),
        s if s.is_multiple_of(3600) => format!("{}h", s / 3600),
        s if s.is_multiple_of(60) => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

/// Digits with a decimal point, and what follows them.
fn split_unit(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("512MB", Some(512_000_000)),
            ("512 mb", Some(512_000_000)),
            ("512M", Some(512_000_000)),
            ("2GiB", Some(2 << 30)),
            ("1.5KiB", Some(1536)),
            ("7 bytes", Some(7)),
            ("18446744073709551615", Some(u64::MAX)),
            ("16777216TiB", None),
            ("1e3", None),
            ("-1", None),
            ("", None),
            ("MB", None),
            ("1.2.3MB", None),
            ("5 parsecs", None),
            ("80%", None),
            ("NaN", None),
        ] {
            assert_eq!(ByteSize::parse(text), bytes.map(ByteSize), "{text}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("10m", Some(600.0)),
            ("10min", Some(600.0)),
            ("1h30m", Some(5400.0)),
            ("1h 30m", Some(5400.0)),
            ("500ms", Some(0.5)),
            ("2.5s", Some(2.5)),
            ("45", Some(45.0)),
            ("0", Some(0.0)),
            ("1d", Some(86400.0)),
            ("366d", None),
            ("", None),
            ("m", None),
            ("10 minutes", None),
            ("-5s", None),
            ("inf", None),
            ("5s4", None),
        ] {
            let expected = seconds.map(Duration::from_secs_f64);
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        assert_eq!(ByteSize(8 << 30).to_string(), "8GiB");
        assert_eq!(ByteSize(512_000_000).to_string(), "512MB");
        assert_eq!(ByteSize(3_000_001).to_string(), "2.9MiB");
        assert_eq!(show_duration(Duration::from_mins(10)), "10m");
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::from_millis(1500)), "1500ms");
    }

    proptest! {
        #[test]
        fn a_shown_duration_reads_as_itself(millis in 0_u64..86_400_000) {
            let time = Duration::from_millis(millis);
            prop_assert_eq!(parse_duration(&show_duration(time)), Some(time));
        }

        #[test]
        fn a_whole_size_reads_as_itself(bytes in 0_u64..(1 << 20), unit in 0_u32..3) {
            let size = ByteSize(bytes << (10 * unit));
            let shown = ByteSize::parse(&size.to_string()).unwrap();
            // Only sizes without an exact unit are rounded in the text.
            prop_assert!(shown.0.abs_diff(size.0) * 20 <= size.0.max(20) , "{} {}", shown.0, size.0);
        }
    }
}
