//! What a file turned out to hold, which decides what is kept when its reading ends early.

use types::block::Block;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Half of it is not what its author wrote: nothing is kept.
    Plain,
    /// Pages, and the records of a command, stand for themselves.
    Pages,
    /// Items are documents of their own.
    Items,
}

impl Shape {
    pub(super) fn with(self, block: &Block) -> Self {
        match block {
            Block::Item(_) | Block::BadItem { .. } => Self::Items,
            Block::Page(_) | Block::Record(_) if self == Self::Plain => Self::Pages,
            _ => self,
        }
    }
}
