//! Blocks to chunks: by tokens, with overlap on sentence and heading boundaries.
//!
//! A chunk never crosses a heading. Its text begins with the headings above it, so that the vector, which is of
//! exactly this text, knows what the passage is about. Everything here is a pure function of the blocks: a
//! second run over the same document meets the same chunks.

mod unit;
mod outline;
mod packer;

#[cfg(test)]
mod tests;

use outline::{Heading, Outline};
use packer::Packer;
use std::ops::ControlFlow;
use types::block::{Block, Labelled, Metadata, Span, TextKind};
use types::document::{Hash, OwnLabel};
use types::record::Chunk;
use types::seam::TokenCount;

/// How long chunks are; `overlap` < `tokens`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkSettings {
    /// Most tokens of a chunk, headings included, in the embedder's count.
    pub tokens: usize,
    /// Tokens at the end of a chunk that the next one repeats when a section is cut.
    pub overlap: usize,
    /// Tokens of the longest text that the model takes. It belongs to the model, not to the fingerprint of chunks.
    pub text_tokens: usize,
}

/// Raise it when the same blocks would give other chunks.
const REVISION: u32 = 1;

impl ChunkSettings {
    /// For the pipeline fingerprint and the chunk ids.
    pub fn identity(&self) -> String {
        format!("chunk/{REVISION} tokens={} overlap={}", self.tokens, self.overlap)
    }

    /// Never above what the model takes, and always more new than repeated text.
    fn within_the_model(self) -> Self {
        let tokens = self.tokens.min(self.text_tokens);
        Self { tokens, overlap: self.overlap.min(tokens / 2), ..self }
    }
}

/// Cuts one document. Push its blocks in order, then [`Chunker::finish`].
pub struct Chunker<'a> {
    counter: &'a dyn TokenCount,
    settings: ChunkSettings,
    /// Hash state over document and settings, from which chunk ids are made.
    place: Hash,
    outline: Outline,
    packer: Packer,
    page: Option<u32>,
    seq: u32,
}

impl std::fmt::Debug for Chunker<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunker")
            .field("settings", &self.settings)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

/// Takes finished chunks; `Break` means that the consumer is gone.
pub type Out<'o> = &'o mut dyn FnMut(Chunk) -> ControlFlow<()>;

impl<'a> Chunker<'a> {
    /// `document` is the identity of the document (source and name) for the chunk ids.
    pub fn new(document: &Hash, settings: ChunkSettings, counter: &'a dyn TokenCount) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&document.0).update(settings.identity().as_bytes());
        Self {
            counter,
            settings: settings.within_the_model(),
            place: Hash(*hasher.finalize().as_bytes()),
            outline: Outline::default(),
            packer: Packer::default(),
            page: None,
            seq: 0,
        }
    }

    /// Chunks given out so far.
    pub fn count(&self) -> u32 {
        self.seq
    }

    /// The document's title: what it says itself, else its first outermost heading.
    pub fn title(&self) -> Option<&str> {
        self.outline.title()
    }

    /// Takes the next block. Blocks that carry no text (items, labels, warnings) are the caller's business.
    pub fn push(&mut self, block: Block, out: Out<'_>) -> ControlFlow<()> {
        match block {
            Block::Title(title) => self.outline.set_title(&title),
            Block::Heading { level, text, span } => return self.heading(level, &text, span, out),
            Block::Text { kind, text, span } => return self.text(kind, &text, span, out),
            Block::Page(page) => self.page = Some(page),
            Block::Record(record) => return self.record(&record, out),
            Block::Item(_) | Block::BadItem { .. } | Block::Front { .. } | Block::Warning(_) => {}
        }
        ControlFlow::Continue(())
    }

    /// Gives out what is left.
    pub fn finish(&mut self, out: Out<'_>) -> ControlFlow<()> {
        self.close_section(out)?;
        self.leave(0, out)
    }

    fn heading(&mut self, level: u8, text: &str, span: Span, out: Out<'_>) -> ControlFlow<()> {
        let text = unit::one_line(text);
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        self.close_section(out)?;
        self.leave(level, out)?;
        self.outline.enter(Heading::new(level, text, span, self.page));
        ControlFlow::Continue(())
    }

    /// Closes headings from `level` inwards. One that no chunk carried (nothing stood under it, or it was too
    /// long to be repeated) has its words as a chunk of its own: no text is lost.
    fn leave(&mut self, level: u8, out: Out<'_>) -> ControlFlow<()> {
        for heading in self.outline.leave(level) {
            let budget = self.body_budget();
            for unit in
                unit::units(TextKind::Paragraph, &heading.text, heading.span, budget, self.counter)
            {
                if self.packer.tokens() + unit.tokens > budget && !self.packer.is_empty() {
                    self.emit(out)?;
                    self.packer.clear();
                }
                self.packer.add(unit, heading.page);
            }
            self.close_section(out)?;
        }
        ControlFlow::Continue(())
    }

    fn text(&mut self, kind: TextKind, text: &str, span: Span, out: Out<'_>) -> ControlFlow<()> {
        let budget = self.body_budget();
        for unit in unit::units(kind, text, span, budget, self.counter) {
            if self.packer.tokens() + unit.tokens > budget && !self.packer.is_empty() {
                self.emit(out)?;
                self.packer.keep_overlap(self.settings.overlap, budget.saturating_sub(unit.tokens));
            }
            self.packer.add(unit, self.page);
        }
        ControlFlow::Continue(())
    }

    fn record(&mut self, record: &Labelled, out: Out<'_>) -> ControlFlow<()> {
        self.close_section(out)?;
        let section = record.section.as_deref().map(unit::one_line).filter(|s| !s.is_empty());
        let end = record.text.len() as u64;
        let budget = self.body_budget();
        let mut packer = Packer::default();
        for unit in unit::units(
            TextKind::Paragraph,
            &record.text,
            Span { start: 0, end },
            budget,
            self.counter,
        ) {
            if packer.tokens() + unit.tokens > budget && !packer.is_empty() {
                self.emit_record(&mut packer, record, section.as_deref(), out)?;
            }
            packer.add(unit, record.page.or(self.page));
        }
        if packer.is_empty() {
            ControlFlow::Continue(())
        } else {
            self.emit_record(&mut packer, record, section.as_deref(), out)
        }
    }

    fn emit_record(
        &mut self,
        packer: &mut Packer,
        record: &Labelled,
        section: Option<&str>,
        out: Out<'_>,
    ) -> ControlFlow<()> {
        let body = packer.take();
        let place = Place {
            chapter: section.map(str::to_owned),
            section: section.map(str::to_owned),
            label: record.label.clone(),
            metadata: record.metadata.clone(),
            page: body.page,
            span: body.span,
        };
        self.give(body.text, body.tokens, place, out)
    }

    /// Tokens that a chunk's body may have under the present headings.
    fn body_budget(&self) -> usize {
        let prefix = self.outline.prefix(self.heading_budget(), self.counter).tokens;
        self.settings.tokens.saturating_sub(prefix).max(1)
    }

    /// Headings take at most a quarter of a chunk; deeper ones are kept first.
    fn heading_budget(&self) -> usize {
        self.settings.tokens / 4
    }

    fn close_section(&mut self, out: Out<'_>) -> ControlFlow<()> {
        if self.packer.has_news() {
            self.emit(out)?;
        }
        self.packer.clear();
        ControlFlow::Continue(())
    }

    fn emit(&mut self, out: Out<'_>) -> ControlFlow<()> {
        let (prefix, prefix_tokens) = self.outline.carry(self.heading_budget(), self.counter);
        let body = self.packer.snapshot();
        let text = if prefix.is_empty() { body.text } else { format!("{prefix}\n\n{}", body.text) };
        let place = self.under_headings(body.page, body.span);
        self.give(text, prefix_tokens + body.tokens, place, out)
    }

    fn under_headings(&self, page: Option<u32>, span: Span) -> Place {
        Place {
            chapter: self.outline.chapter(),
            section: self.outline.section(),
            label: OwnLabel::default(),
            metadata: Metadata::default(),
            page,
            span,
        }
    }

    fn give(&mut self, text: String, tokens: usize, place: Place, out: Out<'_>) -> ControlFlow<()> {
        let seq = self.seq;
        self.seq += 1;
        let text_hash = hash16(text.as_bytes());
        out(Chunk {
            seq,
            id: chunk_id(&self.place, seq, &text_hash),
            text,
            text_hash,
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            label: place.label,
            chapter: place.chapter,
            section: place.section,
            page: place.page,
            span: place.span,
            weight: 1.0,
            metadata: place.metadata,
        })
    }
}

/// Where a chunk stands.
struct Place {
    chapter: Option<String>,
    section: Option<String>,
    label: OwnLabel,
    metadata: Metadata,
    page: Option<u32>,
    span: Span,
}

/// First 16 bytes of the BLAKE3.
pub fn hash16(bytes: &[u8]) -> [u8; 16] {
    let hash = blake3::hash(bytes);
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    first
}

fn chunk_id(place: &Hash, seq: u32, text_hash: &[u8; 16]) -> [u8; 16] {
    let mut bytes = [0; 52];
    bytes[..32].copy_from_slice(&place.0);
    bytes[32..36].copy_from_slice(&seq.to_le_bytes());
    bytes[36..].copy_from_slice(text_hash);
    *uuid::Builder::from_custom_bytes(hash16(&bytes)).into_uuid().as_bytes()
}
