//! How a document is cut into sections.

use crate::failure::Failure;
use crate::pages::PageRange;
use crate::section_file::SectionFile;
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
    pub landing: Landing,
}

/// Where on its page an entry of an outline leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Landing {
    /// Nothing of what comes before stands on the page.
    Top,
    /// The end of what comes before may stand above.
    Below,
}

/// A part of a document as its outline names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chapter {
    pub title: String,
    pub range: PageRange,
}

/// What a document says of itself.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Facts {
    pub pages: u32,
    /// In reading order.
    pub outline: Vec<Bookmark>,
}

impl Facts {
    /// The entries of the outline at the highest level that has several, each to where the next one begins: through
    /// the page before it, or also through its page when it begins below the top of that one.
    pub fn chapters(&self) -> Vec<Chapter> {
        let at = |level| self.outline.iter().filter(move |entry| entry.level == level);
        let levels = self.outline.iter().map(|entry| entry.level).max().unwrap_or(0);
        let level = (1..=levels).find(|level| at(*level).count() > 1);
        let mut entries: Vec<&Bookmark> = level.map_or_else(Vec::new, |level| at(level).collect());
        entries.sort_by_key(|entry| entry.page);
        let ends = entries.iter().skip(1).map(|next| match next.landing {
            Landing::Top => next.page.saturating_sub(1),
            Landing::Below => next.page,
        });
        let chapters = entries.iter().zip(ends.chain([self.pages])).filter_map(|(entry, end)| {
            // Two entries on one page share it.
            let range = PageRange::new(entry.page, end.max(entry.page))?;
            Some(Chapter { title: entry.title.clone(), range })
        });
        chapters.filter(|chapter| chapter.range.last() <= self.pages).collect()
    }
}

/// What is to be cut out of a document.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'r> {
    Ranges(&'r [PageRange]),
    /// [`Facts::chapters`].
    Chapters,
}

/// What comes out of a document that is being cut.
#[derive(Debug)]
pub enum Cut {
    /// First of all.
    Facts(Facts),
    /// Of the range with this index.
    Section {
        index: usize,
        file: SectionFile,
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

    /// The facts first, then the sections in the order that they are wanted in, each with its bytes or its failure; `Break` ends
    /// the job with `Ok`. One section is held at a time, and the next one is begun when `take` returns.
    ///
    /// # Errors
    /// The document as a whole cannot be read (further): it says why of all sections that have not come.
    fn split(
        &self,
        document: &File,
        wanted: Wanted<'_>,
        take: &mut dyn FnMut(Cut) -> ControlFlow<()>,
    ) -> Result<(), Failure>;
}

#[cfg(test)]
mod tests {
    use super::Landing::{Below, Top};
    use super::*;

    fn chapters(pages: u32, outline: &[(&str, u8, u32, Landing)]) -> Vec<String> {
        let entry = |&(title, level, page, landing): &(&str, u8, u32, Landing)| Bookmark {
            title: title.to_owned(),
            level,
            page,
            landing,
        };
        let facts = Facts { pages, outline: outline.iter().map(entry).collect() };
        facts.chapters().iter().map(|one| format!("{} {}", one.title, one.range)).collect()
    }

    #[test]
    fn chapters_end_before_the_next_and_at_the_last_page() {
        let book = [
            ("A", 1, 1, Top),
            ("a", 2, 2, Top),
            ("B", 1, 5, Top),
            ("C", 1, 5, Top),
            ("D", 1, 18, Top),
        ];
        assert_eq!(chapters(20, &book), ["A 1-4", "B 5", "C 5-17", "D 18-20"]);
        let titled = [("Title", 1, 1, Top), ("One", 2, 2, Top), ("Two", 2, 6, Top)];
        assert_eq!(chapters(9, &titled), ["One 2-5", "Two 6-9"]);
        assert_eq!(chapters(9, &[("Only", 1, 1, Top)]), [""; 0]);
        assert_eq!(chapters(3, &[("A", 1, 1, Top), ("Gone", 1, 7, Top)]), [""; 0]);
    }

    #[test]
    fn a_page_on_which_the_next_chapter_begins_further_down_belongs_to_both() {
        let book = [("A", 1, 1, Top), ("B", 1, 5, Below), ("C", 1, 5, Below), ("D", 1, 9, Top)];
        assert_eq!(chapters(9, &book), ["A 1-5", "B 5", "C 5-8", "D 9"]);
    }
}
