//! Patterns over document names, in rules and for custom parsers.

use globset::{GlobBuilder, GlobMatcher};
use std::fmt;

/// A glob over a document's name.
///
/// As in `.gitignore`: without a `/` it is compared with the last part of the name only, with one it is compared
/// with the whole name from its source down, where `*` stops at `/` and `**` does not. A `/` at the end means
/// everything below.
#[derive(Clone)]
pub(crate) struct NamePattern {
    written: String,
    matcher: GlobMatcher,
}

impl NamePattern {
    pub(crate) fn parse(written: &str) -> Result<Self, globset::Error> {
        let anchored = written.contains('/');
        let below = if written.ends_with('/') { "**" } else { "" };
        let glob = match written.strip_prefix('/').unwrap_or(written) {
            rest if anchored => format!("{rest}{below}"),
            last_part => format!("**/{last_part}"),
        };
        let matcher = GlobBuilder::new(&glob).literal_separator(true).build()?.compile_matcher();
        Ok(Self { written: written.to_owned(), matcher })
    }

    /// As the user wrote it.
    pub(crate) fn as_str(&self) -> &str {
        &self.written
    }

    pub(crate) fn fits(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// Fits the same names.
    pub(crate) fn matcher(&self) -> GlobMatcher {
        self.matcher.clone()
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for NamePattern {}

impl fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_those_of_gitignore() {
        for (pattern, name, fits) in [
            ("*.md", "a.md", true),
            ("*.md", "deep/below/a.md", true),
            ("*.md", "a.mdx", false),
            ("*.{md,txt}", "x/a.txt", true),
            ("finance/*", "finance/a.md", true),
            ("finance/*", "finance/2024/a.md", false),
            ("finance/**", "finance/2024/a.md", true),
            ("finance/", "finance/2024/a.md", true),
            ("finance/", "old/finance/a.md", false),
            ("**/finance/**", "old/finance/a.md", true),
            ("/a.md", "a.md", true),
            ("/a.md", "below/a.md", false),
            ("report-?.pdf", "x/report-1.pdf", true),
        ] {
            let parsed = NamePattern::parse(pattern).unwrap();
            assert_eq!(parsed.fits(name), fits, "{pattern} {name}");
            assert_eq!(parsed.matcher().is_match(name), fits, "{pattern} {name}");
            assert_eq!(parsed.as_str(), pattern);
        }
        assert!(NamePattern::parse("a[").is_err());
    }
}
