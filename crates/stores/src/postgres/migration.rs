//! Vectors of another model, made beside those in use, and the switch to them.
//!
//! Each model has its table anyway; the switch says which one readers take, and drops the other.

use super::copy::CopyRows;
use super::error::{Cause, Outcome};
use super::segment::VECTOR_COLUMNS;
use super::session::{Columns as _, Param, Session};
use super::texts::escaped;
use super::totals::Totals;
use super::{meta, vectors};
use futures_util::TryStreamExt as _;
use std::collections::HashMap;
use std::pin::pin;
use tokio_postgres::types::Type;
use types::embedding::{Embedding, ModelId};
use types::seam::{Migration, Switch, Target};

/// The model to come.
pub(crate) struct Coming {
    id: i64,
    target: Target,
}

impl Coming {
    fn table(&self) -> String {
        vectors::table(self.id)
    }

    pub(crate) fn model(&self) -> &ModelId {
        &self.target.model
    }
}

pub(crate) async fn coming(session: &Session) -> Outcome<Option<Coming>> {
    let sql = "SELECT id, provider, model, dimensions, fingerprint FROM model WHERE NOT bound";
    let Some(row) = session.row(sql, &[]).await? else { return Ok(None) };
    let model =
        ModelId { provider: row.text(1)?, model: row.text(2)?, dimensions: row.small(3)? as usize };
    Ok(Some(Coming { id: row.at(0)?, target: Target { model, fingerprint: row.text(4)? } }))
}

pub(crate) async fn find(session: &Session) -> Outcome<Option<Migration>> {
    let Some(coming) = coming(session).await? else { return Ok(None) };
    let sql = format!(
        "SELECT (SELECT count(*) FROM {}) + (SELECT count(*) FROM absent), (SELECT count(*) FROM chunk)",
        coming.table()
    );
    let row = session.one(&sql, &[]).await?;
    let (done, chunks): (i64, i64) = (row.at(0)?, row.at(1)?);
    let left = (chunks - done).max(0) as u64;
    Ok(Some(Migration { target: coming.target, done: done as u64, left }))
}

pub(crate) async fn begin(session: &Session, to: &Target) -> Outcome<()> {
    session.batch("LOCK TABLE model IN EXCLUSIVE MODE").await?;
    let table = match coming(session).await? {
        Some(coming) if coming.target == *to => {
            let damaged = damaged(session, &coming).await?;
            remove(session, &coming, &damaged).await?;
            coming.table()
        }
        _ => {
            forget(session).await?;
            let sql = "INSERT INTO model(provider, model, dimensions, fingerprint, bound)
                VALUES($1, $2, $3, $4, false) RETURNING id";
            let params: [Param<'_>; 4] = [
                (&escaped(&to.model.provider), Type::TEXT),
                (&escaped(&to.model.model), Type::TEXT),
                (&(to.model.dimensions as i64), Type::INT8),
                (&escaped(&to.fingerprint), Type::TEXT),
            ];
            let id = session.one(sql, &params).await?.at(0)?;
            vectors::create(session, id, to.model.dimensions).await?;
            vectors::table(id)
        }
    };
    drop_gone(session, &table).await
}

/// Chunks whose new vector is not what was written, or not of this chunk: it is made again.
pub(crate) async fn damaged(session: &Session, coming: &Coming) -> Outcome<Vec<i64>> {
    let sql = format!(
        "SELECT n.chunk, n.check_sum, vector_send(n.v),
           n.document=c.document AND n.version=c.version AND n.text_hash=c.text_hash
         FROM {} n JOIN chunk c ON c.id=n.chunk",
        coming.table()
    );
    let no_params: [Param<'_>; 0] = [];
    let mut rows = pin!(session.stream(&sql, &no_params).await?);
    let mut damaged = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if !row.at::<bool>(3)? || vectors::intact(row.at(1)?, row.at(2)?).is_none() {
            damaged.push(row.at(0)?);
        }
    }
    Ok(damaged)
}

pub(crate) async fn remove(session: &Session, coming: &Coming, chunks: &[i64]) -> Outcome<()> {
    let sql = format!("DELETE FROM {} WHERE chunk=ANY($1)", coming.table());
    session.execute(&sql, &[(&chunks, Type::INT8_ARRAY)]).await?;
    Ok(())
}

/// Of chunks that went meanwhile.
async fn drop_gone(session: &Session, table: &str) -> Outcome<()> {
    for table in [table, "absent"] {
        let sql = format!(
            "DELETE FROM {table} n WHERE NOT EXISTS(SELECT 1 FROM chunk c WHERE c.id=n.chunk)"
        );
        session.execute(&sql, &[]).await?;
    }
    Ok(())
}

pub(crate) async fn forget(session: &Session) -> Outcome<()> {
    if let Some(coming) = coming(session).await? {
        session.batch(&format!("DROP TABLE {}", coming.table())).await?;
        session.execute("DELETE FROM model WHERE id=$1", &[(&coming.id, Type::INT8)]).await?;
    }
    session.batch("DELETE FROM absent").await
}

pub(crate) async fn left(
    session: &Session,
    after: i64,
    limit: usize,
) -> Outcome<Vec<(i64, String)>> {
    let next = match coming(session).await? {
        Some(coming) => {
            format!("AND NOT EXISTS(SELECT 1 FROM {} n WHERE n.chunk=c.id)", coming.table())
        }
        None => String::new(),
    };
    let sql = format!(
        "SELECT id, text FROM chunk c WHERE id>$1 {next}
           AND NOT EXISTS(SELECT 1 FROM absent a WHERE a.chunk=c.id) ORDER BY id LIMIT $2"
    );
    let params: [Param<'_>; 2] = [(&after, Type::INT8), (&(limit as i64), Type::INT8)];
    let rows = session.rows(&sql, &params).await?;
    rows.iter().map(|row| Ok((row.at(0)?, row.text(1)?))).collect()
}

pub(crate) async fn put(session: &Session, given: &[(i64, Option<Embedding>)]) -> Outcome<()> {
    fault::point("store.migrate.begin")?;
    let Some(coming) = coming(session).await? else {
        return Err(Cause::contract("vectors came for a migration that was never begun"));
    };
    let places: Vec<i64> = given.iter().map(|(chunk, _)| *chunk).collect();
    let sql = "SELECT id, document, version, text_hash FROM chunk WHERE id=ANY($1) FOR SHARE";
    let mut owners = HashMap::new();
    for row in &session.rows(sql, &[(&places, Type::INT8_ARRAY)]).await? {
        owners.insert(row.at::<i64>(0)?, (row.at::<i64>(1)?, row.at::<i64>(2)?, row.short(3)?));
    }
    let (mut rows, mut present, mut absent) = (CopyRows::new(), Vec::new(), Vec::new());
    for (chunk, vector) in given {
        let Some((document, version, text_hash)) = owners.remove(chunk) else { continue };
        let Some(vector) = vector else {
            absent.push(*chunk);
            continue;
        };
        let (values, expected) = (vector.values(), coming.target.model.dimensions);
        if values.len() != expected {
            return Err(Cause::contract(format!(
                "a vector of {} values came for a migration to {expected}",
                values.len()
            )));
        }
        present.push(*chunk);
        vectors::encode(&mut rows, (*chunk, document, version), &text_hash, values);
    }
    let table = coming.table();
    let old = format!("DELETE FROM {table} WHERE chunk=ANY($1)");
    session.execute(&old, &[(&present, Type::INT8_ARRAY)]).await?;
    if !rows.is_empty() {
        let sql = format!("COPY {table}({VECTOR_COLUMNS}) FROM STDIN (FORMAT binary)");
        session.copy(&sql).await?.end(rows).await?;
    }
    let sql = "INSERT INTO absent SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING";
    session.execute(sql, &[(&absent, Type::INT8_ARRAY)]).await?;
    Ok(())
}

/// Makes the new vectors those in use. Inside the caller's transaction.
pub(crate) async fn finish(session: &Session, switch: &Switch) -> Outcome<()> {
    fault::point("store.switch.begin")?;
    session.batch("LOCK TABLE model, document, chunk IN SHARE ROW EXCLUSIVE MODE").await?;
    let Some(coming) = coming(session).await? else {
        return Err(Cause::contract("a migration that was never begun cannot end"));
    };
    if !left(session, 0, 1).await?.is_empty() {
        return Err(Cause::contract("a migration ended before every chunk had its place"));
    }
    let table = coming.table();
    drop_gone(session, &table).await?;
    if let Some(bound) = meta::bound(session).await? {
        session.batch(&format!("DROP TABLE {}", bound.table)).await?;
    }
    session
        .batch(
            "DELETE FROM rescued; DELETE FROM absent; DELETE FROM model WHERE bound;
             UPDATE model SET bound=true, fingerprint=''",
        )
        .await?;
    for (key, value) in &switch.settings {
        meta::set_setting(session, key, value).await?;
    }
    recount(session, &table).await?;
    fault::point("store.switch.end")?;
    Ok(())
}

/// What the new model knows nothing of may be other texts; consolidated files name the model.
async fn recount(session: &Session, table: &str) -> Outcome<()> {
    session
        .batch(&format!(
            "UPDATE document d SET without_vector=(SELECT count(*) FROM chunk c
               WHERE c.document=d.id AND c.version=d.version
                 AND NOT EXISTS(SELECT 1 FROM {table} v WHERE v.chunk=c.id));
             UPDATE document d SET open_without_vector=(SELECT count(*) FROM chunk c
               WHERE c.document=d.id AND c.version=d.open_version
                 AND NOT EXISTS(SELECT 1 FROM {table} v WHERE v.chunk=c.id))
               WHERE open_version IS NOT NULL;
             UPDATE pair SET revision=nextval('pair_revision');"
        ))
        .await?;
    Totals::recount(session).await?.write(session).await
}
