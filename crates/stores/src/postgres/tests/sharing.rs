//! Several that read and write at once, and what they are told.

use super::{Shelf, open};
use crate::Access;
use crate::conformance::{Draft, assert_sound, model};
use postgres_server::{Release, Server, shared};
use std::ops::ControlFlow::Continue;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use types::document::Label;
use types::query::{Filter, Mode, Query};
use types::seam::{EntryVectors, Store as _, StoreErrorKind};

fn numbered(version: usize) -> Draft {
    let mut draft = Draft::new("a.md", "");
    draft.texts = (0..3 + version % 5).map(|n| format!("v{version} text {n}")).collect();
    draft
}

#[test]
fn readers_never_see_a_mixed_version() {
    let shelf = Shelf::new();
    let url = shelf.next();
    let store = open(&url, Access::Create);
    store.bind_model(&model()).unwrap();
    let write = |version: usize| {
        let draft = numbered(version);
        if version.is_multiple_of(3) {
            store.apply(&[draft.segment(&store, 0..2)]).unwrap();
            store.apply(&[draft.segment(&store, 2..draft.texts.len())]).unwrap();
        } else {
            store.apply(&[draft.whole(&store)]).unwrap();
        }
    };
    write(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let reader = open(&url, Access::Read);
            let label = Label { domain: "d".to_owned(), category: "c".to_owned() };
            let query = Query {
                mode: Mode::Keyword,
                words: "text".to_owned(),
                vector: None,
                k: 100,
                filter: Filter::default(),
            };
            while !done.load(Ordering::SeqCst) {
                let mut texts = Vec::new();
                let mut take = |entry: types::ledger::Entry| {
                    texts.push(entry.text);
                    Continue(())
                };
                reader
                    .read_pair(&label, EntryVectors::With, &mut |_, _| Continue(()), &mut take)
                    .unwrap();
                let hits = reader.search(&query).unwrap();
                for texts in [texts, hits.into_iter().map(|hit| hit.text).collect()] {
                    let version = texts[0].split(' ').next().unwrap().to_owned();
                    let number: usize = version.trim_start_matches('v').parse().unwrap();
                    assert_eq!(texts.len(), 3 + number % 5, "{version}");
                    assert!(texts.iter().all(|text| text.starts_with(&format!("{version} "))));
                }
            }
        });
        for version in 1..=60 {
            write(version);
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_sound(&store);
}

#[test]
fn one_process_holds_the_right_to_write() {
    let shelf = Shelf::new();
    let url = shelf.next();
    let (store, other) = (open(&url, Access::Create), open(&url, Access::Write));
    let held = store.lock_for_writing(Duration::ZERO).unwrap();
    let error = other.lock_for_writing(Duration::from_millis(30)).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Locked);
    assert!(error.message.contains(&format!("process {}", std::process::id())), "{error}");
    open(&url, Access::Read).counts().unwrap();
    std::thread::scope(|scope| {
        let waits = scope.spawn(|| other.lock_for_writing(Duration::from_mins(1)).map(drop));
        drop(held);
        waits.join().unwrap().unwrap();
    });
    // Another schema of the same database has its own.
    let _here = store.lock_for_writing(Duration::from_secs(9)).unwrap();
    shelf.store().lock_for_writing(Duration::ZERO).map(drop).unwrap();
}

#[test]
fn two_writers_and_many_threads_take_turns() {
    let shelf = Shelf::new();
    let url = shelf.next();
    let stores = [open(&url, Access::Create), open(&url, Access::Write)];
    stores[0].bind_model(&model()).unwrap();
    std::thread::scope(|scope| {
        for (writer, store) in stores.iter().enumerate() {
            for thread in 0..3 {
                scope.spawn(move || {
                    for n in 0..10 {
                        let draft = Draft::new(&format!("{writer}-{thread}-{n}.md"), "one/two");
                        store.apply(&[draft.whole(store)]).unwrap();
                    }
                });
            }
        }
    });
    assert_eq!(stores[0].counts().unwrap().chunks, 120);
    assert_sound(&stores[0]);
    let statistics = stores[0].pool_statistics();
    assert!(statistics.total_requests > 30 && statistics.failed_requests == 0, "{statistics:?}");
}

#[test]
fn fifty_readers_share_two_connections() {
    let shelf = Shelf::new();
    let url = format!("{}&connections=3", shelf.next());
    let store = open(&url, Access::Create);
    store.bind_model(&model()).unwrap();
    let draft = Draft::new("a.md", "one/two");
    store.apply(&[draft.whole(&store)]).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                for _ in 0..10 {
                    assert_eq!(store.counts().unwrap().chunks, 2);
                }
            });
        }
    });
    let statistics = store.pool_statistics();
    assert_eq!(statistics.failed_requests, 0);
    assert!(statistics.peak_active <= 2, "{statistics:?}");
}

#[test]
fn a_store_that_is_not_there_is_not_made_by_a_reader() {
    let shelf = Shelf::new();
    let url = shelf.next();
    for access in [Access::Read, Access::Write] {
        let error = crate::PostgresStore::open(&url, access, crate::FullText::On).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Missing);
        assert!(error.message.contains("there is no store"), "{error}");
    }
    let store = open(&url, Access::Create);
    let error = open(&url, Access::Read).set_setting("a", "b").unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::ReadOnly);
    drop(store);
}

#[test]
fn the_index_finds_what_comparing_all_finds() {
    let store = Shelf::new().store();
    let mut draft = Draft::new("a.md", "");
    draft.texts = (0..900).map(|n| format!("text {n}")).collect();
    store.apply(&[draft.whole(&store)]).unwrap();
    let near = |text: &str, k: usize, glob: Option<&str>| -> Vec<String> {
        let vector = Some(crate::conformance::embedding(text).values().to_vec());
        let filter = Filter { document: glob.map(str::to_owned), ..Filter::default() };
        let query = Query { mode: Mode::Semantic, words: String::new(), vector, k, filter };
        store.search(&query).unwrap().into_iter().map(|hit| hit.text).collect()
    };
    let exact: Vec<_> = (0..20).map(|n| near(&format!("text {n}"), 5, None)).collect();
    store.build_index().unwrap();
    let found: Vec<_> = (0..20).map(|n| near(&format!("text {n}"), 5, None)).collect();
    assert_eq!(found, exact);
    // The old version's rows fill the index, and are never found.
    let mut new = Draft::new("a.md", "");
    new.texts = (0..900).map(|n| format!("word {n}")).collect();
    store.apply(&[new.whole(&store)]).unwrap();
    assert!(near("text 1", 5, None).iter().all(|text| text.starts_with("word")));
    assert_eq!(near("text 1", 1000, None).len(), 900, "all, by comparing them");
    assert_eq!(near("text 1", 5, Some("a*")).len(), 5);
    assert_eq!(near("text 1", 5, Some("b*")), Vec::<String>::new());
}

/// Statements that the server was sent, by its own log.
fn statements(server: &Server) -> usize {
    let log = server.log();
    log.matches("LOG:  execute ").count() + log.matches("LOG:  statement: ").count()
}

#[test]
fn the_same_question_is_answered_once_until_somebody_writes() {
    let server = Server::start(Release::Sixteen, &["log_statement=all"]);
    let url = server.url(&server.database());
    // Gone before the reader asks, so that every statement then is the reader's.
    let write = |name: &str, texts: &str| {
        let writer = open(&url, Access::Create);
        writer.bind_model(&model()).unwrap();
        writer.apply(&[Draft::new(name, texts).whole(&writer)]).unwrap();
    };
    write("a.md", "one stone/two stones");
    let reader = open(&url, Access::Read);
    let query = Query {
        mode: Mode::Hybrid,
        words: "stone".to_owned(),
        vector: Some(crate::conformance::embedding("two stones").values().to_vec()),
        k: 5,
        filter: Filter::default(),
    };
    let ask = || {
        let before = statements(&server);
        let (hits, spelled) = (reader.search(&query).unwrap(), reader.spell("stome").unwrap());
        assert_eq!(spelled.words, "stone");
        (hits, statements(&server) - before)
    };
    let (first, all) = ask();
    let (again, few) = ask();
    assert_eq!((first.len(), &again), (2, &first));
    // Begin, the revision, end: of each of the two questions.
    assert_eq!(few, 6);
    assert!(all > 2 * few, "{all} statements");
    write("b.md", "a third stone");
    let (fresh, as_many) = ask();
    assert_eq!(fresh.len(), 3, "what was written meanwhile is found");
    assert!(as_many > 2 * few, "{as_many} statements");
}

/// As `docs/postgres.md` says.
#[test]
fn a_dump_is_a_backup() {
    let server = shared();
    let (from, to) = (server.database(), server.database());
    let store = open(&server.url(&from), Access::Create);
    store.bind_model(&model()).unwrap();
    let (draft, open_one) = (Draft::new("a.md", "one/two"), Draft::new("b.md", "1/2/3"));
    store.apply(&[draft.whole(&store), open_one.segment(&store, 0..2)]).unwrap();
    store.build_index().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let program = |name: &str, database: &str| {
        let mut command = std::process::Command::new(server.programs().join(name));
        command.args(["-h", server.folder().to_str().unwrap(), "-U", "gristmill", "-d", database]);
        command.args(["-p", &server.port().to_string(), "-f", file.path().to_str().unwrap()]);
        command
    };
    let dumped = program("pg_dump", &from).arg("--schema=gristmill").output().unwrap();
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    server.sql(&to, "CREATE EXTENSION vector");
    let restored = program("psql", &to).args(["-X", "-v", "ON_ERROR_STOP=1"]).output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let restored = open(&server.url(&to), Access::Write);
    assert_sound(&restored);
    assert_eq!(restored.counts().unwrap().chunks, 2);
    assert_eq!(restored.condition().unwrap().indexes[0].state.as_str(), "hnsw");
    assert_eq!(open_one.state(&restored).unwrap().open, Some((open_one.key(), 2)));
}
