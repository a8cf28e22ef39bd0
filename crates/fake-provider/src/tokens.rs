//! How many tokens a text has, as this provider counts them.

use serde::{Deserialize, Serialize};

/// Charged to the limits and told in `usage`. At least 1 for any text, the empty one too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRule {
    /// Bytes of UTF-8 / 4, rounded up.
    #[default]
    QuarterBytes,
    /// Words, separated by white space, * 1.3, rounded up.
    Words,
}

impl TokenRule {
    pub fn count(self, text: &str) -> u64 {
        let count = match self {
            Self::QuarterBytes => (text.len() as u64).div_ceil(4),
            Self::Words => (text.split_whitespace().count() as u64 * 13).div_ceil(10),
        };
        count.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::TokenRule;

    #[test]
    fn tokens_are_counted_by_the_rule_and_rounded_up() {
        for (rule, text, tokens) in [
            (TokenRule::QuarterBytes, "", 1),
            (TokenRule::QuarterBytes, "four", 1),
            (TokenRule::QuarterBytes, "five!", 2),
            (TokenRule::QuarterBytes, "äöü", 2),
            (TokenRule::Words, "", 1),
            (TokenRule::Words, "one", 2),
            (TokenRule::Words, " ten words ten words ten words ten words ten words ", 13),
        ] {
            assert_eq!(rule.count(text), tokens, "{rule:?} {text:?}");
        }
    }
}
