//! Presentations: slides in their order, each a page with its title, text, tables and notes.

use super::container::{Container, missing};
use super::parts::{self, Relations};
use super::table::Rows;
use super::xml::{self, Element, Part};
use crate::outlet::Outlet;
use crate::stop::Step;
use std::io::{Read, Seek};
use types::block::TextKind;
use types::document::Body;

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut zip = Container::open(body)?;
    let roots = Relations::of(&mut zip, "")?;
    let main = roots.of_kind("/officeDocument").unwrap_or("ppt/presentation.xml").to_owned();
    if !zip.has(&main) || main.starts_with("xl/") || main.starts_with("word/") {
        return Err(missing("ppt/presentation.xml").into());
    }
    parts::properties(&mut zip, outlet)?;
    let relations = Relations::of(&mut zip, &main)?;
    for (number, id) in (1..).zip(slide_ids(&mut zip, &main)?) {
        match relations.target(&id).filter(|name| zip.has(name)).map(str::to_owned) {
            Some(name) => slide(&mut zip, &name, number, outlet)?,
            None => outlet.warning(format!("slide {number} is missing in the file"))?,
        }
    }
    Ok(())
}

fn slide_ids<R: Read + Seek>(zip: &mut Container<R>, main: &str) -> Step<Vec<String>> {
    let text = zip.required(main)?;
    let mut ids = Vec::new();
    xml::read(&text, main, &mut |part| {
        if let Part::Start(element) = part
            && element.name() == "sldId"
        {
            ids.extend(element.prefixed("r:id"));
        }
        Ok(())
    })?;
    Ok(ids)
}

fn slide<R: Read + Seek>(
    zip: &mut Container<R>,
    name: &str,
    number: u32,
    outlet: &mut Outlet<'_>,
) -> Step {
    outlet.page(number)?;
    let shapes = Shapes::of(&zip.required(name)?, name)?;
    // Without a heading of its own the slide would stand in the section of the one before.
    let title = shapes.title();
    outlet.extracted_heading(1, title.as_deref().unwrap_or(&format!("Slide {number}")))?;
    for shape in &shapes.all {
        if shape.place != Place::Title {
            shape.push(outlet)?;
        }
    }
    let relations = Relations::of(zip, name)?;
    // The text of a diagram stands beside its slide.
    for diagram in relations.all_of_kind("/diagramData") {
        beside(zip, diagram, Place::Free, outlet)?;
    }
    match relations.of_kind("/notesSlide") {
        Some(notes) => beside(zip, notes, Place::Body, outlet),
        None => Ok(()),
    }
}

/// The shapes at one place of a part that belongs to a slide.
fn beside<R: Read + Seek>(
    zip: &mut Container<R>,
    name: &str,
    place: Place,
    outlet: &mut Outlet<'_>,
) -> Step {
    let Some(text) = zip.text(name)? else { return Ok(()) };
    for shape in Shapes::of(&text, name)?.all {
        if shape.place == place {
            shape.push(outlet)?;
        }
    }
    Ok(())
}

/// What a shape is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    Title,
    /// The main text of a slide or of its notes.
    Body,
    /// Page numbers, dates and footers, which stand on every slide.
    Furniture,
    #[default]
    Free,
}

#[derive(Debug, Default)]
struct Shape {
    place: Place,
    /// Paragraphs, and rows of tables.
    texts: Vec<(TextKind, String)>,
}

impl Shape {
    fn push(&self, outlet: &mut Outlet<'_>) -> Step {
        if self.place == Place::Furniture {
            return Ok(());
        }
        for (kind, text) in &self.texts {
            outlet.extracted_text(*kind, text)?;
        }
        Ok(())
    }
}

/// The shapes of a slide in the order of the file, which is the reading order.
#[derive(Debug, Default)]
struct Shapes {
    all: Vec<Shape>,
    text: String,
    rows: Rows,
    in_text: bool,
}

impl Shapes {
    fn of(text: &str, name: &str) -> Step<Self> {
        let mut shapes = Self::default();
        xml::read(text, name, &mut |part| {
            match part {
                Part::Start(element) => shapes.start(&element),
                Part::End(name) => shapes.end(&name),
                Part::Text(text) if shapes.in_text => shapes.text.push_str(&text),
                Part::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(shapes)
    }

    /// Only a title that says something.
    fn title(&self) -> Option<String> {
        let shape = self.all.iter().find(|shape| shape.place == Place::Title)?;
        let lines: Vec<&str> = shape.texts.iter().map(|(_, text)| text.as_str()).collect();
        Some(lines.join(" ")).filter(|title| !title.trim().is_empty())
    }

    fn start(&mut self, element: &Element<'_>) {
        match element.name() {
            "sp" | "graphicFrame" => self.all.push(Shape::default()),
            "ph" => {
                if let Some(shape) = self.all.last_mut() {
                    shape.place = place(element.attribute("type").as_deref());
                }
            }
            "t" => self.in_text = true,
            "br" => self.text.push('\n'),
            "tbl" => self.rows.open(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" => {
                let text = std::mem::take(&mut self.text);
                if self.rows.is_open() {
                    self.rows.paragraph(&text);
                } else {
                    self.add(TextKind::Paragraph, text);
                }
            }
            "tc" => self.rows.end_cell(),
            "tr" => {
                if let Some(row) = self.rows.end_row() {
                    self.add(TextKind::TableRow, row);
                }
            }
            "tbl" => self.rows.close(),
            _ => {}
        }
    }

    fn add(&mut self, kind: TextKind, text: String) {
        if self.all.is_empty() {
            self.all.push(Shape::default());
        }
        let Some(shape) = self.all.last_mut() else { return };
        if !text.trim().is_empty() {
            let listed = kind == TextKind::Paragraph && shape.place == Place::Body;
            shape.texts.push((if listed { TextKind::ListItem } else { kind }, text));
        }
    }
}

/// A placeholder without a type is a body.
fn place(kind: Option<&str>) -> Place {
    match kind {
        Some("title" | "ctrTitle") => Place::Title,
        None | Some("body" | "obj" | "subTitle") => Place::Body,
        Some("sldNum" | "dt" | "ftr" | "hdr" | "sldImg") => Place::Furniture,
        Some(_) => Place::Free,
    }
}

#[cfg(test)]
mod tests;
