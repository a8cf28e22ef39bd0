//! A loop of inserts with the library and the settings of the store, and nothing else: no ledger, no checksums, no
//! search codes.

use super::CHUNKS;
use rusqlite::{Connection, params};
use std::error::Error;
use std::path::Path;
use std::time::Instant;
use stores::FullText;
use types::ledger::Change;
use types::record::{Record, Vector};

/// Rows and vectors as the store has them, with the keys that it has.
const SCHEMA: &str = "
PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;
PRAGMA wal_autocheckpoint=8000; PRAGMA temp_store=MEMORY;
CREATE TABLE document(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, content BLOB, pipeline BLOB) STRICT;
CREATE TABLE chunk(
  id INTEGER PRIMARY KEY, document INTEGER NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, uuid BLOB NOT NULL,
  text_hash BLOB NOT NULL, tokens INTEGER NOT NULL, start INTEGER NOT NULL, \"end\" INTEGER NOT NULL, page INTEGER,
  weight REAL NOT NULL, chapter TEXT, section TEXT, metadata TEXT NOT NULL, text TEXT NOT NULL,
  UNIQUE(document, version, seq)
) STRICT;
CREATE TABLE vector(chunk INTEGER PRIMARY KEY, document INTEGER NOT NULL, text_hash BLOB NOT NULL, v BLOB NOT NULL) STRICT;
CREATE VIRTUAL TABLE fts USING fts5(
  text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2'
);";

/// Seconds that the inserts take.
pub(super) fn write(
    path: &Path,
    full_text: FullText,
    batches: &[Vec<Change>],
) -> Result<f64, Box<dyn Error>> {
    let mut conn = Connection::open(path)?;
    conn.execute_batch(SCHEMA)?;
    let begun = Instant::now();
    for batch in batches {
        let tx = conn.transaction()?;
        for change in batch {
            insert(&tx, full_text, change)?;
        }
        tx.commit()?;
    }
    let taken = begun.elapsed().as_secs_f64();
    let rows: usize = conn.query_row("SELECT count(*) FROM vector", [], |row| row.get(0))?;
    assert_eq!(rows, batches.iter().map(Vec::len).sum::<usize>() * CHUNKS, "rows of the bare loop");
    Ok(taken)
}

fn insert(tx: &Connection, full_text: FullText, change: &Change) -> rusqlite::Result<()> {
    let Change::Segment(segment) = change else { return Ok(()) };
    tx.prepare_cached("INSERT INTO document(name, content, pipeline) VALUES(?1, ?2, ?3)")?
        .execute(params![segment.name, segment.key.content.0, segment.key.pipeline.0])?;
    let document = tx.last_insert_rowid();
    for Record { chunk, vector } in &segment.records {
        tx.prepare_cached(
            "INSERT INTO chunk(document, version, seq, uuid, text_hash, tokens, start, \"end\", page, weight, chapter,
               section, metadata, text)
             VALUES(?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            document,
            chunk.seq,
            chunk.id,
            chunk.text_hash,
            chunk.tokens,
            chunk.span.start as i64,
            chunk.span.end as i64,
            chunk.page,
            chunk.weight,
            chunk.chapter,
            chunk.section,
            chunk.metadata.0,
            chunk.text
        ])?;
        let id = tx.last_insert_rowid();
        if let Vector::Present(embedding) = vector {
            let bytes: Vec<u8> = embedding.values().iter().flat_map(|v| v.to_le_bytes()).collect();
            tx.prepare_cached(
                "INSERT INTO vector(chunk, document, text_hash, v) VALUES(?1, ?2, ?3, ?4)",
            )?
            .execute(params![id, document, chunk.text_hash, bytes])?;
        }
        if full_text == FullText::On {
            tx.prepare_cached("INSERT INTO fts(rowid, text) VALUES(?1, ?2)")?
                .execute(params![id, chunk.text])?;
        }
    }
    Ok(())
}
