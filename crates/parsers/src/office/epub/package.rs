//! The package file of a book: metadata, manifest, spine, and the labels of its table of contents.

use crate::office::container::{Container, missing};
use crate::office::parts::{append, join};
use crate::office::xml::{self, Element, Part};
use crate::outlet::one_line;
use crate::stop::Step;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{Read, Seek};

#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) title: String,
    pub(super) metadata: Map<String, Value>,
    /// Of the package file.
    folder: String,
    items: HashMap<String, Entry>,
    spine: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    path: String,
    kind: String,
    is_nav: bool,
}

impl Package {
    pub(super) fn read(text: &str, name: &str) -> Step<Self> {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut package = Self { folder, ..Self::default() };
        let mut open = None;
        xml::read(text, name, &mut |part| {
            match part {
                Part::Start(element) => {
                    open = package.open_field(element.name());
                    package.element(&element);
                }
                Part::End(_) => open = None,
                Part::Text(text) => match open {
                    Some("title") => package.title.push_str(&text),
                    Some(key) => append(&mut package.metadata, key, &text),
                    None => {}
                },
            }
            Ok(())
        })?;
        if package.spine.is_empty() {
            return Err(missing("spine in its package file").into());
        }
        Ok(package)
    }

    /// A second title is a subtitle, a second author goes behind the first.
    fn open_field(&mut self, element: &str) -> Option<&'static str> {
        let key = match element {
            "title" if self.title.trim().is_empty() => "title",
            "title" => "subtitle",
            "creator" => "author",
            "language" => "language",
            "publisher" => "publisher",
            "subject" => "subject",
            _ => return None,
        };
        if let Some(Value::String(before)) = self.metadata.get_mut(key) {
            before.push_str("; ");
        }
        Some(key)
    }

    fn element(&mut self, element: &Element<'_>) {
        match element.name() {
            "item" => {
                let (Some(id), Some(href)) = (element.attribute("id"), element.attribute("href"))
                else {
                    return;
                };
                let properties = element.attribute("properties").unwrap_or_default();
                let entry = Entry {
                    path: join(&self.folder, &percent_decoded(&href)),
                    kind: element.attribute("media-type").unwrap_or_default(),
                    is_nav: properties.split_whitespace().any(|word| word == "nav"),
                };
                self.items.insert(id, entry);
            }
            "itemref" => self.spine.extend(element.attribute("idref")),
            _ => {}
        }
    }

    /// The pages in reading order, without the table of contents.
    pub(super) fn chapters(&self) -> impl Iterator<Item = &str> {
        let entries = self.spine.iter().filter_map(|id| self.items.get(id));
        entries
            .filter(|entry| !entry.is_nav && !entry.kind.starts_with("image/"))
            .map(|entry| entry.path.as_str())
    }

    /// What the table of contents (EPUB 3, else EPUB 2) calls the pages.
    pub(super) fn labels<R: Read + Seek>(
        &self,
        zip: &mut Container<R>,
    ) -> Step<HashMap<String, String>> {
        let nav = self.items.values().find(|entry| entry.is_nav);
        let ncx = || self.items.values().find(|entry| entry.kind == "application/x-dtbncx+xml");
        let Some(entry) = nav.or_else(ncx) else { return Ok(HashMap::new()) };
        let Some(text) = zip.text(&entry.path)? else { return Ok(HashMap::new()) };
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut labels = Labels { folder, ..Labels::default() };
        let read = xml::read(&text, &entry.path, &mut |part| {
            labels.step(part);
            Ok(())
        });
        // Labels are a convenience: a table of contents that is no XML leaves the pages as they are.
        Ok(if read.is_ok() { labels.of_pages } else { HashMap::new() })
    }
}

/// Collects `<a href>label</a>` (EPUB 3) and `<navLabel><text>label</text></navLabel><content src>` (EPUB 2).
#[derive(Debug, Default)]
struct Labels<'a> {
    folder: &'a str,
    of_pages: HashMap<String, String>,
    text: String,
    open: Option<String>,
}

impl Labels<'_> {
    fn step(&mut self, part: Part<'_>) {
        match part {
            Part::Start(element) => match element.name() {
                "a" => {
                    self.text.clear();
                    self.open = element.attribute("href");
                }
                "navLabel" => self.text.clear(),
                "content" => {
                    let target = element.attribute("src");
                    self.add(target);
                }
                _ => {}
            },
            Part::End(name) if name == "a" => {
                let target = self.open.take();
                self.add(target);
            }
            Part::End(_) => {}
            Part::Text(text) => self.text.push_str(&text),
        }
    }

    /// The first label of a page is that of the page; later ones are of places in it.
    fn add(&mut self, target: Option<String>) {
        let label = one_line(&self.text);
        let Some(target) = target.filter(|_| !label.is_empty()) else { return };
        let page = target.split_once('#').map_or(target.as_str(), |(page, _)| page);
        let path = join(self.folder, &percent_decoded(page));
        self.of_pages.entry(path).or_insert(label);
    }
}

/// References are URLs, names in the container are not.
fn percent_decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte =
            code.filter(|_| *first == b'%').and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
