//! Vectors of another model, made beside those in use, and the switch to them.
//!
//! They wait in tables of their own; what readers see changes in one transaction, which exchanges the tables.

use super::error::{Cause, Outcome};
use super::totals::Totals;
use super::vectors::{encode, intact};
use super::{meta, routed, search};
use crate::sums;
use rusqlite::{Connection, OptionalExtension as _, params};
use types::embedding::{Embedding, ModelId};
use types::seam::{Migration, Switch, Target};

/// Our own key with the target: model and fingerprint, in JSON.
const KEY: &str = "migration";

/// The tables of a migration, as the schema makes them.
const NEXT_VECTOR: &str = "CREATE TABLE next_vector(
  chunk INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  text_hash BLOB NOT NULL,
  check_sum INTEGER NOT NULL,
  v BLOB NOT NULL
) STRICT";

pub(crate) fn find(conn: &Connection) -> Outcome<Option<Migration>> {
    let Some(target) = target(conn)? else { return Ok(None) };
    let count = |query: &str| -> Outcome<u64> { Ok(conn.query_row(query, [], |r| r.get(0))?) };
    let done =
        count("SELECT (SELECT count(*) FROM next_vector) + (SELECT count(*) FROM next_absent)")?;
    let chunks = count("SELECT count(*) FROM chunk")?;
    Ok(Some(Migration { target, done, left: chunks.saturating_sub(done) }))
}

pub(crate) fn target(conn: &Connection) -> Outcome<Option<Target>> {
    let Some(json) = meta::get(conn, KEY)? else { return Ok(None) };
    let (model, fingerprint): (ModelId, String) = serde_json::from_str(&json)
        .map_err(|_| Cause::damaged("the store's row that names a migration cannot be read"))?;
    Ok(Some(Target { model, fingerprint }))
}

pub(crate) fn begin(conn: &Connection, to: &Target) -> Outcome<()> {
    if target(conn)?.as_ref() != Some(to) {
        forget(conn)?;
        let json = serde_json::to_string(&(&to.model, &to.fingerprint))
            .expect("strings and a number become JSON");
        meta::put(conn, KEY, &json)?;
    }
    // Of chunks that went while nothing was migrated.
    conn.execute_batch(
        "DELETE FROM next_vector WHERE chunk NOT IN (SELECT id FROM chunk);
         DELETE FROM next_absent WHERE chunk NOT IN (SELECT id FROM chunk)
           OR chunk IN (SELECT chunk FROM next_vector);",
    )?;
    routed::keep_for_migration(conn, &to.model)?;
    remove(conn, &damaged(conn, to.model.dimensions)?)
}

/// Chunks whose new vector is not what was written, or not of this chunk: it is made again.
pub(crate) fn damaged(conn: &Connection, dimensions: usize) -> Outcome<Vec<i64>> {
    let mut rows = conn.prepare(
        "SELECT n.chunk, n.check_sum, n.v, n.document IS c.document AND n.text_hash IS c.text_hash
         FROM next_vector n LEFT JOIN chunk c ON c.id=n.chunk",
    )?;
    let mut found = rows.query([])?;
    let mut damaged = Vec::new();
    while let Some(row) = found.next()? {
        let blob = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        let vector = intact(row.get(1)?, blob);
        let whole = vector.is_some_and(|vector| vector.values().len() == dimensions);
        if !whole || !row.get::<_, bool>(3)? {
            damaged.push(row.get(0)?);
        }
    }
    Ok(damaged)
}

pub(crate) fn remove(conn: &Connection, chunks: &[i64]) -> Outcome<()> {
    for chunk in chunks {
        conn.prepare_cached("DELETE FROM next_vector WHERE chunk=?1")?.execute([chunk])?;
    }
    Ok(())
}

pub(crate) fn forget(conn: &Connection) -> Outcome<()> {
    conn.execute_batch("DELETE FROM next_vector; DELETE FROM next_absent;")?;
    conn.execute("DELETE FROM meta WHERE key=?1", [KEY])?;
    Ok(())
}

pub(crate) fn left(conn: &Connection, after: i64, limit: usize) -> Outcome<Vec<(i64, String)>> {
    let mut rows = conn.prepare_cached(
        "SELECT id, text FROM chunk c WHERE id>?1
           AND NOT EXISTS(SELECT 1 FROM next_vector n WHERE n.chunk=c.id)
           AND NOT EXISTS(SELECT 1 FROM next_absent a WHERE a.chunk=c.id)
         ORDER BY id LIMIT ?2",
    )?;
    let rows = rows.query_map([after, limit as i64], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn put(conn: &Connection, vectors: &[(i64, Option<Embedding>)]) -> Outcome<()> {
    fault::point("store.migrate.begin")?;
    let Some(target) = target(conn)? else {
        return Err(Cause::contract("vectors came for a migration that was never begun"));
    };
    for (chunk, vector) in vectors {
        match vector {
            Some(vector) => put_vector(conn, *chunk, vector, target.model.dimensions)?,
            None => {
                conn.prepare_cached("INSERT OR IGNORE INTO next_absent(chunk) VALUES(?1)")?
                    .execute([chunk])?;
            }
        }
    }
    Ok(())
}

fn put_vector(conn: &Connection, chunk: i64, vector: &Embedding, expected: usize) -> Outcome<()> {
    let values = vector.values();
    if values.len() != expected {
        return Err(Cause::contract(format!(
            "a vector of {} values came for a migration to {expected}",
            values.len()
        )));
    }
    let blob = encode(values);
    conn.prepare_cached(
        "INSERT OR REPLACE INTO next_vector(chunk, document, text_hash, check_sum, v)
         SELECT id, document, text_hash, ?2, ?3 FROM chunk WHERE id=?1",
    )?
    .execute(params![chunk, sums::of_bytes(&blob), blob])?;
    Ok(())
}

/// Makes the new vectors those in use. Inside the caller's transaction.
pub(crate) fn finish(conn: &Connection, switch: &Switch) -> Outcome<()> {
    fault::point("store.switch.begin")?;
    let Some(target) = target(conn)? else {
        return Err(Cause::contract("a migration that was never begun cannot end"));
    };
    if !left(conn, 0, 1)?.is_empty() {
        return Err(Cause::contract("a migration ended before every chunk had its place"));
    }
    conn.execute_batch(
        "DELETE FROM next_vector WHERE chunk NOT IN (SELECT id FROM chunk);
         DELETE FROM rescued;
         DROP TABLE vector;
         ALTER TABLE next_vector RENAME TO vector;
         DELETE FROM next_absent;",
    )?;
    conn.execute_batch(NEXT_VECTOR)?;
    routed::forget(conn)?;
    conn.execute("DELETE FROM meta WHERE key=?1", [KEY])?;
    let json = serde_json::to_string(&target.model).expect("strings and a number become JSON");
    meta::put(conn, "model", &json)?;
    for (key, value) in &switch.settings {
        meta::set_setting(conn, key, value)?;
    }
    recount(conn)?;
    search::rebuild_codes(conn, search::Shelf::Own)?;
    fault::point("store.switch.end")?;
    Ok(())
}

/// What the new model knows nothing of may be other texts; consolidated files name the model.
fn recount(conn: &Connection) -> Outcome<()> {
    conn.execute_batch(
        "UPDATE document SET without_vector=(SELECT count(*) FROM chunk c
           WHERE c.document=document.id AND c.version=document.version
             AND NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=c.id));
         UPDATE document SET open_without_vector=(SELECT count(*) FROM chunk c
           WHERE c.document=document.id AND c.version=document.open_version
             AND NOT EXISTS(SELECT 1 FROM vector v WHERE v.chunk=c.id))
           WHERE open_version IS NOT NULL;",
    )?;
    Totals::recount(conn)?.write(conn)?;
    let last: Option<i64> =
        conn.query_row("SELECT max(revision) FROM pair", [], |r| r.get(0)).optional()?.flatten();
    conn.execute("UPDATE pair SET revision=?1", [last.unwrap_or(0) + 1])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::open::SCHEMA;

    #[test]
    fn the_table_that_is_made_again_is_that_of_the_schema() {
        let plain = |sql: &str| -> String {
            let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
            lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
        };
        assert!(plain(SCHEMA).contains(&plain(super::NEXT_VECTOR)));
    }
}
