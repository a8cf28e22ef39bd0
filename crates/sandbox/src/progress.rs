//! What of a document has arrived, and whether a death is worth another try.
//!
//! After a death in a paged document the pages that arrived stay, and a fresh child begins with the page after the
//! one that struck. A crash without any page gets one more try from the beginning, because it may have come from
//! outside; the blocks that arrived before are left out then. Spans go on where the earlier child's ended.

use crate::verdict::Death;
use std::ops::ControlFlow;
use types::block::Block;

/// Fresh children for one paged document: a document with more bad pages is bad.
const RESTARTS_MAX: u32 = 3;

/// Tries of a document without pages.
const TRIES_MAX: u32 = 2;

/// What comes after a death.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A fresh child, from [`Progress::first_page`].
    Again,
    ConsumerGone,
    GiveUp,
}

pub(crate) struct Progress<'a> {
    push: &'a mut dyn FnMut(Block) -> ControlFlow<()>,
    first_page: u32,
    /// The page that the present child is at.
    page: Option<u32>,
    /// Blocks delivered by all children so far, and by the present one.
    delivered: u64,
    seen: u64,
    deaths: u32,
    /// A block with words of the document has been delivered.
    any_content: bool,
    /// End of the text delivered so far, and of the text delivered by earlier children.
    text_end: u64,
    text_base: u64,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(push: &'a mut dyn FnMut(Block) -> ControlFlow<()>) -> Self {
        Self {
            push,
            first_page: 1,
            page: None,
            delivered: 0,
            seen: 0,
            deaths: 0,
            any_content: false,
            text_end: 0,
            text_base: 0,
        }
    }

    pub(crate) fn first_page(&self) -> u32 {
        self.first_page
    }

    pub(crate) fn deaths(&self) -> u32 {
        self.deaths
    }

    pub(crate) fn take(&mut self, mut block: Block) -> ControlFlow<()> {
        self.seen += 1;
        if let Block::Page(number) = block {
            self.page = Some(number);
        }
        let repeated = if self.first_page > 1 {
            // The title comes again, before the first page.
            self.page.is_none_or(|page| page < self.first_page)
        } else {
            self.seen <= self.delivered
        };
        if repeated {
            return ControlFlow::Continue(());
        }
        if self.first_page == 1 {
            self.delivered += 1;
        }
        if let Block::Heading { span, .. } | Block::Text { span, .. } = &mut block {
            span.start = span.start.saturating_add(self.text_base);
            span.end = span.end.saturating_add(self.text_base);
            self.text_end = span.end;
        }
        self.any_content |= !matches!(
            block,
            Block::Title(_) | Block::Front { .. } | Block::Page(_) | Block::Warning(_)
        );
        (self.push)(block)
    }

    /// Whether the consumer wants more, when it was interrupted while nothing came.
    pub(crate) fn ask(&mut self) -> ControlFlow<()> {
        (self.push)(Block::Warning("interrupted while the parser worked".to_owned()))
    }

    /// What would be an empty document is the fault of the deaths, if there were any.
    pub(crate) fn has_content(&self) -> bool {
        self.any_content
    }

    pub(crate) fn after(&mut self, death: &Death) -> Next {
        self.deaths += 1;
        let advanced = self.page.take();
        self.seen = 0;
        let worth_it = match advanced {
            Some(_) => death.spares_later_pages() && self.deaths <= RESTARTS_MAX,
            None if self.first_page > 1 => death.is_crash() && self.deaths <= RESTARTS_MAX,
            None => death.is_crash() && self.deaths < TRIES_MAX,
        };
        if !worth_it {
            return Next::GiveUp;
        }
        if advanced.is_none() && self.first_page == 1 {
            return Next::Again;
        }
        let struck = advanced.unwrap_or(self.first_page).max(self.first_page);
        self.first_page = struck.saturating_add(1);
        if self.text_end > 0 {
            // As between any two texts, there is one byte between.
            self.text_base = self.text_end.saturating_add(1);
        }
        let warning = format!("page {struck} is not complete: {death}");
        match (self.push)(Block::Warning(warning)) {
            ControlFlow::Continue(()) => Next::Again,
            ControlFlow::Break(()) => Next::ConsumerGone,
        }
    }
}

#[cfg(test)]
mod tests;
