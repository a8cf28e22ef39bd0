//! Which model embeds which chunk, decided by what the chunk is.
//!
//! Everything here is a pure function of a chunk's text, its count of tokens and its label: a second run over the
//! same document sends the same chunks to the same models. Models are numbers here: 0 is the store's own, which
//! takes what no rule names; the others come in the order of the user's list.

pub mod code;
pub mod language;
pub mod mathematics;

pub use code::Code;
pub use language::Language;
pub use mathematics::Mathematics;

use std::cell::OnceCell;

/// Raised when the same rules begin to send the same chunks elsewhere.
const REVISION: u32 = 1;

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    pub text: &'a str,
    /// In the count of the store's own model.
    pub tokens: u32,
    pub domain: &'a str,
    pub category: &'a str,
}

/// What a rule asks of a chunk; an empty list and `None` ask nothing. All of it must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    pub domain: Vec<String>,
    pub category: Vec<String>,
    pub language: Vec<Language>,
    pub math: Vec<Mathematics>,
    pub code: Option<Code>,
    pub min_tokens: Option<u32>,
    pub max_tokens: Option<u32>,
}

/// Chunks of which the condition holds belong to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub when: Condition,
    /// Index of the model; 0 is the store's own.
    pub model: usize,
}

/// Rules in the order in which they are tried: the first that holds wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routes {
    pub rules: Vec<Rule>,
}

impl Routes {
    /// Models for the passage, the wanted one first; the store's own ends the list. Those behind the first are for
    /// passages that are longer than the first one takes.
    pub fn models<'r>(&'r self, passage: Passage<'r>) -> impl Iterator<Item = usize> + 'r {
        let seen = Seen { passage, language: OnceCell::new(), math: OnceCell::new() };
        let fitting = self.rules.iter().filter(move |rule| rule.when.holds(&seen));
        fitting.map(|rule| rule.model).chain(std::iter::once(0))
    }

    /// Some rule asks for a domain or a category, so that another label may mean another model.
    pub fn heed_labels(&self) -> bool {
        let asks = |rule: &Rule| !rule.when.domain.is_empty() || !rule.when.category.is_empty();
        self.rules.iter().any(asks)
    }

    /// Of the rules, with the names of their models: equal texts send equal chunks to equal models.
    pub fn identity(&self, model: &dyn Fn(usize) -> String) -> String {
        let rules = self.rules.iter().map(|rule| (rule.when.identity(), model(rule.model)));
        format!("routes/{REVISION} {:?}", rules.collect::<Vec<_>>())
    }
}

/// A passage with what was found out about it, each thing at most once and only if some rule asks.
struct Seen<'a> {
    passage: Passage<'a>,
    language: OnceCell<Option<Language>>,
    math: OnceCell<Mathematics>,
}

impl Condition {
    fn holds(&self, seen: &Seen<'_>) -> bool {
        let Passage { text, tokens, domain, category } = seen.passage;
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|n| n == name);
        among(&self.domain, domain)
            && among(&self.category, category)
            && self.min_tokens.is_none_or(|min| tokens >= min)
            && self.max_tokens.is_none_or(|max| tokens <= max)
            && self.code.is_none_or(|wanted| Code::of(text) == wanted)
            && (self.math.is_empty()
                || self.math.contains(seen.math.get_or_init(|| Mathematics::of(text))))
            && (self.language.is_empty()
                || seen
                    .language
                    .get_or_init(|| Language::of(text))
                    .is_some_and(|language| self.language.contains(&language)))
    }

    /// Holds wherever `other` does.
    pub fn covers(&self, other: &Self) -> bool {
        within(&other.domain, &self.domain, usize::MAX)
            && within(&other.category, &self.category, usize::MAX)
            && within(&other.language, &self.language, usize::MAX)
            && within(&other.math, &self.math, Mathematics::ALL.len())
            && (self.code.is_none() || self.code == other.code)
            && self.min_tokens.unwrap_or(0) <= other.min_tokens.unwrap_or(0)
            && self.max_tokens.unwrap_or(u32::MAX) >= other.max_tokens.unwrap_or(u32::MAX)
    }

    /// Both can hold of one chunk.
    pub fn meets(&self, other: &Self) -> bool {
        let least = self.min_tokens.max(other.min_tokens).unwrap_or(0);
        let most = self.max_tokens.unwrap_or(u32::MAX).min(other.max_tokens.unwrap_or(u32::MAX));
        share(&self.domain, &other.domain)
            && share(&self.category, &other.category)
            && share(&self.language, &other.language)
            && share(&self.math, &other.math)
            && (self.code.is_none() || other.code.is_none() || self.code == other.code)
            && least <= most
    }

    fn identity(&self) -> String {
        let mut sorted = self.clone();
        sorted.domain.sort();
        sorted.category.sort();
        sorted.language.sort();
        sorted.math.sort();
        format!("{sorted:?}")
    }
}

/// Whether each of `narrow` is in `wide`; an empty list means all there are, which are `all` different ones.
fn within<T: PartialEq>(narrow: &[T], wide: &[T], all: usize) -> bool {
    if wide.is_empty() || wide.len() >= all {
        return true;
    }
    !narrow.is_empty() && narrow.iter().all(|item| wide.contains(item))
}

fn share<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|item| b.contains(item))
}

#[cfg(test)]
mod tests;
