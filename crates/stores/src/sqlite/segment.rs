//! Segments: chunks going in, and the flip that makes a version the head.

use super::apply::Writing;
use super::documents::{self, DocumentRow, OpenVersion, Origin};
use super::error::{Cause, Outcome};
use super::labels::Labelled;
use super::{FullText, letters, removal, routed, vectors};
use crate::search::words::index_text;
use crate::sums;
use rusqlite::params;
use types::document::OwnLabel;
use types::lease::LEASE;
use types::ledger::{Applied, Finish, Segment, SourceId, VersionKey};
use types::record::{Chunk, Record, Vector};
use types::seam::ModelNumber;

/// Where a segment's records belong.
struct Place<'s> {
    row: DocumentRow,
    file: &'s str,
    source: SourceId,
    key: VersionKey,
    run: i64,
}

impl<'c> Writing<'c> {
    pub(crate) fn segment(&mut self, segment: &'c Segment) -> Outcome<Applied> {
        let Segment { source, file, name, key, run, first, records, finish } = segment;
        let (source, key, run, first) = (*source, *key, *run, *first);
        let mut applied = Applied::default();
        let (row, mut version) = if first == 0 {
            let row = self.find_or_insert(source, file, name, run)?;
            if row.is_held_from(run) {
                return Ok(Applied { lost: true, ..applied });
            }
            applied.removed += removal::drop_open(self, &row)?;
            let begun = begin_version(&row, key);
            (row, begun)
        } else {
            let row = documents::find(self.conn, source, name)?;
            let open = row.as_ref().and_then(|row| row.open);
            let row = row.filter(|row| !row.is_held_from(run));
            match row.zip(open.filter(|open| open.key == key && open.cursor == first)) {
                Some(found) => found,
                None => return Ok(Applied { lost: true, ..applied }),
            }
        };
        let place = Place { row, file, source, key, run };
        for record in records {
            self.record(&place, &mut version, record, &mut applied)?;
        }
        match finish {
            None => self.keep_open(&place, &version, first)?,
            Some(finish) => {
                if first > 0 {
                    self.totals.open -= 1;
                }
                applied.removed += self.finish(&place, &version, finish)?;
            }
        }
        Ok(applied)
    }

    fn record(
        &mut self,
        place: &Place<'_>,
        version: &mut OpenVersion,
        record: &'c Record,
        applied: &mut Applied,
    ) -> Outcome<()> {
        let Record { chunk, vector } = record;
        if chunk.seq != version.cursor {
            return Err(Cause::contract(format!(
                "document {}: chunk {} came where chunk {} was due",
                place.row.name, chunk.seq, version.cursor
            )));
        }
        version.cursor += 1;
        if let Vector::Refused(failure) = vector {
            let letter = letters::Place {
                source: place.source,
                file: place.file,
                document: &place.row.name,
                chunk: Some(chunk.seq),
                version: version.version,
                key: place.key,
            };
            letters::put(self.conn, &letter, failure, self.now)?;
            applied.refused += 1;
            return Ok(());
        }
        let id = self.insert_chunk(place.row.id, version.version, chunk)?;
        version.mixed |= !chunk.label.is_empty();
        version.chunks += 1;
        applied.written += 1;
        let (model, embedding) = match vector {
            Vector::Present(embedding) => (ModelNumber::OWN, embedding),
            Vector::Routed(model, embedding) => (*model, embedding),
            Vector::Absent | Vector::Refused(_) => {
                version.without_vector += 1;
                return Ok(());
            }
        };
        let owner =
            vectors::Owner { chunk: id, document: place.row.id, text_hash: chunk.text_hash };
        vectors::insert(self.conn, owner, embedding, self.dimensions_of(model))?;
        if model != ModelNumber::OWN {
            routed::mark(self.conn, (id, place.row.id, version.version), model)?;
        }
        self.fresh.entry(model).or_default().push((id, embedding.values()));
        Ok(())
    }

    fn dimensions_of(&self, model: ModelNumber) -> Option<usize> {
        model.index().map_or(self.dimensions, |index| self.routed.get(index).copied())
    }

    fn insert_chunk(&self, document: i64, version: i64, chunk: &Chunk) -> Outcome<i64> {
        let OwnLabel { domain, category } = &chunk.label;
        self.conn
            .prepare_cached(
                "INSERT INTO chunk(document, version, seq, uuid, text_hash, tokens, start, \"end\", page, weight,
                   own_domain, own_category, chapter, section, metadata, check_sum, text)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?
            .execute(params![
                document,
                version,
                chunk.seq,
                chunk.id,
                chunk.text_hash,
                chunk.tokens,
                chunk.span.start as i64,
                chunk.span.end as i64,
                chunk.page,
                chunk.weight,
                domain,
                category,
                chunk.chapter,
                chunk.section,
                chunk.metadata.0,
                sums::of_chunk(chunk),
                chunk.text
            ])?;
        let id = self.conn.last_insert_rowid();
        if self.full_text == FullText::On {
            self.conn
                .prepare_cached("INSERT INTO fts(rowid, text) VALUES(?1, ?2)")?
                .execute(params![id, index_text(&chunk.text)])?;
        }
        Ok(id)
    }

    /// The version goes on with another segment.
    fn keep_open(&mut self, place: &Place<'_>, open: &OpenVersion, first: u32) -> Outcome<()> {
        let begun = first == 0;
        self.totals.open += i64::from(begun);
        self.conn
            .prepare_cached(
                "UPDATE document SET file=?2, last_run=max(last_run, ?3), fence=max(fence, ?4), open_version=?4,
                 open_content=?5, open_pipeline=?6, open_cursor=?7, open_chunks=?8, open_without_vector=?9,
                 open_mixed=?10, attempts=attempts+?11, state=1, lease_owner=?3, lease_until=unixepoch()+?12
                 WHERE id=?1",
            )?
            .execute(params![
                place.row.id,
                place.file,
                place.run,
                open.version,
                open.key.content.0,
                open.key.pipeline.0,
                open.cursor,
                open.chunks,
                open.without_vector,
                open.mixed,
                begun,
                LEASE.as_secs()
            ])?;
        Ok(())
    }

    /// Makes the version the head; returns the chunks of the one before.
    fn finish(
        &mut self,
        place: &Place<'_>,
        version: &OpenVersion,
        finish: &Finish,
    ) -> Outcome<u64> {
        let row = &place.row;
        if finish.total != version.cursor {
            return Err(Cause::contract(format!(
                "document {}: {} chunks were announced, {} came",
                row.name, finish.total, version.cursor
            )));
        }
        let removed = removal::drop_head(self, row)?;
        if row.origin == Origin::Found {
            self.leave_pairs(row.id)?;
            vectors::forget_rescued(self.conn, row.id)?;
            letters::settle(self.conn, row.source, &row.name, version.version)?;
        }
        let label = self.enter_pairs(Labelled {
            document: row.id,
            name: &row.name,
            version: version.version,
            chunks: version.chunks,
            label: &finish.label,
            mixed: version.mixed,
        })?;
        self.totals.documents += 1;
        self.totals.chunks += version.chunks;
        self.totals.without_vector += version.without_vector;
        self.put_head(place, version, finish, label)?;
        Ok(removed)
    }

    fn put_head(
        &self,
        place: &Place<'_>,
        head: &OpenVersion,
        finish: &Finish,
        label: i64,
    ) -> Outcome<()> {
        let warnings = serde_json::to_string(&finish.warnings).expect("strings become JSON");
        let title = finish.title.as_deref();
        let check_sum = sums::of_document(title, &finish.metadata.0, &warnings);
        let begun = place.row.open.is_none_or(|open| open.version != head.version);
        self.conn
            .prepare_cached(
                "UPDATE document SET file=?2, last_run=max(last_run, ?3), fence=max(fence, ?4), version=?4, content=?5,
                 pipeline=?6, chunks=?7, total=?8, without_vector=?9, title=?10, label=?11, own_domain=?12,
                 own_category=?13, mixed=?14, metadata=?15, warnings=?16, open_version=NULL,
                 open_content=NULL, open_pipeline=NULL, open_cursor=0, open_chunks=0, open_without_vector=0,
                 open_mixed=0, check_sum=?18, failed_content=NULL, failed_pipeline=NULL, failures=0, attempts=attempts+?17,
                 state=2, crashes=0, lease_owner=NULL, lease_until=NULL WHERE id=?1",
            )?
            .execute(params![
                place.row.id,
                place.file,
                place.run,
                head.version,
                head.key.content.0,
                head.key.pipeline.0,
                head.chunks,
                finish.total,
                head.without_vector,
                finish.title,
                label,
                finish.own.domain,
                finish.own.category,
                head.mixed,
                finish.metadata.0,
                warnings,
                begun,
                check_sum
            ])?;
        Ok(())
    }
}

fn begin_version(row: &DocumentRow, key: VersionKey) -> OpenVersion {
    OpenVersion {
        version: row.fence + 1,
        key,
        cursor: 0,
        chunks: 0,
        without_vector: 0,
        mixed: false,
    }
}
