//! Foot- and endnotes, by the identifiers that the text refers to.

use crate::office::container::Container;
use crate::office::parts::Relations;
use crate::office::xml::{self, Part};
use crate::outlet::one_line;
use crate::stop::Step;
use std::collections::HashMap;
use std::io::{Read, Seek};

#[derive(Debug, Default)]
pub(super) struct Notes {
    /// By kind and identifier.
    texts: HashMap<(String, String), String>,
    given: u32,
}

impl Notes {
    pub(super) const FOOT: &'static str = "footnote";
    pub(super) const END: &'static str = "endnote";

    pub(super) fn read<R: Read + Seek>(
        zip: &mut Container<R>,
        relations: &Relations,
    ) -> Step<Self> {
        let mut notes = Self::default();
        for kind in [Self::FOOT, Self::END] {
            if let Some(part) = relations.of_kind(&format!("/{kind}s"))
                && let Some(text) = zip.text(part)?
            {
                notes.add(kind, part, &text)?;
            }
        }
        Ok(notes)
    }

    fn add(&mut self, kind: &str, part: &str, text: &str) -> Step {
        let mut open: Option<(String, String)> = None;
        let mut in_text = false;
        xml::read(text, part, &mut |part| {
            match part {
                Part::Start(element) if element.name() == kind => {
                    // Separators between text and notes are notes with a type.
                    let plain = element.attribute("type").is_none_or(|kind| kind == "normal");
                    open = element.attribute("id").filter(|_| plain).map(|id| (id, String::new()));
                }
                Part::Start(element) => in_text = element.name() == "t",
                Part::End(name) if name == kind => {
                    if let Some((id, text)) = open.take() {
                        self.texts.insert((kind.to_owned(), id), one_line(&text));
                    }
                }
                Part::End(name) => {
                    in_text = false;
                    if let Some((_, text)) = &mut open
                        && name == "p"
                    {
                        text.push(' ');
                    }
                }
                Part::Text(piece) => {
                    if let Some((_, text)) = &mut open
                        && in_text
                    {
                        text.push_str(&piece);
                    }
                }
            }
            Ok(())
        })
    }

    /// A note's number in reading order and its text, once.
    pub(super) fn take(&mut self, kind: &str, id: &str) -> Option<(u32, String)> {
        let text = self.texts.remove(&(kind.to_owned(), id.to_owned()))?;
        if text.is_empty() {
            return None;
        }
        self.given += 1;
        Some((self.given, text))
    }
}
