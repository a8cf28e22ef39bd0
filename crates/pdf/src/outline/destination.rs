//! Which page a destination means: given in place, by name, or by an action.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, MaybeRef, Object, ObjectIdentifier};
use std::collections::{HashMap, HashSet};

/// Nodes of the tree of names that are looked at.
const NODES_MAX: usize = 50_000;

/// Page numbers from 1, by the identifiers of page objects and by names.
#[derive(Debug)]
pub(super) struct Destinations<'p> {
    pages: HashMap<ObjectIdentifier, u32>,
    /// Old files keep their names in a dictionary, newer ones in a tree.
    dictionary: Option<Dict<'p>>,
    tree: HashMap<Vec<u8>, u32>,
}

impl<'p> Destinations<'p> {
    pub(super) fn new(pdf: &'p Pdf, catalog: &Dict<'p>) -> Self {
        let numbered = (1_u32..).zip(pdf.pages().iter());
        let pages =
            numbered.filter_map(|(number, page)| Some((page.raw().obj_id()?, number))).collect();
        let mut destinations =
            Self { pages, dictionary: catalog.get::<Dict<'_>>(b"Dests"), tree: HashMap::new() };
        let names =
            catalog.get::<Dict<'_>>(b"Names").and_then(|names| names.get::<Dict<'_>>(b"Dests"));
        if let Some(root) = names {
            destinations.read_tree(root);
        }
        destinations
    }

    fn read_tree(&mut self, root: Dict<'p>) {
        let mut seen = HashSet::new();
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            let fresh = node.obj_id().is_none_or(|id| seen.insert(id));
            if !fresh || open.len() + seen.len() > NODES_MAX {
                continue;
            }
            if let Some(kids) = node.get::<Array<'_>>(b"Kids") {
                open.extend(kids.iter::<Dict<'_>>());
            }
            let Some(names) = node.get::<Array<'_>>(b"Names") else { continue };
            let mut names = names.iter::<Object<'_>>();
            while let (Some(name), Some(target)) = (names.next(), names.next()) {
                if let (Object::String(name), Some(page)) = (name, self.page_in(target)) {
                    self.tree.insert(name.as_bytes().to_vec(), page);
                }
            }
        }
    }

    /// The page that an entry of the outline leads to.
    pub(super) fn page_of(&self, item: &Dict<'_>) -> Option<u32> {
        let target = item.get::<Object<'_>>(b"Dest").or_else(|| {
            item.get::<Dict<'_>>(b"A").and_then(|action| action.get::<Object<'_>>(b"D"))
        })?;
        match target {
            Object::String(name) => self.named(name.as_bytes()),
            Object::Name(name) => self.named(&name),
            target => self.page_in(target),
        }
    }

    fn named(&self, name: &[u8]) -> Option<u32> {
        self.tree.get(name).copied().or_else(|| self.page_in(self.dictionary.as_ref()?.get(name)?))
    }

    /// The page in an explicit destination, which is an array or a dictionary around one.
    fn page_in(&self, target: Object<'_>) -> Option<u32> {
        let array = match target {
            Object::Array(array) => array,
            Object::Dict(dict) => dict.get::<Array<'_>>(b"D")?,
            _ => return None,
        };
        match array.raw_iter().next()? {
            MaybeRef::Ref(page) => self.pages.get(&page.into()).copied(),
            MaybeRef::NotRef(page) => u32::try_from(page.into_i32()?).ok()?.checked_add(1),
        }
    }
}
