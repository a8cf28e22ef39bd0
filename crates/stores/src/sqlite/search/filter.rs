//! Which chunks a search may find: those of head versions that pass the filter.

use super::super::error::{Cause, Outcome};
use ahash::{AHashMap, AHashSet};
use globset::{Glob, GlobMatcher};
use rusqlite::{Connection, OptionalExtension as _};
use types::query::Filter;
use types::seam::StoreErrorKind;

/// What is visible of one snapshot through one filter.
pub(crate) struct Visible<'c> {
    conn: &'c Connection,
    /// Pairs that pass; none: all.
    pairs: Option<AHashSet<i64>>,
    /// Of document names; none: all.
    glob: Option<GlobMatcher>,
    /// What the glob said of documents seen before.
    named: AHashMap<i64, bool>,
    /// Chunks that were not admitted.
    refused: usize,
    /// All chunks that are admitted, once that was worth finding out.
    all: Option<AHashSet<i64>>,
}

/// After so many refusals it is cheaper to know what is admitted than to look at each chunk's row.
const REFUSALS_MAX: usize = 2000;

impl<'c> Visible<'c> {
    pub(crate) fn new(conn: &'c Connection, filter: &Filter) -> Outcome<Self> {
        let pairs = match (&filter.domain, &filter.category) {
            (None, None) => None,
            (domain, category) => Some(pairs(conn, domain.as_deref(), category.as_deref())?),
        };
        let glob = filter.document.as_deref().map(matcher).transpose()?;
        Ok(Self { conn, pairs, glob, named: AHashMap::new(), refused: 0, all: None })
    }

    pub(crate) fn conn(&self) -> &'c Connection {
        self.conn
    }

    /// False for a chunk that is gone, not visible, or filtered out.
    pub(crate) fn admits(&mut self, chunk: i64) -> Outcome<bool> {
        if self.refused > REFUSALS_MAX {
            return Ok(self.all()?.contains(&chunk));
        }
        let admitted = self.admits_row(chunk)?;
        self.refused += usize::from(!admitted);
        Ok(admitted)
    }

    /// All chunks that are admitted.
    pub(crate) fn all(&mut self) -> Outcome<&AHashSet<i64>> {
        if self.all.is_none() {
            self.all = Some(self.collect()?);
        }
        Ok(self.all.as_ref().expect("it was just collected"))
    }

    fn admits_row(&mut self, chunk: i64) -> Outcome<bool> {
        let mut statement = self.conn.prepare_cached(
            "SELECT d.id, coalesce(c.pair, d.label) FROM chunk c
             JOIN document d ON d.id = c.document AND d.version = c.version WHERE c.id = ?1",
        )?;
        let found: Option<(i64, Option<i64>)> =
            statement.query_row([chunk], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((document, pair)) = found else { return Ok(false) };
        Ok(self.admits_pair(pair) && self.admits_document(document)?)
    }

    fn admits_pair(&self, pair: Option<i64>) -> bool {
        self.pairs.as_ref().is_none_or(|pairs| pair.is_some_and(|pair| pairs.contains(&pair)))
    }

    fn admits_document(&mut self, document: i64) -> Outcome<bool> {
        let Some(glob) = &self.glob else { return Ok(true) };
        if let Some(known) = self.named.get(&document) {
            return Ok(*known);
        }
        let mut statement = self.conn.prepare_cached("SELECT name FROM document WHERE id = ?1")?;
        let name: String = statement.query_row([document], |row| row.get(0))?;
        let matches = glob.is_match(name);
        self.named.insert(document, matches);
        Ok(matches)
    }

    /// Document and version of the heads that may hold chunks that pass.
    pub(crate) fn heads(&mut self) -> Outcome<Vec<(i64, i64)>> {
        let mut heads = Vec::new();
        for document in self.documents()? {
            if self.admits_document(document.id)? {
                heads.push((document.id, document.version));
            }
        }
        Ok(heads)
    }

    /// Reads an index of the documents that pass, and the chunks themselves only of documents whose chunks have
    /// labels of their own.
    fn collect(&mut self) -> Outcome<AHashSet<i64>> {
        let mut chunks = AHashSet::new();
        let mut plain = self
            .conn
            .prepare_cached("SELECT id FROM chunk WHERE document = ?1 AND version = ?2")?;
        let mut labelled = self.conn.prepare_cached(
            "SELECT id, coalesce(pair, ?3) FROM chunk WHERE document = ?1 AND version = ?2",
        )?;
        for document in self.documents()? {
            if !self.admits_document(document.id)? {
                continue;
            }
            if self.pairs.is_some() && document.mixed {
                let mut rows = labelled.query((document.id, document.version, document.label))?;
                while let Some(row) = rows.next()? {
                    if self.admits_pair(row.get(1)?) {
                        chunks.insert(row.get(0)?);
                    }
                }
            } else {
                let mut rows = plain.query((document.id, document.version))?;
                while let Some(row) = rows.next()? {
                    chunks.insert(row.get(0)?);
                }
            }
        }
        Ok(chunks)
    }

    /// Documents with chunks that may pass; of a narrow filter's pairs only.
    fn documents(&self) -> Outcome<Vec<Document>> {
        let Some(pairs) = &self.pairs else {
            let mut all = self.conn.prepare_cached(
                "SELECT id, version, label, mixed FROM document WHERE version > 0",
            )?;
            let documents = all.query_map([], Document::read)?;
            return Ok(documents.collect::<Result<_, _>>()?);
        };
        let mut of_pair = self.conn.prepare_cached(
            "SELECT d.id, d.version, d.label, d.mixed FROM document_pair p
             JOIN document d ON d.id = p.document WHERE p.pair = ?1",
        )?;
        let mut documents = Vec::new();
        for pair in pairs {
            for document in of_pair.query_map([pair], Document::read)? {
                documents.push(document?);
            }
        }
        Ok(documents)
    }
}

struct Document {
    id: i64,
    version: i64,
    label: Option<i64>,
    mixed: bool,
}

impl Document {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let (id, version) = (row.get(0)?, row.get(1)?);
        Ok(Self { id, version, label: row.get(2)?, mixed: row.get(3)? })
    }
}

fn pairs(
    conn: &Connection,
    domain: Option<&str>,
    category: Option<&str>,
) -> Outcome<AHashSet<i64>> {
    let mut statement = conn.prepare_cached(
        "SELECT id FROM pair WHERE (?1 IS NULL OR domain = ?1) AND (?2 IS NULL OR category = ?2)",
    )?;
    let ids = statement.query_map((domain, category), |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// As in shells, but `*` crosses `/`: names are paths of any depth.
fn matcher(glob: &str) -> Outcome<GlobMatcher> {
    match Glob::new(glob) {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(Cause::told(
            StoreErrorKind::Internal,
            format!("the pattern of document names cannot be read: {}", error.kind()),
            "write a glob such as 'books/*.md'",
        )),
    }
}
