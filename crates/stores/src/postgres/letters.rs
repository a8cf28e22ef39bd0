//! Dead letters: documents and chunks that could not be taken in.

use super::apply::Writing;
use super::batch::{About, LetterOp};
use super::error::{Cause, Outcome};
use super::session::{Columns as _, Param, Session};
use super::texts::escaped;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use types::failure::Failure;
use types::ledger::DeadLetter;

/// Stands for the whole document in the column of sequence numbers.
const WHOLE: i64 = -1;

impl Writing<'_> {
    /// In order, since a letter may be written and settled by the same change.
    pub(crate) async fn post_letters(&self, letters: &[LetterOp<'_>]) -> Outcome<()> {
        for letter in letters {
            self.post(letter).await?;
        }
        Ok(())
    }

    async fn post(&self, letter: &LetterOp<'_>) -> Outcome<()> {
        let (sql, source, name, version) = match letter {
            LetterOp::Put { about, failure } => return self.put_letter(about, failure).await,
            LetterOp::Settle { source, document, head } => (
                "DELETE FROM dead_letter WHERE source=$1 AND document=$2 AND (chunk=-1 OR version<>$3)",
                source,
                document.as_str(),
                Some(head),
            ),
            LetterOp::ForgetVersion { source, document, version } => (
                "DELETE FROM dead_letter WHERE source=$1 AND document=$2 AND chunk>=0 AND version=$3",
                source,
                document.as_str(),
                Some(version),
            ),
            LetterOp::ForgetDocument { source, document } => (
                "DELETE FROM dead_letter WHERE source=$1 AND document=$2",
                source,
                document.as_str(),
                None,
            ),
            LetterOp::ForgetFile { source, file } => {
                ("DELETE FROM dead_letter WHERE source=$1 AND file=$2", source, *file, None)
            }
        };
        let name = escaped(name);
        let mut params: Vec<Param<'_>> = vec![(source, Type::INT8), (&name, Type::TEXT)];
        params.extend(version.map(|version| (version as _, Type::INT8)));
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    /// Writes the letter, or counts one more attempt of the one that is there.
    async fn put_letter(&self, about: &About<'_>, failure: &Failure) -> Outcome<()> {
        let sql = "INSERT INTO dead_letter AS l(source, file, document, chunk, version, content,
              pipeline, class, message, hint, attempts, first_at, last_at)
            VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $11)
            ON CONFLICT(source, document, chunk) DO UPDATE SET
              attempts=CASE WHEN l.content=excluded.content THEN l.attempts+1 ELSE 1 END,
              first_at=CASE WHEN l.content=excluded.content THEN l.first_at ELSE excluded.first_at END,
              file=excluded.file, version=excluded.version, content=excluded.content,
              pipeline=excluded.pipeline, class=excluded.class, message=excluded.message,
              hint=excluded.hint, last_at=excluded.last_at";
        let params: [Param<'_>; 11] = [
            (&about.source, Type::INT8),
            (&escaped(about.file), Type::TEXT),
            (&escaped(about.document), Type::TEXT),
            (&about.chunk.map_or(WHOLE, i64::from), Type::INT8),
            (&about.version, Type::INT8),
            (&&about.key.content.0[..], Type::BYTEA),
            (&&about.key.pipeline.0[..], Type::BYTEA),
            (&failure.class.as_str(), Type::TEXT),
            (&escaped(&failure.message), Type::TEXT),
            (&escaped(&failure.hint), Type::TEXT),
            (&self.now, Type::INT8),
        ];
        self.session.execute(sql, &params).await?;
        Ok(())
    }
}

/// By source, document and position.
pub(crate) async fn list(session: &Session) -> Outcome<Vec<DeadLetter>> {
    let sql =
        "SELECT l.id, s.name, l.file, l.document, l.chunk, l.class, l.message, l.hint, l.attempts,
          l.first_at, l.last_at
        FROM dead_letter l JOIN source s ON s.id=l.source ORDER BY s.name, l.document, l.chunk";
    session.rows(sql, &[]).await?.iter().map(letter).collect()
}

fn letter(row: &Row) -> Outcome<DeadLetter> {
    let chunk: i64 = row.at(4)?;
    let class = row.text(5)?;
    let class =
        class.parse().map_err(|e| Cause::damaged(format!("a dead letter cannot be read: {e}")))?;
    Ok(DeadLetter {
        id: row.at(0)?,
        source: row.text(1)?,
        file: row.text(2)?,
        document: row.text(3)?,
        chunk: u32::try_from(chunk).ok(),
        failure: Failure::new(class, row.text(6)?, row.text(7)?),
        attempts: row.small(8)?,
        first_at: row.at(9)?,
        last_at: row.at(10)?,
    })
}

/// Takes the gates of what the letters are about.
pub(crate) async fn mark_for_retry(session: &Session, ids: &[i64]) -> Outcome<()> {
    // A head that failed in part is both: its gate goes whichever of its letters is asked for. Of a document
    // with several letters, the first statement does what all of them want.
    let whole = "UPDATE document d SET failed_content=NULL, failed_pipeline=NULL,
          content=CASE WHEN d.version>0 AND d.content=d.failed_content THEN $2 ELSE d.content END,
          state=CASE WHEN d.state IN (2, 4) THEN 3 ELSE d.state END, not_before=clock_timestamp()
        FROM dead_letter l WHERE l.id=ANY($1) AND l.chunk<0 AND d.source=l.source AND d.name=l.document";
    let chunk = "UPDATE document d SET
          failed_content=CASE WHEN d.content=d.failed_content THEN NULL ELSE d.failed_content END,
          failed_pipeline=CASE WHEN d.content=d.failed_content THEN NULL ELSE d.failed_pipeline END,
          content=CASE WHEN d.version>0 THEN $2 ELSE d.content END,
          state=CASE WHEN d.state IN (2, 4) THEN 3 ELSE d.state END, not_before=clock_timestamp()
        WHERE EXISTS(SELECT 1 FROM dead_letter l WHERE l.id=ANY($1) AND l.chunk>=0
          AND d.source=l.source AND d.name=l.document)";
    let zeros: &[u8] = &[0; 32];
    let params: [Param<'_>; 2] = [(&ids, Type::INT8_ARRAY), (&zeros, Type::BYTEA)];
    session.execute(whole, &params).await?;
    session.execute(chunk, &params).await?;
    let gates = "UPDATE file f SET size=-1 FROM dead_letter l
        WHERE l.id=ANY($1) AND f.source=l.source AND f.name=l.file";
    session.execute(gates, &[(&ids, Type::INT8_ARRAY)]).await?;
    Ok(())
}

pub(crate) async fn purge(session: &Session, ids: &[i64]) -> Outcome<()> {
    session
        .execute("DELETE FROM dead_letter WHERE id=ANY($1)", &[(&ids, Type::INT8_ARRAY)])
        .await?;
    Ok(())
}
