//! Rows that nothing leads to: vectors without chunks, chunks without documents.

use super::super::session::{Columns as _, Param};
use super::super::texts::escaped;
use super::{Check, Cure, Outcome};
use tokio_postgres::types::Type;

/// Chunks of a version that no document names.
struct LooseVersion {
    document: i64,
    version: i64,
    chunks: i64,
    /// The document's row is gone too.
    orphaned: bool,
}

impl Check<'_> {
    /// A vector whose chunk is gone is kept for its document, which will want it again.
    pub(super) async fn loose_vectors(&mut self) -> Outcome<()> {
        let Some(table) = self.bound.as_ref().map(|bound| bound.table.clone()) else {
            return Ok(());
        };
        let sql = format!(
            "SELECT v.chunk, v.document, d.name FROM {table} v LEFT JOIN document d ON d.id=v.document
             WHERE NOT EXISTS(SELECT 1 FROM chunk c WHERE c.id=v.chunk)
             AND NOT (d.id IS NOT NULL AND
               EXISTS(SELECT 1 FROM rescued r WHERE r.document=v.document AND r.chunk=v.chunk))"
        );
        for row in &self.session.rows(&sql, &[]).await? {
            let (chunk, document): (i64, i64) = (row.at(0)?, row.at(1)?);
            let name = row.text_or_none(2)?;
            let kept = name.is_some();
            let subject = name.unwrap_or_else(|| format!("document {document}"));
            let cure = if kept { Cure::Ingest } else { Cure::Here };
            self.findings.add("vector_chunk", subject, format!("chunk {chunk} is gone"), cure);
            if kept {
                self.unsound.insert(document);
            }
            if self.mends() {
                let mend = if kept {
                    "INSERT INTO rescued(document, chunk) VALUES($2, $1) ON CONFLICT DO NOTHING"
                        .to_owned()
                } else {
                    format!("DELETE FROM {table} WHERE chunk=$1 AND document=$2")
                };
                let params: [Param<'_>; 2] = [(&chunk, Type::INT8), (&document, Type::INT8)];
                self.session.execute(&mend, &params).await?;
            }
        }
        if self.mends() {
            let sql = format!(
                "DELETE FROM rescued r WHERE NOT EXISTS(SELECT 1 FROM {table} v WHERE v.chunk=r.chunk)"
            );
            self.session.execute(&sql, &[]).await?;
        }
        Ok(())
    }

    pub(super) async fn loose_chunks(&mut self) -> Outcome<()> {
        let sql = "SELECT c.document, c.version, count(*), bool_or(d.id IS NULL)
            FROM chunk c LEFT JOIN document d ON d.id=c.document
            WHERE (d.id IS NULL OR (c.version<>d.version AND c.version IS DISTINCT FROM d.open_version))
            AND NOT EXISTS(SELECT 1 FROM dropped x WHERE x.document=c.document AND x.version=c.version)
            GROUP BY c.document, c.version ORDER BY c.document, c.version DESC";
        for row in &self.session.rows(sql, &[]).await? {
            let loose = LooseVersion {
                document: row.at(0)?,
                version: row.at(1)?,
                chunks: row.at(2)?,
                orphaned: row.at(3)?,
            };
            let LooseVersion { document, version, chunks, orphaned } = loose;
            let message = format!("{chunks} chunks of version {version} belong to no document");
            let cure = if orphaned { Cure::Ingest } else { Cure::Here };
            self.findings.add("chunk_document", format!("document {document}"), message, cure);
            if self.mends() && !(orphaned && self.restore_document(&loose).await?) {
                let sql = "INSERT INTO dropped VALUES($1, $2) ON CONFLICT DO NOTHING";
                let params: [Param<'_>; 2] = [(&document, Type::INT8), (&version, Type::INT8)];
                self.session.execute(sql, &params).await?;
            }
        }
        self.dropped_heads().await
    }

    /// Makes a row for a document whose row is gone, with its chunks as an open version of no content: the
    /// next run finds their vectors. False where its name or its file is not known any more.
    async fn restore_document(&self, loose: &LooseVersion) -> Outcome<bool> {
        let document: [Param<'_>; 1] = [(&loose.document, Type::INT8)];
        let there = "SELECT 1 FROM document WHERE id=$1";
        if self.session.row(there, &document).await?.is_some() {
            return Ok(false);
        }
        let named = "SELECT name FROM document_pair WHERE document=$1 LIMIT 1";
        let Some(row) = self.session.row(named, &document).await? else { return Ok(false) };
        let name = row.text(0)?;
        let Some((source, file)) = self.file_of(&name).await? else { return Ok(false) };
        let sql = format!(
            "INSERT INTO document(id, source, file, name, last_run, fence, open_version, open_content,
               open_pipeline, open_cursor, open_chunks, open_without_vector, open_length)
             OVERRIDING SYSTEM VALUE
             SELECT $1::bigint, $2::bigint, $3::text, $4::text, 0, $5::bigint, $5::bigint, $6::bytea, $6::bytea,
               max(seq)+1, count(*), count(*) FILTER (WHERE NOT EXISTS(
                 SELECT 1 FROM {} v WHERE v.chunk=c.id)), sum(length)
             FROM chunk c WHERE document=$1 AND version=$5 ON CONFLICT DO NOTHING",
            self.vectors()
        );
        let zeros: &[u8] = &[0; 32];
        let params: [Param<'_>; 6] = [
            (&loose.document, Type::INT8),
            (&source, Type::INT8),
            (&escaped(&file), Type::TEXT),
            (&escaped(&name), Type::TEXT),
            (&loose.version, Type::INT8),
            (&zeros, Type::BYTEA),
        ];
        Ok(self.session.execute(&sql, &params).await? == 1)
    }

    /// The file that a document came from, as far as its name says so: the file's name, or the file's name
    /// with a member or an item behind it.
    async fn file_of(&self, document: &str) -> Outcome<Option<(i64, String)>> {
        let ends = document.match_indices(['#', '/']).map(|(end, _)| end);
        for end in std::iter::once(document.len()).chain(ends) {
            let Some(file) = document.get(..end) else { continue };
            let sql = "SELECT source FROM file WHERE name=$1 LIMIT 1";
            if let Some(row) = self.session.row(sql, &[(&escaped(file), Type::TEXT)]).await? {
                return Ok(Some((row.at(0)?, file.to_owned())));
            }
        }
        Ok(None)
    }

    /// The sweep must never reach a version that somebody sees.
    async fn dropped_heads(&mut self) -> Outcome<()> {
        let sql = "SELECT d.id, x.version, d.name FROM dropped x JOIN document d ON d.id=x.document
            WHERE x.version=d.version OR x.version=d.open_version";
        for row in &self.session.rows(sql, &[]).await? {
            let (document, version): (i64, i64) = (row.at(0)?, row.at(1)?);
            let message = format!("version {version} is both in use and to be removed");
            self.findings.add("dropped", row.text(2)?, message, Cure::Here);
            if self.mends() {
                let sql = "DELETE FROM dropped WHERE document=$1 AND version=$2";
                let params: [Param<'_>; 2] = [(&document, Type::INT8), (&version, Type::INT8)];
                self.session.execute(sql, &params).await?;
            }
        }
        Ok(())
    }
}
