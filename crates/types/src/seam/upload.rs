//! The journal of files that lie at providers: what must be deleted there, whatever happens here.

use std::time::SystemTime;

/// Why an uploaded file is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// Its upload may have begun, and it belongs to the process that wrote the entry.
    Open,
    /// Whole and usable, to be used again until the provider lets it expire.
    Kept,
}

/// One file at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Ours, chosen before the upload began.
    pub id: String,
    /// Who holds it.
    pub account: String,
    /// Of what it is made of, so that the same is not uploaded twice.
    pub content: [u8; 32],
    /// The process that answers for it.
    pub owner: String,
    pub state: UploadState,
    pub created: SystemTime,
    /// The provider's own name for it, once it is known to differ from ours.
    pub name: Option<String>,
    /// By which a question refers to it, once it is known.
    pub uri: Option<String>,
}

/// The journal cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct JournalError {
    pub message: String,
    pub hint: String,
}

/// Every call is durable when it returns. Called from several threads at once, and by several processes.
pub trait UploadJournal: Send + Sync {
    /// Before the first byte of an upload leaves.
    fn open(&self, upload: &Upload) -> Result<(), JournalError>;

    /// The upload ended well, and what it left is to be kept for later.
    fn keep(&self, id: &str, name: &str, uri: &str) -> Result<(), JournalError>;

    /// The provider calls it otherwise.
    fn rename(&self, id: &str, name: &str) -> Result<(), JournalError>;

    /// The file is gone at the provider.
    fn close(&self, id: &str) -> Result<(), JournalError>;

    /// A file that is kept and made of this content.
    fn kept(&self, account: &str, content: &[u8; 32]) -> Result<Option<Upload>, JournalError>;

    /// All entries of an account, oldest first.
    fn all(&self, account: &str) -> Result<Vec<Upload>, JournalError>;
}
