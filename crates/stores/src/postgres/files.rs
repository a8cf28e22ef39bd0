//! Gates of files.

use super::apply::Writing;
use super::batch::Batch;
use super::documents;
use super::error::Outcome;
use super::labels::Labels;
use super::session::{Columns as _, Param, Session};
use super::texts::{escaped, unescaped};
use std::collections::HashMap;
use tokio_postgres::types::Type;
use types::ledger::{Change, FileState, SourceId};

/// Size of a file whose gate was taken; no file has it.
const TAKEN: i64 = -1;

/// In bytewise order of names, after `after`.
pub(crate) async fn after(
    session: &Session,
    source: SourceId,
    after: Option<&str>,
    limit: usize,
) -> Outcome<Vec<FileState>> {
    let sql =
        "SELECT name, size, modified_ns, pipeline, labelling, documents, failed, stale FROM file
        WHERE source=$1 AND name>$2 ORDER BY name LIMIT $3";
    let params: [Param<'_>; 3] = [
        (&source.0, Type::INT8),
        (&escaped(after.unwrap_or_default()), Type::TEXT),
        (&(limit as i64), Type::INT8),
    ];
    let rows = session.rows(sql, &params).await?;
    rows.iter()
        .map(|row| {
            Ok(FileState {
                name: unescaped(row.at(0)?),
                // Bit for bit: a taken gate becomes a size that no file has.
                size: row.at::<i64>(1)? as u64,
                modified_ns: row.at(2)?,
                pipeline: row.hash(3)?,
                labelling: row.hash(4)?,
                documents: row.small(5)?,
                failed: row.small(6)?,
                stale: row.small(7)?,
            })
        })
        .collect()
}

impl Writing<'_> {
    pub(crate) async fn change_files(&mut self, batch: &Batch<'_>) -> Outcome<()> {
        self.lose_documents(&batch.lost).await?;
        if batch.removed_files.is_empty() {
            return Ok(());
        }
        let sources: Vec<i64> = batch.removed_files.iter().map(|(source, _)| *source).collect();
        let names: Vec<_> = batch.removed_files.iter().map(|(_, name)| escaped(name)).collect();
        let sql = "DELETE FROM file WHERE (source, name) IN
            (SELECT * FROM unnest($1::bigint[], $2::text[]))";
        let params: [Param<'_>; 2] = [(&sources, Type::INT8_ARRAY), (&names, Type::TEXT_ARRAY)];
        self.totals.files -= self.session.execute(sql, &params).await? as i64;
        Ok(())
    }

    /// A file whose documents come in has a row from the first of them on, with a gate that is open: so it is
    /// found when it goes before a run has finished it.
    /// Gives how many are new.
    pub(crate) async fn note_files(&self, noted: &[(i64, &str, i64)]) -> Outcome<i64> {
        if noted.is_empty() {
            return Ok(0);
        }
        let sources: Vec<i64> = noted.iter().map(|(source, ..)| *source).collect();
        let names: Vec<_> = noted.iter().map(|(_, name, _)| escaped(name)).collect();
        let runs: Vec<i64> = noted.iter().map(|(.., run)| *run).collect();
        let sql = "INSERT INTO file SELECT DISTINCT ON (source, name) source, name, $4::bigint, 0, $5::bytea,
              $5::bytea, 0, 0, 0, run
            FROM unnest($1::bigint[], $2::text[], $3::bigint[]) n(source, name, run)
            ORDER BY source, name ON CONFLICT DO NOTHING";
        let zeros: &[u8] = &[0; 32];
        let params: [Param<'_>; 5] = [
            (&sources, Type::INT8_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&runs, Type::INT8_ARRAY),
            (&TAKEN, Type::INT8),
            (&zeros, Type::BYTEA),
        ];
        Ok(self.session.execute(sql, &params).await? as i64)
    }

    /// After documents are gone their file's gate must not claim more than is left.
    async fn lose_documents(&self, lost: &[(i64, String, i64)]) -> Outcome<()> {
        for (source, file, last_run) in lost {
            let file = escaped(file);
            let stale = "UPDATE file SET stale=greatest(0, stale-1)
                WHERE source=$1 AND name=$2 AND run>$3";
            let params: [Param<'_>; 3] =
                [(source, Type::INT8), (&file, Type::TEXT), (last_run, Type::INT8)];
            if self.session.execute(stale, &params).await? == 0 {
                let fresh = "UPDATE file f SET documents=least(f.documents, n.fresh), failed=least(f.failed, n.fresh)
                    FROM (SELECT count(*) AS fresh FROM document d JOIN file g ON g.source=d.source AND g.name=d.file
                      WHERE g.source=$1 AND g.name=$2 AND d.last_run>=g.run) n
                    WHERE f.source=$1 AND f.name=$2";
                self.session.execute(fresh, &params[..2]).await?;
            }
        }
        Ok(())
    }

    /// A document that was never visible and is no longer in its file leaves nothing worth keeping. Gives the
    /// place of the gate's change and the chunks that went.
    pub(crate) async fn forget_unseen(&mut self, changes: &[Change]) -> Outcome<Vec<(usize, u64)>> {
        let (mut sources, mut files, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        let mut places = HashMap::new();
        for (place, change) in changes.iter().enumerate() {
            if let Change::File { source, state, run } = change {
                places.insert((source.0, state.name.as_str()), place);
                sources.push(source.0);
                files.push(escaped(&state.name));
                runs.push(*run);
            }
        }
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {} FROM unnest($1::bigint[], $2::text[], $3::bigint[]) g(source, file, run)
             JOIN document d ON d.source=g.source AND d.file=g.file AND d.last_run<g.run AND d.version=0",
            documents::ROW
        );
        let params: [Param<'_>; 3] =
            [(&sources, Type::INT8_ARRAY), (&files, Type::TEXT_ARRAY), (&runs, Type::INT8_ARRAY)];
        let rows = self.session.rows(&sql, &params).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = Batch::new();
        let mut removed = Vec::new();
        for row in &rows {
            let document = documents::document_row(row)?;
            let gone = self.remove(&mut batch, &document).removed;
            let place = places.get(&(document.source, document.file.as_str()));
            removed.extend(place.map(|place| (*place, gone)));
        }
        self.flush(&mut batch, &Labels::default()).await?;
        Ok(removed)
    }

    /// Writes gates after the last of their files' documents.
    pub(crate) async fn put_gates(&mut self, batch: &Batch<'_>) -> Outcome<()> {
        let gates = &batch.gates;
        if gates.is_empty() {
            return Ok(());
        }
        let sources: Vec<i64> = gates.iter().map(|(source, ..)| *source).collect();
        let runs: Vec<i64> = gates.iter().map(|(.., run)| *run).collect();
        let of = |value: fn(&FileState) -> i64| -> Vec<i64> {
            gates.iter().map(|(_, state, _)| value(state)).collect()
        };
        let names: Vec<_> = gates.iter().map(|(_, state, _)| escaped(&state.name)).collect();
        let pipelines: Vec<&[u8]> =
            gates.iter().map(|(_, state, _)| &state.pipeline.0[..]).collect();
        let labellings: Vec<&[u8]> =
            gates.iter().map(|(_, state, _)| &state.labelling.0[..]).collect();
        // xmax is 0 in a row that this statement inserted.
        let sql = "INSERT INTO file AS f SELECT g.source, g.name, g.size, g.modified_ns, g.pipeline, g.labelling,
              g.documents, g.failed, (SELECT count(*) FROM document d WHERE d.source=g.source
                AND d.file=g.name AND d.last_run<g.run AND d.version>0), g.run
            FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[],
              $7::bigint[], $8::bigint[], $9::bigint[])
            AS g(source, name, size, modified_ns, pipeline, labelling, documents, failed, run)
            ON CONFLICT(source, name) DO UPDATE SET size=excluded.size, modified_ns=excluded.modified_ns,
              pipeline=excluded.pipeline, labelling=excluded.labelling, documents=excluded.documents,
              failed=excluded.failed, stale=excluded.stale, run=excluded.run
            RETURNING (f.xmax=0)";
        let (sizes, times) = (of(|state| state.size as i64), of(|state| state.modified_ns));
        let (documents, failed) =
            (of(|state| i64::from(state.documents)), of(|state| i64::from(state.failed)));
        let params: [Param<'_>; 9] = [
            (&sources, Type::INT8_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&sizes, Type::INT8_ARRAY),
            (&times, Type::INT8_ARRAY),
            (&pipelines, Type::BYTEA_ARRAY),
            (&labellings, Type::BYTEA_ARRAY),
            (&documents, Type::INT8_ARRAY),
            (&failed, Type::INT8_ARRAY),
            (&runs, Type::INT8_ARRAY),
        ];
        for row in self.session.rows(sql, &params).await? {
            self.totals.files += i64::from(row.at::<bool>(0)?);
        }
        Ok(())
    }
}

/// The next run opens the file whatever it looks like.
pub(crate) async fn take_gate(session: &Session, source: i64, file: &str) -> Outcome<()> {
    let sql = "UPDATE file SET size=$3 WHERE source=$1 AND name=$2";
    let params: [Param<'_>; 3] =
        [(&source, Type::INT8), (&escaped(file), Type::TEXT), (&TAKEN, Type::INT8)];
    session.execute(sql, &params).await?;
    Ok(())
}
