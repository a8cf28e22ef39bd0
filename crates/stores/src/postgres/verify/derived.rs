//! What follows from the rows and can be made again from them: pairs and totals.

use super::super::batch::Enter;
use super::super::documents;
use super::super::labels;
use super::super::session::Columns as _;
use super::super::totals::Totals;
use super::{Check, Cure, Outcome};
use tokio_postgres::types::Type;
use types::document::Label;

impl Check<'_> {
    /// Which documents have how many chunks in which pair.
    pub(super) async fn pairs(&mut self) -> Outcome<()> {
        let sql = "WITH there AS (
              SELECT d.label AS pair, d.id AS document, d.name, d.chunks FROM document d
              WHERE d.version>0 AND d.chunks>0 AND NOT d.mixed
              UNION ALL
              SELECT q.id, d.id, d.name, count(*) FROM document d
              JOIN pair p ON p.id=d.label
              JOIN chunk c ON c.document=d.id AND c.version=d.version
              JOIN pair q ON q.domain=coalesce(c.own_domain, p.domain)
                AND q.category=coalesce(c.own_category, p.category)
              WHERE d.version>0 AND d.mixed GROUP BY q.id, d.id, d.name)
            SELECT DISTINCT coalesce(t.document, x.document) FROM there t
            FULL JOIN document_pair x ON x.pair=t.pair AND x.name=t.name AND x.document=t.document
            WHERE t.chunks IS DISTINCT FROM x.chunks";
        let mut writing = self.writing().await?;
        for row in &self.session.rows(sql, &[]).await? {
            let id: i64 = row.at(0)?;
            let sql = format!("SELECT {} FROM document d WHERE d.id=$1", documents::ROW);
            let row = self.session.row(&sql, &[(&id, Type::INT8)]).await?;
            let row = row.as_ref().map(documents::document_row).transpose()?;
            let name =
                row.as_ref().map_or_else(|| format!("document {id}"), |row| row.name.clone());
            self.findings.add("document_pair", name, "listed under wrong labels", Cure::Here);
            if !self.mends() {
                continue;
            }
            let left = writing.leave_pairs(&[id]).await?;
            writing.touched.extend(left);
            let Some(row) = row.filter(|row| row.version > 0) else { continue };
            let sql = "SELECT domain, category FROM pair WHERE id=$1";
            let found = self.session.one(sql, &[(&row.label, Type::INT8)]).await?;
            let label = Label { domain: found.text(0)?, category: found.text(1)? };
            let labels = labels::resolve(self.session, [&label].into_iter()).await?;
            let enter = Enter {
                document: id,
                name: row.name,
                version: row.version,
                chunks: row.chunks,
                label: &label,
                mixed: row.mixed,
            };
            let entered = writing.enter_pairs(&[enter], &labels).await?;
            writing.touched.extend(entered);
        }
        if self.mends() { writing.end().await } else { Ok(()) }
    }

    pub(super) async fn totals(&mut self) -> Outcome<()> {
        let are = Totals::recount(self.session).await?;
        if Totals::sum(self.session).await? != are {
            let message = "the counts are not those of the rows";
            self.findings.add("totals", "total", message, Cure::Here);
            if self.mends() {
                are.write(self.session).await?;
            }
        }
        Ok(())
    }
}
