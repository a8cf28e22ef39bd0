//! A key that is used and never shown.

use reqwest::header::HeaderValue;
use std::fmt;

/// The key of a provider. Nothing prints it: not `Debug`, not an error, not a log.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// A text that no provider gives out as a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is empty or holds characters that no key has")]
pub struct BadKey;

impl ApiKey {
    /// White space around it, as copying leaves it, is dropped.
    pub fn new(text: &str) -> Result<Self, BadKey> {
        let text = text.trim();
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || !graphic { Err(BadKey) } else { Ok(Self(text.to_owned())) }
    }

    /// For the header, and for finding it in texts that must not show it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// `prefix` and key; the value is not printed by the HTTP library either.
    pub(crate) fn header(&self, prefix: &str) -> HeaderValue {
        let mut value = HeaderValue::try_from(format!("{prefix}{}", self.0))
            .expect("graphic characters may stand in a header");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed() {
        let key = ApiKey::new(" sk-s3cret\n").unwrap();
        assert_eq!(key.reveal(), "sk-s3cret");
        let shown = format!("{key:?} {:?}", key.header("Bearer "));
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "  ", "two words", "line\nbreak", "schlüssel", "a\0b"] {
            assert_eq!(ApiKey::new(text), Err(BadKey));
        }
    }
}
