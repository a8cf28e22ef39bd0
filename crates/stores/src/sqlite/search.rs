//! Searching one snapshot of the file.
//!
//! Full text and codes may still hold chunks that are gone or not visible. A chunk is a hit only if its row
//! is there and belongs to its document's head version; as many more candidates are taken as that costs.

pub(crate) mod blocks;
mod filter;
mod keyword;
pub(crate) mod mirror;
mod semantic;
mod shelf;
mod spelling;

#[cfg(test)]
mod tests;

pub(crate) use blocks::{compact_codes, rebuild_codes, write_codes};
pub(crate) use mirror::CodeMirror;
pub(crate) use shelf::{Shelf, models_under};
pub(crate) use spelling::spell;

use super::error::Outcome;
use crate::search::fuse;
use filter::Visible;
use rusqlite::{Connection, OptionalExtension as _};
use types::query::{Hit, Mode, Query};
use types::seam::ModelNumber;

/// Ranks of each list that are fused at least; what stands below adds next to nothing.
const FUSED_MIN: usize = 50;

/// A chunk with its score.
type Ranked = (i64, f64);

/// The best hits of one snapshot, best first. The order depends on nothing but query and content.
pub(crate) fn search(
    conn: &Connection,
    mirror: &CodeMirror,
    query: &Query,
    routed: &[(ModelNumber, Vec<f32>)],
) -> Outcome<Vec<Hit>> {
    if query.k == 0 {
        return Ok(Vec::new());
    }
    let mut visible = Visible::new(conn, &query.filter)?;
    let ranked = match query.mode {
        Mode::Semantic => {
            let mut near = by_vectors((conn, mirror), query, routed, (&mut visible, query.k))?;
            match near.len() {
                0 | 1 => near.pop().unwrap_or_default(),
                // Cosines of different models have no common scale; ranks have.
                _ => fuse::by_reciprocal_ranks(
                    &near.iter().map(|list| chunks(list)).collect::<Vec<_>>(),
                ),
            }
        }
        Mode::Keyword => keyword::search(conn, &query.words, &mut visible, query.k)?,
        Mode::Hybrid => {
            let depth = query.k.max(FUSED_MIN);
            let mut lists = by_vectors((conn, mirror), query, routed, (&mut visible, depth))?;
            lists.push(keyword::search(conn, &query.words, &mut visible, depth)?);
            fuse::by_reciprocal_ranks(&lists.iter().map(|list| chunks(list)).collect::<Vec<_>>())
        }
    };
    ranked.into_iter().take(query.k).filter_map(|hit| read_hit(conn, hit).transpose()).collect()
}

fn chunks(ranked: &[Ranked]) -> Vec<i64> {
    ranked.iter().map(|(chunk, _)| *chunk).collect()
}

/// One list for each model that the query has a vector of.
fn by_vectors(
    (conn, mirror): (&Connection, &CodeMirror),
    query: &Query,
    routed: &[(ModelNumber, Vec<f32>)],
    (visible, depth): (&mut Visible<'_>, usize),
) -> Outcome<Vec<Vec<Ranked>>> {
    let own = query.vector.iter().map(|vector| (Shelf::Own, vector));
    let routed = routed.iter().map(|(model, vector)| (Shelf::of(*model), vector));
    own.chain(routed)
        .map(|(shelf, vector)| {
            semantic::search(&mirror.codes(conn, shelf)?, vector, visible, depth)
        })
        .collect()
}

fn read_hit(conn: &Connection, (chunk, score): Ranked) -> Outcome<Option<Hit>> {
    let mut statement = conn.prepare_cached(
        "SELECT d.name, d.title, c.section, c.page, p.domain, p.category, c.uuid, c.text
         FROM chunk c JOIN document d ON d.id = c.document
         JOIN pair p ON p.id = coalesce(c.pair, d.label)
         WHERE c.id = ?1",
    )?;
    let hit = statement.query_row([chunk], |row| {
        Ok(Hit {
            score,
            document: row.get(0)?,
            title: row.get(1)?,
            section: row.get(2)?,
            page: row.get(3)?,
            domain: row.get(4)?,
            category: row.get(5)?,
            chunk_id: row.get(6)?,
            text: row.get(7)?,
        })
    });
    Ok(hit.optional()?)
}
