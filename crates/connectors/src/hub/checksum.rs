//! The two sums that a hub gives: SHA-256 of large files, and git's SHA-1 of a blob for small ones.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use std::fmt::Write as _;

/// In hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checksum {
    Sha256(String),
    GitBlob(String),
}

/// A sum in the making.
pub(super) struct Digest(Context);

impl Checksum {
    /// By its length; none: it is no sum.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        match text.len() {
            64 => Some(Self::Sha256(text)),
            40 => Some(Self::GitBlob(text)),
            _ => None,
        }
    }

    pub(super) fn digits(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::GitBlob(digits) => digits,
        }
    }

    /// Of a file with so many bytes.
    pub(super) fn digest(&self, bytes: u64) -> Digest {
        match self {
            Self::Sha256(_) => Digest(Context::new(&SHA256)),
            Self::GitBlob(_) => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                context.update(format!("blob {bytes}\0").as_bytes());
                Digest(context)
            }
        }
    }

    pub(super) fn is(&self, digest: Digest) -> bool {
        let mut digits = String::new();
        for byte in digest.0.finish().as_ref() {
            write!(digits, "{byte:02x}").expect("a String takes everything");
        }
        self.digits() == digits
    }
}

impl Digest {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_sha256sum_and_of_git() {
        for (sum, text, right) in [
            ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc", true),
            ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abd", false),
            // printf 'hello\n' | git hash-object --stdin
            ("CE013625030BA8DBA906F756967F9E9CA394464A", "hello\n", true),
            ("ce013625030ba8dba906f756967f9e9ca394464a", "hello", false),
        ] {
            let sum = Checksum::parse(sum).unwrap();
            let mut digest = sum.digest(text.len() as u64);
            digest.update(text.as_bytes());
            assert_eq!(sum.is(digest), right, "{text:?}");
        }
        assert_eq!(Checksum::parse("d41d8cd98f00b204e9800998ecf8427e"), None);
        assert_eq!(Checksum::parse(&"z".repeat(40)), None);
    }
}
