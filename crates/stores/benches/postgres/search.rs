//! Searches by the index: the store's beside plain SQL, and what both find of what comparing all vectors finds.

use crate::rows::{batches, vector};
use crate::{DIMENSIONS, open, sizes, url};
use postgres_server::Server;
use std::collections::HashSet;
use std::time::Instant;
use stores::{FullText, PostgresStore};
use tokio_postgres::{Client, NoTls};
use types::query::{Filter, Mode, Query};
use types::seam::Store as _;

const SEARCHES: usize = 1000;
/// Of them, compared with all vectors.
const COMPARED: usize = 100;
const K: i64 = 10;

/// Latencies and recall.
pub(crate) fn measure(server: &Server, rows: usize) {
    let database = server.database();
    // Words would only take room: nothing here searches for them.
    let store = open(&url(server, &database), FullText::Off);
    store.source("/books").unwrap();
    for first in (0..rows).step_by(20_000) {
        for changes in &batches((first, rows.min(first + 20_000)), 2000) {
            store.apply(changes).unwrap();
        }
    }
    let queries: Vec<Vec<f32>> = (0..SEARCHES).map(|n| vector(rows + 7 * n)).collect();
    let begun = Instant::now();
    let exact: Vec<Vec<String>> =
        queries[..COMPARED].iter().map(|query| found(&store, query)).collect();
    println!(
        "all of {rows} compared in {:.0} ms",
        begun.elapsed().as_secs_f64() * 1e3 / COMPARED as f64
    );
    let begun = Instant::now();
    store.build_index().unwrap();
    store.tidy().unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!("index over {rows} vectors built in {seconds:.1} s; {}", sizes(server, &database));
    let plain = Plain::connect(server, &database);
    for round in 0..3 {
        report(&format!("round {round}, store"), (&queries, &exact), |query| found(&store, query));
        report(&format!("round {round}, plain SQL"), (&queries, &exact), |query| {
            plain.found(query)
        });
    }
}

fn report(
    who: &str,
    (queries, exact): (&[Vec<f32>], &[Vec<String>]),
    find: impl Fn(&[f32]) -> Vec<String>,
) {
    let (mut hits, mut times) = (0, Vec::new());
    for (n, query) in queries.iter().enumerate() {
        let begun = Instant::now();
        let near: HashSet<String> = find(query).into_iter().collect();
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        hits +=
            exact.get(n).map_or(0, |exact| exact.iter().filter(|id| near.contains(*id)).count());
    }
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    let recall = hits as f64 / exact.iter().map(Vec::len).sum::<usize>() as f64;
    println!("{who}: p50 {:.2} ms, p99 {:.2} ms, recall@10 {recall:.3}", at(0.5), at(0.99));
}

fn found(store: &PostgresStore, vector: &[f32]) -> Vec<String> {
    let query = Query {
        mode: Mode::Semantic,
        words: String::new(),
        vector: Some(vector.to_vec()),
        k: K as usize,
        filter: Filter::default(),
    };
    store.search(&query).unwrap().into_iter().map(|hit| hit.text).collect()
}

/// The least that a program can ask: a named statement over the index, with the texts of what it found.
struct Plain {
    runtime: tokio::runtime::Runtime,
    client: Client,
    statement: tokio_postgres::Statement,
}

impl Plain {
    fn connect(server: &Server, database: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) =
            runtime.block_on(tokio_postgres::connect(&url(server, database), NoTls)).unwrap();
        runtime.spawn(connection);
        let statement = runtime.block_on(async {
            client.batch_execute("SET search_path TO gristmill, public; SET hnsw.ef_search=100").await.unwrap();
            let sql = format!(
                "SELECT c.text FROM (SELECT chunk FROM vector_1
                   ORDER BY l2_normalize(v)::halfvec({DIMENSIONS})<#>l2_normalize($1::real[]::vector)::halfvec({DIMENSIONS})
                   LIMIT {K}) n JOIN chunk c ON c.id=n.chunk"
            );
            client.prepare(&sql).await.unwrap()
        });
        Self { runtime, client, statement }
    }

    fn found(&self, vector: &[f32]) -> Vec<String> {
        let rows = async { self.client.query(&self.statement, &[&vector]).await.unwrap() };
        let rows = self.runtime.block_on(rows);
        rows.iter().map(|row| row.get(0)).collect()
    }
}
