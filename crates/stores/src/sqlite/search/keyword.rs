//! Full text: what was typed, ranked by BM25.

use super::super::error::Outcome;
use super::Ranked;
use super::filter::Visible;
use crate::search::fold::fold;
use crate::search::words::match_expression;
use rusqlite::{Connection, OptionalExtension as _};

/// The `depth` best, with BM25 turned so that larger is better.
pub(super) fn search(
    conn: &Connection,
    words: &str,
    visible: &mut Visible<'_>,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let Some(expression) = match_expression(words, &mut |word| documents(conn, &fold(word)))?
    else {
        return Ok(Vec::new());
    };
    let mut statement =
        conn.prepare_cached("SELECT rowid, rank FROM fts WHERE fts MATCH ?1 ORDER BY rank")?;
    let mut rows = statement.query([expression])?;
    let mut ranked = Vec::new();
    while ranked.len() < depth
        && let Some(row) = rows.next()?
    {
        let (chunk, rank): (i64, f64) = (row.get(0)?, row.get(1)?);
        if visible.admits(chunk)? {
            ranked.push((chunk, -rank));
        }
    }
    ranked.sort_by(|a: &Ranked, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Ok(ranked)
}

/// In how many chunks a word of the index stands, dead ones included; 0 for a word that it does not hold.
pub(super) fn documents(conn: &Connection, word: &str) -> Outcome<u64> {
    let mut statement = conn.prepare_cached("SELECT doc FROM word WHERE term = ?1")?;
    Ok(statement.query_row([word], |row| row.get(0)).optional()?.unwrap_or(0))
}
