//! One file's blocks into one document, or into one per item.

use super::Stop;
use super::chunks::{KnownVectors, hand_on, model_for, resolve_label};
use super::file::{FileReader, Labels};
use super::lookahead::{Known, Lookahead, Turn};
use super::names::Met;
use super::relabel::needs_parse;
use super::shape::Shape;
use super::step::{DocumentRef, Ending, Step};
use crate::chunk::Chunker;
use crate::outcome::RunError;
use crate::run::Context;
use crate::settings::Mode;
use std::ops::ControlFlow;
use std::sync::Arc;
use types::block::{Block, Item, Metadata};
use types::document::{Hash, OwnLabel, RawDocument};
use types::failure::Failure;
use types::lease::LEASE;
use types::ledger::{DocumentId, DocumentState, Finish, VersionKey};
use types::record::Chunk;
use types::seam::Parser;

/// Reads one parsable file.
pub(super) struct Reading<'r, 'f, 'c, 'p> {
    pub reader: &'r mut FileReader<'f, 'c>,
    pub parser: &'p dyn Parser,
    pub key: VersionKey,
}

/// What became of it.
pub(super) enum End {
    Done,
    /// The file changed while it was read: nothing of it became visible.
    Torn,
}

/// A document's warnings are shown to a user, who will not read hundreds.
const WARNINGS_MAX: usize = 20;

/// Every entry of a consolidated file repeats its document's metadata, so a table with 100,000 columns must not
/// multiply.
const METADATA_BYTES_MAX: usize = 16 * 1024;

fn metadata_dropped(metadata: &Metadata) -> String {
    format!(
        "its metadata of {} bytes was left out: at most {METADATA_BYTES_MAX} are kept",
        metadata.0.len()
    )
}

impl Reading<'_, '_, '_, '_> {
    pub(super) fn read(self, mut raw: RawDocument, depth: u32) -> Result<End, Stop> {
        let Self { reader, parser, key } = self;
        let cx = reader.cx;
        let main = Main { name: raw.name.clone(), key };
        let Some(mut open) = Open::gate(reader, &main)? else { return Ok(End::Done) };
        let lease = cx.parsing.lease(parser.memory(raw.size));
        let mut stop = None;
        let mut shape = Shape::Plain;
        let result = parser.parse(&mut raw, lease.bytes(), &mut |block| {
            if cx.interrupt.is_set() {
                stop = Some(Stop::Closed);
                return ControlFlow::Break(());
            }
            shape = shape.with(&block);
            match open.push(reader, &main, block) {
                Ok(()) if reader.overfull.is_some() => ControlFlow::Break(()),
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    stop = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        drop(lease);
        if let Some(stop) = stop.or_else(|| open.catch_up(reader, &main).err()) {
            open.abandon(reader)?;
            return Err(stop);
        }
        // An archive member was spooled: it cannot change any more.
        if depth == 0 && !reader.settled() {
            open.abandon(reader)?;
            return Ok(End::Torn);
        }
        match reader.overfull.take().map_or(result, Err) {
            Ok(()) => open.finish(reader, None)?,
            Err(failure) if shape == Shape::Items => {
                open.finish_items(reader, &main, failure)?;
            }
            Err(failure) if shape == Shape::Pages => open.finish(reader, Some(failure))?,
            Err(failure) => open.fail(reader, failure)?,
        }
        Ok(End::Done)
    }
}

/// The document that the file itself is.
struct Main {
    name: String,
    key: VersionKey,
}

/// The document that takes the blocks now; none between an item that is unchanged and the next one.
struct Open<'c> {
    current: Option<Current<'c>>,
    ahead: Lookahead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Item,
}

struct Current<'c> {
    document: Arc<DocumentRef>,
    chunker: Chunker<'c>,
    known: KnownVectors,
    own: OwnLabel,
    metadata: Metadata,
    warnings: Vec<String>,
    kind: Kind,
    /// The store has a visible version of it.
    replaces: bool,
    /// Some step of it is on its way.
    begun: bool,
}

impl<'c> Open<'c> {
    /// The file's own document, unless the store has it as it is.
    fn gate(reader: &mut FileReader<'_, 'c>, main: &Main) -> Result<Option<Self>, Stop> {
        let state = reader.cx.parts.store.document(reader.from.id, &main.name)?;
        let failed = state.as_ref().is_some_and(|state| state.failed == Some(main.key));
        match Current::open(reader, &main.name, main.key, state)? {
            Gate::Open(current) => {
                Ok(Some(Self { current: Some(*current), ahead: Lookahead::default() }))
            }
            Gate::Unchanged => {
                // A list of items that could not be read to its end: those before it are there.
                if failed {
                    reader.see_items(&main.name)?;
                }
                Ok(None)
            }
        }
    }

    fn push(
        &mut self,
        reader: &mut FileReader<'_, 'c>,
        main: &Main,
        block: Block,
    ) -> Result<(), Stop> {
        match self.ahead.push(&main.name, block) {
            Turn::Now(block) => self.take(reader, main, Known { block, item: None }),
            Turn::Waits => Ok(()),
            Turn::Full => self.catch_up(reader, main),
        }
    }

    /// Takes the items that wait.
    fn catch_up(&mut self, reader: &mut FileReader<'_, 'c>, main: &Main) -> Result<(), Stop> {
        let waiting = self.ahead.take(reader.cx.parts.store.as_ref(), reader.from.id)?;
        waiting.into_iter().try_for_each(|known| self.take(reader, main, known))
    }

    fn take(
        &mut self,
        reader: &mut FileReader<'_, 'c>,
        main: &Main,
        known: Known,
    ) -> Result<(), Stop> {
        match (known.block, known.item) {
            (Block::Item(item), Some((name, state))) => {
                self.close_item(reader)?;
                let key = VersionKey { content: Hash(item.content), pipeline: main.key.pipeline };
                self.item(reader, item, (name, key), state)
            }
            (Block::BadItem { id, failure }, Some((name, state))) => {
                self.close_item(reader)?;
                let content = Hash(*blake3::hash(id.as_bytes()).as_bytes());
                let key = VersionKey { content, pipeline: main.key.pipeline };
                reader.fail_known(&name, key, failure, state)
            }
            (block, _) => match &mut self.current {
                Some(current) => current.take(reader, block),
                None => Ok(()),
            },
        }
    }

    fn item(
        &mut self,
        reader: &mut FileReader<'_, 'c>,
        item: Item,
        (name, key): (String, VersionKey),
        state: Option<DocumentState>,
    ) -> Result<(), Stop> {
        match reader.meet(&name, key.content) {
            Met::New => {}
            Met::Same => return Ok(()),
            Met::Other => return reader.fail_twin(&name, key),
            Met::TooMany(failure) => {
                reader.overfull.get_or_insert(failure);
                return Ok(());
            }
        }
        if let Gate::Open(mut current) = Current::open(reader, &name, key, state)? {
            current.kind = Kind::Item;
            current.own = item.label;
            current.set_metadata(item.metadata);
            if let Some(title) = item.title {
                current.take(reader, Block::Title(title))?;
            }
            self.current = Some(*current);
        }
        Ok(())
    }

    /// Ends the item before; the file's own document, if it has no text, is none.
    fn close_item(&mut self, reader: &mut FileReader<'_, 'c>) -> Result<(), Stop> {
        match self.current.take() {
            Some(current) if current.kind == Kind::Item || current.begun => {
                current.finish(reader, None)
            }
            _ => Ok(()),
        }
    }

    fn finish(
        mut self,
        reader: &mut FileReader<'_, 'c>,
        loss: Option<Failure>,
    ) -> Result<(), Stop> {
        self.current.take().map_or(Ok(()), |current| current.finish(reader, loss))
    }

    /// Items before the damage are documents of their own; the damage is listed under the file's name.
    fn finish_items(
        mut self,
        reader: &mut FileReader<'_, 'c>,
        main: &Main,
        failure: Failure,
    ) -> Result<(), Stop> {
        if let Some(current) = self.current.take() {
            current.fail(reader, failure.clone())?;
        }
        reader.fail(&main.name, main.key, failure)
    }

    fn fail(mut self, reader: &mut FileReader<'_, 'c>, failure: Failure) -> Result<(), Stop> {
        self.current.take().map_or(Ok(()), |current| current.fail(reader, failure))
    }

    fn abandon(mut self, reader: &mut FileReader<'_, 'c>) -> Result<(), Stop> {
        let Some(current) = self.current.take().filter(|current| current.begun) else {
            return Ok(());
        };
        reader.steps.send(Step::End(current.document, Ending::Abandoned))?;
        Ok(())
    }
}

enum Gate<'c> {
    Open(Box<Current<'c>>),
    Unchanged,
}

impl<'c> Current<'c> {
    fn open(
        reader: &mut FileReader<'_, 'c>,
        name: &str,
        key: VersionKey,
        state: Option<DocumentState>,
    ) -> Result<Gate<'c>, Stop> {
        let cx = reader.cx;
        let mut first = 0;
        if let Some(state) = &state {
            let may_differ = reader.labels == Labels::Changed && needs_parse(cx, state);
            if state.head == Some(key) && !may_differ {
                unchanged(reader, state)?;
                return Ok(Gate::Unchanged);
            }
            if state.failed == Some(key) {
                reader.bad += 1;
                reader.still_failed(state)?;
                return Ok(Gate::Unchanged);
            }
            if let Some((open, cursor)) = state.open
                && open == key
            {
                take_over(cx, state.id)?;
                first = cursor;
            }
        }
        let known = match &state {
            Some(state) => KnownVectors::of(cx, state.id)?,
            None => KnownVectors::default(),
        };
        let identity = identity(reader.from.source.name(), name);
        Ok(Gate::Open(Box::new(Self {
            document: reader.begin(name, key, first),
            chunker: Chunker::new(&identity, cx.settings.chunk, cx.parts.model.embedder.tokens()),
            known,
            own: OwnLabel::default(),
            metadata: Metadata::default(),
            warnings: Vec::new(),
            replaces: state.is_some_and(|state| state.head.is_some()),
            kind: Kind::File,
            begun: false,
        })))
    }

    fn take(&mut self, reader: &FileReader<'_, '_>, block: Block) -> Result<(), Stop> {
        match block {
            Block::Front { label, metadata } => {
                self.own.domain = label.domain.or(self.own.domain.take());
                self.own.category = label.category.or(self.own.category.take());
                self.set_metadata(metadata);
                Ok(())
            }
            Block::Warning(text) => {
                self.warn(text);
                Ok(())
            }
            Block::Record(mut record) if record.metadata.0.len() > METADATA_BYTES_MAX => {
                self.warn(metadata_dropped(&record.metadata));
                record.metadata = Metadata::default();
                self.with_chunks(reader, |chunker, out| chunker.push(Block::Record(record), out))
            }
            block => self.with_chunks(reader, |chunker, out| chunker.push(block, out)),
        }
    }

    fn warn(&mut self, text: String) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(text);
        }
    }

    fn set_metadata(&mut self, metadata: Metadata) {
        if metadata.0.len() > METADATA_BYTES_MAX {
            self.warn(metadata_dropped(&metadata));
        } else {
            self.metadata = metadata;
        }
    }

    /// Runs the chunker and hands its chunks on.
    fn with_chunks(
        &mut self,
        reader: &FileReader<'_, '_>,
        run: impl FnOnce(&mut Chunker<'_>, &mut dyn FnMut(Chunk) -> ControlFlow<()>) -> ControlFlow<()>,
    ) -> Result<(), Stop> {
        let Self { document, chunker, known, begun, own, .. } = self;
        let mut stop = None;
        let flow = run(chunker, &mut |mut chunk| {
            resolve_label(reader, document, own, &mut chunk);
            let model = model_for(reader.cx, document, own, &chunk);
            match hand_on(reader, document, (known, model), begun, chunk) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    stop = Some(error);
                    ControlFlow::Break(())
                }
            }
        });
        match (flow, stop) {
            (ControlFlow::Continue(()), _) => Ok(()),
            (ControlFlow::Break(()), stop) => Err(stop.unwrap_or(Stop::Closed)),
        }
    }

    fn finish(
        mut self,
        reader: &mut FileReader<'_, '_>,
        loss: Option<Failure>,
    ) -> Result<(), Stop> {
        self.with_chunks(reader, |chunker, out| chunker.finish(out))?;
        let total = self.chunker.count();
        if total == 0 {
            let failure = loss.unwrap_or_else(no_text);
            return self.fail(reader, failure);
        }
        reader.good += 1;
        if reader.cx.settings.mode == Mode::DryRun {
            let progress = reader.cx.progress;
            if self.replaces {
                progress.plan_changed.add(1);
            } else {
                progress.plan_new.add(1);
            }
            return Ok(());
        }
        let label = (reader.cx.settings.labelling)(&self.document.name, &self.own);
        let finish = Finish {
            total,
            title: self.chunker.title().map(str::to_owned),
            label,
            own: self.own,
            metadata: self.metadata,
            warnings: self.warnings,
        };
        let ending = match loss {
            Some(failure) => Ending::Flawed(finish, failure),
            None => Ending::Finished(finish),
        };
        if !self.begun {
            reader.steps.send(Step::Begin(Arc::clone(&self.document)))?;
        }
        reader.steps.send(Step::End(self.document, ending))?;
        Ok(())
    }

    fn fail(self, reader: &mut FileReader<'_, '_>, failure: Failure) -> Result<(), Stop> {
        if !self.begun {
            return reader.fail(&self.document.name, self.document.key, failure);
        }
        reader.bad += 1;
        reader.steps.send(Step::End(self.document, Ending::Failed(failure)))?;
        Ok(())
    }
}

/// What an earlier run began is this one's from now on.
fn take_over(cx: &Context<'_>, document: DocumentId) -> Result<(), Stop> {
    if cx.settings.mode == Mode::DryRun {
        return Ok(());
    }
    let store = &cx.parts.store;
    let claimed = cx.room().write(|| store.claim(&[document], cx.run, LEASE));
    match claimed.map_err(Stop::Failed)?[..] {
        [Some(_)] => Ok(()),
        _ => Err(Stop::Failed(RunError::fenced_out())),
    }
}

fn unchanged(reader: &mut FileReader<'_, '_>, state: &DocumentState) -> Result<(), Stop> {
    reader.good += 1;
    reader.cx.progress.unchanged.add(1);
    reader.list_letters(&state.name);
    if reader.cx.settings.mode == Mode::DryRun {
        return Ok(());
    }
    reader.seen(state)?;
    let label = (reader.cx.settings.labelling)(&state.name, &state.own);
    if label != state.label {
        reader.steps.send(Step::Relabel { document: state.id, label })?;
    }
    Ok(())
}

fn identity(source: &str, name: &str) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(source.as_bytes()).update(&[0]).update(name.as_bytes());
    Hash(*hasher.finalize().as_bytes())
}

fn no_text() -> Failure {
    Failure::bad_document(
        "no text was found in it",
        "if it is scanned, run it through text recognition (OCR) first; if it is empty, remove it",
    )
}
