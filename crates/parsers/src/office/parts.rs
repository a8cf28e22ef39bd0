//! What the parts of an office file say about each other: relationships, and properties of the document.

use super::container::Container;
use super::xml::{self, Part};
use crate::outlet::{Outlet, one_line};
use crate::stop::Step;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{Read, Seek};
use types::document::OwnLabel;

/// Identifier to target of `part`'s relationships, targets as names in the container.
#[derive(Debug, Default)]
pub(super) struct Relations {
    by_id: HashMap<String, Relation>,
}

#[derive(Debug)]
struct Relation {
    kind: String,
    target: String,
}

impl Relations {
    pub(super) fn of<R: Read + Seek>(zip: &mut Container<R>, part: &str) -> Step<Self> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = join(folder, &format!("_rels/{file}.rels"));
        let mut relations = Self::default();
        let Some(text) = zip.text(&name)? else { return Ok(relations) };
        xml::read(&text, &name, &mut |part| {
            if let Part::Start(element) = part
                && element.name() == "Relationship"
                && element.attribute("TargetMode").as_deref() != Some("External")
                && let (Some(id), Some(target)) =
                    (element.attribute("Id"), element.attribute("Target"))
            {
                let kind = element.attribute("Type").unwrap_or_default();
                let target = join(folder, &target);
                relations.by_id.insert(id, Relation { kind, target });
            }
            Ok(())
        })?;
        Ok(relations)
    }

    pub(super) fn target(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(|relation| relation.target.as_str())
    }

    /// The target of the relationship whose type ends in `kind`.
    pub(super) fn of_kind(&self, kind: &str) -> Option<&str> {
        self.all_of_kind(kind).into_iter().next()
    }

    /// The targets of all such relationships, in the order of their names.
    pub(super) fn all_of_kind(&self, kind: &str) -> Vec<&str> {
        let relations = self.by_id.values().filter(|relation| relation.kind.ends_with(kind));
        let mut targets: Vec<&str> = relations.map(|relation| relation.target.as_str()).collect();
        targets.sort_unstable();
        targets
    }
}

/// `path` seen from `folder`: names in a container have no `.` and `..`, and no `/` before them.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let base = if path.starts_with('/') { "" } else { folder };
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Pushes title, author and the like from `docProps/core.xml`. True when it gives a title.
pub(super) fn properties<R: Read + Seek>(
    zip: &mut Container<R>,
    outlet: &mut Outlet<'_>,
) -> Step<bool> {
    let name = "docProps/core.xml";
    let Some(text) = zip.text(name)? else { return Ok(false) };
    let mut fields = Map::new();
    let mut open = None;
    xml::read(&text, name, &mut |part| {
        match part {
            Part::Start(element) => open = field(element.name()),
            Part::End(_) => open = None,
            Part::Text(text) => {
                if let Some(key) = open {
                    append(&mut fields, key, &text);
                }
            }
        }
        Ok(())
    })?;
    let title = fields.shift_remove("title");
    if let Some(Value::String(title)) = &title {
        outlet.title(title)?;
    }
    outlet.front(OwnLabel::default(), &fields)?;
    Ok(title.is_some())
}

fn field(element: &str) -> Option<&'static str> {
    match element {
        "title" => Some("title"),
        "creator" => Some("author"),
        "subject" => Some("subject"),
        "keywords" => Some("keywords"),
        "description" => Some("description"),
        "language" => Some("language"),
        _ => None,
    }
}

/// Text of one field comes in pieces where it holds entities.
pub(super) fn append(fields: &mut Map<String, Value>, key: &str, text: &str) {
    let before = fields.get(key).and_then(Value::as_str).unwrap_or_default();
    let whole = format!("{before}{text}");
    if !one_line(&whole).is_empty() {
        fields.insert(key.to_owned(), Value::String(whole));
    }
}
