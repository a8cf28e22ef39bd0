//! Settings, the model and the runs: small facts about the whole store.

use super::error::{Cause, Outcome};
use super::leases;
use rusqlite::{Connection, OptionalExtension as _, params};
use types::embedding::ModelId;
use types::ledger::SourceId;
use types::seam::{RunRow, StoreErrorKind};

/// Settings of callers share the table with our own keys.
const SETTING: &str = "setting.";

pub(crate) fn get(conn: &Connection, key: &str) -> Outcome<Option<String>> {
    let mut row = conn.prepare_cached("SELECT value FROM meta WHERE key=?1")?;
    Ok(row.query_row([key], |r| r.get(0)).optional()?)
}

pub(crate) fn put(conn: &Connection, key: &str, value: &str) -> Outcome<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES(?1, ?2)")?
        .execute([key, value])?;
    Ok(())
}

pub(crate) fn setting(conn: &Connection, key: &str) -> Outcome<Option<String>> {
    get(conn, &format!("{SETTING}{key}"))
}

pub(crate) fn set_setting(conn: &Connection, key: &str, value: &str) -> Outcome<()> {
    put(conn, &format!("{SETTING}{key}"), value)
}

pub(crate) fn settings(conn: &Connection) -> Outcome<Vec<(String, String)>> {
    let mut rows = conn.prepare_cached(
        "SELECT substr(key, length(?1)+1), value FROM meta WHERE key>?1 AND key<?1 || char(0x10ffff) ORDER BY key",
    )?;
    let settings = rows.query_map([SETTING], |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(settings.collect::<Result<_, _>>()?)
}

pub(crate) fn model(conn: &Connection) -> Outcome<Option<ModelId>> {
    let Some(json) = get(conn, "model")? else { return Ok(None) };
    let model = serde_json::from_str(&json)
        .map_err(|_| Cause::damaged("the store's row that names its model cannot be read"))?;
    Ok(Some(model))
}

pub(crate) fn dimensions(conn: &Connection) -> Outcome<Option<usize>> {
    Ok(model(conn)?.map(|model| model.dimensions))
}

pub(crate) fn bind_model(conn: &Connection, model: &ModelId) -> Outcome<()> {
    match self::model(conn)? {
        Some(bound) if bound == *model => Ok(()),
        Some(bound) => Err(Cause::told(
            StoreErrorKind::OtherModel,
            format!(
                "the store holds vectors of {bound} with {} dimensions, not of {model} with {}",
                bound.dimensions, model.dimensions
            ),
            "leave --embedder away, or run: gristmill migrate --embedder SPEC",
        )),
        None => {
            let json = serde_json::to_string(model).expect("strings and a number become JSON");
            put(conn, "model", &json)
        }
    }
}

pub(crate) fn begin_run(conn: &Connection, run_id: &str, now: i64) -> Outcome<i64> {
    conn.execute("INSERT INTO run(run_id, started) VALUES(?1, ?2)", params![run_id, now])?;
    let run = conn.last_insert_rowid();
    leases::end_all(conn)?;
    Ok(run)
}

pub(crate) fn end_run(conn: &Connection, run: i64, result: &str, now: i64) -> Outcome<()> {
    let ended =
        conn.execute("UPDATE run SET ended=?2, result=?3 WHERE id=?1", params![run, now, result])?;
    if ended == 1 { Ok(()) } else { Err(Cause::contract(format!("there is no run {run} to end"))) }
}

pub(crate) fn runs(conn: &Connection, limit: usize) -> Outcome<Vec<RunRow>> {
    let mut rows = conn.prepare_cached(
        "SELECT run_id, started, ended, result FROM run ORDER BY id DESC LIMIT ?1",
    )?;
    let runs = rows.query_map([limit as i64], |r| {
        Ok(RunRow { run_id: r.get(0)?, started: r.get(1)?, ended: r.get(2)?, result: r.get(3)? })
    })?;
    Ok(runs.collect::<Result<_, _>>()?)
}

pub(crate) fn find_source(conn: &Connection, name: &str) -> Outcome<Option<SourceId>> {
    let mut row = conn.prepare_cached("SELECT id FROM source WHERE name=?1")?;
    Ok(row.query_row([name], |r| r.get(0).map(SourceId)).optional()?)
}

pub(crate) fn make_source(conn: &Connection, name: &str) -> Outcome<SourceId> {
    conn.execute("INSERT INTO source(name) VALUES(?1) ON CONFLICT DO NOTHING", [name])?;
    find_source(conn, name)?
        .ok_or_else(|| Cause::damaged("a source that was just inserted cannot be found"))
}

pub(crate) fn sources(conn: &Connection) -> Outcome<Vec<(SourceId, String)>> {
    let mut rows = conn.prepare_cached("SELECT id, name FROM source ORDER BY name")?;
    let sources = rows.query_map([], |r| Ok((SourceId(r.get(0)?), r.get(1)?)))?;
    Ok(sources.collect::<Result<_, _>>()?)
}
