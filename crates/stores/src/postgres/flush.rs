//! A group's effects, sent: one statement for each kind, whatever the number of documents.

use super::apply::Writing;
use super::batch::{Batch, Head, Opened, Place, Relabelled, Written};
use super::error::Outcome;
use super::labels::Labels;
use super::session::Param;
use super::texts::escaped;
use super::together::together;
use super::{removal, terms};
use std::borrow::Cow;
use tokio_postgres::types::Type;
use types::lease::LEASE;

impl Writing<'_> {
    /// What must come in an order is one future; all others go out together.
    pub(crate) async fn flush(&mut self, batch: &mut Batch<'_>, labels: &Labels) -> Outcome<()> {
        for Relabelled { was, enter } in std::mem::take(&mut batch.relabelled) {
            let pair = labels.id(enter.label)?;
            if was != Some(pair) {
                batch.labelled.push((enter.document, pair));
                batch.leave.push(enter.document);
                batch.enter.push(enter);
            }
        }
        let terms = terms::add(self.session, std::mem::take(&mut batch.terms));
        let (batch, this) = (&*batch, &*self);
        let documents =
            together(this.put_opened(&batch.opened), this.put_heads(&batch.heads, labels));
        let others = together(this.put_failed(batch), this.put_seen(batch));
        let rows = together(this.drop_versions(batch), terms);
        let pairs = together(this.change_pairs(batch, labels), this.post_letters(&batch.letters));
        let all = together(together(rows, documents), together(others, pairs));
        let (files, (_, (_, (touched, ())))) = together(this.note_files(&batch.noted), all).await?;
        self.totals.files += files;
        self.touched.extend(touched);
        self.remove_documents(batch).await?;
        self.change_files(batch).await
    }

    async fn drop_versions(&self, batch: &Batch<'_>) -> Outcome<()> {
        let split =
            |versions: &[(i64, i64)]| -> (Vec<i64>, Vec<i64>) { versions.iter().copied().unzip() };
        if !batch.drop_now.is_empty() {
            let (documents, versions) = split(&batch.drop_now);
            let sql = removal::delete_sql(
                self.bound.as_ref(),
                "(document, version) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))",
            );
            let params: [Param<'_>; 2] =
                [(&documents, Type::INT8_ARRAY), (&versions, Type::INT8_ARRAY)];
            self.session.execute(&sql, &params).await?;
        }
        if !batch.drop_later.is_empty() {
            let (documents, versions) = split(&batch.drop_later);
            let sql = "INSERT INTO dropped SELECT * FROM unnest($1::bigint[], $2::bigint[])
                ON CONFLICT DO NOTHING";
            let params: [Param<'_>; 2] =
                [(&documents, Type::INT8_ARRAY), (&versions, Type::INT8_ARRAY)];
            self.session.execute(sql, &params).await?;
        }
        Ok(())
    }

    async fn put_opened(&self, opened: &[Opened<'_>]) -> Outcome<()> {
        if opened.is_empty() {
            return Ok(());
        }
        let versions = Columns::of(opened.iter().map(|opened| (&opened.place, &opened.version)));
        let sql = "UPDATE document d SET file=u.file, last_run=greatest(d.last_run, u.run),
              fence=greatest(d.fence, u.version), open_version=u.version, open_content=u.content,
              open_pipeline=u.pipeline, open_cursor=u.cursor, open_chunks=u.chunks,
              open_without_vector=u.without_vector, open_length=u.length, open_mixed=u.mixed,
              attempts=d.attempts+u.begun, state=1, lease_owner=u.run,
              lease_until=clock_timestamp()+make_interval(secs => $13)
            FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[])
            AS u(id, file, run, content, pipeline, begun, version, cursor, chunks, without_vector,
              length, mixed)
            WHERE d.id=u.id";
        let lease = LEASE.as_secs_f64();
        let mut params = versions.params();
        params.push((&lease, Type::FLOAT8));
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    async fn put_heads(&self, heads: &[Head<'_>], labels: &Labels) -> Outcome<()> {
        if heads.is_empty() {
            return Ok(());
        }
        let versions = Columns::of(heads.iter().map(|head| (&head.place, &head.version)));
        let told = Told::of(heads, labels)?;
        let mut params = versions.params();
        params.extend(told.params());
        let sql = "UPDATE document d SET file=u.file, last_run=greatest(d.last_run, u.run),
              fence=greatest(d.fence, u.version), version=u.version, content=u.content, pipeline=u.pipeline,
              chunks=u.chunks, total=u.cursor, without_vector=u.without_vector, length=u.length,
              mixed=u.mixed, title=u.title, own_domain=u.own_domain, own_category=u.own_category,
              metadata=u.metadata, warnings=u.warnings, check_sum=u.check_sum, label=u.label,
              open_version=NULL, open_content=NULL, open_pipeline=NULL, open_cursor=0,
              open_chunks=0, open_without_vector=0, open_length=0, open_mixed=false,
              failed_content=NULL, failed_pipeline=NULL, failures=0, attempts=d.attempts+u.begun,
              state=2, crashes=0, lease_owner=NULL, lease_until=NULL
            FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::boolean[],
              $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::bigint[], $19::bigint[])
            AS u(id, file, run, content, pipeline, begun, version, cursor, chunks, without_vector,
              length, mixed, title, own_domain, own_category, metadata, warnings, check_sum, label)
            WHERE d.id=u.id";
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    async fn put_failed(&self, batch: &Batch<'_>) -> Outcome<()> {
        let failed = &batch.failed;
        if failed.is_empty() {
            return Ok(());
        }
        let documents: Vec<i64> = failed.iter().map(|failed| failed.document).collect();
        let files: Vec<_> = failed.iter().map(|failed| escaped(failed.file)).collect();
        let runs: Vec<i64> = failed.iter().map(|failed| failed.run).collect();
        let contents: Vec<&[u8]> = failed.iter().map(|failed| &failed.key.content.0[..]).collect();
        let pipelines: Vec<&[u8]> =
            failed.iter().map(|failed| &failed.key.pipeline.0[..]).collect();
        let sql = "UPDATE document d SET file=u.file, last_run=greatest(d.last_run, u.run),
              failed_content=u.content, failed_pipeline=u.pipeline, attempts=attempts+1,
              failures=failures+1, open_version=NULL, open_content=NULL, open_pipeline=NULL,
              open_cursor=0, open_chunks=0, open_without_vector=0, open_length=0, open_mixed=false,
              state=4, lease_owner=NULL, lease_until=NULL
            FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[], $5::bytea[])
            AS u(id, file, run, content, pipeline) WHERE d.id=u.id";
        let params: [Param<'_>; 5] = [
            (&documents, Type::INT8_ARRAY),
            (&files, Type::TEXT_ARRAY),
            (&runs, Type::INT8_ARRAY),
            (&contents, Type::BYTEA_ARRAY),
            (&pipelines, Type::BYTEA_ARRAY),
        ];
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    async fn put_seen(&self, batch: &Batch<'_>) -> Outcome<()> {
        if batch.seen.is_empty() {
            return Ok(());
        }
        let (documents, runs): (Vec<i64>, Vec<i64>) = batch.seen.iter().copied().unzip();
        let sql = "UPDATE document d SET last_run=greatest(d.last_run, u.run)
            FROM unnest($1::bigint[], $2::bigint[]) AS u(id, run) WHERE d.id=u.id";
        let params: [Param<'_>; 2] = [(&documents, Type::INT8_ARRAY), (&runs, Type::INT8_ARRAY)];
        self.session.execute(sql, &params).await?;
        Ok(())
    }

    async fn remove_documents(&self, batch: &Batch<'_>) -> Outcome<()> {
        if !batch.forget_rescued.is_empty() {
            let forgotten: [Param<'_>; 1] = [(&batch.forget_rescued, Type::INT8_ARRAY)];
            if let Some(bound) = &self.bound {
                let sql = format!(
                    "DELETE FROM {} WHERE chunk IN (SELECT chunk FROM rescued WHERE document=ANY($1))",
                    bound.table
                );
                self.session.execute(&sql, &forgotten).await?;
            }
            let sql = "DELETE FROM rescued WHERE document=ANY($1)";
            self.session.execute(sql, &forgotten).await?;
        }
        if !batch.removed.is_empty() {
            let sql = "DELETE FROM document WHERE id=ANY($1)";
            self.session.execute(sql, &[(&batch.removed, Type::INT8_ARRAY)]).await?;
        }
        Ok(())
    }
}

/// Versions, column by column.
#[derive(Default)]
struct Columns<'c> {
    documents: Vec<i64>,
    files: Vec<Cow<'c, str>>,
    runs: Vec<i64>,
    contents: Vec<&'c [u8]>,
    pipelines: Vec<&'c [u8]>,
    begun: Vec<i64>,
    versions: Vec<i64>,
    cursors: Vec<i64>,
    chunks: Vec<i64>,
    without_vector: Vec<i64>,
    lengths: Vec<i64>,
    mixed: Vec<bool>,
}

impl<'c> Columns<'c> {
    fn of(rows: impl Iterator<Item = (&'c Place<'c>, &'c Written)>) -> Self {
        let mut columns = Self::default();
        for (place, version) in rows {
            columns.documents.push(place.document);
            columns.files.push(escaped(place.file));
            columns.runs.push(place.run);
            columns.contents.push(&place.key.content.0);
            columns.pipelines.push(&place.key.pipeline.0);
            columns.begun.push(place.begun);
            columns.versions.push(version.number);
            columns.cursors.push(i64::from(version.cursor));
            columns.chunks.push(version.chunks);
            columns.without_vector.push(version.without_vector);
            columns.lengths.push(version.length);
            columns.mixed.push(version.mixed);
        }
        columns
    }

    fn params(&self) -> Vec<Param<'_>> {
        vec![
            (&self.documents, Type::INT8_ARRAY),
            (&self.files, Type::TEXT_ARRAY),
            (&self.runs, Type::INT8_ARRAY),
            (&self.contents, Type::BYTEA_ARRAY),
            (&self.pipelines, Type::BYTEA_ARRAY),
            (&self.begun, Type::INT8_ARRAY),
            (&self.versions, Type::INT8_ARRAY),
            (&self.cursors, Type::INT8_ARRAY),
            (&self.chunks, Type::INT8_ARRAY),
            (&self.without_vector, Type::INT8_ARRAY),
            (&self.lengths, Type::INT8_ARRAY),
            (&self.mixed, Type::BOOL_ARRAY),
        ]
    }
}

/// What is known of documents at their end, column by column.
#[derive(Default)]
struct Told<'c> {
    titles: Vec<Option<Cow<'c, str>>>,
    domains: Vec<Option<Cow<'c, str>>>,
    categories: Vec<Option<Cow<'c, str>>>,
    metadata: Vec<Cow<'c, str>>,
    warnings: Vec<String>,
    sums: Vec<i64>,
    labels: Vec<i64>,
}

impl<'c> Told<'c> {
    fn of(heads: &'c [Head<'c>], labels: &Labels) -> Outcome<Self> {
        let mut told = Self::default();
        for Head { finish, .. } in heads {
            let warnings = serde_json::to_string(&finish.warnings).expect("strings become JSON");
            let title = finish.title.as_deref();
            let sum = crate::sums::of_document(title, &finish.metadata.0, &warnings);
            told.titles.push(title.map(escaped));
            told.domains.push(finish.own.domain.as_deref().map(escaped));
            told.categories.push(finish.own.category.as_deref().map(escaped));
            told.metadata.push(escaped(&finish.metadata.0));
            told.warnings.push(escaped(&warnings).into_owned());
            told.sums.push(sum);
            told.labels.push(labels.id(&finish.label)?);
        }
        Ok(told)
    }

    fn params(&self) -> [Param<'_>; 7] {
        [
            (&self.titles, Type::TEXT_ARRAY),
            (&self.domains, Type::TEXT_ARRAY),
            (&self.categories, Type::TEXT_ARRAY),
            (&self.metadata, Type::TEXT_ARRAY),
            (&self.warnings, Type::TEXT_ARRAY),
            (&self.sums, Type::INT8_ARRAY),
            (&self.labels, Type::INT8_ARRAY),
        ]
    }
}
