//! Items wait for a few more, so that the store is asked about all of them at once: a question costs far more
//! than one more name in it.

use types::block::Block;
use types::ledger::{DocumentState, SourceId};
use types::seam::{Store, StoreError};

/// Names of one question. With some hundreds the question itself costs nothing any more.
const ITEMS_MAX: usize = 256;
/// What waits is part of what the file's parser may hold.
const BYTES_MAX: usize = 256 << 10;
/// Of a block without its texts.
const BLOCK_BYTES: usize = size_of::<Block>();

/// Blocks of items that wait, in their order.
#[derive(Debug, Default)]
pub(super) struct Lookahead {
    blocks: Vec<Block>,
    /// Of the items among the blocks.
    names: Vec<String>,
    bytes: usize,
}

/// What became of a block.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    /// It belongs to no item that waits: it can be taken now.
    Now(Block),
    Waits,
    /// It waits, and nothing more may: [`Lookahead::take`].
    Full,
}

/// A block whose turn has come; an item with its name and what the store knows of it.
#[derive(Debug)]
pub(super) struct Known {
    pub block: Block,
    pub item: Option<(String, Option<DocumentState>)>,
}

impl Lookahead {
    /// `file`: name of the document that the items stand in.
    pub(super) fn push(&mut self, file: &str, block: Block) -> Turn {
        match item_id(&block) {
            Some(id) => self.names.push(format!("{file}#{id}")),
            None if self.blocks.is_empty() => return Turn::Now(block),
            None => {}
        }
        self.bytes += bytes(&block);
        self.blocks.push(block);
        let full = self.names.len() >= ITEMS_MAX || self.bytes >= BYTES_MAX;
        if full { Turn::Full } else { Turn::Waits }
    }

    /// All that waits.
    pub(super) fn take(
        &mut self,
        store: &dyn Store,
        source: SourceId,
    ) -> Result<Vec<Known>, StoreError> {
        let Self { blocks, names, .. } = std::mem::take(self);
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let states = store.documents(source, &names)?;
        let mut items = names.into_iter().zip(states);
        let known = blocks.into_iter().map(|block| {
            let item = item_id(&block).and_then(|_| items.next());
            Known { block, item }
        });
        Ok(known.collect())
    }
}

fn item_id(block: &Block) -> Option<&str> {
    match block {
        Block::Item(item) => Some(&item.id),
        Block::BadItem { id, .. } => Some(id),
        _ => None,
    }
}

fn bytes(block: &Block) -> usize {
    let texts = match block {
        Block::Item(item) => item.metadata.0.len() + item.title.as_ref().map_or(0, String::len),
        Block::Text { text, .. } | Block::Heading { text, .. } => text.len(),
        _ => 0,
    };
    BLOCK_BYTES + texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::block::{Item, Metadata, Span, TextKind};
    use types::document::OwnLabel;

    fn item(id: usize, metadata: usize) -> Block {
        Block::Item(Item {
            id: id.to_string(),
            title: None,
            label: OwnLabel::default(),
            metadata: Metadata("m".repeat(metadata)),
            content: [0; 32],
        })
    }

    fn text(bytes: usize) -> Block {
        Block::Text { kind: TextKind::Paragraph, text: "t".repeat(bytes), span: Span::default() }
    }

    #[test]
    fn what_belongs_to_no_waiting_item_does_not_wait() {
        let mut ahead = Lookahead::default();
        assert_eq!(ahead.push("f", text(9)), Turn::Now(text(9)));
        assert_eq!(ahead.push("f", item(1, 0)), Turn::Waits);
        assert_eq!(ahead.push("f", text(9)), Turn::Waits);
    }

    #[test]
    fn neither_many_items_nor_many_bytes_wait() {
        let mut ahead = Lookahead::default();
        let waiting =
            (0..9999).take_while(|id| ahead.push("f", item(*id, 0)) == Turn::Waits).count();
        assert_eq!(waiting + 1, ITEMS_MAX);

        let mut ahead = Lookahead::default();
        assert_eq!(ahead.push("f", item(0, BYTES_MAX)), Turn::Full);

        let mut ahead = Lookahead::default();
        assert_eq!(ahead.push("f", item(0, 0)), Turn::Waits);
        let pieces = (0..9999).take_while(|_| ahead.push("f", text(60_000)) == Turn::Waits).count();
        assert!(pieces < BYTES_MAX / 60_000 + 1, "{pieces}");
    }
}
