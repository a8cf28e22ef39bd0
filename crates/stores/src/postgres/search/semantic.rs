//! The nearest chunks of a vector: by the index where there is one, else by comparing all; always ranked by
//! exact cosines of the f32 vectors.

use super::super::error::{Cause, Outcome};
use super::super::meta::{self, Bound};
use super::super::session::{Columns as _, Param, Session};
use super::super::vectors::{self, INDEXED_DIMENSIONS_MAX};
use super::Ranked;
use super::filter::Visible;
use tokio_postgres::types::Type;
use types::seam::StoreErrorKind;

/// Candidates of the index that are ranked exactly at least.
const CANDIDATES_MIN: usize = 100;
/// The index's own bound of what it looks at.
const EF_SEARCH_MAX: usize = 1000;
/// Where fewer chunks pass the filter, comparing them all is quicker than walking the index past the others.
const EXACT_BELOW: i64 = 20_000;

/// The `depth` best, with their cosines. None for a vector without a direction.
pub(super) async fn search(
    session: &Session,
    vector: &[f32],
    visible: &Visible,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let Some(bound) = meta::bound(session).await? else { return Ok(Vec::new()) };
    check(&bound, vector)?;
    if vector.iter().all(|value| *value == 0.0) {
        return Ok(Vec::new());
    }
    if visible.chunks.is_none_or(|chunks| chunks >= EXACT_BELOW)
        && has_index(session, &bound).await?
    {
        let found = by_index(session, &bound, vector, visible, depth).await?;
        if found.len() >= depth {
            return Ok(found);
        }
    }
    exactly(session, &bound, vector, visible, depth).await
}

fn check(bound: &Bound, vector: &[f32]) -> Outcome<()> {
    let (got, held) = (vector.len(), bound.model.dimensions);
    if got == held {
        return Ok(());
    }
    Err(Cause::told(
        StoreErrorKind::OtherModel,
        format!("the query has a vector of {got} values, the store holds vectors of {held}"),
        "search with the store's own embedder",
    ))
}

async fn has_index(session: &Session, bound: &Bound) -> Outcome<bool> {
    if bound.model.dimensions > INDEXED_DIMENSIONS_MAX {
        return Ok(false);
    }
    let index = vectors::index(&bound.table);
    let sql = "SELECT 1 FROM pg_index WHERE indexrelid=to_regclass($1::text) AND indisvalid";
    Ok(session.row(sql, &[(&index, Type::TEXT)]).await?.is_some())
}

/// Halves give the candidates; what is not visible among them makes the index go on by itself, up to its bound.
async fn by_index(
    session: &Session,
    bound: &Bound,
    vector: &[f32],
    visible: &Visible,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let candidates = CANDIDATES_MIN.max(2 * depth);
    let ef = candidates.min(EF_SEARCH_MAX);
    session
        .batch(&format!(
            "SET LOCAL hnsw.ef_search={ef}; SET LOCAL hnsw.iterative_scan=strict_order;
             SET LOCAL enable_seqscan=off; SET LOCAL enable_sort=off"
        ))
        .await?;
    let (table, dimensions) = (&bound.table, bound.model.dimensions);
    let over = vectors::indexed(dimensions);
    let condition = visible.condition(4, "v.chunk");
    let sql = format!(
        "SELECT n.chunk, 1-n.distance FROM (
           SELECT v.chunk, v.v<=>$1::real[]::vector AS distance FROM {table} v
           JOIN document d ON d.id=v.document AND d.version=v.version AND {condition}
           ORDER BY {over}<#>l2_normalize($1::real[]::vector)::halfvec({dimensions}) LIMIT $2) n
         ORDER BY n.distance, n.chunk LIMIT $3"
    );
    let (candidates, depth) = (candidates as i64, depth as i64);
    let mut params: Vec<Param<'_>> =
        vec![(&vector, Type::FLOAT4_ARRAY), (&candidates, Type::INT8), (&depth, Type::INT8)];
    params.extend(visible.params());
    let found = ranked(session, &sql, &params).await?;
    session.batch("SET LOCAL enable_seqscan=on; SET LOCAL enable_sort=on").await?;
    Ok(found)
}

async fn exactly(
    session: &Session,
    bound: &Bound,
    vector: &[f32],
    visible: &Visible,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let condition = visible.condition(3, "v.chunk");
    // MATERIALIZED keeps the planner from the index, whose answer was not enough.
    let sql = format!(
        "WITH n AS MATERIALIZED (
           SELECT v.chunk, v.v<=>$1::real[]::vector AS distance FROM {} v
           JOIN document d ON d.id=v.document AND d.version=v.version AND {condition})
         SELECT n.chunk, 1-n.distance FROM n ORDER BY n.distance, n.chunk LIMIT $2",
        bound.table
    );
    let depth = depth as i64;
    let mut params: Vec<Param<'_>> = vec![(&vector, Type::FLOAT4_ARRAY), (&depth, Type::INT8)];
    params.extend(visible.params());
    ranked(session, &sql, &params).await
}

async fn ranked(session: &Session, sql: &str, params: &[Param<'_>]) -> Outcome<Vec<Ranked>> {
    let rows = session.rows(sql, params).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}
