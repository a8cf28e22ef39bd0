//! Pairs of domain and category, and which documents have chunks in them.

use super::apply::Writing;
use super::documents::{self, DocumentRow};
use super::error::{Cause, Outcome};
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::{BTreeSet, HashMap};
use types::document::{Label, OwnLabel};
use types::ledger::{Applied, DocumentId, PairState};

/// Pairs that one transaction looked up, and those whose content it changes.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    known: HashMap<Label, i64>,
    touched: BTreeSet<i64>,
}

impl Pairs {
    /// The pair's row, made if missing.
    pub(crate) fn id(&mut self, conn: &Connection, label: &Label) -> Outcome<i64> {
        if let Some(id) = self.known.get(label) {
            return Ok(*id);
        }
        conn.prepare_cached(
            "INSERT INTO pair(domain, category, revision) VALUES(?1, ?2, 0) ON CONFLICT DO NOTHING",
        )?
        .execute([&label.domain, &label.category])?;
        let id = find(conn, label)?
            .ok_or_else(|| Cause::damaged("a pair that was just inserted cannot be found"))?;
        self.known.insert(label.clone(), id);
        Ok(id)
    }

    pub(crate) fn touch(&mut self, pair: i64) {
        self.touched.insert(pair);
    }

    /// One number, larger than any before, for all pairs that the transaction changed.
    pub(crate) fn raise_revisions(self, conn: &Connection) -> Outcome<()> {
        if self.touched.is_empty() {
            return Ok(());
        }
        let mut last = conn.prepare_cached("SELECT coalesce(max(revision), 0) FROM pair")?;
        let revision: i64 = last.query_row([], |r| r.get(0))?;
        let mut raise = conn.prepare_cached("UPDATE pair SET revision=?2 WHERE id=?1")?;
        for pair in self.touched {
            raise.execute([pair, revision + 1])?;
        }
        Ok(())
    }
}

pub(crate) fn find(conn: &Connection, label: &Label) -> Outcome<Option<i64>> {
    let mut row = conn.prepare_cached("SELECT id FROM pair WHERE domain=?1 AND category=?2")?;
    Ok(row.query_row([&label.domain, &label.category], |r| r.get(0)).optional()?)
}

/// Pairs that hold something, in order.
pub(crate) fn all(conn: &Connection) -> Outcome<Vec<PairState>> {
    let mut rows = conn.prepare_cached(
        "SELECT domain, category, revision FROM pair p
         WHERE EXISTS(SELECT 1 FROM document_pair WHERE pair=p.id) ORDER BY domain, category",
    )?;
    let pairs = rows.query_map([], |r| {
        let label = Label { domain: r.get(0)?, category: r.get(1)? };
        Ok(PairState { label, revision: r.get(2)? })
    })?;
    Ok(pairs.collect::<Result<_, _>>()?)
}

/// The head of a document, as far as labels go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<'a> {
    pub(crate) document: i64,
    pub(crate) name: &'a str,
    pub(crate) version: i64,
    pub(crate) chunks: i64,
    pub(crate) label: &'a Label,
    /// Some chunk has a label of its own.
    pub(crate) mixed: bool,
}

impl Writing<'_> {
    /// Takes the document out of its pairs.
    pub(crate) fn leave_pairs(&mut self, document: i64) -> Outcome<()> {
        let mut rows = self
            .conn
            .prepare_cached("DELETE FROM document_pair WHERE document=?1 RETURNING pair")?;
        for pair in rows.query_map([document], |r| r.get(0))? {
            self.pairs.touch(pair?);
        }
        Ok(())
    }

    /// Puts the document into the pairs of its chunks; returns the pair of its label.
    pub(crate) fn enter_pairs(&mut self, head: Labelled<'_>) -> Outcome<i64> {
        let label = self.pairs.id(self.conn, head.label)?;
        if head.mixed {
            self.resolve_own(head)?;
        }
        let counts = if head.mixed {
            self.count_by_pair(head, label)?
        } else if head.chunks > 0 {
            vec![(label, head.chunks)]
        } else {
            Vec::new()
        };
        for (pair, chunks) in counts {
            self.pairs.touch(pair);
            self.conn
                .prepare_cached(
                    "INSERT INTO document_pair(pair, name, document, chunks) VALUES(?1, ?2, ?3, ?4)",
                )?
                .execute(params![pair, head.name, head.document, chunks])?;
        }
        Ok(label)
    }

    fn count_by_pair(&self, head: Labelled<'_>, label: i64) -> Outcome<Vec<(i64, i64)>> {
        let mut rows = self.conn.prepare_cached(
            "SELECT coalesce(pair, ?3), count(*) FROM chunk WHERE document=?1 AND version=?2 GROUP BY 1",
        )?;
        let counts =
            rows.query_map([head.document, head.version, label], |r| Ok((r.get(0)?, r.get(1)?)))?;
        Ok(counts.collect::<Result<_, _>>()?)
    }

    /// A chunk's own label may say one half only; the document's label says the other.
    fn resolve_own(&mut self, head: Labelled<'_>) -> Outcome<()> {
        let mut rows = self.conn.prepare_cached(
            "SELECT DISTINCT own_domain, own_category FROM chunk
             WHERE document=?1 AND version=?2 AND (own_domain IS NOT NULL OR own_category IS NOT NULL)",
        )?;
        let own = rows
            .query_map([head.document, head.version], |r| {
                Ok(OwnLabel { domain: r.get(0)?, category: r.get(1)? })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        for own in own {
            let whole = Label {
                domain: own.domain.as_ref().unwrap_or(&head.label.domain).clone(),
                category: own.category.as_ref().unwrap_or(&head.label.category).clone(),
            };
            let pair = self.pairs.id(self.conn, &whole)?;
            self.conn
                .prepare_cached(
                    "UPDATE chunk SET pair=?3 WHERE document=?1 AND version=?2
                     AND own_domain IS ?4 AND own_category IS ?5",
                )?
                .execute(params![head.document, head.version, pair, own.domain, own.category])?;
        }
        Ok(())
    }

    pub(crate) fn relabel(&mut self, document: DocumentId, label: &Label) -> Outcome<Applied> {
        let Some(row) = documents::get(self.conn, document)? else {
            return Ok(Applied::default());
        };
        let pair = self.pairs.id(self.conn, label)?;
        if row.version > 0 && row.label != Some(pair) {
            self.move_to(&row, label)?;
        }
        Ok(Applied::default())
    }

    fn move_to(&mut self, row: &DocumentRow, label: &Label) -> Outcome<()> {
        self.leave_pairs(row.id)?;
        let pair = self.enter_pairs(Labelled {
            document: row.id,
            name: &row.name,
            version: row.version,
            chunks: row.chunks,
            label,
            mixed: row.mixed,
        })?;
        self.conn
            .prepare_cached("UPDATE document SET label=?2 WHERE id=?1")?
            .execute([row.id, pair])?;
        Ok(())
    }
}
