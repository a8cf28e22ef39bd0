//! What servers refuse, and what becomes of it: told with what to do, or waited for and then gone on with.

use super::{Shelf, open};
use crate::conformance::{Draft, assert_sound, model};
use crate::{Access, FullText, PostgresStore};
use postgres_server::{Release, Server, shared};
use std::time::Duration;
use types::seam::{Store as _, StoreError, StoreErrorKind};

/// A server that comes back is waited for so long.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks at something that will come.
const POLL: Duration = Duration::from_millis(10);
/// Refusals before the server gives in.
const REFUSALS: i64 = 3;

/// A database of its own on the shared server.
struct Fresh {
    database: String,
    url: String,
}

impl Fresh {
    fn new() -> Self {
        let database = shared().database();
        Self { url: shared().url(&database), database }
    }

    fn store(&self) -> PostgresStore {
        let store = open(&self.url, Access::Create);
        store.bind_model(&model()).unwrap();
        store
    }

    fn sql(&self, sql: &str) -> String {
        shared().sql(&self.database, sql)
    }

    /// Chunks are refused with this SQLSTATE [`REFUSALS`] times. A sequence counts, which no rollback turns back.
    fn refuse_chunks(&self, code: &str) {
        self.sql(&format!(
            "CREATE SEQUENCE gristmill.refused;
             CREATE FUNCTION gristmill.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               IF nextval('gristmill.refused') <= {REFUSALS} THEN
                 RAISE EXCEPTION 'refused by the test' USING ERRCODE = '{code}';
               END IF;
               RETURN NULL;
             END $$;
             CREATE TRIGGER refuse AFTER INSERT ON gristmill.chunk
               FOR EACH STATEMENT EXECUTE FUNCTION gristmill.refuse();"
        ));
    }

    /// How often chunks were refused or taken.
    fn tries(&self) -> i64 {
        self.sql("SELECT last_value FROM gristmill.refused").parse().unwrap()
    }
}

fn refused(url: &str, access: Access) -> StoreError {
    PostgresStore::open(url, access, FullText::On).unwrap_err()
}

/// Waits until the server's log says it.
fn logged(server: &Server, words: &str) {
    let begun = std::time::Instant::now();
    while !server.log().contains(words) {
        assert!(begun.elapsed() < PATIENCE, "the server never said {words:?}:\n{}", server.log());
        std::thread::park_timeout(POLL);
    }
}

#[test]
fn a_serialization_failure_and_a_deadlock_are_tried_again_at_once() {
    for code in ["40001", "40P01"] {
        let fresh = Fresh::new();
        let store = fresh.store();
        fresh.refuse_chunks(code);
        let draft = Draft::new("a.md", "one/two");
        assert_eq!(store.apply(&[draft.whole(&store)]).unwrap()[0].written, 2, "{code}");
        assert_eq!(fresh.tries(), REFUSALS + 1, "{code}");
        assert_eq!(fresh.sql("SELECT fence FROM gristmill.document"), "1", "{code}");
        assert_sound(&store);
    }
}

#[test]
fn a_full_disk_undoes_the_transaction_and_the_same_changes_go_in_later() {
    let fresh = Fresh::new();
    let store = fresh.store();
    let (old, new) = (Draft::new("a.md", "old"), Draft::new("a.md", "one/two"));
    store.apply(&[old.whole(&store)]).unwrap();
    fresh.refuse_chunks("53100");
    let changes = [new.whole(&store)];
    for _ in 0..REFUSALS {
        let error = store.apply(&changes).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::DiskFull, "{error}");
        assert!(error.hint.contains("what was committed is kept"), "{}", error.hint);
        assert_eq!(store.counts().unwrap().chunks, 1);
    }
    assert_eq!(store.apply(&changes).unwrap()[0].written, 2);
    assert_sound(&store);
}

#[test]
fn a_server_that_takes_no_writes_is_read_and_named_but_not_waited_for() {
    let fresh = Fresh::new();
    drop(fresh.store());
    fresh.sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", fresh.database));
    assert_eq!(open(&fresh.url, Access::Read).counts().unwrap().documents, 0);
    let store = open(&fresh.url, Access::Write);
    store.wait_in_writing(PATIENCE).unwrap();
    let begun = std::time::Instant::now();
    let error = store.begin_run("r").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
    assert!(error.hint.contains("use the primary"), "{}", error.hint);
    assert!(begun.elapsed() < PATIENCE / 2, "it was waited for");
}

#[test]
fn a_server_that_takes_no_writes_for_a_while_is_waited_for() {
    let server = Server::start(Release::Sixteen, &[]);
    let database = server.database();
    let store = open(&server.url(&database), Access::Create);
    store.bind_model(&model()).unwrap();
    store.wait_in_writing(PATIENCE).unwrap();
    let read_only = |value: &str| {
        server.sql(
            "postgres",
            &format!("ALTER DATABASE {database} SET default_transaction_read_only = {value}"),
        );
    };
    read_only("on");
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname='{database}'"
    );
    assert_ne!(server.sql("postgres", &end), "0");
    std::thread::scope(|scope| {
        let writing =
            scope.spawn(|| store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap());
        logged(&server, "in a read-only transaction");
        read_only("off");
        assert_eq!(writing.join().unwrap()[0].written, 2);
    });
    assert_sound(&store);
}

#[test]
fn a_server_without_a_free_connection_is_waited_for() {
    let settings = ["max_connections=6", "superuser_reserved_connections=0", "max_wal_senders=0"];
    let server = Server::start(Release::Sixteen, &settings);
    let url = server.url(&server.database());
    drop(open(&url, Access::Create));
    let crowd: Vec<_> = (0..6).map(|_| open(&url, Access::Read)).collect();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| open(&url, Access::Write).counts().unwrap());
        logged(&server, "too many clients");
        drop(crowd);
        assert_eq!(waits.join().unwrap().documents, 0);
    });
}

#[test]
fn a_wrong_password_is_told_at_once_and_never_repeated() {
    let fresh = Fresh::new();
    let begun = std::time::Instant::now();
    let error = refused(&fresh.url.replace(":gristmill@", ":s3cret@"), Access::Create);
    assert_eq!(error.kind, StoreErrorKind::Unreachable);
    assert!(error.message.contains("28P01"), "{error}");
    assert!(error.hint.contains("password"), "{}", error.hint);
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(9), "it was waited for");
}

/// A role that may log in, and what else it says here.
fn role(fresh: &Fresh, rights: &str) -> String {
    let role = format!("plain_{}", fresh.database);
    fresh.sql(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'plain'; {}",
        rights.replace("ROLE", &role)
    ));
    fresh.url.replace("gristmill:gristmill@", &format!("{role}:plain@"))
}

#[test]
fn who_may_not_install_the_extension_is_told_who_may() {
    let fresh = Fresh::new();
    let error = refused(&role(&fresh, ""), Access::Create);
    assert_eq!(error.kind, StoreErrorKind::Unreachable);
    assert!(error.message.contains("may not install the extension \"vector\""), "{error}");
    assert!(error.hint.contains("CREATE EXTENSION vector"), "{}", error.hint);
}

#[test]
fn who_may_not_make_a_schema_is_told_so() {
    let fresh = Fresh::new();
    fresh.sql("CREATE EXTENSION vector");
    let error = refused(&role(&fresh, ""), Access::Create);
    assert_eq!(error.kind, StoreErrorKind::ReadOnly);
    assert!(error.message.contains("42501") && error.hint.contains("rights"), "{error:?}");
}

/// As `docs/postgres.md` says: `CREATE` on the database once, then nothing beyond the own schema.
#[test]
fn the_rights_that_are_documented_are_enough() {
    let fresh = Fresh::new();
    fresh.sql("CREATE EXTENSION vector");
    let database = &fresh.database;
    let url = role(&fresh, &format!("GRANT CREATE ON DATABASE {database} TO ROLE"));
    let store = open(&url, Access::Create);
    store.bind_model(&model()).unwrap();
    drop(store);
    let role = format!("plain_{database}");
    fresh.sql(&format!("REVOKE CREATE ON DATABASE {database} FROM {role}"));
    let store = open(&url, Access::Write);
    let _right = store.lock_for_writing(Duration::ZERO).unwrap();
    store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap();
    store.build_index().unwrap();
    store.tidy().unwrap();
    assert_sound(&store);
    assert_eq!(open(&url, Access::Read).counts().unwrap().chunks, 2);
}

#[test]
fn an_empty_schema_of_the_users_own_is_enough() {
    let fresh = Fresh::new();
    fresh.sql("CREATE EXTENSION vector");
    let url = role(&fresh, "CREATE SCHEMA kb AUTHORIZATION ROLE");
    let store = open(&format!("{url}?schema=kb"), Access::Create);
    store.bind_model(&model()).unwrap();
    store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap();
    assert_sound(&store);
}

#[test]
fn an_extension_that_has_gone_is_named() {
    let fresh = Fresh::new();
    drop(fresh.store());
    fresh.sql("DROP EXTENSION vector CASCADE");
    for access in [Access::Create, Access::Read] {
        let error = refused(&fresh.url, access);
        assert_eq!(error.kind, StoreErrorKind::Unreachable);
        assert!(error.message.contains("has gone"), "{error}");
    }
}

#[test]
fn an_extension_where_nobody_looks_is_named() {
    let fresh = Fresh::new();
    fresh.sql("CREATE SCHEMA hidden; CREATE EXTENSION vector SCHEMA hidden");
    let error = refused(&fresh.url, Access::Create);
    assert!(error.message.contains("\"hidden\""), "{error}");
    assert!(error.hint.contains("SET SCHEMA public"), "{}", error.hint);
    fresh.sql("CREATE SCHEMA extensions; ALTER EXTENSION vector SET SCHEMA extensions");
    assert_sound(&fresh.store());
}

#[test]
fn a_schema_of_a_newer_version_is_left_alone() {
    let fresh = Fresh::new();
    drop(fresh.store());
    fresh.sql("UPDATE gristmill.meta SET value='99' WHERE key='schema_version'");
    for access in [Access::Create, Access::Write, Access::Read] {
        let error = refused(&fresh.url, access);
        assert_eq!(error.kind, StoreErrorKind::Newer);
        assert!(error.message.contains("schema 99"), "{error}");
    }
    assert_eq!(fresh.sql("SELECT value FROM gristmill.meta WHERE key='schema_version'"), "99");
}

#[test]
fn damaged_vectors_of_a_migration_are_found_and_made_again() {
    let fresh = Fresh::new();
    let store = fresh.store();
    store.apply(&[Draft::new("a.md", "one/two/three").whole(&store)]).unwrap();
    let to = types::seam::Target {
        model: types::embedding::ModelId { model: "n".to_owned(), ..model() },
        fingerprint: "f".to_owned(),
    };
    store.begin_migration(&to).unwrap();
    let left = store.unmigrated(0, 10).unwrap();
    let vectors: Vec<_> = left
        .iter()
        .map(|(place, text)| (*place, Some(crate::conformance::embedding(text))))
        .collect();
    store.migrate(&vectors).unwrap();
    let damage = "UPDATE gristmill.vector_2 SET v = l2_normalize(v) WHERE chunk =
        (SELECT min(chunk) FROM gristmill.vector_2)";
    for repair in [true, false] {
        assert_sound(&store);
        fresh.sql(damage);
        let found = store.verify(types::seam::Repair::No).unwrap();
        assert_eq!(found[0].invariant, "migration");
        if repair {
            store.verify(types::seam::Repair::Yes).unwrap();
        } else {
            store.begin_migration(&to).unwrap();
        }
        let left = store.unmigrated(0, 10).unwrap();
        assert_eq!(left.len(), 1, "it is made again");
        store.migrate(&vectors[..1]).unwrap();
    }
    assert_sound(&store);
}

#[test]
fn the_state_of_connections_and_index_is_told() {
    let shelf = Shelf::new();
    let store = shelf.store();
    store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap();
    let before = store.condition().unwrap();
    let index = &before.indexes[0];
    assert_eq!((index.state.as_str(), index.element, index.bytes), ("exact", "vector", 0));
    assert!(index.vector_bytes > 0 && index.embedder == model().to_string());
    store.build_index().unwrap();
    let after = store.condition().unwrap();
    let index = &after.indexes[0];
    assert_eq!((index.state.as_str(), index.element), ("hnsw", "halfvec"));
    assert!(index.bytes > 0);
    let pool = after.connections.unwrap();
    assert_eq!((pool.max_connections, pool.failed_requests), (19, 0));
    assert!(pool.total_requests > before.connections.unwrap().total_requests);
    assert!(pool.created >= 1 && pool.last_updated > 1e9 && pool.avg_response_time > 0.0);
}

/// Whoever builds an index keeps writers waiting, not readers, and readers are told.
#[test]
fn an_index_that_is_being_built_is_told() {
    let fresh = Fresh::new();
    let (store, holder) = (fresh.store(), open(&fresh.url, Access::Write));
    store.apply(&[Draft::new("a.md", "one/two").whole(&store)]).unwrap();
    // Building waits for a lock that the test holds.
    fresh.sql(
        "CREATE FUNCTION wait_for(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN
           PERFORM pg_advisory_xact_lock_shared(77); RETURN v; END $$;",
    );
    let build = "CREATE INDEX slow ON gristmill.vector_1 \
        USING hnsw ((gristmill.wait_for(v)::public.vector(8)) public.vector_ip_ops)";
    let (start, started) = std::sync::mpsc::sync_channel(1);
    std::thread::scope(|scope| {
        let fresh = &fresh;
        let building = scope.spawn(move || {
            started.recv().unwrap();
            fresh.sql(build)
        });
        let held = holder.write(async |session| {
            session.batch("SELECT pg_advisory_xact_lock(77)").await?;
            start.send(()).unwrap();
            let begun = std::time::Instant::now();
            while store.condition().unwrap().indexes[0].state.as_str() != "building" {
                assert!(begun.elapsed() < PATIENCE, "it is never being built");
                std::thread::park_timeout(POLL);
            }
            Ok(())
        });
        held.unwrap();
        building.join().unwrap();
    });
    assert_eq!(store.condition().unwrap().indexes[0].state.as_str(), "exact");
}
