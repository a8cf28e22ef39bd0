//! Telling a store from everything else, making a new one, and bringing an older one up to date.

use super::address::Address;
use super::error::{Cause, Outcome};
use super::meta;
use super::session::{Columns as _, Mode, Session};
use crate::sqlite::{Access, FULL_TEXT_SETTING, FullText};
use tokio_postgres::types::Type;
use types::seam::StoreErrorKind;

/// What leads from each version to the next; never changed once released.
const MIGRATIONS: [&str; 1] = [include_str!("schema/1.sql")];
/// Older servers lack what pgvector's packages and our tests are made for.
const SERVER_MIN: i64 = 160_000;
/// The first with iterative scans of an index.
const VECTOR_MIN: (u32, u32) = (0, 8);

/// Checks server and schema; makes or migrates the schema if `access` allows it.
///
/// Gives whether the store indexes words; `full_text` counts only for one that is made.
pub(crate) async fn prepare(
    session: &Session,
    address: &Address,
    (access, full_text): (Access, FullText),
) -> Outcome<FullText> {
    session.begin(Mode::Write).await?;
    check_server(session).await?;
    let schema = &address.schema;
    if access != Access::Read {
        // One migrates, the others find it done.
        let key = super::lock::key(&format!("migration of {schema}"));
        session.row("SELECT 1 FROM pg_advisory_xact_lock($1)", &[(&key, Type::INT8)]).await?;
    }
    match version(session, schema).await? {
        None if access == Access::Create => create(session, schema, full_text).await?,
        None => return Err(missing(address)),
        Some(version) => migrate(session, address, version, access).await?,
    }
    check_extension(session).await?;
    fault::point("store.create.before_commit")?;
    let full_text = match meta::setting(session, FULL_TEXT_SETTING).await?.as_deref() {
        Some("off") => FullText::Off,
        _ => FullText::On,
    };
    session.commit().await?;
    Ok(full_text)
}

async fn check_server(session: &Session) -> Outcome<()> {
    let sql =
        "SELECT current_setting('server_version_num')::bigint, current_setting('server_version'),
        current_setting('server_encoding')";
    let row = session.one(sql, &[]).await?;
    let (version, shown, encoding): (i64, String, String) = (row.at(0)?, row.at(1)?, row.at(2)?);
    refuse_server(version, &shown, &encoding)
}

fn refuse_server(version: i64, shown: &str, encoding: &str) -> Outcome<()> {
    if version < SERVER_MIN {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!("the server is PostgreSQL {shown}, gristmill needs 16 or later"),
            "upgrade the server, or keep the store in a file: --store sqlite:kb.db",
        ));
    }
    if encoding != "UTF8" {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!("the database keeps texts as {encoding}"),
            "make one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        ));
    }
    Ok(())
}

/// Of the schema's tables; none where there is no schema, or an empty one.
async fn version(session: &Session, schema: &str) -> Outcome<Option<i64>> {
    let sql = "SELECT to_regclass(format('%I.meta', $1::text)) IS NOT NULL,
        EXISTS(SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE n.nspname=$1)";
    let row = session.one(sql, &[(&schema, Type::TEXT)]).await?;
    let (ours, anything): (bool, bool) = (row.at(0)?, row.at(1)?);
    if !ours {
        return if anything { Err(foreign(schema)) } else { Ok(None) };
    }
    let found = session
        .row("SELECT value FROM meta WHERE key='schema_version'", &[])
        .await
        .map_err(|cause| {
            if cause.code().is_some_and(|code| code.code() == "42703") {
                foreign(schema)
            } else {
                cause
            }
        })?;
    let version = found.map(|row| row.text(0)).transpose()?.and_then(|text| text.parse().ok());
    version.map(Some).ok_or_else(|| foreign(schema))
}

async fn create(session: &Session, schema: &str, full_text: FullText) -> Outcome<()> {
    fault::point("store.create.begin")?;
    make_extension(session).await?;
    // Where the schema is there already, the right to make schemas is not needed.
    let sql = "SELECT 1 FROM pg_namespace WHERE nspname=$1";
    if session.row(sql, &[(&schema, Type::TEXT)]).await?.is_none() {
        session.batch(&format!("CREATE SCHEMA \"{schema}\"")).await?;
    }
    step_up(session, 0).await?;
    let instance = uuid::Builder::from_custom_bytes(super::instance_bytes()).into_uuid();
    let full_text = match full_text {
        FullText::On => "on",
        FullText::Off => "off",
    };
    meta::set_setting(session, FULL_TEXT_SETTING, full_text).await?;
    meta::set_setting(session, "instance", &instance.to_string()).await
}

/// The statements find their tables by the search path, which begins with the schema.
async fn step_up(session: &Session, from: usize) -> Outcome<()> {
    for step in &MIGRATIONS[from..] {
        session.batch(step).await?;
    }
    meta::put(session, "schema_version", &MIGRATIONS.len().to_string()).await
}

async fn migrate(
    session: &Session,
    address: &Address,
    version: i64,
    access: Access,
) -> Outcome<()> {
    let newest = MIGRATIONS.len() as i64;
    if version > newest {
        return Err(Cause::told(
            StoreErrorKind::Newer,
            format!(
                "store {} has schema {version}, this gristmill knows schemas up to {newest}",
                address.shown
            ),
            "install the newest gristmill",
        ));
    }
    if version < 1 {
        return Err(foreign(&address.schema));
    }
    if version < newest && access == Access::Read {
        return Err(Cause::told(
            StoreErrorKind::ReadOnly,
            format!("store {} has schema {version} and must be brought to {newest}", address.shown),
            "run any gristmill command that writes, such as: gristmill verify --repair",
        ));
    }
    if version < newest { step_up(session, version as usize).await } else { Ok(()) }
}

async fn make_extension(session: &Session) -> Outcome<()> {
    let there = session.row("SELECT 1 FROM pg_extension WHERE extname='vector'", &[]).await?;
    if there.is_some() {
        return Ok(());
    }
    let available =
        session.row("SELECT 1 FROM pg_available_extensions WHERE name='vector'", &[]).await?;
    if available.is_none() {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            "the server has no pgvector",
            "install the extension \"vector\" on the server (package postgresql-16-pgvector or similar)",
        ));
    }
    session.batch("CREATE EXTENSION vector WITH SCHEMA public").await.map_err(|cause| {
        match cause.code().map(tokio_postgres::error::SqlState::code) {
            Some("42501") => Cause::told(
                StoreErrorKind::Unreachable,
                "the user may not install the extension \"vector\" in this database",
                "let an administrator run: CREATE EXTENSION vector",
            ),
            _ => cause,
        }
    })
}

/// That it is new enough, and is found by the search path.
async fn check_extension(session: &Session) -> Outcome<()> {
    let sql = "SELECT extversion, n.nspname, to_regtype('halfvec') IS NOT NULL
        FROM pg_extension e JOIN pg_namespace n ON n.oid=e.extnamespace WHERE extname='vector'";
    let Some(row) = session.row(sql, &[]).await? else {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            "the extension \"vector\" has gone from the database",
            "run: CREATE EXTENSION vector; what it held must be restored from a backup",
        ));
    };
    let (version, schema): (String, String) = (row.at(0)?, row.at(1)?);
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < VECTOR_MIN {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!("the server has pgvector {version}, gristmill needs 0.8 or later"),
            "install a newer pgvector, then run: ALTER EXTENSION vector UPDATE",
        ));
    }
    if !row.at::<bool>(2)? {
        return Err(Cause::told(
            StoreErrorKind::Unreachable,
            format!(
                "the extension \"vector\" lies in schema {schema:?}, where it is not looked for"
            ),
            "run: ALTER EXTENSION vector SET SCHEMA public",
        ));
    }
    Ok(())
}

fn missing(address: &Address) -> Cause {
    Cause::told(
        StoreErrorKind::Missing,
        format!("there is no store at {} in schema {:?}", address.shown, address.schema),
        "run gristmill ingest SOURCE first, or check the URL given to --store",
    )
}

fn foreign(schema: &str) -> Cause {
    Cause::told(
        StoreErrorKind::Foreign,
        format!("schema {schema:?} holds tables that are not gristmill's"),
        "name another schema: --store 'postgres://…?schema=kb'",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_refused_by_its_name() {
        refuse_server(160_014, "16.14", "UTF8").unwrap();
        refuse_server(180_004, "18.4", "UTF8").unwrap();
        let error = refuse_server(150_018, "15.18 (Debian)", "UTF8").unwrap_err();
        assert!(error.to_string().contains("PostgreSQL 15.18 (Debian)"), "{error}");
        let error = refuse_server(160_014, "16.14", "LATIN1").unwrap_err();
        assert!(error.to_string().contains("LATIN1"), "{error}");
    }
}
