//! Markdown: front matter, headings, paragraphs, lists, tables, code, with their places in the file.

mod front_matter;
mod window;
mod yaml;

use self::window::{Window, Windows};
use crate::html;
use crate::outlet::Outlet;
use crate::stop::Step;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;
use types::block::{Span, TextKind};
use types::document::Body;

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut windows = Windows::new(body)?;
    let mut titled = false;
    let mut first = true;
    while let Some(mut window) = windows.next()? {
        if first {
            titled = front_matter::take(&mut window, outlet)?;
        }
        let mut reading = Reading::new(&window, outlet);
        reading.titled = titled || !first;
        reading.all()?;
        first = false;
    }
    if let Some(damage) = windows.damage() {
        outlet.warning(damage)?;
    }
    Ok(())
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

/// The blocks of one window.
struct Reading<'a, 'o> {
    window: &'a Window,
    outlet: &'a mut Outlet<'o>,
    /// Text of the block that is being read.
    text: String,
    /// Where that text began, for list items that a nested list interrupts.
    start: usize,
    cells: Vec<String>,
    list_depth: usize,
    /// The document has a title, or it is too late for one.
    titled: bool,
}

impl<'a, 'o> Reading<'a, 'o> {
    fn new(window: &'a Window, outlet: &'a mut Outlet<'o>) -> Self {
        Self {
            window,
            outlet,
            text: String::new(),
            start: 0,
            cells: Vec::new(),
            list_depth: 0,
            titled: false,
        }
    }

    fn all(&mut self) -> Step {
        let window = self.window;
        for (event, range) in Parser::new_ext(window.text(), options()).into_offset_iter() {
            match event {
                Event::Start(tag) => self.start(&tag, &range)?,
                Event::End(tag) => self.end(tag, range)?,
                Event::Text(text)
                | Event::Code(text)
                | Event::Html(text)
                | Event::InlineMath(text)
                | Event::DisplayMath(text) => self.text.push_str(&text),
                Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
                Event::InlineHtml(tag) => self.inline_html(&tag),
                Event::TaskListMarker(done) => {
                    self.text.push_str(if done { "[x] " } else { "[ ] " });
                }
                Event::FootnoteReference(label) => {
                    self.text.push('[');
                    self.text.push_str(&label);
                    self.text.push(']');
                }
                Event::Rule => {}
            }
        }
        Ok(())
    }

    fn inline_html(&mut self, tag: &str) {
        if tag.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("<br")) {
            self.text.push('\n');
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) -> Step {
        match tag {
            Tag::List(_) => {
                // A nested list ends the text of the item around it.
                self.flush_item(range.start)?;
                self.list_depth += 1;
            }
            Tag::Item => {
                self.text.clear();
                self.start = range.start;
            }
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::HtmlBlock => {
                self.flush_item(range.start)?;
                self.start = range.start;
            }
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) -> Step {
        match tag {
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.text);
                if !self.titled && level as u8 == 1 {
                    self.outlet.title(&text)?;
                }
                self.titled = true;
                self.outlet.heading(level as u8, &text, self.window.span(&range))?;
            }
            TagEnd::Paragraph => self.flush(self.kind(), &range)?,
            TagEnd::Item => {
                self.flush_item(range.end)?;
            }
            TagEnd::List(_) => self.list_depth = self.list_depth.saturating_sub(1),
            TagEnd::CodeBlock => self.flush(TextKind::Code, &range)?,
            TagEnd::HtmlBlock => self.html_block(&range)?,
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.text)),
            TagEnd::TableHead | TagEnd::TableRow => {
                self.text = std::mem::take(&mut self.cells).join(" | ");
                self.flush(TextKind::TableRow, &range)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn kind(&self) -> TextKind {
        if self.list_depth > 0 { TextKind::ListItem } else { TextKind::Paragraph }
    }

    fn flush_item(&mut self, end: usize) -> Step {
        if self.list_depth == 0 || self.text.trim().is_empty() {
            return Ok(());
        }
        let range = self.start..end.max(self.start);
        self.start = range.end;
        self.flush(TextKind::ListItem, &range)
    }

    fn html_block(&mut self, range: &Range<usize>) -> Step {
        self.text = html::text_of(&self.text);
        self.flush(TextKind::Paragraph, range)
    }

    fn flush(&mut self, kind: TextKind, range: &Range<usize>) -> Step {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return Ok(());
        }
        self.titled = true;
        let span: Span = self.window.span(range);
        self.outlet.text(kind, &text, span)
    }
}

#[cfg(test)]
mod tests;
