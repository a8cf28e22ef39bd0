//! What providers say in sentences only.

use crate::duration::units;
use crate::hint::Dimension;

/// Words before a length of time.
const WAITS: [&str; 5] =
    ["try again in ", "try again after ", "retry in ", "retry after ", "available in "];

/// Words that name a dimension. A text may fit several.
const NAMES: [(&str, Dimension); 15] = [
    ("(rpm)", Dimension::Requests),
    ("requests per min", Dimension::Requests),
    ("call rate limit", Dimension::Requests),
    ("calls / minute", Dimension::Requests),
    ("(tpm)", Dimension::InputTokens),
    ("tokens per min", Dimension::InputTokens),
    ("token rate limit", Dimension::InputTokens),
    ("inputs per min", Dimension::Items),
    ("inputs / minute", Dimension::Items),
    ("concurren", Dimension::InFlight),
    ("per day", Dimension::Day),
    ("(rpd)", Dimension::Day),
    ("(tpd)", Dimension::Day),
    ("daily", Dimension::Day),
    ("month", Dimension::Day),
];

/// Words after a limit per minute.
const LIMITS: [(&str, Dimension); 8] = [
    ("rpm", Dimension::Requests),
    ("api calls / minute", Dimension::Requests),
    ("requests per minute", Dimension::Requests),
    ("requests / minute", Dimension::Requests),
    ("tpm", Dimension::InputTokens),
    ("tokens per minute", Dimension::InputTokens),
    ("inputs per minute", Dimension::Items),
    ("inputs / minute", Dimension::Items),
];

/// A sentence in lower case.
#[derive(Debug)]
pub(crate) struct Prose(String);

/// `OpenAI`'s "Limit 30000, Used 29000, Requested 4355", in units of the refused dimension.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Account {
    pub limit: f64,
    pub used: Option<f64>,
    pub requested: Option<f64>,
}

impl Prose {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_ascii_lowercase())
    }

    pub(crate) fn has(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.0.contains(phrase))
    }

    /// Seconds to wait.
    pub(crate) fn wait(&self) -> Option<f64> {
        WAITS.iter().find_map(|words| self.0.split(words).skip(1).find_map(units))
    }

    /// The one dimension that is named, if it is one. "Per day" goes before what is counted.
    pub(crate) fn dimension(&self) -> Option<Dimension> {
        let named: Vec<Dimension> = NAMES
            .iter()
            .filter(|(words, _)| self.0.contains(words))
            .map(|(_, named)| *named)
            .collect();
        let first = *named.first()?;
        if named.contains(&Dimension::Day) {
            return Some(Dimension::Day);
        }
        named.iter().all(|other| *other == first).then_some(first)
    }

    pub(crate) fn account(&self) -> Option<Account> {
        let limit = self.number_after("limit")?;
        (limit > 0.0).then(|| Account {
            limit,
            used: self.number_after("used").or_else(|| self.number_after("current")),
            requested: self.number_after("requested"),
        })
    }

    /// "limit: 0": this key may never do it.
    pub(crate) fn never(&self) -> bool {
        self.0.split("limit:").skip(1).any(|rest| leading_number(rest) == Some(0.0))
    }

    /// Limits per minute that are told in passing, as in "3 RPM and 10K TPM".
    pub(crate) fn limits(&self) -> Vec<(Dimension, f64)> {
        let mut found: Vec<(Dimension, f64)> = Vec::new();
        for (words, dimension) in LIMITS {
            let Some((before, _)) = self.0.split_once(words) else { continue };
            let known = found.iter().any(|(other, _)| *other == dimension);
            if let Some(limit) = trailing_number(before)
                && limit > 0.0
                && !known
            {
                found.push((dimension, limit));
            }
        }
        found
    }

    fn number_after(&self, word: &str) -> Option<f64> {
        self.0.split(word).skip(1).find_map(|rest| leading_number(rest.trim_start_matches(':')))
    }
}

/// `1000000`, `1,000,000`, `10k`, after spaces.
fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let end = (0..bytes.len())
        .find(|at| !(digit(*at) || matches!(bytes[*at], b'.' | b',') && digit(at + 1)))
        .unwrap_or(bytes.len());
    scaled(text.get(..end)?, bytes.get(end).copied())
}

/// As [`leading_number`], at the end of the text.
fn trailing_number(text: &str) -> Option<f64> {
    let text = text.trim_end();
    let (text, unit) = match text.as_bytes().last()? {
        unit @ (b'k' | b'm') => (text.get(..text.len() - 1)?, Some(*unit)),
        _ => (text, None),
    };
    let digits = text.rsplit(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').next()?;
    scaled(digits, unit)
}

fn scaled(digits: &str, unit: Option<u8>) -> Option<f64> {
    let number: f64 = digits.replace(',', "").parse().ok()?;
    let scale = match unit {
        Some(b'k') => 1e3,
        Some(b'm') => 1e6,
        _ => 1.0,
    };
    Some(number * scale).filter(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_refusal_is_read() {
        let account = |text: &str| Prose::new(text).account();
        assert_eq!(
            account(
                "Rate limit reached for m on tokens per min (TPM): Limit 1,000,000, Used 976163, Requested 70716."
            ),
            Some(Account { limit: 1e6, used: Some(976_163.0), requested: Some(70_716.0) })
        );
        assert_eq!(
            account(
                "Rate limit reached for default on requests per min. Limit: 3 / min. Please try again in 20s."
            ),
            Some(Account { limit: 3.0, used: None, requested: None })
        );
        assert_eq!(account("limit reached, limit unknown, limit: 0"), None);
    }

    #[test]
    fn waits_are_read_from_sentences() {
        for (text, seconds) in [
            ("Please try again in 2.812s. Visit", Some(2.812)),
            ("Please try again in 976ms.", Some(0.976)),
            ("Please try again in 7m12s.", Some(432.0)),
            ("Please retry after 6 seconds.", Some(6.0)),
            ("Try again in a while, then retry in 46.3s.", Some(46.3)),
            ("Please try again later", None),
            ("try again in -5s", None),
        ] {
            assert_eq!(Prose::new(text).wait(), seconds, "{text}");
        }
    }

    #[test]
    fn a_dimension_is_named_only_when_it_is_one() {
        for (text, dimension) in [
            ("on tokens per min (TPM)", Some(Dimension::InputTokens)),
            ("on requests per day (RPD)", Some(Dimension::Day)),
            ("have exceeded call rate limit of your tier", Some(Dimension::Requests)),
            ("limited to 1000 API calls / month", Some(Dimension::Day)),
            ("too many concurrent requests", Some(Dimension::InFlight)),
            ("3 (RPM) and 10K (TPM)", None),
            ("too many requests", None),
        ] {
            assert_eq!(Prose::new(text).dimension(), dimension, "{text}");
        }
    }

    #[test]
    fn limits_told_in_passing_are_read() {
        let limits = |text: &str| Prose::new(text).limits();
        assert_eq!(
            limits("reduced rate limits of 3 RPM and 10K TPM."),
            [(Dimension::Requests, 3.0), (Dimension::InputTokens, 10_000.0)]
        );
        assert_eq!(limits("limited to 40 API calls / minute"), [(Dimension::Requests, 40.0)]);
        assert_eq!(limits("your rpm, our tpm, é tokens per minute"), []);
    }
}
