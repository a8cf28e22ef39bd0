//! What follows from the rows and can be made again from them: pairs, totals, full text, search codes.

use super::super::apply::Writing;
use super::super::documents;
use super::super::labels::Labelled;
use super::super::search::Shelf;
use super::super::totals::Totals;
use super::super::{FullText, routed};
use super::{Check, Cure, Outcome};
use crate::search::codes::BlockView;
use crate::search::words::index_text;
use rusqlite::params;
use types::document::Label;
use types::ledger::DocumentId;

impl Check<'_> {
    /// Which documents have how many chunks in which pair.
    pub(super) fn pairs(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "WITH there(pair, document, name, chunks) AS (
               SELECT d.label, d.id, d.name, d.chunks FROM document d
               WHERE d.version>0 AND d.chunks>0 AND NOT d.mixed
               UNION ALL
               SELECT coalesce(c.pair, d.label), d.id, d.name, count(*) FROM document d
               JOIN chunk c ON c.document=d.id AND c.version=d.version
               WHERE d.version>0 AND d.mixed GROUP BY d.id, 1)
             SELECT t.document FROM there t WHERE NOT EXISTS(SELECT 1 FROM document_pair p WHERE p.pair=t.pair
               AND p.name=t.name AND p.document=t.document AND p.chunks=t.chunks)
             UNION
             SELECT p.document FROM document_pair p LEFT JOIN document d ON d.id=p.document
             WHERE d.id IS NULL OR d.version=0 OR d.name<>p.name OR NOT (d.mixed OR d.label=p.pair) OR
               (d.mixed AND NOT EXISTS(SELECT 1 FROM chunk c WHERE c.document=d.id AND c.version=d.version
                 AND coalesce(c.pair, d.label)=p.pair))",
        )?;
        let wrong = rows.query_map([], |r| r.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        let mut writing = Writing::begin(self.conn, self.full_text)?;
        for id in wrong {
            let row = documents::get(self.conn, DocumentId(id))?;
            let name =
                row.as_ref().map_or_else(|| format!("document {id}"), |row| row.name.clone());
            self.findings.add("document_pair", name, "listed under wrong labels", Cure::Here);
            if self.mends() {
                writing.leave_pairs(id)?;
                if let Some(row) = row.filter(|row| row.version > 0) {
                    self.enter_again(&mut writing, &row)?;
                }
            }
        }
        if self.mends() { writing.end() } else { Ok(()) }
    }

    fn enter_again(&self, writing: &mut Writing<'_>, row: &documents::DocumentRow) -> Outcome<()> {
        let label = self
            .conn
            .prepare_cached("SELECT domain, category FROM pair WHERE id=?1")?
            .query_row([row.label], |r| Ok(Label { domain: r.get(0)?, category: r.get(1)? }))?;
        writing.enter_pairs(Labelled {
            document: row.id,
            name: &row.name,
            version: row.version,
            chunks: row.chunks,
            label: &label,
            mixed: row.mixed,
        })?;
        Ok(())
    }

    pub(super) fn totals(&mut self) -> Outcome<()> {
        let are = Totals::recount(self.conn)?;
        if Totals::find(self.conn)? != Some(are) {
            self.findings.add(
                "totals",
                "total",
                "the counts are not those of the rows",
                Cure::Here,
            );
            if self.mends() {
                are.write(self.conn)?;
            }
        }
        Ok(())
    }

    /// Every chunk is in the full text, and nothing else.
    pub(super) fn words(&mut self) -> Outcome<()> {
        if self.full_text == FullText::Off {
            return Ok(());
        }
        let (missing, extra): (i64, i64) = self.conn.query_row(
            "SELECT (SELECT count(*) FROM chunk WHERE NOT EXISTS(SELECT 1 FROM fts_docsize f WHERE f.id=chunk.id)),
             (SELECT count(*) FROM fts_docsize f WHERE NOT EXISTS(SELECT 1 FROM chunk WHERE chunk.id=f.id))",
            [],
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        if missing == 0 && extra == 0 {
            return Ok(());
        }
        let message =
            format!("{missing} chunks are missing, {extra} are there without their chunk");
        self.findings.add("full_text", "fts", message, Cure::Here);
        if self.mends() { self.rebuild_words() } else { Ok(()) }
    }

    pub(super) fn rebuild_words(&self) -> Outcome<()> {
        if self.full_text == FullText::Off {
            return Ok(());
        }
        self.conn.execute_batch("INSERT INTO fts(fts) VALUES('delete-all')")?;
        let mut rows = self.conn.prepare("SELECT id, text FROM chunk ORDER BY id")?;
        let mut rows = rows.query([])?;
        let mut insert = self.conn.prepare_cached("INSERT INTO fts(rowid, text) VALUES(?1, ?2)")?;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(1)?.as_bytes().unwrap_or_default();
            insert.execute(params![
                row.get::<_, i64>(0)?,
                index_text(&String::from_utf8_lossy(text))
            ])?;
        }
        Ok(())
    }

    /// Chunks of all blocks, in order; none if a block is not well formed. Eight bytes a vector.
    pub(super) fn coded_chunks(&self, shelf: Shelf) -> Outcome<Option<Vec<i64>>> {
        let sql = format!("SELECT n, chunks, data FROM {}{}", shelf.table(), shelf.condition());
        let mut rows = self.conn.prepare(&sql)?;
        let mut rows = rows.query([])?;
        let mut coded = Vec::new();
        while let Some(row) = rows.next()? {
            let n = row.get(0)?;
            let chunks = row.get_ref(1)?.as_blob().unwrap_or_default();
            let data = row.get_ref(2)?.as_blob().unwrap_or_default();
            match BlockView::new(n, chunks, data) {
                Ok(block) => coded.extend(block.chunks()),
                Err(_) => return Ok(None),
            }
        }
        coded.sort_unstable();
        Ok(Some(coded))
    }

    pub(super) fn uncoded(&self, shelf: Shelf, coded: &[i64]) -> Outcome<usize> {
        let mut rows = self.conn.prepare(&format!(
            "SELECT chunk FROM vector v WHERE EXISTS(SELECT 1 FROM chunk c WHERE c.id=v.chunk){}",
            routed::condition(self.conn, shelf, "v.chunk")?
        ))?;
        let mut missing = 0;
        for chunk in rows.query_map([], |r| r.get(0))? {
            missing += usize::from(coded.binary_search(&chunk?).is_err());
        }
        Ok(missing)
    }
}
