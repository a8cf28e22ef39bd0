//! Dead letters of earlier runs: what they name is not tried again, and stays listed.

use std::collections::HashMap;
use types::failure::Failure;
use types::ledger::DeadLetter;
use types::seam::{Store, StoreError};

#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// By source and file, in bytewise order of documents.
    by_file: HashMap<String, HashMap<String, Vec<DeadLetter>>>,
}

impl Letters {
    pub(crate) fn load(store: &dyn Store) -> Result<Self, StoreError> {
        Ok(Self::of(store.dead_letters()?))
    }

    fn of(letters: Vec<DeadLetter>) -> Self {
        let mut by_file: HashMap<String, HashMap<String, Vec<_>>> = HashMap::new();
        for letter in letters {
            let files = by_file.entry(letter.source.clone()).or_default();
            files.entry(letter.file.clone()).or_default().push(letter);
        }
        for letters in by_file.values_mut().flat_map(HashMap::values_mut) {
            letters.sort_by(|a, b| a.document.cmp(&b.document));
        }
        Self { by_file }
    }

    pub(crate) fn of_file(&self, source: &str, file: &str) -> &[DeadLetter] {
        self.by_file.get(source).and_then(|files| files.get(file)).map_or(&[], Vec::as_slice)
    }

    /// Failures of one document, chunks included. A file may hold many documents that failed, and asks for each.
    pub(crate) fn of_document<'l>(
        &'l self,
        source: &str,
        file: &str,
        document: &str,
    ) -> impl Iterator<Item = &'l Failure> + use<'l> {
        let letters = self.of_file(source, file);
        let start = letters.partition_point(|letter| letter.document.as_str() < document);
        let end = letters.partition_point(|letter| letter.document.as_str() <= document);
        letters[start..end].iter().map(|letter| &letter.failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(file: &str, document: &str, chunk: Option<u32>) -> DeadLetter {
        DeadLetter {
            id: 0,
            source: "s".to_owned(),
            file: file.to_owned(),
            document: document.to_owned(),
            chunk,
            failure: Failure::bad_document(format!("{document} {chunk:?}"), ""),
            attempts: 1,
            first_at: 0,
            last_at: 0,
        }
    }

    #[test]
    fn a_document_finds_its_own_letters_and_no_others() {
        let letters = Letters::of(vec![
            letter("f", "f#b", None),
            letter("f", "f#a", Some(1)),
            letter("g", "f#a", None),
            letter("f", "f#a", Some(2)),
            letter("f", "f#aa", None),
        ]);
        let of = |document: &str| -> Vec<&str> {
            letters.of_document("s", "f", document).map(|f| f.message.as_str()).collect()
        };
        assert_eq!(of("f#a"), ["f#a Some(1)", "f#a Some(2)"]);
        assert_eq!((of("f#aa"), of("f#b")), (vec!["f#aa None"], vec!["f#b None"]));
        assert_eq!((of("f#"), of("f#c")), (vec![], vec![]));
        assert_eq!(letters.of_file("s", "f").len(), 4);
        assert!(letters.of_file("t", "f").is_empty());
    }
}
