//! How a document is cut into sections.

use crate::failure::Failure;
use crate::pages::PageRange;
use std::fs::File;
use std::ops::ControlFlow;

/// An entry of a document's own outline.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bookmark {
    pub title: String,
    /// 1 for the entries at the top.
    pub level: u8,
    /// Counted from 1.
    pub page: u32,
}

/// What a document says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    pub pages: u32,
    /// In reading order.
    pub outline: Vec<Bookmark>,
}

/// What comes out of a document that is being cut.
#[derive(Debug)]
pub enum Cut {
    /// First of all.
    Facts(Facts),
    /// Of the range with this index.
    Section {
        index: usize,
        bytes: Vec<u8>,
    },
    Failed {
        index: usize,
        failure: Failure,
    },
    /// Nothing yet: asks whether the sections are still wanted.
    StillThere,
}

/// Cuts documents. Blocks; called from threads of its own.
pub trait Splitter: Send + Sync {
    /// Changes whenever the bytes of a section may change for the same document.
    fn revision(&self) -> &'static str;

    /// The facts first, then the sections in the order of `ranges`, each with its bytes or its failure; `Break` ends
    /// the job with `Ok`. One section is held at a time, and the next one is begun when `take` returns.
    ///
    /// # Errors
    /// The document as a whole cannot be read (further): it says why of all sections that have not come.
    fn split(
        &self,
        document: &File,
        ranges: &[PageRange],
        take: &mut dyn FnMut(Cut) -> ControlFlow<()>,
    ) -> Result<(), Failure>;
}
