//! Blocks of HTML from its tags in order, without a tree: linear in time, whatever the nesting.

use super::Dialect;
use super::elements;
use super::shape::tokens;
use super::table::Tables;
use crate::outlet::{Outlet, one_line};
use crate::stop::Step;
use html5gum::Token;
use types::block::TextKind;

/// Pushes the blocks of a page or a fragment; spans point into the extracted text.
pub(crate) fn walk(html: &str, dialect: Dialect, outlet: &mut Outlet<'_>) -> Step {
    let mut walk = Walk::default();
    for token in tokens(html, dialect) {
        match token {
            Token::StartTag(tag) => {
                walk.start(&tag.name, outlet)?;
                if tag.self_closing && dialect == Dialect::Xhtml {
                    walk.end(&tag.name, outlet)?;
                }
            }
            Token::EndTag(tag) => walk.end(&tag.name, outlet)?,
            Token::String(text) => walk.text(&String::from_utf8_lossy(&text)),
            _ => {}
        }
    }
    walk.flush(outlet)
}

/// The text of a fragment, tags removed.
pub(crate) fn text_of(html: &str) -> String {
    let mut text = String::new();
    let mut walk = Walk::default();
    for token in tokens(html, Dialect::Html) {
        match token {
            Token::StartTag(tag) => {
                walk.hide(&tag.name);
                separate(&mut text, &tag.name);
            }
            Token::EndTag(tag) => {
                walk.show(&tag.name);
                separate(&mut text, &tag.name);
            }
            Token::String(part) if walk.hidden.is_none() => {
                text.push_str(&String::from_utf8_lossy(&part));
            }
            _ => {}
        }
    }
    text
}

/// Blocks and cells do not grow together.
fn separate(text: &mut String, name: &[u8]) {
    let separates = elements::is_block(name)
        || elements::heading_level(name).is_some()
        || matches!(name, b"br" | b"td" | b"th");
    if separates && !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[derive(Debug, Default)]
struct Walk {
    text: String,
    /// Inside this element, which holds no text for readers.
    hidden: Option<Vec<u8>>,
    heading: Option<u8>,
    list_depth: usize,
    preformatted: bool,
    tables: Tables,
}

impl Walk {
    fn hide(&mut self, name: &[u8]) {
        if self.hidden.is_none() && elements::is_hidden(name) {
            self.hidden = Some(name.to_vec());
        }
    }

    fn show(&mut self, name: &[u8]) {
        self.hidden.take_if(|hidden| hidden == name);
    }

    fn text(&mut self, text: &str) {
        if self.hidden.is_none() {
            self.text.push_str(text);
        }
    }

    fn start(&mut self, name: &[u8], outlet: &mut Outlet<'_>) -> Step {
        self.hide(name);
        if self.hidden.is_some() {
            return Ok(());
        }
        match name {
            b"br" => self.text.push('\n'),
            b"table" => {
                self.layout(outlet)?;
                self.flush(outlet)?;
                self.tables.open();
            }
            b"tr" => self.row_end(outlet)?,
            b"td" | b"th" => {
                self.cell_end(outlet)?;
                self.tables.begin_cell();
            }
            b"ul" | b"ol" | b"menu" => {
                self.block_end(outlet)?;
                self.list_depth += 1;
            }
            b"pre" => {
                self.block_end(outlet)?;
                self.preformatted = !self.tables.in_cell();
            }
            _ if elements::heading_level(name).is_some() => {
                self.layout(outlet)?;
                self.flush(outlet)?;
                self.heading = elements::heading_level(name);
            }
            _ if elements::is_block(name) => self.block_end(outlet)?,
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &[u8], outlet: &mut Outlet<'_>) -> Step {
        if self.hidden.is_some() {
            self.show(name);
            return Ok(());
        }
        match name {
            b"table" => {
                self.row_end(outlet)?;
                self.tables.close();
            }
            b"tr" => self.row_end(outlet)?,
            b"td" | b"th" => self.cell_end(outlet)?,
            b"ul" | b"ol" | b"menu" => {
                self.block_end(outlet)?;
                self.list_depth = self.list_depth.saturating_sub(1);
            }
            b"pre" => {
                self.block_end(outlet)?;
                self.preformatted = false;
            }
            _ if elements::heading_level(name).is_some() => {
                self.flush(outlet)?;
                self.heading = None;
            }
            _ if elements::is_block(name) => self.block_end(outlet)?,
            _ => {}
        }
        Ok(())
    }

    /// A table whose cells hold headings or tables only arranges the page: its cells are read as paragraphs.
    fn layout(&mut self, outlet: &mut Outlet<'_>) -> Step {
        if self.tables.in_cell() {
            for cell in self.tables.become_layout() {
                outlet.extracted_text(TextKind::Paragraph, &cell)?;
            }
        }
        Ok(())
    }

    /// The end of a block is white space in a cell, else the end of the text.
    fn block_end(&mut self, outlet: &mut Outlet<'_>) -> Step {
        if self.tables.in_cell() {
            self.text.push('\n');
            return Ok(());
        }
        self.flush(outlet)
    }

    fn cell_end(&mut self, outlet: &mut Outlet<'_>) -> Step {
        if !self.tables.in_cell() {
            return self.flush(outlet);
        }
        let text = std::mem::take(&mut self.text);
        self.tables.end_cell(one_line(&text));
        Ok(())
    }

    fn row_end(&mut self, outlet: &mut Outlet<'_>) -> Step {
        self.cell_end(outlet)?;
        match self.tables.end_row() {
            Some(row) => outlet.extracted_text(TextKind::TableRow, &row),
            None => Ok(()),
        }
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) -> Step {
        let text = std::mem::take(&mut self.text);
        if self.preformatted {
            return outlet.extracted_text(TextKind::Code, text.trim_start_matches('\n'));
        }
        if let Some(level) = self.heading {
            return outlet.extracted_heading(level, &text);
        }
        let kind = if self.list_depth > 0 { TextKind::ListItem } else { TextKind::Paragraph };
        outlet.extracted_text(kind, &one_line(&text))
    }
}
