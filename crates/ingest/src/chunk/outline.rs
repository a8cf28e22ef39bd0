//! The headings above the present place.

use types::block::Span;
use types::seam::TokenCount;

#[derive(Debug, Default)]
pub(super) struct Outline {
    title: Option<String>,
    stack: Vec<Heading>,
}

#[derive(Debug)]
pub(super) struct Heading {
    level: u8,
    pub text: String,
    pub span: Span,
    pub page: Option<u32>,
    /// Some chunk begins with it.
    carried: bool,
}

impl Heading {
    pub(super) fn new(level: u8, text: String, span: Span, page: Option<u32>) -> Self {
        Self { level, text, span, page, carried: false }
    }
}

/// The line that a chunk begins with.
pub(super) struct Prefix {
    text: String,
    pub tokens: usize,
    /// Index of the outermost heading in it.
    from: usize,
}

impl Outline {
    pub(super) fn set_title(&mut self, title: &str) {
        if !title.trim().is_empty() {
            self.title = Some(super::unit::one_line(title));
        }
    }

    /// The first outermost heading stands in for a missing title.
    pub(super) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// The caller has left all headings of this level and deeper.
    pub(super) fn enter(&mut self, heading: Heading) {
        if self.title.is_none() && heading.level == 1 {
            self.title = Some(heading.text.clone());
        }
        self.stack.push(heading);
    }

    /// Closes headings from `level` inwards; those that no chunk carries come back.
    pub(super) fn leave(&mut self, level: u8) -> Vec<Heading> {
        let kept = self.stack.partition_point(|above| above.level < level);
        self.stack.drain(kept..).filter(|heading| !heading.carried).collect()
    }

    /// The outermost heading that is not the title.
    pub(super) fn chapter(&self) -> Option<String> {
        self.below_title().first().map(|heading| heading.text.clone())
    }

    /// All headings but the title, joined.
    pub(super) fn section(&self) -> Option<String> {
        let words: Vec<&str> =
            self.below_title().iter().map(|heading| heading.text.as_str()).collect();
        (!words.is_empty()).then(|| words.join(" > "))
    }

    fn below_title(&self) -> &[Heading] {
        match self.stack.split_first() {
            Some((first, rest)) if self.title.as_deref() == Some(first.text.as_str()) => rest,
            _ => &self.stack,
        }
    }

    /// Title and headings, joined; where they are too many tokens, the deepest.
    pub(super) fn prefix(&self, budget: usize, counter: &dyn TokenCount) -> Prefix {
        let title = self
            .title
            .as_deref()
            .filter(|title| self.stack.first().is_none_or(|first| first.text != *title));
        let above = usize::from(title.is_some());
        let parts: Vec<&str> = title
            .into_iter()
            .chain(self.stack.iter().map(|heading| heading.text.as_str()))
            .collect();
        let mut first = parts.len();
        let mut tokens = 0;
        while first > 0 {
            // The separator is one token.
            let more = counter.count(parts[first - 1]) + usize::from(tokens > 0);
            if tokens + more > budget {
                break;
            }
            tokens += more;
            first -= 1;
        }
        Prefix { text: parts[first..].join(" > "), tokens, from: first.saturating_sub(above) }
    }

    /// The prefix for a chunk, whose headings are carried from now on.
    pub(super) fn carry(&mut self, budget: usize, counter: &dyn TokenCount) -> (String, usize) {
        let prefix = self.prefix(budget, counter);
        for heading in self.stack.iter_mut().skip(prefix.from) {
            heading.carried = true;
        }
        (prefix.text, prefix.tokens)
    }
}
