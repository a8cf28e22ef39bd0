//! The journal of uploads, off the threads that move bytes: a disk or a server may take its time.

use std::sync::Arc;
use types::seam::upload::{JournalError, UploadJournal};

/// Clones share it.
#[derive(Clone)]
pub(crate) struct Journal(Arc<dyn UploadJournal>);

impl Journal {
    pub(crate) fn new(journal: Arc<dyn UploadJournal>) -> Self {
        Self(journal)
    }

    /// Dropping the future does not take back what was begun.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn UploadJournal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let journal = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(journal.as_ref())).await;
        done.unwrap_or_else(|_| {
            Err(JournalError {
                message: "the journal of uploads was given up".to_owned(),
                hint: "run again".to_owned(),
            })
        })
    }

    pub(crate) async fn close(&self, id: &str) -> Result<(), JournalError> {
        let id = id.to_owned();
        self.with(move |journal| journal.close(&id)).await
    }
}
