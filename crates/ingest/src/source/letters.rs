//! Dead letters of earlier runs: what they name is not tried again, and stays listed.

use std::collections::HashMap;
use types::failure::Failure;
use types::ledger::DeadLetter;
use types::seam::{Store, StoreError};

#[derive(Debug, Default)]
pub(crate) struct Letters {
    by_file: HashMap<(String, String), Vec<DeadLetter>>,
}

impl Letters {
    pub(crate) fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut by_file: HashMap<_, Vec<_>> = HashMap::new();
        for letter in store.dead_letters()? {
            by_file.entry((letter.source.clone(), letter.file.clone())).or_default().push(letter);
        }
        Ok(Self { by_file })
    }

    pub(crate) fn of_file(&self, source: &str, file: &str) -> &[DeadLetter] {
        if self.by_file.is_empty() {
            return &[];
        }
        self.by_file.get(&(source.to_owned(), file.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Failures of one document, chunks included.
    pub(crate) fn of_document<'l>(
        &'l self,
        source: &str,
        file: &str,
        document: &'l str,
    ) -> impl Iterator<Item = &'l Failure> {
        self.of_file(source, file)
            .iter()
            .filter(move |letter| letter.document == document)
            .map(|letter| &letter.failure)
    }
}
