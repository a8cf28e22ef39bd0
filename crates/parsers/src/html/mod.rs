//! HTML: the main content of a page where it can be found, else all its text.

mod charset;
mod shape;
mod elements;
mod table;
mod walk;

pub(crate) use self::charset::decode;
pub(crate) use self::walk::{text_of, walk};

use self::shape::Shape;
use crate::outlet::Outlet;
use crate::stop::Step;
use dom_smoothie::{Config, Readability};
use std::io::Read;
use types::document::{Body, OwnLabel};
use types::failure::{Failure, FailureClass};

/// A page is held whole while its tree is built; a larger one is no page for readers.
const PAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Main content with less of the page's text than this is one post of many: the whole page is taken.
const CONTENT_SHARE_MIN: f64 = 0.1;
/// Short main content must be more of the page, or it is a notice and not the content.
const SHORT_CONTENT_CHARS: usize = 500;
const SHORT_CONTENT_SHARE_MIN: f64 = 0.3;

/// How scripts, titles and empty elements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// A script's text is no markup, and `<div/>` opens a `div`.
    Html,
    /// All elements are alike, and `<title/>` is closed: pages of books.
    Xhtml,
}

pub(crate) fn parse(body: &mut Body, outlet: &mut Outlet<'_>) -> Step {
    let mut bytes = Vec::new();
    body.by_ref().take(PAGE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PAGE_BYTES_MAX {
        return Err(Failure::new(
            FailureClass::TooLarge,
            format!("page is larger than {} MiB", PAGE_BYTES_MAX >> 20),
            "split it, or convert it to text",
        )
        .into());
    }
    let page = decode(&bytes);
    drop(bytes);
    let shape = Shape::of(&page.text);
    if page.damaged {
        outlet.warning("some bytes are not in the page's encoding; replaced")?;
    }
    match shape.beyond_limits() {
        Some(limit) => {
            outlet.warning(format!("{limit}; all text is taken instead of the main content"))?;
            all_text(&page.text, &shape, outlet)
        }
        None => main_content(&page.text, &shape, outlet),
    }
}

fn main_content(page: &str, shape: &Shape, outlet: &mut Outlet<'_>) -> Step {
    let article = Readability::new(page, None, Some(Config::default()))
        .and_then(|mut readability| readability.parse());
    let Ok(article) = article else { return all_text(page, shape, outlet) };
    if is_too_little(article.length, shape.text_chars) {
        return all_text(page, shape, outlet);
    }
    head(&article.title, shape, outlet)?;
    walk(&article.content, Dialect::Html, outlet)?;
    // The heuristics may count text that is none for readers.
    if outlet.has_extracted() {
        return Ok(());
    }
    walk(page, Dialect::Html, outlet)
}

fn is_too_little(content_chars: usize, page_chars: usize) -> bool {
    let share = content_chars as f64 / page_chars.max(1) as f64;
    share < CONTENT_SHARE_MIN
        || content_chars < SHORT_CONTENT_CHARS && share < SHORT_CONTENT_SHARE_MIN
}

fn all_text(page: &str, shape: &Shape, outlet: &mut Outlet<'_>) -> Step {
    head(&shape.title, shape, outlet)?;
    walk(page, Dialect::Html, outlet)
}

fn head(title: &str, shape: &Shape, outlet: &mut Outlet<'_>) -> Step {
    outlet.title(title)?;
    outlet.front(OwnLabel::default(), &shape.metadata)
}

#[cfg(test)]
mod tests;
