//! Full text: what was typed, ranked by BM25.

use super::super::error::Outcome;
use super::Ranked;
use super::filter::Visible;
use crate::search::words::match_expression;
use rusqlite::Connection;

/// The `depth` best, with BM25 turned so that larger is better.
pub(super) fn search(
    conn: &Connection,
    words: &str,
    visible: &mut Visible<'_>,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let expression = match_expression(words, &mut |phrase, most| documents(conn, phrase, most))?;
    let Some(expression) = expression else { return Ok(Vec::new()) };
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

/// In how many chunks a quoted phrase is, dead ones included; no more than `most` are counted.
pub(super) fn documents(conn: &Connection, phrase: &str, most: u64) -> Outcome<u64> {
    let mut statement = conn
        .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM fts WHERE fts MATCH ?1 LIMIT ?2)")?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(statement.query_row((phrase, most), |row| row.get(0))?)
}
