//! Texts that may hold a secret: usable inside, never printed.

use std::fmt;

/// An address or a command's arguments. `Debug` and `Display` show it without what may be secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Confidential(String);

impl Confidential {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The whole text, for the one who connects with it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&conceal(&self.0))
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", conceal(&self.0))
    }
}

/// Hides user, password and query of a URL inside the text.
///
/// Everything up to the last `@` goes, because a password that was not encoded may hold `/` and `@` itself.
pub(crate) fn conceal(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let shown = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let user = if shown.len() < rest.len() { "***@" } else { "" };
    match shown.split_once('?') {
        Some((address, _)) => format!("{scheme}://{user}{address}?***"),
        None => format!("{scheme}://{user}{shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_hidden() {
        for (text, shown) in [
            ("sqlite:kb.db", "sqlite:kb.db"),
            ("sqlite:odd@name?.db", "sqlite:odd@name?.db"),
            ("postgres://host/db", "postgres://host/db"),
            ("postgres://me:pa55@host/db", "postgres://***@host/db"),
            ("postgres://me:p/5@5@host/db", "postgres://***@host/db"),
            ("postgres://me:p?x@host/db?password=pa55", "postgres://***@host/db?***"),
            ("http://host:80/path?token=pa55", "http://host:80/path?***"),
        ] {
            let confidential = Confidential::new(text);
            assert_eq!(confidential.to_string(), shown);
            assert_eq!(format!("{confidential:?}"), format!("{shown:?}"));
            assert_eq!(confidential.reveal(), text);
        }
    }
}
