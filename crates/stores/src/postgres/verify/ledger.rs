//! What the ledger says of documents, files and failures, against the rows.

use super::super::batch::{Batch, Enter};
use super::super::documents::{self, DocumentRow};
use super::super::session::{Columns as _, Param};
use super::super::{files, labels};
use super::{Check, Cure, Outcome};
use crate::sums;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::document::Label;
use types::failure::FailureClass;

/// Chunks of one version, and the position behind its last one.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    chunks: i64,
    without_vector: i64,
    length: i64,
    end: i64,
}

impl Check<'_> {
    pub(super) async fn documents(&mut self) -> Outcome<()> {
        // Counts of all versions at once; then each document against its head and its open version.
        let sql = format!(
            "WITH n AS MATERIALIZED (SELECT c.document, c.version, count(*) AS chunks, max(c.seq)+1 AS last,
               count(*) FILTER (WHERE v.chunk IS NULL) AS without
               FROM chunk c LEFT JOIN {} v ON v.chunk=c.id GROUP BY 1, 2)
             SELECT d.id, d.name, s.id IS NULL, greatest(d.version, coalesce(d.open_version, 0))>d.fence,
               d.version, coalesce(length(d.content), 0)<>32 OR coalesce(length(d.pipeline), 0)<>32 OR p.id IS NULL,
               d.check_sum, d.title, d.metadata, d.warnings,
               d.chunks, d.without_vector, d.total,
               coalesce(h.chunks, 0), coalesce(h.without, 0), coalesce(h.last, 0),
               d.open_version, d.open_chunks, d.open_without_vector, d.open_cursor,
               coalesce(o.chunks, 0), coalesce(o.without, 0), coalesce(o.last, 0)
             FROM document d LEFT JOIN pair p ON p.id=d.label LEFT JOIN source s ON s.id=d.source
             LEFT JOIN n h ON h.document=d.id AND h.version=d.version
             LEFT JOIN n o ON o.document=d.id AND o.version=d.open_version ORDER BY d.id",
            self.vectors()
        );
        for row in &self.session.rows(&sql, &[]).await? {
            if let Some((invariant, message)) = fault_of(row)? {
                self.findings.add(invariant, row.text(1)?, message, Cure::Ingest);
                self.unsound.insert(row.at(0)?);
            }
        }
        Ok(())
    }

    /// Makes the ledger say what is there, and takes the gates of these documents.
    pub(super) async fn mend_unsound(&mut self) -> Outcome<()> {
        if !self.mends() || self.unsound.is_empty() {
            return Ok(());
        }
        let mut writing = self.writing().await?;
        for id in std::mem::take(&mut self.unsound) {
            let sql = format!("SELECT {} FROM document d WHERE d.id=$1", documents::ROW);
            let Some(row) = self.session.row(&sql, &[(&id, Type::INT8)]).await? else { continue };
            let row = documents::document_row(&row)?;
            files::take_gate(self.session, row.source, &row.file).await?;
            let sourced = "SELECT 1 FROM source WHERE id=$1";
            if self.session.row(sourced, &[(&row.source, Type::INT8)]).await?.is_none() {
                let mut batch = Batch::new();
                writing.remove(&mut batch, &row);
                writing.flush(&mut batch, &labels::Labels::default()).await?;
                continue;
            }
            self.mend_open(&row).await?;
            self.mend_head(&row).await?;
            if row.version > 0 {
                let left = writing.leave_pairs(&[id]).await?;
                writing.touched.extend(left);
                let label = self.label_of(id).await?;
                let labels = labels::resolve(self.session, [&label].into_iter()).await?;
                let chunks = self.count((id, row.version)).await?.chunks;
                let enter = Enter {
                    document: id,
                    name: row.name.clone(),
                    version: row.version,
                    chunks,
                    label: &label,
                    mixed: row.mixed,
                };
                writing.write_labels(&[(id, labels.id(&label)?)]).await?;
                let entered = writing.enter_pairs(&[enter], &labels).await?;
                writing.touched.extend(entered);
            }
        }
        writing.end().await
    }

    /// Not swept: what is left of it may still lend its vectors. Nobody can continue it.
    async fn mend_open(&self, row: &DocumentRow) -> Outcome<()> {
        let Some(open) = row.open else { return Ok(()) };
        let are = self.count((row.id, open.version)).await?;
        let said = (open.chunks, open.without_vector);
        if (are.chunks, are.without_vector) == said && are.end <= i64::from(open.cursor) {
            return Ok(());
        }
        let sql = "UPDATE document SET open_content=$6, open_chunks=$2, open_without_vector=$3,
            open_cursor=$4, open_length=$5 WHERE id=$1";
        let zeros: &[u8] = &[0; 32];
        let params: [Param<'_>; 6] = [
            (&row.id, Type::INT8),
            (&are.chunks, Type::INT8),
            (&are.without_vector, Type::INT8),
            (&are.end, Type::INT8),
            (&are.length, Type::INT8),
            (&zeros, Type::BYTEA),
        ];
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    /// What the row says now is all there is until the document is read again.
    async fn mend_head(&self, row: &DocumentRow) -> Outcome<()> {
        let fence = "UPDATE document SET fence=greatest(fence, version, coalesce(open_version, 0)) WHERE id=$1";
        self.session.execute(fence, &[(&row.id, Type::INT8)]).await?;
        if row.version == 0 {
            return Ok(());
        }
        let told = "SELECT title, metadata, warnings FROM document WHERE id=$1";
        let told = self.session.one(told, &[(&row.id, Type::INT8)]).await?;
        let sum =
            sums::of_document(told.text_or_none(0)?.as_deref(), &told.text(1)?, &told.text(2)?);
        let are = self.count((row.id, row.version)).await?;
        let sql = "UPDATE document SET content=$7, pipeline=$7, chunks=$2, without_vector=$3,
            total=greatest(total, $4), length=$5, check_sum=$6 WHERE id=$1";
        let zeros: &[u8] = &[0; 32];
        let params: [Param<'_>; 7] = [
            (&row.id, Type::INT8),
            (&are.chunks, Type::INT8),
            (&are.without_vector, Type::INT8),
            (&are.end, Type::INT8),
            (&are.length, Type::INT8),
            (&sum, Type::INT8),
            (&zeros, Type::BYTEA),
        ];
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    async fn count(&self, (document, version): (i64, i64)) -> Outcome<Counted> {
        let sql = format!(
            "SELECT count(*), count(*) FILTER (WHERE v.chunk IS NULL), coalesce(sum(c.length), 0)::bigint,
               coalesce(max(c.seq)+1, 0) FROM chunk c LEFT JOIN {} v ON v.chunk=c.id
             WHERE c.document=$1 AND c.version=$2",
            self.vectors()
        );
        let params: [Param<'_>; 2] = [(&document, Type::INT8), (&version, Type::INT8)];
        let row = self.session.one(&sql, &params).await?;
        Ok(Counted {
            chunks: row.at(0)?,
            without_vector: row.at(1)?,
            length: row.at(2)?,
            end: row.at(3)?,
        })
    }

    /// The document's label, or where documents without any go.
    async fn label_of(&self, document: i64) -> Outcome<Label> {
        let sql = "SELECT coalesce(p.domain, 'general'), coalesce(p.category, 'unknown')
            FROM document d LEFT JOIN pair p ON p.id=d.label WHERE d.id=$1";
        let row = self.session.one(sql, &[(&document, Type::INT8)]).await?;
        Ok(Label { domain: row.text(0)?, category: row.text(1)? })
    }

    /// A letter is about a document that is there, and about a version of it that is in use.
    pub(super) async fn letters(&mut self) -> Outcome<()> {
        let sql =
            "SELECT l.id, l.document, l.class, d.id IS NULL OR (l.chunk>=0 AND l.version<>d.version
              AND l.version IS DISTINCT FROM d.open_version)
            FROM dead_letter l LEFT JOIN document d ON d.source=l.source AND d.name=l.document";
        for row in &self.session.rows(sql, &[]).await? {
            let id: i64 = row.at(0)?;
            if !row.at::<bool>(3)? && row.text(2)?.parse::<FailureClass>().is_ok() {
                continue;
            }
            let message = format!("dead letter {id} is about nothing that is there");
            self.findings.add("dead_letter", row.text(1)?, message, Cure::Here);
            if self.mends() {
                let sql = "DELETE FROM dead_letter WHERE id=$1";
                self.session.execute(sql, &[(&id, Type::INT8)]).await?;
            }
        }
        Ok(())
    }

    /// Documents whose file has no row would never be found gone.
    pub(super) async fn files(&mut self) -> Outcome<()> {
        let sql = "SELECT d.source, d.file, max(d.last_run) FROM document d WHERE NOT EXISTS(
            SELECT 1 FROM file f WHERE f.source=d.source AND f.name=d.file) GROUP BY d.source, d.file";
        let mut writing = self.writing().await?;
        for row in &self.session.rows(sql, &[]).await? {
            let (source, file): (i64, String) = (row.at(0)?, row.text(1)?);
            let message = "its documents are there without it";
            self.findings.add("file", file.clone(), message, Cure::Here);
            if self.mends() {
                writing.totals.files += writing.note_files(&[(source, &file, row.at(2)?)]).await?;
            }
        }
        if self.mends() { writing.end().await } else { Ok(()) }
    }

    /// A gate must not claim more documents than there are. More may be there: an interrupted run has written
    /// documents of a file before it wrote the file's gate.
    pub(super) async fn gates(&mut self) -> Outcome<()> {
        let sql = "SELECT source, name, documents, failed, fresh FROM (
              SELECT f.source, f.name, f.documents, f.failed,
                (SELECT count(*) FROM document d WHERE d.source=f.source AND d.file=f.name
                   AND d.last_run>=f.run) AS fresh
              FROM file f WHERE f.size>=0) g
            WHERE fresh<documents OR fresh<least(failed, 1)";
        for row in &self.session.rows(sql, &[]).await? {
            let (source, file): (i64, String) = (row.at(0)?, row.text(1)?);
            let (documents, failed, fresh): (i64, i64, i64) = (row.at(2)?, row.at(3)?, row.at(4)?);
            let message = format!(
                "{documents} documents and {failed} failed ones should be there, {fresh} are"
            );
            self.findings.add("gate", file.clone(), message, Cure::Ingest);
            if self.mends() {
                files::take_gate(self.session, source, &file).await?;
            }
        }
        Ok(())
    }
}

fn fault_of(row: &Row) -> Outcome<Option<(&'static str, String)>> {
    if row.at(2)? {
        return Ok(Some(("document_source", "its source is gone".to_owned())));
    }
    if row.at(3)? {
        return Ok(Some(("fence", "a version is above the last one given".to_owned())));
    }
    if row.at::<i64>(4)? > 0 {
        if row.at(5)? {
            return Ok(Some(("document_key", "its key or its label is gone".to_owned())));
        }
        let sum = sums::of_document(row.text_or_none(7)?.as_deref(), &row.text(8)?, &row.text(9)?);
        if row.at::<i64>(6)? != sum {
            return Ok(Some(("document_row", "its row is not what was stored".to_owned())));
        }
        if let Some(fault) = version_fault(row, 10, 13)? {
            return Ok(Some(fault));
        }
    }
    if row.at::<Option<i64>>(16)?.is_none() { Ok(None) } else { version_fault(row, 17, 20) }
}

/// Chunks, chunks without a vector and the end, as they are said to be and as they are.
fn version_fault(row: &Row, said: usize, are: usize) -> Outcome<Option<(&'static str, String)>> {
    let number = |column: usize| row.at::<i64>(column);
    if number(are)? != number(said)? {
        let message = format!("{} chunks are there of {}", number(are)?, number(said)?);
        return Ok(Some(("chunk_count", message)));
    }
    if number(are + 2)? > number(said + 2)? {
        let message =
            format!("a chunk stands at {} of {}", number(are + 2)? - 1, number(said + 2)?);
        return Ok(Some(("chunk_position", message)));
    }
    if number(are + 1)? != number(said + 1)? {
        let message = format!(
            "{} chunks have no vector, {} should have none",
            number(are + 1)?,
            number(said + 1)?
        );
        return Ok(Some(("vector_count", message)));
    }
    Ok(None)
}
