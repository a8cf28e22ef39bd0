//! The store's side of the merge: gates page by page.

use super::gone::Gone;
use crate::outcome::RunError;
use std::collections::VecDeque;
use types::ledger::{FileState, SourceId};
use types::seam::{Store, StoreError};

/// Rows read at once: some hundred bytes each.
const PAGE: usize = 1000;

/// Gates of one source in order of names.
pub(super) struct Gates<'s> {
    store: &'s dyn Store,
    source: SourceId,
    page: VecDeque<FileState>,
    after: Option<String>,
    ended: bool,
    gone: Gone,
    known: u64,
}

impl<'s> Gates<'s> {
    pub(super) fn new(store: &'s dyn Store, source: SourceId) -> Self {
        Self {
            store,
            source,
            page: VecDeque::new(),
            after: None,
            ended: false,
            gone: Gone::default(),
            known: 0,
        }
    }

    /// The gate of `name`, if it has one; all before it are gone from the source.
    pub(super) fn advance_to(&mut self, name: &str) -> Result<Option<FileState>, RunError> {
        while let Some(gate) = self.next()? {
            match gate.name.as_str().cmp(name) {
                std::cmp::Ordering::Less => self.miss(gate)?,
                std::cmp::Ordering::Equal => {
                    self.note(&gate);
                    return Ok(Some(gate));
                }
                std::cmp::Ordering::Greater => {
                    self.page.push_front(gate);
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    /// Files that the listing did not have, and documents known.
    pub(super) fn finish(mut self) -> Result<(Gone, u64), RunError> {
        while let Some(gate) = self.next()? {
            self.miss(gate)?;
        }
        Ok((self.gone, self.known))
    }

    fn miss(&mut self, gate: FileState) -> Result<(), RunError> {
        self.note(&gate);
        // Stale ones are counted with those of files that are still there.
        let documents = u64::from(gate.documents) + u64::from(gate.failed);
        self.gone.add(gate.name, documents).map_err(|error| RunError::of_spool(&error))
    }

    fn note(&mut self, gate: &FileState) {
        self.known += u64::from(gate.documents) + u64::from(gate.failed) + u64::from(gate.stale);
    }

    fn next(&mut self) -> Result<Option<FileState>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let page = self.store.files_after(self.source, self.after.as_deref(), PAGE)?;
            self.ended = page.len() < PAGE;
            self.after = page.last().map(|gate| gate.name.clone()).or(self.after.take());
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}
