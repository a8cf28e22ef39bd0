//! Every row of a chunk and every vector against its checksum.

use super::super::sums::{OF_CHUNK, OF_CHUNK_COLUMNS, of_columns};
use super::super::{FullText, meta, removal, routed, vectors};
use super::{Check, Cure, Outcome};
use crate::sums::text_hash_of;
use rusqlite::{OptionalExtension as _, Row};

/// What is wrong with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Text,
    Row,
    /// It is in a pair, and has no label of its own.
    Label,
    Vector,
}

impl Fault {
    fn invariant(self) -> &'static str {
        match self {
            Self::Text => "text_hash",
            Self::Row => "chunk_row",
            Self::Label => "chunk_pair",
            Self::Vector => "vector",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Text => "the text",
            Self::Row => "the row",
            Self::Label => "the pair",
            Self::Vector => "the vector",
        }
    }

    fn cure(self) -> Cure {
        match self {
            Self::Label => Cure::Here,
            Self::Text | Self::Row | Self::Vector => Cure::Ingest,
        }
    }
}

impl Check<'_> {
    /// One pass over all bytes, a row at a time.
    pub(super) fn contents(&mut self) -> Outcome<()> {
        for (chunk, document, fault) in self.scan()? {
            if fault.cure() == Cure::Ingest {
                self.unsound.insert(document);
            }
            if self.mends() {
                self.mend_chunk(chunk, fault)?;
            }
        }
        Ok(())
    }

    /// Chunk, document and fault of each damaged row.
    fn scan(&mut self) -> Outcome<Vec<(i64, i64, Fault)>> {
        let dimensions = meta::dimensions(self.conn)?;
        let routed = routed::models(self.conn)?;
        let of_routed = |chunk: i64| -> Outcome<Option<usize>> {
            if routed.is_empty() {
                return Ok(None);
            }
            let mut row = self.conn.prepare_cached("SELECT model FROM routed WHERE chunk=?1")?;
            let model: Option<usize> = row.query_row([chunk], |r| r.get(0)).optional()?;
            let index = model.and_then(|number| number.checked_sub(1));
            Ok(index.and_then(|index| routed.get(index)).map(|model| model.dimensions))
        };
        let mut damaged = Vec::new();
        let mut foreign = 0_u64;
        let mut rows = self.conn.prepare(&format!(
            "SELECT c.id, c.document, c.text_hash, c.text, v.text_hash, v.check_sum, v.v, d.name,
               c.pair IS NOT NULL AND c.own_domain IS NULL AND c.own_category IS NULL, c.check_sum, length(v.v), {OF_CHUNK}
             FROM chunk c LEFT JOIN vector v ON v.chunk=c.id LEFT JOIN document d ON d.id=c.document
             ORDER BY c.id"
        ))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let Some(fault) = fault_of(row)? else {
                let length: Option<usize> = row.get(10)?;
                let expected = of_routed(row.get(0)?)?.or(dimensions).map(|values| 4 * values);
                foreign += u64::from(length.is_some() && length != expected);
                continue;
            };
            let (chunk, document): (i64, i64) = (row.get(0)?, row.get(1)?);
            let name: Option<String> = row.get(7)?;
            let subject = name.unwrap_or_else(|| format!("document {document}"));
            let message = format!("{} of chunk {chunk} is not what was stored", fault.what());
            self.findings.add(fault.invariant(), subject, message, fault.cure());
            damaged.push((chunk, document, fault));
        }
        if foreign > 0 {
            // Which of the two is right cannot be told, so that neither is touched.
            let message = format!("{foreign} vectors are not of the model that the store names");
            self.findings.add("model", "meta", message, Cure::Here);
        }
        Ok(damaged)
    }

    fn mend_chunk(&self, chunk: i64, fault: Fault) -> Outcome<()> {
        let mend = match fault {
            Fault::Text | Fault::Row => {
                // The vector stays: it carries the hash of the text that it was made of.
                if self.full_text == FullText::On {
                    removal::delete_words(self.conn, chunk)?;
                }
                "DELETE FROM chunk WHERE id=?1"
            }
            Fault::Label => "UPDATE chunk SET pair=NULL WHERE id=?1",
            Fault::Vector => "DELETE FROM vector WHERE chunk=?1",
        };
        self.conn.prepare_cached(mend)?.execute([chunk])?;
        Ok(())
    }
}

fn fault_of(row: &Row<'_>) -> Outcome<Option<Fault>> {
    let hash = row.get_ref(2)?.as_blob().unwrap_or_default();
    let text = row.get_ref(3)?.as_bytes().unwrap_or_default();
    if hash != text_hash_of(text) || std::str::from_utf8(text).is_err() {
        return Ok(Some(Fault::Text));
    }
    if row.get::<_, i64>(9)? != of_columns(row, 11, OF_CHUNK_COLUMNS)? {
        return Ok(Some(Fault::Row));
    }
    if row.get(8)? {
        return Ok(Some(Fault::Label));
    }
    let Some(sum) = row.get::<_, Option<i64>>(5)? else { return Ok(None) };
    let blob = row.get_ref(6)?.as_blob().unwrap_or_default();
    let of_text = row.get_ref(4)?.as_blob().unwrap_or_default() == hash;
    Ok((!of_text || vectors::intact(sum, blob).is_none()).then_some(Fault::Vector))
}
