//! Tables and indices that somebody dropped.

use super::super::error::Cause;
use super::super::open::SCHEMA;
use super::{Check, Cure, Outcome, Soundness};
use types::seam::StoreErrorKind;

/// Of the tables, those that follow from others, or that hold work for the store alone.
const MADE_AGAIN: [&str; 9] = [
    "code",
    "document_pair",
    "dropped",
    "fts",
    "next_absent",
    "next_vector",
    "rescued",
    "total",
    "word",
];

/// Something that the schema makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Made {
    kind: Kind,
    name: &'static str,
    statement: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Table,
    Index,
}

impl Check<'_> {
    /// Everything that the schema makes is there; with repair, what can be made again is. The checks behind this
    /// one fill it.
    pub(super) fn tables(&mut self) -> Outcome<Soundness> {
        let mut soundness = Soundness::Sound;
        for made in schema() {
            let there = self
                .conn
                .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name=?1")?
                .exists([made.name])?;
            if there {
                continue;
            }
            if made.kind == Kind::Table && !MADE_AGAIN.contains(&made.name) {
                return Err(lost(made.name));
            }
            let message = match made.kind {
                Kind::Table => "the table is gone",
                Kind::Index => "the index is gone",
            };
            self.findings.add("schema", made.name, message, Cure::Here);
            if self.mends() {
                self.conn.execute_batch(made.statement)?;
            } else {
                // The other checks ask these tables.
                soundness = Soundness::Damaged;
            }
        }
        Ok(soundness)
    }
}

fn lost(table: &str) -> Cause {
    Cause::told(
        StoreErrorKind::Corrupt,
        format!("the store's table {table} is gone, and what it held cannot be made again"),
        "restore the file from a backup, or move it away and ingest again",
    )
}

fn schema() -> impl Iterator<Item = Made> {
    SCHEMA.split_inclusive(";\n").filter_map(|statement| {
        let made = statement.lines().find_map(|line| line.strip_prefix("CREATE "))?;
        let (kind, rest) = if let Some(rest) = made.strip_prefix("INDEX ") {
            (Kind::Index, rest)
        } else {
            let rest = made.strip_prefix("VIRTUAL ").unwrap_or(made);
            (Kind::Table, rest.strip_prefix("TABLE ")?)
        };
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, _) = rest.split_at(end);
        Some(Made { kind, name, statement })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn the_statements_of_the_schema_are_told_apart() {
        let conn = Connection::open_in_memory().unwrap();
        for made in schema() {
            conn.execute_batch(made.statement).unwrap();
        }
        let of = |conn: &Connection| -> Vec<String> {
            let mut rows = conn.prepare("SELECT name FROM sqlite_schema ORDER BY name").unwrap();
            rows.query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        };
        let whole = Connection::open_in_memory().unwrap();
        whole.execute_batch(SCHEMA).unwrap();
        assert_eq!(of(&conn), of(&whole));
        assert!(MADE_AGAIN.iter().all(|name| schema().any(|made| made.name == *name)));
    }
}
