//! The nearest chunks of a vector: candidates by codes, then exact cosines out of the file.

use super::super::error::Outcome;
use super::super::vectors::decode;
use super::Ranked;
use super::filter::Visible;
use super::mirror::Codes;
use crate::search::codes::{CodedQuery, cosine};
use rusqlite::OptionalExtension as _;

/// Candidates scored exactly at least. With int8 codes 20 to 40 gave the exact first ten on every set
/// measured.
const RESCORED_MIN: usize = 40;
/// Candidates taken per candidate wanted, since dead and filtered ones are among them; then once more, unless so
/// few passed that it would not help either. After that, what passes is found out first.
const WIDENINGS: [usize; 2] = [3, 3 * STEP];
const STEP: usize = 16;

/// The `depth` best, with their cosines. None for a vector without a direction.
pub(super) fn search(
    codes: &Codes<'_>,
    vector: &[f32],
    visible: &mut Visible<'_>,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let Some(query) = CodedQuery::new(vector) else { return Ok(Vec::new()) };
    let wanted = RESCORED_MIN.max(depth.saturating_mul(2));
    let mut ranked = rescored(&candidates(codes, &query, visible, wanted)?, vector, visible)?;
    ranked.truncate(depth);
    Ok(ranked)
}

/// Visible chunks, among them the best `wanted` by their codes.
fn candidates(
    codes: &Codes<'_>,
    query: &CodedQuery,
    visible: &mut Visible<'_>,
    wanted: usize,
) -> Outcome<Vec<i64>> {
    for widening in WIDENINGS {
        let size = wanted.saturating_mul(widening);
        let found = codes.best(query, None, size)?;
        let all = found.len() < size;
        let mut admitted = Vec::new();
        for scored in found {
            if visible.admits(scored.chunk)? {
                admitted.push(scored.chunk);
            }
            if admitted.len() == wanted {
                return Ok(admitted);
            }
        }
        if all {
            return Ok(admitted);
        }
        if admitted.len().saturating_mul(STEP) < wanted {
            break;
        }
    }
    let found = codes.best(query, Some(visible.all()?), wanted)?;
    Ok(found.into_iter().map(|scored| scored.chunk).collect())
}

fn rescored(chunks: &[i64], vector: &[f32], visible: &Visible<'_>) -> Outcome<Vec<Ranked>> {
    let mut statement = visible.conn().prepare_cached("SELECT v FROM vector WHERE chunk = ?1")?;
    let mut ranked = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let score = statement
            .query_row([chunk], |row| Ok(cosine(vector, &decode(row.get_ref(0)?.as_blob()?))))
            .optional()?;
        ranked.extend(score.map(|score| (*chunk, score)));
    }
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Ok(ranked)
}
