//! Rows of documents, as the ledger reads them.

use super::error::Outcome;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::document::{Hash, Label, OwnLabel};
use types::ledger::{DocumentId, DocumentState, SourceId, VersionKey};

/// What the writer needs to know of a document before it changes it.
#[derive(Debug, Clone)]
pub(crate) struct DocumentRow {
    pub(crate) id: i64,
    pub(crate) source: i64,
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) fence: i64,
    pub(crate) last_run: i64,
    /// 0 while nothing is visible.
    pub(crate) version: i64,
    pub(crate) chunks: i64,
    pub(crate) without_vector: i64,
    pub(crate) label: Option<i64>,
    pub(crate) mixed: bool,
    pub(crate) open: Option<OpenVersion>,
    /// The run whose lease has not run out.
    pub(crate) leased_to: Option<i64>,
    pub(crate) origin: Origin,
}

impl DocumentRow {
    /// Whether a run other than this one holds it.
    pub(crate) fn is_held_from(&self, run: i64) -> bool {
        self.leased_to.is_some_and(|holder| holder != run)
    }

    /// As it stands in the store just after it was made.
    pub(crate) fn fresh(id: i64, source: SourceId, (file, name): (&str, &str), run: i64) -> Self {
        Self {
            id,
            source: source.0,
            file: file.to_owned(),
            name: name.to_owned(),
            fence: 0,
            last_run: run,
            version: 0,
            chunks: 0,
            without_vector: 0,
            label: None,
            mixed: false,
            open: None,
            leased_to: None,
            origin: Origin::Made,
        }
    }
}

/// Whether rows of other tables may belong to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Found,
    /// By this very change: it has no rows elsewhere yet.
    Made,
}

/// A version that grows invisibly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenVersion {
    pub(crate) version: i64,
    pub(crate) key: VersionKey,
    /// The next sequence number.
    pub(crate) cursor: u32,
    pub(crate) chunks: i64,
    pub(crate) without_vector: i64,
    pub(crate) mixed: bool,
}

const ROW: &str =
    "SELECT id, source, file, name, fence, last_run, version, chunks, without_vector, label,
    mixed, open_version, open_content, open_pipeline, open_cursor, open_chunks,
    open_without_vector, open_mixed, iif(lease_until>unixepoch(), lease_owner, NULL) FROM document";

pub(crate) fn find(
    conn: &Connection,
    source: SourceId,
    name: &str,
) -> Outcome<Option<DocumentRow>> {
    let mut row = conn.prepare_cached(&format!("{ROW} WHERE source=?1 AND name=?2"))?;
    Ok(row.query_row(params![source.0, name], document_row).optional()?)
}

pub(crate) fn get(conn: &Connection, document: DocumentId) -> Outcome<Option<DocumentRow>> {
    let mut row = conn.prepare_cached(&format!("{ROW} WHERE id=?1"))?;
    Ok(row.query_row([document.0], document_row).optional()?)
}

fn document_row(r: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let open = match r.get::<_, Option<i64>>(11)? {
        None => None,
        Some(version) => Some(OpenVersion {
            version,
            key: VersionKey { content: Hash(r.get(12)?), pipeline: Hash(r.get(13)?) },
            cursor: r.get(14)?,
            chunks: r.get(15)?,
            without_vector: r.get(16)?,
            mixed: r.get(17)?,
        }),
    };
    Ok(DocumentRow {
        id: r.get(0)?,
        source: r.get(1)?,
        file: r.get(2)?,
        name: r.get(3)?,
        fence: r.get(4)?,
        last_run: r.get(5)?,
        version: r.get(6)?,
        chunks: r.get(7)?,
        without_vector: r.get(8)?,
        label: r.get(9)?,
        mixed: r.get(10)?,
        open,
        leased_to: r.get(18)?,
        origin: Origin::Found,
    })
}

const STATE: &str = "SELECT d.id, d.name, d.version, d.content, d.pipeline, d.open_version, d.open_content,
    d.open_pipeline, d.open_cursor, d.failed_content, d.failed_pipeline, p.domain, p.category, d.own_domain,
    d.own_category, d.mixed, d.chunks FROM document d LEFT JOIN pair p ON p.id = d.label";

pub(crate) fn state(
    conn: &Connection,
    source: SourceId,
    name: &str,
) -> Outcome<Option<DocumentState>> {
    let mut row = conn.prepare_cached(&format!("{STATE} WHERE d.source=?1 AND d.name=?2"))?;
    Ok(row.query_row(params![source.0, name], document_state).optional()?)
}

/// In bytewise order of names, after `after`.
pub(crate) fn of_file(
    conn: &Connection,
    (source, file): (SourceId, &str),
    after: Option<&str>,
    limit: usize,
) -> Outcome<Vec<DocumentState>> {
    let mut rows = conn.prepare_cached(&format!(
        "{STATE} WHERE d.source=?1 AND d.file=?2 AND d.name>?3 ORDER BY d.name LIMIT ?4"
    ))?;
    let states = rows.query_map(
        params![source.0, file, after.unwrap_or_default(), limit as i64],
        document_state,
    )?;
    Ok(states.collect::<Result<_, _>>()?)
}

fn document_state(r: &Row<'_>) -> rusqlite::Result<DocumentState> {
    let key = |content: usize, pipeline: usize| -> rusqlite::Result<VersionKey> {
        Ok(VersionKey { content: Hash(r.get(content)?), pipeline: Hash(r.get(pipeline)?) })
    };
    let head = if r.get::<_, i64>(2)? == 0 { None } else { Some(key(3, 4)?) };
    let open = match r.get::<_, Option<i64>>(5)? {
        None => None,
        Some(_) => Some((key(6, 7)?, r.get(8)?)),
    };
    let failed = match r.get::<_, Option<[u8; 32]>>(9)? {
        None => None,
        Some(_) => Some(key(9, 10)?),
    };
    Ok(DocumentState {
        id: DocumentId(r.get(0)?),
        name: r.get(1)?,
        head,
        open,
        failed,
        // A document that was never visible has no label yet.
        label: Label {
            domain: r.get::<_, Option<_>>(11)?.unwrap_or_default(),
            category: r.get::<_, Option<_>>(12)?.unwrap_or_default(),
        },
        own: OwnLabel { domain: r.get(13)?, category: r.get(14)? },
        mixed: r.get(15)?,
        chunks: r.get(16)?,
    })
}

/// Visible documents of the file that the run which wrote its gate neither wrote nor saw.
pub(crate) fn stale(
    conn: &Connection,
    source: SourceId,
    file: &str,
    limit: usize,
) -> Outcome<Vec<DocumentId>> {
    let mut rows = conn.prepare_cached(
        "SELECT d.id FROM file f JOIN document d ON d.source=f.source AND d.file=f.name
         WHERE f.source=?1 AND f.name=?2 AND f.stale>0 AND d.last_run<f.run AND d.version>0 LIMIT ?3",
    )?;
    let ids =
        rows.query_map(params![source.0, file, limit as i64], |r| r.get(0).map(DocumentId))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
