//! A document read out as it was written.

use super::error::{Cause, Outcome};
use super::sums::{OF_CHUNK, OF_CHUNK_COLUMNS, of_columns};
use super::{routed, vectors};
use crate::sums::text_hash_of;
use rusqlite::{Connection, OptionalExtension as _, Row};
use std::ops::ControlFlow;
use types::block::{Metadata, Span};
use types::document::{Label, OwnLabel};
use types::ledger::{DocumentId, Finish};
use types::record::{Chunk, Record, Vector};
use types::seam::ModelNumber;

/// Holds one chunk at a time. The caller's transaction makes it one snapshot.
pub(crate) fn read(
    conn: &Connection,
    document: DocumentId,
    take: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Outcome<Option<Finish>> {
    let Some((version, finish)) = head(conn, document)? else { return Ok(None) };
    let model = routed::model_of_chunk(conn)?;
    let mut rows = conn.prepare_cached(&format!(
        "SELECT c.text, c.check_sum, v.check_sum, v.v, {model}, {OF_CHUNK} FROM chunk c
         LEFT JOIN vector v ON v.chunk=c.id WHERE c.document=?1 AND c.version=?2 ORDER BY c.seq"
    ))?;
    let mut rows = rows.query([document.0, version])?;
    while let Some(row) = rows.next()? {
        let record = record(row)?.ok_or_else(|| {
            Cause::damaged(format!("a chunk of document {} is not what was stored", document.0))
        })?;
        if take(record).is_break() {
            break;
        }
    }
    Ok(Some(finish))
}

fn head(conn: &Connection, document: DocumentId) -> Outcome<Option<(i64, Finish)>> {
    let mut row = conn.prepare_cached(
        "SELECT d.version, d.total, d.title, p.domain, p.category, d.own_domain, d.own_category, d.metadata,
           d.warnings FROM document d JOIN pair p ON p.id=d.label WHERE d.id=?1 AND d.version>0",
    )?;
    let found = row.query_row([document.0], |r| {
        let finish = Finish {
            total: r.get(1)?,
            title: r.get(2)?,
            label: Label { domain: r.get(3)?, category: r.get(4)? },
            own: OwnLabel { domain: r.get(5)?, category: r.get(6)? },
            metadata: Metadata(r.get(7)?),
            warnings: Vec::new(),
        };
        Ok((r.get(0)?, finish, r.get::<_, String>(8)?))
    });
    let Some((version, mut finish, warnings)) = found.optional()? else { return Ok(None) };
    finish.warnings = serde_json::from_str(&warnings)
        .map_err(|_| Cause::damaged("the warnings of a document cannot be read"))?;
    Ok(Some((version, finish)))
}

/// None for a row that is not what was stored.
fn record(r: &Row<'_>) -> Outcome<Option<Record>> {
    let text: String = r.get(0)?;
    let text_hash: [u8; 16] = r.get(7)?;
    let sound = text_hash == text_hash_of(text.as_bytes())
        && r.get::<_, i64>(1)? == of_columns(r, 5, OF_CHUNK_COLUMNS)?;
    let vector = match r.get::<_, Option<i64>>(2)? {
        None => Some(Vector::Absent),
        Some(sum) => {
            let blob = r.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
            let model = ModelNumber(r.get(4)?);
            vectors::intact(sum, blob).map(|vector| match model {
                ModelNumber::OWN => Vector::Present(vector),
                routed => Vector::Routed(routed, vector),
            })
        }
    };
    let Some(vector) = vector.filter(|_| sound) else { return Ok(None) };
    let chunk = Chunk {
        seq: r.get(5)?,
        id: r.get(6)?,
        text,
        text_hash,
        tokens: r.get(8)?,
        span: Span { start: r.get::<_, i64>(9)? as u64, end: r.get::<_, i64>(10)? as u64 },
        page: r.get(11)?,
        weight: r.get(12)?,
        label: OwnLabel { domain: r.get(13)?, category: r.get(14)? },
        chapter: r.get(15)?,
        section: r.get(16)?,
        metadata: Metadata(r.get(17)?),
    };
    Ok(Some(Record { chunk, vector }))
}
