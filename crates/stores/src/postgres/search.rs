//! Searching one snapshot of the tables.
//!
//! Tables and indexes also hold chunks that are not visible. A chunk is a hit only if it belongs to its
//! document's head version; where an index gives too few of those, every vector is compared.

mod filter;
mod keyword;
mod semantic;
mod spelling;

pub(crate) use spelling::spell;

use super::error::Outcome;
use super::session::{Columns as _, Session};
use crate::search::fuse;
use filter::Visible;
use std::collections::HashMap;
use tokio_postgres::types::Type;
use types::query::{Hit, Mode, Query};

/// Ranks of each list that are fused at least; what stands below adds next to nothing.
const FUSED_MIN: usize = 50;

/// A chunk with its score.
type Ranked = (i64, f64);

/// The best hits of one snapshot, best first.
pub(crate) async fn search(session: &Session, query: &Query) -> Outcome<Vec<Hit>> {
    if query.k == 0 {
        return Ok(Vec::new());
    }
    let Some(visible) = Visible::find(session, &query.filter).await? else {
        return Ok(Vec::new());
    };
    let ranked = match query.mode {
        Mode::Semantic => by_vector(session, query, &visible, query.k).await?,
        Mode::Keyword => keyword::search(session, &query.words, &visible, query.k).await?,
        Mode::Hybrid => {
            let depth = query.k.max(FUSED_MIN);
            let near = by_vector(session, query, &visible, depth).await?;
            let worded = keyword::search(session, &query.words, &visible, depth).await?;
            fuse::by_reciprocal_ranks(&[&chunks(&near), &chunks(&worded)])
        }
    };
    read_hits(session, &ranked[..ranked.len().min(query.k)]).await
}

fn chunks(ranked: &[Ranked]) -> Vec<i64> {
    ranked.iter().map(|(chunk, _)| *chunk).collect()
}

async fn by_vector(
    session: &Session,
    query: &Query,
    visible: &Visible,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    match &query.vector {
        Some(vector) => semantic::search(session, vector, visible, depth).await,
        None => Ok(Vec::new()),
    }
}

async fn read_hits(session: &Session, ranked: &[Ranked]) -> Outcome<Vec<Hit>> {
    let sql = "SELECT c.id, d.name, d.title, c.section, c.page, coalesce(c.own_domain, p.domain),
          coalesce(c.own_category, p.category), uuid_send(c.uuid), c.text
        FROM chunk c JOIN document d ON d.id=c.document JOIN pair p ON p.id=d.label
        WHERE c.id=ANY($1)";
    let ids = chunks(ranked);
    let rows = session.rows(sql, &[(&ids, Type::INT8_ARRAY)]).await?;
    let mut found = HashMap::new();
    for row in &rows {
        let hit = Hit {
            score: 0.0,
            document: row.text(1)?,
            title: row.text_or_none(2)?,
            section: row.text_or_none(3)?,
            page: row.at::<Option<i64>>(4)?.and_then(|page| u32::try_from(page).ok()),
            domain: row.text(5)?,
            category: row.text(6)?,
            chunk_id: row.short(7)?,
            text: row.text(8)?,
        };
        found.insert(row.at::<i64>(0)?, hit);
    }
    let hits = ranked
        .iter()
        .filter_map(|(chunk, score)| found.remove(chunk).map(|hit| Hit { score: *score, ..hit }));
    Ok(hits.collect())
}
