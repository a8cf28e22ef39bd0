//! Every row of a chunk and every vector against its checksum.

use super::super::entries::{SUMMED, sum_of};
use super::super::session::{Columns as _, Param};
use super::super::vectors;
use super::{Check, Cure, Outcome};
use crate::sums::text_hash_of;
use futures_util::TryStreamExt as _;
use std::pin::pin;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

/// What is wrong with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Text,
    Row,
    Vector,
}

impl Fault {
    fn invariant(self) -> &'static str {
        match self {
            Self::Text => "text_hash",
            Self::Row => "chunk_row",
            Self::Vector => "vector",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Text => "the text",
            Self::Row => "the row",
            Self::Vector => "the vector",
        }
    }
}

impl Check<'_> {
    /// One pass over all bytes, a row at a time.
    pub(super) async fn contents(&mut self) -> Outcome<()> {
        let damaged = self.scan().await?;
        let (mut chunks, mut vectors) = (Vec::new(), Vec::new());
        for (chunk, document, fault) in damaged {
            self.unsound.insert(document);
            match fault {
                // The vector stays: it carries the hash of the text that it was made of.
                Fault::Text | Fault::Row => chunks.push(chunk),
                Fault::Vector => vectors.push(chunk),
            }
        }
        if !self.mends() {
            return Ok(());
        }
        let sql = "DELETE FROM chunk WHERE id=ANY($1)";
        self.session.execute(sql, &[(&chunks, Type::INT8_ARRAY)]).await?;
        if let Some(bound) = &self.bound {
            let sql = format!("DELETE FROM {} WHERE chunk=ANY($1)", bound.table);
            self.session.execute(&sql, &[(&vectors, Type::INT8_ARRAY)]).await?;
        }
        Ok(())
    }

    /// Chunk, document and fault of each damaged row.
    async fn scan(&mut self) -> Outcome<Vec<(i64, i64, Fault)>> {
        let sql = format!(
            "SELECT c.id, c.document, c.text_hash, c.text, v.text_hash, v.check_sum, vector_send(v.v), d.name,
               c.check_sum, {SUMMED}
             FROM chunk c LEFT JOIN {} v ON v.chunk=c.id LEFT JOIN document d ON d.id=c.document",
            self.vectors()
        );
        let no_params: [Param<'_>; 0] = [];
        let mut rows = pin!(self.session.stream(&sql, &no_params).await?);
        let mut damaged = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let Some(fault) = fault_of(&row)? else { continue };
            let (chunk, document): (i64, i64) = (row.at(0)?, row.at(1)?);
            let subject = row.text_or_none(7)?.unwrap_or_else(|| format!("document {document}"));
            let message = format!("{} of chunk {chunk} is not what was stored", fault.what());
            self.findings.add(fault.invariant(), subject, message, Cure::Ingest);
            damaged.push((chunk, document, fault));
        }
        damaged.sort_unstable_by_key(|(chunk, ..)| *chunk);
        Ok(damaged)
    }
}

fn fault_of(row: &Row) -> Outcome<Option<Fault>> {
    let hash: &[u8] = row.at(2)?;
    if hash != text_hash_of(row.text(3)?.as_bytes()) {
        return Ok(Some(Fault::Text));
    }
    if row.at::<i64>(8)? != sum_of(row, 9)? {
        return Ok(Some(Fault::Row));
    }
    let Some(sum) = row.at::<Option<i64>>(5)? else { return Ok(None) };
    let of_text = row.at::<&[u8]>(4)? == hash;
    Ok((!of_text || vectors::intact(sum, row.at(6)?).is_none()).then_some(Fault::Vector))
}
