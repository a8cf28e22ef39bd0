//! Objects on their way into a section, with everything that they refer to.

use super::writing::Writing;
use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::{HashMap, HashSet};
use types::section_file::SectionFile;

/// Deeper nesting inside one object is no document's; what lies below it becomes null.
const DEPTH_MAX: usize = 200;

/// Entries that lead away from a page, or mean nothing without the rest of the document.
const DROPPED: [&[u8]; 16] = [
    b"Parent",
    b"StructParents",
    b"StructParent",
    b"StructTreeRoot",
    b"B",
    b"Thumb",
    b"PieceInfo",
    b"Metadata",
    b"AA",
    b"Tabs",
    b"SeparationInfo",
    b"Dur",
    b"Trans",
    b"DPart",
    b"AF",
    b"LastModified",
];

/// A section under construction: new numbers for old ones, each object once.
pub(super) struct Closure<'d> {
    pub(super) source: &'d Document,
    section: Writing<'d>,
    numbers: HashMap<ObjectId, ObjectId>,
    /// Numbered, and not copied yet.
    todo: Vec<ObjectId>,
    pages: &'d HashSet<ObjectId>,
}

impl<'d> Closure<'d> {
    pub(super) fn new(
        source: &'d Document,
        pages: &'d HashSet<ObjectId>,
        section: Writing<'d>,
    ) -> Self {
        Self { source, section, numbers: HashMap::new(), todo: Vec::new(), pages }
    }

    /// A number that nothing has yet.
    pub(super) fn fresh(&mut self) -> ObjectId {
        self.section.fresh()
    }

    pub(super) fn put(&mut self, id: ObjectId, object: &Object) {
        self.section.object(id, object);
    }

    /// A copy whose references hold in the section.
    pub(super) fn copied(&mut self, object: &Object) -> Object {
        let mut copy = object.clone();
        self.renumber(&mut copy, 0);
        copy
    }

    pub(super) fn renumber_all(&mut self, dictionary: &mut Dictionary) {
        self.renumber_entries(dictionary, 0);
    }

    /// Copies what is still referred to, and what that refers to. The catalog is `root`.
    pub(super) fn finish(mut self, root: ObjectId) -> SectionFile {
        while let Some(old) = self.todo.pop() {
            let new = self.numbers[&old];
            match self.source.objects.get(&old) {
                Some(Object::Stream(stream)) => {
                    let mut entries = stream.dict.clone();
                    self.renumber_entries(&mut entries, 0);
                    // It may have stood in an object of its own.
                    entries.set("Length", stream.content.len() as i64);
                    self.section.stream(new, old, (entries, stream));
                }
                object => {
                    let copy = self.copied(object.unwrap_or(&Object::Null));
                    self.section.object(new, &copy);
                }
            }
        }
        self.section.finish(root)
    }

    fn renumber(&mut self, object: &mut Object, depth: usize) {
        if depth > DEPTH_MAX {
            *object = Object::Null;
            return;
        }
        match object {
            Object::Reference(old) => *object = self.reference(*old),
            Object::Array(items) => {
                for item in items {
                    self.renumber(item, depth + 1);
                }
            }
            Object::Dictionary(entries) => self.renumber_entries(entries, depth),
            // A stream is an object of its own, never inside another.
            Object::Stream(_) => *object = Object::Null,
            _ => {}
        }
    }

    fn renumber_entries(&mut self, entries: &mut Dictionary, depth: usize) {
        // Looked for first: most have none, and each removal hashes its key.
        let dropped = |key: &&[u8]| DROPPED.contains(key);
        let found: Vec<Vec<u8>> = entries
            .iter()
            .map(|(key, _)| key.as_slice())
            .filter(dropped)
            .map(<[u8]>::to_vec)
            .collect();
        for key in found {
            entries.remove(&key);
        }
        for (_, value) in entries.iter_mut() {
            self.renumber(value, depth + 1);
        }
    }

    /// Another page is never followed to, nor is what does not exist.
    fn reference(&mut self, old: ObjectId) -> Object {
        if self.pages.contains(&old) || !self.source.objects.contains_key(&old) {
            return Object::Null;
        }
        if let Some(new) = self.numbers.get(&old) {
            return Object::Reference(*new);
        }
        let new = self.fresh();
        self.numbers.insert(old, new);
        self.todo.push(old);
        Object::Reference(new)
    }
}
