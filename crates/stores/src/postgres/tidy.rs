//! What bulk work leaves behind, put in order.

use super::error::Outcome;
use super::meta;
use super::session::{Columns as _, Session};
use super::vectors::{self, INDEXED_DIMENSIONS_MAX};

/// From so many vectors on, an index of them is worth its price: below, an exact scan takes some tens of
/// milliseconds.
pub(crate) const INDEXED_MIN: i64 = 50_000;
/// Memory for building the index; more of it would be built outside of it, several times as slowly.
const BUILD_MEMORY_MIN_MB: i64 = 64;
const BUILD_MEMORY_MAX_MB: i64 = 1024;

/// One transaction, since behind a pooler only a transaction has our search path.
pub(crate) async fn tidy(session: &Session) -> Outcome<()> {
    fault::point("store.tidy.begin")?;
    session.rows("SELECT gin_clean_pending_list('chunk_words'::regclass)", &[]).await?;
    let bound = meta::bound(session).await?;
    if let Some(bound) = &bound {
        build_index(session, &bound.table, bound.model.dimensions, INDEXED_MIN).await?;
    }
    session.batch("ANALYZE document, chunk, document_pair, file").await?;
    if let Some(bound) = &bound {
        session.batch(&format!("ANALYZE {}", bound.table)).await?;
    }
    session.batch("DELETE FROM writer WHERE seen < clock_timestamp() - interval '7 days'").await?;
    fault::point("store.tidy.end")?;
    Ok(())
}

/// Builds the index once there are `least` vectors: while rows go in it would cost fifty times as much as the
/// rows. From then on it is kept.
pub(crate) async fn build_index(
    session: &Session,
    table: &str,
    dimensions: usize,
    least: i64,
) -> Outcome<()> {
    let index = vectors::index(table);
    let sql = format!(
        "SELECT coalesce((SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid=to_regclass('{index}')), false),
           (SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {least}) counted)"
    );
    let row = session.one(&sql, &[]).await?;
    let (there, vectors): (bool, i64) = (row.at(0)?, row.at(1)?);
    if there || vectors < least || dimensions > INDEXED_DIMENSIONS_MAX {
        return Ok(());
    }
    // A graph node takes its half vector and about 300 bytes of neighbours.
    let sql = format!("SELECT count(*) FROM {table}");
    let vectors: i64 = session.one(&sql, &[]).await?.at(0)?;
    let needed = vectors * (2 * dimensions as i64 + 400) / (1 << 20) + 1;
    let memory = needed.clamp(BUILD_MEMORY_MIN_MB, BUILD_MEMORY_MAX_MB);
    let over = vectors::indexed(dimensions);
    session
        .batch(&format!(
            "SET LOCAL maintenance_work_mem='{memory}MB'; DROP INDEX IF EXISTS {index};
             CREATE INDEX {index} ON {table} USING hnsw ({over} halfvec_ip_ops)
               WITH (m = 16, ef_construction = 64)"
        ))
        .await
}
