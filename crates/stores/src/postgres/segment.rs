//! Segments: chunks going in, and the flip that makes a version the head.

use super::apply::{Writing, note};
use super::batch::{About, Batch, Enter, Head, LetterOp, Opened, Place, Written};
use super::copy::CopyRows;
use super::documents::{DocumentRow, OpenVersion};
use super::error::{Cause, Outcome};
use super::group::Known;
use super::tokens::Lexemes;
use super::{routed, vectors};
use crate::sqlite::FullText;
use crate::sums;
use types::ledger::{Applied, Finish, Segment, VersionKey};
use types::record::{Chunk, Record, Vector};
use types::seam::StoreErrorKind;

/// Columns of a chunk's row, in the order of [`Writing::encode_chunk`].
pub(crate) const CHUNK_COLUMNS: &str =
    "id, document, version, seq, uuid, text_hash, tokens, start, \"end\", page, weight, own_domain,
     own_category, chapter, section, metadata, check_sum, length, words, text";
const CHUNK_COLUMNS_COUNT: i16 = 20;

/// Columns of a vector's row, in the order of [`vectors::encode`].
pub(crate) const VECTOR_COLUMNS: &str = "chunk, document, version, text_hash, check_sum, v";

impl Writing<'_> {
    pub(crate) fn segment<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        known: &Known,
        segment: &'c Segment,
    ) -> Outcome<Applied> {
        let Segment { source, file, name, key, run, first, .. } = segment;
        let mut applied = Applied::default();
        let found = known.named(source.0, name);
        let (row, mut version) = if *first == 0 {
            let row = found.expect("missing documents were made");
            if row.is_held_from(*run) {
                return Ok(Applied { lost: true, ..applied });
            }
            note(batch, row, file, *run);
            applied.removed += self.drop_open(batch, row);
            (row, begun(row))
        } else {
            let ours = found.filter(|row| !row.is_held_from(*run));
            match ours.and_then(|row| continued(row, key, *first).map(|version| (row, version))) {
                Some(found) => found,
                None => return Ok(Applied { lost: true, ..applied }),
            }
        };
        for record in &segment.records {
            self.record(batch, (row, segment), record, (&mut version, &mut applied))?;
        }
        let place =
            Place { document: row.id, file, run: *run, key: *key, begun: i64::from(*first == 0) };
        match &segment.finish {
            None => {
                self.totals.open += place.begun;
                batch.opened.push(Opened { place, version });
            }
            Some(finish) => {
                self.totals.open -= 1 - place.begun;
                applied.removed += self.finish(batch, row, Head { place, version, finish })?;
            }
        }
        Ok(applied)
    }

    fn record<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        (row, segment): (&DocumentRow, &'c Segment),
        record: &'c Record,
        (version, applied): (&mut Written, &mut Applied),
    ) -> Outcome<()> {
        let Record { chunk, vector } = record;
        if chunk.seq != version.cursor {
            return Err(Cause::contract(format!(
                "document {}: chunk {} came where chunk {} was due",
                row.name, chunk.seq, version.cursor
            )));
        }
        version.cursor += 1;
        if let Vector::Refused(failure) = vector {
            let about = About {
                source: segment.source.0,
                file: &segment.file,
                document: &segment.name,
                chunk: Some(chunk.seq),
                version: version.number,
                key: segment.key,
            };
            batch.letters.push(LetterOp::Put { about, failure });
            applied.refused += 1;
            return Ok(());
        }
        let id = self.chunk_ids.next().expect("a number was taken for each chunk");
        if self.shared.full_text == FullText::On {
            batch.lexemes.read(&chunk.text);
            self.shared.terms.learn(&batch.lexemes, &mut batch.terms);
        }
        version.length += batch.lexemes.length();
        encode_chunk(&mut batch.chunks, (id, row.id, version.number), chunk, &batch.lexemes);
        version.mixed |= !chunk.label.is_empty();
        version.chunks += 1;
        applied.written += 1;
        match vector {
            Vector::Present(embedding) => {
                self.check_dimensions(embedding.values().len())?;
                let owner = (id, row.id, version.number);
                vectors::encode(&mut batch.vectors, owner, &chunk.text_hash, embedding.values());
            }
            Vector::Routed(..) => return Err(routed::one_model()),
            Vector::Absent | Vector::Refused(_) => version.without_vector += 1,
        }
        Ok(())
    }

    fn check_dimensions(&self, got: usize) -> Outcome<()> {
        let dimensions = self.bound.as_ref().map(|bound| bound.model.dimensions);
        if dimensions == Some(got) {
            return Ok(());
        }
        let expected = dimensions.map_or_else(
            || "is not bound to a model".to_owned(),
            |n| format!("holds vectors of {n}"),
        );
        Err(Cause::told(
            StoreErrorKind::OtherModel,
            format!("embedding has {got} values, the store {expected}"),
            "run: gristmill migrate --embedder SPEC",
        ))
    }

    /// Makes the version the head; returns the chunks of the one before.
    fn finish<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        row: &DocumentRow,
        head: Head<'c>,
    ) -> Outcome<u64> {
        let (version, finish): (Written, &Finish) = (head.version, head.finish);
        if finish.total != version.cursor {
            return Err(Cause::contract(format!(
                "document {}: {} chunks were announced, {} came",
                row.name, finish.total, version.cursor
            )));
        }
        let removed = self.drop_head(batch, row);
        if row.version > 0 {
            batch.leave.push(row.id);
        }
        if row.trailing || version.number > 1 {
            batch.forget_rescued.push(row.id);
            let (source, document) = (row.source, row.name.clone());
            batch.letters.push(LetterOp::Settle { source, document, head: version.number });
        }
        batch.enter.push(Enter {
            document: row.id,
            name: row.name.clone(),
            version: version.number,
            chunks: version.chunks,
            label: &finish.label,
            mixed: version.mixed,
        });
        self.totals.documents += 1;
        self.totals.chunks += version.chunks;
        self.totals.without_vector += version.without_vector;
        self.totals.length += version.length;
        batch.heads.push(head);
        Ok(removed)
    }
}

fn begun(row: &DocumentRow) -> Written {
    Written {
        number: row.fence + 1,
        cursor: 0,
        chunks: 0,
        without_vector: 0,
        length: 0,
        mixed: false,
    }
}

/// The open version, if it is of this key and waits for exactly this segment: the fence.
fn continued(row: &DocumentRow, key: &VersionKey, first: u32) -> Option<Written> {
    let open = row.open.filter(|open| open.key == *key && open.cursor == first)?;
    let OpenVersion { version, cursor, chunks, without_vector, length, mixed, .. } = open;
    Some(Written { number: version, cursor, chunks, without_vector, length, mixed })
}

fn encode_chunk(
    rows: &mut CopyRows,
    (id, document, version): (i64, i64, i64),
    chunk: &Chunk,
    lexemes: &Lexemes,
) {
    rows.row(CHUNK_COLUMNS_COUNT);
    rows.integer(id);
    rows.integer(document);
    rows.integer(version);
    rows.integer(i64::from(chunk.seq));
    rows.bytes(&chunk.id);
    rows.bytes(&chunk.text_hash);
    rows.integer(i64::from(chunk.tokens));
    rows.integer(chunk.span.start as i64);
    rows.integer(chunk.span.end as i64);
    rows.integer_or_none(chunk.page.map(i64::from));
    rows.real(chunk.weight);
    rows.text_or_none(chunk.label.domain.as_deref());
    rows.text_or_none(chunk.label.category.as_deref());
    rows.text_or_none(chunk.chapter.as_deref());
    rows.text_or_none(chunk.section.as_deref());
    rows.text(&chunk.metadata.0);
    rows.integer(sums::of_chunk(chunk));
    rows.integer(lexemes.length());
    rows.lexemes(lexemes);
    rows.text(&chunk.text);
}
