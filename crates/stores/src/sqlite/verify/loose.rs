//! Rows that nothing leads to: vectors without chunks, chunks without documents.

use super::{Check, Cure, Outcome};
use rusqlite::{OptionalExtension as _, params};

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
    pub(super) fn loose_vectors(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT v.chunk, v.document, d.name FROM vector v LEFT JOIN document d ON d.id=v.document
             WHERE NOT EXISTS(SELECT 1 FROM chunk c WHERE c.id=v.chunk)
             AND NOT (d.id IS NOT NULL AND
               EXISTS(SELECT 1 FROM rescued r WHERE r.document=v.document AND r.chunk=v.chunk))",
        )?;
        let loose = rows
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<Vec<(i64, i64, Option<String>)>, _>>()?;
        for (chunk, document, name) in loose {
            let kept = name.is_some();
            let subject = name.unwrap_or_else(|| format!("document {document}"));
            let cure = if kept { Cure::Ingest } else { Cure::Here };
            self.findings.add("vector_chunk", subject, format!("chunk {chunk} is gone"), cure);
            if kept {
                self.unsound.insert(document);
            }
            if self.mends() {
                let mend = if kept {
                    "INSERT INTO rescued(document, chunk) VALUES(?2, ?1)"
                } else {
                    "DELETE FROM vector WHERE chunk=?1 AND document=?2"
                };
                self.conn.prepare_cached(mend)?.execute([chunk, document])?;
            }
        }
        if self.mends() {
            self.conn.execute(
                "DELETE FROM rescued WHERE NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=rescued.chunk)",
                [],
            )?;
        }
        Ok(())
    }

    pub(super) fn loose_chunks(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT c.document, c.version, count(*), d.id IS NULL
             FROM chunk c LEFT JOIN document d ON d.id=c.document
             WHERE (d.id IS NULL OR (c.version<>d.version AND c.version IS NOT d.open_version))
             AND NOT EXISTS(SELECT 1 FROM dropped x WHERE x.document=c.document AND x.version=c.version)
             GROUP BY c.document, c.version ORDER BY c.document, c.version DESC",
        )?;
        let loose = rows
            .query_map([], |r| {
                Ok(LooseVersion {
                    document: r.get(0)?,
                    version: r.get(1)?,
                    chunks: r.get(2)?,
                    orphaned: r.get(3)?,
                })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        for version in loose {
            let LooseVersion { document, version: number, chunks, orphaned } = version;
            let message = format!("{chunks} chunks of version {number} belong to no document");
            let cure = if orphaned { Cure::Ingest } else { Cure::Here };
            self.findings.add("chunk_document", format!("document {document}"), message, cure);
            if self.mends() && !(orphaned && self.restore_document(&version)?) {
                self.conn
                    .prepare_cached(
                        "INSERT OR IGNORE INTO dropped(document, version) VALUES(?1, ?2)",
                    )?
                    .execute([document, number])?;
            }
        }
        self.dropped_heads()
    }

    /// Makes a row for a document whose row is gone, with its chunks as an open version of no content: the
    /// next run finds their vectors. False where its name or its file is not known any more.
    fn restore_document(&self, version: &LooseVersion) -> Outcome<bool> {
        let there: bool = self
            .conn
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM document WHERE id=?1)")?
            .query_row([version.document], |r| r.get(0))?;
        let name: Option<String> = self
            .conn
            .prepare_cached("SELECT name FROM document_pair WHERE document=?1")?
            .query_row([version.document], |r| r.get(0))
            .optional()?;
        let Some(name) = name.filter(|_| !there) else { return Ok(false) };
        let Some((source, file)) = self.file_of(&name)? else { return Ok(false) };
        let made = self
            .conn
            .prepare_cached(
                "INSERT OR IGNORE INTO document(id, source, file, name, last_run, fence, open_version,
                   open_content, open_pipeline, open_cursor, open_chunks, open_without_vector)
                 SELECT ?1, ?2, ?3, ?4, 0, ?5, ?5, zeroblob(32), zeroblob(32), max(seq)+1, count(*),
                   sum(NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=c.id))
                 FROM chunk c WHERE document=?1 AND version=?5",
            )?
            .execute(params![version.document, source, file, name, version.version])?;
        Ok(made == 1)
    }

    /// The file that a document came from, as far as its name says so: the file's name, or the file's name
    /// with a member or an item behind it.
    fn file_of(&self, document: &str) -> Outcome<Option<(i64, String)>> {
        let mut known = self.conn.prepare_cached("SELECT source FROM file WHERE name=?1")?;
        let ends = document.match_indices(['#', '/']).map(|(end, _)| end);
        for end in std::iter::once(document.len()).chain(ends) {
            let Some(file) = document.get(..end) else { continue };
            if let Some(source) = known.query_row([file], |r| r.get(0)).optional()? {
                return Ok(Some((source, file.to_owned())));
            }
        }
        Ok(None)
    }

    /// The sweep must never reach a version that somebody sees.
    fn dropped_heads(&mut self) -> Outcome<()> {
        let mut rows = self.conn.prepare(
            "SELECT d.id, x.version, d.name FROM dropped x JOIN document d ON d.id=x.document
             WHERE x.version=d.version OR x.version IS d.open_version",
        )?;
        let heads = rows
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?
            .collect::<Result<Vec<(i64, i64, String)>, _>>()?;
        for (document, version, name) in heads {
            let message = format!("version {version} is both in use and to be removed");
            self.findings.add("dropped", name, message, Cure::Here);
            if self.mends() {
                self.conn
                    .prepare_cached("DELETE FROM dropped WHERE document=?1 AND version=?2")?
                    .execute([document, version])?;
            }
        }
        Ok(())
    }
}
