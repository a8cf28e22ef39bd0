//! Pairs of domain and category, and which documents have chunks in them.
//!
//! A chunk with a label of its own has no pair in its row, unlike in a file: what it says and what its document's
//! label says are joined where it is read, so that new labels touch no chunk.

use super::apply::Writing;
use super::batch::{Batch, Enter};
use super::error::{Cause, Outcome};
use super::session::{Columns as _, Param, Session};
use super::texts::escaped;
use std::collections::{BTreeSet, HashMap};
use tokio_postgres::types::Type;
use types::document::Label;
use types::ledger::PairState;

/// Pairs of a group's labels.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashMap<Label, i64>);

impl Labels {
    pub(crate) fn id(&self, label: &Label) -> Outcome<i64> {
        let id = self.0.get(label).copied();
        id.ok_or_else(|| Cause::damaged("a pair that was just inserted cannot be found"))
    }
}

pub(crate) async fn find(session: &Session, label: &Label) -> Outcome<Option<i64>> {
    let sql = "SELECT id FROM pair WHERE domain=$1 AND category=$2";
    let params: [Param<'_>; 2] =
        [(&escaped(&label.domain), Type::TEXT), (&escaped(&label.category), Type::TEXT)];
    session.row(sql, &params).await?.map(|row| row.at(0)).transpose()
}

/// Pairs that hold something, in order.
pub(crate) async fn all(session: &Session) -> Outcome<Vec<PairState>> {
    let sql = "SELECT domain, category, revision FROM pair p
        WHERE EXISTS(SELECT 1 FROM document_pair WHERE pair=p.id) ORDER BY domain, category";
    let rows = session.rows(sql, &[]).await?;
    rows.iter()
        .map(|row| {
            let label = Label { domain: row.text(0)?, category: row.text(1)? };
            Ok(PairState { label, revision: row.at(2)? })
        })
        .collect()
}

/// Rows of these labels, made where they are missing.
pub(crate) async fn resolve(
    session: &Session,
    labels: impl Iterator<Item = &Label>,
) -> Outcome<Labels> {
    let wanted: BTreeSet<&Label> = labels.collect();
    if wanted.is_empty() {
        return Ok(Labels::default());
    }
    let domains: Vec<_> = wanted.iter().map(|label| escaped(&label.domain)).collect();
    let categories: Vec<_> = wanted.iter().map(|label| escaped(&label.category)).collect();
    let params: [Param<'_>; 2] = [(&domains, Type::TEXT_ARRAY), (&categories, Type::TEXT_ARRAY)];
    let find =
        "SELECT p.id, p.domain, p.category FROM unnest($1::text[], $2::text[]) w(domain, category)
        JOIN pair p ON p.domain=w.domain AND p.category=w.category";
    let mut rows = session.rows(find, &params).await?;
    if rows.len() < wanted.len() {
        let make = "INSERT INTO pair(domain, category) SELECT * FROM unnest($1::text[], $2::text[])
            ON CONFLICT DO NOTHING";
        session.execute(make, &params).await?;
        rows = session.rows(find, &params).await?;
    }
    let mut found = HashMap::new();
    for row in &rows {
        found.insert(Label { domain: row.text(1)?, category: row.text(2)? }, row.at(0)?);
    }
    Ok(Labels(found))
}

impl Writing<'_> {
    /// Gives the pairs that changed.
    pub(crate) async fn change_pairs(
        &self,
        batch: &Batch<'_>,
        labels: &Labels,
    ) -> Outcome<Vec<i64>> {
        let mut touched = self.leave_pairs(&batch.leave).await?;
        touched.extend(self.enter_pairs(&batch.enter, labels).await?);
        self.write_labels(&batch.labelled).await?;
        Ok(touched)
    }

    /// Takes documents out of their pairs, which it gives.
    pub(crate) async fn leave_pairs(&self, documents: &[i64]) -> Outcome<Vec<i64>> {
        if documents.is_empty() {
            return Ok(Vec::new());
        }
        let sql = "DELETE FROM document_pair WHERE document=ANY($1) RETURNING pair";
        let rows = self.session.rows(sql, &[(&documents, Type::INT8_ARRAY)]).await?;
        rows.iter().map(|row| row.at(0)).collect()
    }

    /// Puts heads into the pairs of their chunks, which it gives.
    pub(crate) async fn enter_pairs(
        &self,
        heads: &[Enter<'_>],
        labels: &Labels,
    ) -> Outcome<Vec<i64>> {
        let mut touched = Vec::new();
        if heads.is_empty() {
            return Ok(touched);
        }
        let (mut pairs, mut names) = (Vec::new(), Vec::new());
        let (mut documents, mut chunks) = (Vec::new(), Vec::new());
        for head in heads {
            let pair = labels.id(head.label)?;
            if head.mixed {
                touched.extend(self.enter_by_chunks(head).await?);
            } else if head.chunks > 0 {
                pairs.push(pair);
                names.push(escaped(&head.name));
                documents.push(head.document);
                chunks.push(head.chunks);
            }
        }
        let insert = "INSERT INTO document_pair(pair, name, document, chunks)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])";
        let params: [Param<'_>; 4] = [
            (&pairs, Type::INT8_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&documents, Type::INT8_ARRAY),
            (&chunks, Type::INT8_ARRAY),
        ];
        self.session.execute(insert, &params).await?;
        touched.extend(pairs);
        Ok(touched)
    }

    /// Of documents whose head stays.
    pub(crate) async fn write_labels(&self, labelled: &[(i64, i64)]) -> Outcome<()> {
        if labelled.is_empty() {
            return Ok(());
        }
        let (documents, pairs): (Vec<i64>, Vec<i64>) = labelled.iter().copied().unzip();
        let sql = "UPDATE document d SET label=u.label
            FROM unnest($1::bigint[], $2::bigint[]) u(id, label) WHERE d.id=u.id";
        let params: [Param<'_>; 2] = [(&documents, Type::INT8_ARRAY), (&pairs, Type::INT8_ARRAY)];
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    /// A chunk's own label may say one half only; the document's label says the other.
    async fn enter_by_chunks(&self, head: &Enter<'_>) -> Outcome<Vec<i64>> {
        let params: [Param<'_>; 4] = [
            (&head.document, Type::INT8),
            (&head.version, Type::INT8),
            (&escaped(&head.label.domain), Type::TEXT),
            (&escaped(&head.label.category), Type::TEXT),
        ];
        let make = "INSERT INTO pair(domain, category)
            SELECT DISTINCT coalesce(own_domain, $3) COLLATE \"C\", coalesce(own_category, $4) COLLATE \"C\"
            FROM chunk WHERE document=$1 AND version=$2 ORDER BY 1, 2 ON CONFLICT DO NOTHING";
        self.session.execute(make, &params).await?;
        let enter = "INSERT INTO document_pair(pair, name, document, chunks)
            SELECT p.id, d.name, d.id, count(*) FROM document d
            JOIN chunk c ON c.document=d.id AND c.version=$2
            JOIN pair p ON p.domain=coalesce(c.own_domain, $3) AND p.category=coalesce(c.own_category, $4)
            WHERE d.id=$1 GROUP BY p.id, d.name, d.id RETURNING pair";
        self.session.rows(enter, &params).await?.iter().map(|row| row.at(0)).collect()
    }

    /// Numbers larger than any before for all pairs that the transaction changed; locked in one order.
    pub(crate) async fn raise_revisions(&self) -> Outcome<()> {
        if self.touched.is_empty() {
            return Ok(());
        }
        let touched: Vec<i64> = self.touched.iter().copied().collect();
        let sql = "UPDATE pair SET revision=nextval('pair_revision')
            WHERE id IN (SELECT id FROM pair WHERE id=ANY($1) ORDER BY id FOR UPDATE)";
        self.session.execute(sql, &[(&touched, Type::INT8_ARRAY)]).await?;
        Ok(())
    }
}
