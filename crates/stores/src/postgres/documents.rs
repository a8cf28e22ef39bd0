//! Rows of documents, as the ledger reads them.

use super::error::Outcome;
use super::session::{Columns as _, Param, Session};
use super::texts::escaped;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::document::{Label, OwnLabel};
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
    pub(crate) length: i64,
    pub(crate) label: Option<i64>,
    pub(crate) mixed: bool,
    pub(crate) open: Option<OpenVersion>,
    /// Dead letters or rescued vectors may belong to it.
    pub(crate) trailing: bool,
    /// The run whose lease has not run out.
    pub(crate) leased_to: Option<i64>,
}

impl DocumentRow {
    /// Whether a run other than this one holds it.
    pub(crate) fn is_held_from(&self, run: i64) -> bool {
        self.leased_to.is_some_and(|holder| holder != run)
    }

    /// Nothing was ever written of it.
    pub(crate) fn fresh(&self) -> bool {
        self.fence == 0 && self.version == 0
    }
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
    pub(crate) length: i64,
    pub(crate) mixed: bool,
}

/// Columns of [`document_row`], of a document `d`.
pub(crate) const ROW: &str =
    "d.id, d.source, d.file, d.name, d.fence, d.last_run, d.version, d.chunks,
    d.without_vector, d.length, d.label, d.mixed, d.open_version, d.open_content, d.open_pipeline,
    d.open_cursor, d.open_chunks, d.open_without_vector, d.open_length, d.open_mixed,
    EXISTS(SELECT 1 FROM dead_letter l WHERE l.source=d.source AND l.document=d.name)
      OR EXISTS(SELECT 1 FROM rescued r WHERE r.document=d.id),
    CASE WHEN d.lease_until>clock_timestamp() THEN d.lease_owner END";

pub(crate) fn document_row(row: &Row) -> Outcome<DocumentRow> {
    let open = match row.at::<Option<i64>>(12)? {
        None => None,
        Some(version) => Some(OpenVersion {
            version,
            key: VersionKey { content: row.hash(13)?, pipeline: row.hash(14)? },
            cursor: row.small(15)?,
            chunks: row.at(16)?,
            without_vector: row.at(17)?,
            length: row.at(18)?,
            mixed: row.at(19)?,
        }),
    };
    Ok(DocumentRow {
        id: row.at(0)?,
        source: row.at(1)?,
        file: row.text(2)?,
        name: row.text(3)?,
        fence: row.at(4)?,
        last_run: row.at(5)?,
        version: row.at(6)?,
        chunks: row.at(7)?,
        without_vector: row.at(8)?,
        length: row.at(9)?,
        label: row.at(10)?,
        mixed: row.at(11)?,
        open,
        trailing: row.at(20)?,
        leased_to: row.at(21)?,
    })
}

const STATE: &str =
    "d.id, d.name, d.version, d.content, d.pipeline, d.open_version, d.open_content,
    d.open_pipeline, d.open_cursor, d.failed_content, d.failed_pipeline, p.domain, p.category,
    d.own_domain, d.own_category, d.mixed, d.chunks";

/// One for each name, in their order.
pub(crate) async fn states(
    session: &Session,
    source: SourceId,
    names: &[&str],
) -> Outcome<Vec<Option<DocumentState>>> {
    let sql = format!(
        "SELECT {STATE}, k.place FROM unnest($2::text[]) WITH ORDINALITY k(name, place)
         JOIN document d ON d.source=$1 AND d.name=k.name LEFT JOIN pair p ON p.id=d.label"
    );
    let stored: Vec<_> = names.iter().map(|name| escaped(name)).collect();
    let params = [(&source.0 as _, Type::INT8), (&stored as _, Type::TEXT_ARRAY)];
    let mut states = vec![None; names.len()];
    for row in &session.rows(&sql, &params).await? {
        let place: i64 = row.at(17)?;
        states[place as usize - 1] = Some(state(row)?);
    }
    Ok(states)
}

/// In bytewise order of names, after `after`.
pub(crate) async fn of_file(
    session: &Session,
    (source, file): (SourceId, &str),
    after: Option<&str>,
    limit: usize,
) -> Outcome<Vec<DocumentState>> {
    let sql = format!(
        "SELECT {STATE} FROM document d LEFT JOIN pair p ON p.id=d.label
         WHERE d.source=$1 AND d.file=$2 AND d.name>$3 ORDER BY d.name LIMIT $4"
    );
    let params: [Param<'_>; 4] = [
        (&source.0, Type::INT8),
        (&escaped(file), Type::TEXT),
        (&escaped(after.unwrap_or_default()), Type::TEXT),
        (&(limit as i64), Type::INT8),
    ];
    session.rows(&sql, &params).await?.iter().map(state).collect()
}

fn state(row: &Row) -> Outcome<DocumentState> {
    let key = |content: usize, pipeline: usize| -> Outcome<VersionKey> {
        Ok(VersionKey { content: row.hash(content)?, pipeline: row.hash(pipeline)? })
    };
    let head = if row.at::<i64>(2)? == 0 { None } else { Some(key(3, 4)?) };
    let open = match row.at::<Option<i64>>(5)? {
        None => None,
        Some(_) => Some((key(6, 7)?, row.small(8)?)),
    };
    let failed = match row.at::<Option<&[u8]>>(9)? {
        None => None,
        Some(_) => Some(key(9, 10)?),
    };
    Ok(DocumentState {
        id: DocumentId(row.at(0)?),
        name: row.text(1)?,
        head,
        open,
        failed,
        // A document that was never visible has no label yet.
        label: Label {
            domain: row.text_or_none(11)?.unwrap_or_default(),
            category: row.text_or_none(12)?.unwrap_or_default(),
        },
        own: OwnLabel { domain: row.text_or_none(13)?, category: row.text_or_none(14)? },
        mixed: row.at(15)?,
        chunks: row.small(16)?,
    })
}

/// Visible documents of the file that the run which wrote its gate neither wrote nor saw.
pub(crate) async fn stale(
    session: &Session,
    source: SourceId,
    file: &str,
    limit: usize,
) -> Outcome<Vec<DocumentId>> {
    let sql = "SELECT d.id FROM file f JOIN document d ON d.source=f.source AND d.file=f.name
        WHERE f.source=$1 AND f.name=$2 AND f.stale>0 AND d.last_run<f.run AND d.version>0 LIMIT $3";
    let params: [Param<'_>; 3] =
        [(&source.0, Type::INT8), (&escaped(file), Type::TEXT), (&(limit as i64), Type::INT8)];
    session.rows(sql, &params).await?.iter().map(|row| row.at(0).map(DocumentId)).collect()
}
