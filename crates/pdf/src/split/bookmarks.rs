//! The outline of a document, with the pages that it points to.

use super::landing::landing;
use crate::text_string;
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::{HashMap, HashSet};
use types::seam::split::Bookmark;

/// More entries than a dictionary has headwords; hostile outlines have no end.
const ENTRIES_MAX: usize = 20_000;
/// Deeper entries count as this deep.
const LEVEL_MAX: u8 = 8;
/// Nodes of a tree of names that are looked at.
const NAME_NODES_MAX: usize = 20_000;

/// Entries that point to no page of the document are left out.
pub(super) fn read(document: &Document, pages: &[ObjectId]) -> Vec<Bookmark> {
    let Ok(catalog) = document.catalog() else { return Vec::new() };
    let Ok(root) = document.get_dict_in_dict(catalog, b"Outlines") else { return Vec::new() };
    let aims = Aims::new(document, catalog, pages);
    let mut seen: HashSet<ObjectId> = HashSet::new();
    let mut open: Vec<(ObjectId, u8)> =
        reference(root, b"First").map(|at| (at, 1)).into_iter().collect();
    let mut found = Vec::new();
    while let Some((at, level)) = open.pop() {
        if seen.len() >= ENTRIES_MAX || !seen.insert(at) {
            continue;
        }
        let Ok(item) = document.get_dictionary(at) else { continue };
        open.extend(reference(item, b"Next").map(|next| (next, level)));
        open.extend(reference(item, b"First").map(|first| (first, (level + 1).min(LEVEL_MAX))));
        let Some((page, place)) = aims.of(item) else { continue };
        let title = item.get(b"Title").and_then(|title| document.dereference(title));
        let Ok((_, Object::String(title, _))) = title else { continue };
        let landing = landing(document, pages[page as usize - 1], place);
        found.push(Bookmark { title: text_string::decode(title), level, page, landing });
    }
    found
}

fn reference(dictionary: &Dictionary, key: &[u8]) -> Option<ObjectId> {
    dictionary.get(key).and_then(Object::as_reference).ok()
}

/// Where entries point to.
struct Aims<'d> {
    document: &'d Document,
    catalog: &'d Dictionary,
    numbers: HashMap<ObjectId, u32>,
    count: u32,
}

impl<'d> Aims<'d> {
    fn new(document: &'d Document, catalog: &'d Dictionary, pages: &[ObjectId]) -> Self {
        // Of a page that stands twice the first place counts.
        let count = pages.len() as u32;
        let numbers = pages.iter().copied().rev().zip((1..=count).rev()).collect();
        Self { document, catalog, numbers, count }
    }

    /// The page, and the destination with it.
    fn of(&self, item: &'d Dictionary) -> Option<(u32, &'d [Object])> {
        let aim = item.get(b"Dest").ok().or_else(|| {
            let action = self.document.get_dict_in_dict(item, b"A").ok()?;
            action.get(b"D").ok()
        })?;
        self.aim(aim, 0)
    }

    fn aim(&self, aim: &'d Object, depth: usize) -> Option<(u32, &'d [Object])> {
        if depth > 4 {
            return None;
        }
        match self.document.dereference(aim).ok()?.1 {
            Object::Array(place) => Some((self.page(place.first()?)?, place)),
            Object::Dictionary(place) => self.aim(place.get(b"D").ok()?, depth + 1),
            Object::Name(name) => {
                let dests = self.document.get_dict_in_dict(self.catalog, b"Dests").ok()?;
                self.aim(dests.get(name).ok()?, depth + 1)
            }
            Object::String(name, _) => self.aim(self.named(name)?, depth + 1),
            _ => None,
        }
    }

    fn page(&self, page: &Object) -> Option<u32> {
        match page {
            Object::Reference(page) => self.numbers.get(page).copied(),
            // Counted from 0, as in destinations of other files; some programs write their own so.
            Object::Integer(index) => {
                let page = index.checked_add(1).and_then(|page| u32::try_from(page).ok())?;
                (1..=self.count).contains(&page).then_some(page)
            }
            _ => None,
        }
    }

    /// Looks through the tree of named destinations.
    fn named(&self, name: &[u8]) -> Option<&'d Object> {
        let names = self.document.get_dict_in_dict(self.catalog, b"Names").ok()?;
        let mut open = vec![self.document.get_dict_in_dict(names, b"Dests").ok()?];
        let mut looked = 0;
        while let Some(node) = open.pop() {
            looked += 1;
            if looked > NAME_NODES_MAX {
                return None;
            }
            if !self.may_hold(node, name) {
                continue;
            }
            if let Some(found) = self.in_leaf(node, name) {
                return Some(found);
            }
            let kids = node.get(b"Kids").and_then(|kids| self.document.dereference(kids));
            if let Ok((_, Object::Array(kids))) = kids {
                let kids = kids.iter().filter_map(|kid| kid.as_reference().ok());
                open.extend(kids.filter_map(|kid| self.document.get_dictionary(kid).ok()));
            }
        }
        None
    }

    fn may_hold(&self, node: &Dictionary, name: &[u8]) -> bool {
        let limits = node.get(b"Limits").and_then(|limits| self.document.dereference(limits));
        let Ok((_, Object::Array(limits))) = limits else { return true };
        match limits.as_slice() {
            [Object::String(low, _), Object::String(high, _)] => {
                low.as_slice() <= name && name <= high.as_slice()
            }
            _ => true,
        }
    }

    fn in_leaf(&self, node: &'d Dictionary, name: &[u8]) -> Option<&'d Object> {
        let names = node.get(b"Names").and_then(|names| self.document.dereference(names)).ok()?;
        let pairs = names.1.as_array().ok()?.as_chunks::<2>().0;
        let found =
            pairs.iter().find(|[key, _]| matches!(key, Object::String(key, _) if key == name));
        found.map(|[_, value]| value)
    }
}
