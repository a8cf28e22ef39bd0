//! What a user is told about something that could not be done: class, cause, hint.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The closed list of failure classes that `failures list` shows and `failures retry CLASS` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    BadDocument,
    BadItem,
    TooLarge,
    Encrypted,
    Bomb,
    Timeout,
    CrashLoop,
    Denied,
    Quota,
    Budget,
    DiskFull,
    Internal,
}

impl FailureClass {
    pub const ALL: [Self; 12] = [
        Self::BadDocument,
        Self::BadItem,
        Self::TooLarge,
        Self::Encrypted,
        Self::Bomb,
        Self::Timeout,
        Self::CrashLoop,
        Self::Denied,
        Self::Quota,
        Self::Budget,
        Self::DiskFull,
        Self::Internal,
    ];

    /// The word that users type and see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadDocument => "bad_document",
            Self::BadItem => "bad_item",
            Self::TooLarge => "too_large",
            Self::Encrypted => "encrypted",
            Self::Bomb => "bomb",
            Self::Timeout => "timeout",
            Self::CrashLoop => "crash_loop",
            Self::Denied => "denied",
            Self::Quota => "quota",
            Self::Budget => "budget",
            Self::DiskFull => "disk_full",
            Self::Internal => "internal",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is none of the failure classes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a failure class")]
pub struct UnknownClass(pub String);

impl FromStr for FailureClass {
    type Err = UnknownClass;

    fn from_str(word: &str) -> Result<Self, UnknownClass> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == word)
            .ok_or_else(|| UnknownClass(word.to_owned()))
    }
}

/// One thing that could not be done, in the words of its user.
///
/// `message` says what is wrong, in lower case and without document text; `hint` says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub class: FailureClass,
    pub message: String,
    pub hint: String,
}

impl Failure {
    pub fn new(class: FailureClass, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: hint.into() }
    }

    pub fn bad_document(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(FailureClass::BadDocument, message, hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_found_by_its_own_word() {
        for class in FailureClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(class));
        }
        assert!("bad".parse::<FailureClass>().is_err());
    }
}
