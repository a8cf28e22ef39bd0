//! Limits and what is left of them, as headers tell.

use crate::date::rfc3339;
use crate::duration::{plain, positive, units};
use crate::hint::{Dimension, Level};
use crate::reading::Headers;

/// Names of the headers, the most exact first; the first row of a dimension that says something counts.
///
/// Sources: `OpenAI`, "Rate limits in headers" (Azure and Groq use the same names); Anthropic, "Response headers".
const ROWS: [Row; 7] = [
    Row::new(
        Dimension::Requests,
        [
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ],
    ),
    Row::new(
        Dimension::Requests,
        [
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ],
    ),
    Row::new(
        Dimension::InputTokens,
        ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
    ),
    Row::new(
        Dimension::InputTokens,
        [
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ],
    ),
    Row::new(
        Dimension::InputTokens,
        [
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
        ],
    ),
    Row::new(
        Dimension::OutputTokens,
        [
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ],
    ),
    Row::new(
        Dimension::OutputTokens,
        [
            "x-ratelimit-limit-output-tokens",
            "x-ratelimit-remaining-output-tokens",
            "x-ratelimit-reset-output-tokens",
        ],
    ),
];

/// A reset may be off by this factor from what limit and remainder say, and by [`SLACK`].
const OFF_MAX: f64 = 10.0;

/// Seconds: resets are rounded to whole ones.
const SLACK: f64 = 1.0;

struct Row {
    dimension: Dimension,
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
}

impl Row {
    const fn new(dimension: Dimension, [limit, remaining, reset]: [&'static str; 3]) -> Self {
        Self { dimension, limit, remaining, reset }
    }

    fn read(&self, headers: &Headers<'_>, now: f64) -> Option<Level> {
        let limit = headers(self.limit).and_then(amount).filter(|limit| *limit > 0.0);
        let remaining = headers(self.remaining).and_then(amount);
        // Azure sends 0 for "not known". Nothing left of a limit that is told is another matter.
        let remaining = remaining.filter(|left| limit.is_some() || *left > 0.0);
        let reset = headers(self.reset).and_then(|text| until(text, now));
        let level = Level { dimension: self.dimension, limit, remaining, reset_after: reset };
        (limit.is_some() || remaining.is_some()).then(|| checked(level))
    }
}

/// At most one level per dimension.
pub(crate) fn read(headers: &Headers<'_>, now: f64) -> Vec<Level> {
    let mut levels: Vec<Level> = Vec::new();
    for row in &ROWS {
        if let Some(level) = row.read(headers, now) {
            put_first(&mut levels, level);
        }
    }
    levels
}

/// What is there already was said more exactly.
pub(crate) fn put_first(levels: &mut Vec<Level>, level: Level) {
    if levels.iter().all(|other| other.dimension != level.dimension) {
        levels.push(level);
    }
}

/// Not negative, finite.
fn amount(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0)
}

/// Seconds until the moment that a reset names: Go duration, number, or date.
fn until(text: &str, now: f64) -> Option<f64> {
    let text = text.trim();
    plain(text, now).or_else(|| positive(rfc3339(text)? - now)).or_else(|| units(text))
}

/// Leaves out a reset that limit and remainder contradict, and tells a limit per day from one per minute.
///
/// A bucket of `limit` per minute fills what is missing in `missing / limit` minutes. `OpenAI`'s own example says 6
/// minutes for 16 tokens of 150,000 per minute: such a reset is worth nothing. Groq sends its requests per *day*
/// under the same names (30 of 14,400 missing, reset in 2m59.56s): that reset is longer than any minute and fits a
/// day to a second, which is how it is told.
fn checked(level: Level) -> Level {
    let (Some(limit), Some(remaining), Some(reset)) =
        (level.limit, level.remaining, level.reset_after)
    else {
        return level;
    };
    let missing = (limit - remaining).max(0.0) / limit;
    if agree(reset, missing * 60.0) {
        return level;
    }
    let by_day = missing * 86_400.0;
    if reset > 66.0 && (reset - by_day).abs() < 0.1 * by_day {
        return Level { dimension: Dimension::Day, ..level };
    }
    Level { reset_after: None, ..level }
}

fn agree(told: f64, expected: f64) -> bool {
    told <= OFF_MAX * expected + SLACK && expected <= OFF_MAX * told + SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn openai(limit: &str, remaining: &str, reset: &str) -> Option<Level> {
        let headers = |name: &str| {
            let value = match name {
                "x-ratelimit-limit-tokens" => limit,
                "x-ratelimit-remaining-tokens" => remaining,
                "x-ratelimit-reset-tokens" => reset,
                _ => return None,
            };
            (!value.is_empty()).then_some(value)
        };
        read(&headers, 1_700_000_000.0).into_iter().next()
    }

    /// Limit, remainder, reset.
    fn told(limit: &str, remaining: &str, reset: &str) -> Option<[Option<f64>; 3]> {
        openai(limit, remaining, reset)
            .map(|level| [level.limit, level.remaining, level.reset_after])
    }

    #[test]
    fn whatever_cannot_be_is_absent_and_the_rest_stays() {
        for (given, expected) in [
            (("60000", "30000", "30s"), Some([Some(60_000.0), Some(30_000.0), Some(30.0)])),
            (("60000", "30000", ""), Some([Some(60_000.0), Some(30_000.0), None])),
            (("60000", "", "30s"), Some([Some(60_000.0), None, Some(30.0)])),
            (("", "30000", ""), Some([None, Some(30_000.0), None])),
            (("60000", "0", "60s"), Some([Some(60_000.0), Some(0.0), Some(60.0)])),
            (("-1", "-1", "-1"), None),
            (("0", "0", "0"), None),
            (("60000", "-1", "x"), Some([Some(60_000.0), None, None])),
            (("NaN", "inf", "1h"), None),
            (("sixty", "1e400", ""), None),
            (("", "", "30s"), None),
            (("60000", "30000", "1700000030"), Some([Some(60_000.0), Some(30_000.0), Some(30.0)])),
            (
                ("60000", "30000", "2023-11-14T22:13:50Z"),
                Some([Some(60_000.0), Some(30_000.0), Some(30.0)]),
            ),
            (
                ("60000", "30000", "2003-11-14T22:13:50Z"),
                Some([Some(60_000.0), Some(30_000.0), None]),
            ),
        ] {
            assert_eq!(told(given.0, given.1, given.2), expected, "{given:?}");
        }
    }

    #[test]
    fn a_reset_that_limit_and_remainder_contradict_is_left_out() {
        // OpenAI's documented example.
        assert_eq!(
            told("150000", "149984", "6m0s"),
            Some([Some(150_000.0), Some(149_984.0), None])
        );
        assert_eq!(
            told("150000", "149984", "20ms"),
            Some([Some(150_000.0), Some(149_984.0), Some(0.02)])
        );
        assert_eq!(told("60000", "0", "2s"), Some([Some(60_000.0), Some(0.0), None]));
    }

    #[test]
    fn a_limit_per_day_is_told_by_its_reset() {
        let told = openai("14400", "14370", "2m59.56s").unwrap();
        assert_eq!((told.dimension, told.limit), (Dimension::Day, Some(14_400.0)));
        // The end of a fixed minute never looks like a day.
        let told = openai("6000", "5996", "57.6s").unwrap();
        assert_eq!((told.dimension, told.reset_after), (Dimension::InputTokens, None));
    }
}
