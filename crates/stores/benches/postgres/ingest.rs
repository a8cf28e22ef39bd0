//! The store's transactions beside `psql \\copy` of the same rows into the same tables with the same indexes.

use crate::processor::Spent;
use crate::rows::batches;
use crate::{median, open, sizes, url};
use postgres_server::Server;
use std::fs;
use std::process::Command;
use std::time::Instant;
use stores::FullText;
use types::seam::Store as _;

const TABLES: [&str; 2] = ["chunk", "vector_1"];

/// Rows per second of both, and their ratio, round by round.
pub(crate) fn measure(server: &Server, (rows, batch): (usize, usize), rounds: usize) {
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let database = server.database();
        let batches = batches((0, rows), batch);
        let store = open(&url(server, &database), FullText::On);
        store.source("/books").unwrap();
        let (begun, before) = (Instant::now(), Spent::now(server));
        for changes in &batches {
            store.apply(changes).unwrap();
        }
        let ours = rows as f64 / begun.elapsed().as_secs_f64();
        let spent = Spent::now(server).since(before);
        if round == 0 {
            println!("{}", sizes(server, &database));
        }
        drop(store);
        let (seconds, copied) = copied(server, &database);
        let best = rows as f64 / seconds;
        println!(
            "batch {batch}: store {ours:.0} rows/s ({:.2} s processor here, {:.2} s in the server), \
             psql {best:.0} rows/s ({:.2} and {:.2} s), ratio {:.2}",
            spent.own,
            spent.server,
            copied.children,
            copied.server,
            ours / best
        );
        ratios.push(ours / best);
        server.sql("postgres", &format!("DROP DATABASE {database} WITH (FORCE)"));
    }
    println!("batch {batch}: median ratio {:.2} of {rounds} rounds", median(&mut ratios));
}

/// What `psql` takes for the rows of the store, into the same tables of another schema, in one go.
fn copied(server: &Server, database: &str) -> (f64, Spent) {
    drop(open(&format!("{}?schema=second", url(server, database)), FullText::On));
    let files = TABLES.map(|table| server.folder().join(format!("{table}.bin")));
    let commands = |schema: &str, way: &str| -> Vec<String> {
        let pairs = TABLES.iter().zip(&files);
        pairs
            .map(|(table, file)| {
                format!(r"\copy {schema}.{table} {way} '{}' (FORMAT binary)", file.display())
            })
            .collect()
    };
    psql(server, database, &commands("gristmill", "TO"));
    let (begun, before) = (Instant::now(), Spent::now(server));
    psql(server, database, &commands("second", "FROM"));
    let measured = (begun.elapsed().as_secs_f64(), Spent::now(server).since(before));
    for file in &files {
        fs::remove_file(file).unwrap();
    }
    measured
}

fn psql(server: &Server, database: &str, commands: &[String]) {
    let mut psql = Command::new(server.programs().join("psql"));
    psql.args(["-X", "-q", "-h"]).arg(server.folder()).args(["-p", &server.port().to_string()]);
    psql.args(["-U", "gristmill", "-d", database, "-v", "ON_ERROR_STOP=1"]);
    for command in commands {
        psql.args(["-c", command]);
    }
    let said = psql.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}
