//! Objects on their way into a section, with everything that they refer to.

use lopdf::{Dictionary, Document, Object, ObjectId};
use std::collections::{HashMap, HashSet};

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
    section: Document,
    numbers: HashMap<ObjectId, ObjectId>,
    /// Numbered, and not copied yet.
    todo: Vec<ObjectId>,
    pages: &'d HashSet<ObjectId>,
}

impl<'d> Closure<'d> {
    pub(super) fn new(source: &'d Document, pages: &'d HashSet<ObjectId>) -> Self {
        let version = if source.version.starts_with("2.") { "2.0" } else { "1.7" };
        let section = Document::with_version(version);
        Self { source, section, numbers: HashMap::new(), todo: Vec::new(), pages }
    }

    /// A number that nothing has yet.
    pub(super) fn fresh(&mut self) -> ObjectId {
        self.section.max_id += 1;
        (self.section.max_id, 0)
    }

    pub(super) fn put(&mut self, id: ObjectId, object: Object) {
        self.section.objects.insert(id, object);
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

    /// Copies what is still referred to, and what that refers to.
    pub(super) fn finish(mut self) -> Document {
        while let Some(old) = self.todo.pop() {
            let mut object = self.source.objects.get(&old).cloned().unwrap_or(Object::Null);
            self.renumber(&mut object, 0);
            let new = self.numbers[&old];
            self.section.objects.insert(new, object);
        }
        self.section
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
            Object::Stream(stream) => {
                self.renumber_entries(&mut stream.dict, depth);
                // It may have stood in an object of its own.
                stream.dict.set("Length", stream.content.len() as i64);
            }
            _ => {}
        }
    }

    fn renumber_entries(&mut self, entries: &mut Dictionary, depth: usize) {
        for key in DROPPED {
            entries.remove(key);
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
