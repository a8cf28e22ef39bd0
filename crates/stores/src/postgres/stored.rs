//! A document read out as it was written.

use super::entries::{SUMMED, sum_of};
use super::error::{Cause, Outcome};
use super::session::{Columns as _, Param, Session};
use super::{meta, vectors};
use crate::sums::text_hash_of;
use futures_util::TryStreamExt as _;
use std::ops::ControlFlow;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::block::{Metadata, Span};
use types::document::{Label, OwnLabel};
use types::ledger::{DocumentId, Finish};
use types::record::{Chunk, Record, Vector};

/// Holds some chunks at a time. The caller's transaction makes it one snapshot.
pub(crate) async fn read(
    session: &Session,
    document: DocumentId,
    take: &mut dyn FnMut(Record) -> ControlFlow<()>,
) -> Outcome<Option<Finish>> {
    let Some((version, finish)) = head(session, document).await? else { return Ok(None) };
    let vectors = match meta::bound(session).await? {
        Some(bound) => bound.table,
        None => "(SELECT id AS chunk, id AS check_sum, NULL::vector AS v FROM chunk WHERE false)"
            .to_owned(),
    };
    let sql = format!(
        "SELECT c.text, c.check_sum, v.check_sum, vector_send(v.v), {SUMMED} FROM chunk c
         LEFT JOIN {vectors} v ON v.chunk=c.id WHERE c.document=$1 AND c.version=$2 ORDER BY c.seq"
    );
    let params: [Param<'_>; 2] = [(&document.0, Type::INT8), (&version, Type::INT8)];
    let mut rows = pin!(session.stream(&sql, &params).await?);
    while let Some(row) = rows.try_next().await? {
        let record = record(&row)?.ok_or_else(|| {
            Cause::damaged(format!("a chunk of document {} is not what was stored", document.0))
        })?;
        if take(record).is_break() {
            break;
        }
    }
    Ok(Some(finish))
}

async fn head(session: &Session, document: DocumentId) -> Outcome<Option<(i64, Finish)>> {
    let sql =
        "SELECT d.version, d.total, d.title, p.domain, p.category, d.own_domain, d.own_category,
          d.metadata, d.warnings
        FROM document d JOIN pair p ON p.id=d.label WHERE d.id=$1 AND d.version>0";
    let Some(row) = session.row(sql, &[(&document.0, Type::INT8)]).await? else {
        return Ok(None);
    };
    let warnings = serde_json::from_str(&row.text(8)?)
        .map_err(|_| Cause::damaged("the warnings of a document cannot be read"))?;
    let finish = Finish {
        total: row.small(1)?,
        title: row.text_or_none(2)?,
        label: Label { domain: row.text(3)?, category: row.text(4)? },
        own: OwnLabel { domain: row.text_or_none(5)?, category: row.text_or_none(6)? },
        metadata: Metadata(row.text(7)?),
        warnings,
    };
    Ok(Some((row.at(0)?, finish)))
}

/// None for a row that is not what was stored.
fn record(row: &Row) -> Outcome<Option<Record>> {
    let text = row.text(0)?;
    let text_hash = row.short(6)?;
    let sound = text_hash == text_hash_of(text.as_bytes()) && row.at::<i64>(1)? == sum_of(row, 4)?;
    let vector = match row.at::<Option<i64>>(2)? {
        None => Some(Vector::Absent),
        Some(sum) => vectors::intact(sum, row.at(3)?).map(Vector::Present),
    };
    let Some(vector) = vector.filter(|_| sound) else { return Ok(None) };
    let chunk = Chunk {
        seq: row.small(4)?,
        id: row.short(5)?,
        text,
        text_hash,
        tokens: row.small(7)?,
        span: Span { start: row.at::<i64>(8)? as u64, end: row.at::<i64>(9)? as u64 },
        page: row.at::<Option<i64>>(10)?.and_then(|page| u32::try_from(page).ok()),
        weight: row.at(11)?,
        label: OwnLabel { domain: row.text_or_none(12)?, category: row.text_or_none(13)? },
        chapter: row.text_or_none(14)?,
        section: row.text_or_none(15)?,
        metadata: Metadata(row.text(16)?),
    };
    Ok(Some(Record { chunk, vector }))
}
