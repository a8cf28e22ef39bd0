//! The outline that a document carries, and the lines on its pages that it names.

mod destination;

use crate::layout::line::Line;
use crate::text_string;
use destination::Destinations;
use hayro_syntax::Pdf;
use hayro_syntax::object::{Dict, ObjRef, ObjectIdentifier, String as TextString};
use std::collections::{HashMap, HashSet};

/// More entries than a dictionary has headwords; hostile outlines have no end.
const ENTRIES_MAX: usize = 20_000;
/// Entries of one page that are looked for; an index page has 100.
const PAGE_ENTRIES_MAX: usize = 500;
/// Pages with more lines are drawings.
const PAGE_LINES_MAX: usize = 5_000;
/// Deeper entries count as this deep.
const LEVEL_MAX: u8 = 6;
/// A heading runs over no more lines than this.
const TITLE_LINES_MAX: usize = 4;

/// Titles by the page that they point to.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    entries: HashMap<u32, Vec<Entry>>,
}

#[derive(Debug)]
struct Entry {
    /// Letters and digits of the title, in lower case.
    key: String,
    level: u8,
}

/// A line is (part of) the heading that an entry of the outline names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Tells headings apart that follow each other.
    pub entry: usize,
    pub level: u8,
}

impl Outline {
    pub(crate) fn read(pdf: &Pdf) -> Self {
        let xref = pdf.xref();
        let mut outline = Self::default();
        let Some(catalog) = xref.get::<Dict<'_>>(xref.root_id()) else { return outline };
        let Some(root) = catalog.get::<Dict<'_>>(b"Outlines") else { return outline };
        let destinations = Destinations::new(pdf, &catalog);
        let mut seen: HashSet<ObjectIdentifier> = HashSet::new();
        let mut open: Vec<(ObjRef, u8)> =
            root.get_ref(b"First").map(|first| (first, 1)).into_iter().collect();
        while let Some((at, level)) = open.pop() {
            if seen.len() >= ENTRIES_MAX || !seen.insert(at.into()) {
                continue;
            }
            let Some(item) = xref.get::<Dict<'_>>(at.into()) else { continue };
            open.extend(item.get_ref(b"Next").map(|next| (next, level)));
            open.extend(item.get_ref(b"First").map(|first| (first, (level + 1).min(LEVEL_MAX))));
            outline.add(&item, level, &destinations);
        }
        outline
    }

    fn add(&mut self, item: &Dict<'_>, level: u8, destinations: &Destinations<'_>) {
        let Some(title) = item.get::<TextString<'_>>(b"Title") else { return };
        let Some(page) = destinations.page_of(item) else { return };
        let key = key(&text_string::decode(title.as_bytes()));
        if !key.is_empty() {
            self.entries.entry(page).or_default().push(Entry { key, level });
        }
    }

    /// For each line the entry whose heading it is part of.
    pub(crate) fn marks(&self, page: u32, lines: &[Line]) -> Vec<Option<Mark>> {
        let mut marks = vec![None; lines.len()];
        let entries = self.entries.get(&page).filter(|_| lines.len() <= PAGE_LINES_MAX);
        let Some(entries) = entries else { return marks };
        let keys: Vec<String> = lines.iter().map(|line| key(&line.text)).collect();
        for (at, entry) in entries.iter().take(PAGE_ENTRIES_MAX).enumerate() {
            let mut free = (0..keys.len()).filter(|&line| marks[line].is_none());
            let found = free.find_map(|line| Some((line, lines_of(&keys[line..], &entry.key)?)));
            if let Some((line, count)) = found {
                marks[line..line + count].fill(Some(Mark { entry: at, level: entry.level }));
            }
        }
        marks
    }
}

/// How many of the first lines together are the title; it may stand there with its number or without.
fn lines_of(keys: &[String], title: &str) -> Option<usize> {
    let mut text = String::new();
    for (at, key) in keys.iter().take(TITLE_LINES_MAX).enumerate() {
        text.push_str(key);
        if is_title(&text, title) {
            return Some(at + 1);
        }
        if text.len() > title.len() {
            return None;
        }
    }
    None
}

fn is_title(text: &str, title: &str) -> bool {
    let number =
        |rest: Option<&str>| rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
    !text.is_empty() && (number(text.strip_suffix(title)) || number(title.strip_suffix(text)))
}

fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::{key, lines_of};

    #[test]
    fn a_title_is_found_with_its_number_or_without_and_over_lines() {
        let cases: [(&[&str], &str, Option<usize>); 7] = [
            (&["Introduction"], "Introduction", Some(1)),
            (&["3.1 Results"], "Results", Some(1)),
            (&["Results"], "3.1  RESULTS", Some(1)),
            (&["A title over", "two lines", "text"], "A title over two lines", Some(2)),
            (&["The results are"], "Results", None),
            (&["", "Results"], "Results", None),
            (&["12"], "3 Results", None),
        ];
        for (lines, title, count) in cases {
            let keys: Vec<String> = lines.iter().map(|line| key(line)).collect();
            let found = if keys[0].is_empty() { None } else { lines_of(&keys, &key(title)) };
            assert_eq!(found, count, "{lines:?} {title:?}");
        }
    }
}
