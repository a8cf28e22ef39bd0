//! What is wrong with a configuration, and what is merely odd.

use crate::config::origin::Origin;
use std::fmt;

/// One thing that keeps the program from starting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub key: String,
    /// As typed; none where the value is not the trouble, or may hold a secret.
    pub value: Option<String>,
    /// What is expected instead.
    pub message: String,
    pub origin: Origin,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " ({}): {}", self.origin, self.message)
    }
}

/// All mistakes of a configuration, told at once; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => write!(f, "the configuration has a mistake\n  {one}"),
            all => {
                write!(f, "the configuration has {} mistakes", all.len())?;
                all.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
            }
        }
    }
}

/// Something that works, but perhaps not as meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warning {
    /// A key, or the name of a variable.
    pub about: String,
    pub message: String,
}

impl Warning {
    pub(crate) fn new(about: &str, message: impl Into<String>) -> Self {
        Self { about: about.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.message)
    }
}
