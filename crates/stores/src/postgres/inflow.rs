//! The rows of a group on their way into their tables.
//!
//! Words are split and rows encoded while the server takes in the rows before them, so that whichever of the two
//! is slower is all that a batch waits for.

use super::apply::Writing;
use super::batch::Batch;
use super::copy::CopyRows;
use super::error::{Cause, Outcome};
use super::group::Known;
use super::segment::{CHUNK_COLUMNS, VECTOR_COLUMNS};
use super::session::Copying;
use super::together::together;
use types::ledger::{Applied, Change};
use types::record::Vector;

/// Rows of vectors that are still to be sent, where there are any.
#[derive(Debug)]
pub(crate) struct Vectors(Option<(Copying, CopyRows)>);

impl Vectors {
    pub(crate) async fn end(self) -> Outcome<()> {
        if let Some((copying, rows)) = self.0 {
            copying.end(rows).await?;
        }
        Ok(())
    }
}

impl Writing<'_> {
    /// Goes through the changes of a group; their chunks are in when it returns.
    pub(crate) async fn take_in<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        known: &Known,
        changes: &'c [Change],
    ) -> Outcome<(Vec<Applied>, Vectors)> {
        let mut applied = Vec::with_capacity(changes.len());
        let mut rest = changes.iter();
        if changes.iter().all(|change| stored_chunks(change) == 0) {
            self.encode(batch, known, (&mut rest, &mut applied))?;
            return Ok((applied, Vectors(None)));
        }
        let session = self.session;
        let sql = format!("COPY chunk({CHUNK_COLUMNS}) FROM STDIN (FORMAT binary)");
        let first = async { self.encode(batch, known, (&mut rest, &mut applied)) };
        let (mut chunks, ()) = together(session.copy(&sql), first).await?;
        while !rest.as_slice().is_empty() {
            chunks.send(&mut batch.chunks).await?;
            self.encode(batch, known, (&mut rest, &mut applied))?;
        }
        let rows = std::mem::replace(&mut batch.chunks, CopyRows::new());
        chunks.end(rows).await?;
        fault::point("store.apply.copied")?;
        // Not before: a COPY that cannot begin, as in a failed transaction, leaves the driver with one answer too many.
        let vectors = self.begin_vectors(batch).await?;
        Ok((applied, vectors))
    }

    /// Until there is enough to send.
    fn encode<'c>(
        &mut self,
        batch: &mut Batch<'c>,
        known: &Known,
        (changes, applied): (&mut std::slice::Iter<'c, Change>, &mut Vec<Applied>),
    ) -> Outcome<()> {
        while !batch.chunks.has_piece()
            && let Some(change) = changes.next()
        {
            applied.push(self.change(batch, known, change)?);
        }
        Ok(())
    }

    async fn begin_vectors(&self, batch: &mut Batch<'_>) -> Outcome<Vectors> {
        let rows = std::mem::replace(&mut batch.vectors, CopyRows::new());
        if rows.is_empty() {
            return Ok(Vectors(None));
        }
        let bound = self.bound.as_ref();
        let bound = bound.ok_or_else(|| Cause::contract("vectors came before their model"))?;
        let table = &bound.table;
        let sql = format!("COPY {table}({VECTOR_COLUMNS}) FROM STDIN (FORMAT binary)");
        Ok(Vectors(Some((self.session.copy(&sql).await?, rows))))
    }
}

/// Rows that a change writes.
pub(crate) fn stored_chunks(change: &Change) -> usize {
    let Change::Segment(segment) = change else { return 0 };
    segment.records.iter().filter(|record| !matches!(record.vector, Vector::Refused(_))).count()
}
