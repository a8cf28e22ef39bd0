//! How deep and how large a page's tree would be, told by its tags in linear time before any tree is built.
//!
//! A tree builder's time grows with the square of the depth and of the attributes (5,000 nested `div` took 4.6 s,
//! 100,000 ran for ever), so pages beyond the limits are read by their tags alone.

use super::Dialect;
use super::elements;
use crate::outlet::one_line;
use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use serde_json::{Map, Value};
use std::collections::HashMap;

const DEPTH_MAX: usize = 512;
const ATTRIBUTES_MAX: usize = 1_000;
const TAGS_MAX: usize = 200_000;
/// Of a meta field or a title.
const FIELD_BYTES_MAX: usize = 4 * 1024;

#[derive(Debug, Default)]
pub(super) struct Shape {
    depth: usize,
    attributes: usize,
    tags: usize,
    /// Characters of text that are not white space runs, scripts aside.
    pub(super) text_chars: usize,
    pub(super) title: String,
    /// Author, description and keywords, where the page gives them.
    pub(super) metadata: Map<String, Value>,
}

impl Shape {
    pub(super) fn of(page: &str) -> Self {
        let mut shape = Self::default();
        let mut open = Open::default();
        let mut hidden: Option<Vec<u8>> = None;
        for token in tokens(page, Dialect::Html) {
            match token {
                Token::StartTag(tag) => {
                    shape.start(&tag, &mut open);
                    if elements::is_hidden(&tag.name) && !tag.self_closing {
                        hidden = hidden.or(Some(tag.name.0));
                    }
                }
                Token::EndTag(tag) => {
                    open.close(&tag.name);
                    hidden.take_if(|name| *name == tag.name.0);
                }
                Token::String(text) => {
                    let text = String::from_utf8_lossy(&text);
                    shape.text(&text, hidden.as_deref());
                }
                _ => {}
            }
        }
        shape.title = one_line(&shape.title);
        shape
    }

    /// What the page has too much of.
    pub(super) fn beyond_limits(&self) -> Option<String> {
        if self.depth > DEPTH_MAX {
            return Some(format!("page nests {} elements, more than {DEPTH_MAX}", self.depth));
        }
        if self.attributes > ATTRIBUTES_MAX {
            let count = self.attributes;
            return Some(format!(
                "a tag of the page has {count} attributes, more than {ATTRIBUTES_MAX}"
            ));
        }
        (self.tags > TAGS_MAX).then(|| format!("page has {} tags, more than {TAGS_MAX}", self.tags))
    }

    fn start(&mut self, tag: &StartTag<()>, open: &mut Open) {
        self.tags += 1;
        self.attributes = self.attributes.max(tag.attributes.len());
        if &*tag.name.0 == b"meta" {
            self.meta(tag);
        }
        // `<div/>` opens a `div`; only in drawings and formulas a tag closes itself.
        if !(tag.self_closing && open.is_foreign()) {
            open.open(&tag.name);
        }
        self.depth = self.depth.max(open.depth());
    }

    fn meta(&mut self, tag: &StartTag<()>) {
        let get = |key: &[u8]| tag.attributes.get(key).map(|value| String::from_utf8_lossy(value));
        let (Some(name), Some(content)) = (get(b"name"), get(b"content")) else { return };
        let name = name.to_lowercase();
        let content = one_line(&content);
        let wanted = matches!(name.as_str(), "author" | "description" | "keywords");
        if wanted && !content.is_empty() && content.len() <= FIELD_BYTES_MAX {
            self.metadata.entry(name).or_insert(Value::String(content));
        }
    }

    fn text(&mut self, text: &str, hidden: Option<&[u8]>) {
        match hidden {
            None => self.text_chars += one_line(text).chars().count(),
            Some(b"title") if self.title.len() + text.len() <= FIELD_BYTES_MAX => {
                self.title.push_str(text);
            }
            Some(_) => {}
        }
    }
}

/// The tokens of a page.
pub(super) fn tokens(page: &str, dialect: Dialect) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(dialect == Dialect::Html);
    Tokenizer::new_with_emitter(page, emitter).map(|token| match token {
        Ok(token) => token,
        Err(never) => match never {},
    })
}

/// The open elements, as a tree builder would have them; never fewer.
#[derive(Debug, Default)]
struct Open {
    stack: Vec<Vec<u8>>,
    /// A tree builder opens these again behind each block, so only their own end tags close them.
    formatting: HashMap<Vec<u8>, usize>,
    formatting_depth: usize,
}

impl Open {
    fn depth(&self) -> usize {
        self.stack.len() + self.formatting_depth
    }

    fn is_foreign(&self) -> bool {
        self.stack.iter().any(|name| matches!(name.as_slice(), b"svg" | b"math"))
    }

    fn open(&mut self, name: &[u8]) {
        if elements::is_void(name) {
            return;
        }
        if elements::is_formatting(name) {
            *self.formatting.entry(name.to_vec()).or_default() += 1;
            self.formatting_depth += 1;
            return;
        }
        self.close_implied(name);
        // Beyond the limit nothing more has to be known.
        if self.stack.len() <= DEPTH_MAX {
            self.stack.push(name.to_vec());
        }
    }

    /// Closes what a start tag closes without an end tag: a `li` the one before it, a block the paragraph before it.
    fn close_implied(&mut self, name: &[u8]) {
        let mut closed = None;
        for (at, open) in self.stack.iter().enumerate().rev() {
            if elements::is_boundary(open, name) {
                break;
            }
            if elements::closes(name, open) {
                closed = Some(at);
            }
        }
        if let Some(at) = closed {
            self.stack.truncate(at);
        }
    }

    fn close(&mut self, name: &[u8]) {
        if elements::is_formatting(name) {
            if let Some(count) = self.formatting.get_mut(name).filter(|count| **count > 0) {
                *count -= 1;
                self.formatting_depth -= 1;
            }
        } else if let Some(at) = self.stack.iter().rposition(|open| open == name) {
            self.stack.truncate(at);
        }
    }
}
