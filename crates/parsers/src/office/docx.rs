//! Word documents: paragraphs with their styles, lists, tables, foot- and endnotes.

mod notes;
mod styles;

use self::notes::Notes;
use self::styles::{Style, Styles};
use super::container::{Container, missing};
use super::parts::{self, Relations};
use super::table::Rows;
use super::xml::{self, Element, Part};
use crate::outlet::Outlet;
use crate::stop::Step;
use types::block::TextKind;
use types::document::Body;

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut zip = Container::open(body)?;
    let roots = Relations::of(&mut zip, "")?;
    let main = roots.of_kind("/officeDocument").unwrap_or("word/document.xml").to_owned();
    if !zip.has(&main) || main.starts_with("xl/") || main.starts_with("ppt/") {
        return Err(missing("word/document.xml").into());
    }
    let relations = Relations::of(&mut zip, &main)?;
    let mut story = Story {
        styles: Styles::read(&mut zip, relations.of_kind("/styles"))?,
        notes: Notes::read(&mut zip, &relations)?,
        titled: parts::properties(&mut zip, outlet)?,
        ..Story::default()
    };
    let text = zip.required(&main)?;
    xml::read(&text, &main, &mut |part| story.step(part, outlet))?;
    story.end_paragraph(outlet)
}

/// The main text of a document.
#[derive(Debug, Default)]
struct Story {
    styles: Styles,
    notes: Notes,
    /// A text box stands inside a paragraph: the outer ones wait.
    open: Vec<Paragraph>,
    rows: Rows,
    in_text: bool,
    /// Inside elements whose text is not shown or is shown elsewhere.
    hidden: u32,
    titled: bool,
}

#[derive(Debug, Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    /// Its own outline level overrules its style's.
    outline: Option<u8>,
    listed: bool,
    notes: Vec<String>,
}

impl Story {
    fn step(&mut self, part: Part<'_>, outlet: &mut Outlet<'_>) -> Step {
        match part {
            Part::Start(element) => {
                self.start(&element);
                Ok(())
            }
            Part::End(name) => self.end(&name, outlet),
            Part::Text(text) => {
                if self.in_text && self.hidden == 0 {
                    self.push(&text);
                }
                Ok(())
            }
        }
    }

    fn start(&mut self, element: &Element<'_>) {
        match element.name() {
            // What was moved or is drawn for old programs stands in the text a second time.
            "moveFrom" | "Fallback" => self.hidden += 1,
            "p" => self.open.push(Paragraph::default()),
            "t" => self.in_text = true,
            "tab" => self.push("\t"),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "tbl" => self.rows.open(),
            "pStyle" | "outlineLvl" | "numPr" => self.property(element),
            "footnoteReference" => self.note(Notes::FOOT, element),
            "endnoteReference" => self.note(Notes::END, element),
            _ => {}
        }
    }

    fn property(&mut self, element: &Element<'_>) {
        let Some(paragraph) = self.open.last_mut() else { return };
        match element.name() {
            "pStyle" => paragraph.style = element.attribute("val"),
            "outlineLvl" => {
                paragraph.outline = element.attribute("val").and_then(|level| level.parse().ok());
            }
            _ => paragraph.listed = true,
        }
    }

    fn note(&mut self, kind: &str, element: &Element<'_>) {
        let Some(id) = element.attribute("id") else { return };
        if let Some((number, text)) = self.notes.take(kind, &id) {
            self.push(&format!("[{number}]"));
            if let Some(paragraph) = self.open.last_mut() {
                paragraph.notes.push(format!("[{number}] {text}"));
            }
        }
    }

    fn end(&mut self, name: &str, outlet: &mut Outlet<'_>) -> Step {
        match name {
            "moveFrom" | "Fallback" => self.hidden = self.hidden.saturating_sub(1),
            "t" => self.in_text = false,
            "p" => self.end_paragraph(outlet)?,
            "tc" => self.rows.end_cell(),
            "tr" => {
                if let Some(row) = self.rows.end_row() {
                    outlet.extracted_text(TextKind::TableRow, &row)?;
                }
            }
            "tbl" => self.rows.close(),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, text: &str) {
        if let Some(paragraph) = self.open.last_mut()
            && self.hidden == 0
        {
            paragraph.text.push_str(text);
        }
    }

    fn end_paragraph(&mut self, outlet: &mut Outlet<'_>) -> Step {
        let Some(paragraph) = self.open.pop() else { return Ok(()) };
        if self.rows.is_open() {
            self.rows.paragraph(&paragraph.text);
        } else {
            self.block(&paragraph, outlet)?;
        }
        for note in &paragraph.notes {
            outlet.extracted_text(TextKind::Paragraph, note)?;
        }
        Ok(())
    }

    fn block(&mut self, paragraph: &Paragraph, outlet: &mut Outlet<'_>) -> Step {
        let style = self.styles.style(paragraph.style.as_deref());
        let own = paragraph.outline.filter(|level| *level < 9).map(|level| level + 1);
        match (own.map_or(style, Style::Heading), paragraph.listed) {
            (Style::Title, _) => {
                if !self.titled {
                    outlet.title(&paragraph.text)?;
                    self.titled = true;
                }
                outlet.extracted_heading(1, &paragraph.text)
            }
            (Style::Heading(level), _) => outlet.extracted_heading(level, &paragraph.text),
            (Style::List, _) | (Style::Body, true) => {
                outlet.extracted_text(TextKind::ListItem, &paragraph.text)
            }
            (Style::Body, false) => outlet.extracted_text(TextKind::Paragraph, &paragraph.text),
        }
    }
}

#[cfg(test)]
mod tests;
