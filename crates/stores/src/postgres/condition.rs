//! How the pool and the indexes are doing.

use super::error::Outcome;
use super::meta::{self, Bound};
use super::session::{Columns as _, Session};
use super::vectors;
use pool::Statistics;
use tokio_postgres::types::Type;
use types::seam::{Connections, IndexState, VectorIndex};

/// Of each model whose vectors are in use.
pub(crate) async fn indexes(session: &Session) -> Outcome<Vec<VectorIndex>> {
    match meta::bound(session).await? {
        Some(bound) => Ok(vec![index(session, &bound).await?]),
        None => Ok(Vec::new()),
    }
}

async fn index(session: &Session, bound: &Bound) -> Outcome<VectorIndex> {
    // Whoever builds it does so in a transaction, whose index nobody else sees.
    let sql = "SELECT coalesce((SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid=to_regclass($2)), false),
          EXISTS(SELECT 1 FROM pg_stat_progress_create_index p WHERE p.relid=to_regclass($1)),
          coalesce(pg_relation_size(to_regclass($2)), 0), coalesce(pg_table_size(to_regclass($1)), 0)";
    let name = vectors::index(&bound.table);
    let row = session.one(sql, &[(&bound.table, Type::TEXT), (&name, Type::TEXT)]).await?;
    let state = match (row.at(0)?, row.at(1)?) {
        (true, _) => IndexState::Hnsw,
        (false, true) => IndexState::Building,
        (false, false) => IndexState::Exact,
    };
    Ok(VectorIndex {
        embedder: bound.model.to_string(),
        state,
        element: if state == IndexState::Hnsw { "halfvec" } else { "vector" },
        dimensions: bound.model.dimensions,
        bytes: row.at::<i64>(2)? as u64,
        vector_bytes: row.at::<i64>(3)? as u64,
    })
}

pub(crate) fn connections(statistics: Statistics, max_connections: usize) -> Connections {
    Connections {
        active_connections: statistics.active_connections,
        idle_connections: statistics.idle_connections,
        total_requests: statistics.total_requests,
        failed_requests: statistics.failed_requests,
        avg_response_time: statistics.avg_response_time,
        avg_wait_time: statistics.avg_wait_time,
        pool_utilization: statistics.pool_utilization,
        peak_active: statistics.peak_active,
        max_connections,
        created: statistics.created,
        failed_creates: statistics.failed_creates,
        closed: statistics.closed,
        failed_checks: statistics.failed_checks,
        last_updated: statistics.last_updated,
    }
}
