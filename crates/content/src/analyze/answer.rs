//! The sections that a model has named, as far as they can be used.

use super::LeftOut;
use crate::section::Section;
use serde_json::Value;
use types::pages::PageRange;

/// More sections than this on each page are no sections.
const EACH_PAGE_MAX: usize = 16;

/// Letters of a name, and of a range that is none, that are worth showing.
const NAME_MAX: usize = 300;
const RANGE_MAX: usize = 40;

/// Whether sections may have more than a page in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlaps {
    /// The question asked for none.
    Unwanted,
    /// Whatever the user's own question was.
    Possible,
}

/// How many there are at most in so many pages.
pub(super) fn most(pages: u32) -> usize {
    (pages as usize).saturating_mul(EACH_PAGE_MAX)
}

/// In the order of their pages; what cannot be used with its reason. `items`: as many as the model has named.
pub(super) fn sections(
    items: &[Value],
    pages: u32,
    overlaps: Overlaps,
) -> (Vec<Section>, Vec<LeftOut>) {
    let (mut named, mut left_out): (Vec<Section>, Vec<LeftOut>) = (Vec::new(), Vec::new());
    for item in items {
        match section(item, pages) {
            Ok(section) => named.push(section),
            Err(left) => left_out.push(left),
        }
    }
    // Of two that begin on one page the longer first: it holds the other.
    named.sort_by_key(|one| (one.range.first(), std::cmp::Reverse(one.range.last())));
    let mut kept: Vec<Section> = Vec::new();
    for section in named {
        match objection(&kept, &section, overlaps) {
            None => kept.push(section),
            Some(why) => {
                let page_range = section.range.to_string();
                left_out.push(LeftOut { name: section.name, page_range, why });
            }
        }
    }
    (kept, left_out)
}

fn section(item: &Value, pages: u32) -> Result<Section, LeftOut> {
    let text = |key: &str, max: usize| -> String {
        item[key].as_str().unwrap_or_default().trim().chars().take(max).collect()
    };
    let (name, page_range) = (text("section_name", NAME_MAX), text("page_range", RANGE_MAX));
    let range = page_range.parse::<PageRange>().map_err(|bad| bad.to_string());
    let range = range.and_then(|range| {
        let inside = range.last() <= pages;
        if inside { Ok(range) } else { Err(format!("the document has {pages} pages")) }
    });
    match range {
        Ok(_) if name.is_empty() => {
            Err(LeftOut { name, page_range, why: "it has no name".to_owned() })
        }
        Ok(range) => Ok(Section { name, range, prompts: None }),
        Err(why) => Err(LeftOut { name, page_range, why }),
    }
}

/// Why a section is not wanted beside those before it.
fn objection(kept: &[Section], section: &Section, overlaps: Overlaps) -> Option<String> {
    if kept.iter().any(|one| one.name == section.name && one.range == section.range) {
        return Some("it is named twice".to_owned());
    }
    let before = kept.last().filter(|_| overlaps == Overlaps::Unwanted)?;
    let overlaps = section.range.first() < before.range.last();
    overlaps.then(|| format!("it overlaps with the pages {}", before.range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn item(name: &str, range: &str) -> Value {
        json!({"section_name": name, "page_range": range})
    }

    fn shown(found: &(Vec<Section>, Vec<LeftOut>)) -> (Vec<String>, Vec<String>) {
        let kept = found.0.iter().map(|one| format!("{} {}", one.name, one.range));
        let left =
            found.1.iter().map(|one| format!("{} {}: {}", one.name, one.page_range, one.why));
        (kept.collect(), left.collect())
    }

    #[test]
    fn what_is_reversed_or_out_of_the_document_or_no_range_is_left_out_and_told() {
        let items = [
            item(" A ", "1-3"),
            item("B", "4-99"),
            item("C", "x"),
            item("D", "9"),
            item("E", "8-5"),
            item("F", "0-2"),
            item("", "4"),
            json!({"section_name": 7}),
            item("A", "1-3"),
        ];
        let (kept, left) = shown(&sections(&items, 9, Overlaps::Unwanted));
        assert_eq!(kept, ["A 1-3", "D 9"]);
        assert_eq!(left.len(), 7, "{left:?}");
        for (name, why) in [("B", "has 9 pages"), ("E", "backwards"), ("A", "twice")] {
            assert!(left.iter().any(|one| one.starts_with(name) && one.contains(why)), "{left:?}");
        }
    }

    #[test]
    fn sections_may_share_a_page_and_no_more_unless_they_were_asked_for_so() {
        let items =
            [item("Unit", "4-6"), item("All", "1-9"), item("Next", "9-12"), item("X", "11-12")];
        let (kept, left) = shown(&sections(&items, 12, Overlaps::Unwanted));
        assert_eq!(kept, ["All 1-9", "Next 9-12"]);
        assert_eq!(left[0], "Unit 4-6: it overlaps with the pages 1-9");
        assert_eq!(sections(&items, 12, Overlaps::Possible).0.len(), 4);
        let same = [item("A", "3"), item("B", "3")];
        assert_eq!(sections(&same, 3, Overlaps::Unwanted).0.len(), 2, "two on one page");
    }

    proptest! {
        #[test]
        fn each_item_is_kept_or_told_and_what_is_kept_is_in_the_document(
            pages in 1u32..30,
            ranges in prop::collection::vec((0u32..40, 0u32..40), 0..40),
        ) {
            let items: Vec<Value> = ranges.iter().enumerate()
                .map(|(at, (first, last))| item(&format!("{}", at % 7), &format!("{first}-{last}")))
                .collect();
            let (kept, left) = sections(&items, pages, Overlaps::Unwanted);
            prop_assert_eq!(kept.len() + left.len(), items.len());
            prop_assert!(kept.iter().all(|one| one.range.last() <= pages));
            let apart = kept.windows(2).all(|pair| pair[0].range.last() <= pair[1].range.first());
            prop_assert!(apart, "{:?}", kept);
        }
    }
}
