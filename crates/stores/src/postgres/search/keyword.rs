//! Full text: what was typed, ranked by BM25 on the server.
//!
//! Postgres ranks by how near words stand, not by how rare they are; so BM25 is put together here. How often a
//! word stands in a chunk follows from `ts_rank` of this one word: with all weights 1 it is the sum of 1/n² up to
//! that count, over 1.64493406685 (`calc_rank_or` in the server's `tsrank.c`), which a table of thresholds turns
//! back into the count.

use super::super::error::Outcome;
use super::super::session::{Columns as _, Param, Session};
use super::super::tokens::{Prefix, quoted};
use super::super::totals::Totals;
use super::Ranked;
use super::filter::Visible;
use crate::search::fold::fold;
use crate::search::words::{Piece, Run, TERMS_MAX, pieces, runs, words_of};
use std::collections::HashSet;
use std::fmt::Write as _;
use tokio_postgres::types::Type;

/// How fast more of the same word stops to count, and how much the length of a chunk does; as FTS5 has them.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// Chunks that the words of one query may be in, all together: the price of ranking, some microseconds each.
const POSTINGS_MAX: i64 = 30_000;
/// Counts beyond this one are not told apart.
const COUNT_MAX: u32 = 60;
/// What `ts_rank` divides by.
const RANK_UNIT: f64 = 1.644_934_066_85;

/// A word or phrase as a `tsquery`, with the number of chunks that it stands in.
struct Term {
    query: String,
    chunks: i64,
}

/// The `depth` best, larger is better.
pub(super) async fn search(
    session: &Session,
    words: &str,
    visible: &Visible,
    depth: usize,
) -> Outcome<Vec<Ranked>> {
    let terms = rarest(session, typed(words)).await?;
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let totals = Totals::sum(session).await?;
    let all = totals.chunks.max(1) as f64;
    let average = (totals.length as f64 / all).max(1.0);
    let queries: Vec<&str> = terms.iter().map(|term| term.query.as_str()).collect();
    let weights: Vec<f64> = terms.iter().map(|term| rarity(all, term.chunks as f64)).collect();
    let any = queries.iter().map(|query| format!("({query})")).collect::<Vec<_>>().join(" | ");
    let condition = visible.condition(6, "c.id");
    let sql = format!(
        "SELECT c.id, (SELECT sum(t.weight * t.n * {K1_1} / (t.n + {K1} * (1 - {B} + {B} * c.length / $4)))
             FROM (SELECT q.weight, width_bucket(ts_rank('{{1,1,1,1}}', c.words, q.query)::float8, $5::float8[]) AS n
               FROM unnest($2::text[]::tsquery[], $3::float8[]) q(query, weight)
               WHERE c.words @@ q.query) t)::float8 AS score
         FROM chunk c JOIN document d ON d.id=c.document AND d.version=c.version AND {condition}
         WHERE c.words @@ $1::text::tsquery ORDER BY score DESC, c.id LIMIT {depth}",
        K1_1 = K1 + 1.0,
    );
    let thresholds = thresholds();
    let mut params: Vec<Param<'_>> = vec![
        (&any, Type::TEXT),
        (&queries, Type::TEXT_ARRAY),
        (&weights, Type::FLOAT8_ARRAY),
        (&average, Type::FLOAT8),
        (&thresholds, Type::FLOAT8_ARRAY),
    ];
    params.extend(visible.params());
    let rows = session.rows(&sql, &params).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.at(1)?))).collect()
}

/// Never negative, as in FTS5: a word in more than half of all chunks still says a little.
fn rarity(all: f64, chunks: f64) -> f64 {
    ((all - chunks + 0.5) / (chunks + 0.5)).ln().max(1e-6)
}

/// Midway between the ranks of neighbouring counts, so that rounding to four bytes does not matter. A phrase has
/// a rank of its own kind and counts as often as that says, at least once.
fn thresholds() -> Vec<f64> {
    let mut sum = 0.0;
    let mut thresholds = vec![-1.0];
    for n in 1..=COUNT_MAX {
        let square = f64::from(n) * f64::from(n);
        if n > 1 {
            thresholds.push((sum + 0.5 / square) / RANK_UNIT);
        }
        sum += 1.0 / square;
    }
    thresholds
}

/// Queries for what was typed, none twice.
fn typed(words: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut queries = Vec::new();
    for piece in pieces(words) {
        let found = match piece {
            Piece::Gap(_) => Vec::new(),
            Piece::Word(word) => runs(word).into_iter().flat_map(run_queries).collect(),
            Piece::Quoted(phrase) => vec![phrase_query(phrase)],
        };
        for query in found {
            if !query.is_empty() && queries.len() < TERMS_MAX && seen.insert(query.clone()) {
                queries.push(query);
            }
        }
    }
    queries
}

fn run_queries(run: Run) -> Vec<String> {
    match run {
        Run::Word(word) => {
            let folded = fold(&word);
            if folded.is_empty() { Vec::new() } else { vec![quoted(&folded, Prefix::Whole)] }
        }
        Run::Characters(characters, gram) => windows(&characters, gram),
    }
}

/// Runs of as many characters as the index has; fewer are the beginning of one.
fn windows(characters: &[char], gram: usize) -> Vec<String> {
    let size = gram.min(characters.len());
    let prefix = if size < gram { Prefix::Beginning } else { Prefix::Whole };
    characters
        .windows(size)
        .map(|window| quoted(&window.iter().collect::<String>(), prefix))
        .collect()
}

/// Everything in its place after the other.
fn phrase_query(phrase: &str) -> String {
    let mut query = String::new();
    let mut distance = 0;
    for run in words_of(phrase).flat_map(runs) {
        let (parts, length) = match run {
            Run::Word(word) => (vec![quoted(&fold(&word), Prefix::Whole)], 1),
            Run::Characters(characters, gram) => (windows(&characters, gram), characters.len()),
        };
        let last = parts.len() - 1;
        for part in parts {
            if !query.is_empty() {
                write!(query, " <{distance}> ").expect("writing to a string cannot fail");
            }
            query.push_str(&part);
            distance = 1;
        }
        // The last window begins so many places before the end of its run.
        distance = length - last;
    }
    query
}

/// The rarest terms whose chunks sum up to [`POSTINGS_MAX`], at least one; those in no chunk are left out.
async fn rarest(session: &Session, queries: Vec<String>) -> Outcome<Vec<Term>> {
    let mut terms = Vec::new();
    for query in queries {
        let chunks = count(session, &query, POSTINGS_MAX + 1).await?;
        if chunks > 0 {
            terms.push(Term { query, chunks });
        }
    }
    terms.sort_by_key(|term| term.chunks);
    let mut price = 0;
    let mut first = true;
    terms.retain(|term| {
        price += term.chunks;
        std::mem::replace(&mut first, false) || price <= POSTINGS_MAX
    });
    Ok(terms)
}

/// In how many chunks a query is true, invisible ones included; no more than `most` are counted.
pub(super) async fn count(session: &Session, query: &str, most: i64) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM chunk WHERE words @@ $1::text::tsquery LIMIT $2) counted";
    session.one(sql, &[(&query, Type::TEXT), (&most, Type::INT8)]).await?.at(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_queries() {
        let queries = |words: &str| typed(words).join(" ; ");
        assert_eq!(queries("Résumé don't résumé"), "'resume' ; 'don' ; 't'");
        assert_eq!(queries("東京都 東"), "'東京' ; '京都' ; '東':*");
        assert_eq!(
            queries("\"of the 東京都 law\""),
            "'of' <1> 'the' <1> '東京' <1> '京都' <2> 'law'"
        );
        assert_eq!(queries("\"ไท law\" \"\""), "'ไท':* <2> 'law'");
        assert_eq!(queries("( & ! | :* \\ '"), "");
    }

    #[test]
    fn a_rank_is_turned_back_into_its_count() {
        let thresholds = thresholds();
        let mut sum = 0.0;
        for n in 1..=40_u32 {
            sum += 1.0 / f64::from(n * n);
            let rank = f64::from((sum / RANK_UNIT) as f32);
            let bucket = thresholds.iter().filter(|threshold| **threshold <= rank).count();
            assert_eq!(bucket, n as usize);
        }
    }
}
