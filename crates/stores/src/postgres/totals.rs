//! Counts of the whole store, kept by every transaction.

use super::error::Outcome;
use super::session::{Columns as _, Param, Session};
use tokio_postgres::types::Type;
use types::seam::Counts;

/// Rows of the table `total`.
pub(crate) const SLOTS: i64 = 16;

/// Reads a row per kind of thing, never the store.
pub(crate) async fn counts(session: &Session) -> Outcome<Counts> {
    let totals = Totals::sum(session).await?;
    let row = session
        .one(
            "SELECT (SELECT count(*) FROM source), (SELECT count(*) FROM dead_letter),
               (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                WHERE c.relnamespace=current_schema()::regnamespace AND c.relkind='r')",
            &[],
        )
        .await?;
    let count = |column: usize| -> Outcome<u64> { Ok(row.at::<i64>(column)? as u64) };
    Ok(Counts {
        sources: count(0)?,
        files: totals.files as u64,
        documents: totals.documents as u64,
        chunks: totals.chunks as u64,
        without_vector: totals.without_vector as u64,
        dead_letters: count(1)?,
        open: totals.open as u64,
        bytes: count(2)?,
    })
}

/// What a transaction adds, or what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) files: i64,
    pub(crate) documents: i64,
    pub(crate) chunks: i64,
    pub(crate) without_vector: i64,
    /// Words of visible chunks.
    pub(crate) length: i64,
    pub(crate) open: i64,
}

impl Totals {
    /// As the transactions wrote it down.
    pub(crate) async fn sum(session: &Session) -> Outcome<Self> {
        Self::read(
            session,
            "SELECT coalesce(sum(files), 0)::bigint, coalesce(sum(documents), 0)::bigint,
               coalesce(sum(chunks), 0)::bigint, coalesce(sum(without_vector), 0)::bigint,
               coalesce(sum(length), 0)::bigint, coalesce(sum(open), 0)::bigint FROM total",
        )
        .await
    }

    /// Out of the rows themselves, for `verify`.
    pub(crate) async fn recount(session: &Session) -> Outcome<Self> {
        Self::read(
            session,
            "SELECT (SELECT count(*) FROM file), count(*) FILTER (WHERE version>0),
               coalesce(sum(chunks) FILTER (WHERE version>0), 0)::bigint,
               coalesce(sum(without_vector) FILTER (WHERE version>0), 0)::bigint,
               coalesce(sum(length) FILTER (WHERE version>0), 0)::bigint,
               count(*) FILTER (WHERE open_version IS NOT NULL) FROM document",
        )
        .await
    }

    async fn read(session: &Session, sql: &str) -> Outcome<Self> {
        let row = session.one(sql, &[]).await?;
        Ok(Self {
            files: row.at(0)?,
            documents: row.at(1)?,
            chunks: row.at(2)?,
            without_vector: row.at(3)?,
            length: row.at(4)?,
            open: row.at(5)?,
        })
    }

    pub(crate) async fn add_to(self, session: &Session, slot: i64) -> Outcome<()> {
        if self == Self::default() {
            return Ok(());
        }
        let sql =
            "INSERT INTO total VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(slot) DO UPDATE SET
              files=total.files+excluded.files, documents=total.documents+excluded.documents,
              chunks=total.chunks+excluded.chunks,
              without_vector=total.without_vector+excluded.without_vector,
              length=total.length+excluded.length, open=total.open+excluded.open";
        let params: [Param<'_>; 7] = [
            (&slot, Type::INT8),
            (&self.files, Type::INT8),
            (&self.documents, Type::INT8),
            (&self.chunks, Type::INT8),
            (&self.without_vector, Type::INT8),
            (&self.length, Type::INT8),
            (&self.open, Type::INT8),
        ];
        session.execute(sql, &params).await?;
        Ok(())
    }

    /// Replaces what is written down.
    pub(crate) async fn write(self, session: &Session) -> Outcome<()> {
        session.execute("DELETE FROM total", &[]).await?;
        self.add_to(session, 0).await
    }
}
