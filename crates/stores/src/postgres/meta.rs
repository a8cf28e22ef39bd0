//! Settings, the model and the runs: small facts about the whole store.

use super::error::{Cause, Outcome};
use super::leases;
use super::session::{Columns as _, Session};
use super::texts::escaped;
use super::vectors;
use tokio_postgres::types::Type;
use types::embedding::ModelId;
use types::ledger::SourceId;
use types::seam::{RunRow, StoreErrorKind};

/// Settings of callers share the table with our own keys.
const SETTING: &str = "setting.";

/// The model whose vectors the store holds, and their table.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) model: ModelId,
    pub(crate) table: String,
}

pub(crate) async fn get(session: &Session, key: &str) -> Outcome<Option<String>> {
    let sql = "SELECT value FROM meta WHERE key=$1";
    let row = session.row(sql, &[(&escaped(key), Type::TEXT)]).await?;
    row.map(|row| row.text(0)).transpose()
}

pub(crate) async fn put(session: &Session, key: &str, value: &str) -> Outcome<()> {
    let sql = "INSERT INTO meta(key, value) VALUES($1, $2)
        ON CONFLICT(key) DO UPDATE SET value=excluded.value";
    session.execute(sql, &[(&escaped(key), Type::TEXT), (&escaped(value), Type::TEXT)]).await?;
    Ok(())
}

pub(crate) async fn setting(session: &Session, key: &str) -> Outcome<Option<String>> {
    get(session, &format!("{SETTING}{key}")).await
}

pub(crate) async fn set_setting(session: &Session, key: &str, value: &str) -> Outcome<()> {
    put(session, &format!("{SETTING}{key}"), value).await
}

pub(crate) async fn settings(session: &Session) -> Outcome<Vec<(String, String)>> {
    let sql =
        "SELECT substr(key, length($1)+1), value FROM meta WHERE starts_with(key, $1) ORDER BY key";
    let rows = session.rows(sql, &[(&SETTING, Type::TEXT)]).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
}

pub(crate) async fn bound(session: &Session) -> Outcome<Option<Bound>> {
    let sql = "SELECT id, provider, model, dimensions FROM model WHERE bound ORDER BY id LIMIT 1";
    let Some(row) = session.row(sql, &[]).await? else { return Ok(None) };
    let model =
        ModelId { provider: row.text(1)?, model: row.text(2)?, dimensions: row.small(3)? as usize };
    Ok(Some(Bound { model, table: vectors::table(row.at(0)?) }))
}

pub(crate) async fn bind_model(session: &Session, model: &ModelId) -> Outcome<()> {
    // Two processes may come with two models at once.
    session.batch("LOCK TABLE model IN EXCLUSIVE MODE").await?;
    match bound(session).await? {
        Some(bound) if bound.model == *model => Ok(()),
        Some(Bound { model: bound, .. }) => Err(Cause::told(
            StoreErrorKind::OtherModel,
            format!(
                "the store holds vectors of {bound} with {} dimensions, not of {model} with {}",
                bound.dimensions, model.dimensions
            ),
            "leave --embedder away, or run: gristmill migrate --embedder SPEC",
        )),
        None => {
            let sql = "INSERT INTO model(provider, model, dimensions, bound) VALUES($1, $2, $3, true) RETURNING id";
            let params = [
                (&escaped(&model.provider) as _, Type::TEXT),
                (&escaped(&model.model) as _, Type::TEXT),
                (&(model.dimensions as i64) as _, Type::INT8),
            ];
            let id = session.one(sql, &params).await?.at(0)?;
            vectors::create(session, id, model.dimensions).await
        }
    }
}

pub(crate) async fn begin_run(session: &Session, run_id: &str, now: i64) -> Outcome<i64> {
    let sql = "INSERT INTO run(run_id, started) VALUES($1, $2) RETURNING id";
    let run =
        session.one(sql, &[(&escaped(run_id), Type::TEXT), (&now, Type::INT8)]).await?.at(0)?;
    leases::end_all(session).await?;
    Ok(run)
}

pub(crate) async fn end_run(session: &Session, run: i64, result: &str, now: i64) -> Outcome<()> {
    let sql = "UPDATE run SET ended=$2, result=$3 WHERE id=$1";
    let params =
        [(&run as _, Type::INT8), (&now as _, Type::INT8), (&escaped(result) as _, Type::TEXT)];
    match session.execute(sql, &params).await? {
        1 => Ok(()),
        _ => Err(Cause::contract(format!("there is no run {run} to end"))),
    }
}

pub(crate) async fn runs(session: &Session, limit: usize) -> Outcome<Vec<RunRow>> {
    let sql = "SELECT run_id, started, ended, result FROM run ORDER BY id DESC LIMIT $1";
    let rows = session.rows(sql, &[(&(limit as i64), Type::INT8)]).await?;
    rows.iter()
        .map(|row| {
            Ok(RunRow {
                run_id: row.text(0)?,
                started: row.at(1)?,
                ended: row.at(2)?,
                result: row.text_or_none(3)?,
            })
        })
        .collect()
}

pub(crate) async fn find_source(session: &Session, name: &str) -> Outcome<Option<SourceId>> {
    let sql = "SELECT id FROM source WHERE name=$1";
    let row = session.row(sql, &[(&escaped(name), Type::TEXT)]).await?;
    row.map(|row| row.at(0).map(SourceId)).transpose()
}

pub(crate) async fn make_source(session: &Session, name: &str) -> Outcome<SourceId> {
    let sql = "INSERT INTO source(name) VALUES($1) ON CONFLICT DO NOTHING";
    session.execute(sql, &[(&escaped(name), Type::TEXT)]).await?;
    find_source(session, name)
        .await?
        .ok_or_else(|| Cause::damaged("a source that was just inserted cannot be found"))
}

pub(crate) async fn sources(session: &Session) -> Outcome<Vec<(SourceId, String)>> {
    let rows = session.rows("SELECT id, name FROM source ORDER BY name", &[]).await?;
    rows.iter().map(|row| Ok((SourceId(row.at(0)?), row.text(1)?))).collect()
}
