//! Changes in a row that can be gathered and sent together.
//!
//! A group never touches a document twice, and nothing in it follows the gate of its own file, so that the order
//! in which the effects are sent does not matter.

use super::documents::{self, DocumentRow};
use super::error::Outcome;
use super::session::{Param, Session};
use super::texts::escaped;
use std::collections::{HashMap, HashSet};
use tokio_postgres::types::Type;
use types::ledger::{Change, DocumentId};

/// Documents that changes name, as they were before the first of them, locked.
#[derive(Debug, Default)]
pub(crate) struct Known {
    rows: HashMap<i64, DocumentRow>,
    by_name: HashMap<(i64, String), i64>,
    by_file: HashMap<(i64, String), Vec<i64>>,
}

impl Known {
    pub(crate) fn insert(&mut self, row: DocumentRow) {
        self.by_name.insert((row.source, row.name.clone()), row.id);
        self.by_file.entry((row.source, row.file.clone())).or_default().push(row.id);
        self.rows.insert(row.id, row);
    }

    pub(crate) fn named(&self, source: i64, name: &str) -> Option<&DocumentRow> {
        self.by_name.get(&(source, name.to_owned())).and_then(|id| self.rows.get(id))
    }

    pub(crate) fn get(&self, document: DocumentId) -> Option<&DocumentRow> {
        self.rows.get(&document.0)
    }

    pub(crate) fn of_file(&self, source: i64, file: &str) -> Vec<&DocumentRow> {
        let ids = self.by_file.get(&(source, file.to_owned()));
        ids.into_iter().flatten().filter_map(|id| self.rows.get(id)).collect()
    }

    /// Locked in the order of their numbers, so that two writers do not wait for each other for ever.
    pub(crate) async fn load(session: &Session, changes: &[Change]) -> Outcome<Self> {
        let (mut ids, mut sources, mut names) = (Vec::new(), Vec::new(), Vec::new());
        let (mut file_sources, mut files) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                Change::Segment(segment) => {
                    sources.push(segment.source.0);
                    names.push(escaped(&segment.name));
                }
                Change::Failed(failed) => {
                    sources.push(failed.source.0);
                    names.push(escaped(&failed.name));
                }
                Change::Seen { document, .. }
                | Change::Relabel { document, .. }
                | Change::Remove { document } => ids.push(document.0),
                Change::RemoveFile { source, name } => {
                    file_sources.push(source.0);
                    files.push(escaped(name));
                }
                Change::File { .. } => {}
            }
        }
        let mut known = Self::default();
        if ids.is_empty() && names.is_empty() && files.is_empty() {
            return Ok(known);
        }
        let sql = format!(
            "SELECT {} FROM document d WHERE d.id IN (
               SELECT unnest($1::bigint[])
               UNION SELECT x.id FROM unnest($2::bigint[], $3::text[]) k(source, name)
                 JOIN document x ON x.source=k.source AND x.name=k.name
               UNION SELECT x.id FROM unnest($4::bigint[], $5::text[]) k(source, file)
                 JOIN document x ON x.source=k.source AND x.file=k.file)
             ORDER BY d.id FOR UPDATE OF d",
            documents::ROW
        );
        let params: [Param<'_>; 5] = [
            (&ids, Type::INT8_ARRAY),
            (&sources, Type::INT8_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&file_sources, Type::INT8_ARRAY),
            (&files, Type::TEXT_ARRAY),
        ];
        for row in &session.rows(&sql, &params).await? {
            known.insert(documents::document_row(row)?);
        }
        Ok(known)
    }

    /// Makes rows for documents that these changes begin and that are not there.
    pub(crate) async fn make_missing(
        &mut self,
        session: &Session,
        changes: &[Change],
    ) -> Outcome<()> {
        let (mut sources, mut files) = (Vec::new(), Vec::new());
        let (mut names, mut runs) = (Vec::new(), Vec::new());
        for change in changes {
            let (source, file, name, run) = match change {
                Change::Segment(segment) if segment.first == 0 => {
                    (segment.source.0, &segment.file, &segment.name, segment.run)
                }
                Change::Failed(failed) => (failed.source.0, &failed.file, &failed.name, failed.run),
                _ => continue,
            };
            if self.named(source, name).is_none() {
                sources.push(source);
                files.push(escaped(file));
                names.push(escaped(name));
                runs.push(run);
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO document AS d(source, file, name, last_run)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
             RETURNING {}",
            documents::ROW
        );
        let params: [Param<'_>; 4] = [
            (&sources, Type::INT8_ARRAY),
            (&files, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&runs, Type::INT8_ARRAY),
        ];
        for row in &session.rows(&sql, &params).await? {
            self.insert(documents::document_row(row)?);
        }
        Ok(())
    }
}

/// How many of the changes make the first group.
pub(crate) fn first(changes: &[Change], known: &Known) -> usize {
    let mut group =
        Group { known, documents: HashSet::new(), files: HashSet::new(), settled: HashSet::new() };
    changes.iter().position(|change| !group.admits(change)).unwrap_or(changes.len())
}

struct Group<'c> {
    known: &'c Known,
    documents: HashSet<(i64, &'c str)>,
    /// Of documents in the group.
    files: HashSet<(i64, &'c str)>,
    /// Files whose gate is written, or that are removed.
    settled: HashSet<(i64, &'c str)>,
}

impl<'c> Group<'c> {
    fn admits(&mut self, change: &'c Change) -> bool {
        match change {
            Change::Segment(segment) => {
                self.admits_document(segment.source.0, &segment.name, &segment.file)
            }
            Change::Failed(failed) => {
                self.admits_document(failed.source.0, &failed.name, &failed.file)
            }
            Change::Seen { document, .. }
            | Change::Relabel { document, .. }
            | Change::Remove { document } => match self.known.get(*document) {
                Some(row) => self.admits_document(row.source, &row.name, &row.file),
                None => true,
            },
            Change::File { source, state, .. } => self.settled.insert((source.0, &state.name)),
            Change::RemoveFile { source, name } => {
                let file = (source.0, name.as_str());
                !self.files.contains(&file) && self.settled.insert(file)
            }
        }
    }

    fn admits_document(&mut self, source: i64, name: &'c str, file: &'c str) -> bool {
        let was_in = self.known.named(source, name).map(|row| (source, row.file.as_str()));
        let files = [Some((source, file)), was_in];
        if files.iter().flatten().any(|file| self.settled.contains(file)) {
            return false;
        }
        self.files.extend(files.into_iter().flatten());
        self.documents.insert((source, name))
    }
}
