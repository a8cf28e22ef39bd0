//! Values as they were written, before anybody asked what they mean.

use crate::config::origin::Origin;

/// No `Debug`: a value may be a secret.
#[derive(Clone)]
pub(crate) enum Raw {
    /// From a flag or the environment: any type may be spelled in it.
    Word(String),
    /// A string of the file.
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Self>),
    Table(Vec<Field>),
    /// A date, or a number out of all bounds: no key takes one.
    Other,
}

#[derive(Clone)]
pub(crate) struct Field {
    pub name: String,
    pub written: Written,
}

/// A value with what an error message needs.
#[derive(Clone)]
pub(crate) struct Written {
    pub raw: Raw,
    /// The characters as typed, shortened.
    pub typed: String,
    pub origin: Origin,
}

/// Longer values are cut in messages.
const TYPED_CHARS_MAX: usize = 60;

impl Written {
    pub(crate) fn word(text: &str, origin: Origin) -> Self {
        Self { raw: Raw::Word(text.to_owned()), typed: shorten(text), origin }
    }
}

impl Raw {
    /// The text, wherever it was written.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// One line of at most [`TYPED_CHARS_MAX`] characters.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(TYPED_CHARS_MAX).collect();
    if short.len() < text.trim_end().len() {
        short.push('…');
    }
    short
}
