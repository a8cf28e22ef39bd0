//! How a document becomes text, for models that take no files.

use crate::failure::Failure;
use std::sync::Arc;

/// Reads PDFs. Blocks; called from threads of its own, several at once.
pub trait Transcriber: Send + Sync {
    /// All text in reading order, each page with its number before it; `first` is that of the first page.
    ///
    /// # Errors
    /// The document cannot be read, has no text, or more than a question can hold.
    fn text(&self, pdf: &Arc<Vec<u8>>, first: u32) -> Result<String, Failure>;
}
