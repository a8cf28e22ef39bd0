//! Several models in one file.
//!
//! All vectors lie in one table, and a chunk has at most one. A second table says which chunks have theirs from
//! another model than the store's own; it is made with the first such model, so that a store of one model is on disk
//! what it always was. A row there lives as long as its vector, which a trigger sees to. Codes of routed models have
//! a table of their own, since codes of different models are never scanned together.

use super::error::{Cause, Outcome};
use super::open::SCHEMA_VERSION;
use super::search::Shelf;
use super::{SqliteStore, meta, search, vectors};
use rusqlite::{Connection, params};
use std::collections::HashMap;
use types::embedding::{Embedding, ModelId};
use types::ledger::DocumentId;
use types::query::{Filter, Hit, Query};
use types::seam::{ModelNumber, Models, StoreError, StoreErrorKind};

/// Added to the schema's number in a store of several models: an older gristmill would lose track of them.
pub(crate) const SCHEMA_OFFSET: i64 = 1000;

/// Our own key with the routed models in the order of their numbers, in JSON.
const KEY: &str = "routed_models";

/// What a store of several models has besides; each statement by the name of what it makes.
pub(crate) const SCHEMA: [(&str, &str); 4] = [
    (
        "routed",
        "CREATE TABLE routed(
           chunk INTEGER PRIMARY KEY,
           model INTEGER NOT NULL,
           document INTEGER NOT NULL,
           version INTEGER NOT NULL
         ) STRICT",
    ),
    ("routed_model", "CREATE INDEX routed_model ON routed(model, document, version)"),
    (
        "routed_code",
        "CREATE TABLE routed_code(
           block INTEGER PRIMARY KEY AUTOINCREMENT,
           model INTEGER NOT NULL,
           n INTEGER NOT NULL,
           chunks BLOB NOT NULL,
           data BLOB NOT NULL
         ) STRICT",
    ),
    (
        "routed_gone",
        "CREATE TRIGGER routed_gone AFTER DELETE ON vector
         BEGIN DELETE FROM routed WHERE chunk=old.chunk; END",
    ),
];

/// Empty in a store of one model, which has none of the tables.
pub(crate) fn models(conn: &Connection) -> Outcome<Vec<ModelId>> {
    let Some(json) = meta::get(conn, KEY)? else { return Ok(Vec::new()) };
    serde_json::from_str(&json)
        .map_err(|_| Cause::damaged("the store's row that names its routed models cannot be read"))
}

pub(crate) fn is_routed(conn: &Connection) -> Outcome<bool> {
    Ok(meta::get(conn, KEY)?.is_some())
}

/// The store's own codes, and those of every routed model.
pub(crate) fn shelves(conn: &Connection) -> Outcome<Vec<Shelf>> {
    let routed = (1..).zip(models(conn)?).map(|(number, _)| Shelf::Routed(number));
    Ok(std::iter::once(Shelf::Own).chain(routed).collect())
}

fn add(conn: &Connection, model: &ModelId) -> Outcome<ModelNumber> {
    if meta::model(conn)?.as_ref() == Some(model) {
        return Err(Cause::told(
            StoreErrorKind::OtherModel,
            format!("{model} is the store's own model, not a routed one"),
            "leave it out of the routes",
        ));
    }
    let mut known = models(conn)?;
    if let Some(index) = known.iter().position(|other| other == model) {
        return Ok(number(index));
    }
    if known.is_empty() {
        for (_, statement) in SCHEMA {
            conn.execute_batch(statement)?;
        }
        conn.pragma_update(None, "user_version", SCHEMA_VERSION + SCHEMA_OFFSET)?;
    }
    known.push(model.clone());
    let json = serde_json::to_string(&known).expect("strings and numbers become JSON");
    meta::put(conn, KEY, &json)?;
    Ok(number(known.len() - 1))
}

fn number(index: usize) -> ModelNumber {
    ModelNumber(index as u32 + 1)
}

/// Makes it a store of one model again, inside the caller's transaction.
pub(crate) fn forget(conn: &Connection) -> Outcome<()> {
    if !is_routed(conn)? {
        return Ok(());
    }
    conn.execute_batch(
        "DROP TRIGGER IF EXISTS routed_gone; DROP TABLE IF EXISTS routed;
         DROP TABLE IF EXISTS routed_code;",
    )?;
    conn.execute("DELETE FROM meta WHERE key=?1", [KEY])?;
    conn.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(())
}

/// Says that a vector is of this model.
pub(crate) fn mark(
    conn: &Connection,
    (chunk, document, version): (i64, i64, i64),
    model: ModelNumber,
) -> Outcome<()> {
    conn.prepare_cached(
        "INSERT INTO routed(chunk, model, document, version) VALUES(?1, ?2, ?3, ?4)",
    )?
    .execute(params![chunk, model.0, document, version])?;
    Ok(())
}

/// Which vectors are of the shelf, as a condition on `vector.chunk` under the name given.
pub(crate) fn condition(conn: &Connection, shelf: Shelf, chunk: &str) -> Outcome<String> {
    Ok(match shelf {
        Shelf::Own if !is_routed(conn)? => String::new(),
        Shelf::Own => format!(" AND NOT EXISTS(SELECT 1 FROM routed r WHERE r.chunk={chunk})"),
        Shelf::Routed(model) => {
            format!(" AND EXISTS(SELECT 1 FROM routed r WHERE r.chunk={chunk} AND r.model={model})")
        }
    })
}

/// The model of a chunk's vector, as a column of a query over chunks `c`.
pub(crate) fn model_of_chunk(conn: &Connection) -> Outcome<&'static str> {
    Ok(if is_routed(conn)? {
        "coalesce((SELECT r.model FROM routed r WHERE r.chunk=c.id), 0)"
    } else {
        "0"
    })
}

/// Vectors that a migration to `model` need not make, put where it puts its own.
pub(crate) fn keep_for_migration(conn: &Connection, to: &ModelId) -> Outcome<()> {
    if !is_routed(conn)? {
        return Ok(());
    }
    let own = (meta::model(conn)?.as_ref() == Some(to)).then_some(Shelf::Own);
    let index = models(conn)?.iter().position(|model| model == to);
    let Some(shelf) = own.or(index.map(|index| Shelf::Routed(number(index).0))) else {
        return Ok(());
    };
    conn.execute_batch(&format!(
        "INSERT OR IGNORE INTO next_vector(chunk, document, text_hash, check_sum, v)
         SELECT v.chunk, v.document, v.text_hash, v.check_sum, v.v FROM vector v
         JOIN chunk c ON c.id=v.chunk WHERE true{}",
        condition(conn, shelf, "v.chunk")?
    ))?;
    Ok(())
}

fn chunks(conn: &Connection) -> Outcome<Vec<(ModelNumber, u64)>> {
    if !is_routed(conn)? {
        return Ok(Vec::new());
    }
    let mut rows = conn.prepare_cached(
        "SELECT r.model, count(*) FROM routed r
         JOIN document d ON d.id=r.document AND d.version=r.version GROUP BY r.model ORDER BY r.model",
    )?;
    let counts = rows.query_map([], |r| Ok((ModelNumber(r.get(0)?), r.get(1)?)))?;
    Ok(counts.collect::<Result<_, _>>()?)
}

fn dimensions(conn: &Connection, model: ModelNumber) -> Outcome<Option<usize>> {
    let models = models(conn)?;
    let routed = model.index().and_then(|index| models.get(index));
    Ok(routed.map(|model| model.dimensions))
}

impl Models for SqliteStore {
    fn routed_models(&self) -> Result<Vec<ModelId>, StoreError> {
        self.told(self.pool.read(models))
    }

    fn add_model(&self, model: &ModelId) -> Result<ModelNumber, StoreError> {
        self.told(self.pool.write(|conn| add(conn, model)))
    }

    fn routed_chunks(&self) -> Result<Vec<(ModelNumber, u64)>, StoreError> {
        self.told(self.pool.read(chunks))
    }

    fn known_routed(
        &self,
        document: DocumentId,
        model: ModelNumber,
    ) -> Result<HashMap<[u8; 16], i64>, StoreError> {
        let of = |conn: &Connection| match dimensions(conn, model)? {
            Some(_) => vectors::known(conn, document, Shelf::Routed(model.0)),
            None => Ok(HashMap::new()),
        };
        self.told(self.pool.read(of))
    }

    fn routed_at(
        &self,
        model: ModelNumber,
        places: &[i64],
    ) -> Result<Vec<Option<Embedding>>, StoreError> {
        let of = |conn: &Connection| vectors::at(conn, places, dimensions(conn, model)?);
        self.told(self.pool.read(of))
    }

    fn models_under(&self, filter: &Filter) -> Result<Vec<ModelNumber>, StoreError> {
        self.told(self.pool.read(|conn| search::models_under(conn, filter)))
    }

    fn search_routed(
        &self,
        query: &Query,
        routed: &[(ModelNumber, Vec<f32>)],
    ) -> Result<Vec<Hit>, StoreError> {
        self.search_all(query, routed)
    }
}
