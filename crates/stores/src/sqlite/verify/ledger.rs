//! What the ledger says of documents, files and failures, against the rows.

use super::super::apply::Writing;
use super::super::labels::Labelled;
use super::super::sums::{OF_DOCUMENT, OF_DOCUMENT_COLUMNS, of_columns};
use super::super::{documents, files, removal};
use super::{Check, Cure, Outcome};
use rusqlite::Row;
use types::document::Label;
use types::failure::FailureClass;
use types::ledger::{DocumentId, SourceId};

/// Chunks of one version as the document counts them, and as they are.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    chunks: i64,
    without_vector: i64,
}

impl Check<'_> {
    pub(super) fn documents(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(&format!(
            "SELECT d.id, d.name, d.version, d.chunks, d.without_vector, d.total, d.open_version, d.open_chunks,
               d.open_without_vector, d.open_cursor, d.fence, length(d.content), length(d.pipeline),
               p.id IS NULL, s.id IS NULL, d.check_sum, {OF_DOCUMENT}
             FROM document d LEFT JOIN pair p ON p.id=d.label LEFT JOIN source s ON s.id=d.source ORDER BY d.id"
        ))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            if let Some((invariant, message)) = self.fault_of(row)? {
                self.findings.add(invariant, row.get::<_, String>(1)?, message, Cure::Ingest);
                self.unsound.insert(id);
            }
        }
        Ok(())
    }

    fn fault_of(&self, row: &Row<'_>) -> Outcome<Option<(&'static str, String)>> {
        let (id, head, open): (i64, i64, Option<i64>) = (row.get(0)?, row.get(2)?, row.get(6)?);
        if row.get(14)? {
            return Ok(Some(("document_source", "its source is gone".to_owned())));
        }
        if head.max(open.unwrap_or(0)) > row.get(10)? {
            return Ok(Some(("fence", "a version is above the last one given".to_owned())));
        }
        if head > 0 {
            let keys: (Option<i64>, Option<i64>) = (row.get(11)?, row.get(12)?);
            if keys != (Some(32), Some(32)) || row.get(13)? {
                return Ok(Some(("document_key", "its key or its label is gone".to_owned())));
            }
            if row.get::<_, i64>(15)? != of_columns(row, 16, OF_DOCUMENT_COLUMNS)? {
                return Ok(Some(("document_row", "its row is not what was stored".to_owned())));
            }
            let said = Counted { chunks: row.get(3)?, without_vector: row.get(4)? };
            if let Some(fault) = self.version_fault((id, head), &said, row.get(5)?)? {
                return Ok(Some(fault));
            }
        }
        let Some(open) = open else { return Ok(None) };
        let said = Counted { chunks: row.get(7)?, without_vector: row.get(8)? };
        self.version_fault((id, open), &said, row.get(9)?)
    }

    fn version_fault(
        &self,
        version: (i64, i64),
        said: &Counted,
        total: i64,
    ) -> Outcome<Option<(&'static str, String)>> {
        let (are, end) = self.count(version)?;
        if are.chunks != said.chunks {
            let message = format!("{} chunks are there of {}", are.chunks, said.chunks);
            return Ok(Some(("chunk_count", message)));
        }
        if end > total {
            let message = format!("a chunk stands at {} of {total}", end - 1);
            return Ok(Some(("chunk_position", message)));
        }
        if are.without_vector != said.without_vector {
            let message = format!(
                "{} chunks have no vector, {} should have none",
                are.without_vector, said.without_vector
            );
            return Ok(Some(("vector_count", message)));
        }
        Ok(None)
    }

    /// Chunks of a version, and the position behind its last one.
    fn count(&self, (document, version): (i64, i64)) -> Outcome<(Counted, i64)> {
        let mut row = self.conn.prepare_cached(
            "SELECT count(*), coalesce(sum(NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=c.id)), 0),
               coalesce(max(seq)+1, 0) FROM chunk c WHERE document=?1 AND version=?2",
        )?;
        Ok(row.query_row([document, version], |r| {
            Ok((Counted { chunks: r.get(0)?, without_vector: r.get(1)? }, r.get(2)?))
        })?)
    }

    /// Makes the ledger say what is there, and takes the gates of these documents.
    pub(super) fn mend_unsound(&mut self) -> Outcome<()> {
        if !self.mends() || self.unsound.is_empty() {
            return Ok(());
        }
        let mut writing = Writing::begin(self.conn, self.full_text)?;
        for id in std::mem::take(&mut self.unsound) {
            self.mend(&mut writing, id)?;
        }
        writing.end()
    }

    fn mend(&self, writing: &mut Writing<'_>, id: i64) -> Outcome<()> {
        let Some(row) = documents::get(self.conn, DocumentId(id))? else { return Ok(()) };
        files::take_gate(self.conn, row.source, &row.file)?;
        if let Some(open) = row.open {
            let (are, end) = self.count((id, open.version))?;
            let said = Counted { chunks: open.chunks, without_vector: open.without_vector };
            if are != said || end > i64::from(open.cursor) {
                // Not swept: what is left of it may still lend its vectors. Nobody can continue it.
                self.conn
                    .prepare_cached(
                        "UPDATE document SET open_content=zeroblob(32), open_chunks=?2,
                         open_without_vector=?3, open_cursor=?4 WHERE id=?1",
                    )?
                    .execute([id, are.chunks, are.without_vector, end])?;
            }
        }
        let orphaned: bool = self
            .conn
            .prepare_cached("SELECT NOT EXISTS(SELECT 1 FROM source WHERE id=?1)")?
            .query_row([row.source], |r| r.get(0))?;
        if orphaned {
            removal::remove(writing, &row)?;
            return Ok(());
        }
        let (are, end) = self.count((id, row.version))?;
        self.conn
            .prepare_cached(
                "UPDATE document SET fence=max(fence, version, coalesce(open_version, 0)) WHERE id=?1",
            )?
            .execute([id])?;
        if row.version == 0 {
            return Ok(());
        }
        self.sign_again(id)?;
        writing.leave_pairs(id)?;
        let label = writing.enter_pairs(Labelled {
            document: id,
            name: &row.name,
            version: row.version,
            chunks: are.chunks,
            label: &self.label_of(id)?,
            mixed: row.mixed,
        })?;
        self.conn
            .prepare_cached(
                "UPDATE document SET content=zeroblob(32), pipeline=zeroblob(32), chunks=?2, without_vector=?3,
                 total=max(total, ?4), label=?5 WHERE id=?1",
            )?
            .execute([id, are.chunks, are.without_vector, end, label])?;
        Ok(())
    }

    /// What the row says now is all there is until the document is read again.
    fn sign_again(&self, document: i64) -> Outcome<()> {
        let sum: i64 = self
            .conn
            .prepare_cached(&format!("SELECT {OF_DOCUMENT} FROM document d WHERE d.id=?1"))?
            .query_row([document], |r| of_columns(r, 0, OF_DOCUMENT_COLUMNS))?;
        self.conn
            .prepare_cached("UPDATE document SET check_sum=?2 WHERE id=?1")?
            .execute([document, sum])?;
        Ok(())
    }

    /// The document's label, or where documents without any go.
    fn label_of(&self, document: i64) -> Outcome<Label> {
        let mut row = self.conn.prepare_cached(
            "SELECT coalesce(p.domain, 'general'), coalesce(p.category, 'unknown')
             FROM document d LEFT JOIN pair p ON p.id=d.label WHERE d.id=?1",
        )?;
        Ok(row.query_row([document], |r| Ok(Label { domain: r.get(0)?, category: r.get(1)? }))?)
    }

    /// A letter is about a document that is there, and about a version of it that is in use.
    pub(super) fn letters(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT l.id, l.document, l.class, d.id IS NULL OR
               (l.chunk>=0 AND l.version<>d.version AND l.version IS NOT d.open_version)
             FROM dead_letter l LEFT JOIN document d ON d.source=l.source AND d.name=l.document",
        )?;
        let letters = rows
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
            .collect::<Result<Vec<(i64, String, String, bool)>, _>>()?;
        for (id, document, class, lost) in letters {
            if !lost && class.parse::<FailureClass>().is_ok() {
                continue;
            }
            let message = format!("dead letter {id} is about nothing that is there");
            self.findings.add("dead_letter", document, message, Cure::Here);
            if self.mends() {
                self.conn.execute("DELETE FROM dead_letter WHERE id=?1", [id])?;
            }
        }
        Ok(())
    }

    /// Documents whose file has no row would never be found gone.
    pub(super) fn files(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT d.source, d.file, max(d.last_run) FROM document d WHERE NOT EXISTS(
               SELECT 1 FROM file f WHERE f.source=d.source AND f.name=d.file) GROUP BY d.source, d.file",
        )?;
        let lost = rows
            .query_map([], |r| Ok((r.get(0).map(SourceId)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<Vec<(SourceId, String, i64)>, _>>()?;
        let mut writing = Writing::begin(self.conn, self.full_text)?;
        for (source, file, run) in lost {
            self.findings.add(
                "file",
                file.clone(),
                "its documents are there without it",
                Cure::Here,
            );
            if self.mends() {
                files::note(&mut writing, source, &file, run)?;
            }
        }
        if self.mends() { writing.end() } else { Ok(()) }
    }

    /// A gate must not claim more documents than there are. More may be there: an interrupted run has written
    /// documents of a file before it wrote the file's gate.
    pub(super) fn gates(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT source, name, documents, failed, fresh FROM (
               SELECT f.source, f.name, f.documents, f.failed,
                 (SELECT count(*) FROM document d WHERE d.source=f.source AND d.file=f.name
                    AND d.last_run>=f.run) AS fresh
               FROM file f WHERE f.size>=0)
             WHERE fresh<documents OR fresh<min(failed, 1)",
        )?;
        let gates = rows
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?
            .collect::<Result<Vec<(i64, String, i64, i64, i64)>, _>>()?;
        for (source, file, documents, failed, fresh) in gates {
            let message = format!(
                "{documents} documents and {failed} failed ones should be there, {fresh} are"
            );
            self.findings.add("gate", file.clone(), message, Cure::Ingest);
            if self.mends() {
                files::take_gate(self.conn, source, &file)?;
            }
        }
        Ok(())
    }
}
