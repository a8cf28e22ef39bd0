//! Sections of a document as documents of their own.
//!
//! The pages of a section are copied with everything that they refer to, and with nothing else: no reference is
//! followed to another page, and what leads away from a page (links, threads, the structure tree) stays behind.
//! Streams are copied as they are, never decompressed and compressed again; long ones are not even copied here, but
//! named by their place in the document. A document is read once, however many sections are cut out of it.
//!
//! As the rest of this crate it is to be used in a process with limits.

mod closure;
mod inherited;
mod resources;
mod names;
mod annotations;
mod form;
mod page;
mod bookmarks;
mod landing;
mod places;
mod writing;

use crate::guard::guarded;
use crate::refusal;
use closure::Closure;
use lopdf::{Dictionary, Document, Object, ObjectId};
use places::Places;
use std::collections::HashSet;
use types::failure::{Failure, FailureClass};
use types::pages::PageRange;
use types::seam::split::Facts;
use types::section_file::SectionFile;
use writing::Writing;

/// Documents with more pages are refused: their page list alone would fill the memory of a child.
const PAGES_MAX: usize = 500_000;

/// Changes whenever the bytes of a section may change for the same source.
pub const REVISION: &str = "pdf-split/2";

/// An open document to cut sections from.
#[derive(Debug)]
pub struct Source {
    document: Document,
    /// In reading order. A page may stand in it twice.
    pages: Vec<ObjectId>,
    page_set: HashSet<ObjectId>,
    places: Places,
    /// Bytes of the document.
    size: u64,
}

impl Source {
    /// Reads the whole document.
    ///
    /// # Errors
    /// `encrypted` when the empty password does not open the file, `bad_document` when no page can be found in it,
    /// `too_large` for more than 500,000 pages.
    pub fn open(bytes: &[u8]) -> Result<Self, Failure> {
        if bytes.is_empty() {
            return Err(refusal::empty());
        }
        let document = match guarded(|| Document::load_mem(bytes)) {
            Ok(Ok(document)) => document,
            Ok(Err(lopdf::Error::InvalidPassword)) => return Err(refusal::encrypted()),
            Ok(Err(lopdf::Error::Decryption(_) | lopdf::Error::UnsupportedSecurityHandler(_))) => {
                return Err(refusal::unknown_encryption());
            }
            Ok(Err(_)) | Err(_) => return Err(refusal::unreadable(bytes)),
        };
        if document.is_encrypted() {
            return Err(refusal::encrypted());
        }
        let pages: Vec<ObjectId> =
            guarded(|| document.page_iter().take(PAGES_MAX + 1).collect()).unwrap_or_default();
        match pages.len() {
            0 => Err(refusal::no_pages(bytes)),
            1..=PAGES_MAX => {
                let page_set = pages.iter().copied().collect();
                let places = Places::find(&document, bytes);
                Ok(Self { document, pages, page_set, places, size: bytes.len() as u64 })
            }
            _ => Err(Failure::new(
                FailureClass::TooLarge,
                format!("the PDF has more than {PAGES_MAX} pages"),
                "cut it into parts with another program first",
            )),
        }
    }

    pub fn page_count(&self) -> u32 {
        self.pages.len() as u32
    }

    /// Its pages, and its outline; that one is empty where there is none.
    pub fn facts(&self) -> Facts {
        let outline = guarded(|| bookmarks::read(&self.document, &self.pages));
        Facts { pages: self.page_count(), outline: outline.unwrap_or_default() }
    }

    /// A PDF with these pages alone. It refers to no byte of the document twice.
    ///
    /// # Errors
    /// `bad_item` when the document has no such pages, `bad_document` when they are too damaged to be copied.
    pub fn section(&self, range: PageRange) -> Result<SectionFile, Failure> {
        let pages = self.pages_of(range)?;
        if let Some(at) = pages.iter().position(|page| page::lacks_content(&self.document, *page)) {
            let number = range.first() as usize + at;
            return Err(Failure::bad_document(
                format!(
                    "what stands on page {number} is missing from the PDF, which may be cut off"
                ),
                "get the file again, or leave this page out",
            ));
        }
        guarded(|| self.copy(pages)).map_err(|_| {
            Failure::bad_document(
                format!("the pages {range} of the PDF are damaged and cannot be copied"),
                "open it in a viewer and save it anew",
            )
        })
    }

    fn pages_of(&self, range: PageRange) -> Result<&[ObjectId], Failure> {
        let first = range.first() as usize - 1;
        self.pages.get(first..range.last() as usize).ok_or_else(|| {
            Failure::new(
                FailureClass::BadItem,
                format!("pages {range} are not all in the PDF, which has {}", self.pages.len()),
                "correct the page range of this section",
            )
        })
    }

    fn copy(&self, pages: &[ObjectId]) -> SectionFile {
        let version = if self.document.version.starts_with("2.") { "2.0" } else { "1.7" };
        let section = Writing::new(version, &self.places, self.size);
        let mut closure = Closure::new(&self.document, &self.page_set, section);
        let (root, tree) = (closure.fresh(), closure.fresh());
        let mut fields = Vec::new();
        let mut kids = Vec::with_capacity(pages.len());
        for page in pages {
            let copied = page::copy(&mut closure, *page, tree, &mut fields);
            kids.push(Object::Reference(copied));
        }
        let mut catalog = Dictionary::new();
        catalog.set("Type", Object::Name(b"Catalog".to_vec()));
        catalog.set("Pages", Object::Reference(tree));
        if let Ok(original) = self.document.catalog() {
            // Which layers are shown stands here, not on the pages.
            if let Ok(layers) = original.get(b"OCProperties") {
                catalog.set("OCProperties", closure.copied(layers));
            }
            if let Some(form) = form::copy(&mut closure, original, fields) {
                catalog.set("AcroForm", form);
            }
        }
        closure.put(root, &Object::Dictionary(catalog));
        let mut node = Dictionary::new();
        node.set("Type", Object::Name(b"Pages".to_vec()));
        node.set("Count", kids.len() as i64);
        node.set("Kids", Object::Array(kids));
        closure.put(tree, &Object::Dictionary(node));
        closure.finish(root)
    }
}
