//! Names of models and revisions: they become parts of addresses and folders.

use std::fmt;
use std::str::FromStr;

/// `OWNER/NAME`, or `NAME` alone for the oldest models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(String);

/// A branch, a tag or a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("{0:?} is no model's name; write OWNER/NAME as on its page")]
    Repository(String),
    #[error("{0:?} is no revision; write a branch, a tag or a commit")]
    Revision(String),
}

/// As long as hubs allow.
const NAME_BYTES_MAX: usize = 96;
const REVISION_BYTES_MAX: usize = 250;

/// The branch that every model has.
const MAIN: &str = "main";

impl Repository {
    /// The last part, which a model is mostly called by.
    pub fn short(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl Revision {
    pub fn is_main(&self) -> bool {
        self.0 == MAIN
    }

    /// As one part of an address or of a folder's name.
    pub fn encoded(&self) -> String {
        self.0.replace('/', "%2F")
    }
}

impl Default for Revision {
    fn default() -> Self {
        Self(MAIN.to_owned())
    }
}

/// Letters, digits and a few marks; no part begins with a dot or is a step upwards.
fn is_part(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !part.is_empty()
        && part.len() <= NAME_BYTES_MAX
        && part.bytes().all(plain)
        && !part.starts_with('.')
        && !part.contains("..")
}

impl FromStr for Repository {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = text.split('/').count() <= 2 && text.split('/').all(is_part);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadName::Repository(text.to_owned())) }
    }
}

impl FromStr for Revision {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let fits = text.len() <= REVISION_BYTES_MAX && text.split('/').all(is_part);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadName::Revision(text.to_owned())) }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_a_folder_or_an_address_are_refused() {
        for good in ["sentence-transformers/all-MiniLM-L6-v2", "gpt2", "a_b/c.d"] {
            assert_eq!(good.parse::<Repository>().unwrap().to_string(), good);
        }
        for bad in
            ["", "a/", "/a", "a/b/c", "../a", "a/..", "a/.b", "a b/c", "a?b", "a/b%2f", "ä/b"]
        {
            assert_eq!(bad.parse::<Repository>(), Err(BadName::Repository(bad.to_owned())));
        }
        for bad in ["", "a//b", "../x", "a?b", "x/..", &"a".repeat(300)] {
            assert!(bad.parse::<Revision>().is_err(), "{bad}");
        }
        assert_eq!("refs/pr/1".parse::<Revision>().unwrap().encoded(), "refs%2Fpr%2F1");
    }
}
