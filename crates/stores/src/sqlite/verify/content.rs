//! Every text and every vector against its checksum.

use super::super::{FullText, meta, removal, vectors};
use super::{Check, Cure, Outcome};
use crate::sqlite::entries::text_hash_of;

/// Rows whose bytes are not what was written.
#[derive(Debug, Default)]
struct Damaged {
    /// Chunk and its document.
    texts: Vec<(i64, i64)>,
    /// Chunk and its document.
    vectors: Vec<(i64, i64)>,
}

impl Check<'_> {
    /// One pass over all bytes, a row at a time.
    pub(super) fn contents(&mut self) -> Outcome<()> {
        let damaged = self.scan()?;
        for (_, document) in damaged.texts.iter().chain(&damaged.vectors) {
            self.unsound.insert(*document);
        }
        if self.mends() {
            for (chunk, _) in damaged.texts {
                self.delete_text(chunk)?;
            }
            for (chunk, _) in damaged.vectors {
                self.conn.prepare_cached("DELETE FROM vector WHERE chunk=?1")?.execute([chunk])?;
            }
        }
        Ok(())
    }

    fn scan(&mut self) -> Outcome<Damaged> {
        let model = meta::model(self.conn)?;
        let mut damaged = Damaged::default();
        let mut rows = self.conn.prepare(
            "SELECT c.id, c.document, c.text_hash, c.text, v.text_hash, v.check_sum, v.v, d.name, c.seq
             FROM chunk c LEFT JOIN vector v ON v.chunk=c.id LEFT JOIN document d ON d.id=c.document
             ORDER BY c.id",
        )?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let place = (row.get(0)?, row.get(1)?);
            let subject = || -> Outcome<String> {
                let name: Option<String> = row.get(7)?;
                Ok(name.unwrap_or_else(|| format!("document {}", place.1)))
            };
            let seq: i64 = row.get(8)?;
            let hash = row.get_ref(2)?.as_blob().unwrap_or_default().to_vec();
            let text = row.get_ref(3)?.as_bytes().unwrap_or_default();
            if hash != text_hash_of(text) || std::str::from_utf8(text).is_err() {
                let message = format!("the text of chunk {seq} is not what was stored");
                self.findings.add("text_hash", subject()?, message, Cure::Ingest);
                damaged.texts.push(place);
                continue;
            }
            let Some(sum) = row.get::<_, Option<i64>>(5)? else { continue };
            let blob = row.get_ref(6)?.as_blob().unwrap_or_default();
            let of_text = row.get_ref(4)?.as_blob().unwrap_or_default() == hash;
            let sound = model
                .as_ref()
                .is_some_and(|model| vectors::sound(sum, blob, model.dimensions).is_some());
            if !of_text || !sound {
                let message = format!("the vector of chunk {seq} is not what was stored");
                self.findings.add("vector", subject()?, message, Cure::Ingest);
                damaged.vectors.push(place);
            }
        }
        Ok(damaged)
    }

    /// The vector stays: it carries the hash of the text that it was made of.
    fn delete_text(&self, chunk: i64) -> Outcome<()> {
        if self.full_text == FullText::On {
            removal::delete_words(self.conn, chunk)?;
        }
        self.conn.prepare_cached("DELETE FROM chunk WHERE id=?1")?.execute([chunk])?;
        Ok(())
    }
}
