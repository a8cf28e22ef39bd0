//! XML of office parts as a stream of names, attributes and text; document types are refused.

use crate::stop::Step;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use std::borrow::Cow;
use types::failure::{Failure, FailureClass};

/// Deeper parts are hostile: Word's own files stay below 100.
const DEPTH_MAX: u32 = 2_000;

/// What a part says, step by step; names without their prefix.
#[derive(Debug)]
pub(super) enum Part<'a> {
    Start(Element<'a>),
    End(Cow<'a, str>),
    Text(Cow<'a, str>),
}

#[derive(Debug)]
pub(super) struct Element<'a>(BytesStart<'a>);

impl Element<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute, by its name without prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.local_name().as_ref() == name)
            .map(|attribute| unescape(&attribute.value))
    }

    /// The value of an attribute, by its whole name (`r:id` beside `id`).
    pub(super) fn prefixed(&self, name: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|attribute| attribute.key.as_ref() == name)
            .map(|attribute| unescape(&attribute.value))
    }
}

/// Only the five predefined entities and character references: others are never declared here.
fn unescape(value: &str) -> String {
    quick_xml::escape::unescape(value).map_or_else(|_| value.to_owned(), Cow::into_owned)
}

/// Calls `step` for each part of `xml` named `member`. An empty element comes as a start and an end.
pub(super) fn read<'a>(xml: &'a str, member: &str, step: &mut dyn FnMut(Part<'a>) -> Step) -> Step {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.expand_empty_elements = false;
    let mut depth = 0_u32;
    loop {
        let event = reader.read_event().map_err(|_| malformed(member, reader.error_position()))?;
        match event {
            Event::Start(element) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(too_deep(member).into());
                }
                step(Part::Start(Element(element)))?;
            }
            Event::Empty(element) => {
                let name = element.local_name().into_inner().to_owned();
                step(Part::Start(Element(element)))?;
                step(Part::End(Cow::Owned(name)))?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                step(Part::End(Cow::Owned(element.local_name().into_inner().to_owned())))?;
            }
            Event::Text(text) => step(Part::Text(text.into_inner()))?,
            Event::CData(text) => step(Part::Text(text.into_inner()))?,
            Event::GeneralRef(reference) => {
                if let Some(text) = resolve(&reference) {
                    step(Part::Text(text))?;
                }
            }
            // One that only names a public identifier (as NCX files have) declares nothing.
            Event::DocType(text) if text.contains('[') => return Err(doctype(member).into()),
            Event::Eof => return Ok(()),
            Event::DocType(_) | Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

/// Entities that are not predefined stand for nothing: their declarations are refused.
fn resolve(reference: &BytesRef<'_>) -> Option<Cow<'static, str>> {
    let name: &str = reference;
    if let Some(text) = quick_xml::escape::resolve_predefined_entity(name) {
        return Some(Cow::Borrowed(text));
    }
    let character = reference.resolve_char_ref().ok().flatten()?;
    Some(Cow::Owned(character.to_string()))
}

fn malformed(member: &str, position: u64) -> Failure {
    Failure::bad_document(
        format!("{member} is not well-formed XML at byte {position}"),
        "open the document in its program and save it again",
    )
}

fn too_deep(member: &str) -> Failure {
    Failure::new(
        FailureClass::Bomb,
        format!("{member} nests more than {DEPTH_MAX} elements"),
        "if the document is sound, save it again in its program",
    )
}

fn doctype(member: &str) -> Failure {
    Failure::new(
        FailureClass::Bomb,
        format!("{member} declares entities, which office files never do"),
        "if the document is sound, save it again in its program",
    )
}
