//! What a paragraph's style says about its place in the outline.

use crate::office::container::Container;
use crate::office::xml::{self, Element, Part};
use crate::stop::Step;
use std::collections::HashMap;
use std::io::{Read, Seek};

/// A style is based on another one, and so on; longer chains are cycles.
const BASED_ON_MAX: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Body,
    Title,
    Heading(u8),
    List,
}

#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: HashMap<String, Definition>,
}

#[derive(Debug, Default)]
struct Definition {
    name: String,
    outline: Option<u8>,
    based_on: Option<String>,
    listed: bool,
}

impl Styles {
    pub(super) fn read<R: Read + Seek>(zip: &mut Container<R>, part: Option<&str>) -> Step<Self> {
        let mut styles = Self::default();
        let Some(name) = part else { return Ok(styles) };
        let Some(text) = zip.text(name)? else { return Ok(styles) };
        let mut open: Option<(String, Definition)> = None;
        xml::read(&text, name, &mut |part| {
            match part {
                Part::Start(element) if element.name() == "style" => {
                    open = element.attribute("styleId").map(|id| (id, Definition::default()));
                }
                Part::Start(element) => {
                    if let Some((_, definition)) = &mut open {
                        definition.property(&element);
                    }
                }
                Part::End(name) if name == "style" => styles.by_id.extend(open.take()),
                Part::End(_) | Part::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(styles)
    }

    pub(super) fn style(&self, id: Option<&str>) -> Style {
        let mut next = id;
        for _ in 0..BASED_ON_MAX {
            let Some(id) = next else { break };
            let Some(definition) = self.by_id.get(id) else { return of_name(id) };
            let style = definition
                .outline
                .map_or_else(|| definition.of_name(), |level| Style::Heading(level + 1));
            if style != Style::Body {
                return style;
            }
            next = definition.based_on.as_deref();
        }
        Style::Body
    }
}

impl Definition {
    fn of_name(&self) -> Style {
        match of_name(&self.name) {
            Style::Body if self.listed => Style::List,
            style => style,
        }
    }

    fn property(&mut self, element: &Element<'_>) {
        let value = || element.attribute("val");
        match element.name() {
            "name" => self.name = value().unwrap_or_default(),
            "basedOn" => self.based_on = value(),
            "outlineLvl" => {
                self.outline =
                    value().and_then(|level| level.parse().ok()).filter(|level| *level < 9);
            }
            "numPr" => self.listed = true,
            _ => {}
        }
    }
}

/// Built-in styles keep their English names in every language of Word.
fn of_name(name: &str) -> Style {
    let name = name.to_lowercase();
    if name == "title" {
        return Style::Title;
    }
    let level = name.strip_prefix("heading").and_then(|level| level.trim().parse().ok());
    match level {
        Some(level @ 1..=9) => Style::Heading(level),
        _ if name.starts_with("list ") => Style::List,
        _ => Style::Body,
    }
}
