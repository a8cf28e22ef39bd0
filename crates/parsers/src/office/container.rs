//! A zip container whose members are read within one budget of unpacked bytes.

use crate::html;
use crate::stop::Step;
use std::io::{Read, Seek};
use types::failure::{Failure, FailureClass};
use zip::ZipArchive;
use zip::result::ZipError;

/// Unpacked bytes of all members together that a document's parser reads: 200 MiB of XML are thousands of pages.
pub(super) const UNPACKED_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Members of a container; the largest books have some thousands.
const MEMBERS_MAX: usize = 20_000;

pub(super) struct Container<R> {
    zip: ZipArchive<R>,
    budget: u64,
    left: u64,
}

impl<R: Read + Seek> Container<R> {
    pub(super) fn open(body: R) -> Step<Self> {
        Self::with_budget(body, UNPACKED_BYTES_MAX)
    }

    pub(super) fn with_budget(body: R, budget: u64) -> Step<Self> {
        let zip = ZipArchive::new(body).map_err(|error| broken(&error))?;
        if zip.len() > MEMBERS_MAX {
            return Err(Failure::new(
                FailureClass::Bomb,
                format!("the container holds {} members, more than {MEMBERS_MAX}", zip.len()),
                "if the document is sound, save it again without its attachments",
            )
            .into());
        }
        Ok(Self { zip, budget, left: budget })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    /// A member's bytes; `None` when there is none of this name.
    pub(super) fn bytes(&mut self, name: &str) -> Step<Option<Vec<u8>>> {
        let member = match self.zip.by_name(name) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(broken(&error).into()),
        };
        let mut bytes = Vec::new();
        member
            .take(self.left + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(name, &error))?;
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            return Err(unpacks_too_large(self.budget).into());
        };
        self.left = left;
        Ok(Some(bytes))
    }

    /// A member's text, decoded by its mark, its declaration or a guess.
    pub(super) fn text(&mut self, name: &str) -> Step<Option<String>> {
        Ok(self.bytes(name)?.map(|bytes| match String::from_utf8(bytes) {
            Ok(text) if !text.starts_with('\u{feff}') => text,
            Ok(text) => html::decode(text.as_bytes()).text,
            Err(error) => html::decode(error.as_bytes()).text,
        }))
    }

    /// A member without which the document is none of its kind.
    pub(super) fn required(&mut self, name: &str) -> Step<String> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None => Err(missing(name).into()),
        }
    }
}

pub(super) fn missing(name: &str) -> Failure {
    Failure::bad_document(
        format!("the container has no {name}"),
        "the file is damaged or has the wrong ending: open it in its program and save it again",
    )
}

pub(super) fn broken(error: &ZipError) -> Failure {
    match error {
        ZipError::UnsupportedArchive(reason) if *reason == ZipError::PASSWORD_REQUIRED => {
            Failure::new(
                FailureClass::Encrypted,
                "the document is protected with a password",
                "remove the password and save it again",
            )
        }
        _ => Failure::bad_document(
            "the zip container is damaged",
            "fetch the file again, or open it in its program and save it again",
        ),
    }
}

pub(super) fn damaged(name: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::OutOfMemory {
        return Failure::new(
            FailureClass::Bomb,
            format!("member {name} of the container needs more memory than its parser may take"),
            "raise --memory-limit if the document is to be trusted, or split it",
        );
    }
    Failure::bad_document(
        format!("member {name} of the container is damaged: {}", error.kind()),
        "fetch the file again, or open it in its program and save it again",
    )
}

pub(super) fn unpacks_too_large(limit: u64) -> Failure {
    Failure::new(
        FailureClass::Bomb,
        format!("the container unpacks to more than {} MiB of text", limit >> 20),
        "if the document is sound, split it or convert it to text",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::Stop;
    use crate::testing::zipped;
    use std::io::Cursor;

    #[test]
    fn members_are_read_within_one_budget_whatever_they_claim() {
        let zeros = vec![b' '; 3 << 20];
        let file = zipped(&[("a.xml", &zeros), ("b.xml", &zeros), ("c.xml", b"c")]);
        let mut container = Container::with_budget(Cursor::new(file), 4 << 20).unwrap();
        assert_eq!(container.bytes("a.xml").unwrap().map(|bytes| bytes.len()), Some(3 << 20));
        match container.bytes("b.xml") {
            Err(Stop::Failed(failure)) => {
                assert_eq!(failure.class, FailureClass::Bomb);
                assert!(failure.message.contains("4 MiB"), "{failure}");
            }
            other => panic!("{other:?}"),
        }
        // What is left of the budget is for the members behind.
        assert_eq!(container.bytes("c.xml").unwrap().as_deref(), Some(&b"c"[..]));
        assert!(container.bytes("d.xml").unwrap().is_none());
    }
}
